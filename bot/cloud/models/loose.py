"""Types for answers whose documentation is loose: what may be null, a number or a string is taken as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


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


@dataclass(frozen=True, slots=True)
class _OrMended:
    """Read as promised, and only what is not passes our own function: nearly all is, and a call for each word takes
    longer than reading it. `wrong` is what it is called when neither helps."""

    mend: Callable[[object], object]
    wrong: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        promised = handler(source)
        mended = core_schema.no_info_before_validator_function(self.mend, promised)
        return core_schema.union_schema([promised, mended], mode="left_to_right", custom_error_type=self.wrong)


Text = Annotated[str, _OrMended(_text, "string_type")]
Count = Annotated[int, _OrMended(_count, "int_type")]
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
