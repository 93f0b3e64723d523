# `make demo` and `make test` set everything up by themselves; they need Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := examples/upon-asking.epub

.PHONY: demo test check setup setup-dev clean

demo: setup ## convert the example book and say where the audio is
	$(BIN)/python examples/demo.py $(EXAMPLE)

test: setup-dev ## all tests
	$(BIN)/pytest

check: setup-dev ## everything that must hold: lint, types, import contracts, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples/build.py examples/demo.py bench
	$(BIN)/lint-imports
	$(BIN)/pytest

setup: $(VENV)/installed
setup-dev: $(VENV)/installed-dev

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "audiobindery needs Python 3.11 or newer; set PYTHON")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev,oracle,z,j]"
	touch $@

clean: ## remove what the targets above made
	rm -rf $(VENV) demo
