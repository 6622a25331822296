# voxgate: everything a person or a machine runs on this tree. `make help` lists the targets.
#
# A first run makes .venv, installs the pinned packages and builds the media core. Stamp files
# under .venv and build/ make the next runs start at once.

# The distribution's Python is built with profile-guided optimisation; one built without is half as
# fast, and so is the gateway on it. Any Python from 3.11 will do: make PYTHON=...
PYTHON ?= $(or $(shell for each in /usr/bin/python3 python3; do $$each -c \
    'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done),python3)
UV     := $(shell command -v uv 2>/dev/null)
BIN    := .venv/bin
CARGO  ?= cargo
RUST   := --manifest-path rust/Cargo.toml
# media-py links against Python only inside Python; it holds no logic and so no tests.
PURE   := --workspace --exclude media-py
PYTEST := $(BIN)/python -m pytest
# Calls take their time whatever the machine: files of tests run beside each other.
AT_ONCE ?= --numprocesses 3 --dist loadfile

# Compiled modules are kept: without them every start takes more than twice as long.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# ---------------------------------------------------------------- environment

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "voxgate needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
ifneq ($(UV),)
	$(UV) venv --quiet --seed --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv || { tools/system_packages.sh venv && $(PYTHON) -m venv .venv; }
endif

define install
	$(if $(UV),$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python,$(BIN)/python -m pip install --quiet) \
	    --require-hashes $(1)
	@touch $@
endef

.venv/.runtime: requirements/runtime.txt requirements/build.txt | $(BIN)/python
	$(call install,-r requirements/runtime.txt -r requirements/build.txt)

.venv/.dev: requirements/dev.txt .venv/.runtime
	$(call install,-r requirements/dev.txt)

RUST_SOURCES := $(shell find rust -name target -prune -o \( -name '*.rs' -o -name 'Cargo.*' \) -print)

# The package itself (editable) with its compiled core.
.venv/.core: pyproject.toml $(RUST_SOURCES) | .venv/.runtime
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/maturin develop --release --quiet
	@touch $@

.PHONY: pins
pins: | .venv/.dev ## pin every dependency again, with hashes
	tools/pin_requirements.sh

# ---------------------------------------------------------------- run

.PHONY: run demo
run: .venv/.core ## start the gateway (settings: VOXGATE_*, see docs/reference/settings.md)
	$(BIN)/voxgate serve

demo: .venv/.core ## place a real call to the sandbox and print it; ONESHOT=1 exits after it
	$(BIN)/voxgate demo $(if $(ONESHOT),--oneshot)

# ---------------------------------------------------------------- tests

.PHONY: test unit rust interop system bench soak fuzz
test: .venv/.dev .venv/.core system-packages rust-test ## all tests, with the programs they need
	$(PYTEST) tests $(AT_ONCE)

unit: .venv/.dev .venv/.core ## only the tests that need no foreign program
	$(PYTEST) tests/unit

interop: .venv/.dev .venv/.core system-packages ## against SIPp and baresip
	$(PYTEST) tests/interop

system: .venv/.dev .venv/.core system-packages ## crashes, full disks, lost databases, dead hooks
	$(PYTEST) tests/system

.PHONY: rust-test system-packages
rust-test:
	$(CARGO) test --quiet $(RUST) $(PURE)

system-packages:
	@tools/system_packages.sh tests

bench: .venv/.dev .venv/.core system-packages ## measure; prints a table, writes build/bench.json
	PYTHONPATH=tests $(BIN)/python -m bench

MINUTES ?= 30
soak: .venv/.dev .venv/.core system-packages ## MINUTES of mixed calls; fails when anything grows or is lost
	PYTHONPATH=tests $(BIN)/python -m bench.soak $(MINUTES)

FUZZ_SECONDS ?= 60
fuzz: ## fuzz every Rust parser for FUZZ_SECONDS each (needs cargo-fuzz and a nightly toolchain)
	cd rust && for target in $$($(CARGO) fuzz list); do \
	    $(CARGO) fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; done

# ---------------------------------------------------------------- checks, cheapest first

.PHONY: check format
check: .venv/.dev .venv/.core ## format, lint, shape, imports, types, dead code, Rust lints
	$(BIN)/ruff format --check src tests tools bench
	$(BIN)/ruff check src tests tools bench
	$(BIN)/python tools/check_shape.py src tests/unit
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/vulture
	$(BIN)/deptry src
	$(BIN)/python tools/reference.py --check
	$(CARGO) fmt $(RUST) --all --check
	$(CARGO) clippy --quiet $(RUST) --workspace --all-targets -- -D warnings

format: .venv/.dev ## lay out Python and Rust
	$(BIN)/ruff format src tests tools bench
	$(BIN)/ruff check --fix --select I src tests tools bench
	$(CARGO) fmt $(RUST) --all

.PHONY: docs
docs: .venv/.dev .venv/.core ## write docs/reference from the code
	$(BIN)/python tools/reference.py
