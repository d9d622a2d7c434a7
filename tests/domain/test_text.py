"""Whatever JSON or a command line brings, what is kept of it can be written down."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import whole

ANYTHING = st.text(st.characters())  # halves of surrogate pairs too: Hypothesis leaves them out unless asked


@given(ANYTHING)
def test_text_from_outside_can_be_written_and_nothing_whole_is_lost(text: str) -> None:
    kept = whole(text)
    kept.encode()
    assert whole(kept) == kept
    assert kept == text or any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("pg-erp", "pg-erp"),
        ("Zürich 👩‍👧 \0", "Zürich 👩‍👧 \0"),
        ("a\ud800b", "a\ufffdb"),
        ("a\udfff", "a\ufffd"),
        ("\ud800", "\ufffd"),
        ("\ud83d" + "\ude00", "\N{GRINNING FACE}"),
        (json.loads('"\\ud800\\ud83d\\ude00"'), "\ufffd\N{GRINNING FACE}"),
    ],
)
def test_half_a_pair_is_marked_and_two_halves_are_one_letter(text: str, kept: str) -> None:
    assert whole(text) == kept
