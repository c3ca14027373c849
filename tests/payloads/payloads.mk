# SPDX-License-Identifier: GPL-2.0-only
#
# Live-patch payloads for tests, one file for each known Xen build:
# $(BUILD)/payloads/NAME-BUILDID.o.  Built as the tap is.

PAYLOAD_NAMES := textsum harmless siteswap
PAYLOAD_IDS := $(shell sed -n 's/^build-id //p' profiles/*.profile)
PAYLOADS := $(foreach n,$(PAYLOAD_NAMES),$(foreach i,$(PAYLOAD_IDS),\
              $(BUILD)/payloads/$(n)-$(i).o))

# 39a6... becomes 0x39,0xa6,...
id_bytes = $(shell echo $(1) | sed 's/../,0x&/g; s/^,//')
# The profile with a build-id, and the address of its first raise_softirq site.
id_profile = $(shell grep -l '^build-id $(1)' profiles/*.profile)
id_site = $(shell awk '$$1 == "site" && $$2 == "raise_softirq" \
            { print $$4; exit }' $(call id_profile,$(1)))

define payload_rule
$(BUILD)/payloads/$(1)-$(2).o: tests/payloads/$(1).c tests/payloads/note.h \
                               tests/payloads/payloads.mk
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(TAP_CFLAGS) -DXEN_BUILD_ID='$(call id_bytes,$(2))' \
	    -DSITE=$(call id_site,$(2))ul -c $$< -o $$@
	$$(Q)objcopy -R .comment -R .note.gnu.property -R .note.GNU-stack $$@
endef
$(foreach n,$(PAYLOAD_NAMES),$(foreach i,$(PAYLOAD_IDS),\
  $(eval $(call payload_rule,$(n),$(i)))))

# The tap, with one offset in one instruction 8 too large: the last one's addend.
$(BUILD)/payloads/tap-misfit.o: $(BUILD)/tap.o tests/payloads/payloads.mk
	@mkdir -p $(@D)
	$(Q)cp $< $@.tmp
	$(Q)at=$$(readelf -rW $< | awk '/^Relocation section/ { base = $$6; n = -2 } \
	    $$3 ~ /^R_X86_64_32S?$$/ { at = base " + " 24 * n + 16 } { n++ } \
	    END { print at }') && \
	    printf '\010' | dd of=$@.tmp bs=1 seek=$$(($$at)) conv=notrunc status=none
	$(Q)mv $@.tmp $@

.PHONY: payloads
payloads: $(PAYLOADS) $(BUILD)/payloads/tap-misfit.o
