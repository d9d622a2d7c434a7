"""Every identifier that Slack hands back to us, in one place, and the strict reading of what buttons carry."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.facts import GroupId, ProjectAlias
from bot.domain.request import RequestId

COMMAND = "/failover"
MESSAGE_EVENT = "failover_message"  # event_type of the metadata that finds a posted message again


class ActionId(StrEnum):
    # the decision card
    APPROVE = "approve"
    DENY = "deny"
    RETRACT = "retract"
    DETAILS = "details"
    CHECK_AGAIN = "check_again"
    WITHDRAW = "withdraw"
    BREAK_GLASS = "break_glass"
    # the run
    CANCEL = "cancel"
    HARD_STOP = "hard_stop"
    LOOK_AGAIN = "look_again"
    CLOSE = "close"
    # the end
    CONFIRM = "confirm"
    FAIL_BACK = "fail_back"
    SHOW_LOGIN = "show_login"
    REVIEW = "review"
    # App Home
    START = "start"
    STEP_UP = "step_up"  # a link: Slack sends an action that only needs an ack
    # inputs of the forms
    PROJECT = "project"
    GROUP = "group"
    GROUP_ID = "group_id"
    REASON = "reason"
    TICKET = "ticket"
    START_WHEN = "start_when"
    START_AT = "start_at"
    STOP_SERVERS = "stop_servers"
    START_SERVERS = "start_servers"
    PASSWORDS_CHANGED = "passwords_changed"
    OCCASION = "occasion"
    TYPED_NAME = "typed_name"
    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"


class BlockId(StrEnum):
    """Inputs have one block each, of the same name as their action."""

    PROJECT = "project"
    GROUP = "group"
    GROUP_ID = "group_id"
    DIRECTION = "direction"
    REASON = "reason"
    TICKET = "ticket"
    START_WHEN = "start_when"
    START_AT = "start_at"
    STOP_SERVERS = "stop_servers"
    START_SERVERS = "start_servers"
    PASSWORDS_CHANGED = "passwords_changed"
    OCCASION = "occasion"
    TYPED_NAME = "typed_name"
    ACKNOWLEDGE = "acknowledge"  # `acknowledge`, `acknowledge_1`, …: ten warnings each
    ANSWER = "answer"
    DECIDE = "decide"  # the first row of buttons of a card
    MORE = "more"  # the second one
    HOME = "home"


class CallbackId(StrEnum):
    START = "start_failover"  # global shortcut
    LOADING = "loading"
    PROBLEM = "problem"
    PROJECT = "choose_project"
    REQUEST = "request_form"
    BREAK_GLASS = "break_glass_form"
    APPROVE = "approve_view"
    DENY = "deny_view"
    DETAILS = "details_view"
    LOGIN = "login_view"
    HARD_STOP = "hard_stop_view"
    CLOSE = "close_view"
    REVIEW = "review_view"
    HOME = "home"


class Choice(StrEnum):
    """Values of the form's radio buttons that are no enum of the domain."""

    NOW = "now"
    LATER = "later"
    STOP_FOR_ME = "stop_for_me"
    STOPPED_ALREADY = "stopped_already"
    START_IN_ORDER = "start_in_order"
    LEAVE_OFF = "leave_off"


@dataclass(frozen=True, slots=True)
class Target:
    """What a button speaks of. Everything else is read from the database."""

    request_id: RequestId
    revision: int


_TARGET = re.compile(r"([A-Za-z0-9_-]{1,64}):([1-9][0-9]{0,8})", re.ASCII)


def encode_target(request_id: RequestId, revision: int) -> str:
    return f"{request_id}:{revision}"


def decode_target(value: object) -> Target | None:
    """None for anything that `encode_target` did not make; why is nobody's business."""
    match = _TARGET.fullmatch(value) if isinstance(value, str) else None
    return Target(RequestId(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class FormTarget:
    """What a request form speaks of: the project, and the group once it is chosen. Kept in `private_metadata`."""

    project: ProjectAlias
    group_id: GroupId | None = None


def encode_form(form: FormTarget) -> str:
    return json.dumps([form.project, form.group_id], separators=(",", ":"))


def decode_form(value: object) -> FormTarget | None:
    match _parts(value):
        case [str(project), str(group_id)] if project and group_id:
            return FormTarget(ProjectAlias(project), GroupId(group_id))
        case [str(project), None] if project:
            return FormTarget(ProjectAlias(project))
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for before the project is known: a group in a person's words, and whether to break the glass."""

    group: str = ""
    break_glass: bool = False


def encode_wish(wish: Wish) -> str:
    return json.dumps([wish.group[:200], wish.break_glass], separators=(",", ":"))


def decode_wish(value: object) -> Wish:
    """Nothing special for anything that `encode_wish` did not make."""
    match _parts(value):
        case [str(group), bool(break_glass)]:
            return Wish(group, break_glass)
        case _:
            return Wish()


def _parts(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) and len(value) <= 3000 else None
    except (ValueError, RecursionError):
        return None
