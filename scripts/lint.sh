#!/bin/sh
# Everything that is checked without running the product; CI and pre-commit call this. Runs all checks, then fails.
cd "$(dirname "$0")/.." || exit 1
export DJANGO_SETTINGS_MODULE=tests.settings
failed=

check() {
    name=$1
    shift
    echo "--- $name" >&2
    "$@" || failed="$failed $name,"
}

check "ruff" .venv/bin/ruff check .
check "ruff format" .venv/bin/ruff format --check --quiet .
check "mypy" .venv/bin/mypy
check "import-linter" .venv/bin/lint-imports --no-logo
check "migrations" .venv/bin/python manage.py makemigrations --check --dry-run
check "docs/coverage.json" .venv/bin/python manage.py coverage_map --check
check "docs/openapi.json" .venv/bin/python manage.py openapi --check
check "static/sdk/jmessage.classic.js" .venv/bin/python manage.py sdk_classic --check
[ -z "$failed" ] || { echo "lint: failed in${failed%,}" >&2; exit 1; }
