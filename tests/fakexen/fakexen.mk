# SPDX-License-Identifier: GPL-2.0-only
#
# idtap with a Xen that is none in place of Xen's libraries (fakexen.h), with
# sanitizers; tests/fakexen/run runs it.

comma := ,
FAKE_SRC  := $(wildcard tests/fakexen/*.c)
FAKE_LIBS := $(filter-out $(XEN_LIBS),$(LIBS)) \
             $(addprefix -Wl$(comma)--wrap=,access geteuid open rename unlink write)

$(BUILD)/idtap-fake: $(call objs,asan,$(CLI_SRC) $(LIB_SRC) $(XEN_SRC) \
                       $(FAKE_SRC) $(TAP_HOST_SRC))
	$(Q)$(SAN_CC) $(SAN) -o $@ $^ $(FAKE_LIBS)

# Kills one of them; without a part of idtap.
$(BUILD)/fakexen-killer: $(call objs,asan,$(wildcard tests/fakexen/killer/*.c) \
                           $(FAKE_SRC) $(TAP_HOST_SRC))
	$(Q)$(SAN_CC) $(SAN) -o $@ $^ $(FAKE_LIBS)

$(BUILD)/idtap-fake-cov: $(call objs,cov,$(CLI_SRC) $(LIB_SRC) $(XEN_SRC) \
                       $(FAKE_SRC) $(TAP_HOST_SRC))
	$(Q)$(CC) $(COV) -o $@ $^ $(FAKE_LIBS)
