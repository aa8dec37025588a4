# Tenantry: `make serve` runs it, `make test` tests it, `make check` is what CI calls.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest -n 3 --dist worksteal
ALONE := $(BIN)/pytest
BATTLES := $(BIN)/pytest -n 2 --dist worksteal
UNDER_FIRE := tests/e2e/test_moves_under_fire.py
KILLS ?= 520

# Without bytecode, each start compiles the whole server: half a second.
unexport PYTHONDONTWRITEBYTECODE

# make serve PORT=8123 DATA_DIR=/tmp/x WORKERS=4
ifdef PORT
export TENANTRY_PORT := $(PORT)
endif
ifdef DATA_DIR
export TENANTRY_DATA_DIR := $(DATA_DIR)
endif
ifdef WORKERS
export TENANTRY_WORKERS := $(WORKERS)
endif

.PHONY: help serve test check soak bench bench-check format schema playground client lock clean
.DEFAULT_GOAL := help

help: ## Show the commands.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

serve: $(VENV)/serve ## Start the embedded database and the server.
	@exec $(BIN)/python server.py

test: $(VENV)/test ## Run the tests on a real database: the embedded one, or that of TENANTRY_MONGODB_URI.
	$(PYTEST) -m "not node and not redis and not alone"
	$(ALONE) -m "alone and not redis"

check: $(VENV)/test ## Check format, lint, types, import rules, the schema file and the tests: what CI calls.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.rules
	$(BIN)/yamllint --strict compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/hadolint Dockerfile
	@$(BIN)/python server.py schema | diff -u schema.graphql - \
		|| { echo "schema.graphql is not what the code says: run make schema"; exit 1; }
	$(PYTEST) -m "not alone" --every 8 --ignore $(UNDER_FIRE)
	$(ALONE) -m alone
	$(BATTLES) $(UNDER_FIRE) --kills 6

soak: $(VENV)/test ## Kill servers and databases in the middle of moves, KILLS times (520): half an hour and more.
	$(BATTLES) -rP $(UNDER_FIRE) --kills $(KILLS)

bench: $(VENV)/bench ## Measure moves, audit checks, subscribers and logins, then all beside the peers: three quarters of an hour.
	$(BIN)/python -m benchmarks.moves
	$(BIN)/python -m benchmarks.audit
	$(BIN)/python -m benchmarks.subscriptions
	$(BIN)/python -m benchmarks.logins
	$(BIN)/python -m benchmarks.noisy_neighbours
	$(BIN)/python -m benchmarks

bench-check: $(VENV)/bench ## Check that nothing has become slower than benchmarks/expectations.json says.
	$(BIN)/python -m benchmarks.check

format: $(VENV)/test ## Format the code and mend what can be mended by itself.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/test ## Write schema.graphql anew.
	$(BIN)/python server.py schema > schema.graphql

playground: ## Build the playground anew (Node).
	cd web && npm ci && npm run typecheck && npm run build

client: ## Generate the TypeScript client anew and check it (Node).
	cd clients && npm ci && npm run generate && npm run check

lock: $(VENV)/test ## Lock the dependencies anew, with hashes.
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade -o requirements-image.lock
	$(BIN)/uv pip compile pyproject.toml --extra embedded --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header -c requirements-image.lock -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra embedded --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --extra embedded --group dev --group bench --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -c requirements-dev.lock -o requirements-bench.lock

clean: ## Remove the virtual environment and the caches; the data stays.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Tenantry needs Python 3.11 or newer: make PYTHON=python3.13 serve"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/serve: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test: requirements-dev.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/serve

$(VENV)/bench: requirements-bench.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@ $(VENV)/test $(VENV)/serve
