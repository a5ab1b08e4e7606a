# What a developer types. Each target is a script in dev/ with the same name.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop test test-fast chaos lint format screenshots clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  dev/odoo ARGS     runs the same Odoo; dev/pg psql DB opens a database; dev/pytest tests/x.py runs some tests"
	@echo "  variables: L10N_BE_FOLLOWUP_CACHE (folder for downloads and databases), ODOO_PATH, PGHOST, PGPORT, PGUSER"

setup: ## get everything that is needed (the other targets do this by themselves)
	@dev/setup

demo: ## start Odoo with demo data and a mailbox (DETACH=1: in the background)
	@DETACH=$(DETACH) dev/demo

demo-stop: ## stop a demo that runs in the background
	@dev/demo stop

test: ## everything that must be right before a change lands
	@dev/test

test-fast: ## tests without Odoo and database, a few seconds
	@dev/test-fast

chaos: ## break everything on purpose, in the night and while sending (SEED=…, SCENE=…, SHORT=1)
	@dev/chaos $(if $(SEED),--seed $(SEED)) $(if $(SHORT),--short) $(SCENE)

lint: ## ruff, pylint-odoo, OCA checks
	@dev/lint

format: ## let ruff put the Python files into shape
	@dev/format

screenshots: ## make the pictures in docs/ again
	@dev/make-screenshots

clean: ## drop this checkout's databases and generated files, stop its servers; downloads stay
	@dev/clean
