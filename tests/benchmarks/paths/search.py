"""The form's group search: a signed `block_suggestion` over HTTP, in a project of many groups, from the catalogue."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

from bot.domain.facts import ProjectAlias
from bot.slack import modals
from bot.slack.ids import ActionId, BlockId
from tests.benchmarks.children import free_port, module, running
from tests.benchmarks.figures import Row, in_turns, percentile
from tests.benchmarks.ours.bot import bot_environment, program
from tests.benchmarks.outside.http import Lane
from tests.benchmarks.outside.load import interaction, signed
from tests.benchmarks.outside.slack import APP, TEAM
from tests.benchmarks.paths.approve import simulated_environment
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.setting import Setting


async def rows(setting: Setting) -> list[Row]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        command = module("outside.simulated", setting.search_groups, 1, "on")
        facts = json.loads((await stack.enter_async_context(running(command, setting.folder))).word)
        folder = setting.folder / "search"
        folder.mkdir()
        env = bot_environment(folder, free_port(), slack.environment(), simulated_environment(facts))
        child = await stack.enter_async_context(program("run", folder, env))
        lane = Lane(int(child.word))
        await _until_known(lane, setting)
        seen = await in_turns({"ours": lambda: _searches(lane, setting)}, setting.rounds)
        lane.close()
    return [
        Row(
            path=f"group search among {setting.search_groups:,}",
            measure=measure,
            ours=seen.of("ours", measure),
            goal="≤ 50 ms" if "p99" in measure else "",
            is_met=seen.of("ours", measure) <= 50 if "p99" in measure else None,
            rounds=setting.rounds,
        )
        for measure in ("p50, ms", "p99, ms")
    ]


def suggestion(text: str) -> bytes:
    """What Slack sends while somebody types into the form's list of groups."""
    view = modals.request_form(modals.Form(project=ProjectAlias("eu-de")))
    return signed(
        interaction(
            {
                "type": "block_suggestion",
                "team": {"id": TEAM, "domain": "bench"},
                "user": {"id": "U0REQUESTER", "name": "somebody", "team_id": TEAM},
                "api_app_id": APP,
                "token": "verification",
                "container": {"type": "view", "view_id": "V1"},
                "action_id": ActionId.GROUP.value,
                "block_id": BlockId.GROUP.value,
                "value": text,
                "view": {"id": "V1", "team_id": TEAM, "state": {"values": {}}, "hash": "1.a", **view},
            }
        )
    )


async def _found(lane: Lane, text: str) -> int:
    reply = await lane.send(suggestion(text))
    if reply.status != 200:
        raise RuntimeError(f"the search answered {reply.status}")
    return len(json.loads(reply.body or b"{}").get("options", ()))


async def _until_known(lane: Lane, setting: Setting) -> None:
    """The catalogue is read in the background; the last group is in it when it is complete."""
    deadline = time.monotonic() + 120
    while not await _found(lane, f"pg-{setting.search_groups - 1:05d}"):
        if time.monotonic() > deadline:
            raise TimeoutError("the catalogue was never read")


async def _searches(lane: Lane, setting: Setting) -> Mapping[str, float]:
    """Whole names, beginnings, numbers from the middle, and words that nothing has."""
    chance, took = random.Random(7), []
    for number in range(setting.searches):
        name = f"pg-{chance.randrange(setting.search_groups):05d}"
        text = (name, name[:4], name[-3:], "eu-de-02 9", "nothing", "")[number % 6]
        began = time.perf_counter()
        await _found(lane, text)
        took.append((time.perf_counter() - began) * 1000)
    return {"p50, ms": percentile(took, 0.5), "p99, ms": percentile(took, 0.99)}
