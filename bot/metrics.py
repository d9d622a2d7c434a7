"""What /metrics shows, declared in one place; the rooms only count."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)


class Metrics:
    """One registry per process, so that tests and benchmarks never share one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"failover_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"failover_{name}", text, labels, registry=self.registry)

        def timing(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(f"failover_{name}", text, labels, registry=self.registry, buckets=SECONDS)

        self.requests = gauge("requests", "Requests by state", "state")
        self.runs_alive = gauge("runs_alive", "Runs that this process executes")
        self.oldest_step_seconds = gauge("oldest_step_seconds", "Age of the oldest unfinished step")
        self.takeovers = counter("takeovers", "Runs taken over from a dead worker")
        self.submissions = counter("submissions", "Reversals sent to the cloud, by what became of them", "outcome")
        self.unknown_outcomes = counter("unknown_outcomes", "Runs that needed a person to say what happened")
        self.job_polls = counter("job_polls", "Looks at jobs of the cloud", "outcome")
        self.poll_lateness = timing("poll_lateness_seconds", "How late a look at a job began")
        self.cloud_calls = timing("cloud_call_seconds", "Calls to the cloud", "method", "status")
        self.slack_calls = timing("slack_call_seconds", "Calls to Slack", "method", "outcome")
        self.ack = timing("ack_seconds", "From Slack's request to our acknowledgement", "kind")
        self.surfaces_due = gauge("surfaces_due", "Messages that Slack does not show yet")
        self.projection_lag = gauge("projection_lag_seconds", "Age of the oldest message that Slack does not show yet")
        self.messages_given_up = counter("messages_given_up", "Messages that could not be shown", "reason")
