# SPDX-License-Identifier: GPL-2.0-only
#
# Builds everything that idtap is made of.  One flat makefile: `make` builds
# the tool and the tap, `make lib` the libraries, `make man` the manual,
# `make guests` the lab's guests, `make payloads` and `make lab-programs` what
# its tests need, `make unit`, `make unit-asan` and `make unit-tsan` the unit
# tests.  Warnings are errors (WERROR= makes them warnings), CPPFLAGS, CFLAGS and
# LDFLAGS are added to those of the tool and the libraries.  But for
# `make install`, nothing is written outside $(BUILD).

# V=1 shows the commands.
Q := $(if $(V),,@)
BUILD  ?= build
CC     ?= gcc
PREFIX ?= /usr
# The payload and the profiles, where `idtap attach` looks.
PKGLIBDIR ?= $(PREFIX)/lib/idtap

VERSION := 0.1.0

WERROR ?= -Werror
WARN := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wvla -Wundef
CFLAGS_HOST := -std=gnu11 -O2 -g $(WARN) -D_GNU_SOURCE -Iinclude -Ilib \
        -DIDTAP_VERSION='"$(VERSION)"' -DIDTAP_LIBDIR='"$(PKGLIBDIR)"' \
        -fvisibility=hidden -pthread
# The shared-library part of Xen's stable ABI, and nothing else of Xen.
XEN_LIBS := -lxencall -lxenforeignmemory -lxenstore
LIBS := $(XEN_LIBS) -lm -pthread

# Libraries that idtap can do without: `idtap --version` says which it has.
# HAVE_SQLITE= builds without.
PKG_CONFIG  ?= pkg-config
HAVE_SQLITE := $(shell $(PKG_CONFIG) --exists 'sqlite3 >= 3.20' && echo yes)
ifneq ($(HAVE_SQLITE),)
OPT_CFLAGS += -DIDTAP_HAVE_SQLITE $(shell $(PKG_CONFIG) --cflags sqlite3)
OPT_LIBS   += $(shell $(PKG_CONFIG) --libs sqlite3)
endif
HAVE_CURSES := $(shell $(PKG_CONFIG) --exists ncursesw && echo yes)
ifneq ($(HAVE_CURSES),)
OPT_CFLAGS += -DIDTAP_HAVE_CURSES $(shell $(PKG_CONFIG) --cflags ncursesw)
OPT_LIBS   += $(shell $(PKG_CONFIG) --libs ncursesw)
endif
# Loaded by the command that uses it, and not linked.
HAVE_MICROHTTPD := $(shell $(PKG_CONFIG) --exists libmicrohttpd && echo yes)
ifneq ($(HAVE_MICROHTTPD),)
OPT_CFLAGS += -DIDTAP_HAVE_MICROHTTPD
endif
# Likewise, if a file is to be compressed.
HAVE_ZSTD := $(shell $(PKG_CONFIG) --exists 'libzstd >= 1.4' && echo yes)
ifneq ($(HAVE_ZSTD),)
OPT_CFLAGS += -DIDTAP_HAVE_ZSTD
endif
HAVE_CONFINE := $(shell $(PKG_CONFIG) --exists libseccomp libcap-ng && echo yes)
ifneq ($(HAVE_CONFINE),)
OPT_CFLAGS += -DIDTAP_HAVE_CONFINE $(shell $(PKG_CONFIG) --cflags libseccomp libcap-ng)
OPT_LIBS   += $(shell $(PKG_CONFIG) --libs libseccomp libcap-ng)
endif
CFLAGS_HOST += $(OPT_CFLAGS)
LIBS += $(OPT_LIBS)
# The library's part of them.
LIB_LIBS := $(XEN_LIBS) $(if $(HAVE_SQLITE),$(shell $(PKG_CONFIG) --libs sqlite3)) \
            -lm -pthread

