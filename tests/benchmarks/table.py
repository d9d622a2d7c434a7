"""The table as text, as Markdown for the README, and as JSON for whoever compares two runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields

from tests.benchmarks.figures import Machine, Row

COLUMNS = ("path", "measure", "ours", "limit", "× limit", "peers", "goal", "met", "rounds")


def number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cells(row: Row) -> tuple[str, ...]:
    peers = (
        f"{name} {number(value) if isinstance(value, float | int) else value}" for name, value in row.peers.items()
    )
    met = "–" if row.is_met is None else "yes" if row.is_met else "NO"
    limit = f"{number(row.limit)} ({row.limit_name})" if row.limit is not None and row.limit_name else number(row.limit)
    return (
        row.path,
        row.measure,
        number(row.ours),
        limit,
        number(row.ratio),
        "; ".join(peers) or "–",
        row.goal or "–",
        met,
        str(row.rounds),
    )


def as_text(rows: Sequence[Row], machine: Machine) -> str:
    lines = [COLUMNS, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([about(machine), "", *drawn, *_notes(rows)])


def as_markdown(rows: Sequence[Row], machine: Machine) -> str:
    return "\n".join([about(machine), "", *_markdown_rows(rows), *_notes(rows)])


def for_readme(text: str) -> str:
    """A measurement from its JSON: the goals, and every figure behind a click."""
    rows, machine, load = read_json(text)
    judged = [row for row in rows if row.is_met is not None]
    told = f"{about(machine)} · load average {load[0]:.1f} before, {load[3]:.1f} after"
    every = ["<details><summary>Every figure</summary>", "", *_markdown_rows(rows), *_notes(rows), "", "</details>"]
    return "\n".join([told, "", *_markdown_rows(judged), "", *every])


def _markdown_rows(rows: Sequence[Row]) -> list[str]:
    def drawn(line: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"

    return [drawn(COLUMNS), drawn(["---"] * len(COLUMNS)), *(drawn(cells(row)) for row in rows)]


def as_json(rows: Sequence[Row], machine: Machine, load: Sequence[float]) -> str:
    shown = [{**asdict(row), "ratio": row.ratio} for row in rows]
    return json.dumps({"machine": asdict(machine), "load_average": list(load), "rows": shown}, indent=2, default=str)


def read_json(text: str) -> tuple[list[Row], Machine, list[float]]:
    """What `as_json` has written."""
    told = json.loads(text)
    known = {field.name for field in fields(Row)}
    rows = [Row(**{name: value for name, value in row.items() if name in known}) for row in told["rows"]]
    return rows, Machine(**told["machine"]), told["load_average"]


def about(machine: Machine) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    return (
        f"{machine.date} · {machine.processor}, {machine.cores} cores · {machine.system} · "
        f"Python {machine.python} · {packages}"
    )


def _notes(rows: Sequence[Row]) -> list[str]:
    notes = [f"- {row.path}, {row.measure}: {row.note}" for row in rows if row.note]
    return ["", *notes] if notes else []
