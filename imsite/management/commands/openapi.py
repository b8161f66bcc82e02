from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imsite import openapi


class Command(BaseCommand):
    help = "Write docs/openapi.json from the REST views and docs/reference; --check only compares."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: Any) -> None:
        found = openapi.written(openapi.openapi())
        if check:
            if not openapi.PATH.exists() or openapi.PATH.read_bytes() != found:
                raise CommandError("docs/openapi.json is not that of the code: run `manage.py openapi`.")
            return
        openapi.PATH.write_bytes(found)
        self.stdout.write(f"{openapi.PATH.relative_to(openapi.FOLDER.parent)} written.")
