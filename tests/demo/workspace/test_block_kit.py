"""Block Kit's limits: what is at the limit passes, what is one beyond is refused with a pointer to it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.workspace.blocks import check_blocks
from bot.demo.workspace.composition import Notebook, check_suggestions

from .conftest import actions, button, section, text_input

Block = dict[str, Any]


def faults(*blocks: Any, surface: Any = "message") -> list[str]:
    notes = Notebook()
    check_blocks(notes, list(blocks), surface)
    return [error.removeprefix("[ERROR] ") for error in notes.errors]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def options(count: int, **more: Any) -> list[Block]:
    return [{"text": plain(f"Option {n}"), "value": str(n), **more} for n in range(count)]


def select(count: int = 2, **more: Any) -> Block:
    return {"type": "static_select", "action_id": "pick", "options": options(count), **more}


def context(count: int) -> Block:
    return {"type": "context", "elements": [plain("x")] * count}


def header(length: int) -> Block:
    return {"type": "header", "text": plain("x" * length)}


def confirm(**lengths: int) -> Block:
    sizes = {"title": 100, "text": 300, "confirm": 30, "deny": 30} | lengths
    return button(confirm={name: plain("x" * length) for name, length in sizes.items()})


AT_THE_LIMIT: list[tuple[Block, Block]] = [
    (section("x" * 3000), section("x" * 3001)),
    (section("x", block_id="b" * 255), section("x", block_id="b" * 256)),
    ({"type": "section", "fields": [plain("x")] * 10}, {"type": "section", "fields": [plain("x")] * 11}),
    ({"type": "section", "fields": [plain("x" * 2000)]}, {"type": "section", "fields": [plain("x" * 2001)]}),
    (header(150), header(151)),
    (context(10), context(11)),
    (actions(*[button(f"b{n}") for n in range(25)]), actions(*[button(f"b{n}") for n in range(26)])),
    (actions(button("a" * 255)), actions(button("a" * 256))),
    (actions(button(text=plain("x" * 75))), actions(button(text=plain("x" * 76)))),
    (actions(button(value="v" * 2000)), actions(button(value="v" * 2001))),
    (actions(button(url="u" * 3000)), actions(button(url="u" * 3001))),
    (actions(button(accessibility_label="l" * 75)), actions(button(accessibility_label="l" * 76))),
    (actions(confirm()), actions(confirm(title=101))),
    (actions(confirm()), actions(confirm(text=301))),
    (actions(confirm()), actions(confirm(confirm=31))),
    (actions(confirm()), actions(confirm(deny=31))),
    (actions(select(100)), actions(select(101))),
    (actions(select(placeholder=plain("x" * 150))), actions(select(placeholder=plain("x" * 151)))),
    (actions(select(options=options(1, value="v" * 150))), actions(select(options=options(1, value="v" * 151)))),
    (
        actions(select(options=options(1, text=plain("x" * 75)))),
        actions(select(options=options(1, text=plain("x" * 76)))),
    ),
    (
        actions({"type": "overflow", "action_id": "o", "options": options(5)}),
        actions({"type": "overflow", "action_id": "o", "options": options(6)}),
    ),
    (
        actions({"type": "checkboxes", "action_id": "c", "options": options(10)}),
        actions({"type": "checkboxes", "action_id": "c", "options": options(11)}),
    ),
    (
        actions({"type": "radio_buttons", "action_id": "r", "options": options(10)}),
        actions({"type": "radio_buttons", "action_id": "r", "options": options(11)}),
    ),
    (text_input(label=plain("x" * 2000)), text_input(label=plain("x" * 2001))),
    (text_input(hint=plain("x" * 2000)), text_input(hint=plain("x" * 2001))),
    (text_input(element={"max_length": 3000}), text_input(element={"max_length": 3001})),
    (
        {"type": "markdown", "text": "x" * 12_000},
        {"type": "markdown", "text": "x" * 12_001},
    ),
    (
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 101},
    ),
]


@pytest.mark.parametrize(("fits", "exceeds"), AT_THE_LIMIT)
def test_a_block_at_the_limit_passes_and_one_beyond_is_refused(fits: Block, exceeds: Block) -> None:
    assert faults(fits) == []
    assert len(faults(exceeds)) == 1


NEVER: list[tuple[Block, str]] = [
    ({"type": "sektion"}, "unsupported type: sektion [json-pointer:/blocks/0/type]"),
    ({"type": "section"}, "must have text or fields [json-pointer:/blocks/0]"),
    (section(colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "must be one of: plain_text "),
    (actions(button(style="green")), "must be one of: primary, danger "),
    (actions(), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (actions(button("a"), button("a")), "action_id must be unique within a block: a [json-pointer:/blocks/0]"),
    (actions({"type": "plain_text_input", "action_id": "t"}), "unsupported type: plain_text_input "),
    (section(accessory={"type": "datetimepicker", "action_id": "d"}), "unsupported type: datetimepicker "),
    ({"type": "input", "label": plain("x"), "element": button()}, "unsupported type: button "),
    (actions({"type": "static_select", "action_id": "s"}), "must have either options or option_groups "),
    (actions(select(options=[*options(1), *options(1)])), "duplicate option values "),
    (actions(select(initial_option=options(3)[2])), "must match one of the options "),
    (actions({"type": "datepicker", "action_id": "d", "initial_date": "tomorrow"}), "does not have the expected"),
    (actions({"type": "datetimepicker", "action_id": "d", "initial_date_time": 5}), "must be an integer from"),
    (actions({"type": "external_select", "action_id": "e", "options": options(1)}), "a external select brings"),
    (text_input(element={"type": "number_input"}), "missing required field: is_decimal_allowed "),
    (text_input(element={"initial_value": "xx", "max_length": 1}), "must be less than 2 characters "),
    ({"type": "image", "image_url": "https://x.example/i.png"}, "missing required field: alt_text "),
    ({"type": "alert", "text": plain("x")}, "unsupported type: alert "),
    (actions(button(confirm={"title": plain("Sure?")})), "missing required field: text "),
]


@pytest.mark.parametrize(("block", "sentence"), NEVER)
def test_a_block_slack_refuses_is_refused_with_the_reason(block: Block, sentence: str) -> None:
    found = faults(block)
    assert found
    assert found[0].startswith(sentence.split(" [")[0] if "[" not in sentence else sentence)


def test_a_message_holds_fifty_blocks_and_a_view_a_hundred() -> None:
    assert faults(*[section()] * 50) == []
    assert faults(*[section()] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert faults(*[section()] * 100, surface="modal") == []
    assert faults(*[section()] * 101, surface="modal")


def test_a_block_id_stands_once() -> None:
    twice = [section(block_id="same"), section(block_id="same")]
    assert faults(*twice) == ["block_id must be unique: same [json-pointer:/blocks/1/block_id]"]


def test_the_same_action_id_may_stand_in_different_blocks() -> None:
    assert faults(actions(button("a")), actions(button("a"))) == []


def test_a_message_has_at_most_one_table() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert faults(table, table) == ["only one table allowed [json-pointer:/blocks/1]"]


def test_markdown_counts_over_all_blocks_and_stays_out_of_views() -> None:
    markdown = {"type": "markdown", "text": "x" * 6001}
    assert faults(markdown) == []
    assert len(faults(markdown, markdown)) == 1
    assert len(faults(markdown, surface="modal")) == 1


def test_alerts_stand_in_modals_only() -> None:
    alert = {"type": "alert", "text": plain("Careful"), "level": "warning"}
    assert faults(alert, surface="modal") == []
    assert faults(alert) != []
    assert faults(alert, surface="home") != []


def test_only_one_input_takes_the_focus() -> None:
    focused = {"focus_on_load": True}
    assert faults(text_input("a", element=focused)) == []
    assert len(faults(text_input("a", element=focused), text_input("b", element=focused))) == 1


def test_suggestions_are_at_most_a_hundred_within_their_limits() -> None:
    assert check_suggestions({"options": options(100)}) == []
    assert check_suggestions({"options": []}) == []
    assert check_suggestions({"options": options(101)})
    assert check_suggestions({"options": options(1, text=plain("x" * 76))})
    groups = [{"label": plain("Zone 1"), "options": options(3)}]
    assert check_suggestions({"option_groups": groups}) == []
    assert check_suggestions({"option_groups": [{"options": options(3)}]})
