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

# The main job on the embedded, invented sample, command by command.
demo: .venv/.base
	rm -rf demo-out
	$(BIN)/cycledata build review-5k --out demo-out/review-5k
	$(BIN)/cycledata build research-14k --out demo-out/research-14k
	$(BIN)/cycledata verify demo-out/review-5k
	$(BIN)/cycledata verify demo-out/research-14k
	$(BIN)/cycledata explain demo-out/review-5k SAMPLE5k03
	$(BIN)/python -c "from datasets import load_dataset; \
	    [print(path, config, load_dataset(path, config, cache_dir='demo-out/cache')) \
	     for path, configs in {'demo-out/review-5k': ('default', 'scores'), \
	                           'demo-out/research-14k': ('default', 'ids')}.items() \
	     for config in configs]"
	$(BIN)/cycleeval human demo-out/review-5k --split test
	$(BIN)/cycleeval score cycledata/sample/submissions/numbers-in-abstract.jsonl \
	    demo-out/review-5k --split test
	$(BIN)/cycleeval leaderboard cycledata/sample/submissions demo-out/review-5k \
	    --out demo-out/leaderboard
	@echo "demo-out/ holds both datasets; open demo-out/leaderboard/index.html in a browser"

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
