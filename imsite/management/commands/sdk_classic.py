from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imsite import modules


class Command(BaseCommand):
    help = "Write static/sdk/jmessage.classic.js from the SDK's modules; --check only compares."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: Any) -> None:
        found = modules.classic()
        if check:
            if not modules.CLASSIC.exists() or modules.CLASSIC.read_text(encoding="utf-8") != found:
                raise CommandError("jmessage.classic.js is not that of the modules: run `manage.py sdk_classic`.")
            return
        modules.CLASSIC.write_text(found, encoding="utf-8")
        self.stdout.write(f"{modules.CLASSIC.relative_to(modules.STATIC.parent)} written.")
