"""What a person may do with the elements in front of them: which button, which option, what counts as filled in."""

from __future__ import annotations

import re
from typing import Any

from .blocks import elements_of
from .elements import STATEFUL
from .things import JsonObject
from .views import STATE_FIELDS

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FIELD_OF = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
}
ONE_OF = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})
SOME_OF = frozenset({"checkboxes", "multi_static_select", "multi_external_select"})


def find_element(
    blocks: list[JsonObject], action_id: str, block_id: str | None = None
) -> tuple[JsonObject, JsonObject] | None:
    """(block, element) of an action; without a block id the first one with this action id."""
    for block in blocks:
        if block_id is not None and block["block_id"] != block_id:
            continue
        for element in elements_of(block):
            if element.get("action_id") == action_id:
                return block, element
    return None


def options_of(element: JsonObject) -> list[JsonObject]:
    """All options an element offers by itself."""
    grouped = [option for group in element.get("option_groups", []) for option in group["options"]]
    return list(element.get("options", [])) + grouped


def entry_for(element: JsonObject, value: Any, offered: list[JsonObject] | None = None) -> JsonObject:
    """The state entry of an element for a plain value: text, an option's value or label, a list, a date.

    A dict that already is a state entry is taken as it is; `offered` are options that were loaded for it.
    """
    kind = element["type"]
    if isinstance(value, dict) and "text" not in value:
        return {"type": kind, **value}
    choices = options_of(element) + (offered or [])
    if kind in ONE_OF:
        return {"type": kind, "selected_option": None if value is None else _option(choices, value)}
    if kind in SOME_OF:
        return {"type": kind, "selected_options": [_option(choices, one) for one in value]}
    return {"type": kind, FIELD_OF.get(kind, "value"): value}


def _option(choices: list[JsonObject], wanted: Any) -> JsonObject:
    if isinstance(wanted, dict):
        return wanted
    for option in choices:
        if wanted in (option.get("value"), option["text"]["text"]):
            return option
    offered = ", ".join(str(option.get("value")) for option in choices)
    raise LookupError(f"No option {wanted!r}; offered are: {offered or 'none'}")


def filled_in(view: JsonObject, values: JsonObject, offered: dict[str, list[JsonObject]]) -> JsonObject:
    """`{block_id: {action_id: entry}}` from plain values keyed by block id or action id, or from that form itself."""
    filled: JsonObject = {}
    for block in view["blocks"]:
        for element in elements_of(block):
            given = _given(block["block_id"], element, values)
            if element.get("type") in STATEFUL and given is not _NOTHING:
                entry = entry_for(element, given, offered.get(element["action_id"]))
                filled.setdefault(block["block_id"], {})[element["action_id"]] = entry
    unknown = values.keys() - _names(view)
    if unknown:
        raise LookupError(f"The view has no input called {', '.join(sorted(unknown))}")
    return filled


_NOTHING = object()


def _given(block_id: str, element: JsonObject, values: JsonObject) -> Any:
    action_id = str(element.get("action_id"))
    by_block = values.get(block_id, _NOTHING)
    if isinstance(by_block, dict) and action_id in by_block:
        return by_block[action_id]
    return by_block if by_block is not _NOTHING else values.get(action_id, _NOTHING)


def _names(view: JsonObject) -> set[str]:
    actions = {str(element.get("action_id")) for block in view["blocks"] for element in elements_of(block)}
    return actions | {block["block_id"] for block in view["blocks"]}


def complaints(blocks: list[JsonObject], values: JsonObject) -> dict[str, str]:
    """What Slack's own client refuses to submit: empty required inputs, lengths, addresses that are none."""
    found = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        entry = values.get(block["block_id"], {}).get(element.get("action_id"), {})
        content = next((entry[name] for name in STATE_FIELDS if entry.get(name) not in (None, "", [])), None)
        if sentence := _complaint(block, element, content):
            found[block["block_id"]] = sentence
    return found


def _complaint(block: JsonObject, element: JsonObject, content: Any) -> str:
    if content is None:
        is_needed = not block.get("optional") and element["type"] in STATEFUL
        return "Please complete this required field." if is_needed else ""
    if element["type"] == "plain_text_input":
        shortest, longest = element.get("min_length") or 0, element.get("max_length") or 3000
        if not shortest <= len(str(content)) <= longest:
            return f"Please enter from {shortest} to {longest} characters."
    if element["type"] == "email_text_input" and not EMAIL.fullmatch(str(content)):
        return "Please enter a valid email address."
    if element["type"] == "url_text_input" and not str(content).startswith(("http://", "https://")):
        return "Please enter a valid URL."
    if element["type"] == "number_input":
        return _number_complaint(element, str(content))
    return ""


def _number_complaint(element: JsonObject, content: str) -> str:
    try:
        number = float(content)
    except ValueError:
        return "Please enter a number."
    least, most = float(element.get("min_value", number)), float(element.get("max_value", number))
    return "" if least <= number <= most else f"Please enter a number from {least:g} to {most:g}."


def action_of(block: JsonObject, element: JsonObject, done: JsonObject, action_ts: str) -> JsonObject:
    """The entry in `actions` of a `block_actions` payload."""
    kept = ("type", "action_id", "text", "value", "style", "placeholder", "confirm")
    action = {name: element[name] for name in kept if name in element}
    chosen = {name: done[name] for name in STATE_FIELDS if name in done and done[name] is not None}
    if element["type"] == "overflow" or element["type"].endswith("select"):
        action.pop("value", None)
    return {**action, "block_id": block["block_id"], "action_ts": action_ts, **chosen}
