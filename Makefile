# SPDX-License-Identifier: GPL-2.0-only
#
# Builds everything that idtap is made of.  One flat makefile: `make` builds
# the tool and the tap, `make guests` the lab's guests, `make payloads` and
# `make lab-programs` what its tests need, `make unit`, `make unit-asan` and
# `make unit-tsan` the unit tests.  Warnings are errors.
# Nothing is written outside $(BUILD).

# V=1 shows the commands.
Q := $(if $(V),,@)
BUILD  ?= build
CC     ?= gcc
PREFIX ?= /usr
LIBDIR  = $(PREFIX)/lib/idtap

VERSION := 0.1.0

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wvla -Wundef
CFLAGS_HOST := -std=gnu11 -O2 -g $(WARN) -D_GNU_SOURCE -Iinclude -Ilib \
        -DIDTAP_VERSION='"$(VERSION)"' -DIDTAP_LIBDIR='"$(LIBDIR)"' \
        -fvisibility=hidden -pthread
# The shared-library part of Xen's stable ABI, and nothing else of Xen.
XEN_LIBS := -lxencall -lxenforeignmemory -lxenstore
LIBS := $(XEN_LIBS) -pthread

# The unit tests and fuzzers link everything that does not need a Xen host.
XEN_SRC  := lib/host.c lib/livepatch.c lib/attach.c lib/doorway.c \
            lib/rings.c lib/recorder.c lib/domains.c
LIB_SRC  := $(filter-out $(XEN_SRC),$(wildcard lib/*.c))
XEN_SRC  := $(wildcard $(XEN_SRC))
CLI_SRC  := $(wildcard cli/*.c)
UNIT_SRC := $(filter-out tests/unit/common.c,$(wildcard tests/unit/*.c))
UNIT_COMMON := $(wildcard tests/unit/common.c)
# Parts of the CLI that unit tests link too: parsing, not commands.
CLI_PARTS := $(wildcard cli/lists.c cli/intercepts.c cli/units.c cli/json.c)

.PHONY: all install clean unit unit-asan unit-tsan headers
all: $(BUILD)/idtap $(BUILD)/tap.o $(BUILD)/profiles.stamp

include tap/tap.mk
-include lab/guests/guests.mk
include tests/payloads/payloads.mk

$(BUILD)/host/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -MMD -MP -c $< -o $@

$(BUILD)/asan/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -O1 -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -MMD -MP -c $< -o $@

$(BUILD)/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -fsanitize=thread -MMD -MP -c $< -o $@

objs = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

$(BUILD)/idtap: $(call objs,host,$(CLI_SRC) $(LIB_SRC) $(XEN_SRC))
	$(Q)$(CC) -o $@ $^ $(LIBS)

include tests/lab-programs/programs.mk

# One executable per file of tests/unit, plain and with sanitizers.
UNIT_DEPS := $(LIB_SRC) $(CLI_PARTS) $(UNIT_COMMON) $(TAP_HOST_SRC)
UNIT_PLAIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
UNIT_ASAN := $(patsubst tests/unit/%.c,$(BUILD)/unit-asan/%,$(UNIT_SRC))

$(BUILD)/unit/%: $(BUILD)/host/tests/unit/%.o $(call objs,host,$(UNIT_DEPS))
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcmocka -pthread

$(BUILD)/unit-asan/%: $(BUILD)/asan/tests/unit/%.o $(call objs,asan,$(UNIT_DEPS))
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=address,undefined -o $@ $^ -lcmocka -pthread

# The ring alone, which it holds already, with the thread sanitizer.
UNIT_TSAN := $(BUILD)/unit-tsan/ring_stress

$(BUILD)/unit-tsan/%: $(BUILD)/tsan/tests/unit/%.o
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=thread -o $@ $^ -lcmocka -pthread

# What tests read, found from any directory.
$(BUILD)/host/tests/unit/%.o $(BUILD)/asan/tests/unit/%.o: CFLAGS_HOST += \
    -DTEST_TAP='"$(abspath $(BUILD)/tap.o)"' \
    -DTEST_PROFILES='"$(abspath profiles)"'
$(BUILD)/unit/payload $(BUILD)/unit-asan/payload: | $(BUILD)/tap.o

.SECONDARY:

unit: $(UNIT_PLAIN)
unit-asan: $(UNIT_ASAN)
unit-tsan: $(UNIT_TSAN)

# Every public header compiles alone.
headers:
	@for h in include/idtap/*.h; do \
	    $(CC) $(CFLAGS_HOST) -x c -fsyntax-only $$h || exit 1; done

$(BUILD)/profiles.stamp: $(wildcard profiles/*.profile)
	@mkdir -p $(BUILD)/profiles
	@rm -f $(BUILD)/profiles/*
	@if [ -n "$^" ]; then cp $^ $(BUILD)/profiles/; fi
	@touch $@

install: all
	install -D -m 755 $(BUILD)/idtap $(DESTDIR)$(PREFIX)/sbin/idtap
	install -D -m 644 $(BUILD)/tap.o $(DESTDIR)$(LIBDIR)/tap.o
	install -d $(DESTDIR)$(LIBDIR)/profiles
	install -m 644 profiles/*.profile $(DESTDIR)$(LIBDIR)/profiles/

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
