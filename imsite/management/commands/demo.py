from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from imsite import demo
from imsite.core.commands import Command as BaseCommand


class Command(BaseCommand):
    help = (
        "Make, once, an application with its secret, an operator, and four users with a history; print what to open and "
        "with which credentials. They stay in demo.json in the data folder, and are printed again the next time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=f"http://{settings.HOST}:{settings.PORT}", help="where the server is")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, url: str, **options: Any) -> None:
        made = demo.find() or demo.make()
        if options["json"]:
            self.stdout.write(json.dumps(made, ensure_ascii=False))
            return
        self.stdout.write(table(made, url))


def table(made: dict[str, Any], url: str) -> str:
    """What to open, and with which name and password."""
    first, *others = made["users"]
    application, operator = made["application"], made["operator"]
    rows = [
        ("Chat page", f"{url}/", first["username"], first["password"]),
        *(("", "", user["username"], user["password"]) for user in others),
        ("Console", f"{url}/admin/", operator["username"], operator["password"]),
        ("REST API", f"{url}/v1/", "appkey", application["appkey"]),
        ("", "", "master secret", application["master_secret"]),
        ("Sockets", f"{url.replace('http', 'ws', 1)}/socket.io/", "", ""),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    note = f"Kept in {demo.saved()}. Two people on one machine: the second in a private window."
    return "\n".join(["", *lines, "", note, ""])
