"""A started workspace with the demo's cast, and a client that talks plain HTTP to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bot.demo.workspace import Cast, standalone


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


Section = Callable[..., dict[str, Any]]


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
