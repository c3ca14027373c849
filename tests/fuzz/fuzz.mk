# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzers: production sources with clang's fuzzer and sanitizers.  `make fuzz`
# builds them all into $(BUILD)/fuzz; tests/fuzz/run runs them.

FUZZERS := trace commands profile payload lists alerts config metadata

FUZZ_COMMON := tests/fuzz/scratch.c tests/fuzz/trace_input.c
FUZZ_DEPS   := $(LIB_SRC) $(XEN_SRC) $(TAP_HOST_SRC) \
               $(filter-out cli/main.c,$(CLI_SRC)) $(UNIT_COMMON)

# One archive, of which each takes what it needs.
$(BUILD)/asan/parts.a: $(call objs,asan,$(FUZZ_DEPS) $(FUZZ_COMMON))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/fuzz/%: $(BUILD)/asan/tests/fuzz/%.o $(BUILD)/asan/parts.a
	@mkdir -p $(@D)
	$(Q)$(SAN_CC) $(SAN) -fsanitize=fuzzer -o $@ $^ -lcmocka -ljansson \
	    $(LIBS)

.PHONY: fuzz
fuzz: $(addprefix $(BUILD)/fuzz/,$(FUZZERS))

# Makes seeds of traces, for tests/fuzz/make-corpus.
$(BUILD)/fuzz-seeds: $(call objs,host,tests/fuzz/seeds.c $(LIB_SRC))
	$(Q)$(CC) -o $@ $^ $(OPT_LIBS) -lm -pthread
