# Two words to know: `make demo` and `make test`. Nothing but Python >= 3.11 and make is needed.
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
COVERAGE ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)

.PHONY: demo test trust fuzz check docs bench lock clean

demo: $(VENV)/.run
	$(BIN)/mlp train configs/breast_cancer.yaml --out runs/demo --force
	$(BIN)/mlp gradcheck configs/breast_cancer.yaml --model runs/demo
	@echo "The model is runs/demo/model.safetensors; see also: $(BIN)/mlp --help; . $(BIN)/activate puts mlp on your path"

test: $(VENV)/.dev
	@echo "The whole suite: about five minutes on two cores."
	$(BIN)/python -m pytest -n auto $(if $(COVERAGE),--cov --cov-report=term --cov-fail-under=95)

# Every call of every command that writes, made to fail: 20 minutes; writes docs/reliability.md.
trust: $(VENV)/.dev
	cd tests && $(abspath $(BIN))/python -m faults.long

# Long runs that look for what nobody thought of: an hour or two; counts go to docs/reliability.md.
LONG_RUNS := fuzz.long
fuzz: $(VENV)/.dev
	cd tests && $(foreach run,$(LONG_RUNS),$(abspath $(BIN))/python -m $(run) --write &&) true

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs/test_pages.py

docs: $(VENV)/.dev
	$(BIN)/python tests/docs/screens.py
	$(BIN)/python tests/docs/refresh.py

# Needs about 1 GB; on Linux point pip at an index with CPU builds of torch, or it
# fetches CUDA as well. BENCH=--quick takes two minutes, and writes nothing.
bench: $(VENV)-bench/.done
	$(VENV)-bench/bin/python -m benchmarks $(BENCH)

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --extra plot \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade -o constraints.txt

clean:
	rm -rf $(VENV) $(VENV)-bench runs build dist .coverage .coverage.* .hypothesis .*_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mlpcli needs Python >= 3.11; name one, as in: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
	  exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml $(CONSTRAINTS)
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml $(CONSTRAINTS)
	$(PIP) --editable '.[dev,plot]'
	@touch $@ $(VENV)/.run

# sympy, which torch needs, wants an older mpmath than the tests get: hence all pins but that one.
$(VENV)-bench/.done: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)-bench
	@echo '*' > $(VENV)-bench/.gitignore
	grep -v '^mpmath==' $(CONSTRAINTS) > $(VENV)-bench/constraints.txt
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(VENV)-bench/constraints.txt --editable '.[bench]'
	@touch $@
