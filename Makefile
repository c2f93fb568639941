# Sotto. `make help` lists what can be made; `make demo` and `make test` need no other command first.

# ---- Knobs, for the command line. CPPFLAGS, CFLAGS and LDFLAGS are appended, never replaced
O             ?= build
PREFIX        ?= /usr/local
LIBDIR        ?= $(PREFIX)/lib
INCLUDEDIR    ?= $(PREFIX)/include
BINDIR        ?= $(PREFIX)/bin
INSTALL       ?= install
PKG_CONFIG    ?= pkg-config
CROSS_COMPILE ?=
OPT           ?= $(if $(COV),-O0,$(if $(SAN),-O1,-O2)) -g
ifneq ($(CROSS_COMPILE),)
CC := $(if $(filter default,$(origin CC)),$(CROSS_COMPILE)gcc,$(CC))
AR := $(if $(filter default,$(origin AR)),$(CROSS_COMPILE)ar,$(AR))
endif
kind := $(if $(FUZZ),fuzz,$(if $(SAN),san,$(if $(COV),cov)))
ifneq ($(kind),)
override O := $(O:%/$(kind)=%)/$(kind)
endif
$(if $(word 2,$(O)),$(error O="$(O)" has a space in it, which make cannot handle: choose another))
Q    = $(if $(filter 1,$(V)),,@)
say  = $(if $(and $(Q),$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,1)),@printf '  %-5s %s\n' $(1) $(2))
PAR  = --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))

