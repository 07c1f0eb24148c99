# The verbs that drive everything. `make run` and `make test` work on a fresh machine with Python 3.11+, make and git.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check fix messages pictures train soak lock clean

run: .venv/ready
	@$(BIN)/lotsenbot run

test: .venv/ready-test
	@$(BIN)/python -m tests.machine
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest

check: .venv/ready-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/lotsenbot faq check

fix: .venv/ready-test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

messages: .venv/ready-test
	@$(BIN)/python -m locales.extract

pictures: .venv/ready-test
	@mkdir -p docs/pictures && LOTSENBOT_PICTURES=1 $(BIN)/pytest -q tests/test_pictures.py

soak: .venv/ready-test
	@$(BIN)/python -m tests.soak $(ARGS)

train: .venv/ready
	@$(BIN)/lotsenbot train

lock:
	@uv pip compile -q --universal --python-version 3.11 pyproject.toml --extra install --generate-hashes --no-emit-index-url --no-header -o requirements.txt
	@uv pip compile -q --universal --python-version 3.11 pyproject.toml --extra install --extra test --generate-hashes --no-emit-index-url --no-header -o requirements-test.txt

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Lotsenbot needs Python 3.11, 3.12 or 3.13; set PYTHON=python3.11 or the like")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what Lotsenbot needs (once, about a minute) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.venv/ready-test: requirements-test.txt .venv/ready
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@

clean:
	@rm -rf .venv *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
