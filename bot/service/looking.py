"""One look at a group, made into a plan and findings, and whether a request has drifted from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts import Site, Snapshot
from bot.domain.plan import Options, Plan, plan_of
from bot.domain.policy import Policy, rule_for
from bot.domain.preflight import Finding, Verdict, check, verdict
from bot.domain.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A snapshot with the plan it leads to and what the checks found in it."""

    snapshot: Snapshot
    plan: Plan
    findings: tuple[Finding, ...]
    environment: str = ""  # by the rule that holds now; empty when none does

    @property
    def verdict(self) -> Verdict:
        return verdict(self.findings)

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_blocker)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.is_blocker)


def look(snapshot: Snapshot, to: Site, options: Options, policy: Policy, now: datetime) -> Look:
    rule = rule_for(policy, snapshot.group)
    return Look(
        snapshot=snapshot,
        plan=plan_of(snapshot, to, options, policy.version),
        findings=check(snapshot, to, options, now),
        environment=rule.environment if rule else "",
    )


def has_drifted(request: Request, fresh: Look) -> bool:
    """Another plan, or another class of verdict. A server that went from running to stopped is neither."""
    return fresh.plan.digest != request.plan.digest or fresh.verdict is not verdict(request.findings)
