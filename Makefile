# The same commands everywhere: here, on a stranger's machine, in CI. Each makes .venv when there is none.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS := fetch,llm,pdf,train,cluster,dev
# Some machines switch byte-compiling off; importing the trainers then takes three times as long.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: test check demo sample golden clean

test: check
	$(BIN)/python -m pytest

check: .venv/.all
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: .venv/.base
	rm -rf demo-out
	$(BIN)/cycledata build review-5k --out demo-out/review-5k
	$(BIN)/cycledata verify demo-out/review-5k
	$(BIN)/python -c "from datasets import load_dataset; \
	    print(load_dataset('demo-out/review-5k', 'default')); \
	    print(load_dataset('demo-out/review-5k', 'scores', split='test')[0])"
	$(BIN)/cycledata explain demo-out/review-5k SAMPLE5k03

sample: .venv/.all
	$(BIN)/python -m cycledata.sample

golden: .venv/.all
	$(BIN)/python -m pytest --golden

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.base: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[pdf]"
	touch $@

.venv/.all: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf .venv demo-out
