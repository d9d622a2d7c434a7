"""The request form: which group, why, when and how; its direction follows from where production is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bot.domain.facts import Group, Known, ProjectAlias
from bot.domain.plan import Occasion
from bot.domain.policy import Rule
from bot.domain.preflight import Finding
from bot.slack import texts
from bot.slack.blocks import (
    Block,
    Drawn,
    View,
    context,
    field,
    modal,
    option,
    plain_text,
    radio,
    search,
    section,
    text_input,
)
from bot.slack.cards.lines import verb
from bot.slack.escape import mrkdwn, plain, utc
from bot.slack.ids import COMMAND, ActionId, BlockId, CallbackId, Choice, FormTarget, Wish, encode_form, encode_wish

NOTHING_SPECIAL = Wish()
TYPED_REASON_MIN = 10  # of a break-glass: a word is no reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is known while the form is filled. `group` comes with the choice, `rule` with the group.

    `must_type_id` puts a text field in the place of the list; `list_age` and `list_trouble` say why.
    """

    project: ProjectAlias
    group: Group | None = None
    rule: Rule | None = None
    must_type_id: bool = False
    list_read_at: datetime | None = None
    list_trouble: str = ""
    break_glass: bool = False
    plan_code: str = ""
    sought: str = ""  # what the command said, when it names no one group
    sought_count: int = 0


@lru_cache(64)
def request_form(form: Form) -> View:
    """The same view for the same knowledge: in an emergency many people open the same form at once."""
    callback = CallbackId.BREAK_GLASS if form.break_glass else CallbackId.REQUEST
    target = FormTarget(form.project, form.group.id if form.group else None)
    view = modal(
        callback,
        _title(form.break_glass),
        [*_warning(form), *_which(form), *_why(form), *_when(form), *_how(form)],
        submit="Start now, alone" if form.break_glass else "Check and request",
        close="Cancel",
        metadata=encode_form(target),
    )
    return Drawn(view)


def _warning(form: Form) -> list[Block]:
    if not form.break_glass:
        return []
    told = (
        "*BREAK-GLASS.* This starts without approvals, under your name alone. Everybody who could have approved is "
        "told at once, and you owe a written review before you may do it again."
    )
    return [section(told)]


def _which(form: Form) -> list[Block]:
    return [_group_field(form), *_direction(form), *_typed_name(form)]


def _group_field(form: Form) -> Block:
    age = f"List from {utc(form.list_read_at)}." if form.list_read_at else "No list was read yet."
    if form.must_type_id:
        trouble = plain(form.list_trouble, 300)
        hint = f"The list of groups is not available. {trouble} {age} Copy the id from the console."
        element = text_input(ActionId.GROUP_ID, max_length=64, placeholder="Id of the protection group")
        return field(BlockId.GROUP_ID, "Protection group (id)", element, hint=hint, dispatches=True)
    hint = f"{age} {plain(form.list_trouble, 300)}".strip()
    element = search(ActionId.GROUP, "Search by name or id")
    if form.group:
        element["initial_option"] = group_option(form.group)
    return field(BlockId.GROUP, "Protection group", element, hint=hint, dispatches=True)


def _direction(form: Form) -> list[Block]:
    """Derived: the opposite of where production is now."""
    if form.group is None:
        told = f"*Direction:* shown once the group is chosen.{_unclear(form)}"
        return [section(told, block_id=BlockId.DIRECTION)]
    production = form.group.production
    if production is None:
        told = f"*Direction:* unknown. The cloud says production is at “{mrkdwn(form.group.priority_station, 40)}”."
        return [section(told, block_id=BlockId.DIRECTION)]
    to = production.other
    zones = f"{mrkdwn(form.group.zone_of(production), 60)} → {mrkdwn(form.group.zone_of(to), 60)}"
    environment = f"{mrkdwn(form.rule.environment, 30)} · " if form.rule else ""
    code = f" · plan `{mrkdwn(form.plan_code, 20)}` with the choices below" if form.plan_code else ""
    told = f"{environment}{verb(to)}: *{zones}* (active now → after){code}"
    return [section(told, block_id=BlockId.DIRECTION)]


def _unclear(form: Form) -> str:
    if not form.sought or form.must_type_id:
        return ""
    found = f"{form.sought_count} groups fit" if form.sought_count else "No group fits"
    return f" {found} “{mrkdwn(form.sought, 80)}”: search for it above. `{COMMAND} help` says what else can be typed."


