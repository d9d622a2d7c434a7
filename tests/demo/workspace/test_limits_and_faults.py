"""Rate limits as Slack publishes them, and faults and outages on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.demo.workspace import Cast, Person, SlackFault, standalone

from .conftest import Client, SocketApp, Time


@pytest.fixture
async def limited(time_: Time, session: aiohttp.ClientSession) -> AsyncIterator[Client]:
    cast = standalone(clock=time_)
    async with cast.slack:
        yield Client(cast, session)


async def status(call: Client, method: str, **args: str) -> tuple[int, str | None]:
    headers = {"Authorization": f"Bearer {call.cast.app.bot_token}"}
    async with call.session.post(call.cast.slack.api_url + method, data=args, headers=headers) as response:
        return response.status, response.headers.get("Retry-After")


async def test_a_channel_takes_a_short_burst_and_then_a_message_a_second(limited: Client, time_: Time) -> None:
    place = {"channel": limited.cast.approvals.id, "text": "x"}
    burst = [await status(limited, "chat.postMessage", **place) for _ in range(6)]
    assert burst == [(200, None)] * 5 + [(429, "1")]
    elsewhere = await status(limited, "chat.postMessage", channel=limited.cast.incidents.id, text="x")
    assert elsewhere == (200, None)
    time_.pass_seconds(1)
    assert await status(limited, "chat.postMessage", **place) == (200, None)
    assert (await status(limited, "chat.postMessage", **place))[0] == 429


@pytest.mark.parametrize(
    ("method", "per_minute"), [("usergroups.users.list", 20), ("conversations.info", 50), ("users.info", 100)]
)
async def test_each_method_has_the_limit_of_its_tier(limited: Client, method: str, per_minute: int) -> None:
    answers = [(await status(limited, method))[0] for _ in range(per_minute + 1)]
    assert answers == [200] * per_minute + [429]


async def test_a_limited_call_says_how_long_to_wait_and_is_recorded(limited: Client) -> None:
    for _ in range(20):
        await status(limited, "usergroups.list")
    assert await status(limited, "usergroups.list") == (429, "3")
    last = limited.cast.slack.calls[-1]
    assert (last.ok, last.error, last.status) == (False, "ratelimited", 429)


async def test_a_fault_answers_with_its_error_as_often_as_it_was_armed(call: Client, cast: Cast) -> None:
    cast.slack.faults.add(SlackFault(method="chat.postMessage", error="internal_error", times=2))
    place = {"channel": cast.approvals.id, "text": "x"}
    errors = [(await call("chat.postMessage", **place)).get("error") for _ in range(3)]
    assert errors == ["internal_error", "internal_error", None]


async def test_a_fault_may_be_a_status_with_a_time_to_wait(call: Client, cast: Cast) -> None:
    cast.slack.faults.add(SlackFault(method="*", status=429, retry_after=7))
    assert await status(call, "auth.test") == (429, "7")
    cast.slack.faults.add(SlackFault(method="auth.test", status=503))
    assert (await status(call, "auth.test"))[0] == 503


async def test_a_fault_may_be_meant_for_one_channel(call: Client, cast: Cast) -> None:
    fault = SlackFault(method="chat.postMessage", error="restricted_action", channel=cast.incidents.id, times=None)
    cast.slack.faults.add(fault)
    assert (await call("chat.postMessage", channel=cast.approvals.id, text="x"))["ok"]
    assert (await call("chat.postMessage", channel=cast.incidents.id, text="x"))["error"] == "restricted_action"
    cast.slack.faults.clear()
    assert (await call("chat.postMessage", channel=cast.incidents.id, text="x"))["ok"]


@pytest.mark.parametrize(("drop", "messages"), [("before", 0), ("after_accepting", 1)])
async def test_a_lost_answer_leaves_open_whether_the_call_counted(
    call: Client, cast: Cast, amir: Person, drop: str, messages: int
) -> None:
    cast.slack.faults.add(SlackFault(method="chat.postMessage", drop=drop))  # type: ignore[arg-type]
    with pytest.raises(aiohttp.ClientError):
        await call("chat.postMessage", channel=cast.approvals.id, text="x")
    assert len(amir.messages(cast.approvals.id)) == messages
    (lost,) = cast.slack.calls
    assert (lost.ok, lost.answered) == (bool(messages), False)


async def test_a_delay_only_makes_a_call_late(call: Client, cast: Cast) -> None:
    cast.slack.faults.add(SlackFault(method="auth.test", delay_seconds=0.01))
    assert (await call("auth.test"))["ok"]


async def test_an_outage_stops_calls_and_sockets_until_it_is_over(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    cast.slack.outage()
    assert await status(call, "auth.test") == (503, None)
    assert app.reader is not None
    await app.reader
    assert (await rosa.command("/failover", channel=cast.general.id))["error"] == "dispatch_failed"
    cast.slack.outage(False)
    again = SocketApp()
    await again.connect(call)
    assert (await rosa.command("/failover", channel=cast.general.id))["ok"]
    await again.close()
