# Sotto. `make help` lists what can be made.

# ---- Knobs: set on the command line; CFLAGS, CPPFLAGS and LDFLAGS are appended, never replaced
CC            ?= cc
CROSS_COMPILE ?=
PKG_CONFIG    ?= pkg-config
O             ?= build
PREFIX        ?= /usr/local
DESTDIR       ?=
DATA          ?=
V             ?= 0
ifneq ($(CROSS_COMPILE),)
CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
endif
Q := $(if $(filter 1,$(V)),,@)

WARN  := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
OURS  := -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -I. -fvisibility=hidden -fPIC -MMD -MP
OPT   ?= -O2 -g
pc     = $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null)

DEVICE_PC := libsodium sqlite3
HOST_PC   := openblas liblzma libzstd
LDLIBS_DEVICE = $(call pc,--libs,$(DEVICE_PC))
LDLIBS_HOST   = $(LDLIBS_DEVICE) $(call pc,--libs,$(HOST_PC)) -lm -lpthread

# ---- What is built from what
LIB_SRC := $(sort $(wildcard src/*.c src/*/*.c platform/linux/*.c))
SIM_SRC := $(sort $(wildcard platform/sim/*.c))
TOOLS   := $(sort $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c)))
UNITS   := $(sort $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)))
BENCHES := $(sort $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/bench_*.c)))
HEADERS := include/sotto.h include/sotto_port.h include/sotto_report.h platform/linux/sotto_linux.h

obj       = $(patsubst %.c,$(O)/obj/%.o,$(1))
LIB_OBJ  := $(call obj,$(LIB_SRC))
HOST_SRC := $(sort $(wildcard tools/common/*.c) $(SIM_SRC) \
              $(filter-out %/main.c,$(foreach t,$(TOOLS),$(wildcard tools/$(t)/*.c))))
HOST_OBJ := $(call obj,$(HOST_SRC))
TEST_OBJ := $(call obj,$(sort $(wildcard tests/support/*.c)))

.PHONY: all lib tools test demo bench lint size install uninstall clean help setup check-walls \
        build-tests examples
.DEFAULT_GOAL := all
.SECONDARY:

## Build
all: lib tools ## the library and the tools
lib: $(O)/libsotto.a $(O)/libsotto.so.0 ## the device library alone (needs libsodium and SQLite only)
tools: $(TOOLS:%=$(O)/%) ## sotto-pack, sotto-sim, sotto-fleet
examples: $(O)/examples/kiosk ## the program in the README

$(O)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  CC    $<")
	$(Q)$(CC) $(OURS) $(WARN) $(OPT) $(call pc,--cflags,$(if $(filter tools/% tests/%,$<),$(DEVICE_PC) $(HOST_PC),$(DEVICE_PC))) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(O)/libsotto.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(O)/libsotto.so.0: $(LIB_OBJ) src/libsotto.map
	$(Q)$(CC) -shared -Wl,-soname,libsotto.so.0 -Wl,--version-script=src/libsotto.map -Wl,-z,relro,-z,now,--no-undefined \
	    $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJ) $(LDLIBS_DEVICE)

$(O)/libhost.a: $(HOST_OBJ)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(TOOLS:%=$(O)/%): $(O)/%: $(O)/obj/tools/%/main.o $(O)/libhost.a $(O)/libsotto.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_HOST)

$(O)/tests/%: $(O)/obj/tests/unit/%.o $(TEST_OBJ) $(O)/libhost.a $(O)/libsotto.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pc,--libs,cmocka) $(LDLIBS_HOST)

$(O)/bench/%: $(O)/obj/tests/bench/%.o $(TEST_OBJ) $(O)/libhost.a $(O)/libsotto.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_HOST)

## Try and test
setup: ## install what is missing (Debian 12; SETUP=0 skips)
	@[ "$(SETUP)" = 0 ] || tools/dev/setup.sh $(SETUP_FOR)

demo: ## the whole story on generated shoppers, or on DATA=transactions.csv[.xz|.zst]
	@$(MAKE) --no-print-directory setup SETUP_FOR=build
	@$(MAKE) --no-print-directory -j2 all
	@O=$(O) DATA=$(DATA) tools/dev/demo.sh

build-tests: all examples $(UNITS:%=$(O)/tests/%)
test: ## every unit and system test; the last line sums them up
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) --no-print-directory -j2 build-tests
	@O=$(O) tests/run.sh $(T)

bench: ## speed, memory and bytes, measured
	@$(MAKE) --no-print-directory setup SETUP_FOR=test
	@$(MAKE) --no-print-directory -j2 all $(BENCHES:%=$(O)/bench/%)
	@for b in $(BENCHES); do $(O)/bench/$$b || exit 1; done

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
