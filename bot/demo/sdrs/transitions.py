"""The status table of a protection group: what may start where, with which job, and where it leads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One row of the action pages: where it may start, what refuses the rest, where it leads."""

    name: str
    allowed: frozenset[str]
    wrong_status: str
    parts_before: str  # what instances and pairs go back to when the job fails
    during: str
    after: str
    after_failure: str
    job_type: str
    sub_job_type: str


REVERSE = Action(
    name="reverse",
    allowed=frozenset({"protected", "error-reversing"}),
    wrong_status="SDRS.1023",
    parts_before="protected",
    during="reversing",
    after="protected",
    after_failure="error-reversing",
    job_type="reverseProtectionGroupNoCG",
    sub_job_type="reverseProtectionGroupRepNoCG",
)
FAILOVER = Action(
    name="failover",
    allowed=frozenset({"protected", "error-reversing", "error-failing-over"}),
    wrong_status="SDRS.1022",
    parts_before="protected",
    during="failing-over",
    after="failed-over",
    after_failure="error-failing-over",
    job_type="failoverProtectionGroupNoCG",
    sub_job_type="failoverProtectionGroupRepNoCG",
)
START = Action(
    name="start",
    allowed=frozenset({"available", "error-starting"}),
    wrong_status="SDRS.1020",
    parts_before="available",
    during="starting",
    after="protected",
    after_failure="error-starting",
    job_type="startProtectionGroupNoCG",
    sub_job_type="startProtectionGroupRepNoCG",
)
REPROTECT = Action(
    name="reprotect",
    allowed=frozenset({"failed-over", "error-reprotecting"}),
    wrong_status="SDRS.1020",
    parts_before="failed-over",
    during="reprotecting",
    after="protected",
    after_failure="error-reprotecting",
    job_type="reprotectProtectionGroupNoCG",
    sub_job_type="reprotectProtectionGroupRepNoCG",
)
STOP = Action(
    name="stop",
    allowed=frozenset({"protected", "error-stopping"}),
    wrong_status="SDRS.1024",
    parts_before="protected",
    during="stopping",
    after="available",
    after_failure="error-stopping",
    job_type="stopProtectionGroupNoCG",
    sub_job_type="stopProtectionGroupRepNoCG",
)
