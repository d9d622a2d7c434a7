"""Prints what the doctor found: a table for people, JSON for programs, an exit status for both."""

from __future__ import annotations

import json
import os
from collections import Counter

from bot.cli.say import run, table
from bot.clock import SystemClock
from bot.doctor.examination import examine
from bot.doctor.report import RANK, Result, report_of, worst


def examine_and_print(*, as_json: bool) -> int:
    results = run(examine(os.environ, SystemClock()))
    if as_json:
        print(_json(results))
    else:
        table("What the doctor found", ("area", "what", "health", "found", "cure"), map(_row, results))
        print(_summary(results))
    return RANK.index(worst(results))


def _json(results: tuple[Result, ...]) -> str:
    return json.dumps(report_of(results), indent=2, ensure_ascii=False)


def _summary(results: tuple[Result, ...]) -> str:
    counts = Counter(result.health for result in results)
    return ", ".join(f"{counts[health]} {health.value}" for health in reversed(RANK) if counts[health]) + "."


def _row(result: Result) -> tuple[str, ...]:
    took = f" ({result.milliseconds} ms)" if result.milliseconds else ""
    return result.area.value, result.name, result.health.value, f"{result.sentence}{took}", result.cure
