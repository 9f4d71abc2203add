# Slipway. `make help` lists the targets. Variants build side by side in $(BUILD)/<variant>/.
VERSION := 0.1.0
BUILD   ?= .build
PREFIX  ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
TEST_TIMEOUT ?= 120
TEST_VARIANTS ?= $(if $(T),release,release asan tsan)
T ?=
CLANG ?= clang

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
jobs := $(if $(findstring -j,$(MAKEFLAGS))$(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
MAKEFLAGS += --no-builtin-rules $(jobs)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)';)

# --- set-up: included files are remade first, so the flags are asked after installing -----------
no_setup := clean help format uninstall lint
ifneq ($(filter-out $(no_setup),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/setup.mk
is_building := yes
endif
$(BUILD)/setup.mk: .ci/setup
	$(Q)CC='$(CC)' .ci/setup $@

# --- flags -------------------------------------------------------------------------------------
WERROR ?= -Werror
is_clang := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
machine  := $(shell uname -m)
WARN_ALL := -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wconversion -Wsign-conversion \
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wpointer-arith \
  -Wcast-qual -Wwrite-strings -Wswitch -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference
WARN_GCC := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wformat-signedness
WARN     := $(WARN_ALL) $(if $(is_clang),,$(WARN_GCC)) $(WERROR)
BASE     := -std=c17 -D_GNU_SOURCE -DSLIPWAY_VERSION='"$(VERSION)"' -pthread -MMD -MP
AT_PREFIX := -DSLIPWAY_PREFIX='"$(PREFIX)"'
CF_arch_x86_64  := -fcf-protection=full
CF_arch_aarch64 := -mbranch-protection=standard
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
  -fPIE $(if $(is_clang),,-ftrivial-auto-var-init=zero) $(CF_arch_$(machine))
CF_release := $(WARN) -O2 -g $(HARDEN)
LF_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed,-z,defs
CF_debug   := $(WARN) -Og -g3 -fno-omit-frame-pointer
LF_debug   := -Wl,--as-needed
CF_asan    := $(WARN) -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LF_asan    := -fsanitize=address,undefined -Wl,--as-needed
CF_tsan    := $(WARN) -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LF_tsan    := -fsanitize=thread -Wl,--as-needed
CF_analyze := $(WARN) -Og -g -fanalyzer
LF_analyze := -Wl,--as-needed
CC_fuzzer  := $(CLANG)
CF_fuzzer  := $(WARN_ALL) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LF_fuzzer  := -fsanitize=fuzzer,address,undefined

# --- what there is: every folder may be empty ----------------------------------------------------
core_src := $(sort $(wildcard core/*.c core/*/*.c))
tui_src  := $(sort $(wildcard tui/*.c))
support_src := $(sort $(wildcard tests/support/*.c))
sim_src  := $(sort $(filter-out tests/sim/test_%,$(wildcard tests/sim/*.c)))
dirs     := unit wire golden e2e sim
programs := $(sort $(foreach d,$(dirs),$(wildcard tests/$(d)/test_*.c)))
# What is linked into every program of a folder; libFuzzer brings a main of its own.
helpers   = $(sort $(filter-out tests/sim/% $(2)/test_% $(2)/bench_% $(2)/fuzz_% \
  $(if $(filter fuzzer,$(1)),%/replay.c),$(wildcard $(2)/*.c)))
fuzz_src := $(sort $(wildcard tests/fuzz/fuzz_*.c))
bench_src   := $(sort $(wildcard tests/bench/bench_*.c))
preload_src := $(sort $(wildcard tests/preload/*.c))
example_src := $(sort $(wildcard tests/example/*.c))

LIBS = $(CORE_LIBS) -pthread -lm

$(BUILD)/include/slipway.h: core/slipway.h
	$(Q)mkdir -p $(@D) && ln -sf $(abspath $<) $@

# --- rules, once per variant $(1); objects mirror the source tree below $(BUILD)/$(1)/o/ --------
VARIANTS := release debug asan tsan analyze fuzzer
objects = $(patsubst %.c,$(BUILD)/$(1)/o/%.o,$(2))
compile = $(call say,CC,$@)mkdir -p $(@D) && $(or $(CC_$(1)),$(CC)) $(BASE) $(CF_$(1)) $(2) -c -o $@ $<
link    = $(call say,LD,$@)mkdir -p $(@D) && $(or $(CC_$(1)),$(CC)) $(LF_$(1)) -o $@ $(filter %.o %.a,$^)

define variant
.PHONY: $(1) tests-$(1)
$(1): $(if $(wildcard tui/main.c),$(BUILD)/$(1)/slipway) $(if $(wildcard tests/sim/main.c),$(BUILD)/$(1)/slipway-sim) $(BUILD)/$(1)/libslipway.a
tests-$(1): $(1) $(patsubst %.c,$(BUILD)/$(1)/%,$(programs) $(example_src) $(fuzz_src)) \
  $(patsubst tests/preload/%.c,$(BUILD)/$(1)/preload/%.so,$(preload_src))
$(BUILD)/$(1)/o/core/%.o: core/%.c $(BUILD)/flags
	$$(call compile,$(1),-Icore $$(CORE_CFLAGS))
$(BUILD)/$(1)/o/tui/%.o: tui/%.c $(BUILD)/flags $(BUILD)/prefix | $(BUILD)/include/slipway.h
	$$(call compile,$(1),$$(AT_PREFIX) -I$(BUILD)/include $$(TUI_CFLAGS))
$(BUILD)/$(1)/o/tests/example/%.o: tests/example/%.c $(BUILD)/flags | $(BUILD)/include/slipway.h
	$$(call compile,$(1),-I$(BUILD)/include)
$(BUILD)/$(1)/o/tests/%.o: tests/%.c $(BUILD)/flags
	$$(call compile,$(1),-Icore -Itui -Itests -Itests/sim $$(CORE_CFLAGS) $$(TUI_CFLAGS) $$(SIM_CFLAGS) $$(TEST_CFLAGS))
$(BUILD)/$(1)/libslipway.a: $(call objects,$(1),$(core_src))
# Before libslipway.a: the scripted flow stands in for the engine's.
$(BUILD)/$(1)/libsupport.a: $(call objects,$(1),$(support_src))
$(BUILD)/$(1)/libtui.a: $(call objects,$(1),$(filter-out tui/main.c,$(tui_src)))
$(BUILD)/$(1)/libsim.a: $(call objects,$(1),$(filter-out tests/sim/main.c,$(sim_src)))
$(BUILD)/$(1)/%.a:
	$$(call say,AR,$$@)mkdir -p $$(@D) && rm -f $$@ && ar rcsD $$@ $$^
$(BUILD)/$(1)/slipway: $(call objects,$(1),$(tui_src)) $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(TUI_LIBS) $$(LIBS)
$(BUILD)/$(1)/slipway-sim: $(call objects,$(1),$(sim_src)) $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(SIM_LIBS) $$(LIBS)
$(BUILD)/$(1)/preload/%.so: tests/preload/%.c
	$$(call say,SO,$$@)mkdir -p $$(@D) && $$(CC) $$(BASE) $$(WARN) -O1 -g -fPIC -shared -o $$@ $$< -ldl
endef

# $(1) variant, $(2) source: linked with what stands beside it and with everything it may test.
define test_program
$(BUILD)/$(1)/$(2:.c=): $(call objects,$(1),$(2) $(call helpers,$(1),$(patsubst %/,%,$(dir $(2))))) \
  $(BUILD)/$(1)/libsupport.a $(BUILD)/$(1)/libsim.a $(BUILD)/$(1)/libtui.a $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(TEST_LIBS) $$(SIM_LIBS) $$(TUI_LIBS) $$(LIBS)
endef

# A third front end sees the library and its one header, nothing else.
define example_program
$(BUILD)/$(1)/$(2:.c=): $(call objects,$(1),$(2)) $(BUILD)/$(1)/libslipway.a
	$$(call link,$(1)) $$(LIBS)
endef
$(foreach v,$(VARIANTS),$(eval $(call variant,$(v))))
$(foreach v,$(VARIANTS),$(foreach p,$(programs) $(bench_src) $(fuzz_src),$(eval $(call test_program,$(v),$(p)))))
$(foreach v,$(VARIANTS),$(foreach p,$(example_src),$(eval $(call example_program,$(v),$(p)))))
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
.PHONY: all lint test bench fuzz demo install uninstall clean help format ci-full golden-update
all: $(BUILD)/lint.ok release

lint_src := $(shell find Makefile README.md .ci core tui themes tests docs -type f 2>/dev/null)
$(BUILD)/lint.ok: $(lint_src)
	$(Q)mkdir -p $(@D) && sh tests/lint/lint.sh && touch $@
lint:
	$(Q)sh tests/lint/lint.sh

lint_tests  := $(sort $(wildcard tests/lint/test_*.sh tests/lint/lint.sh))
chosen       = $(if $(T),$(patsubst ./%,%,$(T)),$(programs) $(fuzz_src))
test_binaries = $(foreach v,$(TEST_VARIANTS),$(patsubst %.c,$(BUILD)/$(v)/%,$(filter %.c,$(chosen))))
test: $(BUILD)/run $(if $(T),$(TEST_VARIANTS),$(TEST_VARIANTS:%=tests-%)) $(if $(is_building),$(test_binaries))
	$(Q)$(BUILD)/run -t $(TEST_TIMEOUT) -b $(BUILD) $(if $(T),$(filter %.sh,$(T)),$(lint_tests)) $(test_binaries)

golden-update: tests-release $(BUILD)/run
	$(Q)for t in $(patsubst %.c,$(BUILD)/release/%,$(filter tests/golden/%,$(programs))); do \
	  SLIPWAY_GOLDEN_UPDATE=1 SLIPWAY_TOP=$(CURDIR) SLIPWAY_BUILD=$(abspath $(BUILD))/release LC_ALL=C.UTF-8 TZ=UTC $$t; \
	done; git --no-pager diff --stat -- tests/golden; git --no-pager diff -- tests/golden

bench: release $(patsubst %.c,$(BUILD)/release/%,$(bench_src)) \
  $(patsubst tests/preload/%.c,$(BUILD)/release/preload/%.so,$(preload_src))
	$(Q)for b in $(patsubst %.c,$(BUILD)/release/%,$(bench_src)); do \
	  SLIPWAY_TOP=$(CURDIR) SLIPWAY_BUILD=$(abspath $(BUILD))/release SLIPWAY_BIN=$(abspath $(BUILD))/release/slipway \
	  SLIPWAY_SIM_BIN=$(abspath $(BUILD))/release/slipway-sim $$b || exit 1; done

fuzz:
	$(Q).ci/setup --extra
	$(Q)+$(MAKE) --no-print-directory fuzz-programs
	$(Q)for f in $(fuzz_src:tests/fuzz/%.c=%); do \
	  mkdir -p $(BUILD)/corpus/$$f tests/fuzz/corpus/$$f; dict=tests/fuzz/$$f.dict; \
	  echo "$$f: $(FUZZ_SECONDS) s"; \
	  $(BUILD)/fuzzer/tests/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
	    -verbosity=0 -artifact_prefix=$(BUILD)/corpus/crash-$$f- $$([ -f $$dict ] && echo -dict=$$dict) \
	    $(BUILD)/corpus/$$f tests/fuzz/corpus/$$f || exit 1; done
.PHONY: fuzz-programs
fuzz-programs: $(patsubst %.c,$(BUILD)/fuzzer/%,$(fuzz_src))

# Everything that takes longer than a coffee: both compilers, the analyzers, valgrind, long fuzzing.
ci-full: test
	$(Q).ci/setup --extra && MAKE='$(MAKE)' BUILD='$(BUILD)' CLANG='$(CLANG)' FUZZ_SECONDS='$(FUZZ_SECONDS)' .ci/full

demo: release
	$(Q)BUILD='$(BUILD)' .ci/demo

share := $(DESTDIR)$(PREFIX)/share
install: release
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
	install -m 755 $(BUILD)/release/slipway $(DESTDIR)$(PREFIX)/bin/slipway
	install -m 644 $(BUILD)/release/libslipway.a $(DESTDIR)$(PREFIX)/lib/libslipway.a
	install -m 644 core/slipway.h $(DESTDIR)$(PREFIX)/include/slipway.h
	install -d $(share)/slipway/themes $(share)/man/man1 $(share)/doc/slipway
	for f in $(wildcard themes/*); do install -m 644 $$f $(share)/slipway/themes/; done
	for f in $(wildcard docs/*.1); do install -m 644 $$f $(share)/man/man1/; done
	for f in LICENSE README.md $(wildcard docs/*.md docs/*.json docs/*.yaml); do \
	  if [ -f $$f ]; then install -m 644 $$f $(share)/doc/slipway/; fi; done
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/slipway $(DESTDIR)$(PREFIX)/lib/libslipway.a $(DESTDIR)$(PREFIX)/include/slipway.h
	rm -f $(share)/man/man1/slipway.1
	rm -rf $(share)/slipway $(share)/doc/slipway

clean:
	$(Q)rm -rf $(BUILD)
format:
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')
help:
	@sed -n 's/^#? //p' Makefile
