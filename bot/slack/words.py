"""The nouns: one word per state, step and fact, the same on every card, in every line and in the App Home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from bot.domain.facts import Os
from bot.domain.request import State
from bot.domain.run import Step, StepState

STATE: Mapping[State, str] = MappingProxyType(
    {
        State.PENDING: "Waiting for approval",
        State.APPROVED: "Approved",
        State.RUNNING: "Running",
        State.NEEDS_PERSON: "Needs a person",
        State.VERIFIED: "Verified",
        State.UNVERIFIED: "Finished, not verified",
        State.PARTLY: "Partly done",
        State.FAILED: "Failed",
        State.CANCELLED: "Cancelled",
        State.DENIED: "Denied",
        State.EXPIRED: "Expired",
        State.WITHDRAWN: "Withdrawn",
        State.SUPERSEDED: "Superseded",
        State.UNKNOWN: "Unknown",
    }
)

STEP: Mapping[Step, str] = MappingProxyType(
    {
        Step.CHECK: "Check again",
        Step.STOP: "Stop",
        Step.REVERSE: "Reverse",
        Step.VERIFY: "Verify",
        Step.START: "Start",
        Step.CONFIRM: "Confirm service",
    }
)

# A sign and a word: nobody has to tell colours or emoji apart.
STEP_STATE: Mapping[StepState, str] = MappingProxyType(
    {
        StepState.WAITING: "○ waiting",
        StepState.RUNNING: "▶ under way",
        StepState.DONE: "✓ done",
        StepState.SKIPPED: "– skipped",
        StepState.FAILED: "✗ failed",
    }
)

OS: Mapping[Os, str] = MappingProxyType(
    {Os.WINDOWS: "Windows", Os.LINUX: "Linux", Os.COREOS: "CoreOS", Os.UNKNOWN: "unknown OS"}
)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def minutes(span: timedelta) -> str:
    """`7:12` below an hour, `1:07:12` above: people compare these with a clock in hand."""
    seconds = max(0, int(span.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
