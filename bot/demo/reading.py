"""Reads messages and views as a person does: the words on the screen, in order, without the blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Thing = Mapping[str, Any]


def words_of(thing: Thing) -> str:
    """Every text of a message or a view; a message without blocks is its `text`."""
    blocks = thing.get("blocks") or []
    said = "\n".join(text for block in blocks for text in _texts(block)) if blocks else str(thing.get("text", ""))
    return _unescaped(said)


def _texts(part: object) -> Iterator[str]:
    match part:
        case {"type": "plain_text" | "mrkdwn", "text": str(text)}:
            yield text
        case Mapping():
            for value in part.values():
                yield from _texts(value)
        case list():
            for value in part:
                yield from _texts(value)


def _unescaped(text: str) -> str:
    dated = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    linked = re.sub(r"<[^|>]*\|([^>]*)>", r"\1", dated)
    return linked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def button_labels(thing: Thing) -> list[str]:
    return [
        element["text"]["text"]
        for block in thing.get("blocks") or []
        for element in block.get("elements", [])
        if element.get("type") == "button"
    ]


def has_button(thing: Thing, action_id: str) -> bool:
    return any(
        element.get("action_id") == action_id
        for block in thing.get("blocks") or []
        for element in [*block.get("elements", []), block.get("accessory") or {}]
    )
