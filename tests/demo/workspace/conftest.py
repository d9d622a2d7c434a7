"""A started workspace with the demo's cast, and a client that talks plain HTTP to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bot.demo.workspace import Cast, Person, standalone


@dataclass
class Client:
    """Calls the Web API as an app without an SDK would."""

    cast: Cast
    session: aiohttp.ClientSession

    async def __call__(self, method: str, *, token: str | None = None, **args: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token or self.cast.app.bot_token}"}
        url = self.cast.slack.api_url + method
        async with self.session.post(url, json=args, headers=headers) as response:
            body: dict[str, Any] = await response.json()
            return body

    async def form(self, method: str, *, token: str | None = None, **args: str) -> dict[str, Any]:
        fields = {"token": token or self.cast.app.bot_token, **args}
        async with self.session.post(self.cast.slack.api_url + method, data=fields) as response:
            body: dict[str, Any] = await response.json()
            return body


class Time:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time_() -> Time:
    return Time()


@pytest.fixture
async def cast(time_: Time) -> AsyncIterator[Cast]:
    made = standalone(clock=time_, rate_limits=False, ack_seconds=0.3, event_retry_seconds=(0.0, 0.05))
    async with made.slack:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def call(cast: Cast, session: aiohttp.ClientSession) -> Client:
    return Client(cast, session)


def section(text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "go", **more: Any) -> dict[str, Any]:
    label = {"type": "plain_text", "text": "Go"}
    return {"type": "button", "action_id": action_id, "text": label, **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def text_input(block_id: str = "reason", **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "text", **more.pop("element", {})}
    label = {"type": "plain_text", "text": "Reason"}
    return {"type": "input", "block_id": block_id, "label": label, "element": element, **more}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    title = {"type": "plain_text", "text": "Request"}
    submit = {"type": "plain_text", "text": "Send"}
    return {"type": "modal", "title": title, "submit": submit, "blocks": list(blocks), **more}


class SocketApp:
    """The smallest app: it acknowledges what it gets, with the payload that was set for the kind of payload."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.answers: dict[str, dict[str, Any]] = {}
        self.is_silent = False
        self.reader: asyncio.Task[None] | None = None
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self, call: Client) -> None:
        opened = await call("apps.connections.open", token=call.cast.app.app_token)
        self.socket = await call.session.ws_connect(opened["url"])
        assert (await self.socket.receive_json())["type"] == "hello"
        self.reader = asyncio.create_task(self._read(self.socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            envelope = json.loads(frame.data)
            self.received.append(envelope)
            self.arrived.set()
            if not self.is_silent and "envelope_id" in envelope:
                payload = self.answers.get(self.kind(envelope))
                answer = {"payload": payload} if payload is not None else {}
                await socket.send_json({"envelope_id": envelope["envelope_id"], **answer})

    async def next_envelope(self) -> dict[str, Any]:
        self.arrived.clear()
        await self.arrived.wait()
        return self.received[-1]

    @staticmethod
    def kind(envelope: dict[str, Any]) -> str:
        payload = envelope["payload"]
        return str(payload.get("command") or payload.get("event", payload).get("type"))

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [envelope["payload"] for envelope in self.received if "payload" in envelope]

    @property
    def trigger_id(self) -> str:
        return str(self.payloads[-1]["trigger_id"])

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        if self.reader is not None:
            await self.reader


@pytest.fixture
async def app(call: Client) -> AsyncIterator[SocketApp]:
    connected = SocketApp()
    await connected.connect(call)
    yield connected
    await connected.close()


@pytest.fixture
def rosa(cast: Cast) -> Person:
    return cast.slack.person(cast.requester)


@pytest.fixture
def amir(cast: Cast) -> Person:
    return cast.slack.person(cast.approvers[0])


OpenModal = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def open_modal(call: Client, app: SocketApp, rosa: Person) -> OpenModal:
    """Rosa types the command and the app opens this view for her."""

    async def opened(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
        await rosa.command("/failover", "", channel=call.cast.general.id)
        answer = await call("views.open", trigger_id=app.trigger_id, view=modal(*blocks, **more))
        assert answer["ok"], answer
        assert rosa.view is not None
        return rosa.view

    return opened
