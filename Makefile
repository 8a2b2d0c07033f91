# Every target makes what it needs first: the virtual environment at .venv and, where it is used, the Pulumi engine.

.PHONY: demo test test-matrix lint format bench campaign record engine clean
.DEFAULT_GOAL := test

# Byte code is kept whatever the environment says: else each of the many processes of a run would compile the package anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOWEST := .venv-lowest
LOWEST_READY := $(LOWEST)/.ready
AUDIO ?=
# Twice the two cores of a small machine: the engine's tests wait as often as they work.
BESIDE := -n 4 --dist worksteal
WITH_LOWEST := tests/api tests/provider tests/lifecycle/test_check.py tests/lifecycle/test_laws.py
WITH_LOWEST += tests/lifecycle/job tests/emulator/audio/test_denoise.py tests/stack/test_main_job.py
# The oldest SDK keeps the secret keys of the stack before in one process, as the Automation API's tests share theirs.
WITH_LOWEST += -k "not plain_credential"

$(READY): pyproject.toml
	@echo "setting up $(VENV) (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[cli,emulator]' --group test --group lint
	@touch $@

$(LOWEST_READY): pyproject.toml tests/lowest.txt
	@echo "setting up $(LOWEST), the oldest supported dependencies (about a minute the first time)"
	@test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	@$(LOWEST)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(LOWEST)/bin/python -m pip install --quiet --editable '.[cli,emulator]' --group test --constraint tests/lowest.txt
	@touch $@

demo: $(READY)
	@$(BIN)/python -m tools.demo $(if $(AUDIO),--audio "$(AUDIO)")

test: $(READY) $(LOWEST_READY)
	@$(BIN)/python tools/engine.py
	$(BIN)/python -m pytest $(BESIDE)
	$(LOWEST)/bin/python -m pytest $(BESIDE) $(WITH_LOWEST)

test-matrix: $(READY)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/python -m tools.matrix $(PYTHONS)

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/mypy examples/many-regions/__main__.py
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(READY)
	$(BIN)/python -m tools.bench

campaign: $(READY)
	@$(BIN)/python tools/engine.py
	$(BIN)/python -m pytest -m campaign --timeout 0 -s
	$(BIN)/python -m pytest $(BESIDE) tests/stack --every-family -m "not campaign"

record: $(READY)
	$(BIN)/python -m tools.record

engine: $(READY)
	$(BIN)/python tools/engine.py

clean:
	rm -rf $(VENV) $(LOWEST) demo-output dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
