"""What one test leaves behind is gone before the next: rows of real transactions, what this process remembered."""

import sys
from collections.abc import Iterator
from types import ModuleType

from django.core.cache import caches
from django.db import connections, transaction

from accounts import identity
from imsite.core import guard
from imsite.core.cache import ShortCache
from imsite.core.limits import limiter
from messaging.services import delivered, receipt_changes
from messaging.writer import writer

PACKAGES = ("imsite", "accounts", "messaging", "groups", "chatrooms")
# Made by the migrations, the same for all tests.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def empty_tables(test_case: object = None) -> None:
    """Delete the rows of all tables that have any. Django's own flush empties all of them and makes the permissions
    anew, which takes longer than most tests."""
    for connection in connections.all():
        tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
        quoted = [connection.ops.quote_name(table) for table in tables]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(f"EXISTS(SELECT 1 FROM {table})" for table in quoted))
            for table, is_filled in zip(quoted, cursor.fetchone(), strict=True):
                if is_filled:
                    cursor.execute(f"DELETE FROM {table}")


def own_modules() -> Iterator[ModuleType]:
    """The modules of the product that were imported so far."""
    return (module for name, module in [*sys.modules.items()] if name.split(".")[0] in PACKAGES)


def forget() -> None:
    """Empty the caches of this process, and end its writer: the thread would hold a connection to the database."""
    writer.stop()
    for cache in caches.all(initialized_only=True):
        cache.clear()
    identity._known.clear()
    delivered.forget()
    receipt_changes.forget()
    limiter.clear()
    guard.forget()
    for module in own_modules():
        for value in vars(module).values():
            if isinstance(value, ShortCache):
                value.clear()
