"""A payload reaches the listener that Bolt itself would have chosen; what nobody knows is left to Bolt."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.listening import Known
from handlers.payload import Asked, Kind, asked_for
from tests.handlers.front import Front, Thing
from tests.handlers.test_odd_payloads import command, pressed

TEAM = {"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"}}
ACTION = {"action_id": "go", "block_id": "b", "type": "button", "value": "x"}
PAYLOADS: list[Thing] = [
    {"command": "/go", "team_id": "T1", "user_id": "U1"},
    {"command": "/other", "team_id": "T1", "user_id": "U1"},
    {"type": "shortcut", "callback_id": "go", **TEAM},
    {"type": "message_action", "callback_id": "go", **TEAM},
    {"type": "block_actions", "actions": [ACTION], **TEAM},
    {"type": "block_actions", "actions": [ACTION | {"action_id": "other"}, ACTION], **TEAM},
    {"type": "block_suggestion", "action_id": "go", "block_id": "b", "value": "", **TEAM},
    {"type": "view_submission", "view": {"type": "modal", "callback_id": "go", "id": "V1"}, **TEAM},
    {"type": "view_closed", "view": {"type": "modal", "callback_id": "go", "id": "V1"}, **TEAM},
    {"type": "event_callback", "event": {"type": "go", "user": "U1"}, "team_id": "T1"},
    {"type": "event_callback", "event": {"type": "message", "text": "go", "user": "U1"}, "team_id": "T1"},
    {"type": "interactive_message", "callback_id": "go", "actions": [ACTION], **TEAM},
    {"type": "something new", "callback_id": "go", **TEAM},
]


async def choice_of_bolt(body: Thing) -> Asked | None:
    """Bolt's own matchers, with one listener of each kind."""
    chosen: list[Asked] = []
    known = Known(AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1"))
    app = AsyncApp(authorize=known, request_verification_enabled=False, process_before_response=True)

    def noting(kind: Kind, name: str) -> Any:
        async def listener(ack: AsyncAck) -> None:
            chosen.append((kind, name))
            await ack()

        return listener

    app.command("/go")(noting(Kind.COMMAND, "/go"))
    app.shortcut("go")(noting(Kind.SHORTCUT, "go"))
    app.action({"action_id": "go"})(noting(Kind.ACTION, "go"))
    app.options({"action_id": "go"})(noting(Kind.OPTIONS, "go"))
    app.view("go")(noting(Kind.VIEW, "go"))
    app.event("go")(noting(Kind.EVENT, "go"))
    await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    return chosen[0] if chosen else None


@pytest.mark.parametrize("body", PAYLOADS, ids=str)
async def test_a_payload_is_for_the_listener_that_bolt_would_choose(body: Thing) -> None:
    ours = asked_for(body)
    assert (ours if ours[1] in ("go", "/go") else None) == await choice_of_bolt(body)


async def test_what_nobody_listens_to_is_left_to_bolt(front: Front) -> None:
    assert (await front.dispatch(pressed(front, "nobody"))).status == 404
    assert (await front.dispatch(command(front, command="/other"))).status == 404


async def test_slack_is_told_that_somebody_is_at_this_address(front: Front) -> None:
    """The question comes from no workspace, and nothing is written down about it."""
    answer = await front.dispatch({"type": "url_verification", "challenge": "3eZb", "token": "x"})
    assert (answer.status, answer.body) == (200, '{"challenge": "3eZb"}')
    assert await front.outcomes() == []
