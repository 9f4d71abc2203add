# Slipway. `make help` lists the targets. Variants build side by side in $(BUILD)/<variant>/.
VERSION := 0.1.0
BUILD   ?= .build
PREFIX  ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
TEST_TIMEOUT ?= 120
TEST_VARIANTS ?= release asan tsan
CLANG ?= clang

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)';)

# --- set-up: included files are remade first, so the flags are asked after installing -----------
no_setup := clean help format uninstall lint
ifneq ($(filter-out $(no_setup),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/setup.mk
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
BASE     := -std=c17 -D_GNU_SOURCE -DSLIPWAY_VERSION='"$(VERSION)"' -DSLIPWAY_PREFIX='"$(PREFIX)"' \
  -pthread -MMD -MP
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
CC_fuzz    := $(CLANG)
CF_fuzz    := $(WARN_ALL) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LF_fuzz    := -fsanitize=fuzzer,address,undefined

# --- what there is: every folder may be empty ----------------------------------------------------
core_src := $(sort $(wildcard core/*.c core/*/*.c))
tui_src  := $(sort $(wildcard tui/*.c))
sim_src  := $(sort $(filter-out tests/sim/test_%,$(wildcard tests/sim/*.c)))
dirs     := unit wire golden e2e sim
programs := $(sort $(foreach d,$(dirs),$(wildcard tests/$(d)/test_*.c)))
helpers   = $(sort $(filter-out $(1)/test_% $(1)/bench_%,$(wildcard $(1)/*.c)))
fuzz_src := $(sort $(wildcard tests/fuzz/fuzz_*.c))
bench_src   := $(sort $(wildcard tests/bench/bench_*.c))
preload_src := $(sort $(wildcard tests/preload/*.c))
example_src := $(sort $(wildcard tests/example/*.c))

INC_core := -Icore
INC_tui  := -I$(BUILD)/include
INC_tests := -Icore -Itui
LIBS = $(CORE_LIBS) -pthread -lm

$(BUILD)/include/slipway.h: core/slipway.h
	$(Q)mkdir -p $(@D) && ln -sf $(abspath $<) $@

# --- rules, once per variant $(1); objects mirror the source tree below $(BUILD)/$(1)/o/ --------
VARIANTS := release debug asan tsan analyze fuzz
objects = $(patsubst %.c,$(BUILD)/$(1)/o/%.o,$(2))
compile = $(call say,CC,$@)mkdir -p $(@D) && $(or $(CC_$(1)),$(CC)) $(BASE) $(CF_$(1)) $(2) -c -o $@ $<
link    = $(call say,LD,$@)mkdir -p $(@D) && $(or $(CC_$(1)),$(CC)) $(LF_$(1)) -o $@ $(filter %.o %.a,$^)

define variant
.PHONY: $(1) tests-$(1)
$(1): $(if $(tui_src),$(BUILD)/$(1)/slipway) $(if $(sim_src),$(BUILD)/$(1)/slipway-sim) $(BUILD)/$(1)/libslipway.a
tests-$(1): $(1) $(patsubst %.c,$(BUILD)/$(1)/%,$(programs) $(example_src) $(fuzz_src)) \
  $(patsubst tests/preload/%.c,$(BUILD)/$(1)/preload/%.so,$(preload_src))
$(BUILD)/$(1)/o/core/%.o: core/%.c
	$$(call compile,$(1),-Icore $$(CORE_CFLAGS))
$(BUILD)/$(1)/o/tui/%.o: tui/%.c | $(BUILD)/include/slipway.h
	$$(call compile,$(1),-I$(BUILD)/include $$(TUI_CFLAGS))
$(BUILD)/$(1)/o/tests/example/%.o: tests/example/%.c | $(BUILD)/include/slipway.h
	$$(call compile,$(1),-I$(BUILD)/include)
$(BUILD)/$(1)/o/tests/%.o: tests/%.c
	$$(call compile,$(1),-Icore -Itui -Itests/sim $$(CORE_CFLAGS) $$(TUI_CFLAGS) $$(SIM_CFLAGS) $$(TEST_CFLAGS))
$(BUILD)/$(1)/libslipway.a: $(call objects,$(1),$(core_src))
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
$(BUILD)/$(1)/$(2:.c=): $(call objects,$(1),$(2) $(filter-out tests/sim/%,$(call helpers,$(patsubst %/,%,$(dir $(2)))))) \
  $(BUILD)/$(1)/libsim.a $(BUILD)/$(1)/libtui.a $(BUILD)/$(1)/libslipway.a
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
-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')

# --- what people type ----------------------------------------------------------------------------
.PHONY: all lint test bench fuzz demo install uninstall clean help format ci-full golden-update
all: $(BUILD)/lint.ok release

lint_src := $(shell find Makefile .ci core tui themes tests docs -type f 2>/dev/null)
$(BUILD)/lint.ok: $(lint_src)
	$(Q)mkdir -p $(@D) && sh tests/lint/lint.sh && touch $@
lint:
	$(Q)sh tests/lint/lint.sh

clean:
	$(Q)rm -rf $(BUILD)
format:
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')
