"""A short run of chaos on both databases. The long one is `python -m tests.chaos --seconds 300 --seed N [--sqlite]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.experiment import Plan, experiment, new_seed


@pytest.mark.parametrize(
    "plan",
    [
        Plan(seed=new_seed(), seconds=25, requests=60),
        Plan(seed=new_seed(), seconds=10, requests=12, on_sqlite=True),
    ],
    ids=["postgresql", "sqlite"],
)
async def test_f10_f26_under_chaos_every_invariant_holds(plan: Plan, tmp_path: Path) -> None:
    """Kills, frozen workers, crashes of the database, lost answers, outages: nine sentences stay true."""
    print(f"python -m tests.chaos --seed {plan.seed}{' --sqlite' if plan.on_sqlite else ''}")
    outcome = await experiment(plan, tmp_path)
    print(outcome.figures)
    assert outcome.found == ()
    assert len(outcome.seen.asks) == plan.requests
    assert outcome.missing == 0
    assert outcome.takeovers.never == 0
    assert outcome.wounds.kills > 0
    assert max(len(outcome.seen.reversals(ask)) for ask in outcome.seen.asks) == 1
