"""A mistake in the file's shape as a sentence: where it is, what it is, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.policy_file.shapes import SHAPE_OF

Place = Sequence[str | int]


def sentences(error: ValidationError, data: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_sentence(detail, data) for detail in error.errors(include_url=False))


def _sentence(detail: ErrorDetails, data: dict[str, Any]) -> str:
    place = detail["loc"]
    key = str(place[-1]) if place else ""
    match detail["type"]:
        case "extra_forbidden":
            return f'{where(place[:-1], data)}: the key "{key}" is unknown{_meant(key, place[:-1])}.'
        case "missing":
            return f'{where(place[:-1], data)}: the key "{key}" is missing.'
        case "value_error":
            return f"{where(place, data)}: {detail['ctx']['error']}."
        case _:
            return f"{where(place, data)}: {detail['msg'][:1].lower()}{detail['msg'][1:]}."


def where(place: Place, data: dict[str, Any]) -> str:
    """`rule "erp", role "owner", need`: entries by their name where they have one, else by their number."""
    words: list[str] = []
    here: Any = data
    for part in place:
        here = _inside(here, part)
        if not isinstance(part, int):
            words.append(part)
            continue
        name = here.get("name") if isinstance(here, dict) else None
        words[-1] = f'{words[-1].removesuffix("s")} "{name}"' if name else f"{words[-1]}, entry {part + 1}"
    return ", ".join(words) or "The file"


def _inside(here: Any, part: str | int) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        return None


def _meant(key: str, parent: Place) -> str:
    section = next((part for part in reversed(parent) if isinstance(part, str)), "")
    shape = SHAPE_OF.get(section)
    known = list(shape.model_fields) if shape else []
    close = get_close_matches(key, known, n=1)
    if close:
        return f' (did you mean "{close[0]}"?)'
    return f"; known here: {', '.join(known)}" if known else ""
