# Every command of this project. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
PORT ?= 8000
LOCAL_DIR ?= .local
RUNTIME ?= workers
STAGE ?= dev
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
# As pip and npm do: a company's own certificate authority is in the system's store, not in uv's.
export UV_SYSTEM_CERTS := true
export npm_config_cache := $(CURDIR)/.cache/npm
export PIP_NO_CACHE_DIR := 1
export PYTHONDONTWRITEBYTECODE :=
bin := .venv/bin

.PHONY: help run test soak lint format build types lock clean deploy screenshots bench

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: requirements/bootstrap.txt requirements/dev.txt
	$(PYTHON) -m venv .venv
	$(bin)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(bin)/uv pip sync --quiet --python $(bin)/python --require-hashes requirements/dev.txt requirements/bootstrap.txt
	touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

lock: .venv/installed ## Resolve the dependencies anew (hashes, no host names)
	for name in bootstrap dev; do $(bin)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --quiet --upgrade --custom-compile-command "make lock" requirements/$$name.in -o requirements/$$name.txt; done
	$(bin)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade \
	  --custom-compile-command "make lock" -c requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	npm install --package-lock-only

run: ## Start everything on 127.0.0.1 (PORT=8000, LOCAL_DIR=.local, RUNTIME=workers or rie); Ctrl-C stops it
	@began=$$(date +%s.%N); [ -e .venv/installed ] || echo "  Python packages …"; $(MAKE) --silent .venv/installed; \
	exec $(bin)/python -m local --port $(PORT) --directory $(LOCAL_DIR) --runtime $(RUNTIME) --began $$began

test: .venv/installed node_modules/.package-lock.json ## Run every test: unit, database, infrastructure, gateway, browser
	npm run --silent build
	npm test
	$(bin)/pytest tests/unit tests/database tests/infrastructure tests/gateway tests/delivery tests/browser

MESSAGES ?= 1000000
soak: .venv/installed node_modules/.package-lock.json ## Write far more messages through a bad day than `make test` (MESSAGES=1000000, SEED=)
	MESSAGES=$(MESSAGES) $(bin)/pytest -s -x tests/delivery -k bad_day

lint: .venv/installed node_modules/.package-lock.json ## Check format, style and types of everything
	$(bin)/ruff format --check --quiet .
	$(bin)/ruff check --quiet .
	$(bin)/mypy layers/common/livechat functions local scripts tests bench
	npm run --silent lint
	npm run --silent types:check

bench: .venv/installed node_modules/.package-lock.json ## Print the performance table: the product against floors of the same run
	$(bin)/python -m bench

screenshots: .venv/installed node_modules/.package-lock.json ## Write the states of widget and console to screenshots/, to be looked at
	$(bin)/python -m scripts.screenshots

format: .venv/installed node_modules/.package-lock.json ## Put everything into its usual form
	$(bin)/ruff format --quiet .
	$(bin)/ruff check --quiet --fix .
	npm run --silent format

types: .venv/installed node_modules/.package-lock.json ## Write docs/openapi.json and the tables of docs/configuration.md, and the clients' types
	PYTHONPATH=.:layers/common:functions $(bin)/python -m scripts.openapi
	PYTHONPATH=.:layers/common:functions $(bin)/python -m scripts.configuration
	npm run --silent types:generate

clean: ## Drop the local database, uploads and sign-ins
	rm -rf $(LOCAL_DIR)

sam := SAM_CLI_TELEMETRY=0 $(bin)/sam

build: .venv/installed node_modules/.package-lock.json ## Build widget, console and the functions' artefacts
	npm run build
	$(sam) build

deploy: build ## Deploy to AWS: STAGE=dev (default), staging or prod
	$(sam) deploy --config-env $(STAGE)
