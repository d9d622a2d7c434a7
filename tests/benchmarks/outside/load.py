"""The loads: so many commands at once, each new one sent when the one before has come to its end in Slack."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.benchmarks.figures import percentile
from tests.benchmarks.outside.http import Lane, request_bytes
from tests.benchmarks.outside.slack import APP, SECRET, TEAM, BareSlack, BareSockets

FORM = "application/x-www-form-urlencoded"
LOST_SECONDS = 10.0
_numbers = itertools.count(1)


def next_number() -> int:
    """Marks a command, so that its calls at Slack can be told from all others."""
    return next(_numbers)


@dataclass(slots=True)
class Taken:
    """What a load saw, in seconds."""

    acks: list[float] = field(default_factory=list)
    opens: list[float] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0.0

    def figures(self) -> dict[str, float]:
        done = len(self.opens)
        return {
            "ack p50, ms": percentile(self.acks, 0.5) * 1000,
            "ack p99, ms": percentile(self.acks, 0.99) * 1000,
            "open p50, ms": percentile(self.opens, 0.5) * 1000,
            "open p99, ms": percentile(self.opens, 0.99) * 1000,
            "commands/s": done / self.seconds if self.seconds else 0.0,
            "lost": self.lost,
        }


def command(number: int, text: str = "") -> dict[str, str]:
    """The payload of `/failover`, with every field that Slack sends."""
    return {
        "token": "verification",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": "C0BENCH",
        "channel_name": "general",
        "user_id": "U0REQUESTER",
        "user_name": "somebody",
        "command": "/failover",
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": "http://127.0.0.1:9/hook",
        "trigger_id": f"bench-{number}",
    }


def interaction(payload: Mapping[str, object]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, path: str = "/slack/events") -> bytes:
    """A whole request as Slack signs it."""
    stamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": FORM,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
        "Accept": "application/json,*/*",
    }
    return request_bytes(path, body, headers)


Send = Callable[[int], Awaitable[float | None]]
"""Sends the command of that number; how long its acknowledgement took, None when there was none."""


async def over_http(port: int, slack: BareSlack, *, at_once: int, count: int, text: str = "") -> Taken:
    lanes = [Lane(port) for _ in range(at_once)]

    def sender(lane: Lane) -> Send:
        async def send(number: int) -> float | None:
            request = signed(urlencode(command(number, text)).encode())
            began = time.perf_counter()
            reply = await lane.send(request)
            return time.perf_counter() - began if reply.status == 200 else None

        return send

    try:
        return await _drive([sender(lane) for lane in lanes], slack, count)
    finally:
        for lane in lanes:
            lane.close()


async def over_sockets(sockets: BareSockets, slack: BareSlack, *, at_once: int, count: int) -> Taken:
    async def send(number: int) -> float | None:
        began = time.perf_counter()
        return await sockets.send(number, "slash_commands", command(number)) - began

    return await _drive([send] * at_once, slack, count)


async def _drive(senders: list[Send], slack: BareSlack, count: int) -> Taken:
    taken, left = Taken(), iter(range(count))
    began = time.perf_counter()
    await asyncio.gather(*(_lane(send, slack, left, taken) for send in senders))
    taken.seconds = time.perf_counter() - began
    return taken


async def _lane(send: Send, slack: BareSlack, left: object, taken: Taken) -> None:
    for _ in left:  # type: ignore[attr-defined]  # one iterator, shared by all lanes
        number = next_number()
        seen, began = slack.expect(number), time.perf_counter()
        try:
            async with asyncio.timeout(LOST_SECONDS):
                ack = await send(number)
                await seen.done
        except TimeoutError:
            ack = None
        slack.seen.pop(number)
        if ack is None:
            taken.lost += 1
        else:
            taken.acks.append(ack)
            taken.opens.append(seen.opened_at - began)
