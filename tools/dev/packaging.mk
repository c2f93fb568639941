# packaging: what is made for those who ship Sotto: services, manual pages, completion, packages, bills
# of materials, and the checks on them. Part of the Makefile, which includes it.

MANDIR        ?= $(PREFIX)/share/man
SYSCONFDIR    ?= /etc
UNITDIR       ?= /usr/lib/systemd/system
SYSUSERSDIR   ?= /usr/lib/sysusers.d
TMPFILESDIR   ?= /usr/lib/tmpfiles.d
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
# Where sotto-web looks for the page: the sample, until there is one of your own.
WEBDIR        ?= /usr/share/sotto/web
# What a device runs beside the library: those of WITH="…" that are there, or all of them.
SHIPPED       := $(filter $(if $(filter undefined,$(origin WITH)),sottod sotto-web sotto-upload,$(WITH)),$(TOOLS))
SCDOC         ?= scdoc
MAN           := $(basename $(notdir $(foreach t,$(TOOLS),$(wildcard tools/man/$(t).[0-9].scd)) $(if $(SHIPPED),tools/man/sotto.conf.5.scd)))
SYSTEMD       := firmware-config/systemd
TOOLS_PC      := $(sort $(DEVICE_PC) $(HOST_PC) $(foreach t,$(TOOLS),$(WANTS_$(t))))

.PHONY: man device install-device install-web install-service install-sysv install-man install-completion describe sbom reproducible musl-check static deb deb-test \
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
	$(Q)for tool in $(filter-out sotto $(SHIPPED),$(TOOLS)); do ln -sf sotto "$(DESTDIR)$(COMPLETIONDIR)/$$tool" || exit 1; done

device: lib $(SHIPPED:%=$(O)/%) ## what a device needs: the library, and sottod, sotto-web, sotto-upload or those of WITH="…"

install-device: install-lib device $(if $(filter sotto-web,$(SHIPPED)),install-web) ## the same, under $(DESTDIR)$(PREFIX), and the pages if sotto-web is among them
	$(Q)$(if $(SHIPPED),$(INSTALL) -d "$(DESTDIR)$(BINDIR)" && $(INSTALL) -m 755 $(SHIPPED:%=$(O)/%) "$(DESTDIR)$(BINDIR)",:)

install-web: ## the elements and the sample pages that sotto-web serves
	$(Q)$(INSTALL) -d "$(DESTDIR)$(WEBDIR)" && $(INSTALL) -m 644 $(foreach t,html js css svg,$(wildcard platform/web/*.$t)) "$(DESTDIR)$(WEBDIR)"

install-service: ## systemd's units, users and folders for the daemons that are built
	$(Q)$(INSTALL) -d "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(SYSUSERSDIR)" "$(DESTDIR)$(TMPFILESDIR)"
	$(Q)for unit in $(SHIPPED:%=%.service); do sed 's|/usr/bin/|$(BINDIR)/|' "$(SYSTEMD)/$$unit" > "$(DESTDIR)$(UNITDIR)/$$unit" || exit 1; done
	$(Q)$(INSTALL) -m 644 $(SYSTEMD)/sysusers.conf "$(DESTDIR)$(SYSUSERSDIR)/sotto.conf"
	$(Q)$(INSTALL) -m 644 $(SYSTEMD)/tmpfiles.conf "$(DESTDIR)$(TMPFILESDIR)/sotto.conf"

install-sysv: ## the same for SysV's and BusyBox's init
	$(Q)$(INSTALL) -d "$(DESTDIR)$(SYSCONFDIR)/init.d"
	$(Q)sed 's|^BIN=/usr/bin$$|BIN=$(BINDIR)|' firmware-config/buildroot/package/sotto/S90sotto > "$(DESTDIR)$(SYSCONFDIR)/init.d/S90sotto"
	$(Q)chmod 755 "$(DESTDIR)$(SYSCONFDIR)/init.d/S90sotto"

describe: tools ## write the options that --help tells into manual pages and completion
	@O="$(O)" tools/dev/describe.py write $(TOOLS)

# What each bill names, and the files it vouches for.
sbom_of = mkdir -p $(O)/sbom && tools/dev/sbom.py $(1) $(2) $(VERSION) $(addprefix --file ,$(3)) $(4) > $(O)/sbom/$(2).$(5).json.tmp && \
          mv $(O)/sbom/$(2).$(5).json.tmp $(O)/sbom/$(2).$(5).json
sbom: all ## bills of materials in $(O)/sbom: SPDX 2.3 and CycloneDX 1.6
	$(Q)export PKG_CONFIG="$(PKG_CONFIG)"; \
	    $(call sbom_of,spdx,libsotto,$(O)/$(SONAME) $(O)/libsotto.a,$(DEVICE_PC),spdx) && \
	    $(call sbom_of,cyclonedx,libsotto,$(O)/$(SONAME) $(O)/libsotto.a,$(DEVICE_PC),cdx) && \
	    $(call sbom_of,spdx,sotto-tools,$(TOOLS:%=$(O)/%),$(TOOLS_PC),spdx) && \
	    $(call sbom_of,cyclonedx,sotto-tools,$(TOOLS:%=$(O)/%),$(TOOLS_PC),cdx)

# For a firmware without these libraries; users and groups are then given to sottod by number.
$(O)/sottod-static: $(call objects,tools/sottod/*.c) $(DAEMON_COMMON:%.c=$(O)/obj/%.o) $(SOTTOD_COMMON:%.c=$(O)/obj/%.o) $(O)/libsotto.a
	$(call say,LINK,$@)
	$(Q)$(link) -static-pie -s -Wl,--gc-sections $(call pc,--libs,$(DEVICE_PC) $(DAEMON_PC)) -lm

static: ## sottod in one file that needs no other, stripped, held against tools/dev/size-budget
	@$(MAKE) $(PAR) O="$(O)/static" OPT=-Os CFLAGS="$(CFLAGS) -ffunction-sections -fdata-sections" $(O)/static/sottod-static
	@O="$(O)/static" CC="$(CC)" tools/dev/size.sh static

reproducible: ## two builds in two places at two times: the same SHA-256
	@tools/dev/reproducible.sh $(if $(CROSS_COMPILE),CROSS_COMPILE=$(CROSS_COMPILE))

musl-check: ## the library compiles with musl-gcc, and its pure rooms say the same as here
	@$(MAKE) --no-print-directory setup SETUP_FOR=package
	@CC="$(CC)" tools/dev/musl.sh

buildroot-check: ## the Buildroot tree, in BUILDROOT_DIR=…, and its commands with Debian's cross compiler
	@$(MAKE) --no-print-directory setup SETUP_FOR=package
	@BUILDROOT_DIR="$(BUILDROOT_DIR)" tools/dev/buildroot-check.sh

yocto-check: ## the Yocto layer: what bitbake's QA would look at
	@$(MAKE) --no-print-directory setup SETUP_FOR=package
	@tools/dev/yocto-check.sh

boot-test: ## a machine in QEMU: time to the first slate, memory, and CUTS=50 power cuts while events are written
	@$(MAKE) --no-print-directory setup SETUP_FOR=boot
	@$(MAKE) $(PAR) tools
	@O="$(O)" CUTS="$(or $(CUTS),50)" tools/dev/boot-test.sh

deb: ## Debian packages in $(O)/deb, and lintian on them
	@$(MAKE) --no-print-directory setup SETUP_FOR=package
	@O="$(O)" tools/dev/deb.sh build

deb-test: deb ## the same, installed and purged in a chroot (root)
	@O="$(O)" tools/dev/deb.sh test $(CHROOT)
