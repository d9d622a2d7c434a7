"""The state that all simulated services share, and how its jobs run."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from bot.demo.sdrs.clock import Clock, Pace, Timeline
from bot.demo.sdrs.fates import PLAIN, Ends, JobFate
from bot.demo.sdrs.identity import Registry
from bot.demo.sdrs.jobs import INIT_SHARE, Job, Window, Work

if TYPE_CHECKING:
    from bot.demo.sdrs.project import Project

JobEnd = Callable[[datetime, Job], None]


@dataclass(slots=True, kw_only=True)
class Quirks:
    """Where the documentation is silent or contradicts itself, the cloud can be had either way."""

    server_ids_swap: bool = False  # do source_server and target_server change places after a reversal?
    count: Literal["matching", "page"] = "matching"  # what `count` counts in lists of SDRS
    repeats_first_page: bool = False  # a list that ignores `offset`
    nested_sub_jobs: bool = True  # sub-jobs of pairs inside those of instances, or all side by side
    fault_level_is_number: bool = False
    unknown_job: Literal["null-job", "not-found"] = "null-job"  # HTTP 500 SDRS.0408, or 404 itemNotFound
    idle_power_fails: bool = False  # stopping what is off, starting what is on


@dataclass(slots=True, kw_only=True)
class World:
    """Clock, chance, identities, projects and jobs. Ids come from the seed, so a run can be repeated."""

    clock: Clock
    pace: Pace
    random: random.Random
    registry: Registry
    quirks: Quirks = field(default_factory=Quirks)
    timeline: Timeline = field(default_factory=Timeline)
    projects: "dict[str, Project]" = field(default_factory=dict)
    base_url: str = ""
    token_lifetime_seconds: float = 24 * 3600.0

    def uuid(self) -> str:
        """A version 4 UUID, written by hand: the class takes most of the time of filling a large project."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def job_id(self) -> str:
        return f"ff808082{self.random.getrandbits(96):024x}"

    def settle(self) -> datetime:
        now = self.clock.now()
        self.timeline.settle(now)
        return now

    def start_job(
        self, project: "Project", work: Work, *, seconds: float, on_end: JobEnd, fate: JobFate = PLAIN
    ) -> Job:
        """Accept a job. Nobody keeps it here: the caller files it with the service that was asked."""
        now = self.clock.now()
        job = self._planned(project, work, Window(start=now, seconds=seconds), fate)
        if fate.ends is Ends.NEVER:
            job.ends_at = None
            _never_end(job.sub_jobs)
        elif job.ends_at is not None:
            self.timeline.schedule(job.ends_at, lambda at: on_end(at, job))
        return job

    def _planned(self, project: "Project", work: Work, window: Window, fate: JobFate) -> Job:
        pieces = window.split(len(work.parts), self.pace.sub_job_seconds)
        parts = zip(work.parts, pieces, strict=True)
        job = Job(
            id=self.job_id(),
            job_type=work.job_type,
            accepted_at=self.clock.now(),
            begin_at=window.start,
            project_id=project.id,
            entities=work.entities,
            runs_at=Window(start=window.start, seconds=window.seconds * INIT_SHARE).end,
            ends_at=window.end,
            sub_jobs=[self._planned(project, part, piece, PLAIN) for part, piece in parts],
            shows_status=fate.shows_status,
        )
        if fate.ends is Ends.FAIL:
            self._mark_failed(job, fate)
        return job

    @staticmethod
    def _mark_failed(job: Job, fate: JobFate) -> None:
        job.fail(fate.error_code, fate.fail_reason)
        if job.sub_jobs:
            index = max(-len(job.sub_jobs), min(fate.failing_sub_job, len(job.sub_jobs) - 1))
            job.sub_jobs[index].fail(fate.error_code, fate.fail_reason)


def _never_end(jobs: list[Job]) -> None:
    """The last half of the sub-jobs stands still too, down to the smallest."""
    for job in jobs[len(jobs) // 2 :]:
        for part in job.walk():
            part.ends_at = None
