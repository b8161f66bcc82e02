from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from accounts.models import Application
from imsite.core import clock, ids
from imsite.core.commands import Command as BaseCommand
from imsite.core.commands import Progress, first_line
from imsite.importing.circles import Groups, Rooms
from imsite.importing.client import Client, SourceRefused, SourceUnreachable
from imsite.importing.entries import BLACKLISTS, FRIENDS, GROUPS, KINDS, ROOMS, USERS, WORDS, Source
from imsite.importing.files import FileSource
from imsite.importing.move import Move, Step, run
from imsite.importing.people import Blacklists, Friends, Users
from imsite.importing.remote import RemoteSource
from imsite.importing.report import STATES, Report
from imsite.importing.vocabulary import Words

SOME_FAILED = 3  # the exit status where the import went through, and something could not be imported
PARALLEL_MOST = 32

STEPS: dict[str, Callable[[Move], Step]] = {
    USERS: Users, FRIENDS: Friends, BLACKLISTS: Blacklists, GROUPS: Groups, ROOMS: Rooms, WORDS: Words,
}  # fmt: skip


class Command(BaseCommand):
    help = (
        "Import users, friends, blacklists, groups, chat rooms and sensitive words into an application: from files, or from "
        "a running JMessage-compatible server (--host, --appkey, --secret). Run again it goes on where it stopped. "
        "docs/import.md describes the files. Exit status 3: something could not be imported, failures.csv says what."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="*", type=Path, help="folders with files of the known names, or such files")
        parser.add_argument("--into", required=True, metavar="APPKEY", help="the application that gets all of it")
        parser.add_argument("--host", help="of the server to import from, as api.im.jpush.cn or http://127.0.0.1:8000")
        parser.add_argument("--appkey", help="of the application there")
        parser.add_argument("--secret", help="its master secret; - reads it from the first line of the input")
        parser.add_argument("--only", default="", metavar="KINDS", help=f"some of {','.join(KINDS)}; default: all")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done and what fails; change nothing"
        )
        parser.add_argument(
            "--passwords",
            choices=["none", "random"],
            default="none",
            help="of users who bring none: nobody signs in until one is set, or made ones, listed in passwords.csv",
        )
        parser.add_argument("--report", type=Path, metavar="FOLDER", help="default: one in imports/ of the data folder")
        parser.add_argument(
            "--source", default="files", metavar="NAME", help="tells sets of files apart that name other groups alike"
        )
        parser.add_argument("--parallel", type=int, default=4, metavar="N", help="requests at once, 1 to 32")

    def handle(self, *, path: list[Path], into: str, only: str, **options: Any) -> None:
        application = Application.objects.find(into)
        kinds = _kinds(only)
        source = self.source(path, options)
        folder = options["report"] or settings.DATA_DIR / "imports" / clock.now().strftime("%Y%m%d-%H%M%S-%f")
        new_password = ids.new_key if options["passwords"] == "random" else None
        move = Move(application, source, Report(folder), dry=options["dry_run"], new_password=new_password)
        started, ended = clock.now(), "cut"
        try:
            self.go_through(move, kinds)
            ended = "complete"
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run the command again to go on.", returncode=130) from None
        except (SourceRefused, SourceUnreachable) as error:
            raise CommandError(f"The source: {error}. Run the command again to go on.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {first_line(error)}. Run the command again to go on.") from error
        finally:
            self.finish(move, started=started.isoformat(), ended=clock.now().isoformat(), how=ended)
        if move.report.failures:
            raise CommandError(
                f"{move.report.failures} could not be imported: see {folder / 'failures.csv'}", returncode=SOME_FAILED
            )

    def source(self, paths: list[Path], options: dict[str, Any]) -> Source:
        """CommandError where there is none, or two."""
        remote = [name for name in ("host", "appkey", "secret") if options[name]]
        if bool(paths) == bool(remote) or len(remote) not in (0, 3):
            raise CommandError("Name files or folders, or all of --host, --appkey and --secret.")
        if paths:
            return FileSource(paths, name=options["source"])
        if not 1 <= options["parallel"] <= PARALLEL_MOST:
            raise CommandError(f"--parallel takes 1 to {PARALLEL_MOST}.")
        is_piped = options["secret"] == "-"  # noqa: S105  (not a secret)
        secret = sys.stdin.readline().strip() if is_piped else options["secret"]
        client = Client(options["host"], options["appkey"], secret)
        return RemoteSource(client, options["appkey"], parallel=options["parallel"])

    def go_through(self, move: Move, kinds: list[str]) -> None:
        for kind in kinds:
            with Progress(self.stdout, kind, move.source.count(kind)) as progress:
                run(move, kind, STEPS[kind](move), progress.advance)

    def finish(self, move: Move, **facts: str) -> None:
        """Write the report, and print the counts."""
        made = {kind: move.journal.done(kind) for kind in (GROUPS, ROOMS)}
        into = {"source": move.source.name, "into": move.application.appkey, "dry_run": move.dry}
        move.report.close(made, **into, **facts)
        width = max(map(len, ("", *move.report.counts)))
        words = ("would be done", "there already", "failed") if move.dry else ("done", "there already", "failed")
        for kind, counts in move.report.counts.items():
            told = ", ".join(f"{counts[state]:,} {word}" for state, word in zip(STATES, words, strict=True))
            self.stdout.write(f"{kind.ljust(width)}  {told}")
        self.stdout.write(f"Report: {move.report.folder}")


def _kinds(only: str) -> list[str]:
    wanted = [kind.strip() for kind in only.split(",")] if only else list(KINDS)
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        raise CommandError(f"--only knows {', '.join(KINDS)}, not {', '.join(unknown)}.")
    return [kind for kind in KINDS if kind in wanted]
