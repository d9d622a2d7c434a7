"""What can go wrong in the cloud, as a value: did it happen, may it be retried, what does a person read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Happened(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One failed call, ready to be shown.

    `what` says what happened, `not_done` what was therefore not done, `cure` what to do next. The raw facts
    (`status`, `code`, `detail`, `request_id`) are for the details and for a support ticket.
    """

    happened: Happened
    is_retryable: bool
    what: str
    not_done: str = ""
    cure: str = ""
    status: int | None = None
    code: str = ""
    detail: str = ""
    request_id: str = ""
    is_missing: bool = False  # the thing asked for does not exist (the API says so with HTTP 400 and a code)

    @property
    def sentence(self) -> str:
        parts = (part.strip() for part in (self.what, self.not_done, self.cure, self.reference))
        return " ".join(part if part.endswith((".", "!", "?", "”")) else f"{part}." for part in parts if part)

    @property
    def advice(self) -> str:
        """What to do, and what to quote when asking others."""
        return f"{self.cure} {self.reference}".strip()

    @property
    def reference(self) -> str:
        """What a support ticket is asked for: `Reference: SDRS.1319, HTTP 400, request 7f3a.`; empty without any."""
        status = f"HTTP {self.status}" if self.status else ""
        request = f"request {self.request_id}" if self.request_id else ""
        code = "" if self.code == str(self.status) else self.code
        raw = ", ".join(part for part in (code, status, request) if part)
        return f"Reference: {raw}." if raw else ""


class CloudError(Exception):
    """A read from the cloud failed for good; carries the `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class PeopleError(Exception):
    """Slack could not say who somebody is. The answer to any question of rights is then no."""
