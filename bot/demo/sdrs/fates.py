"""How the next job will go: the ways in which a cloud's job can end other than as promised."""

from dataclasses import dataclass
from enum import StrEnum


class Ends(StrEnum):
    """How a job ends. NEVER leaves it RUNNING; VANISHES makes the service forget it while it works on."""

    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    NEVER = "NEVER"
    VANISHES = "VANISHES"


class Leaves(StrEnum):
    """What is not true afterwards although the job said SUCCESS."""

    ALL_TRUE = "all-true"
    GROUP_REVERSING = "group-reversing"  # the group's status never leaves `reversing`
    GROUP_STATION = "group-station"  # the group's priority_station did not flip
    INSTANCE_STATION = "instance-station"  # one instance's did not
    PAIR_STATION = "pair-station"  # one pair's did not
    PAIR_COPYING = "pair-copying"  # one pair is at 97 % and copying


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFate:
    """Attach it to a `Fault` that matches the POST; the job that the POST creates follows it."""

    ends: Ends = Ends.SUCCESS
    error_code: str = "SDRS.1029"
    fail_reason: str = "SdrsReverseProtectionGroupTask-fail:Failed to perform the planned failover"
    failing_sub_job: int = -1
    shows_status: str | None = None  # an unknown status, shown instead of RUNNING and of the end
    group_status: str | None = None  # an unknown status that the group has afterwards
    leaves: Leaves = Leaves.ALL_TRUE


PLAIN = JobFate()
