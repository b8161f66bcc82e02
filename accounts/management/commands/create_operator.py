from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from accounts import services
from imsite.core.commands import Command as BaseCommand


class Command(BaseCommand):
    help = "Make an operator, who may sign in to the console, and print the password. Works beside a running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input; default: a random one"
        )
        parser.add_argument(
            "--staff", action="store_true", help="without any permission yet, instead of with all of them"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, username: str, password_stdin: bool, staff: bool, **options: Any) -> None:
        given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
        operator, password = services.create_operator(
            username, email=options["email"], password=given, superuser=not staff, by=None
        )
        if options["json"]:
            shown = {} if password_stdin else {"password": password}
            self.stdout.write(json.dumps({"username": operator.username, "superuser": operator.is_superuser, **shown}))
            return
        self.stdout.write(f"Operator {operator.username}")
        if not password_stdin:
            self.stdout.write(f"  password  {password}")
