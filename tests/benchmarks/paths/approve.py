"""The approving click, signed and over HTTP, until the POST is at the cloud; and a hundred of them at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bot.clock import SystemClock
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover
from bot.domain.facts import GroupId, ProjectAlias, Site, Snapshot
from bot.domain.policy import Policy
from bot.policy_file import load
from bot.ports import Transaction
from bot.service.looking import look
from bot.slack.ids import ActionId, BlockId, CallbackId, encode_target
from tests.benchmarks.children import free_port, module, running
from tests.benchmarks.figures import Row, Turn, in_turns, percentile
from tests.benchmarks.ours.bot import bot_environment, program
from tests.benchmarks.ours.postgres import database
from tests.benchmarks.ours.rows import OPTIONS, opened, request_of
from tests.benchmarks.outside.http import Lane
from tests.benchmarks.outside.load import command, interaction, next_number, signed
from tests.benchmarks.outside.slack import APP, TEAM, BareSlack
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.paths.follow import look_at
from tests.benchmarks.setting import Setting

LOST_SECONDS = 60.0
OPENED_AT_ONCE = 8
APART_SECONDS = 0.15  # people click minutes apart: what the run before writes to Slack is no part of this one
OURS, LIMIT, READS = "ours", "limit", "limit with the same reads"


def simulated_environment(facts: Mapping[str, Any]) -> dict[str, str]:
    """The settings with which a bot works in the simulated cloud."""
    names = ("auth_url", "username", "password", "user_domain_name", "project_name")
    given = ("iam", "user", "password", "domain", "project")
    there = {f"OS_{name.upper()}": str(facts[word]) for name, word in zip(names, given, strict=True)}
    return {**there, **{f"{name.upper()}_ENDPOINT": str(facts[name]) for name in ("sdrs", "ecs", "ims")}}


@dataclass(frozen=True, slots=True)
class Click:
    """One approval on its way: the group that it moves, and the whole signed request. Where the second step is opened
    first, as people do, `request_id` says of which request."""

    group_id: str
    payload: Callable[[], bytes]
    request_id: str = ""


def submission(metadata: str, warnings: tuple[str, ...] = ()) -> bytes:
    """What Slack sends when the second step is submitted, with every warning ticked."""
    ticked = {"type": "checkboxes", "selected_options": [{"value": name} for name in warnings]}
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": CallbackId.APPROVE.value,
        "private_metadata": metadata,
        "state": {"values": {BlockId.ACKNOWLEDGE.value: {ActionId.ACKNOWLEDGE.value: ticked}}},
        "blocks": [],
        "hash": "1.a",
    }
    user = {"id": "U0APPROVER", "name": "approver", "team_id": TEAM}
    payload = {"type": "view_submission", "team": {"id": TEAM, "domain": "bench"}, "user": user, "api_app_id": APP}
    return signed(interaction({**payload, "token": "t", "trigger_id": "1.2", "view": view}))


async def rows(setting: Setting) -> list[Row]:
    return [row for kind in setting.databases for row in await _on(kind, setting)]


async def _on(kind: str, setting: Setting) -> list[Row]:
    singles, bursts = setting.rounds * setting.approvals, setting.rounds * setting.burst
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        prepared = module("outside.prepared", 3 * (singles + bursts + 1))
        facts = json.loads((await stack.enter_async_context(running(prepared, setting.folder))).word)
        folder = setting.folder / f"approve-{kind}"
        folder.mkdir()
        url = await stack.enter_async_context(database(kind, setting, folder))
        there = simulated_environment(facts)
        env = bot_environment(folder, free_port(), slack.environment(), there, url)
        groups = iter(facts["groups"])
        ours = await _asked(url, there, folder, [next(groups) for _ in range(singles + bursts + 1)])
        bot = await stack.enter_async_context(program("run", folder, env))
        clicks: dict[str, tuple[int, Iterator[Click]]] = {OURS: (int(bot.word), iter(ours))}
        bare = (Click(group, lambda group=group: submission(group)) for group in groups)  # type: ignore[misc]
        for who, slack_url in ((LIMIT, ""), (READS, slack.url)):
            place = str(folder / f"{len(clicks)}.sqlite") if kind == "sqlite" else url
            command = module("limits.approve", place, json.dumps({**facts, "groups": []}), slack_url)
            clicks[who] = (int((await stack.enter_async_context(running(command, folder))).word), bare)
        port = int(facts["address"].rpartition(":")[2])
        return await _measured(kind, setting, slack, port, clicks)


async def _measured(
    kind: str, setting: Setting, slack: BareSlack, cloud_port: int, clicks: Mapping[str, tuple[int, Iterator[Click]]]
) -> list[Row]:
    def turn(who: str, at_once: int, count: int) -> Turn:
        async def one() -> Mapping[str, float]:
            port, given = clicks[who]
            chosen = [next(given) for _ in range(count)]
            await _open_second_steps(port, slack, chosen)
            return await _approvals(port, cloud_port, chosen, at_once=at_once)

        return one

    for who in clicks:
        await turn(who, 1, 1)()  # warms up
    single = await in_turns({who: turn(who, 1, setting.approvals) for who in clicks}, setting.rounds)
    burst = await in_turns({who: turn(who, setting.burst, setting.burst) for who in clicks}, setting.rounds)
    path, goal = f"approve → POST, {kind}", kind == "postgresql"

    def row(seen: Any, path: str, measure: str, goal: str, is_met: bool | None) -> Row:
        ours, limit = seen.of(OURS, measure), seen.of(LIMIT, measure)
        peers = {READS: seen.of(READS, measure)}
        return Row(
            path=path,
            measure=measure,
            ours=ours,
            limit=limit,
            peers=peers,
            goal=goal,
            is_met=is_met,
            rounds=setting.rounds,
        )

    is_quick = single.of(OURS, "p50, ms") <= 3 * single.of(LIMIT, "p50, ms")
    many = f"{setting.burst} approvals at once, {kind}"
    return [
        row(single, path, "p50, ms", "≤ 3 × limit" if goal else "", is_quick if goal else None),
        row(single, path, "p99, ms", "", None),
        row(burst, many, "runs/s", "≥ 50", burst.of(OURS, "runs/s") >= 50),
        row(burst, many, "p99, ms", "", None),
    ]


async def _asked(url: str, there: Mapping[str, str], folder: Path, groups: list[str]) -> list[Click]:
    """Requests that wait for one approval, about groups as the cloud shows them now."""
    accesses = discover(there, lambda path: None).accesses
    gateway = CloudGateway(accesses, clock=SystemClock())
    policy = load(folder / "policy.toml")
    try:
        gate = asyncio.Semaphore(8)

        async def seen(group_id: str) -> Snapshot:
            async with gate:
                return await gateway.snapshot(ProjectAlias("eu-de"), GroupId(group_id))

        snapshots = await asyncio.gather(*map(seen, groups))
    finally:
        await gateway.aclose()
    with opened(url) as rows:
        return await rows.store.run(lambda tx: [_ask(tx, n, one, policy) for n, one in enumerate(snapshots)])


def _ask(tx: Transaction, number: int, snapshot: Snapshot, policy: Policy) -> Click:
    seen = look(snapshot, Site.TARGET, OPTIONS, policy, tx.now)
    request = request_of(number, tx, snapshot, version=policy.version, findings=seen.findings)
    assert tx.requests.add(request)
    warnings = tuple({finding.check for finding in seen.warnings})
    return Click(snapshot.group.id, lambda: submission(encode_target(request.id, 1), warnings), request.id)


def second_step(number: int, request_id: str) -> bytes:
    """The approver asks for the modal that repeats what will happen."""
    return signed(urlencode({**command(number, f"approve {request_id}"), "user_id": "U0APPROVER"}).encode())


async def _open_second_steps(port: int, slack: BareSlack, clicks: list[Click]) -> None:
    """Not measured, but it comes before: what it finds out counts for the click that follows within half a minute."""
    left = iter([click for click in clicks if click.request_id])

    async def lane(one: Lane) -> None:
        for click in left:
            number = next_number()
            seen = slack.expect(number)
            await one.send(second_step(number, click.request_id))
            async with asyncio.timeout(LOST_SECONDS):
                await seen.done
            slack.seen.pop(number)
        one.close()

    await asyncio.gather(*(lane(Lane(port)) for _ in range(OPENED_AT_ONCE)))


async def _approvals(port: int, cloud_port: int, clicks: list[Click], *, at_once: int) -> Mapping[str, float]:
    """From each click to its POST, by the clock that all processes of this machine share."""
    known = len(await look_at(cloud_port, "/_/posts?since=0"))
    lanes, left, clicked_at = [Lane(port) for _ in range(at_once)], iter(clicks), {}

    async def lane(one: Lane) -> None:
        for click in left:
            if at_once == 1:
                await asyncio.sleep(APART_SECONDS)
            clicked_at[click.group_id] = time.time()
            reply = await one.send(click.payload())
            if reply.status != 200 or b"Nothing was changed" in reply.body:
                raise RuntimeError(f"the click was answered {reply.status}: {reply.body!r}")
            if at_once == 1:
                await _posts(cloud_port, known, {click.group_id})

    await asyncio.gather(*map(lane, lanes))
    posted_at = await _posts(cloud_port, known, set(clicked_at))
    for one in lanes:
        one.close()
    took = [posted_at[group] - at for group, at in clicked_at.items()]
    return {
        "p50, ms": percentile(took, 0.5) * 1000,
        "p99, ms": percentile(took, 0.99) * 1000,
        "runs/s": len(took) / (max(posted_at.values()) - min(clicked_at.values())),
    }


async def _posts(cloud_port: int, known: int, wanted: set[str]) -> dict[str, float]:
    """When the order of each group arrived."""
    async with asyncio.timeout(LOST_SECONDS):
        while True:
            found = await look_at(cloud_port, f"/_/posts?since={known}")
            posts = {group: at for group, at in found if group in wanted}
            if len(posts) == len(wanted):
                return posts
            await asyncio.sleep(0.02)