# The unit tests and fuzzers link everything that does not need a Xen host.
XEN_SRC  := lib/host.c lib/livepatch.c lib/attach.c lib/doorway.c \
            lib/rings.c lib/rings_restart.c lib/tracedir.c lib/recorder.c \
            lib/live.c lib/flight.c lib/shutdowns.c lib/domains.c
LIB_SRC  := $(filter-out $(XEN_SRC),$(wildcard lib/*.c))
XEN_SRC  := $(wildcard $(XEN_SRC))
CLI_SRC  := $(wildcard cli/*.c) cli/html/files.S
UNIT_SRC := $(filter-out tests/unit/common.c,$(wildcard tests/unit/*.c))
UNIT_COMMON := $(wildcard tests/unit/common.c)
# Parts of the CLI that unit tests link too: parsing, not commands.
CLI_PARTS := $(wildcard $(addprefix cli/,lists.c intercepts.c units.c json.c message.c \
    domain_names.c table_class.c row_name.c feed.c top_model.c top_help.c top_render.c \
    alert_rule.c alert_measure.c alerts.c metrics.c metrics_text.c))

.PHONY: all install clean unit unit-asan unit-tsan cli-tests headers
all: $(BUILD)/idtap $(BUILD)/tap.o $(BUILD)/profiles.stamp

include tap/tap.mk
-include lab/guests/guests.mk
include tests/payloads/payloads.mk

# The library, too, is made of these: its map says what is seen, so nothing is
# hidden before.
$(BUILD)/host/lib/%.o: CFLAGS_HOST += -fPIC -fvisibility=default \
    -fno-semantic-interposition
$(BUILD)/host/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/host/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c $< -o $@

# The page that `idtap html` writes: files, which .incbin does not tell of.
$(BUILD)/host/cli/html/files.o $(BUILD)/asan/cli/html/files.o \
    $(BUILD)/cov/cli/html/files.o: $(wildcard cli/html/*)

# With the address and undefined-behaviour sanitizers, and as clang's fuzzer wants
# it: one set of objects for the tests and the fuzzers.  GCC's libraries have no
# float-cast-overflow in "undefined"; neither has clang.  The warnings that are
# off are about what GCC accepts, and Xen has, too.
SAN_CC ?= clang
SAN := -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all
SAN_FUZZ := -fsanitize=fuzzer-no-link
SAN_CFLAGS = $(CFLAGS_HOST) -Wno-missing-field-initializers \
             -Wno-gnu-variable-sized-type-not-at-end -D__SANITIZE_ADDRESS__ \
             -O1 -fno-omit-frame-pointer $(SAN) $(SAN_FUZZ)
# The tests themselves are no fuzzer's; and some are stepped, an instruction at a
# time.
$(BUILD)/asan/tests/unit/%.o $(BUILD)/asan/tests/fakexen/%.o: SAN_FUZZ :=

$(BUILD)/asan/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(SAN_CC) $(SAN_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/asan/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(SAN_CC) -c $< -o $@

$(BUILD)/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -fsanitize=thread -MMD -MP -c $< -o $@

objs = $(patsubst %.S,$(BUILD)/$(1)/%.o,$(patsubst %.c,$(BUILD)/$(1)/%.o,$(2)))

$(BUILD)/idtap: $(call objs,host,$(CLI_SRC) $(LIB_SRC) $(XEN_SRC))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# Changes when what attach.c is told changes, so that `make install` with
# another PREFIX builds it again.
$(BUILD)/paths.stamp: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(PKGLIBDIR) $(SBINDIR) $(LIBDIR) $(INCLUDEDIR) $(SYSCONFDIR)' | \
	    cmp -s - $@ || \
	    echo '$(PREFIX) $(PKGLIBDIR) $(SBINDIR) $(LIBDIR) $(INCLUDEDIR) $(SYSCONFDIR)' > $@
$(foreach k,host asan tsan,$(BUILD)/$(k)/lib/attach.o): $(BUILD)/paths.stamp
.PHONY: FORCE
FORCE:

include tests/lab-programs/programs.mk

# The same with sanitizers, for tests/cli/run and tests/report/run.
$(BUILD)/idtap-asan: $(call objs,asan,$(CLI_SRC) $(LIB_SRC) $(XEN_SRC))
	$(Q)$(SAN_CC) $(SAN) -o $@ $^ $(LIBS)

.PHONY: asan-cli
asan-cli: $(BUILD)/idtap-asan

# One executable per file of tests/unit, plain and with sanitizers.
UNIT_DEPS := $(LIB_SRC) $(CLI_PARTS) $(UNIT_COMMON) $(TAP_HOST_SRC)
UNIT_PLAIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
UNIT_ASAN := $(patsubst tests/unit/%.c,$(BUILD)/unit-asan/%,$(UNIT_SRC))

# From archives: a program has only what it uses, and is linked in no time.
$(BUILD)/host/unit.a: $(call objs,host,$(UNIT_DEPS))
$(BUILD)/asan/unit.a: $(call objs,asan,$(UNIT_DEPS))
$(BUILD)/%/unit.a:
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/unit/%: $(BUILD)/host/tests/unit/%.o $(BUILD)/host/unit.a
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcmocka $(OPT_LIBS) -pthread

$(BUILD)/unit-asan/%: $(BUILD)/asan/tests/unit/%.o $(BUILD)/asan/unit.a
	@mkdir -p $(@D)
	$(Q)$(SAN_CC) $(SAN) -o $@ $^ -lcmocka $(OPT_LIBS) -pthread -lm

# The ring alone, which it holds already, with the thread sanitizer.
UNIT_TSAN := $(BUILD)/unit-tsan/ring_stress $(BUILD)/unit-tsan/ring_overwrite

$(BUILD)/unit-tsan/%: $(BUILD)/tsan/tests/unit/%.o
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=thread -o $@ $^ -lcmocka -pthread

# Synthetic traces, for tests/report/run and benches/read.
$(BUILD)/tracegen: $(call objs,host,$(wildcard tests/tracegen/*.c) $(UNIT_COMMON) $(LIB_SRC))
	$(Q)$(CC) -o $@ $^ -lcmocka $(OPT_LIBS) -pthread

# What tests read, found from any directory.
$(BUILD)/host/tests/unit/%.o $(BUILD)/asan/tests/unit/%.o: CFLAGS_HOST += \
    -DTEST_TAP='"$(abspath $(BUILD)/tap.o)"' \
    -DTEST_PROFILES='"$(abspath profiles)"'
$(BUILD)/unit/payload $(BUILD)/unit-asan/payload: | $(BUILD)/tap.o

.SECONDARY:

unit: $(UNIT_PLAIN) $(BUILD)/tracegen
unit-asan: $(UNIT_ASAN)
unit-tsan: $(UNIT_TSAN)

# What tests/cli/run needs beside idtap.
cli-tests: $(BUILD)/cli-tests/exporttrace $(BUILD)/cli-tests/scene $(BUILD)/cli-tests/make_trace

$(BUILD)/cli-tests/%: $(BUILD)/host/tests/cli/%.o \
                      $(call objs,host,$(LIB_SRC) $(UNIT_COMMON))
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcmocka $(OPT_LIBS) -pthread

include tests/fakexen/fakexen.mk
include tests/hotpath/hotpath.mk
include benches/benches.mk
include tests/fuzz/fuzz.mk
include tools/coverage.mk

# Every public header compiles alone.
headers:
	@for h in include/idtap/*.h; do \
	    $(CC) $(CFLAGS_HOST) -x c -fsyntax-only $$h || exit 1; done

$(BUILD)/profiles.stamp: $(wildcard profiles/*.profile)
	@mkdir -p $(BUILD)/profiles
	@rm -f $(BUILD)/profiles/*
	@if [ -n "$^" ]; then cp $^ $(BUILD)/profiles/; fi
	@touch $@

include dist/dist.mk

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
