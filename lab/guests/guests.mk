# SPDX-License-Identifier: GPL-2.0-only
#
# The lab's guests; included by the top makefile, which sets BUILD and CC.
# `make guests` fills $(BUILD)/guests, which the lab puts on dom0 as /guests.
# Needs the packages libxen-dev (Xen's public headers) and busybox-static.

GUESTS_SRC := lab/guests
GUESTS_OUT := $(BUILD)/guests
GUESTS_OBJ := $(BUILD)/guests-obj
BUSYBOX    ?= /bin/busybox

GUESTS_WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef

# Freestanding, and without any instruction that touches FPU or SSE state.
TRUTH_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -mgeneral-regs-only \
        -mno-red-zone -fno-pie -fno-stack-protector -fcf-protection=none \
        -fno-asynchronous-unwind-tables -fno-strict-aliasing \
        -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ \
        -I$(GUESTS_SRC)/common $(GUESTS_WARN)
truth_objs = $(patsubst $(GUESTS_SRC)/%,$(GUESTS_OBJ)/$1/%.o, \
        $(wildcard $(addprefix $(GUESTS_SRC)/,$1/*.c $1/*.S common/*.c)))
TRUTH_OBJS := $(call truth_objs,truth)
PVTRUTH_OBJS := $(call truth_objs,pvtruth)
ENDS_OBJS := $(GUESTS_OBJ)/ends/ends/ends.S.o

.PHONY: guests
guests: $(addprefix $(GUESTS_OUT)/,truth.elf truth.cfg pvtruth.elf pvtruth.cfg \
        ends.elf ends.cfg \
        linux.cpio.gz linux.cfg)

# Each has its own objects of what they share: they run at different addresses.
$(PVTRUTH_OBJS): TRUTH_CFLAGS += -mcmodel=kernel

define truth_rules
$(GUESTS_OBJ)/$1/%.o: $(GUESTS_SRC)/%
	@mkdir -p $$(@D)
	$(Q)$(CC) $$(TRUTH_CFLAGS) -MMD -MP -c $$< -o $$@

$(GUESTS_OUT)/$1.elf: $2 $(GUESTS_SRC)/$3
	@mkdir -p $$(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none \
	    -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
	    -Wl,-T,$(GUESTS_SRC)/$3 -o $$@ $2
endef
$(eval $(call truth_rules,truth,$(TRUTH_OBJS),truth/truth.lds))
$(eval $(call truth_rules,pvtruth,$(PVTRUTH_OBJS),pvtruth/pvtruth.lds))
$(eval $(call truth_rules,ends,$(ENDS_OBJS),truth/truth.lds))

# The load runs inside a Linux guest, so it is an ordinary static program.
LOAD_OBJS := $(patsubst $(GUESTS_SRC)/%,$(GUESTS_OBJ)/%.o, \
        $(wildcard $(GUESTS_SRC)/linux/*.c $(GUESTS_SRC)/linux/*.S))
LOAD_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -pthread $(GUESTS_WARN)

$(GUESTS_OBJ)/linux/%.o: $(GUESTS_SRC)/linux/%
	@mkdir -p $(@D)
	$(Q)$(CC) $(LOAD_CFLAGS) -MMD -MP -c $< -o $@

$(GUESTS_OBJ)/load: $(LOAD_OBJS)
	$(Q)$(CC) -static -pthread -s -o $@ $^

# Times and owners are fixed, so that equal input makes an equal archive.
$(GUESTS_OUT)/linux.cpio.gz: $(GUESTS_OBJ)/load $(GUESTS_SRC)/linux/init
	@rm -rf $(GUESTS_OBJ)/root
	@mkdir -p $(@D) $(addprefix $(GUESTS_OBJ)/root/,bin dev proc sys)
	$(Q)install -m 755 $(GUESTS_SRC)/linux/init $(GUESTS_OBJ)/root/init
	$(Q)install -m 755 $(GUESTS_OBJ)/load $(BUSYBOX) $(GUESTS_OBJ)/root/bin/
	$(Q)find $(GUESTS_OBJ)/root -exec touch -h -d @0 {} +
	$(Q)(cd $(GUESTS_OBJ)/root && find . | LC_ALL=C sort | \
	    cpio --quiet --reproducible -o -H newc -R 0:0) | \
	    gzip -9n > $@.new
	$(Q)mv $@.new $@

GUESTS_CFG := truth pvtruth ends linux
$(GUESTS_CFG:%=$(GUESTS_OUT)/%.cfg): $(GUESTS_OUT)/%.cfg:
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(GUESTS_OUT)/truth.cfg: $(GUESTS_SRC)/truth/truth.cfg
$(GUESTS_OUT)/pvtruth.cfg: $(GUESTS_SRC)/pvtruth/pvtruth.cfg
$(GUESTS_OUT)/ends.cfg: $(GUESTS_SRC)/ends/ends.cfg
$(GUESTS_OUT)/linux.cfg: $(GUESTS_SRC)/linux/linux.cfg

-include $(patsubst %.o,%.d,$(TRUTH_OBJS) $(PVTRUTH_OBJS) $(LOAD_OBJS))
