"""Checks the arguments of a Web API call against Slack's own method schemas (`methods/`, licence beside them).

They come from https://github.com/slack-ruby/slack-api-ref at f4837c0cb6dba1b1122ce66a5b69195ce47213f8.

The schemas use a dialect of their own (`anyOf` with nulls, `subtype`, named shapes), so a few lines read it here
instead of a general validator; shapes that are JSON in a form (`blocks`, `view`, `metadata`) are decoded on the way.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from .things import JsonObject

FOLDER = Path(__file__).with_name("methods")
DECODED = frozenset({"blocks", "attachments", "metadata", "view"})
# Accepted by every method, whatever its page lists.
EVERYWHERE = frozenset({"token", "pretty", "team_id"})
STRING: JsonObject = {"type": "string"}
# Methods that the reference has no file for, after https://docs.slack.dev/reference/methods
ADDITIONS: dict[str, JsonObject] = {
    "api.test": {"rate_limits": "t4", "json_input_supported": True, "args": {"open": True}},
    "conversations.join": {
        "scope": {"bot": ["channels:join"]},
        "rate_limits": "t3",
        "json_input_supported": True,
        "args": {"required": ["token", "channel"], "properties": {"token": STRING, "channel": STRING}},
    },
}


class Refused(Exception):
    """A call the workspace refuses: `error` as Slack spells it, with the sentences of `response_metadata`.

    An exception, because a refusal may come from any depth of a method and always becomes the same kind of answer.
    """

    def __init__(self, error: str, *messages: str, **extra: Any) -> None:
        super().__init__(error, *messages)
        self.error, self.messages, self.extra = error, messages, extra


@cache
def schema(method: str) -> JsonObject | None:
    """The reference entry of a method, or None for a method nobody documented."""
    if method in ADDITIONS:
        return ADDITIONS[method]
    path = FOLDER / f"{method}.json"
    if not path.is_file():
        return None
    loaded: JsonObject = json.loads(path.read_text("utf-8"))
    return loaded


def check_arguments(method: str, given: JsonObject, *, is_json: bool) -> JsonObject:
    """The arguments in their own types; raises `Refused("invalid_arguments")` with a sentence for each fault."""
    args = (schema(method) or {})["args"]
    if args.get("open"):
        return given
    known: JsonObject = args.get("properties", {})
    # Slack decodes a JSON body only for the methods that say so, and sees no arguments otherwise.
    supplied = given if not is_json or (schema(method) or {}).get("json_input_supported") else {}
    faults = [
        f"[ERROR] missing required field: {name}"
        for name in args.get("required", [])
        if name != "token" and supplied.get(name) in (None, "")
    ]
    faults += [f"[ERROR] unexpected argument: {n}" for n in supplied if n not in known and n not in EVERYWHERE]
    checked: JsonObject = {}
    for name, value in supplied.items():
        if name in known and name != "token" and value is not None:
            checked[name], fault = _argument(name, known[name], value)
            faults += [fault] if fault else []
    if faults:
        raise Refused("invalid_arguments", *faults)
    return checked


def _argument(name: str, rule: JsonObject, value: Any) -> tuple[Any, str]:
    """(typed value, complaint or "")."""
    if name in DECODED:
        return _decoded(name, value)
    kinds = {rule.get("type")} | {choice.get("type") for choice in rule.get("anyOf", ())}
    if "boolean" in kinds and (flag := _flag(value)) is not None:
        return flag, ""
    if "boolean" in kinds and "string" not in kinds:
        return value, f"[ERROR] must be a boolean: {name}"
    if kinds & {"number", "integer"}:
        return _number(name, rule, value)
    if "array" in kinds:
        return value, "" if isinstance(value, list) else f"[ERROR] must be an array: {name}"
    if not isinstance(value, str):
        return value, f"[ERROR] must be a string: {name}"
    return value, _text_fault(name, rule, value)


def _decoded(name: str, value: Any) -> tuple[Any, str]:
    if not isinstance(value, str):
        return value, ""
    try:
        return (json.loads(value) if value else None), ""
    except ValueError:
        errors = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}
        if name in errors:
            raise Refused(errors[name]) from None
        return value, f"[ERROR] must be JSON: {name}"


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def _number(name: str, rule: JsonObject, value: Any) -> tuple[Any, str]:
    if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
        return value, f"[ERROR] must be a number: {name}"
    number = int(value)
    if not rule.get("minimum", number) <= number <= rule.get("maximum", number):
        return value, f"[ERROR] must be from {rule.get('minimum')} to {rule.get('maximum')}: {name}"
    return number, ""


def _text_fault(name: str, rule: JsonObject, value: str) -> str:
    choices = rule.get("enum") or next((c["enum"] for c in rule.get("anyOf", ()) if "enum" in c), None)
    if choices and value not in choices:
        return f"[ERROR] must be one of {', '.join(map(repr, choices))}: {name}"
    limit = rule.get("maxLength")
    return f"[ERROR] must be less than {limit + 1} characters: {name}" if limit and len(value) > limit else ""
