"""Two web processes and one PostgreSQL: clicks are signed, sent to both at once, and counted from outside."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from aiohttp import ClientSession

from bot.app import migrate_database
from bot.demo.sdrs import Server
from bot.demo.stage import free_port
from bot.slack.ids import ActionId, CallbackId
from tests.chaos.crew import Child
from tests.chaos.seen import asks
from tests.many.site import Balancer, Site, site

CLICKS = 50
YES, TOO_LATE = "Approved (1 of 1)", "Already decided"
LATER = "Counting your approval"  # a busy bot says so first, and the answer follows in the view
Thing = dict[str, Any]


class Knocking:
    """Whoever has the signing secret can send what Slack would never send."""

    def __init__(self, here: Site, session: ClientSession) -> None:
        self._here, self._session = here, session
        self._secret = here.environment["SLACK_SIGNING_SECRET"].encode()

    def _origin(self, who: str) -> Thing:
        team = self._here.facts["team"]
        return {
            "api_app_id": self._here.cast.app.app_id,
            "team": {"id": team},
            "user": {"id": who, "team_id": team},
            "trigger_id": "1.2.invented",
        }

    def second_step(self, who: str, target: str, **changes: Any) -> Thing:
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": CallbackId.APPROVE.value,
            "private_metadata": target,
            "state": {"values": {}},
        }
        return {"type": "view_submission", **self._origin(who), "view": view, **changes}

    def signed(self, payload: Thing, *, age_seconds: int = 0) -> tuple[bytes, dict[str, str]]:
        body = f"payload={quote(json.dumps(payload))}".encode()
        stamp = str(int(time.time()) - age_seconds)
        digest = hmac.new(self._secret, f"v0:{stamp}:".encode() + body, sha256).hexdigest()
        kind = "application/x-www-form-urlencoded"
        return body, {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
            "Content-Type": kind,
        }

    async def send(self, child: Child, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        url = f"http://127.0.0.1:{child.port}/slack/events"
        async with self._session.post(url, data=BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.text()

    async def knock(self, child: Child, payload: Thing, **more: Any) -> tuple[int, str]:
        return await self.send(child, *self.signed(payload, **more))


def records(url: str) -> Counter[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        return Counter(connection.execute("SELECT action, outcome FROM audit").fetchall())


def recorded(url: str, before: Counter[tuple[str, str]]) -> tuple[int, int]:
    """How many approvals counted since then, and how many came too late."""
    now = records(url)
    one, other = ((now[row] - before[row]) for row in (("approve", "done"), ("approve", "already_decided")))
    return one, other


def word_in(answer: tuple[int, str]) -> str:
    """What the person reads in the view that takes the place of the second step; it may come a moment later."""
    status, text = answer
    assert status == 200, text
    return next((word for word in (YES, TOO_LATE, LATER) if word in text), text)


async def forgeries(knocking: Knocking, web: tuple[Child, Child], approver: str, target: str) -> None:
    """Each is signed with the right secret; none is an approval."""
    request_id = target.partition(":")[0]
    foreign: list[Thing] = [
        {"api_app_id": "AOTHER"},
        {"team": {"id": "TOTHER"}},
        {"user": {"id": approver, "team_id": "TOTHER"}},
        {"user": {"id": "UNOBODY"}},
        {"user": {"id": "root", "team_id": "operator"}},
    ]
    payloads = [knocking.second_step(approver, target, **changes) for changes in foreign]
    payloads += [knocking.second_step(approver, one) for one in ("FR-AAAAAAAA:1", f"{request_id}:7", request_id, "x")]
    for number, payload in enumerate(payloads):
        status, text = await knocking.knock(web[number % 2], payload)
        assert (status, "Approved" in text) == (200, False), (payload, text)
    body, headers = knocking.signed(knocking.second_step(approver, target))
    assert (await knocking.send(web[0], body + b"x", headers))[0] == 401
    assert (await knocking.knock(web[1], knocking.second_step(approver, target), age_seconds=301))[0] == 401


def target_of(card: Thing) -> str:
    """What its button carries: request id and revision, nothing else."""
    buttons = [one for block in card["blocks"] for one in block.get("elements", ())]
    return next(str(one["value"]) for one in buttons if one.get("action_id") == ActionId.APPROVE.value)


@asynccontextmanager
async def two_webs(url: str, place: Path) -> AsyncIterator[tuple[Site, tuple[Child, Child]]]:
    """And one worker; five people may approve."""
    ports = (free_port(), free_port())
    await asyncio.to_thread(migrate_database, url)
    async with (
        Balancer([*ports]).open() as balancer,
        site(url, place, request_url=f"{balancer}/slack/events") as here,
    ):
        here.evening.project.add_group("pg-calm", servers=[Server(name="calm-db")], last_drill_days_ago=1)
        group = here.cast.approver_group
        group.members |= {here.cast.slack.add_user(f"approver{n}").id: None for n in range(5 - len(group.members))}
        web = (here.child("serve", port=ports[0]), here.child("serve", port=ports[1]))
        for child in (*web, here.child("worker")):
            await child.start()
        await asyncio.gather(*(child.until(200) for child in here.children))
        yield here, web


async def test_f12_fifty_signed_clicks_on_two_processes_are_one_approval_and_one_post(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    url = empty_postgres_url
    async with two_webs(url, tmp_path) as (here, web), ClientSession() as session:
        five, play, knocking = [*here.cast.approver_group.members], here.evening, Knocking(here, session)
        assert len(five) == 5
        card = await play.ask("pg-calm")
        target = target_of(card)
        await forgeries(knocking, web, five[0], target)
        assert [ask.state for ask in asks(url)] == ["pending"]
        assert here.posts() == 0
        before = records(url)

        clicks = [knocking.signed(knocking.second_step(five[n % 5], target)) for n in range(CLICKS)]
        answers = await asyncio.gather(*(knocking.send(web[n % 2], *click) for n, click in enumerate(clicks)))
        answers += [await knocking.send(web[n], *clicks[0]) for n in range(2)]  # captured and replayed
        words = Counter(map(word_in, answers))
        assert words[YES] <= 1
        assert set(words) <= {YES, TOO_LATE, LATER}, words

        assert "VERIFIED" in await play.ended(card, 60)
        assert here.posts() == 1
        await play.see(lambda: sum(recorded(url, before)) == CLICKS + 2)
        assert recorded(url, before) == (1, CLICKS + 1)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM approval").fetchall() == [(1,)]
