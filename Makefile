# Everything runs through ./bootstrap, which brings the virtualenv. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

dev := ./bootstrap
use := ./bootstrap --for use
sources := ci tests $(wildcard app bench chaos)

.PHONY: help setup demo test test-all unit integration e2e actions adversary shapes check format lock bench chaos fuzz fresh clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## engine, tools and lab, so that everything below runs
	$(dev) fairlead setup --for dev

demo: ## a commit to production and back, in the lab on this machine
	$(use) fairlead setup --for lab
	$(use) fairlead demo

test: setup ## every tier (unit, host agent on the oldest Python, integration, e2e, actions, adversary), in minutes
	$(dev) python -m tests.run

test-all: setup ## the same with the long tests: more cases of what `make test` tries in short
	FAIRLEAD_TESTS=all $(dev) python -m tests.run

unit: ## the fast loop
	$(dev) python -m pytest tests/unit tests/policy

integration: ## tests against the engine of this machine
	$(dev) python -m pytest tests/integration

e2e: ## tests against the lab
	$(dev) python -m pytest tests/e2e

actions: ## the workflows under act, against the lab
	$(dev) python -m pytest tests/actions

adversary: ## try to break what is promised, as each of six people
	$(dev) python -m pytest tests/adversary

shapes: ## apps of every shape with every fault, into docs/apps.md, and public stacks
	FAIRLEAD_SHAPES=all $(dev) python -m pytest tests/e2e/shapes tests/e2e/foreign

check: ## format, lint, types, import direction, dead code, workflows, locks
	$(dev) python -m tests.check

format: ## write what `check` would ask for
	$(dev) ruff check --fix $(sources)
	$(dev) ruff format $(sources)

lock: ## lock the requirements again (FRESH=--upgrade takes newer versions)
	$(dev) python -m tests.locks --write $(FRESH)

bench: ## measure the goals, in the lab where they need it
	$(use) fairlead setup --for lab
	$(dev) python -m bench

chaos: ## deploys under load while something dies (SEED=n ROUNDS=n, ROUND=n for one of them, TABLE=1 for all)
	$(use) fairlead setup --for lab
	$(dev) python -m chaos

fuzz: ## whatever comes from others, hostile: compose files, indexes, keys, requests (INPUTS=n SEED=n)
	FAIRLEAD_FUZZ=$(or $(INPUTS),100000) FAIRLEAD_FUZZ_SEED=$(or $(SEED),1) $(dev) python -m pytest \
		--hypothesis-seed=$(or $(SEED),1) $$(grep -rlE 'FAIRLEAD_FUZZ|@given' tests --include='test_*.py')

fresh: ## set up a machine that has nothing, in a container (minutes; needs root and mmdebstrap)
	tests/fresh-machine

cache := $${FAIRLEAD_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/fairlead}

clean: ## undo everything: lab, cache, virtualenvs, work products
	if [ -d "$(cache)/lab" ]; then $(use) fairlead lab down; fi
	if docker buildx version >/dev/null 2>&1; then $(use) fairlead clean; fi
	rm -rf "$(cache)" .fairlead .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
