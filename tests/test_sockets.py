"""What arrives over a socket is taken up at once, whatever became of what arrived before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.sockets import Line


def envelope(number: int, **payload: Any) -> str:
    return json.dumps({"type": "slash_commands", "envelope_id": f"e-{number}", "payload": payload})


class Ear:
    """Listens; waits for `may_end` where the payload says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end = asyncio.Event()

    async def hear(self, client: Any, request: SocketModeRequest) -> None:
        self.begun.append(request.envelope_id)
        if request.payload.get("fails"):
            raise ArithmeticError("nobody expected this")
        if request.payload.get("waits"):
            await self.may_end.wait()
        self.ended.append(request.envelope_id)


@pytest.fixture
async def ear() -> Ear:
    return Ear()


@pytest.fixture
async def line(ear: Ear) -> AsyncIterator[Line]:
    line = Line(app_token="xapp-1")
    line.socket_mode_request_listeners.append(ear.hear)
    yield line
    await line.close()


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_that_takes_its_time_holds_nobody_up(line: Line, ear: Ear) -> None:
    await line.enqueue_message(envelope(1, waits=True))
    await line.enqueue_message(envelope(2))
    await turn()
    assert (ear.begun, ear.ended) == (["e-1", "e-2"], ["e-2"])
    ear.may_end.set()
    await turn()
    assert ear.ended == ["e-2", "e-1"]


@pytest.mark.parametrize("odd", ["", "hello", "[]", "{", "{" * 200_000, '{"a":' * 200_000, '{"type": "hello"}'])
async def test_a_message_that_cannot_be_read_is_passed_over(line: Line, ear: Ear, odd: str) -> None:
    await line.enqueue_message(odd)
    await line.enqueue_message(envelope(1))
    await turn()
    assert ear.ended == ["e-1"]


async def test_one_that_fails_is_written_down_and_the_next_is_heard(
    line: Line, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    await line.enqueue_message(envelope(1, fails=True))
    await line.enqueue_message(envelope(2))
    await turn()
    assert ear.ended == ["e-2"]
    assert "nobody expected this" in caplog.text
