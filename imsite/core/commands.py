"""The form of our management commands: a refusal, or a database that is not ready, is one sentence and exit 1."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from imsite.core.errors import ImError

CONNECT_SECONDS = 5


class Command(BaseCommand):
    """Parse, call a service, print. Subclasses raise what the service raises."""

    requires_system_checks: list[str] = []  # `manage.py check` is for those who change the code
    needs_tables = True

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            if self.needs_tables:
                require_tables()
            return super().execute(*args, **options)
        except ImError as refusal:
            raise CommandError(str(refusal)) from refusal


def pending_migrations() -> list[str]:
    """The names of migrations that the database still lacks. CommandError where it cannot be asked."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        _knock(connection)
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise CommandError(f"The database cannot be used: {first_line(error)}") from error
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _knock(connection: Any) -> None:
    """Connect once to a database server. The pool would try again for a while, and log each attempt."""
    if connection.vendor == "postgresql":
        with connection.wrap_database_errors:
            parameters = connection.get_connection_params()
            connection.Database.connect(**parameters, connect_timeout=CONNECT_SECONDS).close()


def require_tables() -> None:
    """CommandError where migrations are still to be run."""
    if pending := pending_migrations():
        raise CommandError(f"The database lacks {len(pending)} migrations: run `manage.py migrate` first.")


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
