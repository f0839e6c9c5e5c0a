# `make demo` and `make test` need nothing but Python (3.10 or newer) with venv and pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# What is installed: what `upscale` and `models` need, or all that the tests need.
BASE := $(VENV)/.base
EVERYTHING := $(VENV)/.everything

.PHONY: demo test lint types unit format man clean

demo: $(BASE)
	@mkdir -p demo
	$(BIN)/srcnn upscale examples/cat.png --scale 3 --output demo/cat_x3.png --overwrite
	@echo "The enlarged picture: demo/cat_x3.png"

test: lint types unit

lint: $(EVERYTHING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(EVERYTHING)
	$(BIN)/mypy

unit: $(EVERYTHING)
	$(BIN)/python -m pytest -n 2

format: $(EVERYTHING)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The man pages from the command's own help; a test compares them.
man: $(BASE)
	$(BIN)/python scripts/man_pages.py

$(BASE): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(EVERYTHING): $(BASE)
# PyPI's torch for Linux brings gigabytes of CUDA; without an NVIDIA driver the CPU's build serves.
ifeq ($(shell uname -s 2>/dev/null)$(wildcard /dev/nvidiactl),Linux)
	@$(PIP) --retries 1 --timeout 20 --no-deps torch \
		--index-url https://download.pytorch.org/whl/cpu 2>/dev/null \
		|| echo "download.pytorch.org cannot be reached: torch comes from the usual index"
endif
	$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
