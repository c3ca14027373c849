# SPDX-License-Identifier: GPL-2.0-only
#
# Everything that runs without a Xen host, built to count lines: the tool, the
# unit tests, and the fuzzers over their kept corpora.  tools/coverage builds and
# runs it.

COV := --coverage -O0

$(BUILD)/cov/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $(COV) -MMD -MP -c $< -o $@

$(BUILD)/cov/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c $< -o $@

$(BUILD)/cov/tests/unit/%.o: CFLAGS_HOST += \
    -DTEST_TAP='"$(abspath $(BUILD)/tap.o)"' \
    -DTEST_PROFILES='"$(abspath profiles)"'

$(BUILD)/idtap-cov: $(call objs,cov,$(CLI_SRC) $(LIB_SRC) $(XEN_SRC))
	$(Q)$(CC) $(COV) -o $@ $^ $(LIBS)

UNIT_COV := $(patsubst tests/unit/%.c,$(BUILD)/cov/unit/%,$(UNIT_SRC))

$(BUILD)/cov/unit/%: $(BUILD)/cov/tests/unit/%.o $(call objs,cov,$(UNIT_DEPS))
	@mkdir -p $(@D)
	$(Q)$(CC) $(COV) -o $@ $^ -lcmocka $(OPT_LIBS) -pthread

$(BUILD)/cov/fuzz/%: $(BUILD)/cov/tests/fuzz/%.o $(call objs,cov, \
                     $(FUZZ_DEPS) $(FUZZ_COMMON) tests/fuzz/replay.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COV) -o $@ $^ -lcmocka -ljansson $(LIBS)

.PHONY: coverage-build coverage
coverage-build: $(BUILD)/idtap-cov $(BUILD)/idtap-fake-cov $(UNIT_COV) cli-tests $(BUILD)/tracegen \
                $(addprefix $(BUILD)/cov/fuzz/,$(FUZZERS))
coverage:
	tools/coverage
