"""Opening a restored database again: what it believes beside what the cloud shows, and a person's word for it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cli.cloud import CloudProblems, opened_cloud
from bot.cli.desk import NobodyToWake
from bot.cli.policy import loaded
from bot.cli.reading import existing_database
from bot.cli.say import harmless, policy_file, stop_with
from bot.clock import SystemClock
from bot.domain.audit import Entry
from bot.execution.footing import Parts
from bot.execution.poller import Poller
from bot.execution.restored import Restored
from bot.operators import FixedPolicy, OperatorPeople, this_operator, this_place
from bot.ports import Cloud, StoreError
from storage.unit_of_work import SqlStore

NOT_RESTORED = "This database does not look like a restored backup. Nothing was changed."
OPEN_AGAIN = (
    "Confirmed. Whatever was approved before can only be looked at again, never submitted twice. "
    "Restart the bot's processes: they work on the database as soon as they start."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is told; `is_open_question` while a person has not said yes."""

    sentences: tuple[str, ...]
    is_open_question: bool = False


async def confirm(*, is_sure: bool) -> Outlook:
    """Ends the command with sentences when database, policy or cloud can't be used."""
    try:
        async with opened_cloud() as cloud:
            return await _confirm(cloud, is_sure=is_sure)
    except (CloudProblems, StoreError) as problem:
        stop_with(*(problem.sentences if isinstance(problem, CloudProblems) else (problem.sentence,)))


async def _confirm(cloud: Cloud, *, is_sure: bool) -> Outlook:
    database = existing_database()
    store = SqlStore(database)
    restored = Restored(_parts(store, cloud), database.engine)
    try:
        if not await restored.is_suspected():
            return Outlook(sentences=(NOT_RESTORED,))
        findings = await restored.findings() or ["No request is open in this database."]
        shown = tuple(map(harmless, findings))
        if not is_sure:
            return Outlook(sentences=shown, is_open_question=True)
        entry = Entry(action="confirm_restored", outcome="done", actor=this_operator(), surface=this_place())
        await store.run(lambda tx: tx.audit.append(entry))
        await restored.confirm()
        return Outlook(sentences=(*shown, OPEN_AGAIN))
    finally:
        store.close()
        database.close()


def _parts(store: SqlStore, cloud: Cloud) -> Parts:
    """Only store and cloud are used here; nothing is executed in this process."""
    policies = FixedPolicy(loaded(policy_file()))
    return Parts(
        store=store,
        cloud=cloud,
        people=OperatorPeople(policies),
        policy_source=policies,
        notifier=NobodyToWake(),
        clock=SystemClock(),
        poller=Poller(),
        executor=this_place(),
        is_ours=lambda: False,
    )
