"""A small app of slack_bolt's, just rich enough to make the page show everything a failover bot would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast

GROUPS = ("pg-erp", "pg-crm", "pg-web")


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(label), "action_id": action_id, **more}


def form(intro: str = "Nothing changes before somebody else approves.") -> dict[str, Any]:
    group = {"type": "external_select", "action_id": "group", "min_query_length": 2, "placeholder": plain("Search")}
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True}
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": plain("Request a failover"),
        "submit": plain("Send"),
        "blocks": [
            section(intro, block_id="intro"),
            {
                "type": "input",
                "block_id": "group",
                "label": plain("Protection group"),
                "element": group,
                "dispatch_action": True,
            },
            {"type": "input", "block_id": "reason", "label": plain("Why now"), "element": reason},
        ],
    }


def options(*names: str) -> list[dict[str, Any]]:
    return [{"text": plain(name), "value": name.lower()} for name in names]


def everything() -> dict[str, Any]:
    """A modal with each kind of input that has a value."""
    kinds: dict[str, dict[str, Any]] = {
        "plain_text_input": {"initial_value": "as it was"},
        "number_input": {"is_decimal_allowed": False},
        "static_select": {"options": options("One", "Two")},
        "multi_static_select": {"options": options("Red", "Green", "Blue")},
        "users_select": {},
        "radio_buttons": {"options": options("Now", "Later"), "initial_option": options("Now")[0]},
        "checkboxes": {"options": options("Start", "Tell")},
        "datepicker": {},
        "timepicker": {},
        "datetimepicker": {},
    }
    blocks = [
        {"type": "input", "block_id": kind, "label": plain(kind), "element": {"type": kind, "action_id": "a", **more}}
        for kind, more in kinds.items()
    ]
    return {**form(), "callback_id": "everything", "blocks": blocks}


def card(reason: str) -> list[dict[str, Any]]:
    words = {"title": "Withdraw it?", "text": "It is gone then.", "confirm": "Yes", "deny": "No"}
    sure = {name: plain(text) for name, text in words.items()}
    buttons = [button("Approve", "approve", style="primary"), button("Withdraw", "withdraw", confirm=sure)]
    return [section(reason, block_id="reason"), {"type": "actions", "block_id": "decide", "elements": buttons}]


def bolt_app(cast: Cast, session: aiohttp.ClientSession) -> AsyncApp:
    """Asks, posts a card, lets others approve it in a thread, and thanks in private."""
    client = AsyncWebClient(token=cast.app.bot_token, base_url=cast.slack.api_url, session=session)
    app = AsyncApp(client=client, signing_secret=cast.app.signing_secret, process_before_response=True)

    @app.command("/failover")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        if body["text"] == "slowly":
            await asyncio.sleep(1)
        await ack()
        loading = {"type": "modal", "title": plain("Request a failover"), "blocks": [section("Reading the groups…")]}
        opened = await client.views_open(trigger_id=body["trigger_id"], view=loading)
        await client.views_update(view_id=opened["view"]["id"], view=form())

    @app.options("group")
    async def search(ack: Any, body: dict[str, Any]) -> None:
        found = [name for name in GROUPS if body["value"] in name]
        options = [{"text": plain(name), "value": name} for name in found]
        await ack(option_groups=[{"label": plain("Production"), "options": options}] if options else [])

    @app.action("group")
    async def chosen(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        group = body["actions"][0]["selected_option"]["value"]
        await client.views_update(view_id=body["view"]["id"], view=form(f"Checked: {group} is ready."))

    @app.view("ask")
    async def asked(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        reason = body["view"]["state"]["values"]["reason"]["reason"]["value"]
        if reason == "because":
            await ack(response_action="errors", errors={"reason": "Say more than that."})
            return
        await ack()
        metadata = {"event_type": "request", "event_payload": {"requester": body["user"]["id"]}}
        await client.chat_postMessage(channel=cast.approvals.id, text=reason, blocks=card(reason), metadata=metadata)

    @app.view("everything")
    async def accepted(ack: Any) -> None:
        await ack()

    add_decisions(app, cast)
    return app


def add_decisions(app: AsyncApp, cast: Cast) -> None:
    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        who, message = body["user"]["id"], body["message"]
        requester = message["metadata"]["event_payload"]["requester"]
        channel = body["channel"]["id"]
        if who == requester:
            await client.chat_postEphemeral(channel=channel, user=who, text="This is your own request.")
            return
        done = [section(f"Approved by <@{who}>")]
        await client.chat_update(channel=channel, ts=message["ts"], text="Approved", blocks=done)
        await client.chat_postMessage(channel=channel, thread_ts=message["ts"], text="Stopped 5 of 5")
        opened = await client.conversations_open(users=requester)
        await client.chat_postMessage(channel=opened["channel"]["id"], text="How to log in")

    @app.action("withdraw")
    async def withdraw(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.chat_delete(channel=cast.approvals.id, ts=body["message"]["ts"])

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        blocks = [section(f"Welcome, <@{event['user']}>")]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


@asynccontextmanager
async def running(cast: Cast, session: aiohttp.ClientSession) -> AsyncIterator[AsyncWebClient]:
    """The app behind the workspace's signed HTTP deliveries; gives its Web API client."""
    app = bolt_app(cast, session)
    runner = web.AppRunner(app.web_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cast.app.socket_mode = False
    cast.app.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield app.client
    await runner.cleanup()
