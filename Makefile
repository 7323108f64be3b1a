# Two commands set up everything they need: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
PYTEST_FLAGS ?=

.PHONY: help demo test test-all lint bench clean

# Tests that `make test` leaves to `make test-all`, which also runs all examples of the property tests.
LATER := slow or fault or docker or golden or fuzz

help:
	@echo "make demo    set up, then the full pipeline on a simulated league (embedded PostgreSQL, no Docker)"
	@echo "make test    set up, then the fast tests, which check every rule, in minutes"
	@echo "make test-all"
	@echo "             set up, then the other tests: slow, fault, docker, golden, fuzz"
	@echo "make lint    ruff, mypy and the import contracts"
	@echo "make bench   our speed compared with lower bounds, as a table of ratios"
	@echo "make clean   remove the virtual environment and caches; data in .sportsplat/ stays"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	SPORTSPLAT_INFRA__BACKEND=embedded $(BIN)/sportsplat quickstart

test: $(READY)
	$(PYTEST) -m "not ($(LATER))" $(PYTEST_FLAGS)

test-all: $(READY)
	SPORTSPLAT_TEST_EXAMPLES=all $(PYTEST) -m "$(LATER) or examples" $(PYTEST_FLAGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
