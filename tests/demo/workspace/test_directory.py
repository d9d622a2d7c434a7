"""conversations.*, users.*, usergroups.* and the small methods."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.workspace import Cast, Person

from .conftest import Client


async def test_the_public_history_is_paged_from_the_newest(call: Client, cast: Cast, rosa: Person) -> None:
    channel = cast.approvals.id
    for number in range(5):
        rosa.say(str(number), channel=channel)
    first = await call("conversations.history", channel=channel, limit=3)
    second = await call(
        "conversations.history", channel=channel, limit=3, cursor=first["response_metadata"]["next_cursor"]
    )
    assert [m["text"] for m in first["messages"] + second["messages"]] == ["4", "3", "2", "1", "0"]
    assert (first["has_more"], second["has_more"]) == (True, False)


async def test_history_is_cut_by_oldest_and_latest(call: Client, cast: Cast, rosa: Person) -> None:
    channel = cast.approvals.id
    stamps = [rosa.say(str(number), channel=channel)["ts"] for number in range(4)]
    between = await call("conversations.history", channel=channel, oldest=stamps[0], latest=stamps[3])
    assert [m["text"] for m in between["messages"]] == ["2", "1"]
    whole = await call("conversations.history", channel=channel, oldest=stamps[0], latest=stamps[3], inclusive=True)
    assert len(whole["messages"]) == 4


async def test_replies_give_the_parent_first_from_any_message_of_the_thread(
    call: Client, cast: Cast, rosa: Person
) -> None:
    channel = cast.approvals.id
    ts = rosa.say("parent", channel=channel)["ts"]
    last = [rosa.say(str(n), channel=channel, thread_ts=ts)["ts"] for n in range(3)][-1]
    for key in (ts, last):
        answer = await call.form("conversations.replies", channel=channel, ts=key)
        assert [m["text"] for m in answer["messages"]] == ["parent", "0", "1", "2"]
    missing = await call.form("conversations.replies", channel=channel, ts="1.000000")
    assert missing["error"] == "thread_not_found"


async def test_history_of_a_channel_without_the_bot_is_refused(call: Client, cast: Cast) -> None:
    assert (await call("conversations.history", channel=cast.general.id))["error"] == "not_in_channel"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"limit": "0"}, None),
        ({"limit": "1001"}, "invalid_limit"),
        ({"limit": "many"}, "invalid_arguments"),
    ],
)
async def test_limits_and_cursors_are_checked(call: Client, cast: Cast, args: dict[str, str], error: str) -> None:
    answer = await call.form("conversations.members", channel=cast.approvals.id, **args)
    assert answer.get("error") == error


async def test_a_channel_of_two_hundred_and_fifty_members_takes_three_pages(call: Client, cast: Cast) -> None:
    crowd = [cast.slack.add_user(f"user{number}") for number in range(250)]
    channel = cast.slack.add_channel("crowd", members=crowd)
    found, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        answer = await call.form("conversations.members", channel=channel.id, cursor=cursor)
        found += answer["members"]
        cursor, pages = answer["response_metadata"]["next_cursor"], pages + 1
    assert (len(set(found)), pages) == (250, 3)


async def test_conversations_info_tells_what_a_cautious_bot_asks(call: Client, cast: Cast) -> None:
    cast.slack.trouble.share_externally(cast.general.id)
    cast.slack.trouble.archive_channel(cast.general.id)
    channel = (await call.form("conversations.info", channel=cast.general.id, include_num_members="1"))["channel"]
    facts = [channel[name] for name in ("is_ext_shared", "is_archived", "is_private", "is_member", "num_members")]
    assert facts == [True, True, False, False, 4]


async def test_a_private_channel_needs_its_own_scope(call: Client, cast: Cast) -> None:
    secret = cast.slack.add_channel("secret", members=[cast.app.bot_user_id], is_private=True)
    assert (await call.form("conversations.info", channel=secret.id))["channel"]["is_private"]
    cast.app.scopes -= {"groups:read"}
    answer = await call.form("conversations.info", channel=secret.id)
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:read")


async def test_conversations_list_shows_public_channels_and_the_bots_private_ones(call: Client, cast: Cast) -> None:
    cast.slack.add_channel("ours", members=[cast.app.bot_user_id], is_private=True)
    cast.slack.add_channel("theirs", members=[cast.requester], is_private=True)
    cast.slack.trouble.archive_channel(cast.general.id)
    types = "public_channel,private_channel"
    answer = await call.form("conversations.list", types=types, exclude_archived="true")
    assert [c["name"] for c in answer["channels"]] == ["dr-approvals", "incidents", "ours"]
    assert (await call.form("conversations.list", types="secret"))["error"] == "invalid_types"


async def test_direct_messages_are_opened_once(call: Client, cast: Cast) -> None:
    first = await call("conversations.open", users=cast.requester.id)
    again = await call("conversations.open", users=cast.requester.id, return_im=True)
    assert again["already_open"]
    assert again["channel"]["id"] == first["channel"]["id"]
    assert again["channel"]["user"] == cast.requester.id


async def test_opening_can_be_probed_without_creating(call: Client, cast: Cast) -> None:
    answer = await call("conversations.open", users=cast.requester.id, prevent_creation=True)
    assert answer["error"] == "channel_not_found"
    assert cast.slack.person(cast.requester).dm() == []


async def test_direct_messages_are_refused_to_those_who_left_to_bots_and_to_nobody(call: Client, cast: Cast) -> None:
    cast.slack.trouble.deactivate(cast.bystander.id)
    refusals = {
        cast.bystander.id: "user_disabled",
        cast.app.bot_user_id: "cannot_dm_bot",
        "U0000000000": "user_not_found",
        "": "users_list_not_supplied",
    }
    for user, error in refusals.items():
        assert (await call("conversations.open", users=user))["error"] == error


async def test_the_bot_joins_public_channels_only_with_the_scope(call: Client, cast: Cast) -> None:
    assert (await call("conversations.join", channel=cast.general.id))["error"] == "missing_scope"
    cast.app.scopes |= {"channels:join"}
    assert (await call("conversations.join", channel=cast.general.id))["channel"]["is_member"]
    assert (await call("conversations.join", channel=cast.general.id))["warning"] == "already_in_channel"


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"deleted": True}, {"deleted": True}),
        ({"is_bot": True}, {"is_bot": True}),
        ({"is_restricted": True}, {"is_restricted": True, "is_ultra_restricted": False}),
        ({"is_ultra_restricted": True}, {"is_restricted": True, "is_ultra_restricted": True}),
        ({"is_stranger": True}, {"is_stranger": True}),
    ],
)
async def test_users_info_tells_who_must_not_approve(
    call: Client, cast: Cast, traits: dict[str, Any], expected: dict[str, Any]
) -> None:
    user = cast.slack.add_user("somebody", **traits)
    shown = (await call.form("users.info", user=user.id))["user"]
    assert {name: shown[name] for name in expected} == expected
    assert (shown["team_id"] == cast.slack.state.team_id) != user.is_stranger


async def test_an_email_address_needs_its_scope(call: Client, cast: Cast) -> None:
    user = cast.requester
    assert (await call.form("users.lookupByEmail", email=user.email.upper()))["user"]["id"] == user.id
    assert (await call.form("users.lookupByEmail", email="x@y.example"))["error"] == "users_not_found"
    cast.app.scopes -= {"users:read.email"}
    assert "email" not in (await call.form("users.info", user=user.id))["user"]["profile"]
    assert (await call.form("users.lookupByEmail", email=user.email))["error"] == "missing_scope"


async def test_users_list_is_paged_on_request(call: Client, cast: Cast) -> None:
    everybody = (await call.form("users.list"))["members"]
    page = await call.form("users.list", limit="2")
    assert len(everybody) == 6
    assert [m["id"] for m in page["members"]] == [m["id"] for m in everybody[:2]]
    assert page["response_metadata"]["next_cursor"]


async def test_a_user_group_lists_its_members_as_they_are_now(call: Client, cast: Cast) -> None:
    group, (amir, chen) = cast.approver_group, cast.approvers
    assert (await call.form("usergroups.users.list", usergroup=group.id))["users"] == [amir.id, chen.id]
    cast.slack.trouble.remove_from_usergroup(group.id, amir.id)
    assert (await call.form("usergroups.users.list", usergroup=group.id))["users"] == [chen.id]
    listed = (await call.form("usergroups.list", include_users="true", include_count="true"))["usergroups"]
    assert [(g["handle"], g["users"], g["user_count"]) for g in listed] == [("dr-approvers", [chen.id], 1)]
    assert (await call.form("usergroups.users.list", usergroup="S0"))["error"] == "no_such_subteam"


async def test_user_groups_need_a_paid_plan(call: Client, cast: Cast) -> None:
    cast.slack.trouble.downgrade_plan()
    answer = await call.form("usergroups.users.list", usergroup=cast.approver_group.id)
    assert answer["error"] == "plan_upgrade_required"


async def test_auth_test_says_who_the_bot_is_and_its_scopes(call: Client, cast: Cast) -> None:
    answer = await call("auth.test")
    assert (answer["user_id"], answer["bot_id"]) == (cast.app.bot_user_id, cast.app.bot_id)
    headers = {"Authorization": f"Bearer {cast.app.bot_token}"}
    async with call.session.post(cast.slack.api_url + "auth.test", headers=headers) as response:
        assert set(response.headers["X-OAuth-Scopes"].split(",")) == cast.app.scopes


async def test_api_test_echoes_and_fails_on_demand(call: Client) -> None:
    assert (await call("api.test", foo="bar"))["args"] == {"foo": "bar"}
    assert (await call("api.test", error="my_error"))["error"] == "my_error"


async def test_team_info_names_the_workspace(call: Client, cast: Cast) -> None:
    assert (await call("team.info"))["team"]["name"] == "Northwind"
    assert (await call("team.info", team="T0"))["error"] == "team_not_found"


async def test_reactions_pins_and_bookmarks_are_added_once(call: Client, cast: Cast, rosa: Person) -> None:
    channel = cast.approvals.id
    place = {"channel": channel, "timestamp": rosa.say("x", channel=channel)["ts"]}
    assert (await call("reactions.add", name="eyes", **place))["ok"]
    assert rosa.messages(channel)[0]["reactions"] == {"eyes": [cast.app.bot_user_id]}
    assert (await call("reactions.add", name="eyes", **place))["error"] == "already_reacted"
    assert (await call("pins.add", **place))["ok"]
    assert (await call("pins.add", **place))["error"] == "already_pinned"
    missing = await call("reactions.add", name="eyes", channel=channel, timestamp="1.000000")
    assert missing["error"] == "message_not_found"
    bookmark = {"channel_id": channel, "title": "Runbook", "type": "link"}
    assert (await call("bookmarks.add", **bookmark, link="https://runbook.example"))["ok"]
    assert (await call("bookmarks.add", **bookmark, link="runbook"))["error"] == "invalid_link"
