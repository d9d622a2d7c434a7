"""The rules of a view, its ids and its state: what an app sends becomes what Slack keeps and hands back.

Limits: https://docs.slack.dev/reference/views
"""

from __future__ import annotations

import json
from typing import Any

from .arguments import Refused
from .blocks import Surface, check_blocks, elements_of
from .composition import Notebook, check_text
from .elements import STATEFUL
from .state import State
from .things import JsonObject, View

LARGEST_BYTES = 250_000
STATE_FIELDS = (
    "value",
    "selected_option",
    "selected_options",
    "selected_date",
    "selected_time",
    "selected_date_time",
    "selected_user",
    "selected_users",
    "selected_conversation",
    "selected_channel",
    "rich_text_value",
)
_MODAL = ("title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled")
_SHARED = ("type", "blocks", "private_metadata", "callback_id", "external_id")


def check_view(view: Any, surface: Surface, *, new_blocks_available: bool = True) -> None:
    """Refuse a view that Slack would refuse: `view_too_large`, or `invalid_arguments` with the reasons."""
    if not isinstance(view, dict):
        raise Refused("invalid_arguments", "[ERROR] must provide an object [json-pointer:/view]")
    if len(json.dumps(view)) > LARGEST_BYTES:
        raise Refused("view_too_large")
    notes = Notebook(new_blocks_available=new_blocks_available)
    if view.get("type") != surface:
        notes.error("/view/type", f"must be {surface}")
    notes.known(view, "/view", _SHARED + (_MODAL if surface == "modal" else ()))
    for name, longest in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        notes.string(view, name, "/view", longest)
    check_blocks(notes, view.get("blocks"), surface, "/view/blocks")
    if surface == "modal":
        _modal(notes, view)
    if notes.errors:
        raise Refused("invalid_arguments", *notes.errors)


def _modal(notes: Notebook, view: JsonObject) -> None:
    notes.require(view, "/view", "title")
    for name in ("title", "submit", "close"):
        check_text(notes, view, name, "/view", 24)
    if notes.input_count and not view.get("submit"):
        notes.error("/view/submit", "a submit button is required where there are input blocks")


def completed_blocks(state: State, blocks: list[JsonObject]) -> list[JsonObject]:
    """The blocks with the ids and text flags Slack fills in; what the app sent stays untouched."""
    copies: list[JsonObject] = json.loads(json.dumps(blocks))
    for block in copies:
        block.setdefault("block_id", state.new_secret(5))
        for element in elements_of(block):
            if element.get("type") in STATEFUL or element.get("type") in ("button", "overflow"):
                element.setdefault("action_id", state.new_secret(5))
        _flag_texts(block)
    return copies


def _flag_texts(value: Any) -> None:
    parts = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else ()
    for part in parts:
        if isinstance(part, (dict, list)):
            _flag_texts(part)
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)


def completed_body(state: State, view: JsonObject) -> JsonObject:
    """A view as Slack stores it: every optional field is there."""
    body: JsonObject = {
        "type": view["type"],
        **{name: dict(view[name]) if view.get(name) else None for name in ("title", "submit", "close")},
        "blocks": completed_blocks(state, view["blocks"]),
        "private_metadata": view.get("private_metadata") or "",
        "callback_id": view.get("callback_id") or "",
        "external_id": view.get("external_id") or "",
        "clear_on_close": bool(view.get("clear_on_close")),
        "notify_on_close": bool(view.get("notify_on_close")),
        "submit_disabled": bool(view.get("submit_disabled")),
    }
    _flag_texts([body["title"], body["submit"], body["close"]])
    return body


def initial_state(element: JsonObject) -> JsonObject:
    """What an untouched element reports in `state.values`."""
    kind = element["type"]
    if kind.startswith("multi_") or kind == "checkboxes":
        names = {"users": "selected_users", "conversations": "selected_conversations"}
        source = kind.removeprefix("multi_").removesuffix("_select")
        initial = element.get("initial_options", element.get(f"initial_{source}", []))
        return {"type": kind, names.get(source, "selected_options"): initial}
    field, initial_name = {
        "datepicker": ("selected_date", "initial_date"),
        "timepicker": ("selected_time", "initial_time"),
        "datetimepicker": ("selected_date_time", "initial_date_time"),
        "radio_buttons": ("selected_option", "initial_option"),
        "static_select": ("selected_option", "initial_option"),
        "external_select": ("selected_option", "initial_option"),
        "users_select": ("selected_user", "initial_user"),
        "conversations_select": ("selected_conversation", "initial_conversation"),
        "channels_select": ("selected_channel", "initial_channel"),
    }.get(kind, ("value", "initial_value"))
    return {"type": kind, field: element.get(initial_name)}


def state_values(blocks: list[JsonObject], typed: JsonObject) -> JsonObject:
    """`state.values`: what people typed where the element is still there, the initial values elsewhere."""
    values: JsonObject = {}
    for block in blocks:
        for element in elements_of(block):
            if element.get("type") not in STATEFUL:
                continue
            known = typed.get(block["block_id"], {}).get(element["action_id"])
            entry = known if known and known.get("type") == element["type"] else initial_state(element)
            values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def merge_values(blocks: list[JsonObject], typed: JsonObject, new: JsonObject) -> None:
    """Take over what a person typed, for the elements that are there; others are not theirs to fill."""
    for block in blocks:
        for element in elements_of(block):
            entry = new.get(block["block_id"], {}).get(element.get("action_id"))
            if entry is not None and element["type"] in STATEFUL:
                chosen = {name: value for name, value in entry.items() if name in STATE_FIELDS}
                merged = {**initial_state(element), **chosen}
                typed.setdefault(block["block_id"], {})[element["action_id"]] = merged


def view_json(state: State, view: View) -> JsonObject:
    """A view object, as the API returns it and payloads carry it."""
    return {
        "id": view.id,
        "team_id": state.team_id,
        **view.body,
        "state": {"values": state_values(view.body["blocks"], view.values)},
        "hash": view.hash,
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "app_id": view.app_id,
        "app_installed_team_id": state.team_id,
        "bot_id": state.apps[view.app_id].bot_id,
    }
