# SPDX-License-Identifier: GPL-2.0-only
#
# What others get of idtap: the libraries, the manual, and where all of it goes.
# `make install` installs everything, install-tool what a Xen host needs to
# record; `make uninstall`, with the same variables, removes what is in the same
# lists and nothing else.  DESTDIR stages.

SBINDIR        ?= $(PREFIX)/sbin
LIBDIR         ?= $(PREFIX)/lib
INCLUDEDIR     ?= $(PREFIX)/include
MANDIR         ?= $(PREFIX)/share/man
DOCDIR         ?= $(PREFIX)/share/doc/idtap
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR        ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR     ?= /etc

# The library.  Whoever changes or removes what dist/libidtap.map exports counts
# SOVERSION up; whoever adds something adds a node to the map.
SOVERSION := 0
SONAME    := libidtap.so.$(SOVERSION)
SOFILE    := libidtap.so.$(VERSION)
LIB_ALL   := $(LIB_SRC) $(XEN_SRC)

$(BUILD)/$(SOFILE): $(call objs,host,$(LIB_ALL)) dist/libidtap.map
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs -Wl,--as-needed \
	    -Wl,--version-script,dist/libidtap.map $(LDFLAGS) -o $@ \
	    $(filter %.o,$^) $(LIB_LIBS)

# One object, in which only the API is global: a program's own map_insert() is
# no concern of ours.
$(BUILD)/libidtap.a: $(call objs,host,$(LIB_ALL))
	$(Q)$(LD) -r -o $(BUILD)/libidtap.o $^
	$(Q)objcopy --wildcard --keep-global-symbol='idtap_*' $(BUILD)/libidtap.o
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $(BUILD)/libidtap.o

# Where things are goes into files as it goes into programs.
filled = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
    -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' -e 's|@SBINDIR@|$(SBINDIR)|g' \
    -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' -e 's|@VERSION@|$(VERSION)|g' \
    -e 's|@SQLITE@|$(if $(HAVE_SQLITE),sqlite3)|g'

$(BUILD)/dist/%: dist/%.in $(BUILD)/paths.stamp
	@mkdir -p $(@D)
	$(Q)$(filled) $< > $@

# The manual: man/parts/ has what several pages say.
MAN_SRC   := $(wildcard man/*.scd)
MAN_PAGES := $(patsubst man/%.scd,$(BUILD)/man/%,$(MAN_SRC))
HAVE_SCDOC := $(shell command -v scdoc)

$(BUILD)/man/%: man/%.scd $(wildcard man/parts/*.scd) Makefile
	@mkdir -p $(@D)
	$(Q)awk '/^%include / { f = "man/parts/" $$2 ".scd"; n = 0; \
	        while ( (getline line < f) > 0 ) { print line; n++ } \
	        close(f); if ( !n ) { print "no " f > "/dev/stderr"; exit 1 } \
	        next } { print }' $< > $@.scd
	$(Q)sed -i 's|@VERSION@|$(VERSION)|g; s|@PKGLIBDIR@|$(PKGLIBDIR)|g' $@.scd
	$(Q)SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(stat -c %Y $<)} \
	    scdoc < $@.scd > $@.tmp
	$(Q)mv $@.tmp $@

.PHONY: lib man install-tool install-lib install-dev install-man install-doc \
        install-systemd install-completion uninstall
lib: $(BUILD)/$(SOFILE) $(BUILD)/libidtap.a
man: $(MAN_PAGES)

# MODE|FILE|WHERE
HEADERS    := $(wildcard include/idtap/*.h)
DOCS       := README.md $(wildcard docs/*.md)
UNITS      := idtap-metrics.service idtap-flight.service
to          = $(foreach f,$(2),644|$(f)|$(1)/$(notdir $(f)))
PUT_TOOL   := 755|$(BUILD)/idtap|$(SBINDIR)/idtap \
              644|$(BUILD)/tap.o|$(PKGLIBDIR)/tap.o \
              $(call to,$(PKGLIBDIR)/profiles,$(wildcard profiles/*.profile))
PUT_LIB    := 644|$(BUILD)/$(SOFILE)|$(LIBDIR)/$(SOFILE)
PUT_DEV    := $(call to,$(LIBDIR),$(BUILD)/libidtap.a) \
              $(call to,$(LIBDIR)/pkgconfig,$(BUILD)/dist/libidtap.pc) \
              $(call to,$(INCLUDEDIR)/idtap,$(HEADERS)) \
              $(call to,$(DOCDIR)/examples,$(wildcard examples/*))
PUT_MAN    := $(foreach p,$(MAN_PAGES),$(call to,$(MANDIR)/man$(subst .,,$(suffix $(p))),$(p)))
PUT_DOC    := $(call to,$(DOCDIR),$(DOCS))
PUT_SYSTEMD := $(call to,$(UNITDIR),$(addprefix $(BUILD)/dist/,$(UNITS)))
PUT_COMPLETION := 644|dist/idtap.bash|$(COMPLETIONSDIR)/idtap
PUT_ALL    := $(PUT_TOOL) $(PUT_LIB) $(PUT_DEV) $(PUT_MAN) $(PUT_DOC) \
              $(PUT_SYSTEMD) $(PUT_COMPLETION)
CONF       := $(SYSCONFDIR)/default/idtap

put = $(Q)set -e; for f in $(foreach f,$(1),'$(f)'); do \
          m=$${f%%|*}; w=$${f\#\#*|}; s=$${f\#*|}; \
          install -D -m $$m "$${s%%|*}" '$(DESTDIR)'"$$w"; done

install: install-tool install-lib install-dev install-doc install-systemd \
         install-completion
ifneq ($(HAVE_SCDOC),)
install: install-man
else
	@echo "no man pages: they need scdoc"
endif

install-tool: $(BUILD)/idtap $(BUILD)/tap.o
	$(call put,$(PUT_TOOL))

install-lib: $(BUILD)/$(SOFILE)
	$(call put,$(PUT_LIB))
	$(Q)ln -sf $(SOFILE) '$(DESTDIR)$(LIBDIR)/$(SONAME)'

install-dev: install-lib $(BUILD)/libidtap.a $(BUILD)/dist/libidtap.pc
	$(call put,$(PUT_DEV))
	$(Q)ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libidtap.so'

install-man: man
	$(call put,$(PUT_MAN))

install-doc:
	$(call put,$(PUT_DOC))

# A configuration that is there is its owner's.
install-systemd: $(addprefix $(BUILD)/dist/,$(UNITS))
	$(call put,$(PUT_SYSTEMD))
	$(Q)[ -e '$(DESTDIR)$(CONF)' ] || \
	    install -D -m 644 dist/default '$(DESTDIR)$(CONF)'

install-completion:
	$(call put,$(PUT_COMPLETION))

OWN_DIRS := $(INCLUDEDIR)/idtap $(PKGLIBDIR)/profiles $(PKGLIBDIR) \
            $(DOCDIR)/examples $(DOCDIR)
uninstall:
	$(Q)rm -f $(foreach f,$(PUT_ALL),'$(DESTDIR)$(lastword $(subst |, ,$(f)))') \
	    '$(DESTDIR)$(LIBDIR)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/libidtap.so'
	$(Q)! cmp -s dist/default '$(DESTDIR)$(CONF)' || rm -f '$(DESTDIR)$(CONF)'
	$(Q)for d in $(foreach d,$(OWN_DIRS),'$(DESTDIR)$(d)'); do \
	    [ ! -d "$$d" ] || rmdir --ignore-fail-on-non-empty "$$d"; done
