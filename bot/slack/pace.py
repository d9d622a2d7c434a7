"""How fast messages may go out: Slack's pace per channel, its Retry-After, and edits that never crowd out results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

POST_SECONDS = 1.0  # about one message a second and channel, in the long run
BURST_SECONDS = 3.0  # how far ahead of that pace messages may run …
URGENT_BURST_SECONDS = 4.0  # … and decisions and results, which so pass those that wait
EDIT_SECONDS = 1.5  # progress edits in all channels: chat.update allows 50 a minute, decisions need the rest
REMEMBERED = 1000  # channels and blocks; those that are over are dropped


@dataclass(slots=True)
class Pace:
    """Answers in seconds from now; nobody sleeps in here. One per process, so two processes share Slack's patience."""

    monotonic: Callable[[], float] = time.monotonic
    _blocked: dict[tuple[str, str], float] = field(default_factory=dict)
    _spent: dict[str, float] = field(default_factory=dict)  # until when a channel's messages have used up their time
    _next_edit: float = 0.0

    def block(self, method: str, channel: str, seconds: float) -> None:
        """Slack asked to wait: this method in this channel, and no other."""
        _prune(self._blocked, self.monotonic())
        self._blocked[method, channel] = self.monotonic() + seconds

    def wait_for_post(self, channel: str, *, is_urgent: bool, patience: float) -> float:
        """The seconds until this message's turn, which is taken if it is no more than `patience` away."""
        now = self.monotonic()
        spent = max(now, self._spent.get(channel, 0.0))
        ahead = URGENT_BURST_SECONDS if is_urgent else BURST_SECONDS
        wait = max(0.0, spent - ahead - now, self._blocked.get(("chat.postMessage", channel), 0.0) - now)
        if wait <= patience:
            _prune(self._spent, now)
            self._spent[channel] = spent + POST_SECONDS
        return wait

    def wait_for_edit(self, channel: str, *, is_progress: bool, patience: float) -> float:
        now = self.monotonic()
        turn = max(now, self._blocked.get(("chat.update", channel), 0.0), self._next_edit if is_progress else 0.0)
        if is_progress and turn - now <= patience:
            self._next_edit = turn + EDIT_SECONDS
        return turn - now


def _prune(moments: dict[Any, float], now: float) -> None:
    if len(moments) > REMEMBERED:
        for key in [key for key, moment in moments.items() if moment < now]:
            del moments[key]
