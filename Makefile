# Every verb of the project. `make help` lists them.
PYTHON ?= python3
PY := .venv/bin/python
COMPILE := UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip compile --quiet --generate-hashes --python-version 3.11 --no-header --no-annotate
LOCK := $(COMPILE) pyproject.toml
GO_LOCK := $(COMPILE) --group pyproject.toml:go
NODE_LOCK := $(COMPILE) --group pyproject.toml:node

.DEFAULT_GOAL := help
.PHONY: help run dev install install-dev logs test lint format types bench cluster cluster-test cluster-down lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: install  ## the whole product on this machine: http://127.0.0.1:3000 (WEB_PORT=, PORT=, DATABASE_URL=, DEMO=no, WEB=no)
	@exec $(PY) -m tools.run

dev: export GUNICORN_CMD_ARGS = --reload
dev: export DEBUG = true
dev: export WEB = dev
dev: run  ## the same, reloading changed code and showing Django's error pages

logs:  ## follow what the processes of `make run` write
	@exec tail -n 20 -F .run/log/*.log

install:  ## .venv with what `make run` needs
	@$(PYTHON) tools/install.py requirements-embedded.txt

install-dev:  ## .venv with what `make test` needs
	@$(PYTHON) tools/install.py requirements-dev.txt

test: install-dev  ## everything that must hold: lint, types, rooms, checks, tests on PostgreSQL 15 and 18, README, web app in a browser
	@exec $(PY) -m tools.test

lint: install-dev  ## ruff, its formatting and the walls between the rooms
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports

format: install-dev  ## let ruff rewrite what it can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: install-dev  ## mypy, strict
	$(PY) -m mypy .
	$(PY) -m mypy --config-file tests/dapr_bridge/mypy.ini dapr_bridge tests/dapr_bridge

bench: install-dev  ## measure beside the peers; writes bench/results/
	@exec $(PY) -m bench

cluster: install-dev  ## a Kubernetes of one node on this machine with Dapr and the product (Linux, root; minutes the first time)
	@exec $(PY) -m tools.cluster install

cluster-test: install-dev  ## prove the chart on a cluster: that of KUBECONFIG, else the one of `make cluster`; writes bench/results/
	@exec $(PY) -m tools.cluster test

cluster-down:  ## take the cluster away
	@exec $(PY) -m tools.cluster down

lock: install-dev  ## write requirements*.txt anew from pyproject.toml
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	$(LOCK) -o requirements.txt
	$(LOCK) --extra embedded -o requirements-embedded.txt
	$(LOCK) --extra embedded --extra dev -o requirements-dev.txt
	$(GO_LOCK) -o requirements-go.txt
	$(NODE_LOCK) -o requirements-node.txt

clean:  ## remove what can be made again; .run (your local data) stays
	rm -rf frontend/node_modules frontend/.next .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
