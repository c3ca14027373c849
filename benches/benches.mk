# SPDX-License-Identifier: GPL-2.0-only
#
# What the benches need: payloads and a guest for the lab, programs that run in
# dom0, programs that run here.  `make benches` builds all of it; ./bench does
# that, and nothing else needs it.

BENCH := $(BUILD)/benches

# Payloads, one file for each known Xen build, built as the tap is.  No two that
# are in Xen together may have a name in common: what they share gets a prefix.
BENCH_PAYLOAD_NAMES := hookcost oldways window
BENCH_PAYLOADS := $(foreach n,$(BENCH_PAYLOAD_NAMES),$(foreach i,$(PAYLOAD_IDS),\
                    $(BENCH)/payloads/$(n)-$(i).o))
# The address of the first site of a kind; an offset.
id_site_of = $(shell awk '$$1 == "site" && $$2 == "$(2)" { print $$4; exit }' \
               $(call id_profile,$(1)))
id_offset_of = $(shell awk '$$1 == "offset" && $$2 == "$(2)" { print $$3 }' \
                 $(call id_profile,$(1)))

define bench_payload_rule
$(BENCH)/payloads/$(1)-$(2).o: benches/payloads/$(1).c benches/payloads/measure.h \
                               tests/payloads/note.h benches/benches.mk
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(TAP_CFLAGS) -DXEN_BUILD_ID='$(call id_bytes,$(2))' \
	    -DSITE_IRQ=$(call id_site_of,$(2),do_IRQ)ul \
	    -DSITE_RAISE=$(call id_site_of,$(2),raise_softirq)ul \
	    -DREGS_VECTOR=$(call id_offset_of,$(2),cpu_user_regs.entry_vector) \
	    -c $$< -o $$@
	$$(Q)nm --defined-only $$@ | \
	    awk '$$$$3 ~ /^(payload|measure)_/ { print $$$$3, "$(1)_" $$$$3 }' | \
	    sort -u > $$@.syms
	$$(Q)objcopy --redefine-syms=$$@.syms \
	    -R .comment -R .note.gnu.property -R .note.GNU-stack $$@
endef
$(foreach n,$(BENCH_PAYLOAD_NAMES),$(foreach i,$(PAYLOAD_IDS),\
  $(eval $(call bench_payload_rule,$(n),$(i)))))

# The guest: the truth guest's start, with a program of its own.
COST_OBJS := $(addprefix $(GUESTS_OBJ)/truth/truth/,start.S.o cpu.c.o xen.c.o) \
             $(filter $(GUESTS_OBJ)/truth/common/%,$(TRUTH_OBJS))

$(BENCH)/guests/cost.o: benches/cost/cost.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TRUTH_CFLAGS) -MMD -MP -c $< -o $@

$(BENCH)/guests/cost.elf: $(BENCH)/guests/cost.o $(COST_OBJS)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none \
	    -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
	    -Wl,-T,$(GUESTS_SRC)/truth/truth.lds -o $@ $^

$(BENCH)/guests/cost.cfg: benches/cost/cost.cfg
	@mkdir -p $(@D)
	$(Q)cp $< $@

# Programs for dom0.
BENCH_PROGRAMS := $(patsubst benches/programs/%.c,$(BENCH)/programs/%,\
                    $(wildcard benches/programs/*.c))

$(BENCH)/programs/%: $(BUILD)/host/benches/programs/%.o \
                     $(call objs,host,$(LIB_SRC) $(XEN_SRC))
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LIBS)

.PHONY: benches bench-lab
bench-lab: $(BENCH_PAYLOADS) $(BENCH)/guests/cost.elf $(BENCH)/guests/cost.cfg \
           $(BENCH_PROGRAMS)
benches: bench-lab

# Programs for here.
BENCH_RING_OBJS := $(addprefix $(BENCH)/rivals/,main.o rival_ring.o rival_lttng.o \
                     lttng_irq.o)

$(BENCH)/rivals/%.o: benches/rivals/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -Ibenches/rivals -MMD -MP -c $< -o $@

$(BENCH)/rivals/ring: $(BENCH_RING_OBJS) $(call objs,host,$(TAP_HOST_SRC))
	$(Q)$(CC) -o $@ $^ -llttng-ust -ldl -pthread

benches: $(BENCH)/rivals/ring

# The recorder with a Xen that is none, as tests/fakexen has it, but without
# sanitizers; and idtap so, to attach there.
BENCH_FAKE := $(call objs,host,$(LIB_SRC) $(XEN_SRC) \
                $(filter-out %/memory.c,$(FAKE_SRC)) $(TAP_HOST_SRC))

$(BENCH)/drain: $(call objs,host,benches/drained/main.c benches/drained/memory.c) \
                $(BENCH_FAKE)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(FAKE_LIBS)

$(BENCH)/idtap-fake: $(call objs,host,$(CLI_SRC) benches/drained/memory.c) \
                     $(BENCH_FAKE)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(FAKE_LIBS)

benches: $(BENCH)/drain $(BENCH)/idtap-fake
