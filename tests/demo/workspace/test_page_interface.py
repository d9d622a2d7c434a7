"""The page's interface and the control surface: what a browser and other processes see and do over HTTP."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from bot.demo.workspace import Cast, Person

from .conftest import Client, SocketApp, actions, button, modal, section, text_input


class Browser:
    """Asks as the page does."""

    def __init__(self, cast: Cast, session: aiohttp.ClientSession) -> None:
        self.cast, self.session = cast, session

    async def get(self, path: str, **query: str) -> Any:
        async with self.session.get(self.cast.slack.url + path, params=query) as response:
            return await response.json()

    async def post(self, path: str, **body: Any) -> Any:
        async with self.session.post(self.cast.slack.url + path, json=body) as response:
            return await response.json()


@pytest.fixture
def browser(cast: Cast, session: aiohttp.ClientSession) -> Browser:
    return Browser(cast, session)


async def next_event(stream: aiohttp.ClientResponse, kind: str) -> dict[str, Any]:
    """The next event of a kind; keep-alives and other news are passed over."""
    async for line in stream.content:
        if line.startswith(b"data: "):
            event: dict[str, Any] = json.loads(line[6:])
            if event["type"] == kind:
                return event
    raise AssertionError(f"The stream ended before {kind}")


async def test_boot_names_everybody_and_every_place(browser: Browser, cast: Cast) -> None:
    boot = await browser.get("/_/boot")
    people = ["Rosa Lindqvist", "Amir Haddad", "Chen Wei", "Pat Novak", "Gus Meyer", "failover-bot"]
    assert [user["real_name"] for user in boot["users"]] == people
    assert [user["is_restricted"] for user in boot["users"]] == [False] * 4 + [True, False]
    assert [group["handle"] for group in boot["usergroups"]] == ["dr-approvers"]
    assert [channel["name"] for channel in boot["channels"]] == ["general", "dr-approvals", "incidents"]
    assert boot["commands"][0]["command"] == "/failover"
    assert boot["app"]["bot_user_id"] == cast.app.bot_user_id


async def test_a_typed_message_is_read_back_and_streamed(browser: Browser, cast: Cast, rosa: Person) -> None:
    channel = cast.approvals.id
    async with browser.session.get(f"{cast.slack.url}/_/stream", params={"as": rosa.id}) as stream:
        assert (await next_event(stream, "view"))["view"] is None
        sent = await browser.post("/_/message", **{"as": cast.approvers[0].id}, channel=channel, text="Hello")
        event = await next_event(stream, "message")
        assert (event["message"]["text"], event["message"]["ts"]) == ("Hello", sent["ts"])
        await browser.post("/_/message", **{"as": rosa.id}, channel=channel, text="Hi", thread_ts=sent["ts"])
        assert (await next_event(stream, "message_changed"))["message"]["reply_count"] == 1
    top = await browser.get("/_/messages", **{"as": rosa.id}, channel=channel)
    thread = await browser.get("/_/messages", **{"as": rosa.id}, channel=channel, thread_ts=sent["ts"])
    assert [m["text"] for m in top["messages"]] == ["Hello"]
    assert [m["text"] for m in thread["messages"]] == ["Hello", "Hi"]


async def test_a_whole_visit_works_over_http(
    browser: Browser, call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    me, channel = {"as": rosa.id}, cast.general.id
    async with browser.session.get(f"{cast.slack.url}/_/stream", params=me) as stream:
        assert await browser.post("/_/command", **me, channel=channel, command="/failover", text="") == {"ok": True}
        element = {"type": "external_select", "action_id": "group", "min_query_length": 0}
        label = {"type": "plain_text", "text": "Group"}
        group = {"type": "input", "block_id": "group", "label": label, "element": element}
        await call("views.open", trigger_id=app.trigger_id, view=modal(group, text_input(), actions(button("check"))))
        assert (await next_event(stream, "view"))["view"] is None
        view = (await next_event(stream, "view"))["view"]
        option = {"text": {"type": "plain_text", "text": "Payments"}, "value": "pg-1"}
        app.answers["block_suggestion"] = {"options": [option]}
        where = {"view_id": view["id"], "block_id": "group", "action_id": "group"}
        offered = await browser.post("/_/options", **me, **where, query="pay")
        assert offered["options"][0]["value"] == "pg-1"
        typed = {"reason": {"text": {"type": "plain_text_input", "value": "Flood"}}}
        container = {"type": "view", "view_id": view["id"]}
        act = {"container": container, "block_id": view["blocks"][2]["block_id"], "action_id": "check"}
        assert await browser.post("/_/action", **me, **act, values=typed) == {"ok": True}
        assert app.payloads[-1]["view"]["state"]["values"]["reason"]["text"]["value"] == "Flood"
        refused = await browser.post("/_/submit", **me, view_id=view["id"], values=typed)
        assert refused["errors"].keys() == {"group"}
        typed["group"] = {"group": {"type": "external_select", "selected_option": offered["options"][0]}}
        assert await browser.post("/_/submit", **me, view_id=view["id"], values=typed) == {"ok": True}
        assert (await next_event(stream, "view"))["view"] is None
    gone = await browser.post("/_/submit", **me, view_id=view["id"], values=typed)
    assert gone == {"error": "This view is not in front any more."}


async def test_a_message_button_home_and_shortcut_work_over_http(
    browser: Browser, call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    me = {"as": rosa.id}
    posted = await call("chat.postMessage", channel=rosa.id, text="x", blocks=[actions(button("a"), block_id="b")])
    container = {"type": "message", "channel": posted["channel"], "ts": posted["ts"]}
    click = {"container": container, "block_id": "b", "action_id": "a", "value": "drawn"}
    assert await browser.post("/_/action", **me, **click) == {"ok": True}
    assert app.payloads[-1]["actions"][0]["value"] == "drawn"
    assert await browser.post("/_/home", **me) == {"ok": True}
    home = {"type": "home", "blocks": [actions(button("a"), block_id="b")]}
    await call("views.publish", user_id=rosa.id, view=home)
    in_home = {"container": {"type": "home"}, "block_id": "b", "action_id": "a"}
    assert await browser.post("/_/action", **me, **in_home) == {"ok": True}
    assert await browser.post("/_/shortcut", **me, callback_id="open_failover") == {"ok": True}
    async with browser.session.get(f"{cast.slack.url}/_/stream", params=me) as stream:
        assert (await next_event(stream, "home"))["view"]["type"] == "home"


async def test_notices_and_new_conversations_are_streamed(
    browser: Browser, call: Client, cast: Cast, rosa: Person
) -> None:
    me = {"as": rosa.id}
    async with browser.session.get(f"{cast.slack.url}/_/stream", params=me) as stream:
        await browser.post("/_/command", **me, channel=cast.general.id, command="/failover", text="")
        notice = await next_event(stream, "notice")
        assert notice["text"] == "/failover failed with the error dispatch_failed"
        await call("chat.postMessage", channel=rosa.id, text="x")
        listed = (await next_event(stream, "channels"))["channels"]
        assert [c["im_user"] for c in listed if c["is_im"]] == [rosa.id]


async def test_deletions_are_streamed_and_ephemerals_stay_private(
    browser: Browser, call: Client, cast: Cast, rosa: Person, amir: Person
) -> None:
    channel = cast.approvals.id
    async with browser.session.get(f"{cast.slack.url}/_/stream", params={"as": amir.id}) as stream:
        await call("chat.postEphemeral", channel=channel, user=rosa.id, text="psst")
        ts = (await call("chat.postMessage", channel=channel, text="x"))["ts"]
        await call("chat.delete", channel=channel, ts=ts)
        assert (await next_event(stream, "message"))["message"]["ts"] == ts
        assert await next_event(stream, "message_deleted") == {
            "type": "message_deleted",
            "channel": channel,
            "ts": ts,
        }
    assert (await browser.get("/_/messages", **{"as": amir.id}, channel=channel))["messages"] == []
    assert len((await browser.get("/_/messages", **{"as": rosa.id}, channel=channel))["messages"]) == 1
    await browser.post("/_/reload", **{"as": rosa.id})
    assert (await browser.get("/_/messages", **{"as": rosa.id}, channel=channel))["messages"] == []


async def test_a_private_channel_is_not_shown_to_others(browser: Browser, cast: Cast) -> None:
    secret = cast.slack.add_channel("secret", members=[cast.requester], is_private=True)
    seen = await browser.get("/_/messages", **{"as": cast.bystander.id}, channel=secret.id)
    assert "can't see" in seen["error"]


async def test_nonsense_is_answered_with_a_sentence(browser: Browser, cast: Cast) -> None:
    assert "nobody with the id" in (await browser.post("/_/home", **{"as": "U0"}))["error"]
    assert "not understood" in (await browser.post("/_/action", **{"as": cast.requester.id}))["error"]


async def test_other_sites_in_the_same_browser_can_not_act(cast: Cast, session: aiohttp.ClientSession) -> None:
    url = f"{cast.slack.url}/_/home"
    async with session.post(url, data={"as": cast.requester.id}) as response:
        assert response.status == 415
    async with session.post(url, json={"as": cast.requester.id}, headers={"Host": "evil.example"}) as response:
        assert response.status == 403


async def test_other_processes_read_calls_acks_and_everything(
    browser: Browser, call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    await call("chat.postMessage", channel=cast.approvals.id, text="x", blocks=[section()])
    await call("chat.postEphemeral", channel=cast.approvals.id, user=rosa.id, text="psst")
    await rosa.command("/failover", channel=cast.general.id)
    calls = await browser.get("/_/calls", method="chat.postMessage")
    assert [(c["method"], c["ok"]) for c in calls["calls"]] == [("chat.postMessage", True)]
    assert (await browser.get("/_/calls", since=str(calls["next"])))["calls"] == []
    assert [a["name"] for a in (await browser.get("/_/acks"))["acks"]] == ["/failover"]
    messages = (await browser.get("/_/everything"))["messages"]
    assert [(m["text"], m["ephemeral_to"]) for m in messages] == [("x", None), ("psst", rosa.id)]
    assert (await browser.get("/_/environment"))["SLACK_API_URL"] == cast.slack.api_url


async def test_other_processes_cause_faults_and_trouble(browser: Browser, call: Client, cast: Cast) -> None:
    await browser.post("/_/faults", method="auth.test", error="internal_error", times=None)
    assert (await call("auth.test"))["error"] == "internal_error"
    await browser.post("/_/faults", clear=True)
    assert (await call("auth.test"))["ok"]
    assert await browser.post("/_/trouble", do="archive_channel", channel=cast.approvals.id) == {"ok": True}
    assert cast.approvals.is_archived
    assert await browser.post("/_/trouble", do="disconnect_sockets", reason="warning") == {"ok": True}
    assert "There is no trouble called" in (await browser.post("/_/trouble", do="start"))["error"]
    await browser.post("/_/outage", on=True)
    async with browser.session.post(cast.slack.api_url + "auth.test") as response:
        assert response.status == 503


async def test_a_permalink_leads_to_the_page(browser: Browser, cast: Cast) -> None:
    path = f"{cast.slack.url}/archives/{cast.approvals.id}/p1790000000000000"
    async with browser.session.get(path, allow_redirects=False) as response:
        assert response.headers["Location"] == f"/?channel={cast.approvals.id}&message=p1790000000000000"


async def test_the_page_is_served(browser: Browser, cast: Cast) -> None:
    async with browser.session.get(cast.slack.url) as response:
        assert response.status == 200
