"""Did production really move? The job's word is not enough: group, instances and pairs must say so themselves."""

from __future__ import annotations

from bot.domain.errors import Problem
from bot.domain.facts import Snapshot
from bot.domain.lines import LineKind, line
from bot.domain.run import Step, StepState, unverified
from bot.execution.footing import Footing, Key, Parts, change, mark, save_if_new, stand
from bot.execution.stage import Stage
from bot.execution.stale import Staleness
from bot.ports import Transaction
from bot.service.changes import save_run, say


async def verify(parts: Parts, key: Key) -> Stage:
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    await change(parts, key, _begin)
    verifying = Verifying(parts, key, now)
    return await parts.poller.watch(verifying.look, verifying.heed, pace=parts.timing.job_poll)


def _begin(tx: Transaction, now: Footing) -> None:
    save_if_new(tx, now.run, mark(now.run, Step.VERIFY, StepState.RUNNING, tx.now))


class Verifying:
    """Looks until everything is true, or until waiting longer would only hide that it is not."""

    def __init__(self, parts: Parts, key: Key, now: Footing) -> None:
        self.parts, self.key, self.now = parts, key, now
        self.staleness = Staleness(parts)
        self.until = parts.clock.monotonic() + parts.timing.verify_seconds

    async def look(self) -> Snapshot:
        return await self.parts.cloud.snapshot(self.now.plan.project, self.now.plan.group_id)

    async def heed(self, seen: Snapshot | Problem) -> Stage | None:
        is_late = self.parts.clock.monotonic() >= self.until
        if isinstance(seen, Problem):
            await self.staleness.note(self.key, seen)
            return await self.give_up((seen.what,)) if is_late else None
        await self.staleness.clear(self.key)
        missing = unverified(seen, self.now.plan)
        if not missing:
            return await self.succeed(seen)
        return await self.give_up(missing) if is_late else None

    async def succeed(self, seen: Snapshot) -> Stage:
        def work(tx: Transaction, now: Footing) -> None:
            save_run(tx, mark(now.run, Step.VERIFY, StepState.DONE, tx.now))
            say(tx, now.request, line(LineKind.VERIFIED, zone=now.request.to_zone), once="verified")

        await change(self.parts, self.key, work)
        return Stage.START if self.now.plan.start_servers else Stage.FINISH

    async def give_up(self, missing: tuple[str, ...]) -> Stage:
        """Servers are not started on a site that nobody saw become production: that is for people to decide."""

        def work(tx: Transaction, now: Footing) -> None:
            run = mark(now.run, Step.VERIFY, StepState.FAILED, tx.now, note="; ".join(missing))
            save_run(tx, mark(run, Step.START, StepState.SKIPPED, tx.now, note="not verified"))
            say(tx, now.request, line(LineKind.UNVERIFIED, missing=list(missing)), once="unverified")

        await change(self.parts, self.key, work)
        return Stage.FINISH
