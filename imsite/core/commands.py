"""The form of our management commands: a refusal, or a database that is not ready, is one sentence and exit 1."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from imsite.core.errors import ImError

CONNECT_SECONDS = 5
BAR_WIDTH = 30
REDRAW_SECONDS = 0.1  # on a terminal
LINE_SECONDS = 10  # elsewhere, where every line stays


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


class Progress:
    """Tells how far a command is: a bar that is drawn again on a terminal, elsewhere a line now and then.

    with Progress(self.stdout, "users", total) as progress: progress.advance(500)
    """

    def __init__(self, out: OutputWrapper, what: str, total: int | None = None) -> None:
        self.out, self.what, self.total, self.done = out, what, total, 0
        self.is_terminal = out.isatty()
        self._shown_at = time.monotonic()

    def __enter__(self) -> Progress:
        self._show()
        return self

    def __exit__(self, *problem: object) -> None:
        self._show()
        if self.is_terminal:
            self.out.write("\n", ending="")

    def advance(self, count: int = 1) -> None:
        self.done += count
        if time.monotonic() - self._shown_at >= (REDRAW_SECONDS if self.is_terminal else LINE_SECONDS):
            self._show()

    def _show(self) -> None:
        self._shown_at = time.monotonic()
        of = f"{self.done:,}" if self.total is None else f"{self.done:,} of {self.total:,}"
        if self.is_terminal:
            self.out.write(f"\r{self.what:<12} {self._bar()}{of} ", ending="")
        else:
            self.out.write(f"{self.what}: {of}\n")
        self.out.flush()

    def _bar(self) -> str:
        if not self.total:
            return ""
        full = min(BAR_WIDTH, BAR_WIDTH * self.done // self.total)
        return f"[{'#' * full}{'.' * (BAR_WIDTH - full)}] "
