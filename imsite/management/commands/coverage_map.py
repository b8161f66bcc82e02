from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imsite import coverage


class Command(BaseCommand):
    help = "Write docs/coverage.json from the URL table and the tables of events; --check only compares."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: Any) -> None:
        found = coverage.written(coverage.coverage_map())
        if check:
            if not coverage.PATH.exists() or coverage.PATH.read_bytes() != found:
                raise CommandError("docs/coverage.json is not that of the code: run `manage.py coverage_map`.")
            return
        coverage.PATH.parent.mkdir(exist_ok=True)
        coverage.PATH.write_bytes(found)
        self.stdout.write(f"{coverage.PATH.relative_to(coverage.PATH.parents[1])} written.")
