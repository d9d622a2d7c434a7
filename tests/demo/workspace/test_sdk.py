"""The public slack_sdk client calls every method of the workspace the way it calls the real Slack."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.models.metadata import Metadata
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast, SlackFault

from .conftest import section


@pytest.fixture
async def client(cast: Cast, session: aiohttp.ClientSession) -> AsyncWebClient:
    cast.app.scopes |= {"channels:join"}
    return AsyncWebClient(token=cast.app.bot_token, base_url=cast.slack.api_url, session=session)


async def test_messages_are_handled_by_the_sdk(client: AsyncWebClient, cast: Cast) -> None:
    channel = cast.approvals.id
    metadata = Metadata(event_type="card", event_payload={"key": "r1"})
    quiet = {"unfurl_links": False, "unfurl_media": False}
    posted = await client.chat_postMessage(
        channel=channel, text="x", blocks=[section()], metadata=metadata, link_names=False, **quiet
    )
    ts = str(posted["ts"])
    await client.chat_postMessage(channel=channel, text="y", thread_ts=ts, reply_broadcast=False)
    await client.chat_update(channel=channel, ts=ts, text="z", blocks=[section("z")], metadata=metadata)
    await client.chat_postEphemeral(channel=channel, user=cast.requester.id, text="psst", thread_ts=ts)
    await client.chat_getPermalink(channel=channel, message_ts=ts)
    await client.reactions_add(channel=channel, name="eyes", timestamp=ts)
    await client.pins_add(channel=channel, timestamp=ts)
    thread = await client.conversations_replies(channel=channel, ts=ts, include_all_metadata=True, limit=10)
    assert [m["text"] for m in thread["messages"]] == ["z", "y"]
    assert thread["messages"][0]["metadata"]["event_payload"] == {"key": "r1"}
    await client.chat_delete(channel=channel, ts=ts)


async def test_people_and_places_are_read_by_the_sdk(client: AsyncWebClient, cast: Cast) -> None:
    answers: list[Any] = [
        await client.api_test(),
        await client.auth_test(),
        await client.team_info(),
        await client.users_info(user=cast.requester.id, include_locale=True),
        await client.users_list(limit=2),
        await client.users_lookupByEmail(email=cast.requester.email),
        await client.usergroups_list(include_users=True),
        await client.usergroups_users_list(usergroup=cast.approver_group.id),
        await client.conversations_open(users=[cast.requester.id]),
        await client.conversations_info(channel=cast.general.id, include_num_members=True),
        await client.conversations_members(channel=cast.general.id, limit=2),
        await client.conversations_list(types="public_channel", exclude_archived=True),
        await client.conversations_history(channel=cast.approvals.id, limit=1),
        await client.conversations_join(channel=cast.general.id),
        await client.bookmarks_add(channel_id=cast.general.id, title="t", type="link", link="https://x.example"),
        await client.views_publish(user_id=cast.requester.id, view={"type": "home", "blocks": [section()]}),
    ]
    assert all(answer["ok"] for answer in answers)


async def test_the_sdk_follows_cursors_to_the_end(client: AsyncWebClient, cast: Cast) -> None:
    found = []
    async for page in await client.users_list(limit=2):
        found += [member["id"] for member in page["members"]]
    assert found == list(cast.slack.state.users)


async def test_a_refusal_reaches_the_sdk_as_its_error(client: AsyncWebClient, cast: Cast) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0", text="x")
    assert caught.value.response["error"] == "channel_not_found"


async def test_the_sdk_waits_as_long_as_a_rate_limit_says(client: AsyncWebClient, cast: Cast) -> None:
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    cast.slack.faults.add(SlackFault(method="auth.test", status=429, retry_after=0))
    assert (await client.auth_test())["ok"]
    assert [call.status for call in cast.slack.calls] == [429, 200]
