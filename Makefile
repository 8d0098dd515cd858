# Two commands do everything, each with its own set-up:  make demo   ·   make test
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help install demo up test lint test-kill test-firm test-browser clean bench-deadlines bench-doors bench-imports bench-observing bench-engine bench-waiting bench-memory bench-recovery bench-summary bench-early-warning chaos fuzz-mail fuzz bench-archive

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp is newer than what it was made from, or the environment is brought up to date.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

install: $(VENV)/.installed ## make the virtual environment (every other target does it too)

demo: install ## file 40 sample complaints and live through 40 days; ARGS=--once ends afterwards
	$(BIN)/redress demo $(ARGS)

up: install ## start server, worker and door on this machine
	$(BIN)/redress up $(ARGS)

lint: install ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Four at a time on two cores. The flows, each half with a Redress of its own, wait for a server and a worker most of the
# time, and the adapters for a database; lint and what needs nothing of that stand before or after the flows, so that all
# four take about as long.
BESIDE = run() { $(BIN)/pytest -q $(1) "$$@" $(ARGS); }; \
	(run tests/flows/test_[a-k]*.py; wrong=$$?; run tests/complaints --ignore=tests/complaints/adapters && exit $$wrong) & first=$$!; \
	($(2) wrong=$$?; run tests/flows --ignore-glob='*/flows/test_[a-k]*.py' && exit $$wrong) & second=$$!; \
	run tests/complaints/adapters & third=$$!; \
	run --ignore=tests/flows --ignore=tests/complaints; rest=$$?; \
	for one in $$first $$second $$third; do wait $$one || rest=$$?; done; exit $$rest

test: install ## lint, and all tests that need nothing but Python
	@$(call BESIDE,,$(MAKE) --no-print-directory lint;)

test-kill: install ## kill -9 of the worker after every single ledger entry, and whatever else is slow
	@$(call BESIDE,-m slow)

test-firm: install ## firm size for real: two API servers, two workers, one of each killed (needs PostgreSQL and Redis; three minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,firm]'
	$(BIN)/pytest -q -s -m firm $(ARGS)

test-browser: install ## the operator's page in a real browser (needs Debian's chromium)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,browser]'
	$(BIN)/pytest -q -m browser $(ARGS)

fuzz: install ## thousands of inputs made from the door's own description, other ones each time; prints how many
	$(BIN)/pytest -q -s tests/deployments/door/test_fuzzing.py --hypothesis-profile=search $(ARGS)

bench-deadlines: install ## a sweep with 10,000 and with 1,000,000 open clocks, on PostgreSQL; takes five minutes
	$(BIN)/python -m benchmarks.deadlines $(ARGS)

fuzz-mail: install ## feed a folder of mails, and mutations of them, through the mail door: ARGS=folder
	$(BIN)/python -m benchmarks.fuzz_mail $(ARGS)

bench-doors: install ## what the HTTP door takes in on PostgreSQL; takes two minutes
	$(BIN)/python -m benchmarks.doors $(ARGS)

bench-imports: install ## how fast a spreadsheet becomes cases: ARGS=FILE; --database postgresql, --verify
	$(BIN)/python -m benchmarks.imports $(ARGS)

bench-archive: install ## how fast cases are archived, without and with PDF, and the ledger verified (PostgreSQL): --cases, --entries
	$(BIN)/python -m benchmarks.archive $(ARGS)

bench-recovery: install ## how long 10,000 open cases take to wait again after Prefect's database was lost: --cases, --server
	$(BIN)/python -m benchmarks.recovery $(ARGS)

bench-observing: install ## what counting and logging cost a request, and a scrape with 1,000,000 cases (PostgreSQL; three minutes)
	$(BIN)/python -m benchmarks.observing $(ARGS)

bench-engine: install ## 60 complaints through their whole life under three engines: ARGS='--engine resident --requests'
	$(BIN)/python -m benchmarks.engine $(ARGS)

bench-waiting: install ## what 100,000 waiting cases cost while nothing happens (PostgreSQL)
	$(BIN)/python -m benchmarks.waiting $(ARGS)

bench-memory: install ## the memory of the worker after 200 and after 2,000 runs
	$(BIN)/python -m benchmarks.memory $(ARGS)

bench-summary: install ## a monthly summary over 10,000 to 1,000,000 cases, and the same figures by DuckDB (PostgreSQL; ten minutes)
	$(BIN)/python -m benchmarks.summary $(ARGS)

bench-early-warning: install ## early warning day by day over a file of the CFPB's complaints: ARGS=FILE
	$(BIN)/python -m benchmarks.early_warning $(ARGS)

chaos: install ## 300 complaints while everything is killed or stopped at random, firm size (PostgreSQL, Redis; ten minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,firm]'
	$(BIN)/python -m benchmarks.chaos $(ARGS)

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache
