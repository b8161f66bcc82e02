"""`python -m bench`: measure, print the table, write bench/RESULTS.md. `--quick`: a first impression in under a minute."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

from bench import results
from bench.client import Failed
from bench.processes import Place, allow_files, place, split_cores
from bench.scenarios import Bench, durable_writes, fan_out, idle_memory, round_trips, users_needed
from bench.world import World

SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "writes": durable_writes,
    "group uvicorn, daphne": fan_out,
    "round trips uvicorn": lambda bench: round_trips(bench, "uvicorn"),
    "round trips daphne": lambda bench: round_trips(bench, "daphne"),
    "memory uvicorn": lambda bench: idle_memory(bench, "uvicorn"),
    "memory daphne": lambda bench: idle_memory(bench, "daphne"),
}


LIMIT_SECONDS = 15 * 60  # several times what a run takes on a machine that does nothing else


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short trial, uvicorn alone; prints, writes nothing")
    parser.add_argument("--only", default="", help="scenarios whose name contains this; prints, writes nothing")
    return parser.parse_args()


def prepare(place: Place, users: int) -> World:
    return World(**json.loads(place.output_of("-m", "bench.world", str(users))))


def chosen(arguments: argparse.Namespace) -> list[str]:
    names = [name for name in SCENARIOS if arguments.only in name]
    if not names:
        sys.exit(f"no scenario is called {arguments.only!r}; there are: {'; '.join(SCENARIOS)}")
    return [name for name in names if not (arguments.quick and name.endswith(" daphne") and "," not in name)]


def run(arguments: argparse.Namespace) -> str:
    cores, own = split_cores()
    os.sched_setaffinity(0, own)
    allow_files()
    trials, seconds, idle = (1, 0.8, 200) if arguments.quick else (3, 1.5, 500)
    about = results.machine()
    with place(cores) as where:
        say("preparing people and a group")
        world = prepare(where, users_needed(trials, idle))
        bench = Bench(where, world, trials=trials, seconds=seconds, idle_sockets=idle)
        for name in chosen(arguments):
            say(name)
            SCENARIOS[name](bench)
        disk = results.file_system(where.folder)
    about += [
        f"- server on core {numbers(cores)}, client on core {numbers(own)}; loopback; {trials} trials of {seconds:g} s",
        f"- SQLite on {disk}, WAL, synchronous=FULL: every send is acknowledged after its commit has reached the disk",
        "- uvicorn with uvloop, httptools, websockets-sansio and no compression; Daphne as the product starts it",
        "- in-memory channel layer; no Redis behind the product",
        "- passwords hashed at the least cost, because sign-in is not measured; all other settings are the defaults",
        f"- memory: growth of the server's resident set with {idle} sockets more",
    ]
    return results.document(bench, about)


def numbers(cores: frozenset[int]) -> str:
    return ", ".join(str(core) for core in sorted(cores))


started = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - started:4.0f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def ends_cleanly() -> Iterator[None]:
    """Being asked to stop unwinds the stack: servers end and their data goes."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    def give_up(number: int, frame: FrameType | None) -> None:
        raise Failed(f"not finished within {LIMIT_SECONDS // 60} minutes: is the machine busy with something else?")

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_SECONDS)
    try:
        yield
    except Failed as failure:
        sys.exit("\n".join([f"bench: {failure}", *getattr(failure, "__notes__", [])]))
    except KeyboardInterrupt:
        sys.exit(130)


def main() -> None:
    arguments = read_arguments()
    with ends_cleanly():
        text = run(arguments)
    print(text)
    if arguments.quick or arguments.only:
        say("bench/RESULTS.md is left as it is")
    else:
        results.PATH.write_text(text)
        say(f"written to {results.PATH}")


main()
