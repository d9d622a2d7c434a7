"""Which message stands at which place: from a surface and everything known about its request to a `Message`."""

from __future__ import annotations

from typing import assert_never

from bot.domain.policy import Policy, Quorum, Rule, count, rule_for
from bot.domain.request import State
from bot.domain.surface import PlaceKind, Surface
from bot.ports import RequestView
from bot.slack.cards import (
    Message,
    Scene,
    decision_card,
    end_card,
    incident_message,
    line_message,
    login_message,
    login_whisper,
    note_message,
    pointer_message,
    progress_card,
    question_message,
    reminder_message,
)


def draw(kind: PlaceKind, scene: Scene) -> Message | None:
    """None when there is nothing to say at this place (any more)."""
    match kind:
        case PlaceKind.CARD:
            return decision_card(scene)
        case PlaceKind.PROGRESS:
            return progress_card(scene) if scene.run else None
        case PlaceKind.LINE:
            return line_message(scene)
        case PlaceKind.QUESTION:
            return question_message(scene)
        case PlaceKind.END:
            return end_card(scene)
        case PlaceKind.INCIDENT:
            return incident_message(scene)
        case PlaceKind.LOGIN:
            return login_message(scene)
        case PlaceKind.POINTER:
            return login_whisper(scene) if scene.is_undelivered else pointer_message(scene)
        case PlaceKind.REMINDER:
            return reminder_message(scene) if scene.request.state is State.PENDING else None
        case PlaceKind.NOTE:
            return note_message(scene)
        case _:
            assert_never(kind)


def rule_of(policy: Policy, view: RequestView) -> Rule | None:
    return rule_for(policy, view.request.group)


def quorum_of(policy: Policy, rule: Rule | None, view: RequestView) -> Quorum:
    return count(policy, rule, view.request, view.approvals) if rule else Quorum(roles=())


def needs_card_url(surface: Surface, view: RequestView) -> bool:
    """Permalinks cost a call: only for what stands away from the card, or was replaced by it."""
    is_replaced = surface.place.kind is PlaceKind.CARD and surface.place.key != str(view.request.revision)
    return is_replaced or surface.place.kind in (PlaceKind.INCIDENT, PlaceKind.LOGIN, PlaceKind.NOTE)
