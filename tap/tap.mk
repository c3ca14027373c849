# SPDX-License-Identifier: GPL-2.0-only
#
# The payload: freestanding, position independent, hardened as Xen itself is
# (indirect calls and returns through Xen's thunks, ENDBR64 at every target of
# an indirect call), linked into one relocatable object that Xen's loader
# takes.  The loader knows R_X86_64_64, _PC32 and _PLT32 only; tools/check-tap
# proves that nothing else is in it.

TAP_SRC := offset_begin.c attach.c invariants.c sites.c memory.c hardware.c intercept.c doorway.c ring.c filter.c \
           hook_irq.c hook_nmi.c hook_softirq.c hook_lapic.c hook_pv.c hook_evtchn.c exit_svm.c swint.c exit_vmx.c \
           offset_end.c
# What also builds on the host, for tests and benches.
TAP_HOST_SRC := tap/ring.c tap/filter.c

TAP_CFLAGS := -std=gnu11 -O2 -g0 $(WARN) -Wno-cast-qual -Iinclude -include tap/hidden.h \
    -DIDTAP_VERSION='"$(VERSION)"' \
    -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
    -m64 -mno-red-zone -mgeneral-regs-only -mno-sse -mno-mmx \
    -mpreferred-stack-boundary=3 \
    -fpic -fvisibility=hidden -fno-stack-protector -fno-common \
    -fno-asynchronous-unwind-tables -fno-unwind-tables \
    -fno-delete-null-pointer-checks -fno-strict-aliasing \
    -fno-jump-tables -fno-tree-pre -fno-crossjumping -fcf-protection=branch \
    -mindirect-branch=thunk-extern -mindirect-branch-register \
    -mfunction-return=thunk-extern -fomit-frame-pointer

$(BUILD)/tap/%.o: tap/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TAP_CFLAGS) -MMD -MP -c $< -o $@

# .note.gnu.property and .comment are of no use to Xen; .eh_frame is not made.
# Xen refuses a payload with a symbol, local ones included, that is also the
# name of one of its own: every name gets the prefix tap_.
$(BUILD)/tap.o: $(addprefix $(BUILD)/tap/,$(TAP_SRC:.c=.o)) tools/check-tap tap/tap.mk
	$(Q)$(LD) -r -o $@.tmp $(filter %.o,$^)
	$(Q)objcopy -R .comment -R .note.gnu.property -R .note.GNU-stack $@.tmp
	$(Q)nm --defined-only $@.tmp | \
	    awk '$$3 !~ /^(tap_|\.)/ { print $$3, "tap_" $$3 }' | sort -u > $@.syms
	$(Q)objcopy --redefine-syms=$@.syms $@.tmp
	$(Q)sh tools/check-tap $@.tmp
	$(Q)mv $@.tmp $@
