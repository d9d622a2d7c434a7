"""How Slack reaches the app: envelopes and signatures, deadlines, retries, duplicates, connections that come and go."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from slack_sdk.signature import SignatureVerifier

from bot.demo.workspace import Cast, Person

from .conftest import Client, SocketApp, Time, actions, button, section


async def test_a_slash_command_carries_what_slack_documents(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    assert await rosa.command("/failover", "pg-1 now", channel=cast.general.id) == {"ok": True}
    (envelope,) = app.received
    payload = envelope["payload"]
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    names = ("command", "text", "user_id", "user_name", "channel_id", "channel_name", "team_id", "api_app_id")
    assert [payload[name] for name in names] == [
        "/failover",
        "pg-1 now",
        rosa.id,
        "rosa",
        cast.general.id,
        "general",
        cast.slack.state.team_id,
        cast.app.app_id,
    ]
    assert payload["is_enterprise_install"] == "false"
    assert payload["response_url"].startswith(f"{cast.slack.url}/hooks/commands/")


async def test_an_unknown_command_is_said_so_to_the_person(cast: Cast, rosa: Person) -> None:
    assert await rosa.command("/fallover", channel=cast.general.id) == {"ok": False, "error": "invalid_command"}
    assert rosa.notices == ["/fallover is not a valid command."]


async def test_a_command_without_an_answer_in_time_is_told_to_the_person(
    cast: Cast, app: SocketApp, rosa: Person
) -> None:
    app.is_silent = True
    answer = await rosa.command("/failover", channel=cast.general.id)
    assert answer == {"ok": False, "error": "operation_timeout"}
    assert rosa.notices == ["/failover failed with the error operation_timeout"]
    assert len(app.received) == 1  # commands are never sent twice
    (ack,) = cast.slack.acks
    assert (ack.error, ack.acked_at, ack.latency_seconds) == ("operation_timeout", None, None)


async def test_an_app_that_is_not_there_fails_the_command_at_once(cast: Cast, rosa: Person) -> None:
    answer = await rosa.command("/failover", channel=cast.general.id)
    assert answer == {"ok": False, "error": "dispatch_failed"}


async def test_the_text_of_an_acknowledgement_is_shown_to_the_person_only(
    cast: Cast, app: SocketApp, rosa: Person, amir: Person
) -> None:
    app.answers["/failover"] = {"text": "Working on it"}
    await rosa.command("/failover", channel=cast.general.id)
    assert [m["text"] for m in rosa.ephemerals(cast.general.id)] == ["Working on it"]
    assert amir.messages(cast.general.id) == []
    assert cast.slack.acks[-1].latency_seconds is not None


async def test_a_click_tells_message_action_and_who_clicked(
    call: Client, cast: Cast, app: SocketApp, amir: Person
) -> None:
    blocks = [section(), actions(button("approve", value="r1"), block_id="decide")]
    await call("chat.postMessage", channel=cast.approvals.id, text="Card", blocks=blocks)
    (card,) = amir.messages(cast.approvals.id)
    await amir.click(card, "approve")
    (envelope,) = app.received
    payload = envelope["payload"]
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("interactive", False)
    (action,) = payload["actions"]
    assert [action[k] for k in ("type", "action_id", "block_id", "value")] == ["button", "approve", "decide", "r1"]
    assert payload["message"]["ts"] == payload["container"]["message_ts"] == card["ts"]
    assert (payload["channel"]["id"], payload["user"]["id"]) == (cast.approvals.id, amir.id)


async def test_a_stranger_clicks_with_their_own_team(call: Client, cast: Cast, app: SocketApp) -> None:
    stranger = cast.slack.add_user("eve", is_stranger=True)
    cast.slack.invite(cast.approvals, stranger)
    await call("chat.postMessage", channel=cast.approvals.id, text="x", blocks=[actions(button("approve"))])
    eve = cast.slack.person(stranger)
    await eve.click(eve.messages(cast.approvals.id)[0], "approve")
    payload = app.payloads[-1]
    assert payload["team"]["id"] == cast.slack.state.team_id != payload["user"]["team_id"]


async def test_a_stale_card_sends_what_was_drawn_on_it(call: Client, cast: Cast, app: SocketApp, amir: Person) -> None:
    place = {"channel": cast.approvals.id, "text": "Card"}
    posted = await call("chat.postMessage", **place, blocks=[actions(button("approve", value="rev 1"))])
    (stale,) = amir.messages(cast.approvals.id)
    await call("chat.update", **place, ts=posted["ts"], blocks=[actions(button("approve", value="rev 2"))])
    await amir.click(stale, "approve")
    await call("chat.update", **place, ts=posted["ts"], blocks=[section("Done")])
    await amir.click(stale, "approve")
    assert [p["actions"][0]["value"] for p in app.payloads] == ["rev 1", "rev 1"]


async def test_a_deleted_card_can_not_be_clicked(call: Client, cast: Cast, app: SocketApp, amir: Person) -> None:
    await call("chat.postMessage", channel=cast.approvals.id, text="x", blocks=[actions(button("approve"))])
    (card,) = amir.messages(cast.approvals.id)
    cast.slack.trouble.delete_message(cast.approvals.id, card["ts"])
    assert (await amir.click(card, "approve"))["error"] == "message_not_found"
    assert app.received == []


async def test_a_click_nobody_answers_is_told_to_the_person(
    call: Client, cast: Cast, app: SocketApp, amir: Person
) -> None:
    await call("chat.postMessage", channel=cast.approvals.id, text="x", blocks=[actions(button("approve"))])
    app.is_silent = True
    answer = await amir.click(amir.messages(cast.approvals.id)[0], "approve")
    assert answer == {"ok": False, "error": "operation_timeout"}
    assert "operation_timeout" in amir.notices[-1]


async def test_a_menu_in_a_message_sends_the_chosen_option_and_its_state(
    call: Client, cast: Cast, app: SocketApp, amir: Person
) -> None:
    option = {"text": {"type": "plain_text", "text": "Zone 1"}, "value": "az1"}
    menu = {"type": "static_select", "action_id": "zone", "options": [option]}
    await call("chat.postMessage", channel=cast.approvals.id, text="x", blocks=[actions(menu, block_id="b")])
    await amir.click(amir.messages(cast.approvals.id)[0], "zone", value="az1")
    payload = app.payloads[-1]
    assert payload["actions"][0]["selected_option"]["value"] == "az1"
    assert payload["state"]["values"]["b"]["zone"]["selected_option"]["value"] == "az1"
    with pytest.raises(LookupError, match="No option 'az9'"):
        await amir.click(amir.messages(cast.approvals.id)[0], "zone", value="az9")


async def test_a_shortcut_carries_a_trigger(app: SocketApp, rosa: Person) -> None:
    assert await rosa.shortcut("open_failover") == {"ok": True}
    payload = app.payloads[-1]
    assert (payload["type"], payload["callback_id"]) == ("shortcut", "open_failover")
    assert payload["trigger_id"]


async def test_an_event_is_sent_again_until_it_is_acknowledged(app: SocketApp, rosa: Person, cast: Cast) -> None:
    app.is_silent = True
    rosa.open_home()
    await rosa.wait_for(lambda: len(cast.slack.acks) == 3)
    attempts = [(e["retry_attempt"], e["retry_reason"], e["payload"]["event_id"]) for e in app.received]
    event_id = attempts[0][2]
    assert attempts == [(0, "", event_id), (1, "timeout", event_id), (2, "timeout", event_id)]


async def test_an_event_needs_subscription_scope_and_membership(app: SocketApp, rosa: Person, cast: Cast) -> None:
    for place in (cast.approvals, cast.general):  # the bot is in the first only
        rosa.say("not subscribed", channel=place.id)
    cast.app.events |= {"message.channels"}
    for place in (cast.approvals, cast.general):
        rosa.say(f"subscribed in {place.name}", channel=place.id)
    await rosa.wait_for(lambda: cast.slack.acks)
    cast.app.scopes -= {"channels:history"}
    rosa.say("without the scope", channel=cast.approvals.id)
    rosa.open_home()
    await rosa.wait_for(lambda: len(cast.slack.acks) == 2)
    events = [payload["event"] for payload in app.payloads]
    assert [event.get("text", event["type"]) for event in events] == ["subscribed in dr-approvals", "app_home_opened"]


async def test_what_admins_do_is_told_as_events(app: SocketApp, rosa: Person, cast: Cast) -> None:
    cast.app.events |= {"message.channels", "member_left_channel", "channel_archive"}
    ts = rosa.say("x", channel=cast.approvals.id)["ts"]
    cast.slack.trouble.delete_message(cast.approvals.id, ts)
    cast.slack.trouble.archive_channel(cast.approvals.id)
    cast.slack.trouble.remove_bot(cast.incidents.id)
    cast.slack.trouble.uninstall()
    await rosa.wait_for(lambda: len(cast.slack.acks) == 6)
    kinds = [(p["event"]["type"], p["event"].get("subtype")) for p in app.payloads]
    assert kinds == [
        ("message", None),
        ("message", "message_deleted"),
        ("channel_archive", None),
        ("member_left_channel", None),
        ("tokens_revoked", None),
        ("app_uninstalled", None),
    ]


async def test_an_uninstalled_app_has_a_dead_token_and_gets_no_commands(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    cast.slack.trouble.uninstall()
    assert (await call("auth.test"))["error"] == "account_inactive"
    assert (await rosa.command("/failover", channel=cast.general.id))["error"] == "invalid_command"


async def test_a_socket_address_works_once(call: Client, cast: Cast) -> None:
    url = (await call("apps.connections.open", token=cast.app.app_token))["url"]
    async with call.session.ws_connect(url) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await call.session.ws_connect(url)


async def test_each_payload_goes_to_one_of_the_connections(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    second = SocketApp()
    await second.connect(call)
    for _ in range(4):
        await rosa.command("/failover", channel=cast.general.id)
    assert (len(app.received), len(second.received)) == (2, 2)
    await second.close()
    assert (await rosa.command("/failover", channel=cast.general.id))["ok"]


async def test_an_eleventh_connection_is_sent_away(call: Client, cast: Cast, app: SocketApp) -> None:
    others = [SocketApp() for _ in range(9)]
    for other in others:
        await other.connect(call)
    url = (await call("apps.connections.open", token=cast.app.app_token))["url"]
    async with call.session.ws_connect(url) as socket:
        assert (await socket.receive_json())["reason"] == "too_many_websockets"
        assert (await socket.receive()).type is WSMsgType.CLOSE
    for other in others:
        await other.close()


async def test_an_acknowledgement_may_come_over_another_connection(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    app.is_silent = True
    second = SocketApp()
    await second.connect(call)
    task = asyncio.create_task(rosa.command("/failover", channel=cast.general.id))
    envelope = await app.next_envelope()
    assert second.socket is not None
    await second.socket.send_json({"envelope_id": envelope["envelope_id"]})
    assert await task == {"ok": True}
    await second.close()


async def test_a_disconnect_is_announced_and_pings_are_answered(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    assert app.socket is not None
    await app.socket.ping(b"still there?")
    for reason in ("warning", "refresh_requested"):
        await cast.slack.trouble.disconnect_sockets(reason)
    await rosa.command("/failover", channel=cast.general.id)
    told = [(e["type"], e.get("reason")) for e in app.received]
    assert told[:2] == [("disconnect", "warning"), ("disconnect", "refresh_requested")]


async def test_dropped_sockets_are_gone_at_once(call: Client, cast: Cast, app: SocketApp, rosa: Person) -> None:
    cast.slack.trouble.drop_sockets()
    assert app.reader is not None
    await app.reader
    assert cast.slack.connections(cast.app) == 0
    assert (await rosa.command("/failover", channel=cast.general.id))["error"] == "dispatch_failed"


async def test_the_same_envelope_can_come_twice(call: Client, cast: Cast, app: SocketApp, rosa: Person) -> None:
    await rosa.command("/failover", "once", channel=cast.general.id)
    await cast.slack.trouble.redeliver(cast.slack.captured[-1])
    first, second = app.received
    assert first == second


class HttpApp:
    """A request URL that records what it gets and answers as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], str]] = []
        self.status, self.body, self.headers = 200, "", dict[str, str]()

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.text()))
        kind = "application/json" if self.body.startswith("{") else "text/plain"
        return web.Response(status=self.status, text=self.body, content_type=kind, headers=self.headers)


