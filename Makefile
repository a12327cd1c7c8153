# Each target sets itself up in .venv (bench: in .venv-bench); all it needs is a python3 of version 3.11 or later (or PYTHON=/path/to/one).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
# Tests of values, whatever the compiler makes of a program. All others, of whole runs as users make them, of costs, of
# forms for speed and of what programs take, are compiled as users compile.
VALUES := $(filter-out %/test_compilation.py %/test_cost.py %/test_devices.py %/test_finders.py %/test_forms.py \
	%/test_population.py %/test_products.py %/test_programs.py %/test_repetition.py,\
	$(wildcard $(patsubst %,tests/%/test_*.py,data doctor drawing functions graph layers optimizers pictures rows training)))

.PHONY: demo test bench bench-doctor rows lessons clean

demo: $(VENV)/installed
	$(BIN)/backlit train digits

test: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --quick-compilation $(VALUES)
	$(BIN)/pytest --doctest-modules src tests $(VALUES:%=--ignore=%)

bench: $(BENCH)/installed
	$(BENCH)/bin/python benchmarks/race.py --rows '$(ROWS)'

bench-doctor: $(VENV)/installed
	$(BIN)/python -m benchmarks.doctor $(if $(QUICK),--quick)

rows:
	$(PYTHON) docs/rows.py

lessons: $(VENV)/installed
	$(BIN)/backlit lesson --all -o docs/lessons

$(VENV)/pip:
	@$(PYTHON) -c 'import sys; sys.exit("Backlit needs Python 3.11 or later: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	touch $@

$(VENV)/installed: pyproject.toml $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-for-tests: pyproject.toml $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group test
	touch $(VENV)/installed $@

$(BENCH)/installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BENCH)/bin/python -m pip install --quiet --editable . --group bench
	touch $@

clean:
	rm -rf $(VENV) $(BENCH) .venv-newest .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
