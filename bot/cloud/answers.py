"""What an answer holds: its body as a value of a model, its headers as words, dates and waits. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.cloud import errors
from bot.cloud.bodies import without_halves
from bot.cloud.errors import Answer, Attempted
from bot.domain.errors import Problem

M = TypeVar("M", bound=BaseModel)


def _flaw(flaw: ErrorDetails) -> str:
    field = ".".join(map(str, flaw["loc"]))
    match flaw["type"]:
        case "json_invalid":
            return "it is no JSON"
        case "missing":
            return f"“{field}” is missing"
        case _:
            return f"“{field}” is of another kind" if field else "it is of another kind"


def decode(model: type[M], tried: Attempted, answer: Answer) -> M | Problem:
    """The answer as a value. The problem names the fields that are wrong, never their content."""
    try:
        return _read(model, answer.body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        flaws = "; ".join(_flaw(flaw) for flaw in found[:3])
        return errors.unreadable(tried, answer, flaws)


def _read(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError:
        mended = without_halves(body)
        if mended == body:
            raise
        return model.model_validate_json(mended)


def retry_after_seconds(answer: Answer, now: datetime) -> float | None:
    """`Retry-After` in either of its forms; None when there is none or it is nonsense."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    when = http_date(text)
    return max(0.0, (when - now).total_seconds()) if when else None


def words_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case names. Headers are ASCII; whatever is not must not spoil what is written down of them."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


@lru_cache(maxsize=256)  # many answers in one second
def http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
