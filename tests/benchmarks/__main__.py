"""`python -m tests.benchmarks [NAME…] [--json FILE] [--markdown] [--mode MODE…]`: measure, and print one table."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import uvloop

from tests.benchmarks.figures import Row, this_machine
from tests.benchmarks.setting import Setting
from tests.benchmarks.table import FAILED, Report, as_json, as_markdown, as_text

Measure = Callable[[Setting], Awaitable[list[Row]]]

# name -> module and function under `paths`, and what it is about
PATHS: dict[str, tuple[str, str]] = {
    "command": ("command.over_http_rows", "signed /failover over HTTP to the ack and to the modal"),
    "socket": ("command.over_socket_rows", "the same over Socket Mode"),
    "approve": ("approve.rows", "the approving click to the POST at the cloud, on both databases"),
    "words": ("words.rows", "a job's SUCCESS to the words in the thread"),
    "follow": ("follow.rows", "following jobs: CPU, memory, lateness"),
    "takeover": ("takeover.rows", "kill -9 of a worker to the survivor's first look"),
    "start": ("start.rows", "--help, ready, memory"),
    "search": ("search.rows", "the form's group search among many groups"),
    "growth": ("growth.rows", "an empty database beside one with a long history"),
    "card": ("card.rows", "a card of many servers, drawn"),
}
MODES: dict[str, tuple[str, str]] = {
    "slow-cloud": ("bad_days.slow_cloud", "a cloud that answers in five seconds"),
    "slack-limit": ("bad_days.slack_limit", "Slack at its rate limit"),
    "slow-database": ("bad_days.slow_database", "a database with round trips of 20 ms"),
}


def measure_of(place: str) -> Measure:
    """Imported late: a path whose peer or database is missing must not stop the others."""
    module, _, function = place.partition(".")
    found: Measure = getattr(import_module(f"tests.benchmarks.paths.{module}"), function)
    return found


def arguments() -> argparse.Namespace:
    known = "\n".join(f"  {name:<14} {about}" for name, (_, about) in {**PATHS, **MODES}.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"names and modes:\n{known}",
    )
    parser.add_argument("names", nargs="*", choices=[*PATHS, []], metavar="NAME", help="which paths; all by default")
    parser.add_argument("--mode", choices=MODES, nargs="+", help="bad days instead of the paths")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to this file too")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--rounds", type=int, default=3, help="how often the contenders take turns (default 3)")
    return parser.parse_args()


async def measured(places: Mapping[str, str], setting: Setting, find: Callable[[str], Measure] = measure_of) -> Report:
    rows: list[Row] = []
    took: dict[str, float] = {}
    before = os.getloadavg()
    for name, place in places.items():
        began, load = time.monotonic(), os.getloadavg()[0]
        folder = setting.folder / name
        folder.mkdir()
        try:
            async with asyncio.timeout(setting.most_seconds):
                rows += await find(place)(replace(setting, folder=folder))
        except Exception as error:  # the others are still worth their time
            traceback.print_exc()
            rows.append(Row(path=name, measure=f"{FAILED}: {type(error).__name__}", ours=math.nan, is_met=False))
        took[name] = time.monotonic() - began
        print(f"{name}: {took[name]:.0f} s, load {load:.1f}", file=sys.stderr)
    return Report(rows=rows, machine=this_machine(), load_average=[*before, *os.getloadavg()], seconds=took)


def main() -> None:
    given = arguments()
    chosen = {mode: MODES[mode] for mode in given.mode} if given.mode else {n: PATHS[n] for n in given.names or PATHS}
    with tempfile.TemporaryDirectory(prefix="failover-bench-") as folder:
        setting = replace(Setting(folder=Path(folder)), rounds=given.rounds)
        report = uvloop.run(measured({name: place for name, (place, _) in chosen.items()}, setting))
    print(as_markdown(report) if given.markdown else as_text(report))
    if given.json:
        given.json.write_text(as_json(report) + "\n")
    if report.has_failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
