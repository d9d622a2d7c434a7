"""Each benchmark runs, with tiny counts, and its rows can be shown. No figure is judged here."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import MODES, PATHS, measure_of, measured
from tests.benchmarks.figures import Row, median, percentile, this_machine
from tests.benchmarks.setting import Setting, tiny
from tests.benchmarks.table import Report, as_json, as_markdown, as_text, for_readme, read_json
from tests.postgres import PostgresServer

PLACES = {name: place for name, (place, _) in (PATHS | MODES).items()}


@pytest.mark.parametrize("name", PLACES)
async def test_the_benchmark_runs_and_gives_figures(name: str, tmp_path: Path, postgres_server: PostgresServer) -> None:
    rows = await measure_of(PLACES[name])(tiny(tmp_path, postgres_server))

    assert rows
    assert not [row for row in rows if math.isnan(row.ours)]


def report_of(*rows: Row) -> Report:
    return Report(
        rows=rows, machine=this_machine(), load_average=[0.5, 0, 0, 7.25, 0, 0], seconds={"a": 100, "b": 25.4}
    )


def test_the_table_shows_goal_ratio_machine_and_length_in_each_form() -> None:
    row = Row(path="p", measure="ms", ours=3.0, limit=2.0, peers={"x": "not installed"}, goal="≤ 2 ×", is_met=True)
    report = report_of(row)

    for drawn in (as_text(report), as_markdown(report)):
        assert report.machine.python in drawn
        assert "1.50" in drawn
        assert "x not installed" in drawn
        assert "yes" in drawn
        assert "took 2 min 5 s" in drawn
    assert json.loads(as_json(report))["rows"][0]["ratio"] == 1.5


def test_what_was_measured_is_read_again_and_shown_with_the_load_that_disturbed_it() -> None:
    row = Row(path="p", measure="ms", ours=3.0, limit=2.0, peers={"x": 4.0}, goal="≤ 2 ×", is_met=False)
    unjudged = Row(path="q", measure="ms", ours=1.0)
    report = report_of(row, unjudged)

    assert read_json(as_json(report)) == replace(report, rows=[row, unjudged])
    shown, _, every = for_readme(as_json(report)).partition("<details>")
    assert "load average 0.5 before, 7.2 after" in shown
    assert ("| p |" in shown, "| q |" in shown) == (True, False)
    assert "| q |" in every


async def test_a_path_that_hangs_has_failed_and_the_next_one_is_measured(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    async def hangs(setting: Setting) -> list[Row]:
        await asyncio.Event().wait()
        return []

    async def goes(setting: Setting) -> list[Row]:
        return [Row(path="next", measure="ms", ours=1.0)]

    setting = replace(tiny(tmp_path, postgres_server), most_seconds=0.05)
    report = await measured({"first": "one", "second": "two"}, setting, {"one": hangs, "two": goes}.__getitem__)

    assert [(row.path, row.measure) for row in report.rows] == [("first", "failed: TimeoutError"), ("next", "ms")]
    assert report.has_failed
    assert report.seconds.keys() == {"first", "second"}


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile([4, 1, 3, 2], 0.99) == 4
    assert math.isnan(percentile([], 0.5))
    assert median([1.0, math.nan, 3.0]) == 2.0
