"""What the store gives and takes beside the domain's own values, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people import Account
from bot.domain.request import Approval, Request, RequestId
from bot.domain.run import Attempt, Run
from bot.domain.surface import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a run stands on, read at one moment."""

    request: Request
    approvals: tuple[Approval, ...]  # of the current revision, not retracted
    run: Run | None
    attempt: Attempt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView(Standing):
    """All that any message about a request needs, read in one go."""

    history: History
    card: Surface | None  # the current card: channel and ts of the request's thread


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What earlier runs of the same group and direction took; empty when there was none."""

    outages: tuple[timedelta, ...] = ()  # newest first, first stop → service confirmed or last server running
    reversals: tuple[timedelta, ...] = ()  # newest first, POST accepted → verified
    earlier_failovers: int = 0  # of this group to its target site by this bot


class StoreError(Exception):
    """The database could not do it; nothing of the transaction was kept, unless `sentence` says that nobody knows."""

    def __init__(self, sentence: str, *, is_passing: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_passing = is_passing  # worth trying again in a while, without a person


class ReadOnlyError(StoreError):
    """The database was restored from a backup, and nobody has confirmed it yet."""

    def __init__(self) -> None:
        super().__init__(
            "This database was restored from a backup and is read-only until somebody has looked. Nothing was done. "
            "Run `failover-bot confirm-restored`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """A process that works on runs; its id is new at each boot."""

    id: str
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """One link to the step-up page, by the hash of its token. It counts for one person and one revision, once."""

    token_hash: str
    request_id: RequestId
    revision: int
    account: Account
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A person's enrolled second factor. The secret is sealed by the caller: the database never sees it in clear."""

    account: Account
    sealed_secret: str
    enrolled_at: datetime
    last_counter: int = -1  # the time step of the last code that was accepted: a code counts once
