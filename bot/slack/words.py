"""The nouns: one word per state, step and fact, the same on every card, in every line and in the App Home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import assert_never

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
SIGN: Mapping[StepState, str] = MappingProxyType(
    {
        StepState.WAITING: "○",
        StepState.RUNNING: "▶",
        StepState.DONE: "✓",
        StepState.SKIPPED: "–",
        StepState.FAILED: "✗",
    }
)

STEP_RUNNING: Mapping[Step, str] = MappingProxyType(
    {
        Step.CHECK: "Checking again",
        Step.STOP: "Stopping",
        Step.REVERSE: "Reversing",
        Step.VERIFY: "Verifying",
        Step.START: "Starting",
        Step.CONFIRM: "Waiting until the service is confirmed",
    }
)

STEP_DONE: Mapping[Step, str] = MappingProxyType(
    {
        Step.CHECK: "Checked again",
        Step.STOP: "Stopped",
        Step.REVERSE: "Reversed",
        Step.VERIFY: "Verified",
        Step.START: "Started",
        Step.CONFIRM: "Service confirmed",
    }
)


def step(kind: Step, state: StepState) -> str:
    """What a step does or did; the same words wherever it is shown."""
    match state:
        case StepState.WAITING:
            return STEP[kind]
        case StepState.RUNNING:
            return STEP_RUNNING[kind]
        case StepState.DONE:
            return STEP_DONE[kind]
        case StepState.SKIPPED | StepState.FAILED:
            return f"{STEP[kind]}: {state}"
        case _:
            assert_never(state)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def minutes(span: timedelta) -> str:
    """`7:12` below an hour, `1:07:12` above: people compare these with a clock in hand."""
    seconds = max(0, int(span.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
