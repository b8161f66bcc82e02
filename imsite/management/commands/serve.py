from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command

from accounts import services
from imsite import launch
from imsite.core.commands import Command as BaseCommand
from imsite.core.commands import pending_migrations, require_tables


class Command(BaseCommand):
    help = "Serve page, REST API, sockets and console from one process (IM_HOST, IM_PORT, IM_SERVER, IM_DATA_DIR)."
    needs_tables = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT, help="0 takes any free one")
        parser.add_argument("--server", choices=sorted(launch.SERVERS), default=settings.SERVER)
        parser.add_argument("--migrate", action="store_true", help="first bring the tables up to date")
        parser.add_argument("--demo", action="store_true", help="--migrate, and make the demo when there is none")

    def handle(self, *, host: str, port: int, server: str, migrate: bool, demo: bool, **options: Any) -> None:
        launch.require_folder()
        listener = launch.listen(host, port)
        url = launch.url_of(listener, host)
        with launch.only_server():
            launch.require_redis()
            self.prepare(migrate=migrate or demo)
            if not settings.REDIS_URL:  # the only process: what is open was left so by one that is gone
                services.close_open_sessions()
            if demo:
                call_command("demo", url=url, stdout=self.stdout)
            launch.SERVERS[server](listener, lambda: self.announce(url, server))

    def prepare(self, *, migrate: bool) -> None:
        if not migrate:
            require_tables()
        elif pending := pending_migrations():
            self.stdout.write(f"Making the tables: {len(pending)} migrations ...")
            self.stdout.flush()
            call_command("migrate", interactive=False, verbosity=0)
        launch.collect_static()

    def announce(self, url: str, server: str) -> None:
        self.stdout.write(f"imsite serves {url} with {server}; Ctrl-C stops it.")
        self.stdout.flush()
