# SPDX-License-Identifier: GPL-2.0-only
#
# The payload's own objects, linked into a program that counts the instructions
# of hooks by single-stepping them: $(BUILD)/hotpath.

HOTPATH_TAP := $(addprefix $(BUILD)/tap/,hook_irq.o hook_nmi.o hook_softirq.o \
                 hook_lapic.o exit_svm.o exit_vmx.o swint.o intercept.o ring.o \
                 filter.o)

# Nothing of ours may lie below the stack pointer that is stepped with.
$(BUILD)/host/tests/hotpath/%.o: CFLAGS_HOST += -mno-red-zone -fcf-protection=none

# Numbers in instructions are 32 bits: no PIE has such.
$(BUILD)/hotpath: $(call objs,host,$(wildcard tests/hotpath/*.c)) $(HOTPATH_TAP)
	$(Q)$(CC) -no-pie -o $@ $^ -lcmocka
