"""Forms: they open, they refuse with a sentence beside the input, and they never lose what a person typed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast

from .conftest import Window, Windows
from .small_app import everything, form

TYPED = {
    "number_input": "12",
    "datepicker": "2026-12-24",
    "timepicker": "20:15",
    "datetimepicker": "2026-09-21T22:14",
}

pytestmark = pytest.mark.asyncio(loop_scope="session")


def summary(entry: dict[str, Any]) -> tuple[str, Any]:
    """(name of the value, the value or the values of its options) of an entry in `view.state.values`."""
    ((name, value),) = [(name, value) for name, value in entry.items() if name != "type"]
    if isinstance(value, list):
        return name, [option["value"] for option in value]
    return name, value["value"] if isinstance(value, dict) else value


async def test_a_person_types_failover_and_a_modal_opens(rosa: Window) -> None:
    await rosa.type("/failover")
    await expect(rosa.dialog.get_by_role("heading", name="Request a failover")).to_be_visible()
    await expect(rosa.dialog.get_by_label("Why now")).to_be_visible()
    await expect(rosa.dialog.get_by_role("combobox", name="Protection group")).to_be_focused()


async def test_a_slash_offers_the_commands_with_their_description(rosa: Window) -> None:
    await rosa.composer.fill("/")
    option = rosa.page.get_by_role("option", name="/failover")
    await expect(option).to_contain_text("Request a planned failover")
    await rosa.composer.press("Tab")
    await expect(rosa.composer).to_have_value("/failover ")


async def test_an_empty_required_input_is_refused_beside_the_input(rosa: Window, cast: Cast) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_role("button", name="Send").click()
    await expect(rosa.dialog.get_by_text("Please complete this required field.")).to_have_count(2)
    await expect(rosa.dialog.get_by_label("Why now")).to_have_attribute("aria-invalid", "true")
    assert "ask" not in [ack.name for ack in cast.slack.acks]


async def test_an_error_of_the_app_stands_beside_its_input_and_goes_away_while_typing(rosa: Window) -> None:
    await rosa.type("/failover")
    await rosa.choose_group("erp", "pg-erp")
    reason = rosa.dialog.get_by_label("Why now")
    await reason.fill("because")
    await rosa.dialog.get_by_role("button", name="Send").click()
    error = rosa.dialog.get_by_text("Say more than that.")
    await expect(error).to_be_visible()
    await expect(reason).to_be_focused()
    await expect(reason).to_have_value("because")
    await reason.fill("because the site floods")
    await expect(error).to_be_hidden()


async def test_typed_text_focus_and_caret_survive_a_live_update(rosa: Window, cast: Cast, app: AsyncWebClient) -> None:
    await rosa.type("/failover")
    reason = rosa.dialog.get_by_label("Why now")
    await reason.fill("The site floods")
    await reason.evaluate("field => field.setSelectionRange(4, 8)")
    changed = form("The list is two minutes old.")
    changed["blocks"][2]["hint"] = {"type": "plain_text", "text": "One sentence is enough."}
    view = cast.slack.person(cast.requester).view
    assert view is not None
    await app.views_update(view_id=view["id"], view=changed)
    await expect(rosa.dialog.get_by_text("The list is two minutes old.")).to_be_visible()
    await expect(rosa.dialog.get_by_text("One sentence is enough.")).to_be_visible()
    await expect(reason).to_have_value("The site floods")
    await expect(reason).to_be_focused()
    assert await reason.evaluate("field => [field.selectionStart, field.selectionEnd]") == [4, 8]


async def test_an_external_select_searches_while_one_types_and_tells_the_app_the_choice(rosa: Window) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_label("Why now").fill("The site floods")
    field = rosa.dialog.get_by_role("combobox", name="Protection group")
    await field.fill("p")
    await expect(rosa.page.get_by_text("Type at least 2 characters to search")).to_be_visible()
    await field.fill("crm")
    await expect(rosa.page.get_by_role("option")).to_have_text(["pg-crm"])
    await field.press("Enter")
    await expect(rosa.dialog.get_by_text("Checked: pg-crm is ready.")).to_be_visible()
    await expect(field).to_have_value("pg-crm")
    await expect(rosa.dialog.get_by_label("Why now")).to_have_value("The site floods")


async def test_every_kind_of_input_hands_over_its_value_under_slacks_name(
    windows: Windows, cast: Cast, app: AsyncWebClient
) -> None:
    rosa = await windows.open(cast.requester, timezone_id="Asia/Singapore")
    await rosa.type("/failover")
    await expect(rosa.dialog.get_by_label("Why now")).to_be_visible()
    view = cast.slack.person(cast.requester).view
    assert view is not None
    await app.views_update(view_id=view["id"], view=everything())
    for label, text in TYPED.items():
        await rosa.dialog.get_by_label(label, exact=True).fill(text)
    for label, choice in (("static_select", "Two"), ("multi_static_select", "Green"), ("users_select", "Chen Wei")):
        await rosa.dialog.get_by_role("combobox", name=label, exact=True).click()
        await rosa.page.get_by_role("option", name=choice).click()
    await rosa.dialog.get_by_label("Later").check()
    await rosa.dialog.get_by_label("Tell").check()
    await rosa.dialog.get_by_role("button", name="Send").click()
    await rosa.dialog.wait_for(state="detached")
    values = cast.slack.captured[-1].payload["view"]["state"]["values"]
    assert {block: summary(entries["a"]) for block, entries in values.items()} == {
        "plain_text_input": ("value", "as it was"),
        "number_input": ("value", "12"),
        "static_select": ("selected_option", "two"),
        "multi_static_select": ("selected_options", ["green"]),
        "users_select": ("selected_user", cast.approvers[1].id),
        "radio_buttons": ("selected_option", "later"),
        "checkboxes": ("selected_options", ["tell"]),
        "datepicker": ("selected_date", "2026-12-24"),
        "timepicker": ("selected_time", "20:15"),
        "datetimepicker": ("selected_date_time", 1790000040),
    }


@pytest.mark.parametrize("width", [400, 1280])
async def test_a_form_that_is_longer_than_the_window_keeps_its_buttons_in_sight(
    windows: Windows, cast: Cast, app: AsyncWebClient, width: int
) -> None:
    rosa = await windows.open(cast.requester, viewport={"width": width, "height": 500})
    await rosa.type("/failover")
    await expect(rosa.dialog.get_by_label("Why now")).to_be_visible()
    view = cast.slack.person(cast.requester).view
    assert view is not None
    await app.views_update(view_id=view["id"], view=everything())
    await expect(rosa.dialog.get_by_label("datetimepicker")).to_be_visible()
    await expect(rosa.dialog.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    await expect(rosa.dialog.get_by_role("heading")).to_be_in_viewport(ratio=1)


async def test_a_list_closes_when_a_live_update_takes_its_select_away(
    rosa: Window, cast: Cast, app: AsyncWebClient
) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_role("combobox", name="Protection group").fill("erp")
    await expect(rosa.page.get_by_role("option", name="pg-erp")).to_be_visible()
    view = cast.slack.person(cast.requester).view
    assert view is not None
    await app.views_update(view_id=view["id"], view=everything())
    await expect(rosa.dialog.get_by_label("plain_text_input")).to_be_visible()
    await expect(rosa.page.get_by_role("listbox")).to_have_count(0)


async def test_escape_closes_the_list_first_and_then_the_modal(rosa: Window, cast: Cast) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_role("combobox", name="Protection group").fill("erp")
    await expect(rosa.page.get_by_role("option", name="pg-erp")).to_be_visible()
    await rosa.page.keyboard.press("Escape")
    await expect(rosa.page.get_by_role("listbox")).to_have_count(0)
    await expect(rosa.dialog).to_be_visible()
    await rosa.page.keyboard.press("Escape")
    await expect(rosa.dialog).to_have_count(0)
    await expect(rosa.composer).to_be_focused()
    await cast.slack.wait_for(lambda: cast.slack.person(cast.requester).view is None)


async def test_a_command_that_is_not_answered_in_time_says_so_and_gives_the_text_back(rosa: Window) -> None:
    await rosa.type("/failover slowly")
    toast = rosa.page.get_by_role("status").get_by_text("/failover failed with the error operation_timeout")
    await expect(toast).to_have_count(1)
    await expect(rosa.composer).to_have_value("/failover slowly")
