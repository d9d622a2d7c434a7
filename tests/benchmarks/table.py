"""The table as text, as Markdown for the README, and as JSON for whoever compares two runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from tests.benchmarks.figures import Machine, Row

FAILED = "failed"  # how the measure of a path begins that came to no figures
COLUMNS = ("path", "measure", "ours", "limit", "× limit", "peers", "goal", "met", "rounds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run: its rows, where it ran, the load averages before and after, and how long each path took."""

    rows: Sequence[Row]
    machine: Machine
    load_average: Sequence[float]
    seconds: Mapping[str, float]

    @property
    def has_failed(self) -> bool:
        return any(row.measure.startswith(FAILED) for row in self.rows)

    @property
    def about(self) -> str:
        """In one line."""
        machine, load = self.machine, self.load_average
        minutes, seconds = divmod(round(sum(self.seconds.values())), 60)
        took = f" · took {minutes} min {seconds} s" if self.seconds else ""
        packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
        return (
            f"{machine.date} · {machine.processor}, {machine.cores} cores · {machine.system} · "
            f"Python {machine.python} · {packages} · load average {load[0]:.1f} before, {load[3]:.1f} after{took}"
        )


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


def as_text(report: Report) -> str:
    lines = [COLUMNS, *map(cells, report.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in report.seconds.items())
    return "\n".join([report.about, "", *drawn, *_notes(report.rows), "", took])


def as_markdown(report: Report) -> str:
    return "\n".join([report.about, "", *_markdown_rows(report.rows), *_notes(report.rows)])


def for_readme(text: str) -> str:
    """A measurement from its JSON: the goals, and every figure behind a click."""
    report = read_json(text)
    judged = [row for row in report.rows if row.is_met is not None]
    if len(judged) == len(report.rows):
        return as_markdown(report)
    every = ["<details><summary>Every figure</summary>", "", *_markdown_rows(report.rows), *_notes(report.rows)]
    return "\n".join([report.about, "", *_markdown_rows(judged), "", *every, "", "</details>"])


def _markdown_rows(rows: Sequence[Row]) -> list[str]:
    def drawn(line: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"

    return [drawn(COLUMNS), drawn(["---"] * len(COLUMNS)), *(drawn(cells(row)) for row in rows)]


def as_json(report: Report) -> str:
    rows = [{**asdict(row), "ratio": row.ratio} for row in report.rows]
    told = {"machine": asdict(report.machine), "load_average": list(report.load_average)}
    return json.dumps({**told, "seconds": dict(report.seconds), "rows": rows}, indent=2, default=str)


def read_json(text: str) -> Report:
    """What `as_json` has written."""
    told = json.loads(text)
    known = {field.name for field in fields(Row)}
    rows = [Row(**{name: value for name, value in row.items() if name in known}) for row in told["rows"]]
    return Report(
        rows=rows,
        machine=Machine(**told["machine"]),
        load_average=told["load_average"],
        seconds=told.get("seconds", {}),
    )


def _notes(rows: Sequence[Row]) -> list[str]:
    notes = [f"- {row.path}, {row.measure}: {row.note}" for row in rows if row.note]
    return ["", *notes] if notes else []
