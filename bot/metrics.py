"""What /metrics shows, declared in one place; the rooms only count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)

# name -> what it says, and its labels. The README says what each alarm means and what to do.
COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "posts": ("Reversals sent to the cloud; never more than one per request", ()),
    "submissions": ("Reversals by the cloud's answer", ("outcome",)),
    "endings": ("How runs ended", ("event",)),
    "needs_person": ("Runs that need a person to say what happened", ()),
    "unclear_outcomes": ("Submissions whose outcome could not be found out", ()),
    "reconciled": ("Submissions whose outcome was found out without an answer", ()),
    "drifts": ("Runs that went back to the approvers because the plan had changed", ()),
    "takeovers": ("Times that the runs of a dead worker were taken over", ()),
    "lost_runs": ("Approved or running requests that were found without a living run", ()),
    "alarms": ("What must never happen, e.g. a row that was changed after its approval", ("kind",)),
    "unexpected_errors": ("Errors that nobody expected, by stage of the run", ("stage",)),
    "store_waits": ("Times that a run waited for the database", ()),
    "people_waits": ("Times that a run waited for Slack to say who somebody is", ()),
    "stale_answers": ("Times that people were told that the cloud does not answer", ()),
    "messages_given_up": ("Messages that could not be shown", ("reason",)),
}
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "requests": ("Open requests by state", ("state",)),
    "runs_alive": ("Runs that this process executes", ()),
    "watched": ("Jobs and servers that this process follows", ()),
    "oldest_step_seconds": ("Age of the oldest unfinished step", ()),
    "surfaces_due": ("Messages that Slack does not show yet", ()),
    "projection_lag_seconds": ("Age of the oldest message that Slack does not show yet", ()),
    "background": ("Listeners that still work after their acknowledgement", ()),
}
TIMINGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ack": ("From Slack's request to our acknowledgement", ("kind",)),
    "cloud_call": ("Calls to the cloud", ("method", "status")),
    "slack_call": ("Calls to Slack", ("method", "outcome")),
    "poll_lateness": ("How late a look at a job began", ()),
}


class Metrics:
    """One registry per process, so that tests never share one. KeyError for a name that is not declared."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"failover_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in COUNTERS.items()
        }
        self._gauges = {
            name: Gauge(f"failover_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in GAUGES.items()
        }
        self._timings = {
            name: Histogram(f"failover_{name}_seconds", text, labels, registry=self.registry, buckets=SECONDS)
            for name, (text, labels) in TIMINGS.items()
        }

        self._known: dict[
            tuple[object, ...], Any
        ] = {}  # finding one by its labels costs the library more than to count

    def count(self, name: str, **labels: str) -> None:
        self._of(self._counters, name, labels).inc()

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self._of(self._gauges, name, labels).set(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self._of(self._timings, name, labels).observe(seconds)

    def _of(self, kind: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> Any:
        which = (name, *labels.items())
        found = self._known.get(which)
        if found is None:
            found = self._known[which] = kind[name].labels(**labels) if labels else kind[name]
        return found

    def slack_call(self, method: str, outcome: str, seconds: float) -> None:
        self.observe("slack_call", seconds, method=method, outcome=outcome)

    def message_given_up(self, reason: str) -> None:
        self.count("messages_given_up", reason=reason)
