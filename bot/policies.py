"""The policy in force: the file is looked at again now and then, and a broken change never replaces a good policy."""

from __future__ import annotations

import time
from pathlib import Path

import structlog

from bot.domain.policy import Policy
from bot.policy_file import PolicyProblems, load

LOOK_AGAIN_SECONDS = 5.0
log = structlog.get_logger(__name__)


class PolicyFile:
    """Implements ports.PolicySource. PolicyProblems when the first reading fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._stamped()
        self._policy = load(path)
        self._looked_at = time.monotonic()

    @property
    def policy(self) -> Policy:
        if time.monotonic() - self._looked_at > LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            self._renew()
        return self._policy

    def _renew(self) -> None:
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._policy = load(self._path)
        except PolicyProblems as problems:
            log.error("policy_unusable", kept=self._policy.version[:12], problems=problems.sentences)
        else:
            log.info("policy_changed", version=self._policy.version[:12])

    def _stamped(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
