from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from accounts import services
from accounts.models import Application
from imsite.core.commands import Command as BaseCommand


class Command(BaseCommand):
    help = (
        "Give an application a new master secret and print it. The one before works until the next rotation: put the new "
        "one into your servers meanwhile, and rotate again to be rid of a secret that others may know. Running servers "
        "know the new one within five seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("appkey")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, appkey: str, **options: Any) -> None:
        application = Application.objects.find(appkey)
        secret = services.rotate_secret(application, by=None)
        if options["json"]:
            self.stdout.write(json.dumps({"appkey": appkey, "master_secret": secret}))
            return
        self.stdout.write(f"Application {application.name}")
        self.stdout.write(f"  master secret  {secret}")
        self.stdout.write("The one before works until the next rotation.")
