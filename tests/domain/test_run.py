"""What an observation means: every status of the group after an attempt, every job, and what "verified" takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import FailedTask, Group, Job, JobId, Site
from bot.domain.plan import Options, plan_of
from bot.domain.request import RequestId
from bot.domain.run import Attempt, Progress, Sight, progress_of, seen_group_after_attempt, unverified

from .facts import NOW, group, moved, snapshot, with_group, with_instance, with_pair, with_target_server
from .requests import request
from .test_preflight import GROUP_STATUSES


def attempt_on(before: Group) -> Attempt:
    return Attempt(
        request_id=RequestId("r-1"),
        group_status=before.status,
        priority_station=before.priority_station,
        group_updated_at=before.updated_at,
        executor="worker-1",
        at=NOW,
    )


def failure(began_at: str, status: str = "reverseFail") -> FailedTask:
    return FailedTask(
        resource_name="pg-erp",
        resource_type="server_groups",
        failure_status=status,
        error_code="SDRS.1029",
        reason="",
        began_at=began_at,
        job_id=JobId("j"),
    )


def look(*tasks: FailedTask, before: Group | None = None, **now: str) -> Sight:
    before = before or group()
    return seen_group_after_attempt(attempt_on(before), replace(before, **now), Site.TARGET, tasks)


@pytest.mark.parametrize(
    ("status", "station", "sight"),
    [
        ("reversing", "source", Sight.UNDERWAY),
        ("reversing", "target", Sight.UNDERWAY),
        ("protected", "target", Sight.DONE),
        ("protected", "source", Sight.UNCHANGED),
        ("error-reversing", "source", Sight.FAILED),
        ("error-reversing", "target", Sight.FAILED),
        ("failing-over", "source", Sight.UNKNOWN),
        ("available", "source", Sight.UNKNOWN),
        ("something-new", "target", Sight.UNKNOWN),
    ],
)
def test_the_group_tells_what_became_of_an_order_whose_answer_was_lost(status: str, station: str, sight: Sight) -> None:
    assert look(status=status, priority_station=station, updated_at="later") is sight


def test_a_group_that_was_failed_before_the_retry_is_not_taken_for_a_new_failure() -> None:
    before = replace(group(), status="error-reversing")
    assert look(before=before) is Sight.UNCHANGED
    assert look(before=before, updated_at="later") is Sight.FAILED


@pytest.mark.parametrize(
    ("task", "sight"),
    [
        (failure("2026-03-02T20:00:30.000Z"), Sight.FAILED),
        (failure("2026-03-02 20:00:30.000"), Sight.FAILED),
        (failure("2026-03-02T19:00:00.000Z"), Sight.UNCHANGED),
        (failure("2026-03-02T20:00:30.000Z", "startFail"), Sight.UNCHANGED),
        (failure("no time"), Sight.UNCHANGED),
        (failure(""), Sight.UNCHANGED),
    ],
)
def test_a_failed_task_counts_only_when_it_is_a_reversal_that_began_with_the_attempt(
    task: FailedTask, sight: Sight
) -> None:
    assert look(task) is sight


@given(
    st.sampled_from([*GROUP_STATUSES, ""]),
    st.sampled_from(["source", "target", "", "moon"]),
    st.sampled_from(["protected", "error-reversing"]),
    st.booleans(),
    st.sampled_from(Site),
)
def test_every_look_has_a_meaning_and_done_is_never_guessed(
    status: str, station: str, before_status: str, has_failed_task: bool, to: Site
) -> None:
    before = replace(group(), status=before_status)
    now = replace(before, status=status, priority_station=station)
    tasks = (failure("2026-03-02T20:00:30Z"),) if has_failed_task else ()
    sight = seen_group_after_attempt(attempt_on(before), now, to, tasks)
    assert sight in Sight
    assert (sight is Sight.DONE) == (status == "protected" and station == to)


def job(status: str, *subs: Job) -> Job:
    return Job(id=JobId("j"), type="t", status=status, sub_jobs=subs)


@pytest.mark.parametrize(
    ("seen", "progress"),
    [
        (job("RUNNING"), Progress(done=0, total=0)),
        (job("RUNNING", job("SUCCESS"), job("RUNNING")), Progress(done=1, total=2)),
        (job("FAIL", job("SUCCESS"), job("FAIL")), Progress(done=2, total=2, failed=1)),
        (job("RUNNING", job("RUNNING", job("SUCCESS"), job("INIT")), job("ODD")), Progress(done=1, total=3)),
    ],
)
def test_progress_counts_the_innermost_sub_jobs(seen: Job, progress: Progress) -> None:
    assert progress_of(seen) == progress


PLAN = plan_of(snapshot(), Site.TARGET, Options(), "v1")


def test_production_is_verified_when_group_instances_and_pairs_say_so() -> None:
    assert unverified(moved(snapshot()), PLAN) == ()
    assert unverified(snapshot(), replace(PLAN, to=Site.SOURCE)) == ()


NOT_YET = {
    "status": (lambda facts: with_group(facts, status="reversing"), "reversing"),
    "group": (lambda facts: with_group(facts, priority_station="source"), "source site"),
    "instance": (lambda facts: with_instance(facts, priority_station="source"), "db-1"),
    "pair": (lambda facts: with_pair(facts, priority_station="source"), "pair-db-1"),
    "zone": (lambda facts: with_target_server(facts, zone="eu-de-03"), "not in eu-de-02: db-1"),
    "server gone": (lambda facts: with_instance(facts, at_target=None), "not seen: db-1"),
    "pair gone": (lambda facts: replace(facts, pairs=facts.pairs[1:]), "p-db-1"),
}


@pytest.mark.parametrize(("spoil", "words"), NOT_YET.values(), ids=NOT_YET)
def test_each_thing_that_is_not_true_yet_is_named_alone(spoil, words: str) -> None:
    (sentence,) = unverified(spoil(moved(snapshot())), PLAN)
    assert words in sentence


def test_an_expired_request_is_expired_from_the_very_moment_on() -> None:
    ask = request()
    assert not ask.is_expired(ask.expires_at - timedelta(microseconds=1))
    assert ask.is_expired(ask.expires_at)