def _typed_name(form: Form) -> list[Block]:
    if form.group is None or not (form.break_glass or (form.rule and form.rule.types_name)):
        return []
    label = f"Type “{plain(form.group.name, 80)}” to confirm"
    return [field(BlockId.TYPED_NAME, label, text_input(ActionId.TYPED_NAME, max_length=255))]


def _why(form: Form) -> list[Block]:
    reason = text_input(ActionId.REASON, is_long=True, placeholder="What approvers should know")
    if form.break_glass:
        reason["min_length"] = TYPED_REASON_MIN
    pattern = form.rule.ticket_pattern if form.rule else ""
    return [
        field(BlockId.REASON, "Why now", reason),
        field(
            BlockId.TICKET,
            "Ticket",
            text_input(ActionId.TICKET, max_length=200),
            hint=f"Must look like {plain(pattern, 200)}" if pattern else "",
            is_optional=not pattern,
        ),
    ]


def _when(form: Form) -> list[Block]:
    """Break-glass starts at once: there is nothing to choose."""
    if form.break_glass:
        return []
    choices = [option("As soon as it is approved", Choice.NOW), option("At a time", Choice.LATER)]
    picker: Block = {"type": "datetimepicker", "action_id": ActionId.START_AT}
    return [
        field(BlockId.START_WHEN, "Start", radio(ActionId.START_WHEN, choices, initial=Choice.NOW)),
        field(BlockId.START_AT, "Start time", picker, hint="Only for “At a time”.", is_optional=True),
    ]


def _how(form: Form) -> list[Block]:
    stop = [option("Stop them for me", Choice.STOP_FOR_ME), option("They are stopped already", Choice.STOPPED_ALREADY)]
    start = [option("Start in order", Choice.START_IN_ORDER), option("Leave off", Choice.LEAVE_OFF)]
    changed = [option("Unknown", Known.UNKNOWN), option("No", Known.NO), option("Yes", Known.YES)]
    occasion = [
        option("Unknown", Occasion.UNKNOWN),
        option("The first failover of these servers", Occasion.FIRST),
        option("A later one", Occasion.LATER),
    ]
    return [
        field(
            BlockId.STOP_SERVERS,
            "Production servers",
            radio(ActionId.STOP_SERVERS, stop, initial=Choice.STOP_FOR_ME),
        ),
        field(
            BlockId.START_SERVERS,
            "Afterwards",
            radio(ActionId.START_SERVERS, start, initial=Choice.START_IN_ORDER),
        ),
        field(
            BlockId.PASSWORDS_CHANGED,
            "Passwords changed since the first failover?",
            radio(ActionId.PASSWORDS_CHANGED, changed, initial=Known.UNKNOWN),
            hint="Of Windows on the DR servers, of CoreOS on the production servers. Only for the login guidance.",
        ),
        field(
            BlockId.OCCASION,
            "Which failover is it?",
            radio(ActionId.OCCASION, occasion, initial=Occasion.UNKNOWN),
            hint="If it is unknown, the history of the servers tells.",
        ),
    ]


def form_errors(form: Form, blockers: Sequence[Finding]) -> dict[str, str]:
    """Blockers go under the group's field, where the form shows them; plain text."""
    told = " ".join(texts.blocker_in_form(finding) for finding in blockers[:3])
    more = f" … ({len(blockers) - 3} more)" if len(blockers) > 3 else ""
    block = BlockId.GROUP_ID if form.must_type_id else BlockId.GROUP
    return {block.value: told + more} if blockers else {}


def choose_project(projects: Sequence[ProjectAlias], wish: Wish = NOTHING_SPECIAL) -> View:
    """Only when the bot looks after several projects. Slack allows 100 options."""
    element: Block = {
        "type": "static_select",
        "action_id": ActionId.PROJECT,
        "placeholder": plain_text("Project"),
        "options": [option(plain(project, 75), project) for project in projects[:100]],
    }
    left_out = [context(f"… ({len(projects) - 100} more projects)")] if len(projects) > 100 else []
    blocks = [field(BlockId.PROJECT, "Project", element), *left_out]
    title, metadata = _title(wish.break_glass), encode_wish(wish)
    return modal(CallbackId.PROJECT, title, blocks, submit="Next", close="Cancel", metadata=metadata)


def _title(break_glass: bool) -> str:
    return "Break glass" if break_glass else "Request a failover"


def group_option(group: Group) -> Block:
    """One hit of the search: its name, and where production is now."""
    production = group.production
    where = f"production in {group.zone_of(production)}" if production else group.status
    return option(plain(group.name, 75), group.id, plain(f"{where} · {group.status} · {group.id}", 75))
