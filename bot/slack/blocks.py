"""Block Kit as plain dicts: a few builders, cheap enough for every edit; the contract tests hold them to the rules.

Texts come in escaped (`bot.slack.escape`). https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

Block = dict[str, Any]
View = dict[str, Any]

SECTION_LIMIT = 3000
HEADER_LIMIT = 150


class Drawn(dict[str, Any]):
    """A view that is the same for everybody and kept: never to be changed. Its JSON is written once."""

    @cached_property
    def json(self) -> str:
        return json.dumps(self)


def plain_text(text: str) -> Block:
    """`emoji` is off: a `:white_check_mark:` that somebody typed stays what it is."""
    return {"type": "plain_text", "text": text or "-", "emoji": False}


def marked(text: str) -> Block:
    """`verbatim` keeps Slack from finding links, channels and names in it; what is written as `<…>` stays live."""
    return {"type": "mrkdwn", "text": text or "-", "verbatim": True}


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}


def section(text: str, *, block_id: str = "") -> Block:
    return _named({"type": "section", "text": marked(text)}, block_id)


def literal(text: str) -> Block:
    """A section of plain text, for what a person wrote."""
    return {"type": "section", "text": plain_text(text)}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [marked(text) for text in texts]}


def divider() -> Block:
    return {"type": "divider"}


def button(
    label: str, action_id: str, value: str = "", *, says: str, style: str = "", url: str = ""
) -> Block:  # one call per button: keywords read better than a value of its own
    """`says` is read out by screen readers (at most 75 characters)."""
    made: Block = {
        "type": "button",
        "text": plain_text(label),
        "action_id": action_id,
        "accessibility_label": says,
    }
    return made | {name: text for name, text in (("value", value), ("style", style), ("url", url)) if text}


def actions(buttons: Sequence[Block], *, block_id: str = "") -> list[Block]:
    """No block at all when there is nothing to press: Slack refuses an empty one."""
    return [_named({"type": "actions", "elements": list(buttons)}, block_id)] if buttons else []


def option(label: str, value: str, description: str = "") -> Block:
    made: Block = {"text": plain_text(label), "value": value}
    return made | ({"description": plain_text(description)} if description else {})


def radio(action_id: str, options: Sequence[Block], *, initial: str = "") -> Block:
    chosen = [choice for choice in options if choice["value"] == initial]
    made: Block = {"type": "radio_buttons", "action_id": action_id, "options": list(options)}
    return made | ({"initial_option": chosen[0]} if chosen else {})


def checkboxes(action_id: str, options: Sequence[Block]) -> Block:
    return {"type": "checkboxes", "action_id": action_id, "options": list(options)}


def text_input(action_id: str, *, is_long: bool = False, max_length: int = 3000, placeholder: str = "") -> Block:
    made: Block = {"type": "plain_text_input", "action_id": action_id, "multiline": is_long, "max_length": max_length}
    return made | ({"placeholder": plain_text(placeholder)} if placeholder else {})


def search(action_id: str, placeholder: str) -> Block:
    return {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain_text(placeholder),
        "min_query_length": 0,
    }


def field(
    block_id: str, label: str, element: Block, *, hint: str = "", is_optional: bool = False, dispatches: bool = False
) -> Block:
    made: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": element,
        "optional": is_optional,
    }
    if hint:
        made["hint"] = plain_text(hint)
    if dispatches:
        made["dispatch_action"] = True
    return made


def modal(
    callback_id: str,
    title: str,
    blocks: Iterable[Block],
    *,
    submit: str = "",
    close: str = "Close",
    metadata: str = "",
    tells_close: bool = False,
) -> View:
    """Slack demands `submit` as soon as there is an input; `metadata` carries ids and nothing else."""
    view: View = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title),
        "close": plain_text(close),
        "blocks": list(blocks),
        "private_metadata": metadata,
        "notify_on_close": tells_close,
    }
    return view | ({"submit": plain_text(submit)} if submit else {})


def paragraphs(lines: Iterable[str], *, limit: int = SECTION_LIMIT) -> list[Block]:
    """Whole lines packed into as few sections as possible; a line is never longer than `limit`."""
    packed: list[str] = []
    for text in lines:
        if packed and len(packed[-1]) + 1 + len(text) <= limit:
            packed[-1] += f"\n{text}"
        else:
            packed.append(text)
    return [section(text) for text in packed]


def fit(lines: Sequence[str], budget: int) -> list[str]:
    """As many lines as `budget` characters hold, then one that says how many are left out."""
    used = 0
    for index, text in enumerate(lines):
        used += len(text) + 1
        if used > budget:
            return [*lines[:index], f"… ({len(lines) - index} more)"]
    return list(lines)


def _named(block: Block, block_id: str) -> Block:
    return block | ({"block_id": block_id} if block_id else {})
