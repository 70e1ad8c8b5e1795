# Two commands: `make demo` (the main job on embedded data, with its page) and `make test` (the test suite).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := claims -k "table-4 or (slimming and control)" -n 2 --pb-tier smoke

.PHONY: demo test check remote clean

demo: $(VENV)/.installed
	$(BIN)/pytest $(DEMO) || test $$? -eq 1
	$(BIN)/python -m leaderboard build

test: $(VENV)/.installed
	$(BIN)/pytest tests -n 2

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/zizmor --offline --quiet .github/workflows
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("prunebench needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; give another with make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# The demo's outcomes, which travel in git, trained anew: after a change of what specs mean or how they are stored.
remote: $(VENV)/.installed
	.ci/remote $(BIN)/python $(DEMO)

clean:
	rm -rf $(VENV) site .prunebench
