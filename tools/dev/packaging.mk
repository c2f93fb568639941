# packaging: what is made for those who ship Sotto: services, manual pages, completion, packages, bills
# of materials, and the checks on them. Part of the Makefile, which includes it.

MANDIR        ?= $(PREFIX)/share/man
SYSCONFDIR    ?= /etc
UNITDIR       ?= /usr/lib/systemd/system
SYSUSERSDIR   ?= /usr/lib/sysusers.d
TMPFILESDIR   ?= /usr/lib/tmpfiles.d
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
DAEMONS       := $(filter sottod sotto-web sotto-upload,$(TOOLS))
# A unit for each daemon that is there, and the timer for the one that needs it.
UNITS_OF      := $(DAEMONS:%=%.service) $(patsubst %,%.timer,$(filter sotto-upload,$(DAEMONS)))
SCDOC         ?= scdoc
MAN           := $(basename $(notdir $(foreach t,$(TOOLS),$(wildcard tools/man/$(t).[0-9].scd)) $(if $(DAEMONS),tools/man/sotto.conf.5.scd)))
SYSTEMD       := firmware-config/systemd

.PHONY: man install-service install-sysv install-man install-completion describe sbom reproducible musl-check static deb deb-test \
        boot-test buildroot-check yocto-check

## Package
man: $(MAN:%=$(O)/man/%) ## manual pages, by scdoc

$(O)/man/%: tools/man/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && SOURCE_DATE_EPOCH="$${SOURCE_DATE_EPOCH:-$(shell git log -1 --format=%ct 2>/dev/null || echo 0)}" $(SCDOC) <$< >$@.tmp && mv $@.tmp $@

install-man: man ## manual pages under $(MANDIR)
	$(Q)for page in $(MAN); do $(INSTALL) -D -m 644 "$(O)/man/$$page" "$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page" || exit 1; done

install-completion: ## bash's completion for the tools
	$(Q)$(INSTALL) -d "$(DESTDIR)$(COMPLETIONDIR)" && $(INSTALL) -m 644 tools/completion/sotto.bash "$(DESTDIR)$(COMPLETIONDIR)/sotto"
	$(Q)for tool in $(filter-out sotto $(DAEMONS),$(TOOLS)); do ln -sf sotto "$(DESTDIR)$(COMPLETIONDIR)/$$tool" || exit 1; done

install-service: ## systemd's units, users and folders for the daemons that are built
	$(Q)$(INSTALL) -d "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(SYSUSERSDIR)" "$(DESTDIR)$(TMPFILESDIR)"
	$(Q)for unit in $(UNITS_OF); do sed 's|/usr/bin/|$(BINDIR)/|' "$(SYSTEMD)/$$unit" > "$(DESTDIR)$(UNITDIR)/$$unit" || exit 1; done
	$(Q)$(INSTALL) -m 644 $(SYSTEMD)/sysusers.conf "$(DESTDIR)$(SYSUSERSDIR)/sotto.conf"
	$(Q)$(INSTALL) -m 644 $(SYSTEMD)/tmpfiles.conf "$(DESTDIR)$(TMPFILESDIR)/sotto.conf"

install-sysv: ## the same for SysV's and BusyBox's init
	$(Q)$(INSTALL) -d "$(DESTDIR)$(SYSCONFDIR)/init.d"
	$(Q)sed 's|^BIN=/usr/bin$$|BIN=$(BINDIR)|' firmware-config/buildroot/package/sotto/S90sotto > "$(DESTDIR)$(SYSCONFDIR)/init.d/S90sotto"
	$(Q)chmod 755 "$(DESTDIR)$(SYSCONFDIR)/init.d/S90sotto"

describe: tools ## write the options that --help tells into manual pages and completion
	@O="$(O)" tools/dev/describe.py write $(TOOLS)
