# Two commands set everything up by themselves: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
PYTEST_FLAGS ?=

.PHONY: help demo test lint bench clean

help:
	@echo "make demo    set up, then the whole way on a simulated league (embedded PostgreSQL, no Docker)"
	@echo "make test    set up, then the tests"
	@echo "make lint    ruff and mypy"
	@echo "make bench   our speed beside its floors, as a table of ratios"
	@echo "make clean   remove the virtual environment and caches; data in .sportsplat/ stays"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	SPORTSPLAT_INFRA__BACKEND=embedded $(BIN)/sportsplat quickstart

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_FLAGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
