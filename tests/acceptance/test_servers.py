"""Servers around the reversal: the last wave off first, the first wave on first, and all of them back on a cancel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.demo.reading import has_button, words_of
from bot.demo.sdrs import Pace, Server, SimulatedCloud, SoftStop
from tests.acceptance.conftest import an_evening
from tests.acceptance.people import Evening, Thing, servers_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = Pace(reverse_seconds=1, sub_job_seconds=0.3, stop_seconds=0.4, start_seconds=0.4)
STUBBORN = ("force", "wait", "cancel", "requester")
GROUPS = ("pg-waves", "pg-off", "pg-left-off", "pg-twin", "pg-slow", *(f"pg-{answer}" for answer in STUBBORN))


def furnish(cloud: SimulatedCloud) -> None:
    project = next(iter(cloud.world.projects.values()))

    def group(name: str, *servers: Server) -> None:
        project.add_group(f"pg-{name}", servers=servers, last_drill_days_ago=1)

    group("waves", *(Server(name=f"w{wave}{letter}", wave=wave) for wave in (1, 2, 3) for letter in "ab"))
    group("off", Server(name="off-db", running=False))
    group("left-off", Server(name="left-db"))
    group("twin", Server(name="twin-db"))
    group("slow", Server(name="slow-web", wave=2), Server(name="slow-db", wave=1, soft_stop=SoftStop.HANGS))
    for answer in STUBBORN:
        group(answer, Server(name=f"{answer}-web", wave=2), Server(name=f"{answer}-db", wave=1))
        project.machine(f"{answer}-db").soft_stop = SoftStop.FAILS if answer == "cancel" else SoftStop.HANGS


CHOICES = {"pg-off": {"stop_servers": "stopped_already"}, "pg-left-off": {"start_servers": "leave_off"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    evening: Evening
    cards: dict[str, Thing]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night() -> AsyncIterator[Night]:
    """All groups but one are asked for, approved and on their way; each has channels of its own."""
    async with an_evening(furnish, groups=GROUPS, pace=PACE, environment={"STOP_LIMIT_SECONDS": "2"}) as evening:
        running = [group for group in GROUPS if group != "pg-twin"]
        yield Night(
            evening=evening, cards={group: await evening.run(group, **CHOICES.get(group, {})) for group in running}
        )


@pytest.fixture
def evening(night: Night) -> Evening:
    return night.evening


def ordered(evening: Evening, group: str, verb: str) -> list[list[str]]:
    """The names of the servers in each order to stop (`os-stop`) or start, in the order in which they were given."""
    names = {machine.id: machine.name for machine in evening.project.machines.values()}
    orders = [call for call in evening.orders(group) if isinstance(call.body, dict) and verb in call.body]
    return [sorted(names[one["id"]] for one in servers_of(call)) for call in orders]


def power(evening: Evening, *names: str) -> list[str]:
    evening.on.cloud.settle()
    return [evening.project.machine(name).status for name in names]


async def test_the_last_wave_stops_first_and_the_first_wave_starts_first(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-waves"]
    assert "VERIFIED" in await evening.ended(card)
    assert ordered(evening, "pg-waves", "os-stop") == [["w3a", "w3b"], ["w2a", "w2b"], ["w1a", "w1b"]]
    assert ordered(evening, "pg-waves", "os-start") == [[f"w{n}a-dr", f"w{n}b-dr"] for n in (1, 2, 3)]
    assert await evening.line(card, "6 of 6 servers are running.")
    assert evening.said(card, "Starting wave 1 of 3: w1a, w1b.")


async def test_servers_that_are_stopped_already_get_no_order(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-off"]
    assert "VERIFIED" in await evening.ended(card)
    assert ordered(evening, "pg-off", "os-stop") == []
    assert power(evening, "off-db", "off-db-dr") == ["SHUTOFF", "ACTIVE"]


async def test_servers_that_are_to_be_left_off_are_not_started(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-left-off"]
    assert "Skipped" in await evening.ended(card)
    assert ordered(evening, "pg-left-off", "os-start") == []
    assert power(evening, "left-db", "left-db-dr") == ["SHUTOFF", "SHUTOFF"]


async def test_servers_said_to_be_off_that_run_are_an_error_in_the_form(evening: Evening) -> None:
    told = await evening.submit("pg-twin", stop_servers="stopped_already")
    assert "still running: twin-db" in told
    assert "The request says that they are stopped already." in told
    assert evening.cards(evening.room_of("pg-twin")) == []


async def test_a_dr_server_that_was_started_meanwhile_sends_the_plan_back_to_the_approvers(evening: Evening) -> None:
    card = await evening.ask("pg-twin")
    evening.project.machine("twin-db-dr").status = "ACTIVE"
    await evening.approve(card)
    newest = await evening.see(
        lambda: next((c for c in evening.cards(card["channel"]) if "BLOCKED" in words_of(c)), None)
    )
    assert "running at the site that production moves to: twin-db-dr" in words_of(newest)
    assert not has_button(newest, "approve")
    assert evening.state("pg-twin") == "pending"
    assert (evening.attempts("pg-twin"), ordered(evening, "pg-twin", "os-stop")) == (0, [])


async def question(evening: Evening, card: Thing) -> Thing:
    return await evening.see(lambda: next((m for m in evening.replies(card) if has_button(m, "hard_stop")), None))


async def answer(evening: Evening, card: Thing, word: str) -> str:
    asked = await question(evening, card)
    await evening.amir.click(asked, "hard_stop")
    view = await evening.see(lambda: evening.view_of(evening.amir, "How should the run go on?"))
    assert await evening.amir.submit(view, {"answer": word}) is None
    told = await evening.see(lambda: evening.view_of(evening.amir, "answer"))
    return words_of(told)


async def test_a_server_that_does_not_stop_is_forced_only_when_a_person_says_so(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-force"]
    assert "force-db" in await evening.line(card, "These servers do not stop")
    assert evening.attempts("pg-force") == 0
    assert "noted" in await answer(evening, card, "force")
    assert "VERIFIED" in await evening.ended(card)
    assert "Forced off" in await evening.ended(card)
    assert await evening.line(card, "decided to force these servers off: force-db")
    hard = [c for c in evening.orders("pg-force") if isinstance(c.body, dict) and "HARD" in str(c.body)]
    assert len(hard) == 1


async def test_waiting_on_asks_again_and_goes_on_when_the_server_is_off(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-wait"]
    await answer(evening, card, "wait")
    machine = evening.project.machine("wait-db")
    machine.status, machine.task_state = "SHUTOFF", None
    assert "VERIFIED" in await evening.ended(card)
    assert evening.attempts("pg-wait") == 1


async def test_cancelling_instead_of_forcing_starts_the_stopped_servers_again(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-cancel"]
    assert "Stopping the servers failed in the cloud" in words_of(await question(evening, card))
    await answer(evening, card, "cancel")
    assert "CANCELLED" in await evening.ended(card)
    assert power(evening, "cancel-web", "cancel-db") == ["ACTIVE", "ACTIVE"]
    assert evening.attempts("pg-cancel") == 0


async def test_cancel_before_the_reversal_starts_the_same_servers_again(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-slow"]
    progress = await evening.see(
        lambda: next((m for m in evening.replies(card) if "1 of 2 servers" in str(m.get("blocks"))), None)
    )
    told = await evening.whispered(evening.amir, progress, "cancel")
    assert "Cancelling. The servers that were stopped are started again; nothing is reversed." in told
    machine = evening.project.machine("slow-db")
    machine.status, machine.task_state = "ACTIVE", None
    assert "CANCELLED" in await evening.ended(card)
    assert power(evening, "slow-web", "slow-db") == ["ACTIVE", "ACTIVE"]
    assert evening.attempts("pg-slow") == 0
    assert await evening.line(card, "*Cancelled* before the reversal.")
    assert not any(has_button(message, "hard_stop") for message in evening.replies(card))


async def test_only_approvers_answer_for_servers_that_do_not_stop(night: Night) -> None:
    evening, card = night.evening, night.cards["pg-requester"]
    asked = await question(evening, card)
    await evening.pat.click(asked, "hard_stop")
    assert await evening.see(lambda: evening.view_of(evening.pat, "You are not an approver of this group."))
    assert evening.audited("pg-requester")[-1] == ("answer", "not_approver")
    assert evening.state("pg-requester") == "running"
