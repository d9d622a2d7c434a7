"""The ways a run can end, and the way back to the approvers: each is one transaction, and twice is once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bot.domain.errors import Problem
from bot.domain.lines import Line, LineKind, line
from bot.domain.request import Event, Request
from bot.domain.run import Question, Run, Step, StepState
from bot.domain.surface import Place, PlaceKind
from bot.execution.footing import Footing, Key, Parts, change, mark
from bot.execution.stage import Stage
from bot.ports import Transaction
from bot.service.changes import BOT, advance, save_run, say, show, tell_requester


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is written when a run ends: the event, the words, the step it ended in, and fields of the new row."""

    event: Event
    words: Line
    problem: Problem | None = None
    step: Step | None = None
    request: Request | None = None  # the row as it should be, where somebody has edited it
    fields: tuple[tuple[str, Any], ...] = ()


async def end(parts: Parts, key: Key, ending: Ending) -> Stage:
    parts.reach(f"before ending {ending.event}")
    await change(parts, key, lambda tx, now: write_ending(tx, now, ending))
    parts.reach(f"after ending {ending.event}")
    parts.fresh.pop(key.request_id, None)
    parts.metrics.count("endings", event=ending.event.value)
    return Stage.OVER


def write_ending(tx: Transaction, now: Footing, ending: Ending) -> None:
    run = replace(now.run, problem=ending.problem or now.run.problem, question=None, question_subjects=())
    if ending.event is not Event.LOSE_SIGHT:
        run = replace(run, ended_at=tx.now)
    if ending.step is not None:
        run = mark(run, ending.step, StepState.FAILED, tx.now)
    if now.run.started_at is not None:
        save_run(tx, run)
    moved = advance(tx, ending.request or now.request, ending.event, BOT, **dict(ending.fields))
    if moved is not None:
        if now.run.question is not None:
            show(tx, moved, Place(PlaceKind.QUESTION, now.run.question.value))
        say(tx, moved, ending.words, once=f"{ending.words.kind}.{now.request.revision}")
        if ending.event is Event.EXPIRE:
            tell_requester(tx, moved, ending.words)


async def fail(parts: Parts, key: Key, problem: Problem, words: Line, *, step: Step) -> Stage:
    return await end(parts, key, Ending(event=Event.FAIL, words=words, problem=problem, step=step))


async def lose_sight(parts: Parts, key: Key, what: str, problem: Problem | None = None) -> Stage:
    """Nobody can tell: say so, ask a person, and let *Look again* read once more. Nothing is ever sent again."""
    parts.metrics.count("needs_person")

    def work(tx: Transaction, now: Footing) -> None:
        run = now.run if now.run.started_at else replace(now.run, started_at=tx.now, executor=parts.executor)
        asking = replace(run, question=Question.LOOK_AGAIN, question_subjects=(), problem=problem or run.problem)
        moved = advance(tx, now.request, Event.LOSE_SIGHT, BOT)
        if moved is None:
            return
        save_run(tx, asking)
        say(tx, moved, line(LineKind.NEEDS_PERSON, what=what))
        show(tx, moved, Place(PlaceKind.QUESTION, Question.LOOK_AGAIN.value))

    await change(parts, key, work)
    parts.fresh.pop(key.request_id, None)
    return Stage.OVER


def without_question(run: Run) -> Run:
    """The answer stays: the message that asked shows it."""
    return replace(run, question=None, question_subjects=())