@pytest.fixture
async def url(cast: Cast) -> AsyncIterator[HttpApp]:
    app, application = HttpApp(), web.Application()
    application.router.add_post("/slack/events", app.handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cast.app.socket_mode = False
    cast.app.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield app
    await runner.cleanup()


async def test_http_deliveries_are_signed_for_the_public_verifier(cast: Cast, url: HttpApp, rosa: Person) -> None:
    await rosa.command("/failover", "pg-1 & more", channel=cast.general.id)
    headers, body = url.requests[0]
    assert SignatureVerifier(cast.app.signing_secret).is_valid_request(body, headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body)["text"] == ["pg-1 & more"]


async def test_interactivity_is_a_form_with_a_json_payload(
    call: Client, cast: Cast, url: HttpApp, amir: Person
) -> None:
    await call("chat.postMessage", channel=cast.approvals.id, text="x", blocks=[actions(button("approve"))])
    await amir.click(amir.messages(cast.approvals.id)[0], "approve")
    payload = json.loads(parse_qs(url.requests[0][1])["payload"][0])
    assert payload["actions"][0]["action_id"] == "approve"


@pytest.mark.parametrize("body", ["Working on it", '{"text": "Working on it"}'])
async def test_the_body_of_an_http_answer_is_shown(cast: Cast, url: HttpApp, rosa: Person, body: str) -> None:
    url.body = body
    await rosa.command("/failover", channel=cast.general.id)
    assert [m["text"] for m in rosa.ephemerals(cast.general.id)] == ["Working on it"]


async def test_an_http_error_fails_the_command(cast: Cast, url: HttpApp, rosa: Person) -> None:
    url.status = 500
    assert (await rosa.command("/failover", channel=cast.general.id))["error"] == "dispatch_failed"
    assert len(url.requests) == 1


async def test_an_event_over_http_is_retried_with_its_reason(cast: Cast, url: HttpApp, rosa: Person) -> None:
    url.status = 503
    rosa.open_home()
    await rosa.wait_for(lambda: len(cast.slack.acks) == 3)
    retries = [(h.get("X-Slack-Retry-Num"), h.get("X-Slack-Retry-Reason")) for h, _ in url.requests]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert json.loads(url.requests[0][1])["type"] == "event_callback"


async def test_an_app_may_decline_retries(cast: Cast, url: HttpApp, rosa: Person) -> None:
    url.status, url.headers = 500, {"X-Slack-No-Retry": "1"}
    rosa.open_home()
    await rosa.command("/failover", channel=cast.general.id)
    await rosa.wait_for(lambda: len(cast.slack.acks) == 2)
    assert len(url.requests) == 2


async def test_forgeries_and_replays_can_be_made_for_tests(cast: Cast, url: HttpApp, rosa: Person) -> None:
    await rosa.command("/failover", "pg-1", channel=cast.general.id)
    captured, verifier = cast.slack.captured[-1], SignatureVerifier(cast.app.signing_secret)
    forged = cast.slack.trouble.forged_request
    changed, headers = forged(captured, text="pg-2")
    assert "pg-2" in changed
    assert verifier.is_valid_request(changed, headers)
    assert not verifier.is_valid_request(*forged(captured, signing_secret="wrong"))
    assert not verifier.is_valid_request(*forged(captured, timestamp=int(time.time()) - 301))


async def respond(call: Client, url: str, **body: Any) -> int:
    async with call.session.post(url, json=body) as response:
        return response.status


async def test_a_response_url_works_five_times(call: Client, cast: Cast, app: SocketApp, rosa: Person) -> None:
    await rosa.command("/failover", channel=cast.general.id)
    url = app.payloads[-1]["response_url"]
    statuses = [await respond(call, url, text=str(number)) for number in range(6)]
    assert statuses == [200] * 5 + [404]
    assert len(rosa.ephemerals(cast.general.id)) == 5


async def test_a_response_url_works_for_thirty_minutes(
    call: Client, cast: Cast, app: SocketApp, rosa: Person, time_: Time
) -> None:
    await rosa.command("/failover", channel=cast.general.id)
    url = app.payloads[-1]["response_url"]
    time_.pass_seconds(30 * 60 - 1)
    assert await respond(call, url, text="in time", response_type="in_channel") == 200
    time_.pass_seconds(2)
    assert await respond(call, url, text="late") == 404
    assert [m["text"] for m in rosa.messages(cast.general.id)] == ["in time"]


async def test_a_response_url_replaces_and_deletes_the_message_it_came_from(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    place = {"channel": cast.approvals.id, "user": rosa.id, "text": "psst"}
    await call("chat.postEphemeral", **place, blocks=[actions(button("again"))])
    (seen,) = rosa.ephemerals(cast.approvals.id)
    await rosa.click(seen, "again")
    payload = app.payloads[-1]
    assert "message" not in payload
    assert payload["container"]["is_ephemeral"]
    assert await respond(call, payload["response_url"], text="Again", replace_original=True) == 200
    assert [m["text"] for m in rosa.ephemerals(cast.approvals.id)] == ["Again"]
    assert await respond(call, payload["response_url"], delete_original=True) == 200
    assert rosa.ephemerals(cast.approvals.id) == []
    assert await respond(call, payload["response_url"], blocks=[section("")]) == 400


async def test_a_request_url_that_does_not_echo_is_not_verified(cast: Cast, url: HttpApp) -> None:
    assert not await cast.slack.verify_request_url(cast.app)
    cast.app.request_url = "http://127.0.0.1:1/nobody"
    assert not await cast.slack.verify_request_url(cast.app)


async def test_a_mention_and_changes_of_people_are_told_as_events(app: SocketApp, rosa: Person, cast: Cast) -> None:
    cast.app.scopes |= {"app_mentions:read"}
    cast.app.events |= {"app_mention", "subteam_members_changed", "user_change"}
    rosa.say(f"<@{cast.app.bot_user_id}> help", channel=cast.approvals.id)
    cast.slack.trouble.remove_from_usergroup(cast.approver_group.id, cast.approvers[0].id)
    cast.slack.trouble.add_to_usergroup(cast.approver_group.id, cast.bystander.id)
    cast.slack.trouble.deactivate(cast.approvers[0].id)
    await rosa.wait_for(lambda: len(cast.slack.acks) == 4)
    mention, removed, added, change = [payload["event"] for payload in app.payloads]
    assert mention["type"] == "app_mention"
    assert removed["removed_users"] == [cast.approvers[0].id]
    assert added["added_users"] == [cast.bystander.id]
    assert change["user"]["deleted"]
