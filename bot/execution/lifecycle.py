"""The life of a run, top to bottom: read this to know what happens, and what happens when a worker dies.

stage   what it does                                             the worker dies in it; the next one …
------  -------------------------------------------------------  --------------------------------------------------
check   people, plan and preflight once more; then `running`     checks again; nothing was done
stop    production servers off, last wave first; DR side off     reads the servers' states and goes on from there
submit  a last quick check, the fence row, then the POST, once   finds the fence and never sends; without it, sends
follow  the job to its end, or the group when there is no job    looks again
verify  did production really move: group, instances, pairs      looks again
start   new production servers on, by wave                       reads the servers' states and goes on from there
finish  the end, the login guidance, the words to the people     writes what is not written yet

Where no servers are to be stopped, nothing lies between check and submit: the run begins and is fenced in one
transaction, and the order leaves within the stage `check`.

Every stage works from the rows of our own tables and from what the cloud shows, so doing it twice is doing it once.
The journal of the engine only remembers which stage comes next; a run that nobody has ever worked on need not ask it
before its first stage. Cancel is heard in every stage before the fence; then the servers that this run stopped are
started again. What cannot be told ends in `needs a person`, never in a guess.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from bot.call_log import about
from bot.execution.check import check
from bot.execution.endings import lose_sight
from bot.execution.engine import Journal
from bot.execution.finish import finish
from bot.execution.follow import follow
from bot.execution.footing import Key, Parts
from bot.execution.stage import Stage
from bot.execution.start import start_servers
from bot.execution.stop import stop_servers
from bot.execution.submit import submit
from bot.execution.verify import verify

log = logging.getLogger(__name__)

StageWork = Callable[[Parts, Key], Awaitable[Stage]]

WORK: Mapping[Stage, StageWork] = MappingProxyType(
    {
        Stage.CHECK: check,
        Stage.STOP: stop_servers,
        Stage.SUBMIT: submit,
        Stage.FOLLOW: follow,
        Stage.VERIFY: verify,
        Stage.START: start_servers,
        Stage.FINISH: finish,
    }
)


async def live(parts: Parts, key: Key, journal: Journal) -> None:
    """Run the stages of one request, each as one step of the engine, from the first to the last."""
    stage = Stage.CHECK
    while stage is not Stage.OVER:
        if stage is Stage.FOLLOW or (stage is Stage.CHECK and journal.is_new):
            stage = await _before_the_step(parts, key, journal, stage)
        else:
            stage = Stage(await journal.once(stage, lambda now=stage: _do(parts, key, now)))  # type: ignore[misc]  # default binds the loop's value


async def _before_the_step(parts: Parts, key: Key, journal: Journal, stage: Stage) -> Stage:
    """Do the stage, then keep its word: the journal is not asked before.

    The first stage of a run that nobody has ever worked on: there is no word yet, and the order would wait for the
    answer. A worker that dies before the word is kept leaves a run that is not new, and the next one asks first.

    `follow`: thousands stand here for hours, and a step would hold as much again about each of them. A run that comes
    here again although its word is kept looks once more, reads in its own rows that the reversal is done, and is told
    the word that was kept.
    """
    return Stage(await journal.keep(stage, await _do(parts, key, stage)))


async def _do(parts: Parts, key: Key, stage: Stage) -> str:
    """One stage. What nobody expected is caught here: an engine step that raises would end the run for good, unseen."""
    parts.reach(f"before {stage}")
    try:
        with about(key.request_id):
            following = await WORK[stage](parts, key)
    except Exception as error:
        log.exception("Stage %s of %s failed", stage, key.request_id)
        parts.metrics.count("unexpected_errors", stage=stage.value)
        following = await lose_sight(parts, key, f"The bot met an error it does not know ({type(error).__name__}).")
    log.info("%s is done, next: %s", stage, following)
    parts.reach(f"after {stage}")
    return following.value
