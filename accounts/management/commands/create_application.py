from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from accounts import services
from imsite.core.commands import Command as BaseCommand


class Command(BaseCommand):
    help = (
        "Make an application (a tenant) and print its appkey and master secret. Both may be brought along by those who "
        "move here, 24 letters and digits each. Works beside a running server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--owner", default="", metavar="ORG", help="applications of one owner may reach each other's users"
        )
        parser.add_argument("--appkey", help="default: a random one")
        parser.add_argument("--secret", help="the master secret; default: a random one")
        parser.add_argument(
            "--origin",
            action="append",
            default=[],
            metavar="PATTERN",
            help="web pages of this origin may use it, as https://*.example.com; repeat for more; none allows any",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, name: str, owner: str, origin: list[str], **options: Any) -> None:
        application, secret = services.create_application(
            name, owner=owner, appkey=options["appkey"], secret=options["secret"], origins=origin, by=None
        )
        made = {
            "name": application.name,
            "owner": application.owner.name,
            "appkey": application.appkey,
            "master_secret": secret,
            "origins": application.origins,
        }
        if options["json"]:
            self.stdout.write(json.dumps(made, ensure_ascii=False))
            return
        self.stdout.write(f"Application {application.name} of {application.owner.name}")
        self.stdout.write(f"  appkey         {application.appkey}")
        self.stdout.write(f"  master secret  {secret}")
        self.stdout.write(
            "Keep the secret where your server keeps its own: with it anyone may act for the application."
        )
