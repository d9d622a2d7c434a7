"""Back to the approvers: a new revision of the plan, earlier approvals void, the difference shown."""

from __future__ import annotations

from bot.domain.lines import LineKind, line
from bot.domain.policy import rule_for
from bot.domain.request import Event
from bot.domain.run import Run
from bot.execution.footing import Footing, Key, Parts, change
from bot.execution.stage import Stage
from bot.ports import Transaction
from bot.service.changes import BOT, advance, save_run, say
from bot.service.looking import Look


async def reapprove(parts: Parts, key: Key, why: tuple[str, ...], seen: Look) -> Stage:
    def work(tx: Transaction, now: Footing) -> None:
        request = now.request
        rule = rule_for(parts.policy_source.policy, seen.snapshot.group)
        moved = advance(
            tx,
            request,
            Event.DRIFT,
            BOT,
            revision=request.revision + 1,
            plan=seen.plan,
            snapshot=seen.snapshot,
            group=seen.snapshot.group,
            findings=seen.findings,
            environment=seen.environment or request.environment,
            plan_change=why,
            expires_at=tx.now + rule.request_ttl if rule else request.expires_at,
            decided_by=None,
            decided_at=None,
        )
        if moved is None:
            return
        if now.run.started_at is not None:
            save_run(tx, Run(request_id=request.id, revision=moved.revision))
        words = line(LineKind.DRIFTED, revision=moved.revision, changes=list(why))
        say(tx, moved, words, once=f"drifted.{moved.revision}")

    parts.reach("before drift")
    await change(parts, key, work)
    parts.reach("after drift")
    parts.metrics.count("drifts")
    return Stage.OVER
