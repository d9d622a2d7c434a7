"""A second opinion: blocks that the public `slackblocks` and `slack_sdk` build pass our checker too."""

from __future__ import annotations

from typing import Any

import pytest
import slackblocks
from slack_sdk.models import blocks as sdk

from bot.demo.workspace.blocks import check_blocks
from bot.demo.workspace.composition import Notebook

OPTION = sdk.Option(text="One", value="1", description="The first")
LABEL = sdk.PlainTextObject(text="Label")

BUILT: list[Any] = [
    sdk.SectionBlock(text="*Hello*", accessory=sdk.ButtonElement(text="Go", action_id="go", value="1")),
    sdk.SectionBlock(fields=["one", "two"], accessory=sdk.OverflowMenuElement(action_id="o", options=[OPTION])),
    sdk.HeaderBlock(text="Title"),
    sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="by"), sdk.ImageElement(image_url="u", alt_text="a")]),
    sdk.ActionsBlock(
        elements=[
            sdk.ButtonElement(
                text="Deny",
                action_id="deny",
                style="danger",
                confirm=sdk.ConfirmObject(title="Sure?", text="Really?", confirm="Yes", deny="No"),
            ),
            sdk.DateTimePickerElement(action_id="at", initial_date_time=1_790_000_000),
            sdk.RadioButtonsElement(action_id="r", options=[OPTION], initial_option=OPTION),
            sdk.ExternalDataSelectElement(action_id="e", placeholder="Group", min_query_length=0),
        ]
    ),
    sdk.InputBlock(label=LABEL, element=sdk.PlainTextInputElement(action_id="t", multiline=True, max_length=500)),
    sdk.InputBlock(label=LABEL, element=sdk.CheckboxesElement(action_id="c", options=[OPTION]), optional=True),
    sdk.InputBlock(label=LABEL, element=sdk.NumberInputElement(action_id="n", is_decimal_allowed=False)),
    sdk.InputBlock(label=LABEL, element=sdk.UserMultiSelectElement(action_id="u", max_selected_items=3)),
    sdk.DividerBlock(),
    sdk.MarkdownBlock(text="**bold**"),
    slackblocks.SectionBlock(text="Hello", fields=["one", "two"]),
    slackblocks.HeaderBlock("Title"),
    slackblocks.DividerBlock(),
    slackblocks.ActionsBlock(elements=[slackblocks.Button("Go", action_id="go", value="1", style="primary")]),
    slackblocks.ContextBlock(elements=[slackblocks.Text("Hello")]),
    slackblocks.InputBlock(label="Reason", element=slackblocks.PlainTextInput(action_id="t")),
]


def as_dict(block: Any) -> dict[str, Any]:
    built: dict[str, Any] = block.to_dict() if hasattr(block, "to_dict") else block._resolve()
    return built


@pytest.mark.parametrize("block", BUILT, ids=lambda block: f"{type(block).__module__}.{type(block).__name__}")
def test_what_public_builders_produce_passes(block: Any) -> None:
    notes = Notebook()
    check_blocks(notes, [as_dict(block)], "message")
    assert notes.errors == []
