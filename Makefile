# Slipway. Variants build side by side in $(BUILD)/<variant>/. `make help` prints these lines:
#: make [release]     slipway, slipway-sim and libslipway.a in .build/release/ (also: debug asan tsan)
#: make demo          the dashboard on a simulated rollout week
#: make test          lint, then every test in release, asan and tsan; T=tests/unit/test_x.c for one
#: make install       into PREFIX (/usr/local) below DESTDIR; make uninstall takes it out again
#: make bench         measures beside references (PARTS='paint keys rest crowd'); bench-judgement; fuzz; soak
#: make golden-update takes the screens as they are now, with the difference; make docs-screens: README's
#: make lint, format, clean, analyze;  make ci-full: clang, analyzers, valgrind, long fuzzing
#: V=1 shows commands; CC=clang BUILD=.build/clang builds beside; what is missing is installed.
VERSION := 0.1.0
BUILD   ?= .build
PREFIX  ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
TEST_TIMEOUT ?= 120
TEST_JOBS    ?= $(shell echo $$((2 * $$(nproc 2>/dev/null || echo 2)))) # most of a test is waiting
TEST_VARIANTS ?= $(if $(T),release,release asan tsan)
CLANG ?= clang
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
jobs := $(if $(findstring -j,$(MAKEFLAGS))$(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
MAKEFLAGS += --no-builtin-rules $(jobs)
Q := $(if $(V),,@)
is_silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(V),,@$(if $(is_silent),,printf '  %-6s %s\n' '$(1)' '$(2)';))

# --- set-up: included files are remade first, so the flags are asked after installing -----------
no_setup := clean help format uninstall lint
ifneq ($(filter-out $(no_setup),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/setup.mk
is_building := yes
endif
$(BUILD)/setup.mk: .ci/setup ; $(Q)CC='$(CC)' .ci/setup $@

# --- flags -------------------------------------------------------------------------------------
is_clang := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
machine  := $(shell uname -m)
# An error only with the compilers that are tried: a newer one finds new things to warn of.
WERROR ?= $(if $(filter $(if $(is_clang),14,12),$(firstword $(subst ., ,$(shell $(CC) -dumpversion)))),-Werror)
WARN_ALL := -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wconversion -Wsign-conversion \
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wpointer-arith \
  -Wcast-qual -Wwrite-strings -Wswitch -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference
WARN_GCC := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wformat-signedness
WARN     := $(WARN_ALL) $(if $(is_clang),,$(WARN_GCC)) $(WERROR)
BASE     := -std=c17 -D_GNU_SOURCE -DSLIPWAY_VERSION='"$(VERSION)"' -pthread -MMD -MP \
  -ffile-prefix-map=$(CURDIR)=.
AT_PREFIX := -DSLIPWAY_PREFIX='"$(PREFIX)"'
CF_arch_x86_64  := -fcf-protection=full
CF_arch_aarch64 := -mbranch-protection=standard
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
  -fPIE $(if $(is_clang),,-ftrivial-auto-var-init=zero) $(CF_arch_$(machine))
CF_release := $(WARN) -O2 -g $(HARDEN)
LF_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed,-z,defs
LF_plain   := -Wl,--as-needed
CF_debug   := $(WARN) -Og -g3 -fno-omit-frame-pointer
SANITIZE   := -fsanitize=address,undefined
CF_asan    := $(WARN) -O1 -g -fno-omit-frame-pointer $(SANITIZE) -fno-sanitize-recover=all
LF_asan    := $(SANITIZE) -Wl,--as-needed
CF_tsan    := $(WARN) -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LF_tsan    := -fsanitize=thread -Wl,--as-needed
skip_tsan  := tests/golden/% tests/fuzz/% # they start no thread: nothing for it to see
# gcc 12 loses pointers kept inside a larger struct: its leaks are shown, not fatal.
CF_analyze := $(WARN) -Og -g -fanalyzer -Wno-error=analyzer-malloc-leak
CC_fuzzer  := $(CLANG)
CF_fuzzer  := $(WARN_ALL) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LF_fuzzer  := -fsanitize=fuzzer,address,undefined

# --- what there is ---------------------------------------------------------------------------------
core_src := $(sort $(wildcard core/*.c core/*/*.c))
tui_src  := $(sort $(wildcard tui/*.c))
support_src := $(sort $(wildcard tests/support/*.c))
sim_src  := $(sort $(filter-out tests/sim/test_%,$(wildcard tests/sim/*.c)))
programs := $(sort $(foreach d,unit wire engine golden e2e sim,$(wildcard tests/$(d)/test_*.c)))
# What is linked into every program of a folder; libFuzzer brings a main of its own.
helpers   = $(sort $(filter-out tests/sim/% $(2)/test_% $(2)/bench_% $(2)/ref_% $(2)/fuzz_% \
  $(if $(filter fuzzer,$(1)),%/replay.c),$(wildcard $(2)/*.c)))
fuzz_src := $(sort $(wildcard tests/fuzz/fuzz_*.c))
bench_src   := $(sort $(wildcard tests/bench/bench_*.c))
ref_src     := $(sort $(wildcard tests/bench/ref_*.c))
preload_src := $(sort $(wildcard tests/preload/*.c))
example_src := $(sort $(wildcard tests/example/*.c))
LIBS = $(CORE_LIBS) -pthread -lm
$(BUILD)/include/slipway.h: core/slipway.h
	$(Q)mkdir -p $(@D) && ln -sf $(abspath $<) $@

# --- rules, once per variant $(1); objects mirror the source tree below $(BUILD)/$(1)/o/ --------
VARIANTS := release debug asan tsan analyze fuzzer
objects = $(patsubst %.c,$(BUILD)/$(1)/o/%.o,$(2))
compile = $(call say,CC,$@)mkdir -p $(@D) && $(or $(CC_$(1)),$(CC)) $(BASE) $(CF_$(1)) $(2) -c -o $@ $<
link    = $(call say,LD,$@)mkdir -p $(@D) && $(or $(CC_$(1)),$(CC)) $(or $(LF_$(1)),$(LF_plain)) -o $@ $(filter %.o %.a,$^)

define variant
.PHONY: $(1) aids-$(1) tests-$(1)
$(1): $(addprefix $(BUILD)/$(1)/,slipway slipway-sim libslipway.a)
aids-$(1): $(1) $(patsubst %.c,$(BUILD)/$(1)/%,$(example_src)) \
  $(patsubst tests/preload/%.c,$(BUILD)/$(1)/preload/%.so,$(preload_src))
tests-$(1): aids-$(1) $(patsubst %.c,$(BUILD)/$(1)/%,$(filter-out $(skip_$(1)),$(programs) $(fuzz_src)))
$(BUILD)/$(1)/o/core/%.o: core/%.c $(BUILD)/flags
	$$(call compile,$(1),-Icore $$(CORE_CFLAGS))
$(BUILD)/$(1)/o/tui/%.o: tui/%.c $(BUILD)/flags $(BUILD)/prefix | $(BUILD)/include/slipway.h
	$$(call compile,$(1),$$(AT_PREFIX) -I$(BUILD)/include $$(TUI_CFLAGS))
$(BUILD)/$(1)/o/tests/example/%.o: tests/example/%.c $(BUILD)/flags | $(BUILD)/include/slipway.h
	$$(call compile,$(1),-I$(BUILD)/include)
$(BUILD)/$(1)/o/tests/%.o: tests/%.c $(BUILD)/flags
	$$(call compile,$(1),-Wno-null-dereference -Wno-double-promotion -Icore -Itui -Itests -Itests/sim $$(CORE_CFLAGS) $$(TUI_CFLAGS) $$(SIM_CFLAGS) $$(TEST_CFLAGS))
$(BUILD)/$(1)/libslipway.a: $(call objects,$(1),$(core_src))
# Before libslipway.a: the scripted flow stands in for the engine's.
$(BUILD)/$(1)/libsupport.a: $(call objects,$(1),$(support_src))
$(BUILD)/$(1)/libtui.a: $(call objects,$(1),$(filter-out tui/main.c,$(tui_src)))
$(BUILD)/$(1)/libsim.a: $(call objects,$(1),$(filter-out tests/sim/main.c,$(sim_src)))
$(BUILD)/$(1)/%.a:
# `q`: two folders may hold a file of the same name
	$$(call say,AR,$$@)mkdir -p $$(@D) && rm -f $$@ && ar qcsD $$@ $$^
$(BUILD)/$(1)/slipway: $(call objects,$(1),tui/main.c) $(BUILD)/$(1)/libtui.a $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(TUI_LIBS) $$(LIBS)
$(BUILD)/$(1)/slipway-sim: $(call objects,$(1),$(sim_src)) $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(SIM_LIBS) $$(LIBS)
$(BUILD)/$(1)/preload/%.so: tests/preload/%.c
	$$(call say,SO,$$@)mkdir -p $$(@D) && $$(CC) $$(BASE) $$(WARN) -O1 -g -fPIC -shared -o $$@ $$< -ldl
endef

# $(1) variant, $(2) source: linked with what stands beside it and with everything it may test. The
# scripted flow of tests/support stays out of the engine's own tests.
define test_program
$(BUILD)/$(1)/$(2:.c=): $(call objects,$(1),$(2) $(call helpers,$(1),$(patsubst %/,%,$(dir $(2))))) \
  $(if $(filter tests/engine/%,$(2)),,$(BUILD)/$(1)/libsupport.a) $(BUILD)/$(1)/libsim.a $(BUILD)/$(1)/libtui.a $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(TEST_LIBS) $$(SIM_LIBS) $$(TUI_LIBS) $$(LIBS)
endef

# A third front end: the library and its one header.
define example_program
$(BUILD)/$(1)/$(2:.c=): $(call objects,$(1),$(2)) $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(LIBS)
endef
$(foreach v,$(VARIANTS),$(eval $(call variant,$(v))))
$(foreach v,$(VARIANTS),$(foreach p,$(programs) $(bench_src) $(wildcard tests/bench/judgement/*.c) $(fuzz_src),$(eval $(call test_program,$(v),$(p)))))
$(foreach v,$(VARIANTS),$(foreach p,$(example_src),$(eval $(call example_program,$(v),$(p)))))
# What a bench stands beside: nothing of ours.
$(BUILD)/release/tests/bench/ref_%: $(BUILD)/release/o/tests/bench/ref_%.o ; $(call link,release) $(TUI_LIBS) $(CORE_LIBS)
$(BUILD)/run: tests/run.c
	$(Q)mkdir -p $(@D) && $(CC) -std=c17 -D_GNU_SOURCE -Wall -Wextra -O1 -g -o $@ $<
-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')

# Objects are remade when the flags change: the files are touched only then.
ifdef is_building
remember = $(shell mkdir -p $(BUILD); printf '%s' $(2) | cmp -s - $(1) || printf '%s' $(2) >$(1))
$(call remember,$(BUILD)/flags,'$(subst ','"'"',$(CC) $(BASE) $(foreach v,$(VARIANTS),$(CF_$(v)) $(LF_$(v))))')
$(call remember,$(BUILD)/prefix,'$(subst ','"'"',$(AT_PREFIX))')
endif
$(BUILD)/flags $(BUILD)/prefix: ;

# --- what people type ----------------------------------------------------------------------------
.PHONY: all lint test soak bench bench-judgement fuzz demo docs-screens install uninstall clean help format ci-full golden-update fuzz-programs
all: $(BUILD)/lint.ok release
lint_src := $(shell find Makefile README.md .ci core tui themes tests docs -type f 2>/dev/null)
$(BUILD)/lint.ok: $(lint_src)
	$(Q)mkdir -p $(@D) && sh tests/lint/lint.sh && touch $@
lint: ; $(Q)sh tests/lint/lint.sh
lint_tests  := $(sort $(wildcard tests/lint/test_*.sh tests/lint/lint.sh))
chosen       = $(if $(T),$(patsubst ./%,%,$(T)),$(programs) $(fuzz_src))
test_binaries = $(foreach v,$(TEST_VARIANTS),$(patsubst %.c,$(BUILD)/$(v)/%,$(filter-out $(if $(T),,$(skip_$(v))),$(filter %.c,$(chosen)))))
test: $(BUILD)/run $(TEST_VARIANTS:%=$(if $(T),aids,tests)-%) $(if $(is_building),$(test_binaries))
	$(Q)$(BUILD)/run -j $(TEST_JOBS) -t $(TEST_TIMEOUT) -b $(BUILD) $(if $(T),$(filter %.sh,$(T)),$(lint_tests)) $(test_binaries)
soak: ; $(Q)SLIPWAY_SOAK_HOURS=168 SLIPWAY_WALK_STEPS=10000 $(MAKE) test T='tests/e2e/test_soak.c tests/e2e/test_walk.c' TEST_VARIANTS='release asan tsan' TEST_TIMEOUT=7200
as_test := env SLIPWAY_TOP=$(CURDIR) SLIPWAY_VARIANT=release SLIPWAY_BUILD=$(abspath $(BUILD))/release \
  SLIPWAY_BIN=$(abspath $(BUILD))/release/slipway SLIPWAY_SIM_BIN=$(abspath $(BUILD))/release/slipway-sim \
  LC_ALL=C.UTF-8 TZ=UTC
golden-update: tests-release
	-$(Q)for t in $(patsubst %.c,$(BUILD)/release/%,$(filter tests/golden/%,$(programs))); do \
	  $(as_test) SLIPWAY_GOLDEN_UPDATE=1 $$t; done; git --no-pager diff --stat -p -- tests/golden
bench: aids-release $(patsubst %.c,$(BUILD)/release/%,$(bench_src) $(ref_src))
	$(Q)for b in $(patsubst %.c,$(BUILD)/release/%,$(bench_src)); do $(as_test) $$b $(PARTS) || exit 1; done
bench-judgement: $(BUILD)/release/tests/bench/judgement/bench_judgement ; $(Q)$(as_test) $<
fuzz:
	$(Q)+.ci/setup --extra && $(MAKE) --no-print-directory fuzz-programs
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) .ci/fuzz $(BUILD) $(fuzz_src:tests/fuzz/%.c=%)
fuzz-programs: $(patsubst %.c,$(BUILD)/fuzzer/%,$(fuzz_src))
ci-full: test
	$(Q).ci/setup --extra && MAKE='$(MAKE)' BUILD='$(BUILD)' CLANG='$(CLANG)' FUZZ_SECONDS='$(FUZZ_SECONDS)' .ci/full
demo docs-screens: release
	$(Q)BUILD='$(BUILD)' .ci/$@
root  := $(DESTDIR)$(PREFIX)
share := $(root)/share
into   = install -d $(1) && install -m $(3) $(2) $(1)/
install: release
	$(call into,$(root)/bin,$(BUILD)/release/slipway,755)
	$(call into,$(root)/lib,$(BUILD)/release/libslipway.a,644)
	$(call into,$(root)/include,core/slipway.h,644)
	$(call into,$(share)/slipway/themes,$(wildcard themes/*),644)
	$(call into,$(share)/man/man1,$(wildcard docs/*.1),644)
	$(foreach d,. sources runbooks examples,$(call into,$(share)/doc/slipway/docs/$(d),$(wildcard docs/$(d)/*.md docs/$(d)/*.json docs/$(d)/*.yaml),644) &&) $(call into,$(share)/doc/slipway,LICENSE README.md,644)
uninstall:
	rm -f $(root)/bin/slipway $(root)/lib/libslipway.a $(root)/include/slipway.h $(share)/man/man1/slipway.1
	rm -rf $(share)/slipway $(share)/doc/slipway
clean: ; $(Q)rm -rf $(BUILD)
format:
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')
help: ; @sed -n 's/^#: //p' Makefile
