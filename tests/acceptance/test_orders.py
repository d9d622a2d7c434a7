"""The one order, and every way in which the cloud may answer it: never a second POST, and the true end in words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from bot.demo.sdrs import Fault, Group, Server, SimulatedCloud, bad_gateway, expired_token
from tests.acceptance.conftest import an_evening
from tests.acceptance.people import Evening, Thing

pytestmark = pytest.mark.asyncio(loop_scope="module")


def action_of(group: Group) -> str:
    return rf"POST .*/server-groups/{group.id}/action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the cloud does with the order, and what is read in the end."""

    fault: Fault
    words: tuple[str, ...]
    end: str
    state: str
    runs_again: bool = False
    never: tuple[str, ...] = field(default=("VERIFIED",))


def refusal(words: str, **fault: object) -> Case:
    """Certainly nothing happened: the servers that were stopped run again."""
    return Case(
        fault=Fault(match="", times=1, **fault),  # type: ignore[arg-type]
        words=("The cloud refused the reversal; it did not happen.", words),
        end="FAILED",
        state="failed",
        runs_again=True,
    )


def lost(**fault: object) -> Case:
    """Nobody can tell, the group does not move: a person looks."""
    return Case(
        fault=Fault(match="", times=1, **fault),  # type: ignore[arg-type]
        words=("Sent, but the answer was lost", "A person must look", "Nothing is sent again by itself"),
        end="Needs a person",
        state="needs_person",
    )


def reconciled(**fault: object) -> Case:
    """The order had its effect although no answer said so: the group tells."""
    return Case(
        fault=Fault(match="", times=1, accepts=True, **fault),  # type: ignore[arg-type]
        words=("Sent, but the answer was lost", "Found out without sending again", "*Verified*"),
        end="VERIFIED",
        state="verified",
        never=("FAILED",),
    )


HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
CASES = {
    "400": refusal("A server at the current production site is still running", code="SDRS.1319"),
    "401": refusal("no longer accepted the bot's token", status=401, body=expired_token("").body),
    "403": refusal("may not call this API", status=403, body={"error": {"code": "SDRS.0004", "message": "no"}}),
    "404": refusal(
        "knows nothing under this address", status=404, body={"itemNotFound": {"message": "gone", "code": 404}}
    ),
    "409": refusal("Something else is being done", status=409, body={"conflict": {"message": "busy", "code": 409}}),
    "429": refusal("limiting calls", status=429, body=None, headers={"Retry-After": "1"}),
    "throttled": refusal("limiting calls", code="Common.0024"),
    "500": lost(status=500, body={"error": {"code": "SDRS.0013", "message": "internal"}}),
    "502": lost(status=502, body=bad_gateway("").body),
    "503": lost(status=503, body=""),
    "504": lost(status=504, body="upstream timed out"),
    "dropped-before": lost(drop="before"),
    "no-job": lost(status=200, body={}),
    "dropped": reconciled(drop="after_accepting"),
    "500-accepted": reconciled(status=500, body=HTML),
    "no-job-accepted": reconciled(status=200, body={}),
}
GROUPS = tuple(f"pg-{name}" for name in CASES)


def furnish(cloud: SimulatedCloud) -> None:
    project = next(iter(cloud.world.projects.values()))
    for name in CASES:
        project.add_group(f"pg-{name}", servers=[Server(name=f"{name}-db")], last_drill_days_ago=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    evening: Evening
    cards: dict[str, Thing]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night() -> AsyncIterator[Night]:
    """All cases at once: each has a group of its own, and is asked for, approved, and run."""
    async with an_evening(furnish, groups=GROUPS) as evening:
        cards = {}
        for name, case in CASES.items():
            group = evening.group(f"pg-{name}")
            fields = {key: getattr(case.fault, key) for key in case.fault.__dataclass_fields__}
            evening.on.cloud.faults.add(Fault(**{**fields, "match": action_of(group)}))
            cards[name] = await evening.run(group.name)
        yield Night(evening=evening, cards=cards)


@pytest.mark.parametrize("name", CASES)
async def test_an_order_is_sent_once_and_its_end_is_true(night: Night, name: str) -> None:
    case, evening, card = CASES[name], night.evening, night.cards[name]
    await evening.state_is(f"pg-{name}", case.state, 60)
    for words in case.words:
        await evening.line(card, words)
    assert evening.attempts(f"pg-{name}") == 1
    if case.runs_again:
        assert await evening.line(card, "Started again where they ran before: 1 of 1 servers")
        assert evening.project.machine(f"{name}-db").status == "ACTIVE"
    assert not any(re.search(word, text) for text in evening.thread(card) for word in case.never)
