"""An independent witness: the real slack_bolt, unchanged, works in the simulated workspace both ways."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast, standalone

from .conftest import actions, button, modal, section, text_input


def bolt_app(cast: Cast, session: aiohttp.ClientSession) -> AsyncApp:
    client = AsyncWebClient(token=cast.app.bot_token, base_url=cast.slack.api_url, session=session)
    app = AsyncApp(client=client, signing_secret=cast.app.signing_secret, process_before_response=True)

    @app.command("/failover")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = modal(text_input(), callback_id="ask", private_metadata=body["text"])
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("ask")
    async def submitted(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        reason = body["view"]["state"]["values"]["reason"]["text"]["value"]
        if reason == "because":
            await ack(response_action="errors", errors={"reason": "Say more."})
            return
        await ack()
        blocks = [section(reason), actions(button("approve", value="r1", style="primary"))]
        await client.chat_postMessage(channel=cast.approvals.id, text=reason, blocks=blocks)

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        who = body["user"]["id"]
        message = body["message"]
        text = f"Approved {body['actions'][0]['value']} by <@{who}>"
        await client.chat_update(channel=body["channel"]["id"], ts=message["ts"], text=text, blocks=[])
        dm = await client.conversations_open(users=who)
        await client.chat_postMessage(channel=dm["channel"]["id"], text="Thank you")

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Home")]})

    return app


@asynccontextmanager
async def over_socket_mode(cast: Cast, app: AsyncApp) -> AsyncIterator[None]:
    client = AsyncWebClient(token=cast.app.app_token, base_url=cast.slack.api_url)
    handler = AsyncSocketModeHandler(app, cast.app.app_token, web_client=client)
    await handler.connect_async()
    await cast.slack.wait_for(lambda: cast.slack.connections(cast.app))
    yield
    await handler.close_async()


@asynccontextmanager
async def over_http(cast: Cast, app: AsyncApp) -> AsyncIterator[None]:
    runner = web.AppRunner(app.web_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cast.app.socket_mode = False
    cast.app.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    assert await cast.slack.verify_request_url(cast.app)
    yield
    await runner.cleanup()


@pytest.fixture(params=[over_socket_mode, over_http], ids=["socket mode", "signed http"])
async def bolted(request: pytest.FixtureRequest, session: aiohttp.ClientSession) -> AsyncIterator[Cast]:
    cast = standalone()
    async with cast.slack, request.param(cast, bolt_app(cast, session)):
        yield cast


async def test_command_modal_submission_card_click_and_direct_message_work_with_bolt(bolted: Cast) -> None:
    rosa, amir = bolted.slack.person(bolted.requester), bolted.slack.person(bolted.approvers[0])
    assert await rosa.command("/failover", "pg-1", channel=bolted.general.id) == {"ok": True}
    view = await rosa.wait_for(lambda: rosa.view)
    assert view["private_metadata"] == "pg-1"
    assert await rosa.submit(view, {"reason": "because"}) == {"reason": "Say more."}
    assert await rosa.submit(view, {"reason": "The site floods"}) is None
    assert rosa.view is None
    (card,) = await amir.wait_for(lambda: amir.messages(bolted.approvals.id))
    assert await amir.click(card, "approve") == {"ok": True}
    await amir.wait_for(amir.dm)
    (card,) = amir.messages(bolted.approvals.id)
    assert card["text"] == f"Approved r1 by <@{amir.id}>"
    assert [message["text"] for message in amir.dm()] == ["Thank you"]
    assert [ack.error for ack in bolted.slack.acks] == [None] * 4


async def test_opening_app_home_reaches_bolt_and_the_published_view_comes_back(bolted: Cast) -> None:
    rosa = bolted.slack.person(bolted.requester)
    rosa.open_home()
    home = await rosa.wait_for(lambda: rosa.home)
    assert home["blocks"][0]["text"]["text"] == "Home"


async def test_stored_views_and_blocks_are_valid_for_the_public_sdk(bolted: Cast) -> None:
    rosa = bolted.slack.person(bolted.requester)
    await rosa.command("/failover", "", channel=bolted.general.id)
    view = await rosa.wait_for(lambda: rosa.view)
    known = {"type", "title", "submit", "close", "blocks", "private_metadata", "callback_id", "external_id"}
    View(**{name: value for name, value in view.items() if name in known}).validate_json()
    await rosa.submit(view, {"reason": "The site floods"})
    (card,) = await rosa.wait_for(lambda: rosa.messages(bolted.approvals.id))
    parsed = Block.parse_all(card["blocks"])
    assert [block.type for block in parsed] == ["section", "actions"]
    assert json.loads(json.dumps([block.to_dict() for block in parsed]))
