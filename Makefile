# SPDX-License-Identifier: MIT
#
# A thin front for Meson: `make` leaves build/iommukit and three libraries, `make help` lists the rest.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?= false
MESON   ?= meson

setup    = $(MESON) setup --prefix='$(PREFIX)' -Dwerror=$(WERROR)
sanitize = $(setup) -Dtests=enabled -Db_lundef=false -Dc_args=-fno-sanitize-recover=all
again    = $(MAKE) --no-print-directory

.PHONY: all help deps run run-kernel uefi check check-san bench qemu-fuzz mutants tidy coverage-doc dist deb check-deb size-table \
	install clean format

all: $(BUILD)/build.ninja ## build the command and the libraries (the default)
	@$(MESON) compile -C $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16

# The first build leaves the tests out; `make check` adds them.
$(BUILD)/build.ninja:
	$(setup) -Dtests=disabled $(BUILD)

$(BUILD)/.tests: | $(BUILD)/build.ninja
	$(MESON) configure $(BUILD) -Dtests=enabled -Dfuzz_seconds=60 -Dwerror=$(WERROR)
	@touch $@

deps: ## install what building and running needs
	@scripts/deps run

run: deps ## deps, build the command, share one device among tenants
	@$(again) -s $(BUILD)/build.ninja
	@$(MESON) compile -C $(BUILD) iommukit:executable
	$(BUILD)/iommukit share --seed 2018

run-kernel: ## boot the example kernel in QEMU: it isolates two devices of a machine of its own
	@scripts/deps check
	@$(again) -s $(BUILD)/build.ninja
	@$(MESON) compile -C $(BUILD) kernel
	examples/kernel/run $(BUILD)/examples/kernel/kernel

uefi: ## build iommukit.efi: on a USB stick as \EFI\BOOT\BOOTX64.EFI it tells what a machine can do
	@scripts/deps check
	@$(again) -s $(BUILD)/build.ninja
	@$(MESON) setup --reconfigure $(BUILD) >/dev/null
	@$(MESON) compile -C $(BUILD) iommukit.efi
	@echo '$(BUILD)/examples/uefi/iommukit.efi'

check: ## deps, build, run all tests; the last line counts them
	@scripts/deps check
	@$(again) -s $(BUILD)/.tests
	@$(again) all
	@scripts/run-tests $(BUILD)

check-san: ## the tests again under ASan and UBSan, the threaded ones under TSan
	@scripts/deps check
	@test -e build-asan/build.ninja || $(sanitize) -Db_sanitize=address,undefined build-asan
	@test -e build-tsan/build.ninja || $(sanitize) -Db_sanitize=thread build-tsan
	@$(MESON) compile -C build-asan
	@$(MESON) compile -C build-tsan
	@scripts/run-tests build-asan --no-suite house --timeout-multiplier 5
	@scripts/run-tests build-tsan --suite threads --timeout-multiplier 10

bench: ## measure against the machine's limits, with PEERS=linux against Linux 6.1. ROWS=1-6 SECONDS=2 DOC=1 (docs/PERFORMANCE.md)
	@scripts/deps run
	@scripts/deps bench$(if $(filter linux,$(PEERS)),-linux) || echo 'bench: going on without'
	@scripts/bench $(if $(filter linux,$(PEERS)),--linux) $(if $(ROWS),--rows $(ROWS)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(DOC),--doc)

qemu-fuzz: ## QEMU and the model side by side, random worlds for SECONDS=60. SEED=n repeats a run
	@scripts/deps check
	@$(again) -s $(BUILD)/.tests
	@$(again) all
	IOMMUKIT_SECONDS=$(or $(SECONDS),60) $(if $(SEED),IOMMUKIT_SEED=$(SEED)) $(BUILD)/tests/test_differential

mutants: ## break each flush, wait and check in turn: a test must fail. SAMPLE=5 SEED=1 ONLY=id IN=file JOBS=2
	@scripts/deps check
	@scripts/mutants $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(IN),--in $(IN)) $(if $(JOBS),--jobs $(JOBS))

tidy: ## clang-tidy and cppcheck
	@scripts/deps check
	@$(again) -s $(BUILD)/.tests
	@$(again) all
	@scripts/tidy $(BUILD)

coverage-doc: ## write docs/COVERAGE.md again
	@scripts/check-coverage --write

dist: ## write dist/: the libraries as two files each, for builds that want no more
	@scripts/amalgamate dist

deb: ## build the Debian packages from a copy of the tree, look at them with lintian, leave them in build-deb/
	@scripts/deps deb
	@scripts/deb

check-deb: ## make deb, install them here, compile and run the README's example, take them off again
	@scripts/deps deb
	@scripts/deb --check

size-table: ## write the README's table of sizes and costs again
	@scripts/deps check
	@$(again) -s $(BUILD)/.tests
	@$(MESON) compile -C $(BUILD) object-costs
	@scripts/size-table --write $(BUILD)/tests/costs/object-costs

install: all ## to $(DESTDIR)$(PREFIX)
	@$(MESON) configure $(BUILD) --prefix='$(PREFIX)'
	@DESTDIR='$(abspath $(DESTDIR))' $(MESON) install -C $(BUILD)

format: ## clang-format on every C file
	@find core drivers models platform include spec tools examples tests -name '*.[ch]' \
		-exec clang-format -i {} +

clean: ## remove what was built
	rm -rf $(BUILD) dist build-asan build-tsan build-mutants build-bench build-deb
