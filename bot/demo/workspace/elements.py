"""Block Kit's interactive elements and what Slack demands of each.

Limits: https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .composition import (
    BOTH,
    Notebook,
    check_confirm,
    check_option,
    check_option_groups,
    check_options,
    check_text,
)
from .things import JsonObject

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

SOURCES = ("static", "external", "users", "conversations", "channels")
SELECTS = frozenset(f"{source}_select" for source in SOURCES)
MULTI_SELECTS = frozenset(f"multi_{name}" for name in SELECTS)
PICKERS = frozenset({"datepicker", "timepicker", "checkboxes", "radio_buttons"})
IN_SECTIONS = SELECTS | MULTI_SELECTS | PICKERS | {"button", "overflow", "image", "workflow_button"}
IN_ACTIONS = SELECTS | MULTI_SELECTS | PICKERS | {"button", "overflow", "datetimepicker", "workflow_button"}
IN_INPUTS = (
    SELECTS
    | MULTI_SELECTS
    | PICKERS
    | {"datetimepicker", "plain_text_input", "email_text_input", "number_input", "url_text_input"}
    | {"rich_text_input", "file_input"}
)
STATEFUL = IN_INPUTS - {"file_input"}

_COMMON = frozenset({"type", "action_id", "confirm", "focus_on_load"})
_TYPED = frozenset({"placeholder", "initial_value", "dispatch_action_config"})
_CHOICE = frozenset({"options", "option_groups", "min_query_length", "placeholder"})
_FIELDS: dict[str, frozenset[str]] = {
    "button": frozenset({"text", "url", "value", "style", "accessibility_label"}),
    "overflow": frozenset({"options"}),
    "checkboxes": frozenset({"options", "initial_options"}),
    "radio_buttons": frozenset({"options", "initial_option"}),
    "datepicker": frozenset({"initial_date", "placeholder"}),
    "timepicker": frozenset({"initial_time", "placeholder", "timezone"}),
    "datetimepicker": frozenset({"initial_date_time"}),
    "plain_text_input": _TYPED | {"multiline", "min_length", "max_length"},
    "email_text_input": _TYPED,
    "url_text_input": _TYPED,
    "number_input": _TYPED | {"is_decimal_allowed", "min_value", "max_value"},
    "rich_text_input": _TYPED,
    "file_input": frozenset({"filetypes", "max_files"}),
    "image": frozenset({"image_url", "alt_text", "slack_file"}),
    "workflow_button": frozenset({"text", "workflow", "style", "accessibility_label"}),
}


def check_element(notes: Notebook, element: Any, path: str, allowed: frozenset[str]) -> None:
    """One element where only the `allowed` types may stand."""
    if not isinstance(element, dict):
        return notes.error(path, "must be an object")
    kind = element.get("type")
    if kind not in allowed:
        return notes.error(f"{path}/type", f"unsupported type: {kind}")
    notes.string(element, "action_id", path, 255)
    check_text(notes, element, "placeholder", path, 150)
    check_confirm(notes, element, path)
    notes.focus_count += bool(element.get("focus_on_load"))
    if notes.focus_count > 1 and element.get("focus_on_load"):
        notes.error(path, "only one element may have focus_on_load")
    check = _CHECKS.get(kind) or (_select if kind in SELECTS else _multi_select)
    check(notes, element, path)
    return None


def _fields(notes: Notebook, element: JsonObject, path: str) -> None:
    kind = element["type"]
    notes.known(element, path, _COMMON | _FIELDS[kind])


def _button(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    notes.require(element, path, "text")
    check_text(notes, element, "text", path, 75)
    notes.string(element, "value", path, 2000)
    notes.string(element, "url", path, 3000)
    notes.string(element, "accessibility_label", path, 75)
    if element.get("style") not in (None, "primary", "danger"):
        notes.error(f"{path}/style", "must be one of: primary, danger")


def _overflow(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    check_options(notes, element, path, most=5)


def _checkboxes(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    check_options(notes, element, path, most=10, kinds=BOTH)
    _initial(notes, element, path, element.get("initial_options"))


def _radio_buttons(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    check_options(notes, element, path, most=10, kinds=BOTH)
    _initial(notes, element, path, _one(element.get("initial_option")))


def _one(option: Any) -> list[Any] | None:
    return None if option is None else [option]


def _initial(notes: Notebook, element: JsonObject, path: str, chosen: Any) -> None:
    """What is chosen at first must be one of the options, letter for letter."""
    if chosen is None:
        return
    offered = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        offered += group.get("options", []) if isinstance(group, dict) else []
    for option in notes.count(chosen, f"{path}/initial_options", 100):
        check_option(notes, option, f"{path}/initial_option", BOTH)
        if offered and option not in offered:
            notes.error(f"{path}/initial_option", "must match one of the options")


def _select(notes: Notebook, element: JsonObject, path: str) -> None:
    source = element["type"].removesuffix("_select")
    initial = "initial_option" if source in ("static", "external") else f"initial_{source.removesuffix('s')}"
    extra = {initial, "filter", "response_url_enabled", "default_to_current_conversation"}
    notes.known(element, path, _COMMON | _CHOICE | extra)
    _choices(notes, element, path, source)
    if initial == "initial_option":
        _initial(notes, element, path, _one(element.get(initial)))


def _multi_select(notes: Notebook, element: JsonObject, path: str) -> None:
    source = element["type"].removeprefix("multi_").removesuffix("_select")
    initial = "initial_options" if source in ("static", "external") else f"initial_{source}"
    extra = {initial, "max_selected_items", "filter", "default_to_current_conversation"}
    notes.known(element, path, _COMMON | _CHOICE | extra)
    _choices(notes, element, path, source)
    notes.whole_number(element, "max_selected_items", path, 1, 100)
    if initial == "initial_options":
        _initial(notes, element, path, element.get(initial))


def _choices(notes: Notebook, element: JsonObject, path: str, source: str) -> None:
    notes.whole_number(element, "min_query_length", path, 0, 3000)
    if source != "static":
        if element.keys() & {"options", "option_groups"}:
            notes.error(path, f"a {source} select brings its own options")
        return
    if ("options" in element) == ("option_groups" in element):
        notes.error(path, "must have either options or option_groups")
    elif "options" in element:
        check_options(notes, element, path, most=100)
    else:
        check_option_groups(notes, element, path)


def _datepicker(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    _pattern(notes, element, path, "initial_date", DATE)


def _timepicker(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    _pattern(notes, element, path, "initial_time", TIME)


def _pattern(notes: Notebook, element: JsonObject, path: str, name: str, pattern: re.Pattern[str]) -> None:
    if element.get(name) is not None and not pattern.fullmatch(str(element[name])):
        notes.error(f"{path}/{name}", "does not have the expected format")


def _datetimepicker(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    notes.whole_number(element, "initial_date_time", path, 1_000_000_000, 9_999_999_999)


def _text_input(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    notes.whole_number(element, "min_length", path, 0, 3000)
    notes.whole_number(element, "max_length", path, 1, 3000)
    if element["type"] == "plain_text_input":
        longest = element.get("max_length") or 3000
        notes.string(element, "initial_value", path, longest, element.get("min_length") or 0)
    if element["type"] == "number_input":
        notes.require(element, path, "is_decimal_allowed")
    triggers = (element.get("dispatch_action_config") or {}).get("trigger_actions_on", [])
    for index, trigger in enumerate(triggers):
        if trigger not in ("on_enter_pressed", "on_character_entered"):
            notes.error(f"{path}/dispatch_action_config/{index}", "must be on_enter_pressed or on_character_entered")


def _file_input(notes: Notebook, element: JsonObject, path: str) -> None:
    _fields(notes, element, path)
    notes.whole_number(element, "max_files", path, 1, 10)


def check_image(notes: Notebook, element: JsonObject, path: str) -> None:
    """An image element: an address or a Slack file, and a text for those who can't see it."""
    _fields(notes, element, path)
    notes.require(element, path, "alt_text")
    notes.string(element, "image_url", path, 3000)
    notes.string(element, "alt_text", path, 2000)
    if ("image_url" in element) == ("slack_file" in element):
        notes.error(path, "must have either image_url or slack_file")


_CHECKS: dict[str, Callable[[Notebook, JsonObject, str], None]] = {
    "button": _button,
    "overflow": _overflow,
    "checkboxes": _checkboxes,
    "radio_buttons": _radio_buttons,
    "datepicker": _datepicker,
    "timepicker": _timepicker,
    "datetimepicker": _datetimepicker,
    "plain_text_input": _text_input,
    "email_text_input": _text_input,
    "url_text_input": _text_input,
    "number_input": _text_input,
    "rich_text_input": _text_input,
    "file_input": _file_input,
    "image": check_image,
    "workflow_button": _fields,
}
