"""Cursor paging as the Web API does it: opaque cursors, limits, an empty cursor at the end.

https://docs.slack.dev/apis/web-api/pagination
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from .arguments import Refused
from .things import JsonObject

T = TypeVar("T")


def page_of(items: Sequence[T], args: JsonObject, *, default: int = 100, most: int = 1000) -> tuple[list[T], str]:
    """(the page, the cursor of the next one or "")."""
    limit = args.get("limit") or default
    if not 1 <= limit <= most:
        raise Refused("invalid_limit")
    start = _start(args.get("cursor"))
    end = start + limit
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), cursor


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        word, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("invalid_cursor") from None
    if word != "next" or not position.isdigit():
        raise Refused("invalid_cursor")
    return int(position)


def next_cursor(cursor: str) -> JsonObject:
    """The part of an answer that leads on."""
    return {"response_metadata": {"next_cursor": cursor}}
