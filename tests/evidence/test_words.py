"""Whatever the record holds is told in words that need no knowledge of the code."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.domain.policy import Action, Refusal
from bot.domain.request import Event
from bot.domain.surface import PlaceKind
from bot.evidence import words
from bot.service.clicks import word_of
from bot.service.confirming import Obstacle
from bot.service.outcomes import Acting, Approving, Opening, Refused

DONE = {"Done", "Approved", "Opened", "Refused"}  # `done` and the refusals have words of their own
KINDS = {kind for union in (Approving, Acting, Opening, Obstacle) for kind in get_args(union)}


def word_of_kind(kind: type) -> str:
    return word_of(object.__new__(kind))


@pytest.mark.parametrize("action", [*Action, *Event], ids=str)
def test_each_action_and_event_has_its_words(action: str) -> None:
    assert " " in words.ACTIONS[action]


@pytest.mark.parametrize("kind", sorted(KINDS, key=str), ids=lambda kind: kind.__name__)
def test_each_answer_has_its_words(kind: type) -> None:
    assert kind.__name__ in DONE or words.OUTCOMES[word_of_kind(kind)]


@pytest.mark.parametrize("reason", Refusal)
def test_each_refusal_has_its_words(reason: Refusal) -> None:
    assert words.outcome(word_of(Refused(reason=reason))).startswith(("refused", "not counted"))


@pytest.mark.parametrize("kind", PlaceKind)
def test_each_message_has_its_words(kind: PlaceKind) -> None:
    assert " " in words.PLACES[kind]


def test_a_word_of_a_newer_version_is_shown_as_it_is() -> None:
    told = (words.action("beam_up"), words.outcome("half_done"), words.surface("telex"), words.surface("cli@host"))
    assert told == ("Beam up", "half done", "from telex", "on the command line of host")
