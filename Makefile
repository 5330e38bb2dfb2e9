# The same commands on every machine and in CI. Each makes .venv if there is none.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS := fetch,llm,pdf,docvortex,plot,train,cluster,docs,dev
# Without byte-compiling, which some machines switch off, importing the trainers takes three times as long.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: test check demo sample golden clean train-demo audit-demo controls-demo

# Two processes, one file of tests at a time, so that fixtures of a file are made once; the slow files first.
test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/.all
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python checks/licenses.py > /dev/null
	$(BIN)/python checks/words.py
	$(BIN)/python checks/build_site.py

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
	     for path, configs in {'demo-out/review-5k': ('default', 'reviews', 'scores'), \
	                           'demo-out/research-14k': ('default', 'ids')}.items() \
	     for config in configs]"
	$(BIN)/cycleeval human demo-out/review-5k --split test
	$(BIN)/cycleeval score cycledata/sample/submissions/numbers-in-abstract.jsonl \
	    demo-out/review-5k --split test
	$(BIN)/cycleeval leaderboard cycledata/sample/submissions demo-out/review-5k \
	    --out demo-out/leaderboard
	@echo "demo-out/ holds both datasets; open demo-out/leaderboard/index.html in a browser"

# Every training job on a CPU: tiny models, about 200 invented papers. One thread, since idle ones spin.
train-demo: export OMP_NUM_THREADS := 1
train-demo: .venv/.all
	rm -rf train-demo-out
	$(BIN)/python -m cycledata.sample.rehearsal train-demo-out/snapshot
	$(BIN)/cycledata build review-5k --snapshot train-demo-out/snapshot --out train-demo-out/review-5k
	$(BIN)/cycledata build research-14k --snapshot train-demo-out/snapshot --out train-demo-out/research-14k
	$(BIN)/python -m cycletrain.tiny train-demo-out/tiny train-demo-out/review-5k train-demo-out/research-14k
	$(BIN)/cycletrain sft --recipe cycletrain/recipes/tiny-reviewer-sft.toml
	for split in train test; do \
	    $(BIN)/cycletrain review train-demo-out/review-5k --split $$split --dtype float32 --max-tokens 700 \
	        --tries 1 --model train-demo-out/reviewer/model > train-demo-out/reviews-$$split.jsonl && \
	    $(BIN)/cycleeval score train-demo-out/reviews-$$split.jsonl train-demo-out/review-5k --split $$split \
	        || exit 1; done
	$(BIN)/cycletrain sft --recipe cycletrain/recipes/tiny-researcher-sft.toml
	$(BIN)/cycletrain iterate --recipe cycletrain/recipes/tiny-iterate.toml
	$(BIN)/cycleeval generated train-demo-out/iterate/rated.jsonl
	$(BIN)/cycletrain detect --recipe cycletrain/recipes/tiny-detect.toml
	$(BIN)/cycleeval detection train-demo-out/detect/criteria.jsonl
	@echo "open train-demo-out/iterate/index.html in a browser"

# SimPO and GRPO with three seeds and their audits, after `make train-demo`.
audit-demo: export OMP_NUM_THREADS := 1
audit-demo: .venv/.all
	$(BIN)/cycletrain sft --recipe cycletrain/recipes/tiny-reviewer-sft.toml \
	    --set seed=1 --set out=train-demo-out/held-out
	$(BIN)/python benchmarks/reward_audit.py
	@echo "open train-demo-out/audit/grpo-0/index.html in a browser"

# Every control against gaming, and the rows of Table 4, with one seed, after `make audit-demo`.
controls-demo: export OMP_NUM_THREADS := 1
controls-demo: .venv/.all
	$(BIN)/cycletrain sft --recipe cycletrain/recipes/tiny-reviewer-sft.toml \
	    --set seed=2 --set out=train-demo-out/reviewer-2
	$(BIN)/python benchmarks/reward_audit.py --runs controls --seeds 0

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
	rm -rf .venv demo-out train-demo-out
