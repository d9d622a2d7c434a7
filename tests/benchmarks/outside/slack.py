"""Slack as bare answers: it says yes to everything at once, and remembers when each command's calls arrived."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from aiohttp import WSMsgType, web

from bot.demo.workspace.rates import RateLimits
from tests.benchmarks.outside.http import listen, response

TEAM, BOT, APP, SECRET, TOKEN = "T0BENCH", "U0BOT", "A0BENCH", "the-signing-secret", "xoxb-benchmark"
APP_TOKEN = f"xapp-1-{APP}-benchmark"
# Those that the bot calls and that are not of tier 4. https://docs.slack.dev/apis/web-api/rate-limits
TIERS = {
    "chat.postMessage": "special",
    "chat.getPermalink": "special",
    "auth.test": "special",
    "chat.update": "t3",
    "chat.delete": "t3",
    "conversations.open": "t3",
    "conversations.info": "t3",
    "conversations.replies": "t3",
    "usergroups.users.list": "t2",
}
MARK = re.compile(rb"bench-(\d+)")
PERSON = {
    "team_id": TEAM,
    "deleted": False,
    "real_name": "Somebody",
    "tz": "UTC",
    "is_bot": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
    "is_app_user": False,
}


@dataclass(slots=True)
class Seen:
    """One command on its way: when its modal was opened, and a future for the last call that belongs to it."""

    opened_at: float = 0.0
    done: asyncio.Future[float] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class BareSlack:
    """`seen` is filled by the load generator in the same process. `on_call` sees every call: method, arguments."""

    def __init__(self, *, approvers: tuple[str, ...] = ("U0APPROVER",), limits: RateLimits | None = None) -> None:
        self._limits = limits
        self.refused = 0  # calls that came too fast
        self.seen: dict[int, Seen] = {}
        self.approvers = approvers
        self.calls: dict[str, int] = {}
        self.on_call: Callable[[str, bytes], None] = lambda method, body: None
        self.socket_url = ""
        self._ts = 1_700_000_000_000_000
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        self._server, port = await listen(self._answer)
        self.url = f"http://127.0.0.1:{port}/api/"

    def stop(self) -> None:
        if self._server:
            self._server.close()

    def expect(self, number: int) -> Seen:
        seen = self.seen[number] = Seen()
        return seen

    def environment(self) -> dict[str, str]:
        return {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SECRET, "SLACK_API_URL": self.url}

    def _answer(self, verb: bytes, path: bytes, body: bytes) -> bytes:
        name, _, query = path.rpartition(b"/")[2].partition(b"?")
        method, body = name.decode(), body or query
        if wait := self._wait(method, body):
            self.refused += 1
            told = b'{"ok": false, "error": "ratelimited"}'
            return response(told, status=429, headers=f"Retry-After: {wait}\r\n")
        self.calls[method] = self.calls.get(method, 0) + 1
        self.on_call(method, body)
        return response(json.dumps({"ok": True, **self._facts(method, body)}).encode())

    def _wait(self, method: str, body: bytes) -> int:
        """The seconds of `Retry-After`; 0 when the call may pass."""
        if self._limits is None:
            return 0
        return self._limits.retry_after(APP, method, TIERS.get(method, "t4"), arguments(body).get("channel"))

    def _facts(self, method: str, body: bytes) -> dict[str, Any]:
        match method:
            case "views.open" | "views.push" | "views.update":
                return self._view(method, body)
            case "chat.postMessage" | "chat.update" | "chat.postEphemeral":
                return self._message(body)
            case "users.info":
                user = arguments(body).get("user", "U0")
                return {"user": {"id": user, "name": user.lower(), **PERSON}}
            case "usergroups.users.list":
                return {"users": list(self.approvers)}
            case "conversations.open":
                return {"channel": {"id": "D0BENCH"}}
            case "apps.connections.open":
                return {"url": self.socket_url}
            case "auth.test":
                return {"user_id": BOT, "bot_id": "B0BOT", "team_id": TEAM, "team": "Bench", "user": "bot", "url": ""}
            case _:
                return {"messages": [], "channel": {"id": "C0", "is_member": True}, "members": [], "permalink": "x"}

    def _view(self, method: str, body: bytes) -> dict[str, Any]:
        mark = MARK.search(body)
        number = int(mark[1]) if mark else -1
        seen = self.seen.get(number)
        if seen is not None and method == "views.open":
            seen.opened_at = time.perf_counter()
        elif seen is not None and not seen.done.done():
            seen.done.set_result(time.perf_counter())
        return {"view": {"id": f"Vbench-{number}", "hash": "1.a", "type": "modal", "state": {"values": {}}}}

    def _message(self, body: bytes) -> dict[str, Any]:
        given = arguments(body)
        self._ts += 1000
        ts = given.get("ts") or f"{self._ts // 1_000_000}.{self._ts % 1_000_000:06d}"
        thread = {"thread_ts": given["thread_ts"]} if given.get("thread_ts") else {}
        return {"channel": given.get("channel", "C0"), "ts": ts, "message_ts": ts, "message": {"ts": ts, **thread}}


POSTED = re.compile(rb'"key": "([^"/]+)/([a-z]+)')


def place_of(body: bytes) -> tuple[str, str] | None:
    """Request and kind of a posted message of the bot, from its metadata."""
    found = POSTED.search(body)
    return (found[1].decode(), found[2].decode()) if found else None


def arguments(body: bytes) -> dict[str, str]:
    """The plain arguments of a call, sent as JSON or as a form."""
    if body[:1] == b"{":
        return {name: value for name, value in json.loads(body).items() if isinstance(value, str)}
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


class BareSockets:
    """Socket Mode by hand: envelopes out to the app's connections in turn, acknowledgements back."""

    def __init__(self) -> None:
        self._open: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[float]] = {}
        self._runner: web.AppRunner | None = None
        self._next = 0
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/link", self._accept)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}/link"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    @property
    def count(self) -> int:
        return len(self._open)

    async def send(self, number: int, kind: str, payload: dict[str, str]) -> float:
        """Deliver; the moment of the acknowledgement."""
        envelope_id = f"e-{number}"
        ack = self._acks[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, "accepts_response_payload": True}
        self._next += 1
        await self._open[self._next % len(self._open)].send_str(json.dumps(envelope))
        return await ack

    async def _accept(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        info = {"app_id": APP}
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": info, "debug_info": {}})
        self._open.append(socket)
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._heard(frame.data)
        finally:
            self._open.remove(socket)
        return socket

    def _heard(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            return  # slack_sdk pings in plain text
        ack = self._acks.pop(str(said.get("envelope_id")), None) if isinstance(said, dict) else None
        if ack is not None and not ack.done():
            ack.set_result(time.perf_counter())
