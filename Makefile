# `make` alone prints help. Everything runs in .venv, made from the hashed lock on first need.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help demo test check bench bench-sync kills chaos abuse coverage migrate docs format clean

help:
	@echo "make demo    the whole product on this machine: sandbox, gateway, a connected organisation (ARGS=--once to exit)"
	@echo "make test    every test, in parallel (ARGS='-k name' to choose)"
	@echo "make check   lint, types, import contracts"
	@echo "make bench   throughput, latency, CPU and memory, side by side with a bare pass-through"
	@echo "make bench-sync  first copies at the provider's limits, dead endpoints, from a change to its webhook (about 12 minutes)"
	@echo "make kills   kill -9 of whoever syncs and delivers, over ten thousand records (about ten minutes)"
	@echo "make chaos   kills, freezes and cuts whatever can be, and counts lost and doubled writes (at most 15 minutes)"
	@echo "make abuse   8,000 callers who leave, 360 who never finish, and what the others notice (about three minutes)"
	@echo "make coverage every operation, and the test that performs it"
	@echo "make migrate bring the database up to date"
	@echo "make docs    regenerate the generated references"
	@echo "make format  rewrite the code in the project's format"

.venv/ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ledgerway needs Python 3.11 or newer (PYTHON=… names one)")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/ready
	$(BIN)/ledgerway demo $(ARGS)

test: .venv/ready
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright

bench: .venv/ready
	$(BIN)/python -m benchmarks $(ARGS)

bench-sync: .venv/ready
	$(BIN)/python -m benchmarks.initial
	$(BIN)/python -m benchmarks.endpoints
	$(BIN)/python -m benchmarks.arrival

kills: .venv/ready
	$(BIN)/python -m tests.hostile.kills $(ARGS)

chaos: .venv/ready
	$(BIN)/python -m tests.hostile.chaos $(ARGS)

abuse: .venv/ready
	$(BIN)/python -m tests.hostile.abuse

coverage: .venv/ready
	@$(BIN)/python -m tests.flows.coverage

migrate: .venv/ready
	$(BIN)/ledgerway migrate

docs: .venv/ready
	if test -d $${LEDGERWAY_ZOHO_SPECS:-../shared}; then $(BIN)/python -m tests.conformance.evidence; fi
	$(BIN)/ledgerway docs coverage

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .demo data build dist .pytest_cache .ruff_cache .hypothesis
