"""Whatever the workspace sends has only fields that the SDKs' samples of real payloads have too (`payloads/`, MIT)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.workspace import Cast, Person

from .conftest import Client, OpenModal, SocketApp, actions, button, text_input

SAMPLES = Path(__file__).with_name("payloads")
# Documented on Slack's pages, absent from the samples.
KNOWN_GAPS = {"view.blocks", "view.response_urls", "response_urls", "message.metadata"} | {
    "message.reply_count",
    "message.latest_reply",
}
# Keyed by ids, so that no sample can list the names.
FREE_FORM = {"state", "view.state", "message.blocks"}


def sample(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return loaded


def unknown_fields(sent: dict[str, Any], known: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in sent.items():
        where = f"{path}{name}"
        if name not in known:
            yield where
        elif isinstance(value, dict) and isinstance(known[name], dict) and where not in FREE_FORM:
            yield from unknown_fields(value, known[name], f"{where}.")
        elif isinstance(value, list) and where not in FREE_FORM and value and isinstance(value[0], dict):
            yield from unknown_fields(value[0], known[name][0], f"{where}.")


def surprises(sent: dict[str, Any], name: str) -> set[str]:
    return set(unknown_fields(sent, sample(name))) - KNOWN_GAPS


async def test_a_command_has_the_fields_of_a_real_one(app: SocketApp, cast: Cast, rosa: Person) -> None:
    await rosa.command("/failover", "x", channel=cast.general.id)
    assert surprises(app.payloads[-1], "SlashCommandPayload") == set()


async def test_a_click_in_a_message_has_the_fields_of_a_real_one(
    call: Client, app: SocketApp, cast: Cast, amir: Person
) -> None:
    channel = cast.approvals.id
    ts = (await call("chat.postMessage", channel=channel, text="x", blocks=[actions(button(style="primary"))]))["ts"]
    await call("chat.postMessage", channel=channel, text="reply", thread_ts=ts)
    await amir.click(amir.messages(channel)[0], "go")
    assert surprises(app.payloads[-1], "BlockActionPayload") == set()


async def test_submitting_and_closing_have_the_fields_of_real_ones(
    app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    view = await open_modal(text_input(), actions(button()), notify_on_close=True)
    await rosa.click(view, "go")
    assert surprises(app.payloads[-1], "BlockActionPayload") == set()
    await rosa.close(view)
    await rosa.wait_for(lambda: app.payloads[-1]["type"] == "view_closed")
    assert surprises(app.payloads[-1], "ViewClosedPayload") == set()
    await rosa.submit(await open_modal(text_input()), {"reason": "x"})
    assert surprises(app.payloads[-1], "ViewSubmissionPayload") == set()


@pytest.mark.parametrize("method", ["users.info", "conversations.info", "usergroups.users.list", "auth.test"])
async def test_an_answer_has_the_fields_of_a_real_one(call: Client, cast: Cast, method: str) -> None:
    stranger = cast.slack.add_user("eve", is_stranger=True)
    args = {
        "users.info": {"user": stranger.id, "include_locale": "true"},
        "conversations.info": {"channel": cast.approvals.id, "include_num_members": "true"},
        "usergroups.users.list": {"usergroup": cast.approver_group.id},
        "auth.test": {},
    }[method]
    answer = await call.form(method, **args)
    assert answer["ok"]
    assert surprises(answer, method) == set()
