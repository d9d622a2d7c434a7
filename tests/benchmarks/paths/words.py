"""A job's SUCCESS until its words are in the thread, while one worker follows many, within Slack's rate limits."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp

from bot.domain.facts import Group, GroupId
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from tests.benchmarks.children import free_port, module, running
from tests.benchmarks.figures import Row, percentile
from tests.benchmarks.ours.bot import bot_environment, policy_text, program
from tests.benchmarks.ours.postgres import database
from tests.benchmarks.ours.rows import BATCH, Rows, add_card, add_running, add_shown, opened, plain_snapshot, request_of
from tests.benchmarks.outside.slack import place_of
from tests.benchmarks.paths.approve import simulated_environment
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.setting import Setting

SPOKEN = b"The cloud says that the reversal is done"
CHANNELS = 10  # a message a second in each is all that Slack takes
SPACING_SECONDS = 0.5
AFTER_SECONDS = 600.0  # the first end, by the cloud's clock, which is turned forward when all are followed
LEAD_SECONDS = 1.0
FILL_SECONDS = 120.0
LOST_SECONDS = 60.0


async def rows(setting: Setting) -> list[Row]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack(is_limited=True))
        spoken: dict[str, float] = {}

        def heard(method: str, body: bytes) -> None:
            if SPOKEN in body and (place := place_of(body)):
                spoken.setdefault(place[0], time.time())

        slack.on_call = heard
        counts = (setting.words_jobs, setting.words_ends, AFTER_SECONDS, SPACING_SECONDS)
        facts = json.loads(
            (await stack.enter_async_context(running(module("outside.reversing", *counts), setting.folder))).word
        )
        folder = setting.folder / "words"
        folder.mkdir()
        rules = [(f"rule-{n}", f"*{n}", f"C{n}BENCH") for n in range(CHANNELS)]
        (folder / "policy.toml").write_text(policy_text(*rules))
        url = await stack.enter_async_context(database("postgresql", setting, folder))
        with opened(url) as filled:
            await _fill(filled, facts["runs"])
        pace = {"POLL_SECONDS": str(setting.poll_seconds), "SLOW_POLL_SECONDS": str(setting.poll_seconds)}
        env = bot_environment(folder, free_port(), slack.environment(), simulated_environment(facts), url, **pace)
        await stack.enter_async_context(program("worker", folder, env))
        await _until_followed(facts, setting.words_jobs)
        await asyncio.sleep(setting.poll_seconds)  # what the first looks have shown is written down by then
        passed = await _turn_forward(facts["address"], facts["runs"][0][-1])
        ends = {f"R{n:05d}": end - passed for n, (*_, end) in enumerate(facts["runs"][: setting.words_ends])}
        await _until_spoken(spoken, ends)
        late = [spoken[request] - end for request, end in ends.items()]
        refused = slack.refused
    path = f"SUCCESS → words in the thread, {setting.words_jobs:,} jobs, a look every {setting.poll_seconds:g} s"
    most = setting.poll_seconds + 0.2
    note = f"{setting.words_ends} jobs ended, {refused} calls were refused by the rate limits"
    p50, p99 = percentile(late, 0.5), percentile(late, 0.99)

    def row(measure: str, ours: float, goal: str = "", is_met: bool | None = None, note: str = "") -> Row:
        return Row(
            path=path,
            measure=measure,
            ours=ours,
            limit=setting.poll_seconds,
            limit_name="the interval",
            goal=goal,
            is_met=is_met,
            note=note,
        )

    return [row("p50, s", p50), row("p99, s", p99, f"≤ {most:g} s", p99 <= most, note)]


async def _fill(rows: Rows, runs: Sequence[tuple[str, str, str, float]]) -> None:
    for first in range(0, len(runs), BATCH):
        await rows.store.run(lambda tx, first=first: _batch(tx, runs, first))  # type: ignore[misc]  # default binds


def _batch(tx: Transaction, runs: Sequence[tuple[str, str, str, float]], first: int) -> None:
    for number in range(first, min(first + BATCH, len(runs))):
        group_id, name, job_id, _ = runs[number]
        snapshot = plain_snapshot(number)
        group: Group = replace(snapshot.group, id=GroupId(group_id), name=name)
        request = request_of(number, tx, replace(snapshot, group=group))
        add_running(tx, request, job_id)
        channel, ts = f"C{number % CHANNELS}BENCH", f"1600000000.{number:06d}"
        add_card(tx, request, channel, ts)
        add_shown(tx, request, Place(PlaceKind.PROGRESS), channel, f"1600000001.{number:06d}", ts)


async def _until_followed(facts: Mapping[str, str], jobs: int) -> None:
    """Until the cloud has been asked about each of them."""
    seen: set[str] = set()
    since = 0
    async with aiohttp.ClientSession(facts["address"]) as session, asyncio.timeout(FILL_SECONDS):
        while len(seen) < jobs:
            await asyncio.sleep(0.5)
            async with session.get(f"/_/calls?since={since}") as answer:
                told = await answer.json()
            since = told["count"]
            seen |= {call["path"] for call in told["calls"] if "/jobs/" in call["path"]}


async def _turn_forward(address: str, first_end: float) -> float:
    """The cloud's clock, until shortly before the first end; by how many seconds."""
    seconds = max(0.0, first_end - time.time() - LEAD_SECONDS)
    async with aiohttp.ClientSession(address) as session:
        (await session.post("/_/advance", json={"seconds": seconds})).raise_for_status()
    return seconds


async def _until_spoken(spoken: dict[str, float], ends: dict[str, float]) -> None:
    deadline = max(ends.values()) + LOST_SECONDS
    while not ends.keys() <= spoken.keys():
        if time.time() > deadline:
            missing = sorted(ends.keys() - spoken.keys())
            raise TimeoutError(f"the words of {len(missing)} jobs never came: {missing[:5]}")
        await asyncio.sleep(0.05)
