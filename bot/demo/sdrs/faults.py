"""Faults by rule: which requests go wrong, when, and how; set in this process or over HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from bot.demo.sdrs.fates import PLAIN, JobFate
from bot.demo.sdrs.wire import ECS_CODES, SDRS_CODES

Drop = Literal["before", "after_accepting"]
KNOWN_CODES = SDRS_CODES.keys() | ECS_CODES.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to requests whose `METHOD /path` matches.

    Without `status`, `code` or `drop` the request is answered as usual, only later (`delay_seconds` before it
    is handled, `answer_delay_seconds` after) or with a job that follows `fate`. `status` and `body` (JSON, or
    text and bytes as they are) replace the answer; `accepts` lets the request have its effect first. `code` is
    a documented SDRS or ECS code with its status. `drop` closes the connection without an answer. The rule
    skips the first `after` matches, then hits every `every`-th one, `times` times (None: until removed).
    """

    match: str
    contains: str = ""
    status: int | None = None
    code: str | None = None
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    answer_delay_seconds: float = 0.0
    accepts: bool = False
    drop: Drop | None = None
    fate: JobFate = PLAIN
    times: int | None = None
    after: int = 0
    every: int = 1

    def __post_init__(self) -> None:
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match is not a regular expression: {error}") from error
        if self.every < 1 or (self.code is not None and self.code not in KNOWN_CODES):
            raise ValueError("every must be at least 1, and code one that the simulator knows")

    @property
    def answers(self) -> bool:
        return self.status is not None or self.code is not None


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault at work: how often it was asked and how often it hit."""

    id: str
    fault: Fault
    board: "FaultBoard"
    matches: int = 0
    hits: int = 0

    def remove(self) -> None:
        self.board.rules.pop(self.id, None)

    def strikes(self, line: str, body: str) -> bool:
        fault = self.fault
        if not re.search(fault.match, line) or fault.contains not in body:
            return False
        self.matches += 1
        number = self.matches - fault.after
        spent = fault.times is not None and self.hits >= fault.times
        return number > 0 and number % fault.every == 0 and not spent


@dataclass(slots=True, kw_only=True)
class FaultBoard:
    """The rules in force, the oldest first; the first one that strikes wins."""

    rules: dict[str, Rule] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, fault: Fault) -> Rule:
        rule = Rule(id=str(next(self._numbers)), fault=fault, board=self)
        self.rules[rule.id] = rule
        return rule

    def clear(self) -> None:
        self.rules.clear()

    def strike(self, line: str, body: str) -> Fault | None:
        """Every rule counts the request; at most one hits."""
        striking = [rule for rule in self.rules.values() if rule.strikes(line, body)]
        if not striking:
            return None
        striking[0].hits += 1
        return striking[0].fault


def throttled_as_accepted(match: str) -> Fault:
    """ECS under load: HTTP 202 without a job."""
    return Fault(match=match, code="Common.0024")


def throttled(match: str, retry_after_seconds: int = 1) -> Fault:
    return Fault(match=match, code="Common.1503", headers={"Retry-After": str(retry_after_seconds)})


def expired_token(match: str) -> Fault:
    body = {"error_msg": "The token must be updated.", "error_code": "APIGW.0307", "request_id": "0"}
    return Fault(match=match, status=401, body=body)


def bad_gateway(match: str, status: int = 502) -> Fault:
    return Fault(match=match, status=status, body=f"<html><body><h1>{status} Bad Gateway</h1></body></html>")
