# Two commands do everything on a machine with Python 3.11 or newer, pip and make:
#   make demo   set up, label a shipped report with the demo model, show the labels
#   make test   set up, then check and test everything
# PYTHON chooses the interpreter; what is set up stays in .venv and is used again.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready-$(shell cat pyproject.toml requirements/cpu.txt | cksum | tr -c '0-9\n' '-')

.PHONY: setup demo test lint unit clean

setup: $(READY)

$(READY): pyproject.toml requirements/cpu.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "leavs needs Python 3.11 or newer; run: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --no-deps -r requirements/cpu.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/leavs download demo
	@rm -f .venv/ready-*
	@touch $@

demo: setup
	@rm -rf results/demo
	$(BIN)/leavs label --single-file data/reports/02-us-inline-incidentals.txt \
	  --model demo --reasoning never --output-dir results/demo \
	  || test $$? -eq 3
	$(BIN)/leavs show results/demo

test: lint unit

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

unit: setup
	$(BIN)/pytest

clean:
	rm -rf .venv results build dist
