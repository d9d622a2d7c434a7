"""Bad days: a cloud that takes five seconds, Slack at its limit, a database far away. What must not suffer is measured
beside the same on a good day."""

from __future__ import annotations

import asyncio
import math
import re
import time
import urllib.request
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from tests.benchmarks.children import Child, free_port, module, running
from tests.benchmarks.figures import Rounds, Row, Turn, in_turns, percentile
from tests.benchmarks.ours.bot import bot_environment, program
from tests.benchmarks.ours.postgres import postgres
from tests.benchmarks.ours.rows import add_running, migrate_all, opened, plain_snapshot, request_of
from tests.benchmarks.outside import cloud
from tests.benchmarks.outside.cloud import job_id_of
from tests.benchmarks.outside.load import Taken, over_http
from tests.benchmarks.outside.slack import BareSlack, place_of
from tests.benchmarks.outside.slow_wire import slow_wire
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.setting import Setting

ONE_WAY_SECONDS = 0.010
AT_ONCE = 16
GOOD, BAD = "good day", "bad day"
MOST_ACK_MS = 100.0
SHARE = 3  # of the commands of a good day: each of these takes its time
MEASURES = ("ack p50, ms", "ack p99, ms", "open p99, ms", "commands/s", "lost", "at work at once")


async def slow_cloud(setting: Setting) -> list[Row]:
    """The catalogue, the snapshots and the sign-in all take so long."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        bots = {}
        for name, seconds in ((GOOD, 0.0), (BAD, setting.slow_cloud_seconds)):
            the_cloud = await stack.enter_async_context(running(module("outside.cloud", seconds), setting.folder))
            folder = setting.folder / name.replace(" ", "-")
            folder.mkdir()
            env = bot_environment(folder, free_port(), slack.environment(), cloud.environment(int(the_cloud.word)))
            bots[name] = await stack.enter_async_context(program("run", folder, env))
        seen = await _commands(setting, slack, bots)
    return _rows(f"a cloud that answers in {setting.slow_cloud_seconds:g} s", seen, setting)


async def slow_database(setting: Setting) -> list[Row]:
    """PostgreSQL behind round trips of 20 ms; the command is one that reads there."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        the_cloud = await stack.enter_async_context(running(module("outside.cloud"), setting.folder))
        server = await stack.enter_async_context(postgres(setting))
        far = await stack.enter_async_context(slow_wire(server.port, seconds=ONE_WAY_SECONDS))
        bots = {}
        for name, port in ((GOOD, server.port), (BAD, far)):
            url = server.create()
            await asyncio.to_thread(migrate_all, url)
            folder = setting.folder / name.replace(" ", "-")
            folder.mkdir()
            there = cloud.environment(int(the_cloud.word))
            url = url.replace(f":{server.port}/", f":{port}/")
            env = bot_environment(folder, free_port(), slack.environment(), there, url)
            bots[name] = await stack.enter_async_context(program("run", folder, env))
        seen = await _commands(setting, slack, bots, text="status")
    return _rows("a database with round trips of 20 ms", seen, setting)


