# Two commands do everything on a machine with Python 3.11 or newer, pip and make:
#   make demo   set up, label a shipped report with the demo model, show the labels
#   make test   set up, then check and test everything
# PYTHON chooses the interpreter; what is set up stays in .venv and is used again.

PYTHON ?= python3
BIN := .venv/bin
DEMO_REPORT := data/reports/04-telegraphic-postop.txt
DEMO := results/demo-$(shell cat prompts/leavs/* $(DEMO_REPORT) src/leavs/*.py | cksum | cut -d' ' -f1)
READY := .venv/ready-$(shell cat pyproject.toml requirements/cpu.txt | cksum | cut -d' ' -f1)

.PHONY: setup browser slurm demo test lint unit chaos clean

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

# At temperature 0 the demo model answers every question alike; sampling shows more of the chain.
demo: setup
	$(BIN)/leavs label --single-file $(DEMO_REPORT) --model demo --reasoning never \
	  --temperature 1 --output-dir $(DEMO) || test $$? -eq 3
	$(BIN)/leavs show $(DEMO)

test: browser slurm lint unit

# Tests open pages in a browser; where Debian's packages can be installed, it is.
HAVE_BROWSER := command -v chromium || command -v chromium-browser || command -v google-chrome
browser:
	@{ $(HAVE_BROWSER); } > /dev/null || { apt-get -q update \
	  && apt-get -q install --yes --no-install-recommends chromium; } > /dev/null 2>&1 || true
	@{ $(HAVE_BROWSER); } > /dev/null \
	  || { echo "the tests need a browser: apt-get install chromium"; exit 1; }

# Tests run jobs in a real SLURM on the loopback interface.
HAVE_SLURM := PATH=$$PATH:/usr/sbin && command -v slurmctld && command -v slurmd && command -v srun \
  && command -v munged && command -v shellcheck
slurm:
	@{ $(HAVE_SLURM); } > /dev/null || { apt-get -q update \
	  && apt-get -q install --yes --no-install-recommends slurm-wlm munge shellcheck; } \
	  > /dev/null 2>&1 || true
	@{ $(HAVE_SLURM); } > /dev/null \
	  || { echo "the tests need SLURM: apt-get install slurm-wlm munge shellcheck"; exit 1; }

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

unit: setup
	$(BIN)/pytest

# Two hundred rounds of everything that can happen to a run; `make unit` runs a few.
chaos: setup
	$(BIN)/python scripts/chaos.py --rounds 200

clean:
	rm -rf .venv results build dist
