"""views.* and what people do with them: triggers, the stack, submissions, closing, App Home."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.demo.workspace import Cast, Person

from .conftest import Client, OpenModal, SocketApp, Time, actions, button, modal, section, text_input


async def test_a_trigger_opens_one_view_within_three_seconds(
    call: Client, cast: Cast, app: SocketApp, rosa: Person, time_: Time
) -> None:
    await rosa.command("/failover", "", channel=cast.general.id)
    time_.pass_seconds(2.9)
    assert (await call("views.open", trigger_id=app.trigger_id, view=modal(section())))["ok"]
    again = await call("views.open", trigger_id=app.trigger_id, view=modal(section()))
    assert again["error"] == "exchanged_trigger_id"
    await rosa.command("/failover", "", channel=cast.general.id)
    time_.pass_seconds(3.1)
    late = await call("views.open", trigger_id=app.trigger_id, view=modal(section()))
    assert late["error"] == "expired_trigger_id"


@pytest.mark.parametrize("trigger_id", ["nonsense", "1.2.abc", None])
async def test_a_trigger_nobody_gave_is_invalid(call: Client, trigger_id: str | None) -> None:
    answer = await call("views.open", trigger_id=trigger_id, view=modal(section()))
    assert answer["error"] == "invalid_trigger_id"


async def test_an_invalid_view_does_not_cost_the_trigger(
    call: Client, cast: Cast, app: SocketApp, rosa: Person
) -> None:
    await rosa.command("/failover", "", channel=cast.general.id)
    bad = await call("views.open", trigger_id=app.trigger_id, view=modal(section(), title=None))
    assert bad["error"] == "invalid_arguments"
    assert (await call("views.open", trigger_id=app.trigger_id, view=modal(section())))["ok"]


TEXT = {"type": "plain_text", "text": "x" * 25}


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (modal(section(), title=TEXT), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(section(), submit=TEXT), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (modal(section(), close=TEXT), "must be less than 25 characters [json-pointer:/view/close/text]"),
        (modal(text_input(), submit=None), "a submit button is required where there are input blocks"),
        (modal(section(), private_metadata="x" * 3001), "must be less than 3001 characters"),
        (modal(section(), callback_id="x" * 256), "must be less than 256 characters"),
        (modal(section(), external_id="x" * 256), "must be less than 256 characters"),
        (modal(section(), colour="red"), "invalid additional property: colour [json-pointer:/view]"),
        (modal(section(), type="home"), "must be modal [json-pointer:/view/type]"),
        (modal(section("")), "must be more than 0 characters [json-pointer:/view/blocks/0/text/text]"),
        (modal(*[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    ],
)
async def test_a_view_slack_refuses_is_refused_with_the_reason(
    call: Client, app: SocketApp, rosa: Person, view: dict[str, Any], sentence: str
) -> None:
    await rosa.command("/failover", "", channel=call.cast.general.id)
    answer = await call("views.open", trigger_id=app.trigger_id, view=view)
    assert answer["error"] == "invalid_arguments"
    assert sentence in answer["response_metadata"]["messages"][0]


async def test_a_view_over_two_hundred_and_fifty_kilobytes_is_too_large(call: Client, open_modal: OpenModal) -> None:
    view = await open_modal(section())
    huge = modal(*[section("x" * 2900)] * 90)
    assert (await call("views.update", view_id=view["id"], view=huge))["error"] == "view_too_large"


async def test_an_update_shows_at_once_and_changes_the_hash(call: Client, open_modal: OpenModal, rosa: Person) -> None:
    view = await open_modal(section("Loading"))
    answer = await call("views.update", view_id=view["id"], hash=view["hash"], view=modal(section("Ready")))
    assert rosa.view == answer["view"]
    stale = await call("views.update", view_id=view["id"], hash=view["hash"], view=modal(section("Older")))
    assert stale["error"] == "hash_conflict"


async def test_what_was_typed_survives_an_update_where_the_input_is_the_same(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    check = actions(button("check"), block_id="bar")
    view = await open_modal(text_input(), check)
    await rosa.click(view, "check", values={"reason": {"text": {"type": "plain_text_input", "value": "half"}}})
    typed = app.payloads[-1]["view"]["state"]["values"]["reason"]["text"]["value"]
    await call("views.update", view_id=view["id"], view=modal(text_input(), text_input("more"), check))
    assert rosa.view is not None
    values = rosa.view["state"]["values"]
    assert (typed, values["reason"]["text"]["value"], values["more"]["text"]["value"]) == ("half", "half", None)


async def test_a_closed_view_is_not_found(call: Client, open_modal: OpenModal, rosa: Person) -> None:
    view = await open_modal(section())
    await rosa.close(view)
    assert (await call("views.update", view_id=view["id"], view=modal(section())))["error"] == "not_found"


async def test_an_external_id_names_one_open_view(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person, amir: Person
) -> None:
    await open_modal(section(), external_id="request-1")
    assert (await call("views.update", external_id="request-1", view=modal(section("New"))))["ok"]
    view = modal(section(), external_id="request-2")
    await call("views.update", view_id=(rosa.view or {})["id"], view=view)
    await amir.command("/failover", "", channel=call.cast.general.id)
    twin = await call("views.open", trigger_id=app.trigger_id, view=view)
    assert twin["error"] == "duplicate_external_id"


async def test_the_stack_is_three_views_deep(call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person) -> None:
    await open_modal(actions(button("more")))
    errors = []
    for _ in range(3):
        assert rosa.view is not None
        await rosa.click(rosa.view, "more")
        answer = await call("views.push", trigger_id=app.trigger_id, view=modal(actions(button("more"))))
        errors.append(answer.get("error"))
    assert errors == [None, None, "push_limit_reached"]


async def test_a_pushed_view_knows_what_is_below_and_closing_returns_to_it(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    root = await open_modal(actions(button("more")))
    await rosa.click(root, "more")
    pushed = (await call("views.push", trigger_id=app.trigger_id, view=modal(section())))["view"]
    assert (pushed["root_view_id"], pushed["previous_view_id"]) == (root["id"], root["id"])
    await rosa.close(pushed)
    assert (rosa.view or {})["id"] == root["id"]


async def test_a_push_without_a_modal_is_not_found(call: Client, app: SocketApp, rosa: Person) -> None:
    await rosa.command("/failover", "", channel=call.cast.general.id)
    answer = await call("views.push", trigger_id=app.trigger_id, view=modal(section()))
    assert answer["error"] == "not_found"


async def test_each_person_has_a_stack_of_their_own(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person, amir: Person
) -> None:
    view = await open_modal(section("For Rosa"))
    await amir.command("/failover", "", channel=call.cast.general.id)
    await call("views.open", trigger_id=app.trigger_id, view=modal(section("For Amir")))
    assert rosa.view == view
    assert (amir.view or {})["blocks"][0]["text"]["text"] == "For Amir"
    with pytest.raises(LookupError, match="not open any more"):
        await amir.submit(view)


async def test_a_submission_carries_the_state_and_closes_the_view(
    app: SocketApp, open_modal: OpenModal, rosa: Person, cast: Cast
) -> None:
    element = {"type": "radio_buttons", "action_id": "when", "options": []}
    element["options"] = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("now", "later")]
    when = {"type": "input", "block_id": "when", "label": TEXT, "element": element}
    view = await open_modal(text_input(), when, callback_id="ask", private_metadata="r1")
    assert await rosa.submit(view, {"reason": "The site floods", "when": "later"}) is None
    assert rosa.view is None
    payload = app.payloads[-1]
    values = payload["view"]["state"]["values"]
    assert values["reason"]["text"] == {"type": "plain_text_input", "value": "The site floods"}
    assert values["when"]["when"]["selected_option"]["value"] == "later"
    facts = [payload["type"], payload["view"]["callback_id"], payload["view"]["private_metadata"]]
    assert facts == ["view_submission", "ask", "r1"]
    assert (payload["user"]["id"], payload["user"]["team_id"]) == (rosa.id, cast.slack.state.team_id)
    assert payload["api_app_id"] == cast.app.app_id


async def test_an_empty_required_input_never_reaches_the_app(
    app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    view = await open_modal(text_input(), text_input("ticket", optional=True))
    before = len(app.received)
    assert await rosa.submit(view, {}) == {"reason": "Please complete this required field."}
    assert len(app.received) == before
    assert await rosa.submit(view, {"reason": "x"}) is None


@pytest.mark.parametrize(
    ("element", "typed"),
    [
        ({"min_length": 3}, "ab"),
        ({"max_length": 3}, "abcd"),
        ({"type": "email_text_input"}, "nobody"),
        ({"type": "url_text_input"}, "example"),
        ({"type": "number_input", "is_decimal_allowed": False}, "three"),
        ({"type": "number_input", "is_decimal_allowed": False, "max_value": "5"}, "6"),
    ],
)
async def test_slacks_client_refuses_what_does_not_suit_the_input(
    open_modal: OpenModal, rosa: Person, element: dict[str, Any], typed: str
) -> None:
    view = await open_modal(text_input(element=element))
    assert (await rosa.submit(view, {"reason": typed}) or {}).keys() == {"reason"}


async def test_errors_come_back_into_the_form(app: SocketApp, open_modal: OpenModal, rosa: Person) -> None:
    app.answers["view_submission"] = {"response_action": "errors", "errors": {"reason": "Say more."}}
    view = await open_modal(text_input())
    assert await rosa.submit(view, {"reason": "x"}) == {"reason": "Say more."}
    assert (rosa.view or {})["state"]["values"]["reason"]["text"]["value"] == "x"


async def test_errors_for_a_block_that_is_no_input_are_trouble(
    app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    app.answers["view_submission"] = {"response_action": "errors", "errors": {"elsewhere": "Say more."}}
    view = await open_modal(text_input())
    assert await rosa.submit(view, {"reason": "x"}) == {"error": "invalid_arguments"}
    assert "trouble connecting" in rosa.notices[-1]


async def test_a_submission_may_update_push_or_clear(app: SocketApp, open_modal: OpenModal, rosa: Person) -> None:
    view = await open_modal(text_input())
    app.answers["view_submission"] = {"response_action": "push", "view": modal(section("Second"))}
    await rosa.submit(view, {"reason": "x"})
    second = rosa.view or {}
    assert second["previous_view_id"] == view["id"]
    app.answers["view_submission"] = {"response_action": "update", "view": modal(section("Third"))}
    await rosa.submit(second)
    third = rosa.view or {}
    assert (third["id"], third["blocks"][0]["text"]["text"]) == (second["id"], "Third")
    app.answers["view_submission"] = {"response_action": "clear"}
    await rosa.submit(third)
    assert rosa.view is None


async def test_a_submission_of_a_pushed_view_returns_to_the_one_below(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    root = await open_modal(actions(button("more")))
    await rosa.click(root, "more")
    pushed = (await call("views.push", trigger_id=app.trigger_id, view=modal(text_input())))["view"]
    await rosa.submit(pushed, {"reason": "x"})
    assert (rosa.view or {})["id"] == root["id"]


async def test_an_invalid_view_in_the_answer_is_trouble(app: SocketApp, open_modal: OpenModal, rosa: Person) -> None:
    app.answers["view_submission"] = {"response_action": "update", "view": modal(section(""))}
    view = await open_modal(text_input())
    assert await rosa.submit(view, {"reason": "x"}) == {"error": "invalid_arguments"}
    assert (rosa.view or {})["id"] == view["id"]


async def test_closing_is_told_only_where_it_was_asked_for(app: SocketApp, open_modal: OpenModal, rosa: Person) -> None:
    await rosa.close(await open_modal(section()))
    await rosa.close(await open_modal(section(), notify_on_close=True, callback_id="ask"))
    closed = await rosa.wait_for(lambda: [p for p in app.payloads if p.get("type") == "view_closed"])
    assert [(p["view"]["callback_id"], p["is_cleared"]) for p in closed] == [("ask", False)]


async def test_a_cleared_stack_tells_of_every_view(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    root = await open_modal(actions(button("more")), notify_on_close=True, callback_id="root")
    await rosa.click(root, "more")
    top = modal(text_input(), notify_on_close=True, callback_id="top")
    pushed = (await call("views.push", trigger_id=app.trigger_id, view=top))["view"]
    app.answers["view_submission"] = {"response_action": "clear"}
    await rosa.submit(pushed, {"reason": "x"})
    await rosa.wait_for(lambda: len([p for p in app.payloads if p.get("type") == "view_closed"]) == 2)
    assert all(p["is_cleared"] for p in app.payloads if p.get("type") == "view_closed")


async def test_choices_are_loaded_from_the_app_and_can_then_be_picked(
    app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    element = {"type": "external_select", "action_id": "group", "min_query_length": 2}
    view = await open_modal({"type": "input", "block_id": "group", "label": TEXT, "element": element})
    text = {"type": "plain_text", "text": "Payments"}
    app.answers["block_suggestion"] = {"options": [{"text": text, "value": "pg-1"}]}
    assert await rosa.options(view, "group", "p") == {"options": []}
    assert (await rosa.options(view, "group", "pa"))["options"][0]["value"] == "pg-1"
    asked = app.payloads[-1]
    assert [asked[k] for k in ("type", "action_id", "block_id", "value")] == [
        "block_suggestion",
        "group",
        "group",
        "pa",
    ]
    assert await rosa.submit(view, {"group": "pg-1"}) is None


async def test_too_many_choices_are_an_error(app: SocketApp, open_modal: OpenModal, rosa: Person) -> None:
    element = {"type": "external_select", "action_id": "group", "min_query_length": 0}
    view = await open_modal({"type": "input", "block_id": "group", "label": TEXT, "element": element})
    text = {"type": "plain_text", "text": "x"}
    app.answers["block_suggestion"] = {"options": [{"text": text, "value": str(n)} for n in range(101)]}
    assert "no more than 100 items allowed" in (await rosa.options(view, "group"))["error"]


async def test_app_home_is_published_per_person_and_guarded_by_its_hash(
    call: Client, app: SocketApp, rosa: Person, amir: Person
) -> None:
    home = {"type": "home", "blocks": [section("Home"), actions(button("refresh"))]}
    first = (await call("views.publish", user_id=rosa.id, view=home))["view"]
    assert rosa.home == first
    assert amir.home is None
    second = (await call("views.publish", user_id=rosa.id, view=home, hash=first["hash"]))["view"]
    stale = await call("views.publish", user_id=rosa.id, view=home, hash=first["hash"])
    assert (second["id"], stale["error"]) == (first["id"], "hash_conflict")
    await rosa.click(second, "refresh")
    assert app.payloads[-1]["container"] == {"type": "view", "view_id": first["id"]}


async def test_a_modal_can_not_be_published_and_a_disabled_home_takes_nothing(
    call: Client, cast: Cast, rosa: Person
) -> None:
    wrong = await call("views.publish", user_id=rosa.id, view=modal(section()))
    assert wrong["error"] == "invalid_arguments"
    cast.slack.trouble.disable_home_tab()
    answer = await call("views.publish", user_id=rosa.id, view={"type": "home", "blocks": []})
    assert answer["error"] == "not_enabled"


async def test_opening_home_tells_the_app_with_the_view_it_has(call: Client, app: SocketApp, rosa: Person) -> None:
    rosa.open_home()
    await rosa.wait_for(lambda: app.received)
    event = app.payloads[-1]["event"]
    assert (event["type"], event["tab"], event["user"], "view" in event) == ("app_home_opened", "home", rosa.id, False)
    await call("views.publish", user_id=rosa.id, view={"type": "home", "blocks": []})
    rosa.open_home()
    await rosa.wait_for(lambda: len(app.received) == 2)
    assert app.payloads[-1]["event"]["view"]["type"] == "home"


async def test_closing_with_clear_on_close_takes_the_whole_stack(
    call: Client, app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    root = await open_modal(actions(button("more")))
    await rosa.click(root, "more")
    top = modal(section(), clear_on_close=True)
    pushed = (await call("views.push", trigger_id=app.trigger_id, view=top))["view"]
    await rosa.close(pushed)
    assert rosa.view is None


async def test_an_answer_to_a_view_that_was_closed_meanwhile_is_trouble(
    app: SocketApp, open_modal: OpenModal, rosa: Person
) -> None:
    view = await open_modal(text_input())
    app.is_silent = True
    submission = asyncio.create_task(rosa.submit(view, {"reason": "x"}))
    envelope = await app.next_envelope()
    await rosa.close(view)
    answer = {"response_action": "update", "view": modal(section("Late"))}
    assert app.socket is not None
    await app.socket.send_json({"envelope_id": envelope["envelope_id"], "payload": answer})
    assert await submission == {"error": "not_found"}
    assert rosa.view is None
