"""Abuse that belongs to no single room: replayed requests, missing secrets, addresses from outside, what is at rest."""

from __future__ import annotations

import asyncio
import hmac
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import fields
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import ClientSession, web

from bot.app import Roles, StartProblems, running
from bot.config import SettingsProblems, load_settings
from bot.domain.plan import Options, Plan
from bot.domain.request import Draft, State
from bot.metrics import Metrics
from bot.service.confirming import confirm
from bot.service.outcomes import Approved
from bot.slack.ids import CallbackId
from bot.stepup import step_up_routes
from bot.web import SlackEndpoint, web_application
from tests.handlers.front import Front, Thing, opened_front
from tests.service.bench import AMIR, Bench, code_of
from tests.service.conftest import bench, desk_template, desk_url

__all__ = ["bench", "desk_template", "desk_url"]
SECRET = "signing-secret"
TOKEN = {"SLACK_BOT_TOKEN": "xoxb-1-2-3"}


@pytest.fixture
async def front(desk_url: str) -> AsyncIterator[Front]:
    async with opened_front(desk_url) as opened:
        yield opened


@pytest.mark.parametrize("secret", ["", " ", "\t\n"])
def test_a2_an_empty_or_blank_secret_stops_the_start(secret: str) -> None:
    with pytest.raises(SettingsProblems, match="SLACK_SIGNING_SECRET"):
        load_settings({**TOKEN, "SLACK_SIGNING_SECRET": secret})


async def test_a2_without_any_secret_nothing_is_listened_to() -> None:
    with pytest.raises(StartProblems, match="SLACK_SIGNING_SECRET"):
        async with running(load_settings(TOKEN), {}, Roles()):
            pytest.fail("it started")


def signed(body: bytes, *, age_seconds: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - age_seconds)
    digest = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


@pytest.fixture
def application(front: Front) -> web.Application:
    """Everything that a bot serves over HTTP."""

    async def ready() -> dict[str, str]:
        return {}

    async def nothing() -> None: ...

    metrics = Metrics()
    slack = SlackEndpoint(front.app, SECRET, metrics)
    pages = step_up_routes(front.desk, "https://bot.example")
    return web_application(metrics=metrics, readiness=ready, refresh_metrics=nothing, slack=slack, pages=pages)


@pytest.fixture
async def endpoint(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


async def test_a1_no_route_that_the_router_knows_acts_on_an_unsigned_request(
    front: Front, application: web.Application, endpoint: str
) -> None:
    """The page for the second factor has its own proof in the address; the others show figures and take nothing."""
    request, _ = await front.asked()
    withdrawal: Thing = {
        "type": "block_actions",
        "api_app_id": front.cast.app.app_id,
        "team": {"id": front.team},
        "user": {"id": front.rosa.id, "team_id": front.team},
        "actions": [{"action_id": "withdraw", "block_id": "b", "type": "button", "value": f"{request.id}:1"}],
    }
    body = f"payload={quote(json.dumps(withdrawal))}".encode()
    paths = {resource.canonical for resource in application.router.resources()}
    answers = {}
    async with ClientSession() as session:
        for path in paths:
            url = endpoint.replace("/slack/events", path.replace("{token}", "invented"))
            unsigned = {"Content-Type": "application/x-www-form-urlencoded"}
            async with session.post(url, data=BytesIO(body), headers=unsigned) as answer:
                answers[path] = answer.status
        async with session.post(endpoint, data=BytesIO(body), headers=signed(body)) as answer:
            assert answer.status == 200
    read_only = dict.fromkeys(("/healthz", "/readyz", "/metrics"), 405)
    assert answers == {**read_only, "/slack/events": 401, "/step-up/{token}": 410}
    await front.see(lambda: "Withdrawn" in str(front.cards()[-1]))
    assert [action for action, _, _ in await front.outcomes()] == ["request", "withdraw"]


async def test_a3_two_lengths_are_one_request_too_many(endpoint: str) -> None:
    """What one reader takes for the body and another for the next request."""
    body = b"command=%2Ffailover"
    headers = {**signed(body), "Host": "bot", "Connection": "close"}
    lines = ["POST /slack/events HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "Content-Length: 3", "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(endpoint).port)
    writer.write("\r\n".join(lines).encode() + body)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400") or answer.startswith(b"HTTP/1.0 400")
    assert b"Traceback" not in answer


async def test_a4_a_captured_approval_counts_once_and_an_old_one_is_not_even_read(front: Front, endpoint: str) -> None:
    request, _ = await front.asked()
    payload: Thing = {
        "type": "view_submission",
        "api_app_id": front.cast.app.app_id,
        "team": {"id": front.team},
        "user": {"id": front.amir.id, "team_id": front.team},
        "view": {"type": "modal", "callback_id": CallbackId.APPROVE.value, "private_metadata": f"{request.id}:1"},
    }
    body = f"payload={quote(json.dumps(payload))}".encode()
    captured = signed(body)
    async with ClientSession() as session:

        async def replay(headers: dict[str, str]) -> tuple[int, str]:
            async with session.post(endpoint, data=BytesIO(body), headers=headers) as answer:
                return answer.status, await answer.text()

        first, second, third = (
            await replay(captured),
            await replay(captured),
            await replay(signed(body, age_seconds=301)),
        )
    assert "Approved (1 of 2)" in first[1]
    assert (second[0], "approved this already" in second[1]) == (200, True)
    assert third[0] == 401
    view = await front.bench.view(request)
    assert (view.request.state, len(view.approvals)) == (State.PENDING, 1)
    approvals = [outcome for action, outcome, _ in await front.outcomes() if action == "approve"]
    assert approvals == ["done", "already_approved"]


def test_a26_nothing_that_is_asked_or_approved_has_room_for_an_address() -> None:
    """Where the cloud is stands in the settings alone."""
    names = {one.name for kind in (Draft, Plan, Options) for one in fields(kind)}
    assert not [name for name in names if any(word in name for word in ("url", "endpoint", "host", "address"))]


async def test_a30_no_token_code_or_secret_of_a_second_factor_rests_in_any_table(bench: Bench) -> None:
    secret = (await bench.enrol(AMIR))[AMIR]
    request = await bench.asked()
    token, code = await bench.token(request), code_of(secret)
    assert isinstance(await confirm(bench.desk, token, code, frozenset()), Approved)
    file = bench.database.url.database
    assert file is not None
    with sqlite3.connect(file) as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert request.id in dump
    assert secret not in dump
    assert token not in dump
    assert f'"{code}"' not in dump
    assert f"'{code}'" not in dump
