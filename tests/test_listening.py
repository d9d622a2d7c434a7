"""Our Bolt application leaves out what no listener of ours needs, and nothing else."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.listening import Known, OneClientApp

BODY = {"command": "/failover", "team_id": "T1", "user_id": "U1"}


def app(kind: type[AsyncApp]) -> AsyncApp:
    return kind(authorize=Known(AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")))


def context_in(kind: type[AsyncApp]) -> tuple[AsyncApp, AsyncBoltRequest]:
    made, request = app(kind), AsyncBoltRequest(body=BODY, mode="socket_mode")
    made._init_context(request)
    return made, request


def test_a_request_finds_everything_that_bolt_itself_would_give_it() -> None:
    (_, theirs), (_, ours) = context_in(AsyncApp), context_in(OneClientApp)
    assert {name: type(value) for name, value in ours.context.items()} == {
        name: type(value) for name, value in theirs.context.items()
    }
    assert isinstance(ours.context["client"], AsyncWebClient)


def test_all_requests_share_one_client() -> None:
    made, request = context_in(OneClientApp)
    assert request.context["client"] is made.client
