# SPDX-License-Identifier: GPL-2.0-only
#
# Programs that lab tests run in dom0, of a file each, linked with the library:
# $(BUILD)/lab-programs/NAME, /tests/programs/NAME there.

LAB_PROGRAM_SRC := $(wildcard tests/lab-programs/*.c)
LAB_PROGRAMS := $(patsubst tests/lab-programs/%.c,$(BUILD)/lab-programs/%,\
                  $(LAB_PROGRAM_SRC))

$(BUILD)/lab-programs/%: $(BUILD)/host/tests/lab-programs/%.o \
                         $(call objs,host,$(LIB_SRC) $(XEN_SRC))
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(LIBS)

.PHONY: lab-programs
lab-programs: $(LAB_PROGRAMS)
