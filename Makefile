# Everything that is built, tested and measured, by the names that CONTRIBUTING.md uses. `make help` lists them.
# build and demo need cargo, a C compiler, make and Python 3; the others install what they lack (scripts/setup.sh).
SHELL := /bin/bash

.PHONY: help build demo test bench size header fuzz install firmware check clean
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

# ---- the library for this machine, and the C programs on it

RELEASE := target/release
CFLAGS ?= -O2 -g
C_CHECKED := -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude -Iports/posix
LIBS := -lpthread -ldl -lm
PORT_SOURCES := $(wildcard ports/posix/*.c)
PORT_HEADERS := $(wildcard ports/posix/*.h) $(wildcard ports/at-modem/*.h) include/whimbrel.h
# the modem's port, for the programs that name it
AT_MODEM := $(wildcard ports/at-modem/*.c)
with_modem = $(if $(shell grep -l whimbrel_at_modem.h $(1)),-Iports/at-modem $(AT_MODEM))
# and that of PC/SC; the test of tests/c plays the library itself
PCSC := $(wildcard ports/pcsc/*.c)
PCSC_FLAGS = -Iports/pcsc $$(pkg-config --cflags libpcsclite)
with_pcsc = $(if $(shell grep -l whimbrel_pcsc.h $(1)),$(PCSC_FLAGS) $(PCSC))
# that of PC/SC needs a library that only test-uicc installs: `make target/examples-c/card_pcsc`
EXAMPLES := $(patsubst examples-c/%.c,target/examples-c/%,$(filter-out examples-c/card_pcsc.c,$(wildcard examples-c/*.c)))

.PHONY: library examples
build: library examples ## the static and the shared library, and every C example

# cargo knows what is up to date; the archive is its result, and examples are linked again only if it changed.
library:
	cargo rustc --quiet --lib --release --crate-type staticlib
	cargo rustc --quiet --lib --release --crate-type cdylib -- -C link-arg=-Wl,-soname,libwhimbrel.so.$(SOVERSION)

$(RELEASE)/libwhimbrel.a: library ;

examples: $(EXAMPLES)

target/examples-c/%: examples-c/%.c $(PORT_SOURCES) $(AT_MODEM) $(PORT_HEADERS) $(RELEASE)/libwhimbrel.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(C_CHECKED) $< $(call with_modem,$<) $(PORT_SOURCES) $(RELEASE)/libwhimbrel.a $(LIBS) -o $@

# ---- DTLS: the backend of ports/mbedtls on Mbed TLS, for the examples that name it

TLS := target/mbedtls/host
BACKEND := $(wildcard ports/mbedtls/*.c)
C_SECURED = -Iports/mbedtls $$(cat $(TLS)/cflags) $(BACKEND)
SECURED := $(patsubst examples-c/%.c,target/examples-c/%,$(shell grep -l whimbrel_mbedtls.h examples-c/*.c))

.PHONY: mbedtls
mbedtls: ## Mbed TLS for this machine; MBEDTLS=PATH takes another tree than the pinned one
	scripts/mbedtls.sh

$(TLS)/libmbedtls.a: mbedtls ;

$(SECURED): target/examples-c/%: examples-c/%.c $(PORT_SOURCES) $(PORT_HEADERS) $(BACKEND) $(wildcard ports/mbedtls/*.h) \
		$(TLS)/libmbedtls.a $(RELEASE)/libwhimbrel.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(C_CHECKED) $(C_SECURED) $< $(call with_modem,$<) $(call with_pcsc,$<) $(PORT_SOURCES) $(RELEASE)/libwhimbrel.a $(TLS)/libmbedtls.a $(LIBS) $(if $(findstring pcsc,$@),$$(pkg-config --libs libpcsclite)) -o $@

# the bench's programs: what the engine is linked with for size would cost half a minute for each
LAB := CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo build --quiet --release -p whimbrel-lab

lab-server:
	$(LAB) --bin lab-server --bin lab-dtls --bin lab-bootstrap --bin lab-smsc

# Tests in C, one program each: once for valgrind, once with sanitizers in the C code.
TESTS_C := $(patsubst tests/c/%.c,target/tests-c/%,$(wildcard tests/c/*.c))
# storage in flash needs neither FreeRTOS nor anything else
FLASH := ports/freertos/storage.c ports/freertos/flash_log.c
with_flash = $(if $(shell grep -l fake_flash.h $(1)),-Iports/freertos $(FLASH))
TEST_C_NEEDS := $(wildcard tests/c/*.h) $(FLASH) $(wildcard ports/freertos/*flash*.h) $(PORT_SOURCES) $(AT_MODEM) $(PCSC) $(wildcard ports/pcsc/*.h) $(PORT_HEADERS) $(RELEASE)/libwhimbrel.a
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

tests-c: $(TESTS_C) $(TESTS_C:%=%.sanitized)

target/tests-c/%: tests/c/%.c $(TEST_C_NEEDS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(C_CHECKED) $< $(call with_modem,$<) $(call with_pcsc,$<) $(call with_flash,$<) $(PORT_SOURCES) $(RELEASE)/libwhimbrel.a $(LIBS) -o $@

target/tests-c/%.sanitized: tests/c/%.c $(TEST_C_NEEDS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) $(C_CHECKED) $< $(call with_modem,$<) $(call with_pcsc,$<) $(call with_flash,$<) $(PORT_SOURCES) $(RELEASE)/libwhimbrel.a $(LIBS) -o $@

.PHONY: lab-server tests-c
demo: library lab-server $(addprefix target/examples-c/,demo psk bootstrap) ## C clients against the embedded server, message by message
	scripts/demo.sh
	scripts/demo-dtls.sh
	scripts/demo-bootstrap.sh

header: ## write include/whimbrel.h anew from src/capi
	cargo run --quiet -p whimbrel-header

# ---- firmware: Debian's rustc brings the source of core, so that no nightly and no rustup target is needed

FIRMWARE_RUSTC ?= /usr/bin/rustc
FIRMWARE_OPT ?= z
FIRMWARE_TARGETS := thumbv6m-none-eabi thumbv7em-none-eabi thumbv7em-none-eabihf thumbv8m.main-none-eabi

.PHONY: $(addprefix firmware-,$(FIRMWARE_TARGETS))
firmware: $(addprefix firmware-,$(FIRMWARE_TARGETS)) ## an archive per CPU, in target/firmware/<target>/release

$(addprefix firmware-,$(FIRMWARE_TARGETS)): firmware-%: setup-firmware
	scripts/firmware.sh $* $(FIRMWARE_OPT)

# ---- checks and tests; each stage is a target of its own

# the long ones first, so that two at a time end together
STAGES := check test-interop test-qemu test-sdk test-rust test-tools test-firmware test-examples test-zephyr fuzz-smoke test-sms test-mbedtls test-uicc test-bench size bench test-header

.PHONY: $(STAGES)
test: ## all checks, tests, budgets and a short fuzzing; prints the time of each stage
	-scripts/setup.sh
	-$(MAKE) --no-print-directory -j2 -k test-needs
	scripts/stages.sh $(STAGES)

check: setup-check ## formatting, lints, header drift, documentation
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cargo run --quiet -p whimbrel-header -- --verify
	scripts/c-format.sh
	docs/check-snippets.sh
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps

test-rust:
	cargo test --workspace

# the Python package: the client, its DTLS backend and the process of the lab, which the wheel takes from one directory
BENCH_NATIVE := target/bench-native

$(BENCH_NATIVE)/libwhimbrel_mbedtls.so: $(BACKEND) $(wildcard ports/mbedtls/*.h) include/whimbrel.h $(TLS)/libmbedtls.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(C_CHECKED) -fPIC -shared $(C_SECURED) $(TLS)/libmbedtls.a -Wl,-z,defs -Wl,--exclude-libs,ALL -o $@

.PHONY: bench-native
bench-native: library $(BENCH_NATIVE)/libwhimbrel_mbedtls.so
	$(LAB) --bin lab-bench
	cp -p $(RELEASE)/libwhimbrel.so $(RELEASE)/lab-bench $(BENCH_NATIVE)

# its tests run where pip has installed it from the tree
BENCH_ENV := target/bench-env

$(BENCH_ENV)/ready: tests/bench/requirements.txt | setup-python
	python3 -m venv --clear $(BENCH_ENV)
	$(BENCH_ENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

test-bench: setup-c $(BENCH_ENV)/ready bench-native
	WHIMBREL_NATIVE=$(CURDIR)/$(BENCH_NATIVE) $(BENCH_ENV)/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps ./tests/bench
	cd tests/bench && ../../$(BENCH_ENV)/bin/python -m mypy
	cd tests/bench && ../../$(BENCH_ENV)/bin/python -m pytest -q

test-examples: setup-c setup-dtls setup-card build lab-server tests-c
	scripts/test-examples.sh

# the backend by itself: PSK and every rule of certificates, two of them in memory; once more under valgrind and with sanitizers
test-mbedtls: setup-c setup-dtls
	tests/mbedtls/run.sh
	tests/mbedtls/run.sh valgrind
	tests/mbedtls/run.sh sanitizers

# short messages: TPDUs and secured packets against what others' code makes, in an environment of their own
SMS_PEERS := target/sms-peers

$(SMS_PEERS)/ready: tests/sms/requirements.txt | setup-python
	python3 -m venv --clear $(SMS_PEERS)
	$(SMS_PEERS)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: test-sms
test-sms: $(SMS_PEERS)/ready setup-dtls
	$(LAB) --bin lab-tpdu --bin lab-packet
	$(SMS_PEERS)/bin/python -m unittest discover -s tests/sms

# the UICC: cards, PKCS#15 and secure channels against independent code, in an environment of their own; PC/SC with OpenSC
UICC_PEERS := target/uicc-peers

$(UICC_PEERS)/ready: tests/uicc/requirements.txt | setup-python
	python3 -m venv --clear $(UICC_PEERS)
	$(UICC_PEERS)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

target/tests-uicc/pcsc: tests/uicc/pcsc.c $(PCSC) ports/pcsc/whimbrel_pcsc.h include/whimbrel.h | setup-card
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(C_CHECKED) $< $(PCSC_FLAGS) $(PCSC) $$(pkg-config --libs libpcsclite) -o $@

.PHONY: test-uicc
test-uicc: $(UICC_PEERS)/ready setup-card setup-dtls target/tests-uicc/pcsc target/examples-c/card_pcsc
	$(LAB) --bin lab-uicc --bin lab-uicc-peer
	$(UICC_PEERS)/bin/python -m unittest discover -s tests/uicc

# the Zephyr port on fakes of the calls that it makes, its Kconfig by kconfiglib, its CMake with commands of our own
ZEPHYR_ENV := target/zephyr-env

$(ZEPHYR_ENV)/ready: tests/zephyr/requirements.txt | setup-python
	python3 -m venv --clear $(ZEPHYR_ENV)
	$(ZEPHYR_ENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: test-zephyr
test-zephyr: $(ZEPHYR_ENV)/ready setup-c setup-zephyr setup-dtls library mbedtls lab-server firmware-thumbv7em-none-eabihf
	tests/zephyr/build.sh $(ZEPHYR_ENV)/bin/python
	$(ZEPHYR_ENV)/bin/python -m unittest discover -s tests/zephyr

# what several stages need; what fails here fails once more in its stage
.PHONY: test-needs
test-needs: build mbedtls lab-server tests-c firmware qemu-archives bench-native $(BENCH_ENV)/ready $(SMS_PEERS)/ready $(UICC_PEERS)/ready

test-header: setup-firmware
	tests/header/compile.sh

# ---- firmware images in QEMU, with FreeRTOS and lwIP, against servers on this machine

.PHONY: qemu-archives
qemu-archives: setup-firmware
	scripts/rtos.sh
	scripts/firmware.sh thumbv7m-none-eabi
	for target in thumbv7m-none-eabi thumbv7em-none-eabi thumbv8m.main-none-eabi; do scripts/mbedtls.sh $$target config-psk.h || exit 1; done

test-qemu: setup-firmware setup-java setup-dtls lab-server qemu-archives firmware-thumbv7em-none-eabi firmware-thumbv8m.main-none-eabi
	python3 tests/firmware/run.py

# packages: what is installed, and what somebody else builds with it
test-sdk: setup-sdk setup-firmware library mbedtls lab-server dist
	scripts/abi.sh
	tests/sdk/installed.sh
	tests/sdk/archives.sh
	scripts/doc.sh

test-tools: setup-firmware setup-sdk setup-c setup-fuzz
	scripts/selftest.sh
	python3 -m unittest discover -s tools/provision
	python3 -m unittest discover -s tools/card

ARCHIVES := $(foreach target,$(FIRMWARE_TARGETS),target/firmware/$(target)/release/libwhimbrel.a)

test-firmware: firmware
	CHECKED=1 scripts/firmware.sh thumbv7em-none-eabi z
	scripts/symbols.py $(ARCHIVES) target/firmware-checked/thumbv7em-none-eabi/release/libwhimbrel.a

test-interop: setup-java setup-dtls build lab-server
	scripts/test-interop.sh

fuzz-smoke: setup-fuzz
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	FUZZ_SECONDS=$${FUZZ_SECONDS:-25} FUZZ_SEED=$${FUZZ_SEED:-2} scripts/fuzz.sh

fuzz: setup-fuzz ## fuzz every target for FUZZ_SECONDS (600) each
	scripts/fuzz.sh

size: setup-firmware ## bytes of flash and RAM per profile against benches/budget.json
	scripts/size.py

bench: setup-firmware setup-c ## instructions, heap calls and stack per exchange against benches/budget.json
	scripts/bench.py

setup-%:
	@scripts/setup.sh $*

# ---- installation

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
LIBDIR ?= lib
# Programs that were linked with one minor version cannot run with another until 1.0: docs/c-api.md.
SOVERSION := $(shell echo $(VERSION) | awk -F. '{ print ($$1 == 0) ? $$1 "." $$2 : $$1 }')
INSTALL = PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' DESTDIR='$(DESTDIR)' VERSION=$(VERSION) SOVERSION=$(SOVERSION) scripts/install.sh
.PHONY: uninstall

install: library ## PREFIX=/usr/local, LIBDIR=lib, DESTDIR=: libraries, header, pkg-config, CMake package, ports, examples, docs
	$(INSTALL) install

uninstall: ## takes out what make install put in
	$(INSTALL) uninstall

# ---- what is read

.PHONY: doc
doc: setup-sdk ## the site of the C API in target/doc-c/html, and that of the Rust code in target/doc
	scripts/doc.sh
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps

# ---- archives for those who have no cargo

DIST_CPUS := x86_64 aarch64 thumbv6m thumbv7em thumbv7emhf thumbv8m.main

.PHONY: dist $(addprefix dist-,$(DIST_CPUS))
dist: $(addprefix dist-,$(DIST_CPUS)) ## an archive per CPU, with library, ports and examples, in target/dist

$(addprefix dist-,$(DIST_CPUS)): dist-%: setup-firmware
	scripts/dist.sh $*

clean: ## remove all that was built
	cargo clean --quiet
	rm -rf fuzz/target