# ---- Flags. _FORTIFY_SOURCE needs an optimiser, blinds ASan, and is the caller's once the caller sets it
WARN    := -Wall -Wextra $(if $(filter 0,$(WERROR)),,-Werror) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
OURS    := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Iinclude -Isrc -I. -fvisibility=hidden -fPIC -MD -MP
HARD    := -fstack-protector-strong '-ffile-prefix-map=$(CURDIR)=.'
ifeq ($(SAN)$(FUZZ)$(findstring _FORTIFY_SOURCE,$(CC) $(CPPFLAGS) $(CFLAGS)),)
HARD    += $(if $(filter-out -O0,$(lastword $(filter -O%,$(OPT) $(CFLAGS)))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif
# What only costs bytes on a device goes: tables to unwind by, which C does not use (-g has a debugger's), the
# chain of frames, which x86 and arm do without anyway, and in src/ the canaries of functions without an array
# of bytes, a tenth of the library. At -Os gcc's calls in place of returns, and what it takes out of loops,
# make code longer. What parses sockets and files (platform/, tools/) keeps every canary.
LEAN    := $(if $(SAN)$(FUZZ),,-fno-asynchronous-unwind-tables -fno-unwind-tables -fomit-frame-pointer \
           $(if $(filter -Os,$(lastword $(filter -O%,$(OPT) $(CFLAGS)))),$(if $(findstring clang,$(CC)),,-fno-optimize-sibling-calls -fno-move-loop-invariants)))
MODE    := $(if $(FUZZ),-fsanitize=fuzzer-no-link -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all) \
           $(if $(SAN),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer) \
           $(if $(COV),--coverage)
LDHARD  := -Wl,-z,relro,-z,now,-z,noexecstack
compile  = $(CC) $(OURS) $(WARN) $(HARD) $(MODE) $(OPT)
link     = $(CC) $(MODE) $(OPT) $(CFLAGS) $(LDHARD) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

# ---- Libraries, asked of pkg-config once, and only when something is built that needs them
DEVICE_PC := libsodium sqlite3
HOST_PC   := openblas liblzma libzstd inih jansson
DAEMON_PC := inih jansson
WANTS_sotto-web    := libmicrohttpd
WANTS_sotto-upload := libcurl
TPM_PC    := tss2-esys tss2-tctildr
DEB_sqlite3 := libsqlite3-dev
DEB_liblzma := liblzma-dev
DEB_libcurl := libcurl4-openssl-dev
DEB_tss2-esys := libtss2-dev
DEB_tss2-tctildr := libtss2-dev
deb       = $(foreach p,$(1),$(or $(DEB_$(p)),lib$(p:lib%=%)-dev))
lacks     = $(foreach p,$(1),$(if $(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo y),,$(p)))
demand    = $(if $(1),$(error $(PKG_CONFIG) does not find $(1): `make setup` installs it, or install \
              Debian's pkg-config $(call deb,$(1))))
pc        = $(call demand,$(strip $(call lacks,$(2))))$(shell $(PKG_CONFIG) $(1) $(2))
once      = $(eval $(1) := $(2))$($(1))
DEVICE_CF = $(call once,DEVICE_CF,$(call pc,--cflags,$(DEVICE_PC)))
HOST_CF   = $(call once,HOST_CF,$(call pc,--cflags,$(DEVICE_PC) $(HOST_PC)))
TEST_CF   = $(call once,TEST_CF,$(call pc,--cflags,cmocka) $(HOST_CF))
DEVICE_LD = $(call once,DEVICE_LD,$(call pc,--libs,$(DEVICE_PC)))
HOST_LD   = $(call once,HOST_LD,$(call pc,--libs,$(DEVICE_PC) $(HOST_PC)) -lm -lpthread)
DAEMON_CF = $(call once,DAEMON_CF,$(call pc,--cflags,$(DEVICE_PC) $(DAEMON_PC)))
DAEMON_LD = -Wl,--as-needed $(call pc,--libs,$(DEVICE_PC) $(DAEMON_PC) $(WANTS_$(@F)))
TPM_CF    = $(call once,TPM_CF,$(call pc,--cflags,$(TPM_PC)))
TPM_LD    = $(call once,TPM_LD,$(call pc,--libs,$(TPM_PC)))
TEST_LD   = $(call once,TEST_LD,$(call pc,--libs,cmocka) $(HOST_LD))

# ---- What is built from what
VERSION  := $(shell sed -n 's/^.define SOTTO_VERSION_[MP][A-Z]* \([0-9]*\)$$/\1/p' include/sotto.h | paste -sd.)
SONAME   := libsotto.so.$(firstword $(subst ., ,$(VERSION)))
names     = $(sort $(patsubst $(1),%,$(wildcard $(subst %,*,$(1)))))
# The daemons link no more than a device has; a sysroot may lack what the two with a network need.
TOOLS    := $(foreach t,$(call names,tools/%/main.c),$(if $(and $(CROSS_COMPILE),$(call lacks,$(WANTS_$t))),,$t))
DAEMONS  := $(filter sottod sotto-web sotto-upload,$(TOOLS))
DAEMON_COMMON := $(addprefix tools/common/,cli.c settings.c notify.c public_key.c)
SOTTOD_COMMON := $(addprefix tools/common/,export_json.c json.c)
UNITS    := $(call names,tests/unit/%.c)
BENCHES  := $(call names,tests/bench/%.c)
FUZZERS  := $(call names,tests/fuzz/%.c)
AUDITS   := $(call names,tests/audit/%.c)
EXAMPLES := $(call names,examples/%.c)
HEADERS  := include/sotto.h include/sotto_port.h include/sotto_report.h include/sotto_audit.h include/sotto_receipt.h include/sotto_people.h platform/linux/sotto_linux.h
objects   = $(patsubst %.c,$(O)/obj/%.o,$(sort $(wildcard $(1))))
# Of src/ one file is no part of the library: the exact Gaussian, which no device draws.
EXACT    := $(O)/obj/src/dp/sample_gaussian.o
LIB_OBJ  := $(filter-out $(EXACT),$(call objects,src/*.c src/*/*.c platform/linux/*.c))
# What needs no library of theirs of the two with a network is there in any case: for doctor and tests.
QUIET    := $(addprefix tools/sotto-web/,config.c gate.c) $(addprefix tools/sotto-upload/,config.c pace.c outgoing.c send_file.c)
HOST_OBJ := $(EXACT) $(filter-out %/main.o,$(call objects,platform/sim/*.c platform/firebolt/*.c tools/common/*.c $(TOOLS:%=tools/%/*.c) $(QUIET)))
# Keys in a TPM are a library of their own: built along where libtss2 is there, else by `make tpm`.
TPM      := $(if $(CROSS_COMPILE),,$(wildcard /usr/include/tss2/tss2_esys.h))
TPM_OBJ  := $(call objects,platform/tpm/*.c)
TPM_SO   := libsotto-tpm.so.$(firstword $(subst ., ,$(VERSION)))
TPM_LIBS := $(O)/libsotto-tpm.a $(O)/$(TPM_SO)
TEST_OBJ := $(call objects,tests/support/*.c)
FAULT_OBJ := $(call objects,tests/fault/*.c)
FAISS    := $(if $(CROSS_COMPILE)$(SAN)$(COV),,$(wildcard /usr/include/faiss/IndexFlat.h))
BENCH_OBJ := $(call objects,tests/bench/support/*.c) $(if $(FAISS),$(O)/obj/tests/bench/support/faiss.o)
VAULT_OBJ := $(O)/obj/tests/bench/vault/ours.o $(O)/obj/tests/bench/vault/load.o

.PHONY: all lib tpm tools daemons examples build-tests setup demo test bench fleet-million bench-count bench-daemon audit-dp people-million fault fault-bugs fuzz fuzz-long asan coverage coverage-vault lint check-walls \
        size ci install install-lib install-tpm uninstall clean help FORCE
.DEFAULT_GOAL := all
.SECONDARY:

## Build
all: lib tools $(if $(TPM),tpm) ## the libraries and the tools, into O=build
lib: $(O)/libsotto.a $(O)/$(SONAME) ## the device library alone; needs only libsodium and SQLite
tpm: $(TPM_LIBS) ## the library that keeps keys in a TPM 2.0; needs libtss2 too
tools: $(TOOLS:%=$(O)/%) ## sotto, sotto-pack, sotto-sim, sotto-fleet and the daemons
daemons: $(DAEMONS:%=$(O)/%) ## sottod, sotto-web, sotto-upload alone: what else a device runs
examples: $(EXAMPLES:%=$(O)/examples/%) ## the programs in examples/
build-tests: all examples $(UNITS:%=$(O)/tests/%) $(O)/tests/make_fleet $(O)/fault $(O)/bench/rpc_load ## the unit tests, built but not run

# Other flags than last time: everything is built anew.
$(O)/flags: line = $(subst ','\'',$(compile) $(LEAN) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))
$(O)/flags: FORCE
	@mkdir -p $(O) && echo '$(line)' | cmp -s - $@ || echo '$(line)' > $@

$(O)/obj/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(compile) $(if $(filter src/% platform/linux/%,$<),$(LEAN)) $(if $(filter src/%,$<),-fstack-protector) $(if $(filter platform/tpm/%,$<),-Iplatform/linux $(TPM_CF)) $(if $(filter tests/%,$<),$(TEST_CF) $(if $(TPM),-DWITH_TPM -Iplatform/linux),$(if $(filter $(DAEMON_COMMON) $(SOTTOD_COMMON) $(DAEMONS:%=tools/%/%),$<),$(DAEMON_CF),$(if $(filter tools/%,$<),$(HOST_CF),$(DEVICE_CF)))) \
	    $(CPPFLAGS) $(CFLAGS) -c $< -o $@

# A peer of the benchmarks, the only C++ here.
$(O)/obj/%.o: %.cpp $(O)/flags
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D) && $(CXX) -std=c++17 -O2 -Wall -Wextra -MD -MP -I. -c $< -o $@

$(O)/libsotto.a: $(LIB_OBJ)
$(O)/libhost.a: $(HOST_OBJ)
$(O)/libsotto-tpm.a: $(TPM_OBJ)
$(O)/libsotto.a $(O)/libhost.a $(O)/libsotto-tpm.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(O)/$(SONAME): $(LIB_OBJ) src/libsotto.map
	$(call say,LINK,$@)
	$(Q)$(link) -shared -Wl,-soname,$(SONAME),--version-script=src/libsotto.map $(if $(SAN),,-Wl,--no-undefined) $(DEVICE_LD)

$(O)/$(TPM_SO): $(TPM_OBJ) platform/tpm/libsotto-tpm.map
	$(call say,LINK,$@)
	$(Q)$(link) -shared -Wl,-soname,$(TPM_SO),--version-script=platform/tpm/libsotto-tpm.map $(if $(SAN),,-Wl,--no-undefined) $(TPM_LD)

$(filter-out $(DAEMONS:%=$(O)/%),$(TOOLS:%=$(O)/%)): $(O)/%: $(O)/obj/tools/%/main.o $(O)/libhost.a $(O)/libsotto.a
	$(call say,LINK,$@)
	$(Q)$(link) -pie $(HOST_LD)

$(foreach d,$(DAEMONS),$(eval $(O)/$d: $(call objects,tools/$d/*.c)))
$(O)/sottod: $(SOTTOD_COMMON:%.c=$(O)/obj/%.o)
$(DAEMONS:%=$(O)/%): $(DAEMON_COMMON:%.c=$(O)/obj/%.o) $(O)/libsotto.a
	$(call say,LINK,$@)
	$(Q)$(link) -pie $(DAEMON_LD)

$(UNITS:%=$(O)/tests/%): $(O)/tests/%: $(O)/obj/tests/unit/%.o $(TEST_OBJ) $(O)/libhost.a $(O)/libsotto.a
$(O)/tests/make_fleet: $(O)/obj/tests/fleet/make_fleet.o $(TEST_OBJ) $(O)/libhost.a $(O)/libsotto.a
$(BENCHES:%=$(O)/bench/%): $(O)/bench/%: $(O)/obj/tests/bench/%.o $(BENCH_OBJ) $(TEST_OBJ) $(O)/libhost.a $(O)/libsotto.a
$(AUDITS:%=$(O)/audit/%): $(O)/audit/%: $(O)/obj/tests/audit/%.o $(TEST_OBJ) $(O)/libhost.a $(O)/libsotto.a
$(O)/tests/test_canary: $(O)/obj/tests/canary/spy.o
$(if $(TPM),$(O)/tests/test_keystore_tpm: $(call objects,tests/support/tpm/*.c) $(O)/libsotto-tpm.a)
$(UNITS:%=$(O)/tests/%) $(O)/tests/make_fleet $(BENCHES:%=$(O)/bench/%) $(AUDITS:%=$(O)/audit/%):
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -pie $(if $(filter %/faiss.o,$^),-lfaiss -lgomp -lstdc++) $(if $(filter %/libsotto-tpm.a,$^),$(TPM_LD)) $(TEST_LD)

# Sotto's side of the comparison in tests/bench/vault: no more in it than a device needs, for its memory counts.
$(O)/bench/vault: $(VAULT_OBJ) $(O)/obj/platform/sim/fault_vfs.o $(O)/libsotto.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -pie $(DEVICE_LD)

$(O)/bench/rpc_load: $(O)/obj/tests/bench/daemon/rpc_load.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -pie

# The fault matrix stands between the rooms: it sees each commit, and makes allocators fail.
$(O)/fault: $(FAULT_OBJ) $(filter-out %/kiosk.o %/dp_kiosk.o %/pack_tool.o %/lent_engine.o,$(TEST_OBJ)) $(O)/libhost.a $(O)/libsotto.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(link) -pie $(foreach f,store_commit malloc sodium_malloc sodium_free,-Wl,--wrap=$f) $(TEST_LD)

# Only with FUZZ=1 and clang.
$(O)/fuzz-rpc: $(TEST_OBJ)
$(FUZZERS:%=$(O)/fuzz-%): $(O)/fuzz-%: $(O)/obj/tests/fuzz/%.o $(O)/libhost.a $(O)/libsotto.a
	$(call say,LINK,$@)
	$(Q)$(link) -fsanitize=fuzzer $(TEST_LD)

# An example sees what a stranger sees: the installed headers and the library.
$(O)/examples/%: examples/%.c $(O)/libsotto.a $(HEADERS) $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(link) -std=gnu11 -Iinclude -Iplatform/linux $(WARN) $(CPPFLAGS) $< $(O)/libsotto.a $(DEVICE_LD)

## Try and test
setup: ## install what is missing on Debian 12, by package name (SETUP=0 skips)
	@[ "$(SETUP)" = 0 ] || tools/dev/setup.sh $(SETUP_FOR)

demo: ## the whole story on generated shoppers, or on DATA=transactions.csv[.xz|.zst]
	@$(MAKE) --no-print-directory setup SETUP_FOR=build
	@$(MAKE) $(PAR) all
	@O="$(O)" DATA="$(DATA)" tools/dev/demo.sh

test: ## every unit and system test, or T=word for some; the last line sums them up
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) $(PAR) build-tests
	@O="$(O)" CC="$(CC)" tests/run.sh $(T)

bench: ## speed, memory and bytes, measured beside SQLite, SQLCipher and FAISS
	@$(MAKE) --no-print-directory setup SETUP_FOR=bench
	@$(MAKE) $(PAR) $(BENCHES:%=$(O)/bench/%) $(O)/bench/vault
	@set -e; for b in $(BENCHES); do $(O)/bench/$$b; done
	@O="$(O)" CC="$(CC)" tests/bench/vault/run.sh

fleet-million: ## a million devices of 64 cells reported, collected, estimated, or SIZES="1000 20000"
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) $(PAR) $(O)/tests/make_fleet tools
	@O="$(O)" tests/fleet/million.sh $(SIZES)

bench-count: ## instructions of one scoring and one call, here by callgrind and for arm64 by QEMU
	@$(MAKE) --no-print-directory setup SETUP_FOR=bench
	@$(MAKE) $(PAR) $(O)/bench/bench_slate
	@O="$(O)" CC="$(CC)" tests/bench/instructions.sh

bench-daemon: ## 1,000 clients at one sottod for SECONDS=60, then a kill: what was acknowledged must be there
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) $(PAR) tools $(O)/bench/rpc_load
	@O="$(O)" tests/bench/daemon/run.sh $(or $(SECONDS),60) $(CLIENTS)

audit-dp: ## every mechanism at ten million samples with fresh seeds: its law, its epsilon
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) $(PAR) $(O)/audit/audit_dp
	@$(O)/audit/audit_dp
people-million: ## a million steps of random people before the witness of consent and disclosure, or STEPS=n SEED=n
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) $(PAR) $(O)/tests/test_people_checker
	@$(O)/tests/test_people_checker $(or $(STEPS),1000000) $(or $(SEED),1)

fault: ## the fault matrix, some two million states: FAULT=row SEED=n SCALE=x STATE=n
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) $(PAR) $(O)/fault
	@O="$(O)" FAULT="$(FAULT)" SEED="$(SEED)" SCALE="$(SCALE)" SCENARIO="$(SCENARIO)" STATE="$(STATE)" tests/fault/run.sh

fault-bugs: ## 30 mistakes seeded into the store, one by one: the matrix must notice
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@CC="$(CC)" SEED="$(SEED)" BUG="$(BUG)" tests/fault/bugs.sh

fuzz: ## every parser of untrusted bytes, FUZZ_SECONDS=60 in all, under clang's libFuzzer
	@$(MAKE) --no-print-directory setup SETUP_FOR=fuzz
	@$(MAKE) $(PAR) FUZZ=1 CC=clang $(FUZZERS:%=$(O)/fuzz/fuzz-%)
	@O="$(O)/fuzz" tests/fuzz/run.sh seconds $(or $(FUZZ_SECONDS),60) $(FUZZERS)

fuzz-long: ## the same for FUZZ_RUNS=10000000 runs each, two at a time
	@$(MAKE) --no-print-directory setup SETUP_FOR=fuzz
	@$(MAKE) $(PAR) FUZZ=1 CC=clang $(FUZZERS:%=$(O)/fuzz/fuzz-%)
	@O="$(O)/fuzz" tests/fuzz/run.sh runs $(or $(FUZZ_RUNS),10000000) $(FUZZERS)

asan: ## the tests under AddressSanitizer and UBSan; the same as SAN=1 test
	@$(MAKE) --no-print-directory SAN=1 test

coverage: ## which lines the tests reach
	@$(MAKE) --no-print-directory setup SETUP_FOR=coverage
	@$(MAKE) --no-print-directory COV=1 test
	@gcovr --root . --filter src/ --filter platform/ --filter tools/ --sort-uncovered "$(O)/cov"

coverage-vault: ## which branches of src/vault its tests and a cut of the fault matrix take
	@$(MAKE) --no-print-directory setup SETUP_FOR=coverage
	@$(MAKE) $(PAR) COV=1 build-tests
	@O="$(O:%/cov=%)/cov" tests/fault/coverage.sh

## Check
lint: ## clang-format, clang-tidy, cppcheck, shellcheck and the walls
	@$(MAKE) --no-print-directory setup SETUP_FOR=lint
	@$(MAKE) $(PAR) check-walls
	@TIDY="$(TIDY)" tools/dev/lint.sh

check-walls: all ## who may include, call and export what
	@O="$(O)" CC="$(CC)" tools/dev/walls.sh

size: ## bytes of libsotto at -Os, held against tools/dev/size-budget
	@$(MAKE) $(PAR) O="$(O)/size" OPT="-Os -g" lib
	@O="$(O)/size" CC="$(CC)" CROSS_COMPILE="$(CROSS_COMPILE)" tools/dev/size.sh

ci: ## what continuous integration runs: the tests, then the wider checks
	@.ci/run

## Install
install: install-lib tools ## everything, under $(DESTDIR)$(PREFIX)
	$(Q)$(INSTALL) -d "$(DESTDIR)$(BINDIR)" && $(INSTALL) -m 755 $(TOOLS:%=$(O)/%) "$(DESTDIR)$(BINDIR)"

install-lib: lib ## headers, libraries and pkg-config file alone: all that a device needs
	$(Q)$(INSTALL) -d "$(DESTDIR)$(INCLUDEDIR)" "$(DESTDIR)$(LIBDIR)/pkgconfig"
	$(Q)$(INSTALL) -m 644 $(HEADERS) "$(DESTDIR)$(INCLUDEDIR)"
	$(Q)$(INSTALL) -m 644 $(O)/libsotto.a "$(DESTDIR)$(LIBDIR)"
	$(Q)$(INSTALL) -m 755 $(O)/$(SONAME) "$(DESTDIR)$(LIBDIR)/libsotto.so.$(VERSION)"
	$(Q)ln -sf libsotto.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	$(Q)ln -sf $(SONAME) "$(DESTDIR)$(LIBDIR)/libsotto.so"
	$(Q)sed $(foreach v,PREFIX LIBDIR INCLUDEDIR VERSION,-e 's|@$(v)@|$($(v))|') sotto.pc.in > "$(DESTDIR)$(LIBDIR)/pkgconfig/sotto.pc"

install-tpm: tpm install-lib ## the same with the library that keeps keys in a TPM
	$(Q)$(INSTALL) -m 644 platform/tpm/sotto_tpm.h "$(DESTDIR)$(INCLUDEDIR)"
	$(Q)$(INSTALL) -m 644 $(O)/libsotto-tpm.a "$(DESTDIR)$(LIBDIR)"
	$(Q)$(INSTALL) -m 755 $(O)/$(TPM_SO) "$(DESTDIR)$(LIBDIR)/libsotto-tpm.so.$(VERSION)"
	$(Q)ln -sf libsotto-tpm.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/$(TPM_SO)"
	$(Q)ln -sf $(TPM_SO) "$(DESTDIR)$(LIBDIR)/libsotto-tpm.so"
	$(Q)sed $(foreach v,PREFIX LIBDIR INCLUDEDIR VERSION,-e 's|@$(v)@|$($(v))|') sotto-tpm.pc.in > "$(DESTDIR)$(LIBDIR)/pkgconfig/sotto-tpm.pc"

uninstall: ## remove what install put there
	$(Q)rm -f $(foreach t,$(TOOLS),"$(DESTDIR)$(BINDIR)/$(t)") $(foreach h,$(notdir $(HEADERS)) sotto_tpm.h,"$(DESTDIR)$(INCLUDEDIR)/$(h)") \
	    $(foreach l,libsotto.a libsotto.so $(SONAME) libsotto.so.$(VERSION) pkgconfig/sotto.pc \
	    libsotto-tpm.a libsotto-tpm.so $(TPM_SO) libsotto-tpm.so.$(VERSION) pkgconfig/sotto-tpm.pc,"$(DESTDIR)$(LIBDIR)/$(l)")

clean: ## remove what was built under O
	$(Q)rm -rf $(addprefix $(O)/,obj man sbom boot static tests audit fault bench examples san cov fuzz size flags libsotto.a libhost.a $(SONAME) libsotto-tpm.a $(TPM_SO) $(TOOLS))
	$(Q)[ ! -d $(O) ] || rmdir --ignore-fail-on-non-empty $(O)

include tools/dev/packaging.mk

help: ## this list
	@awk -F ':.*## ' '/^## / {print "\n" substr($$0,4)} /^[a-z-]+:.*## / {printf "  %-13s %s\n",$$1,$$2}' $(filter-out %.d,$(MAKEFILE_LIST))
	@printf '\nKnobs: O= CC= CROSS_COMPILE= CFLAGS= LDFLAGS= OPT="-O2 -g" PREFIX= DESTDIR= SAN=1 V=1 WERROR=0 SETUP=0\n'

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
