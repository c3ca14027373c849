# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzers: production sources built by clang with its fuzzer, and the
# address and undefined-behaviour sanitizers.  `make fuzz` builds them all into
# $(BUILD)/fuzz; tests/fuzz/run runs them.

FUZZ_CC  ?= clang
FUZZERS  := trace commands profile payload lists alerts config metadata
# GCC's libraries have no float-cast-overflow in "undefined"; neither has clang.
FUZZ_SAN := -fsanitize=address,undefined,float-cast-overflow \
            -fno-sanitize-recover=all
# What gcc accepts, and Xen has, too.
FUZZ_CFLAGS = $(CFLAGS_HOST) -Wno-missing-field-initializers \
              -Wno-gnu-variable-sized-type-not-at-end \
              -O1 -fno-omit-frame-pointer $(FUZZ_SAN) \
              -fsanitize=fuzzer-no-link

$(BUILD)/clang/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/clang/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -c $< -o $@

$(BUILD)/clang/cli/html/files.o: $(wildcard cli/html/*)

FUZZ_COMMON := tests/fuzz/scratch.c tests/fuzz/trace_input.c
FUZZ_DEPS   := $(LIB_SRC) $(XEN_SRC) $(TAP_HOST_SRC) \
               $(filter-out cli/main.c,$(CLI_SRC)) $(UNIT_COMMON)

# One archive, of which each takes what it needs.
$(BUILD)/clang/parts.a: $(call objs,clang,$(FUZZ_DEPS) $(FUZZ_COMMON))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/fuzz/%: $(BUILD)/clang/tests/fuzz/%.o $(BUILD)/clang/parts.a
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ -lcmocka -ljansson \
	    $(LIBS)

.PHONY: fuzz
fuzz: $(addprefix $(BUILD)/fuzz/,$(FUZZERS))

# Makes seeds of traces, for tests/fuzz/make-corpus.
$(BUILD)/fuzz-seeds: $(call objs,host,tests/fuzz/seeds.c $(LIB_SRC))
	$(Q)$(CC) -o $@ $^ $(OPT_LIBS) -lm -pthread
