"""What a filled form lacks, field by field: answered beside the fields, before anybody is pinged."""

from __future__ import annotations

import re
from datetime import datetime

from bot.domain.facts import Snapshot
from bot.domain.policy import Rule, is_inside
from bot.domain.request import Draft
from bot.service.outcomes import Field

TYPED_REASON_MIN = 10  # characters of a break-glass reason: a word is none


def form_errors(draft: Draft, snapshot: Snapshot, rule: Rule, now: datetime) -> dict[Field, str]:
    """One sentence per field; empty when the form is complete."""
    found = {
        Field.DIRECTION: _direction(draft, snapshot),
        Field.REASON: _reason(draft),
        Field.TICKET: _ticket(draft, rule),
        Field.TYPED_NAME: _typed_name(draft, snapshot, rule),
        Field.START: _start(draft, rule, now),
    }
    return {field: sentence for field, sentence in found.items() if sentence}


def unknown_station(snapshot: Snapshot) -> str:
    group = snapshot.group
    where = f"names an unknown site (“{group.priority_station}”)" if group.priority_station else "does not say"
    return f"Asked where production of {group.name} is, the cloud {where}. Look at the group in the console."


def _direction(draft: Draft, snapshot: Snapshot) -> str:
    if draft.to is None or snapshot.group.production is not draft.to:
        return ""
    return f"Production is in {snapshot.group.zone_of(draft.to)} already. Choose the other direction."


def _reason(draft: Draft) -> str:
    words = draft.reason.strip()
    if draft.break_glass and len(words) < TYPED_REASON_MIN:
        return "Say in a sentence why this can't wait for approvals. It stays on the record."
    return "" if words else "Say in a sentence why now. The approvers decide on it."


def _ticket(draft: Draft, rule: Rule) -> str:
    is_fit = not rule.ticket_pattern or re.fullmatch(rule.ticket_pattern, draft.ticket.strip())
    return "" if is_fit else f"This environment asks for a ticket that looks like {rule.ticket_pattern}."


def _typed_name(draft: Draft, snapshot: Snapshot, rule: Rule) -> str:
    is_typed = draft.typed_name.strip() == snapshot.group.name
    is_asked = rule.types_name or draft.break_glass
    return f"Type the group's name exactly: {snapshot.group.name}" if is_asked and not is_typed else ""


def _start(draft: Draft, rule: Rule, now: datetime) -> str:
    start_at = draft.options.start_at
    if start_at is None:
        return ""
    if draft.break_glass:
        return "Break-glass starts at once. Make a normal request for a later time."
    if start_at <= now:
        return "This time has passed. Choose a later one, or start on approval."
    return "" if is_inside(rule, start_at) else "This time is outside of the change windows of this environment."
