"""How old the last answer of the cloud is, told honestly and rarely."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import Problem
from bot.domain.lines import LineKind, line
from bot.execution.footing import Footing, Key, Parts, change
from bot.ports import Transaction
from bot.service.changes import save_run, say


class Staleness:
    """Knows when the last answer came, and when it is time to tell people how old it is."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._answered_at = self._told_at = parts.clock.monotonic()
        self.is_told = False

    def answered(self) -> None:
        self._answered_at = self._told_at = self._parts.clock.monotonic()

    @property
    def seconds(self) -> float:
        return self._parts.clock.monotonic() - self._answered_at

    def is_due(self) -> bool:
        """True once per `stale_after_seconds` without an answer: coarse, so that a dead network writes little."""
        now = self._parts.clock.monotonic()
        if now - self._told_at < self._parts.timing.stale_after_seconds:
            return False
        self._told_at, self.is_told = now, True
        return True

    async def note(self, key: Key, problem: Problem, *, aloud: bool = False) -> None:
        """No answer this time. When it is due, the run's row and the thread say since when there is none."""
        if not self.is_due():
            return
        age = int(self.seconds)

        def work(tx: Transaction, now: Footing) -> None:
            answered_at = tx.now - timedelta(seconds=age)
            save_run(tx, replace(now.run, observed_at=answered_at, stale_reason=problem.what))
            once = f"stale.{int(answered_at.timestamp()) // 10}"
            if aloud:
                say(tx, now.request, line(LineKind.STALE, seconds=age, what=problem.what), once=once)

        self._parts.metrics.count("stale_answers")
        await change(self._parts, key, work)

    async def clear(self, key: Key) -> None:
        """There is an answer again: say so if the silence was told."""
        self.answered()
        if not self.is_told:
            return
        self.is_told = False
        await change(
            self._parts, key, lambda tx, now: save_run(tx, replace(now.run, observed_at=tx.now, stale_reason=""))
        )
