"""Domain values to JSON text and back, in one place, so that each table reads and writes them alike.

A field that a newer version has written is ignored; one that an older version has not written gets its default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from bot.domain.text import whole

T = TypeVar("T")
KEPT = 512  # values
LARGE = 16_384  # characters of one that is not kept
_written = json.JSONEncoder(default=str, ensure_ascii=False).encode


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def encode(value: Any, kind: Any) -> str:
    try:
        return _adapter(kind).dump_json(value).decode()
    except PydanticSerializationError:  # half a surrogate pair in somebody's name
        return storable(json.dumps(_adapter(kind).dump_python(value, mode="json"), ensure_ascii=False))


def decode(text: str, kind: type[T]) -> T:
    """`pydantic.ValidationError` when the text is not such a value: somebody edited the row by hand."""
    wanted: Any = kind  # a type as a key of the cache
    value: T = _kept(text, wanted) if len(text) <= LARGE else _decoded(text, wanted)
    return value


def _decoded(text: str, kind: Any) -> Any:
    return _adapter(kind).validate_json(text)


@lru_cache(KEPT)
def _kept(text: str, kind: Any) -> Any:
    """The same text is the same value, which never changes; a click and its run read the same rows six times."""
    return _decoded(text, kind)


def storable(words: str) -> str:
    """What people type, without the two things that PostgreSQL cannot hold: NUL and half a surrogate pair."""
    return whole(words.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def encode_facts(facts: Mapping[str, object]) -> str:
    """Loose facts (what a line says, the detail of an audit entry); what JSON does not know becomes its `str`."""
    return storable(_written(facts))


def decode_facts(text: str) -> dict[str, object]:
    facts: dict[str, object] = json.loads(text)
    return facts
