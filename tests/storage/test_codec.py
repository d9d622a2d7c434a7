"""Whatever the domain can say survives being stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain.facts import Group, Job, Snapshot
from bot.domain.plan import Options, Plan
from bot.domain.preflight import Finding
from bot.domain.request import Approval
from bot.domain.run import Attempt, Run
from bot.domain.text import whole
from storage.codec import decode, decode_facts, encode, encode_facts
from tests.storage.samples import group, plan, request

KINDS: list[Any] = [Group, Job, Snapshot, Options, Plan, tuple[Finding, ...], Approval, Run, Attempt]

MOMENTS = st.datetimes(timezones=st.just(UTC))
WORDS = st.text(st.characters())  # halves of surrogate pairs too
LEAVES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | WORDS | MOMENTS
FACTS = st.dictionaries(WORDS, LEAVES | st.lists(LEAVES))
JOBS = st.recursive(
    st.builds(Job, sub_jobs=st.just(())),
    lambda jobs: st.builds(Job, sub_jobs=st.lists(jobs, max_size=3).map(tuple)),
    max_leaves=5,
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    with_times = {
        Run: lambda: st.builds(Run, job=st.none() | JOBS),
        Job: lambda: JOBS,
    }
    return with_times.get(kind, lambda: st.from_type(kind))()


@pytest.fixture(scope="module", autouse=True)
def _times_have_a_zone() -> Any:
    from datetime import datetime

    st.register_type_strategy(datetime, MOMENTS)
    yield
    st.register_type_strategy(datetime, st.datetimes())


@pytest.mark.parametrize("kind", KINDS, ids=str)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_value_comes_back_equal(kind: Any, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    assert decode(encode(value, kind), kind) == value


@given(FACTS)
@settings(max_examples=60, deadline=None)
def test_facts_read_back_are_written_the_same_again(facts: dict[str, object]) -> None:
    encode_facts(facts).encode()
    once = decode_facts(encode_facts(facts))
    assert decode_facts(encode_facts(once)) == once


@given(WORDS)
def test_whatever_a_name_holds_its_plan_can_be_stored_and_read(name: str) -> None:
    stored = encode(replace(plan(), group_name=name), Plan)
    assert decode(stored, Plan).group_name == whole(name)


def test_a_stored_plan_has_the_digest_that_was_approved() -> None:
    assert decode(encode(plan(servers=3), Plan), Plan).digest == plan(servers=3).digest


def test_a_field_of_a_newer_version_is_ignored() -> None:
    stored = json.loads(encode(request().snapshot, Snapshot))
    stored["weather"] = "fine"
    stored["group"]["mood"] = {"good": True}
    assert decode(json.dumps(stored), Snapshot) == request().snapshot


def test_a_field_that_an_older_version_has_not_written_gets_its_default() -> None:
    stored = json.loads(encode(group(), Group))
    del stored["drill_count"]
    assert decode(json.dumps(stored), Group) == group()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"project": 1}'])
def test_a_row_that_was_damaged_by_hand_is_not_taken_for_a_value(text: str) -> None:
    with pytest.raises(ValidationError):
        decode(text, Group)
