"""Slack's raw dictionaries, read once into frozen values. Nothing else of a payload is believed or passed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.domain.people import Account
from bot.domain.text import whole

Raw = Mapping[str, Any]


class Kind(StrEnum):
    """What can be listened to. The name beside it is an action's id, a view's callback id, …"""

    COMMAND = "command"
    SHORTCUT = "shortcut"
    ACTION = "action"
    OPTIONS = "options"
    VIEW = "view"
    EVENT = "event"


Asked = tuple[Kind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who acted, and where: for the answer, never for a right."""

    actor: Account
    app_id: str
    team: str  # the workspace that the app is installed in
    enterprise: str = ""  # the organisation, where the payload names it
    channel: str = ""
    message_ts: str = ""
    thread_ts: str = ""
    trigger_id: str = ""
    view_id: str = ""
    view_hash: str = ""
    private_metadata: str = ""
    tab: str = ""  # of App Home: the one that was opened
    is_home: bool = False  # a button of App Home was pressed

    @property
    def surface(self) -> str:
        """Where a button was pressed, for the audit."""
        return "home" if self.is_home else "button"


def origin_of(body: Raw) -> Origin:
    """From a slash command, an interaction or an event; empty strings where Slack says nothing."""
    view, container = _at(body, "view"), _at(body, "container")
    message_ts = _text(container.get("message_ts"))
    return Origin(
        actor=_actor(body),
        app_id=_text(body.get("api_app_id")),
        team=_text(_at(body, "team").get("id") or body.get("team_id")),
        enterprise=_text(_at(body, "enterprise").get("id") or body.get("enterprise_id")),
        channel=_text(_at(body, "channel").get("id") or container.get("channel_id") or body.get("channel_id")),
        message_ts=message_ts,
        thread_ts=_text(_at(body, "message").get("thread_ts") or container.get("thread_ts") or message_ts),
        trigger_id=_text(body.get("trigger_id")),
        view_id=_text(view.get("id")),
        view_hash=_text(view.get("hash")),
        private_metadata=_text(view.get("private_metadata")),
        tab=_text(_at(body, "event").get("tab")) or "home",
        is_home=view.get("type") == "home",
    )


def _actor(body: Raw) -> Account:
    """The clicker's own team: in a shared channel it is not the team of the app.

    Never the organisation: some payloads of one person name it and others do not, and nobody may be two people.
    """
    user, team, event = _at(body, "user"), _at(body, "team"), _at(body, "event")
    return Account(
        enterprise="",
        team=_text(user.get("team_id") or team.get("id") or body.get("team_id")),
        user=_text(user.get("id") or body.get("user_id") or event.get("user")),
    )


def asked_for(body: Raw) -> Asked:
    """Which listener a payload is for. A command has no type of its own."""
    match body.get("type"):
        case "block_actions":
            return Kind.ACTION, action_id_of(body)
        case "block_suggestion":
            return Kind.OPTIONS, _text(body.get("action_id"))
        case "view_submission":
            return Kind.VIEW, callback_id_of(body)
        case "shortcut" | "message_action":
            return Kind.SHORTCUT, _text(body.get("callback_id"))
        case "event_callback":
            return Kind.EVENT, _text(_at(body, "event").get("type"))
        case _:
            return Kind.COMMAND, _text(body.get("command"))


def typed(body: Raw) -> str:
    """The words after a slash command."""
    return _text(body.get("text"))


def searched(body: Raw) -> str:
    """What was typed into a select that asks for its options."""
    return _text(body.get("value"))


def _text(value: object) -> str:
    return whole(str(value or ""))


def _at(body: Raw, key: str) -> Raw:
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True, slots=True)
class FormState:
    """`view.state.values` as (action id, state), whatever block holds it."""

    entries: tuple[tuple[str, Raw], ...]

    @classmethod
    def of(cls, body: Raw) -> FormState:
        blocks = _at(_at(_at(body, "view"), "state"), "values")
        inputs = (block for block in blocks.values() if isinstance(block, Mapping))
        return cls(tuple((action, _at(block, action)) for block in inputs for action in block))

    def has(self, action_id: str) -> bool:
        return any(action == action_id for action, _ in self.entries)

    def text(self, action_id: str) -> str:
        return _text(self._first(action_id).get("value"))

    def choice(self, action_id: str) -> str:
        """The value of the selected option of a select or of radio buttons."""
        return _text(_at(self._first(action_id), "selected_option").get("value"))

    def ticked(self, action_id: str) -> frozenset[str]:
        """Over all blocks with this action: one group of checkboxes holds ten."""
        options = [option for action, state in self.entries if action == action_id for option in _options(state)]
        return frozenset(_text(option.get("value")) for option in options)

    def moment(self, action_id: str) -> datetime | None:
        """Of a datetimepicker; None for no choice, and for one that no calendar holds."""
        chosen = self._first(action_id).get("selected_date_time")
        try:
            return datetime.fromtimestamp(chosen, UTC) if isinstance(chosen, int) and chosen > 0 else None
        except (ValueError, OverflowError, OSError):
            return None

    def _first(self, action_id: str) -> Raw:
        return next((state for action, state in self.entries if action == action_id), {})


def _options(state: Raw) -> list[Raw]:
    chosen = state.get("selected_options")
    return [option for option in chosen if isinstance(option, Mapping)] if isinstance(chosen, list) else []


def clicked_value(body: Raw) -> str:
    """The value of the button that was pressed."""
    first = _first_action(body)
    return _text(first.get("value") or _at(first, "selected_option").get("value"))


def action_id_of(body: Raw) -> str:
    return _text(_first_action(body).get("action_id"))


def callback_id_of(body: Raw) -> str:
    return _text(_at(body, "view").get("callback_id"))


def block_ids_of(body: Raw) -> frozenset[str]:
    """The blocks of the view that was submitted."""
    blocks = _at(body, "view").get("blocks")
    shown = blocks if isinstance(blocks, list) else []
    return frozenset(_text(block.get("block_id")) for block in shown if isinstance(block, Mapping))


def _first_action(body: Raw) -> Raw:
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else {}
    return first if isinstance(first, Mapping) else {}
