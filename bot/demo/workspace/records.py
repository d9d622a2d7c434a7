"""What the outside saw: frozen records of calls, deliveries and faults, for checkers that trust nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .things import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One Web API call. `args` never holds the token; `answered` is False where a fault swallowed the answer."""

    at: float
    method: str
    args: JsonObject
    ok: bool
    error: str | None = None
    ts: str | None = None
    status: int = 200
    answered: bool = True
    app_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing Slack told the app. `kind` is the Socket Mode envelope type, `name` the command, action or event.

    It is kept with its payload so that it can be replayed, and with body and headers where it went over HTTP.
    """

    envelope_id: str
    kind: Literal["slash_commands", "interactive", "events_api"]
    name: str
    app_id: str
    payload: JsonObject
    at: float
    accepts_response_payload: bool = False
    retry_attempt: int = 0
    retry_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How one delivery ended: acknowledged within the deadline, or an error such as `operation_timeout`."""

    envelope_id: str
    kind: str
    name: str
    at: float
    acked_at: float | None
    latency_seconds: float | None
    error: str | None
    retry_attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackFault:
    """What shall go wrong with the next `times` calls of `method` ("*" is every method; None times is for ever).

    `drop="before"` closes the connection before the call counts, `"after_accepting"` once it has taken effect.
    """

    method: str
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    drop: Literal["before", "after_accepting"] | None = None
    delay_seconds: float = 0.0
    times: int | None = 1
    channel: str | None = None


class Faults:
    """The faults that are armed, and how often each may still strike."""

    def __init__(self) -> None:
        self._armed: list[tuple[SlackFault, list[int | None]]] = []

    def add(self, fault: SlackFault) -> None:
        """Arm a fault; the one added first strikes first."""
        self._armed.append((fault, [fault.times]))

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        self._armed.clear()

    def strike(self, method: str, args: JsonObject) -> SlackFault | None:
        """The fault that hits this call, counted down; None where the call may go on."""
        for entry in self._armed:
            fault, left = entry
            if fault.method not in (method, "*") or fault.channel not in (None, args.get("channel")):
                continue
            if left[0] is not None:
                left[0] -= 1
                if left[0] <= 0:
                    self._armed.remove(entry)
            return fault
        return None
