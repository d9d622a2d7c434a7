"""The outside world as a process of its own: Slack and the cloud, which live on while the bot's processes die.

    python -m tests.chaos.outside '{"groups": 60, "rooms": 60}'

prints one line of JSON with all that a bot and a checker need, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.demo.sdrs import Pace, SimulatedCloud, describe
from bot.demo.sdrs import standalone as standalone_cloud
from bot.demo.stage import installation
from bot.demo.workspace import Cast, User
from bot.demo.workspace import standalone as standalone_slack
from bot.slack.manifest import manifest

ROOT = Path(__file__).parents[2]
QUICK = Pace(reverse_seconds=1.5, sub_job_seconds=0.4, stop_seconds=0.3, start_seconds=0.3, other_seconds=0.3)
Facts = dict[str, Any]


async def play(wishes: Mapping[str, Any]) -> None:
    request_url = wishes.get("request_url")
    made = installation(manifest(request_url=request_url or ""))
    cast = standalone_slack(**made, request_url=request_url, socket_mode=not request_url, rate_limits=False)
    await cast.slack.start()
    pace = Pace(**wishes["pace"]) if "pace" in wishes else QUICK
    rooms = [cast.slack.add_channel(f"dr-{n}", members=_readers(cast)).id for n in range(wishes.get("rooms", 0))]
    cloud = await standalone_cloud(pace=pace, plain_groups=wishes.get("groups", 0))
    print(json.dumps(facts_of(cast, cloud, rooms)), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def facts_of(cast: Cast, cloud: SimulatedCloud, rooms: Sequence[str] = ()) -> Facts:
    """All that a bot and a checker need to know."""
    return {
        "slack": cast.slack.url,
        "cloud": describe(cloud),
        "environment": cast.slack.environment(cast.app),
        "requester": cast.requester.id,
        "approvers": [person.id for person in cast.approvers],
        "usergroup": cast.approver_group.id,
        "team": cast.slack.state.team_id,
        "approvals": cast.approvals.id,
        "incidents": cast.incidents.id,
        "general": cast.general.id,
        "rooms": list(rooms),
    }


def _readers(cast: Cast) -> tuple[User | str, ...]:
    return (cast.requester, *cast.approvers, cast.app.bot_user_id)


@dataclass(frozen=True, slots=True)
class Outside:
    """The eyes and hands of a checker: plain HTTP, as from another machine."""

    facts: Facts
    session: aiohttp.ClientSession

    async def calls(self) -> list[Facts]:
        """What the cloud was asked, in the order of its answers."""
        found: list[Facts] = (await self._get(f"{self.facts['cloud']['address']}/_/calls"))["calls"]
        return found

    async def groups(self) -> list[Facts]:
        state = await self._get(f"{self.facts['cloud']['address']}/_/state")
        return [group for project in state["projects"] for group in project["groups"]]

    async def group(self, name: str) -> Facts:
        return next(group for group in await self.groups() if group["name"] == name)

    async def reversals(self, group_id: str = "") -> list[Facts]:
        return [call for call in await self.calls() if is_reversal(call) and group_id in call["path"]]

    async def cloud_fault(self, **fault: Any) -> str:
        made = await self._post(f"{self.facts['cloud']['address']}/_/faults", fault)
        return str(made["id"])

    async def clear_cloud_faults(self) -> None:
        address = f"{self.facts['cloud']['address']}/_/faults"
        for fault in (await self._get(address))["faults"]:
            async with self.session.delete(f"{address}/{fault['id']}"):
                pass

    async def messages(self) -> list[Facts]:
        found: list[Facts] = (await self._get(f"{self.facts['slack']}/_/everything"))["messages"]
        return found

    async def channels(self) -> list[Facts]:
        found: list[Facts] = (await self._get(f"{self.facts['slack']}/_/boot"))["channels"]
        return found

    async def acks(self) -> list[Facts]:
        found: list[Facts] = (await self._get(f"{self.facts['slack']}/_/acks"))["acks"]
        return found

    async def slack_fault(self, **fault: Any) -> None:
        await self._post(f"{self.facts['slack']}/_/faults", fault)

    async def slack_outage(self, on: bool) -> None:
        await self._post(f"{self.facts['slack']}/_/outage", {"on": on})

    async def trouble(self, do: str, **arguments: Any) -> None:
        await self._post(f"{self.facts['slack']}/_/trouble", {"do": do, **arguments})

    async def hand(self, what: str, person: str, **body: Any) -> Facts:
        """What a person does on the page: `command`, `action`, `submit`, …"""
        return await self._post(f"{self.facts['slack']}/_/{what}", {"as": person, **body})

    async def _get(self, address: str) -> Facts:
        async with self.session.get(address) as answer:
            body: Facts = await answer.json()
            return body

    async def _post(self, address: str, body: Mapping[str, Any]) -> Facts:
        async with self.session.post(address, json=body) as answer:
            said: Facts = await answer.json()
            assert answer.status < 400, said
            return said


def is_reversal(call: Facts) -> bool:
    return (
        call["method"] == "POST"
        and call["path"].endswith("/action")
        and isinstance(call["body"], dict)
        and "reverse-server-group" in call["body"]
    )


@asynccontextmanager
async def outside(**wishes: Any) -> AsyncIterator[Outside]:
    """Start it, talk to it, end it."""
    arguments = ("-m", "tests.chaos.outside", json.dumps(wishes))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        limit=2**20,
    )
    assert process.stdout is not None
    try:
        facts = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        async with aiohttp.ClientSession() as session:
            yield Outside(facts, session)
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(play(json.loads(sys.argv[1])))
