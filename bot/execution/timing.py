"""Every wait of a run in one place, so that an operator can change it and a test can shrink it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All values are seconds."""

    # the cloud
    first_minute_poll_seconds: float = 5.0
    poll_seconds: float = 10.0
    server_poll_seconds: float = 5.0
    retry_seconds: float = 5.0  # after a read that failed for good
    stale_after_seconds: float = 60.0  # without an answer, people are told how old the last one is
    recheck_seconds: float = 5.0  # a snapshot younger than this is still "right before the reversal"
    settle_seconds: float = 60.0  # how long pairs and servers may take to look right after the stop
    soft_stop_seconds: float = 300.0  # then a person decides about force
    reorder_seconds: float = 60.0  # a power order that shows no effect is given again
    start_seconds: float = 600.0  # per wave
    verify_seconds: float = 300.0
    # the one submission
    submit_seconds: float = 10.0  # between the fence's commit and the last byte
    unclear_seconds: float = (
        120.0  # longer than `submit_seconds` plus the client's timeout: then nothing can arrive any more
    )
    job_limit_seconds: float = 3600.0  # then a person looks; never a guessed end
    # people
    live_seconds: float = 2.0  # a look at a person that began no longer ago is a live one
    trust_look_seconds: float = 900.0  # Slack is down: the look at the click counts for so long
    # the machinery
    claim_seconds: float = 1.0
    takeover_seconds: float = 1.0
    proof_seconds: float = 5.0  # an executor that could not prove for so long that it holds its lock, stops itself
    heartbeat_seconds: float = 5.0
    frozen_seconds: float = (
        20.0  # an executor that holds its session and does not beat for so long is ended by the others
    )
    sweep_seconds: float = 60.0
    journal_seconds: float = 30 * 86_400.0  # then the engine's rows of a run that is over are deleted
    stop_seconds: float = 10.0

    def job_poll(self, age_seconds: float) -> float:
        """How long to wait for the next look at a job that has been followed for `age_seconds`."""
        return self.first_minute_poll_seconds if age_seconds < 60 else self.poll_seconds
