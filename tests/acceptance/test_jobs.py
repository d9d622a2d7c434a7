"""Following the job through everything that can go wrong with it: no end is guessed, and no order is sent again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import pytest
import pytest_asyncio

from bot.demo.sdrs import Ends, Fault, JobFate, Leaves, Pace, Server, SimulatedCloud, bad_gateway
from tests.acceptance.conftest import an_evening
from tests.acceptance.people import Evening, Thing

pytestmark = pytest.mark.asyncio(loop_scope="module")

REASON = "SdrsReverseProtectionGroupTask-fail:SDRS.0011:Client error : "
REASON += json.dumps({"badRequest": {"message": "Reverse error: volume is busy", "code": 400}})
PACE = Pace(reverse_seconds=3, sub_job_seconds=0.5, stop_seconds=0.3, start_seconds=0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How the job goes, what reading it meets with, and what is true in the end."""

    fate: JobFate | None = None
    reading: Fault | None = None
    state: str = "verified"
    words: tuple[str, ...] = ("*Verified*",)


def unverified(leaves: Leaves, *words: str) -> Case:
    told = ("The job is done, but this is *not verified*", "FINISHED, NOT VERIFIED", *words)
    return Case(fate=JobFate(leaves=leaves), state="unverified", words=told)


def reading(**fault: object) -> Case:
    """Reading fails for a while, the job does not care."""
    return Case(reading=Fault(match="", **fault))  # type: ignore[arg-type]


CASES = {
    "fails": Case(
        fate=JobFate(ends=Ends.FAIL, fail_reason=REASON),
        state="failed",
        words=(
            "The job *failed*",
            "Another part of the cloud refused the service.",
            "The cloud's own words: “SDRS.0011: Reverse error: volume is busy”.",
            "Reference: SDRS.0011, request",
            "those that were stopped are still off",
            "FAILED",
        ),
    ),
    "stuck": Case(
        fate=JobFate(ends=Ends.NEVER),
        state="needs_person",
        words=("A person must look", "has come to no end in 12 s", "It may still be running"),
    ),
    "strange": Case(
        fate=JobFate(shows_status="PAUSED"),
        state="needs_person",
        words=("A person must look", "“PAUSED”, a word this bot does not know"),
    ),
    "vanishes": Case(fate=JobFate(ends=Ends.VANISHES), words=("I follow the group's status instead", "*Verified*")),
    "not-found": reading(status=404, body={"itemNotFound": {"message": "no such job", "code": 404}}),
    "throttled": reading(status=429, headers={"Retry-After": "1"}, times=2),
    "flapping": reading(status=500, body={"error": {"code": "SDRS.0013", "message": "x"}}, every=2),
    "html": reading(status=502, body=bad_gateway("").body, times=4),
    "dropped": reading(drop="before", times=3),
    "reversing": unverified(Leaves.GROUP_REVERSING, "reversing"),
    "group-stays": unverified(Leaves.GROUP_STATION),
    "instance-stays": unverified(Leaves.INSTANCE_STATION),
    "pair-stays": unverified(Leaves.PAIR_STATION),
}
ORDERS = 3  # servers off, the reversal, servers on
ENVIRONMENT = {"JOB_LIMIT_SECONDS": "12", "VERIFY_LIMIT_SECONDS": "4"}


def furnish(cloud: SimulatedCloud) -> None:
    project = next(iter(cloud.world.projects.values()))
    for name in (*CASES, "renewed"):
        servers = [Server(name=f"{name}-db"), Server(name=f"{name}-web")]
        group = project.add_group(f"pg-{name}", servers=servers, last_drill_days_ago=1)
        if (case := CASES.get(name)) and case.fate:
            cloud.faults.add(Fault(match=rf"POST .*/server-groups/{group.id}/action", fate=case.fate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    evening: Evening
    cards: dict[str, Thing]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night() -> AsyncIterator[Night]:
    groups = tuple(f"pg-{name}" for name in (*CASES, "renewed"))
    async with an_evening(furnish, groups=groups, pace=PACE, environment=ENVIRONMENT) as evening:
        night = Night(evening=evening, cards={})
        for name, case in CASES.items():
            night.cards[name] = await evening.run(f"pg-{name}")
            if case.reading:
                await trouble_reading(evening, f"pg-{name}", case.reading)
        yield night


async def trouble_reading(evening: Evening, group: str, fault: Fault) -> None:
    job_id = await evening.see(lambda: job_of(evening, group))
    fields = {key: getattr(fault, key) for key in fault.__dataclass_fields__}
    evening.on.cloud.faults.add(Fault(**{**fields, "match": f"GET /sdrs/.*/jobs/{job_id}"}))


def job_of(evening: Evening, group: str) -> str | None:
    found = evening.on.cloud.reversals().get(evening.group(group).id)
    return found.accepted[0].job_id if found and found.accepted else None


@pytest.mark.parametrize("name", CASES)
async def test_a_job_is_followed_to_its_true_end(night: Night, name: str) -> None:
    case, evening, card = CASES[name], night.evening, night.cards[name]
    await evening.state_is(f"pg-{name}", case.state, 40)
    for words in case.words:
        await evening.line(card, words)
    assert evening.attempts(f"pg-{name}") == 1
    if case.state != "verified":
        assert evening.said(card, "*Verified*") is None


async def test_a_token_that_ends_in_the_middle_is_renewed_once_and_nobody_notices(night: Night) -> None:
    evening = night.evening
    card = await evening.run("pg-renewed")
    await evening.see(lambda: job_of(evening, "pg-renewed"))
    before = len(sign_ins(evening))
    evening.on.cloud.expire_tokens()
    assert "VERIFIED" in await evening.ended(card)
    assert len(sign_ins(evening)) == before + 1
    assert evening.attempts("pg-renewed") == 1


async def test_the_calls_of_a_run_are_kept_for_its_evidence_and_polls_are_thinned(night: Night) -> None:
    evening = night.evening
    await evening.state_is("pg-html", "verified")
    job = f"/jobs/{job_of(evening, 'pg-html')}"
    answered = [call.status for call in evening.on.cloud.calls if call.path.endswith(job)]
    assert 502 in answered
    news = [status for status, _ in groupby(answered)]
    assert len(news) < len(answered), "a read that fails is repeated at once, so some answers say the same again"

    def told() -> list[tuple[int, str]]:
        return [(status, summary) for _, path, status, summary in kept(evening) if path.endswith(job)]

    await evening.see(lambda: told()[-1:] == [(200, "Reading the job: SUCCESS")])
    assert [status for status, _ in groupby(told(), key=itemgetter(0))] == news
    assert [answer for answer, _ in groupby(told())] == told(), "only what the job says anew is kept"
    await evening.see(lambda: len([path for method, path, *_ in kept(evening) if method == "POST"]) == ORDERS)


def kept(evening: Evening) -> list[tuple[str, str, int, str]]:
    statement = "select c.method, c.path, c.status, c.summary from cloud_call c join request r on r.id = c.request_id "
    return evening.query(statement + "where r.group_id = ? order by c.id", evening.group("pg-html").id)


def sign_ins(evening: Evening) -> list[object]:
    return [call for call in evening.on.cloud.calls if call.method == "POST" and call.path.endswith("/auth/tokens")]
