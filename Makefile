# Two commands: `make demo` (the main job on embedded data, with its page) and `make test` (the test suite).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What pip may install, by hash; PyTorch comes from whatever index is configured. `make LOCK=` for an index with own builds.
LOCK ?= requirements.lock
DEMO := claims -k "table-4 or (slimming and control)" -n 2 --pb-tier smoke

.PHONY: demo test check torture remote lock clean

demo: $(VENV)/.installed
	$(BIN)/pytest $(DEMO) || test $$? -eq 1
	$(BIN)/python -m leaderboard build

test: $(VENV)/.installed
	$(BIN)/pytest tests -n 2

# Kills, full disks, flipped bits, races: writes torture.json, and fails on anything silent, unequal or raw.
torture: $(VENV)/.installed
	$(BIN)/python tests/torture --seed $(or $(SEED),0) --minutes $(or $(MINUTES),10)
	PRUNEBENCH_EXAMPLES=$(or $(EXAMPLES),500) $(BIN)/pytest -q -n 0 tests/store/test_states.py

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/zizmor --offline --quiet .github/workflows
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(VENV)/.installed: pyproject.toml constraints.txt $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit("prunebench needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; give another with make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(if $(LOCK),$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement $(LOCK))
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# The demo's outcomes, which travel in git, trained anew: after a change of what specs mean or how they are stored.
remote: $(VENV)/.installed
	.ci/remote $(BIN)/python $(DEMO)

# The hashes anew, after a change of constraints.txt; needs uv (`pip install uv`). 3.11.5 is the first that every pin takes.
lock:
	uv pip compile constraints.txt --quiet --no-deps --universal --python-version 3.11.5 --generate-hashes --no-annotate \
		--no-emit-package torch --no-emit-package torchvision --default-index https://pypi.org/simple \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) site .prunebench
