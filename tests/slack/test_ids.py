"""What Slack hands back is read strictly: our own values survive the way there and back, anything else is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import GroupId, ProjectAlias
from bot.domain.request import RequestId
from bot.slack.ids import (
    FormTarget,
    Target,
    Wish,
    decode_form,
    decode_target,
    decode_wish,
    encode_form,
    encode_target,
    encode_wish,
)


@given(request_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), revision=st.integers(1, 999_999_999))
def test_a_button_value_survives_the_round_trip(request_id: str, revision: int) -> None:
    value = encode_target(RequestId(request_id), revision)
    assert decode_target(value) == Target(RequestId(request_id), revision)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "",
        ":1",
        "r",
        "r:",
        "r:0",
        "r:01",
        "r:-1",
        "r:1 ",
        "r:1\n",
        "r:１",
        "../x:1",
        "r:1:2",
        "r" * 65 + ":1",
        {},
    ],
)
def test_a_button_value_that_we_did_not_make_is_nothing(value: object) -> None:
    assert decode_target(value) is None


@given(text=st.text())
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    target = decode_target(text)
    assert target is None or encode_target(target.request_id, target.revision) == text
    decode_form(text)
    decode_wish(text)


@given(project=st.text(min_size=1, max_size=50), group=st.none() | st.text(min_size=1, max_size=50))
def test_a_form_keeps_its_ids(project: str, group: str | None) -> None:
    form = FormTarget(ProjectAlias(project), GroupId(group) if group else None)
    assert decode_form(encode_form(form)) == form


@pytest.mark.parametrize("value", [None, "", "{}", "[]", '["p"]', '[1,"g"]', '["","g"]', "[" * 2000, '["p","g","x"]'])
def test_metadata_that_we_did_not_make_is_nothing(value: object) -> None:
    assert decode_form(value) is None


@given(group=st.text(max_size=200), break_glass=st.booleans())
def test_what_was_wished_survives_the_choice_of_the_project(group: str, break_glass: bool) -> None:
    wish = Wish(group, break_glass)
    assert decode_wish(encode_wish(wish)) == wish
    assert len(encode_wish(Wish("\U0001f525" * 3000))) <= 3000


@pytest.mark.parametrize("value", [None, "", "{}", '["g"]', '["g",1]', "[" * 2000])
def test_a_wish_that_we_did_not_write_down_is_nothing_special(value: object) -> None:
    assert decode_wish(value) == Wish()
