"""What goes over the wire, apart from any web framework: asks, answers, and the error shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.demo.sdrs.fates import JobFate

if TYPE_CHECKING:
    from bot.demo.sdrs.identity import Caller
    from bot.demo.sdrs.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, a JSON document (or ready bytes), and headers. `job_id` is set when a job was accepted."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One authenticated request to SDRS, ECS or IMS."""

    caller: "Caller"
    project: "Project"
    now: datetime
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    fate: JobFate = field(default_factory=JobFate)


def accepted(job_id: str) -> Answer:
    return Answer(body={"job_id": job_id}, job_id=job_id)


# The codes that the simulator gives by itself: status and message of the SDRS API reference, "Error Codes".
SDRS_CODES: Mapping[str, tuple[int, str]] = {
    "SDRS.0001": (400, "Invalid tenant ID"),
    "SDRS.0003": (400, "Invalid roles"),
    "SDRS.0005": (400, "No permission for the operation"),
    "SDRS.0201": (400, "Invalid request parameters"),
    "SDRS.0202": (400, "Invalid name"),
    "SDRS.0206": (400, "Invalid action"),
    "SDRS.0207": (400, "Invalid protection group ID"),
    "SDRS.0208": (400, "Invalid protected instance ID"),
    "SDRS.0213": (400, "Invalid replication pair ID"),
    "SDRS.0214": (400, "Incorrect replication pair status"),
    "SDRS.0216": (400, "Invalid preferred AZ"),
    "SDRS.0221": (400, "limit value must be greater than 0 or less than 1000"),
    "SDRS.0222": (400, "offset value cannot be negative, and must be an integer"),
    "SDRS.0225": (400, "Frozen volume"),
    "SDRS.0226": (400, "IDs exceed the upper limit"),
    "SDRS.0408": (500, "Null job"),
    "SDRS.1002": (400, "Operation not allowed for the protection group in the current state"),
    "SDRS.1013": (400, "Protection group not found"),
    "SDRS.1018": (
        400,
        "Operation not allowed because the protection status of the protection group not stopped",
    ),
    "SDRS.1019": (
        400,
        "Operation not allowed because the protection status of the protection group not started",
    ),
    "SDRS.1020": (
        400,
        "Operation not allowed because the protection group status not available or starting",
    ),
    "SDRS.1022": (
        400,
        "Operation not allowed because the protection group status not available, error-failing-over, "
        "or error-failing-over-back",
    ),
    "SDRS.1023": (
        400,
        "Operation not allowed because the protection group status not available, error-reversing, "
        "or error-failing-back",
    ),
    "SDRS.1024": (
        400,
        "Operation not allowed because the protection group status not available or protected",
    ),
    "SDRS.1025": (
        400,
        "priority station value of the protection group is different from that of the protected instance",
    ),
    "SDRS.1026": (
        400,
        "priority station value of the protection group is different from that of the replication pair",
    ),
    "SDRS.1314": (400, "Abnormal protected instance"),
    "SDRS.1319": (400, "Server at the current production site not stopped"),
    "SDRS.1320": (400, "Protected instance not found"),
    "SDRS.1326": (400, "Server not found"),
    "SDRS.1342": (400, "Current DR site server is not stopped"),
    "SDRS.1352": (400, "Current production site server not stopped"),
    "SDRS.1357": (400, "Production site server locked by system"),
    "SDRS.1359": (400, "Production site server locked by another cloud service"),
    "SDRS.1608": (400, "Replication pair not found"),
    "SDRS.1823": (400, "Operation not allowed due to a system error"),
    "SDRS.1824": (400, "Operation not allowed due to a system error"),
    "SDRS.1830": (
        400,
        "Operation not allowed because replication pairs in this protection group are synchronizing data",
    ),
    "SDRS.1900": (400, "Invalid DR drill ID"),
    "SDRS.1902": (400, "DR drill not found"),
    "SDRS.1907": (400, "Drill VPC conflicts with the VPC of the protection group"),
    "SDRS.1913": (400, "DR drill deletion not allowed in the current state"),
    "SDRS.1921": (400, "Drill VPC is already used for creating a DR drill"),
}

# The same for ECS: its API reference, appendix "Error Codes".
ECS_CODES: Mapping[str, tuple[int, str]] = {
    "Common.0002": (400, "The request body cannot be left blank."),
    "Common.0018": (400, "The project ID in the URL is different from that in the token."),
    "Common.0024": (202, "Flow limit exceeded."),
    "Common.1503": (429, "Api flow control Error because too many requests."),
    "Ecs.0003": (
        403,
        "You do not have permission to perform this operation. Contact customer service to obtain permission.",
    ),
    "Ecs.0005": (400, "Invalid parameter values. Contact customer service."),
    "Ecs.0114": (404, "The ECS does not exist."),
    "Ecs.0226": (400, "Failed to start."),
    "Ecs.0605": (400, "ECS locked."),
}


def refuse(code: str) -> Answer:
    """The `{"error": {"message", "code"}}` shape of SDRS and ECS, with the documented status of the code."""
    status, message = SDRS_CODES.get(code) or ECS_CODES[code]
    return Answer(status=status, body={"error": {"message": message, "code": code}})


def refuse_job_query() -> Answer:
    """ECS answers a query for a job it doesn't know with `code` and `message` at the top (Common.0011)."""
    return Answer(status=400, body={"code": "Common.0011", "message": "Failed to query system tasks."})


def keystone(status: int, title: str, message: str) -> Answer:
    """The Keystone shape of IAM: an integer code and a title."""
    return Answer(status=status, body={"error": {"message": message, "code": status, "title": title}})


def unauthorized(message: str) -> Answer:
    return keystone(401, "Unauthorized", message)


def gateway(status: int, code: str, message: str) -> Answer:
    """The shape of the API gateway in front of the services."""
    request_id = uuid4().hex
    body = {"error_msg": message, "error_code": code, "request_id": request_id}
    return Answer(status=status, body=body, headers={"X-Request-Id": request_id})


def incorrect_authentication(detail: str) -> Answer:
    return gateway(401, "APIGW.0301", f"Incorrect IAM authentication information: {detail}")