async def _commands(setting: Setting, slack: BareSlack, bots: Mapping[str, Child], *, text: str = "") -> Rounds:
    load = partial(over_http, slack=slack, at_once=AT_ONCE, text=text)

    async def turn(bot: Child) -> Mapping[str, float]:
        port, seen = int(bot.word), [0.0]
        await load(port, count=AT_ONCE)
        looking = asyncio.create_task(_look_on(port, seen))
        taken = await load(port, count=max(AT_ONCE, setting.commands // SHARE))
        looking.cancel()
        return {**taken.figures(), "at work at once": max(seen)}

    turns: dict[str, Turn] = {name: partial(turn, bot) for name, bot in bots.items()}
    return await in_turns(turns, setting.rounds)


async def _look_on(port: int, seen: list[float]) -> None:
    while True:
        seen.append(await asyncio.to_thread(_background, port))
        await asyncio.sleep(0.2)


def _background(port: int) -> float:
    """Listeners that go on after their acknowledgement at this moment, as the bot counts them itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        found = re.search(rb"^failover_background ([0-9.e+]+)", answer.read(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def _rows(path: str, seen: Rounds, setting: Setting) -> list[Row]:
    return [_row(path, measure, seen, setting) for measure in MEASURES]


def _row(path: str, measure: str, seen: Rounds, setting: Setting) -> Row:
    bad, good = seen.of(BAD, measure), seen.of(GOOD, measure)
    goal, most = {
        "ack p99, ms": (f"stays fast: ≤ {MOST_ACK_MS:g} ms or 3 × a good day", max(MOST_ACK_MS, 3 * good)),
        "lost": ("0", 0.0),
        "at work at once": (f"bounded: ≤ {2 * AT_ONCE}", 2.0 * AT_ONCE),
    }.get(measure, ("", math.nan))
    return Row(
        path=path,
        measure=measure,
        ours=bad,
        limit=good,
        limit_name=GOOD,
        goal=goal,
        is_met=bad <= most if goal else None,
        rounds=setting.rounds,
    )


# ------------------------------------------------------------------------------------------ Slack at its limit

KINDS = (PlaceKind.CARD, PlaceKind.END, PlaceKind.LINE, PlaceKind.PROGRESS)
PATIENCE_SECONDS = 150.0


async def slack_limit(setting: Setting) -> list[Row]:
    """Many requests of one channel want all their messages at once: Slack takes one a second."""
    count = max(2, setting.burst // 8)
    shown: dict[str, list[float]] = {kind.value: [] for kind in KINDS}
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack(is_limited=True))
        the_cloud = await stack.enter_async_context(running(module("outside.cloud"), setting.folder))
        folder = setting.folder / "slack-limit"
        folder.mkdir()
        server = await stack.enter_async_context(postgres(setting))
        url = server.create()
        await asyncio.to_thread(migrate_all, url)
        began = time.perf_counter()

        def heard(method: str, body: bytes) -> None:
            if (place := place_of(body)) and place[1] in shown:
                shown[place[1]].append(time.perf_counter() - began)

        slack.on_call = heard
        with opened(url) as rows:
            await rows.store.run(lambda tx: [_crowd(tx, number) for number in range(count)])
        env = bot_environment(folder, free_port(), slack.environment(), cloud.environment(int(the_cloud.word)), url)
        bot = await stack.enter_async_context(program("run", folder, env))
        began = time.perf_counter()
        taken = await over_http(int(bot.word), slack, at_once=2, count=min(40, setting.commands))
        await _until_shown(shown, count)
    return _limit_rows(count, shown, taken, slack.refused)


def _limit_rows(count: int, shown: Mapping[str, list[float]], taken: Taken, refused: int) -> list[Row]:
    card, end, line, progress = (percentile(shown[kind.value], 0.5) for kind in KINDS)
    path = f"Slack at its limit, {count} requests with {len(KINDS)} messages each in one channel"
    note = f"{refused} calls were refused by the rate limits; lines after {line:.1f} s"
    ack = taken.figures()["ack p99, ms"]

    def order(what: str, seconds: float, note: str = "") -> Row:
        return Row(
            path=path,
            measure=f"{what} shown after, s (p50)",
            ours=seconds,
            limit=progress,
            limit_name="progress",
            goal="before progress",
            is_met=seconds <= progress,
            note=note,
        )

    most = f"≤ {MOST_ACK_MS:g} ms"
    return [
        Row(path=path, measure="ack p99, ms", ours=ack, goal=most, is_met=ack <= MOST_ACK_MS),
        order("decisions", card, note),
        order("results", end),
    ]


def _crowd(tx: Transaction, number: int) -> None:
    """A run whose card, end, words and progress are all due."""
    request = request_of(number, tx, plain_snapshot(number))
    add_running(tx, request, job_id_of(number))
    for kind in KINDS:
        key = {PlaceKind.CARD: "1", PlaceKind.LINE: "bench"}.get(kind, "")
        data = {"kind": "job_done"} if kind is PlaceKind.LINE else None
        tx.surfaces.want(request.id, Place(kind, key), data=data)


async def _until_shown(shown: Mapping[str, list[float]], count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(len(times) < count for times in shown.values()) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
