"""A request whose outcome nobody could tell: its question is open until somebody answers it, and no longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.request import Request, State
from bot.domain.run import Question, Run
from bot.ports import Transaction
from bot.service.outcomes import Done, NothingToAnswer
from bot.service.steering import LOST, close, look_again
from tests.service.bench import Bench, click


@pytest.fixture
async def lost(bench: Bench) -> Request:
    """As `lose_sight` leaves it."""
    request = await bench.asked()
    lost = replace(request, state=State.NEEDS_PERSON)

    def lose(tx: Transaction) -> None:
        assert tx.requests.move(request, lost)
        tx.runs.save(Run(request_id=request.id, revision=1, question=Question.LOOK_AGAIN))
        tx.surfaces.want(request.id, LOST)

    await bench.store.run(lose)
    return lost


async def changes_of_the_question(bench: Bench, request: Request) -> int:
    found = await bench.store.read(lambda tx: tx.surfaces.find(request.id, LOST))
    assert found is not None
    return found.wanted


async def test_a_closed_request_leaves_no_question_open(bench: Bench, lost: Request) -> None:
    assert isinstance(await close(bench.desk, click(lost, reason="The console shows nothing")), Done)
    run = (await bench.view(lost)).run
    assert run is not None
    assert run.question is None
    assert await changes_of_the_question(bench, lost) == 2, "its message is drawn anew, without buttons"
    assert isinstance(await look_again(bench.desk, click(lost)), NothingToAnswer)


async def test_looking_again_answers_the_question(bench: Bench, lost: Request) -> None:
    assert isinstance(await look_again(bench.desk, click(lost)), Done)
    assert await changes_of_the_question(bench, lost) == 2
    assert bench.enqueued == [(lost.id, 1)]
