# Everything a newcomer types. Each target makes what it needs first.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# What Microsoft's own packages say of our cards. Without npm the tests say what they left out.
VALIDATORS := $(if $(shell command -v npm),tests/node/node_modules/.stamp)

# A hundred tests start app.py: without its compiled modules each of them takes a second longer.
export PYTHONDONTWRITEBYTECODE :=

# What Digi says, decides and refuses; not the courses of many weeks, which take half of the time.
COURSES := $(addprefix --ignore tests/dialogs/,test_buttons.py test_course.py test_newcomer.py test_two_years.py)
QUICK := tests/content tests/dialogs tests/bot/core/test_gate.py $(COURSES)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-quick test-long bench check format lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: .venv/.dev ## the environment in .venv, and nothing else

run: .venv/.runtime ## serve Digi; without credentials the playground on this machine
	@$(BIN)/python app.py

test: .venv/.dev $(VALIDATORS) ## the tests that take seconds
	@$(BIN)/python -m pytest -n auto --dist worksteal

test-quick: .venv/.dev $(VALIDATORS) ## transcripts, dialogs, gate and content, in about a minute
	@$(BIN)/python -m pytest -n auto --dist worksteal $(QUICK)

test-long: .venv/.dev $(VALIDATORS) ## all tests, also those that take minutes
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "long or not long" --timeout 3600

bench: .venv/.dev ## how fast Digi is here, as ratios to baselines measured beside it
	@$(BIN)/python app.py bench

check: .venv/.dev ## format, lint, types, contracts, and the language of the content
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/content/test_plain_language.py

format: .venv/.dev ## write what `make check` would ask for
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## take newer dependencies (needs uv)
	uv pip compile pyproject.toml $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --group dev -c requirements.lock $(LOCK) -o requirements-dev.lock

clean: ## remove the environment and what tools left; never the data
	rm -rf .venv tests/node/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Digi needs Python 3.11 or newer. Install it, or name it: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv is missing here. On Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# The stamps say which lock file is installed; a newer lock makes them stale.
.venv/.runtime: requirements.lock | .venv/bin/python
	@echo "Installing what Digi needs into .venv (once) ..." >&2
	@$(INSTALL) -r requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock requirements.lock | .venv/bin/python
	@echo "Installing what Digi and its tests need into .venv (once) ..." >&2
	@$(INSTALL) -r requirements-dev.lock
	@touch $@ .venv/.runtime

tests/node/node_modules/.stamp: tests/node/package-lock.json
	@echo "Installing what looks at Teams' cards into tests/node (once) ..." >&2
	@if (cd tests/node && npm ci --silent); then touch $@; else \
	  echo "npm could not fetch them: the tests say what they leave out." >&2; rm -rf tests/node/node_modules; fi
