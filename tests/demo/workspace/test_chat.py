"""chat.*: what is posted, to whom, and each refusal."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.workspace import Cast, Person

from .conftest import Client, Time, button, section


@pytest.fixture
def channel(cast: Cast) -> str:
    return cast.approvals.id


async def test_a_posted_message_is_read_by_members_with_ids_filled_in(call: Client, amir: Person, channel: str) -> None:
    answer = await call("chat.postMessage", channel=channel, text="Hello", blocks=[section()])
    (seen,) = amir.messages(channel)
    assert answer["ok"]
    assert answer["message"]["blocks"] == seen["blocks"]
    assert seen["blocks"][0]["block_id"]
    assert seen["blocks"][0]["text"]["verbatim"] is False


async def test_a_form_with_json_in_its_fields_is_understood(call: Client, amir: Person, channel: str) -> None:
    blocks = '[{"type":"section","text":{"type":"plain_text","text":"Hi"}}]'
    answer = await call.form("chat.postMessage", channel=channel, text="Hi", blocks=blocks, mrkdwn="1")
    assert answer["ok"]
    assert amir.messages(channel)[0]["blocks"][0]["text"]["text"] == "Hi"


async def test_no_token_and_a_wrong_token_are_two_refusals(call: Client, channel: str) -> None:
    async with call.session.post(call.cast.slack.api_url + "auth.test") as response:
        assert (await response.json())["error"] == "not_authed"
    assert (await call("auth.test", token="xoxb-wrong"))["error"] == "invalid_auth"


async def test_an_app_token_does_not_post_and_a_bot_token_opens_no_socket(call: Client, channel: str) -> None:
    posted = await call("chat.postMessage", token=call.cast.app.app_token, channel=channel, text="x")
    assert posted["error"] == "not_allowed_token_type"
    assert (await call("apps.connections.open"))["error"] == "not_allowed_token_type"


async def test_an_unknown_method_is_named_in_the_refusal(call: Client) -> None:
    answer = await call("chat.postMassage", text="x")
    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.postMassage")


async def test_a_missing_scope_is_named_with_those_that_are_there(call: Client, channel: str) -> None:
    call.cast.app.scopes = frozenset({"commands"})
    answer = await call("chat.postMessage", channel=channel, text="x")
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "commands")


async def test_another_name_needs_the_customize_scope(call: Client, channel: str) -> None:
    answer = await call("chat.postMessage", channel=channel, text="x", username="Somebody")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write.customize")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"text": "x"}, "missing required field: channel"),
        ({"channel": "C1", "txet": "x"}, "unexpected argument: txet"),
        ({"channel": "C1", "unfurl_links": "perhaps"}, "must be a boolean: unfurl_links"),
        ({"channel": 7}, "must be a string: channel"),
    ],
)
async def test_wrong_arguments_are_refused_with_a_sentence(call: Client, args: dict[str, Any], sentence: str) -> None:
    answer = await call("chat.postMessage", **args)
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {sentence}"]


async def test_a_json_body_is_not_read_where_slack_does_not_read_one(call: Client, cast: Cast) -> None:
    assert (await call("users.info", user=cast.requester.id))["error"] == "invalid_arguments"
    assert (await call.form("users.info", user=cast.requester.id))["ok"]


async def test_a_channel_nobody_knows_is_not_found(call: Client) -> None:
    assert (await call("chat.postMessage", channel="C0000000000", text="x"))["error"] == "channel_not_found"


async def test_a_private_channel_without_the_bot_is_not_found(call: Client, cast: Cast) -> None:
    secret = cast.slack.add_channel("secret", members=[cast.requester], is_private=True)
    assert (await call("chat.postMessage", channel=secret.id, text="x"))["error"] == "channel_not_found"


async def test_a_public_channel_without_the_bot_needs_the_public_scope(call: Client, cast: Cast) -> None:
    assert (await call("chat.postMessage", channel=cast.general.id, text="x"))["ok"]
    cast.app.scopes -= {"chat:write.public"}
    assert (await call("chat.postMessage", channel=cast.general.id, text="x"))["error"] == "not_in_channel"


async def test_an_archived_channel_takes_no_message(call: Client, cast: Cast, channel: str) -> None:
    cast.slack.trouble.archive_channel(channel)
    assert (await call("chat.postMessage", channel=channel, text="x"))["error"] == "is_archived"


@pytest.mark.parametrize("args", [{}, {"text": ""}, {"blocks": []}])
async def test_a_message_without_content_is_refused(call: Client, channel: str, args: dict[str, Any]) -> None:
    assert (await call("chat.postMessage", channel=channel, **args))["error"] == "no_text"


async def test_a_very_long_text_is_cut_with_a_warning_when_posted(call: Client, channel: str) -> None:
    answer = await call("chat.postMessage", channel=channel, text="x" * 40_001)
    assert (answer["warning"], len(answer["message"]["text"])) == ("message_truncated", 40_000)


async def test_a_text_over_four_thousand_characters_is_refused_in_an_update(call: Client, channel: str) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="x"))["ts"]
    assert (await call("chat.update", channel=channel, ts=ts, text="x" * 4000))["ok"]
    assert (await call("chat.update", channel=channel, ts=ts, text="x" * 4001))["error"] == "msg_too_long"


async def test_blocks_over_thirteen_thousand_two_hundred_characters_are_too_long(call: Client, channel: str) -> None:
    fits = [section("x" * 3000)] * 4
    assert (await call("chat.postMessage", channel=channel, blocks=fits))["ok"]
    answer = await call("chat.postMessage", channel=channel, blocks=[*fits, section("x" * 1200)])
    assert answer["error"] == "msg_blocks_too_long"


async def test_invalid_blocks_come_with_a_pointer_to_the_fault(call: Client, channel: str) -> None:
    answer = await call("chat.postMessage", channel=channel, blocks=[section("")])
    assert answer["error"] == "invalid_blocks"
    (message,) = answer["response_metadata"]["messages"]
    assert message == "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"


async def test_blocks_that_are_no_json_array_are_refused(call: Client, channel: str) -> None:
    answer = await call.form("chat.postMessage", channel=channel, blocks="{not json")
    assert answer["error"] == "invalid_blocks_format"


async def test_markdown_text_goes_alone(call: Client, channel: str) -> None:
    assert (await call("chat.postMessage", channel=channel, markdown_text="**b**"))["ok"]
    answer = await call("chat.postMessage", channel=channel, markdown_text="**b**", text="b")
    assert answer["error"] == "markdown_text_conflict"


async def test_metadata_comes_back_only_on_request(call: Client, channel: str) -> None:
    metadata = {"event_type": "card", "event_payload": {"key": "r1"}}
    await call("chat.postMessage", channel=channel, text="x", metadata=metadata)
    plain = await call("conversations.history", channel=channel)
    full = await call("conversations.history", channel=channel, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("card", "invalid_metadata_format"),
        ({"event_type": "card"}, "invalid_metadata_schema"),
        ({"event_type": "card", "event_payload": {"deep": {"er": 1}}}, "invalid_metadata_schema"),
        ({"event_type": "card", "event_payload": {"key": "x" * 20_000}}, "metadata_too_large"),
    ],
)
async def test_metadata_that_slack_does_not_keep_is_refused(
    call: Client, channel: str, metadata: Any, error: str
) -> None:
    answer = await call("chat.postMessage", channel=channel, text="x", metadata=metadata)
    assert answer["error"] == error


async def test_a_reply_hangs_on_its_parent(call: Client, channel: str, amir: Person) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="parent"))["ts"]
    reply = await call("chat.postMessage", channel=channel, text="reply", thread_ts=ts)
    assert reply["message"]["thread_ts"] == ts
    assert [m["text"] for m in amir.thread(channel, ts)] == ["parent", "reply"]
    assert [(m["text"], m["reply_count"]) for m in amir.messages(channel)] == [("parent", 1)]


async def test_a_reply_to_a_reply_is_refused(call: Client, channel: str) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="parent"))["ts"]
    reply = await call("chat.postMessage", channel=channel, text="reply", thread_ts=ts)
    deeper = await call("chat.postMessage", channel=channel, text="deeper", thread_ts=reply["ts"])
    assert deeper["error"] == "cannot_reply_to_message"


@pytest.mark.parametrize("replies", [0, 1])
async def test_a_reply_to_a_deleted_parent_silently_becomes_top_level(
    call: Client, cast: Cast, channel: str, amir: Person, replies: int
) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="parent"))["ts"]
    for _ in range(replies):
        await call("chat.postMessage", channel=channel, text="earlier", thread_ts=ts)
    cast.slack.trouble.delete_message(channel, ts)
    late = await call("chat.postMessage", channel=channel, text="late", thread_ts=ts)
    assert late["ok"]
    assert "thread_ts" not in late["message"]
    assert amir.messages(channel)[-1]["text"] == "late"


async def test_a_deleted_parent_with_replies_stays_as_a_tombstone(
    call: Client, cast: Cast, channel: str, amir: Person
) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="parent", blocks=[section("secret")]))["ts"]
    await call("chat.postMessage", channel=channel, text="reply", thread_ts=ts)
    assert (await call("chat.delete", channel=channel, ts=ts))["ok"]
    tombstone, reply = amir.thread(channel, ts)
    assert (tombstone["deleted"], tombstone["blocks"], reply["text"]) == (True, [], "reply")
    assert (await call("chat.update", channel=channel, ts=ts, text="x"))["error"] == "message_not_found"


async def test_a_message_without_replies_is_gone_when_deleted(call: Client, channel: str, amir: Person) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="x"))["ts"]
    assert (await call("chat.delete", channel=channel, ts=ts))["ok"]
    assert amir.messages(channel) == []
    assert (await call("chat.delete", channel=channel, ts=ts))["error"] == "message_not_found"


async def test_an_update_keeps_what_it_does_not_name(call: Client, channel: str, amir: Person) -> None:
    metadata = {"event_type": "card", "event_payload": {"key": "r1"}}
    posted = await call("chat.postMessage", channel=channel, text="x", blocks=[section()], metadata=metadata)
    await call("chat.update", channel=channel, ts=posted["ts"], text="y")
    (seen,) = amir.messages(channel)
    assert (seen["text"], len(seen["blocks"]), seen["metadata"]) == ("y", 1, metadata)
    assert seen["edited"]
    await call("chat.update", channel=channel, ts=posted["ts"], text="y", blocks=[], metadata={})
    (seen,) = amir.messages(channel)
    assert (seen["blocks"], seen["metadata"]) == ([], None)


async def test_only_own_messages_can_be_changed_or_deleted(call: Client, channel: str, amir: Person) -> None:
    ts = amir.say("mine", channel=channel)["ts"]
    assert (await call("chat.update", channel=channel, ts=ts, text="x"))["error"] == "cant_update_message"
    assert (await call("chat.delete", channel=channel, ts=ts))["error"] == "cant_delete_message"


async def test_a_closed_edit_window_freezes_messages(call: Client, cast: Cast, channel: str, time_: Time) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="x"))["ts"]
    cast.slack.trouble.close_edit_window(after_seconds=60)
    assert (await call("chat.update", channel=channel, ts=ts, text="y"))["ok"]
    time_.pass_seconds(61)
    assert (await call("chat.update", channel=channel, ts=ts, text="z"))["error"] == "edit_window_closed"


async def test_rich_text_is_not_replaced_by_something_else(call: Client, channel: str) -> None:
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}
    ts = (await call("chat.postMessage", channel=channel, text="x", blocks=[rich]))["ts"]
    answer = await call("chat.update", channel=channel, ts=ts, text="x", blocks=[section()])
    assert answer["error"] == "block_mismatch"


async def test_an_archived_channel_freezes_its_messages(call: Client, cast: Cast, channel: str) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="x"))["ts"]
    cast.slack.trouble.archive_channel(channel)
    assert (await call("chat.update", channel=channel, ts=ts, text="y"))["error"] == "is_inactive"


async def test_new_blocks_are_invalid_while_they_are_rolled_out(call: Client, cast: Cast, channel: str) -> None:
    blocks = [{"type": "task_card", "task_id": "t", "title": "Stop servers", "status": "pending"}]
    assert (await call("chat.postMessage", channel=channel, blocks=blocks))["ok"]
    cast.slack.trouble.withhold_new_blocks()
    assert (await call("chat.postMessage", channel=channel, blocks=blocks))["error"] == "invalid_blocks"


async def test_an_ephemeral_is_seen_by_one_person_until_they_reload(
    call: Client, channel: str, rosa: Person, amir: Person
) -> None:
    metadata = {"event_type": "x", "event_payload": {}}
    answer = await call("chat.postEphemeral", channel=channel, user=rosa.id, text="psst", metadata=metadata)
    assert answer["message_ts"]
    (seen,) = rosa.messages(channel)
    assert (seen["text"], seen["ephemeral"], seen["metadata"]) == ("psst", True, None)
    assert rosa.ephemerals(channel) == [seen]
    assert amir.messages(channel) == []
    rosa.reload()
    assert rosa.messages(channel) == []


async def test_an_ephemeral_in_a_thread_is_seen_there(call: Client, channel: str, rosa: Person) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="parent"))["ts"]
    await call("chat.postEphemeral", channel=channel, user=rosa.id, text="psst", thread_ts=ts)
    assert [m["text"] for m in rosa.thread(channel, ts)] == ["parent", "psst"]
    assert [m["text"] for m in rosa.ephemerals(channel)] == ["psst"]


async def test_an_ephemeral_can_not_be_updated(call: Client, channel: str, rosa: Person) -> None:
    ts = (await call("chat.postEphemeral", channel=channel, user=rosa.id, text="psst"))["message_ts"]
    assert (await call("chat.update", channel=channel, ts=ts, text="x"))["error"] == "message_not_found"


async def test_an_ephemeral_reaches_only_members(call: Client, cast: Cast) -> None:
    answer = await call("chat.postEphemeral", channel=cast.incidents.id, user=cast.guest.id, text="psst")
    assert answer["error"] == "user_not_in_channel"
    cast.slack.trouble.remove_bot(cast.incidents.id)
    answer = await call("chat.postEphemeral", channel=cast.incidents.id, user=cast.requester.id, text="psst")
    assert answer["error"] == "not_in_channel"


async def test_an_ephemeral_to_somebody_away_is_accepted_and_lost(
    call: Client, cast: Cast, channel: str, rosa: Person
) -> None:
    cast.slack.trouble.send_away(rosa.id)
    assert (await call("chat.postEphemeral", channel=channel, user=rosa.id, text="psst"))["ok"]
    assert rosa.messages(channel) == []


async def test_a_message_to_a_person_lands_in_their_direct_messages(call: Client, rosa: Person) -> None:
    answer = await call("chat.postMessage", channel=rosa.id, text="Hello Rosa")
    assert answer["channel"].startswith("D")
    assert [m["text"] for m in rosa.dm()] == ["Hello Rosa"]


async def test_direct_messages_are_edited_by_their_channel_and_not_by_the_person(call: Client, rosa: Person) -> None:
    posted = await call("chat.postMessage", channel=rosa.id, text="Hello")
    by_person = await call("chat.update", channel=rosa.id, ts=posted["ts"], text="x")
    assert by_person["error"] == "channel_not_found"
    assert (await call("chat.update", channel=posted["channel"], ts=posted["ts"], text="x"))["ok"]


async def test_a_messages_tab_that_is_off_takes_no_direct_message(call: Client, cast: Cast, rosa: Person) -> None:
    cast.slack.trouble.disable_messages_tab()
    assert (await call("chat.postMessage", channel=rosa.id, text="x"))["error"] == "messages_tab_disabled"


async def test_a_permalink_leads_to_a_message_and_its_thread(call: Client, channel: str) -> None:
    ts = (await call("chat.postMessage", channel=channel, text="x"))["ts"]
    reply = (await call("chat.postMessage", channel=channel, text="y", thread_ts=ts))["ts"]
    link = await call.form("chat.getPermalink", channel=channel, message_ts=ts)
    assert link["permalink"].endswith(f"/archives/{channel}/p{ts.replace('.', '')}")
    link = await call.form("chat.getPermalink", channel=channel, message_ts=reply)
    assert f"thread_ts={ts}" in link["permalink"]
    missing = await call.form("chat.getPermalink", channel=channel, message_ts="1.000000")
    assert missing["error"] == "message_not_found"


async def test_every_call_is_recorded_without_its_token(call: Client, cast: Cast, channel: str) -> None:
    answer = await call.form("chat.postMessage", channel=channel, text="x")
    await call("chat.postMessage", channel="C0", text="x", blocks=[{"type": "actions", "elements": [button()]}])
    posted, refused = cast.slack.calls
    assert (posted.method, posted.ok, posted.ts, posted.args["text"]) == ("chat.postMessage", True, answer["ts"], "x")
    assert (refused.ok, refused.error) == (False, "channel_not_found")
    assert cast.app.bot_token not in repr(cast.slack.calls)


async def test_attachments_are_a_list_of_at_most_a_hundred(call: Client, channel: str) -> None:
    place = {"channel": channel, "text": "x"}
    assert (await call("chat.postMessage", **place, attachments=[{"text": "x"}] * 100))["ok"]
    assert (await call("chat.postMessage", **place, attachments={}))["error"] == "invalid_attachments"
    many = await call("chat.postMessage", **place, attachments=[{"text": "x"}] * 101)
    assert many["error"] == "too_many_attachments"
