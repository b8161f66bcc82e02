# The commands of this checkout. `make` alone lists them; CONTRIBUTING.md says more.
.DEFAULT_GOAL := help
.PHONY: help install install-dev run test fuzz lint format bench screenshots
PYTHON := .venv/bin/python

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

install: ## make .venv and install what the server needs
	@sh scripts/install.sh

install-dev: ## the same, and what tests and checks need
	@sh scripts/install.sh dev

run: install ## install, migrate, make the demo once, and serve page, API, sockets and console
	@$(PYTHON) manage.py serve --demo

test: install-dev ## all tests; names the parts that this machine cannot run
	@$(PYTHON) -m tests.run

fuzz: install-dev ## schemathesis against every REST operation, 300 requests each and more, other ones each time
	@IM_TEST_FUZZ_EXAMPLES=$${IM_TEST_FUZZ_EXAMPLES:-300} $(PYTHON) -m pytest -q tests/rest/test_fuzz.py

lint: install-dev ## ruff, mypy, import directions, migrations, docs/coverage.json, docs/openapi.json
	@sh scripts/lint.sh

format: install-dev ## put the code into its form
	@$(PYTHON) -m ruff check --fix --quiet . && $(PYTHON) -m ruff format .

bench: install-dev ## measure this machine; writes bench/RESULTS.md
	@$(PYTHON) -m bench

screenshots: install-dev ## the pictures of README, taken by the browser tests
	@IM_SCREENSHOTS=1 $(PYTHON) -m pytest -q -m browser tests
