"""What was measured, as a table of ratios: take the ratios, not the numbers, to another machine."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.scenarios import Bench, Measure
from bench.world import GROUP_SIZE, PAIRS

PATH = Path(__file__).resolve().parent / "RESULTS.md"
PACKAGES = ("django", "channels", "channels-redis", "djangorestframework", "daphne", "uvicorn", "uvloop", "websockets")


@dataclass(frozen=True)
class Row:
    """One line of the table: a measure of the product beside one of a reference."""

    what: str
    product: str  # names of measures
    against: str
    reference: str
    target: float = 0.0  # of the ratio; 0 without one
    unit: str = "/s"


def rows() -> list[Row]:
    """In the order of the table."""
    writes = f"durable sends of {PAIRS} senders in one process (`sending.send`)"
    table = [
        Row(writes, "writes send", "one transaction each, Django ORM through `sync_to_async`", "writes orm", 8),
        Row(writes, "writes send", "bare commit loop: UPDATE, INSERT, COMMIT in sqlite3", "writes loop"),
    ]
    for server in ("uvicorn", "daphne"):
        for in_flight in (1, 8):
            what = f"deliveries, group of {GROUP_SIZE} sockets, {in_flight} in flight, {server}"
            product = f"group {server} {in_flight}"
            target = 20 if (server, in_flight) == ("uvicorn", 1) else 0
            memory = f"Channels `group_send`, in-memory layer, {server}"
            table.append(Row(what, product, memory, f"group_send memory {server} {in_flight}", target))
            redis = "Channels `group_send`, Redis layer, uvicorn"
            table.append(Row(what, product, redis, f"group_send redis uvicorn {in_flight}"))
    for server in ("uvicorn", "daphne"):
        for in_flight in (1, 8):
            what = f"sends by socket, {PAIRS} pairs, {in_flight} in flight, {server}"
            product = f"sends {in_flight} {server}"
            table.append(Row(what, product, f"bare ASGI echo, {server}", f"echo frames {in_flight} {server}"))
            table.append(Row(what, product, "bare commit loop", "writes loop"))
        what = f"the same, 1 in flight, and every message acknowledged by its receiver, {server}"
        against = f"bare ASGI echo, {server}"
        table.append(Row(what, f"sends with receipts {server}", against, f"echo frames 1 {server}"))
    for server in ("uvicorn", "daphne"):
        for connections in (16, 50):
            what = f"sends by REST, {connections} connections, {server}"
            product = f"rest {connections} {server}"
            table.append(Row(what, product, f"bare ASGI echo, {server}", f"echo http {connections} {server}"))
            table.append(Row(what, product, "bare commit loop", "writes loop"))
    for server in ("uvicorn", "daphne"):
        what = f"memory of an idle signed-in socket, {server}"
        against = f"bare ASGI echo, {server}"
        table.append(Row(what, f"memory product {server}", against, f"memory echo {server}", unit=" KiB"))
    return table


def ratio(bench: Bench, row: Row) -> float:
    return median(bench.measures[row.product].values) / median(bench.measures[row.reference].values)


def document(bench: Bench, settings: Sequence[str]) -> str:
    """The whole of RESULTS.md."""
    measures = bench.measures
    found = [row for row in rows() if row.product in measures and row.reference in measures]
    missing = sorted({row.against for row in rows() if row.product in measures and row.reference not in measures})
    lines = ["# Measurements", "", *introduction(), "", *settings, "", "## Ratios", "", *ratio_table(bench, found)]
    if missing:
        lines += ["", f"Not measured, because it was not found on this machine: {'; '.join(missing)}."]
    lines += ["", "## Time to the reply", "", *latency_table(measures)]
    lines += ["", "## How busy", "", *busy_table(measures)]
    if "messages a commit" in bench.facts:
        lines += ["", f"Messages a commit with {PAIRS} senders in one process: {bench.facts['messages a commit']:.1f}."]
    return "\n".join(lines) + "\n"


def introduction() -> list[str]:
    return [
        "Written by `make bench`. Everything in one run on one machine, in turns: every trial measures the product and each",
        "reference once. A number is the median, behind it stand all trials. Only what has arrived counts; a trial ends when",
        "every send is answered and every message has reached everyone, else the run fails, and at the end the database holds",
        "exactly what was acknowledged.",
    ]


def ratio_table(bench: Bench, found: Sequence[Row]) -> list[str]:
    lines = [
        "| what | against, in the same run | ratio | target | product: median (trials) | reference: median (trials) |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in found:
        product, reference = bench.measures[row.product], bench.measures[row.reference]
        target = f"{row.target:g}x" if row.target else ""
        lines.append(
            f"| {row.what} | {row.against} | {times(ratio(bench, row))} | {target}"
            f" | {shown(product, row.unit)} | {shown(reference, row.unit)} |"
        )
    return lines


def times(value: float) -> str:
    return f"{value:.1f}x" if value >= 1 else f"{value:.2f}x"


def shown(measure: Measure, unit: str) -> str:
    trials = ", ".join(number(value) for value in measure.values)
    return f"**{number(median(measure.values))}**{unit} ({trials})"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def latency_table(measures: dict[str, Measure]) -> list[str]:
    lines = [
        "Milliseconds from the request to its answer, which for a send follows the commit; medians of the trials.",
        "",
    ]
    lines += ["| measure | p50 | p95 | p99 |", "|---|--:|--:|--:|"]
    for name, measure in measures.items():
        if measure.latencies_ms:
            p50, p95, p99 = (median(column) for column in zip(*measure.latencies_ms, strict=True))
            lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {p99:.1f} |")
    return lines


def busy_table(measures: dict[str, Measure]) -> list[str]:
    lines = [
        "Parts of one core. A server below its core waits for the disk; a client near its core would be the limit itself;",
        "others are Redis where it is used, the kernel's own threads, and whatever else ran on the machine.",
        "",
        "| measure | server | client | others |",
        "|---|--:|--:|--:|",
    ]
    for name, measure in measures.items():
        if measure.server_busy:
            parts = (measure.server_busy, measure.client_busy, measure.others_busy)
            lines.append(f"| {name} | {' | '.join(f'{median(part):.0%}' for part in parts)} |")
    return lines


def machine() -> list[str]:
    """What it ran on, as bullet points."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"- machine: {os.cpu_count()} cores, {model}; {platform.system()} {platform.release()}",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}",
        f"- load before the run: {os.getloadavg()[0]:.2f}",
    ]


def file_system(path: Path) -> str:
    """The type of the file system that `path` is on: a commit on one in memory waits for no disk."""
    mounts = [line.split()[1:3] for line in _lines("/proc/mounts")]
    inside = [(point, kind) for point, kind in mounts if path.is_relative_to(point)]
    return max(inside, key=lambda mount: len(mount[0]))[1] if inside else "?"


def _lines(path: str) -> list[str]:
    with open(path) as file:
        return file.read().splitlines()
