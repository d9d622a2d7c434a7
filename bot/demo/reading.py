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


def as_seen(thing: Thing, names: Mapping[str, str]) -> str:
    """As it looks on the screen, for a transcript: buttons and boxes drawn, people and channels by their `names`."""
    blocks = thing.get("blocks") or []
    rows = [row for block in blocks for row in _rows(block)] if blocks else [str(thing.get("text", ""))]
    return _unescaped(_plain(_named("\n".join(rows).rstrip(), names)))


def _rows(block: Thing) -> Iterator[str]:
    match block:
        case {"type": "actions"}:
            yield " ".join(f"[{label}]" for label in button_labels({"blocks": [block]}))
        case {"type": "input", "label": {"text": label}, "element": {"type": "checkboxes", "options": options}}:
            yield f"{label}:"
            yield from (f"☐ {option['text']['text']}" for option in options)
        case _:
            yield from _texts(block)


def _named(text: str, names: Mapping[str, str]) -> str:
    """`<@U1>`, `<#C1>` and `<!subteam^S1>` become names; who has none keeps the id."""
    return re.sub(r"<(@|#|!subteam\^)(\w+)(?:\|[^>]*)?>", lambda found: names.get(found[2], found[2]), text)


def _plain(text: str) -> str:
    """Without the marks of bold text and of code."""
    return re.sub(r"(?<!\w)([*`])(?=\S)([^*`\n]+)\1(?!\w)", r"\2", text)


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
