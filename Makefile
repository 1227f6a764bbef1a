# Every target sets up what it needs first: a virtual environment of its own, at the pinned versions, once.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
RIVALS := .venv/.rivals

.PHONY: setup demo test check lint bench calibrate known-results pictures browser clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make demo       train on the bundled Titanic table and show the result"
	@echo "make test       run the whole test suite"
	@echo "make setup      only set up .venv with the pinned versions"
	@echo "make check      format, lint, types, layers and tests: what CI runs"
	@echo "make bench      measure the speed against other ways of doing the same work"
	@echo "make calibrate  measure whether compare-losses judges fairly (A/A and power)"
	@echo "make known-results  measure results of the literature again, for README's table"
	@echo "make pictures   redraw README's pictures from real runs"
	@echo "make clean      remove .venv, caches and outputs"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

demo: $(READY)
	$(BIN)/lossbench train --config configs/train_titanic.yaml --seeds 5

browser: $(READY)
	@$(BIN)/python tests/report/browser.py

test: $(READY) browser
	$(BIN)/python -m pytest --numprocesses auto

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

check: lint test

$(RIVALS): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@

bench: $(RIVALS)
	$(BIN)/python -m tests.benchmarks

calibrate: $(READY)
	$(BIN)/python -m tests.calibration

known-results: $(READY)
	$(BIN)/python -m tests.known_results

pictures: $(READY) browser
	$(BIN)/python -m tests.pictures

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find outputs -mindepth 1 ! -name .gitkeep -delete
