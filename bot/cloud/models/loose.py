"""Types for answers whose documentation is loose: what may be null, a number or a string is taken as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _text(value: object) -> object:
    """Null is empty; the documentation says string where an integer comes, and the other way round."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _many(value: object) -> object:
    return () if value is None else value


def _count(value: object) -> object:
    return 0 if value in (None, "") else value


def _tags(value: object) -> object:
    """A list of `{key, value}`, of `key=value` strings, or a map."""
    if isinstance(value, dict):
        return tuple((str(key), _text(item)) for key, item in value.items())
    if not isinstance(value, list):
        return ()
    pairs = [t.partition("=")[::2] if isinstance(t, str) else (t.get("key"), t.get("value")) for t in value]
    return tuple((_text(key), _text(item)) for key, item in pairs)


Text = Annotated[str, BeforeValidator(_text)]
Count = Annotated[int, BeforeValidator(_count)]
Map = Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})]
Many = BeforeValidator(_many)
Tags = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_tags)]


class Fact(BaseModel):
    """Frozen; fields that the cloud adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    @property
    def said(self) -> str:
        """An answer in a few words, for the evidence; empty where it decides nothing."""
        return ""


def tally(words: Iterable[str]) -> str:
    """`3 ACTIVE, 1 SHUTOFF`."""
    return ", ".join(f"{number} {word or 'unknown'}" for word, number in sorted(Counter(words).items())) or "none"


def is_yes(value: object) -> bool:
    return str(value).strip().lower() in ("true", "yes", "1")
