"""Turns every failure of a call into one value: did it happen, may it be retried, what does a person read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from bot.cloud.bodies import ErrorBody, parse_body, parse_reason
from bot.cloud.redaction import one_line, redact
from bot.domain.errors import Happened, Problem
from bot.domain.facts import Job, JobStatus

DETAIL_LENGTH = 300
THEIR_LENGTH = 160  # of their words within our sentences
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
UNDECIDED_STATUSES = frozenset({408, 499})  # the server gave up on a request that it may have read
THROTTLED_CODES = frozenset({"Common.0024", "Common.1503", "APIGW.0308"})
_DATE_WORDS = re.compile(r"(?:date|time ?stamp|request|signature)\b[^.]{0,30}\bexpired", re.IGNORECASE)
_REQUEST_ID_HEADERS = ("x-request-id", "x-iam-trace-id", "x-openstack-request-id", "x-trace-id")

NOTHING_CHANGED = "Nothing was changed in the cloud."
NOTHING_READ = "Nothing was read, and nothing was changed in the cloud."
NOT_KNOWN = "It is not known whether the cloud took the order; it was sent once and is not sent again."
LOOK_FIRST = "Look at the group and its servers in the console before anybody tries again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What was tried, in words ("Reading the protection group"); an order changes something, a read does not."""

    purpose: str
    is_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @property
    def request_id(self) -> str:
        for name in _REQUEST_ID_HEADERS:
            if found := self.headers.get(name):
                return found
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why something failed and what helps, without yet saying what was tried."""

    cause: str
    cure: str
    is_retryable: bool = False
    is_missing: bool = False
    may_have_begun: bool = False


_SIGN_IN = "Check the user, password or access key and the project, then run “failover-bot doctor”."
_RIGHTS = "Give the bot's user SDRS Administrator, Tenant Guest and Server Administrator in this project."
_ENDPOINT = "Check the endpoint and the region in the bot's settings, then run “failover-bot doctor”."
_REPORT = "Keep the reference and report it; use the console meanwhile."
_WAIT = "Wait a minute, then ask again."
_SUPPORT = "Try again in a few minutes; if it repeats, open a support ticket with the reference."
_TRANSIENT = "The cloud is having a problem of its own."

_BY_STATUS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("The cloud found the request wrong.", _REPORT),
        401: ("The cloud did not accept the bot's sign-in.", _SIGN_IN),
        402: ("The cloud asks for a payment.", "Settle the account in the console, then try again."),
        403: ("The bot's user may not do this.", _RIGHTS),
        404: (
            "The cloud knows nothing under this address.",
            "Look in the console whether it still exists; if it does, check the endpoint and the region.",
        ),
        405: ("The endpoint does not take this kind of call.", _ENDPOINT),
        406: ("The endpoint cannot answer in the form that the bot reads.", _ENDPOINT),
        407: (
            "The proxy asks for a sign-in.",
            "Correct user and password in HTTPS_PROXY.",
        ),
        408: ("The cloud waited too long for the request.", _SUPPORT),
        409: (
            "Something else is being done to the same thing.",
            "Wait until its status is steady, then ask again.",
        ),
        410: ("What was asked for no longer exists.", "Look it up in the console."),
        411: ("The cloud misses the length of the request.", _REPORT),
        412: ("A condition that the cloud checks first does not hold.", "Read the status again, then ask again."),
        413: ("The cloud found the request too big.", _REPORT),
        414: ("The cloud found the address too long.", _REPORT),
        415: ("The cloud does not read this form of request.", _REPORT),
        416: ("The cloud has no such part of a list.", _REPORT),
        417: ("The cloud cannot meet a condition of the request.", _REPORT),
        421: ("The endpoint belongs to another service.", _ENDPOINT),
        422: ("The cloud read the request and cannot carry it out.", _REPORT),
        423: ("It is locked by something else.", "Wait until the other operation has ended, then ask again."),
        424: ("Another operation that this one needs has failed.", _SUPPORT),
        425: ("The cloud does not want the request yet.", _WAIT),
        426: ("The endpoint asks for another protocol.", _ENDPOINT),
        428: ("The cloud asks for a condition that the bot does not send.", _REPORT),
        429: ("The cloud is limiting calls.", _WAIT),
        431: ("The cloud found the request's headers too big.", _REPORT),
        451: ("The cloud may not answer for legal reasons.", "Ask the cloud's support."),
        499: ("A server on the way gave up waiting.", _SUPPORT),
        500: ("The cloud had an internal error.", _SUPPORT),
        501: ("The endpoint does not offer this operation.", _ENDPOINT),
        502: ("A gateway got no proper answer from the service behind it.", _SUPPORT),
        503: ("The service is not available at the moment.", _SUPPORT),
        504: ("A gateway waited in vain for the service behind it.", _SUPPORT),
    }
)


@cache
def explanations() -> Mapping[str, Explanation]:
    """Our sentences by error code, from `problems.toml`."""
    topics = tomllib.loads(files("bot.cloud").joinpath("problems.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            code: Explanation(
                cause=cause,
                cure=topic["cure"],
                is_retryable=topic.get("retryable", False),
                is_missing=topic.get("missing", False),
                may_have_begun=topic.get("begun", False),
            )
            for topic in topics.values()
            for code, cause in topic["codes"].items()
        }
    )


def explain_code(code: str) -> Explanation | None:
    """The gateway of some regions writes APIG instead of APIGW."""
    service, _, number = code.partition(".")
    return explanations().get(f"APIGW.{number}" if service == "APIG" else code)


def explain_status(status: int, *, is_json: bool = True) -> Explanation:
    """Every status has a sentence, known or not."""
    cause, cure = _BY_STATUS.get(status) or _by_class(status)
    return Explanation(
        cause=cause,
        cure=cure,
        is_retryable=status in TRANSIENT_STATUSES or status == 409,
        is_missing=is_json and status in (404, 410),
    )


def _by_class(status: int) -> tuple[str, str]:
    match status // 100:
        case 3:
            return "The endpoint sends the bot to another address, and the bot does not follow.", _ENDPOINT
        case 4:
            return f"The cloud refused the request with HTTP status {status}.", _REPORT
        case 5:
            return f"{_TRANSIENT} (HTTP status {status})", _SUPPORT
        case _:
            return f"The cloud answered with HTTP status {status}, which the bot does not understand here.", _REPORT


def refused(tried: Attempted, answer: Answer) -> Problem:
    """The cloud answered with something else than success."""
    body = parse_body(answer.body)
    by_status = explain_status(answer.status, is_json=body.is_json)
    return refused_for(tried, answer, explain_code(body.code) or _with_their_words(by_status, body))


def _with_their_words(why: Explanation, body: ErrorBody) -> Explanation:
    """What we have no sentence for is told in the cloud's own."""
    return replace(why, cause=f"{why.cause}{their_words(body.message)}") if body.is_json else why


def their_words(message: str) -> str:
    """As the end of a sentence's neighbour; empty when the cloud said nothing."""
    shown = one_line(redact(message), limit=THEIR_LENGTH).rstrip(".")
    return f" The cloud's own words: “{shown}”." if shown else ""


def refused_for(tried: Attempted, answer: Answer, why: Explanation) -> Problem:
    """A refusal whose reason we know better than the answer says."""
    body = parse_body(answer.body)
    happened = _happened(tried, answer.status, body)
    request_id = answer.request_id or body.request_id
    return _problem(tried, why, happened=happened, status=answer.status, body=body, request_id=request_id)


def blames_the_date(answer: Answer) -> bool:
    """Whether a refusal speaks of the signature's date."""
    return _DATE_WORDS.search(parse_body(answer.body).message) is not None


def is_throttled(answer: Answer) -> bool:
    """HTTP 429, or the 202 with which the server service says the same."""
    return answer.status == 429 or (answer.status == 202 and parse_body(answer.body).code in THROTTLED_CODES)


def unreadable(tried: Attempted, answer: Answer, what_is_wrong: str) -> Problem:
    """A success whose body is not what the API promises: for an order nobody knows what that means."""
    return _problem(
        tried,
        Explanation(cause=f"The cloud's answer could not be understood: {what_is_wrong}.", cure=_REPORT),
        happened=Happened.UNKNOWN if tried.is_order else Happened.NO,
        status=answer.status,
        body=parse_body(answer.body),
        request_id=answer.request_id,
    )


def unanswered(tried: Attempted, why: Explanation, *, was_sent: bool, detail: str) -> Problem:
    """No answer came. `was_sent` is false only if the request certainly never left."""
    happened = Happened.UNKNOWN if tried.is_order and was_sent else Happened.NO
    return _problem(tried, why, happened=happened, status=None, body=ErrorBody(message=detail), request_id="")


def refused_by_us(tried: Attempted, cause: str, cure: str, *, is_missing: bool = False) -> Problem:
    """Something is wrong before any byte is sent."""
    why = Explanation(cause=cause, cure=cure, is_missing=is_missing)
    return _problem(tried, why, happened=Happened.NO, status=None, body=ErrorBody(), request_id="")


def job_failed(job: Job, purpose: str) -> Problem:
    """A job that the cloud took and ended with FAIL; the cause of the deepest failed sub-job speaks for it."""
    failed = _deepest_failure(job)
    body = parse_reason(_reason_of(failed))
    code = next(filter(explain_code, (body.code, failed.error_code)), failed.error_code or body.code)
    known = explain_code(code)
    detail = one_line(redact(body.message), limit=DETAIL_LENGTH)
    where = f" ({failed.type})" if failed is not job and failed.type else ""
    cause = known.cause if known else "The bot does not know the cause."
    return Problem(
        happened=Happened.YES,
        is_retryable=False,
        what=f"{purpose} failed in the cloud{where}. {cause}{their_words(body.message)}",
        not_done="The job has ended; what it had done before it failed is not undone.",
        cure=known.cure if known else LOOK_FIRST,
        code=code,
        detail=detail,
        request_id=str(failed.id),
    )


def _deepest_failure(job: Job) -> Job:
    """The innermost failed sub-job that says anything; the job itself when none does."""
    failed = (_deepest_failure(sub_job) for sub_job in job.sub_jobs if sub_job.status == JobStatus.FAIL)
    return next((sub_job for sub_job in failed if sub_job.error_code or _reason_of(sub_job)), job)


def _reason_of(job: Job) -> str:
    """The server service writes it beside the server's id."""
    return job.fail_reason or dict(job.entities).get("errorcode_message", "")


def _happened(tried: Attempted, status: int, body: ErrorBody) -> Happened:
    if not tried.is_order:
        return Happened.NO
    known = explain_code(body.code)
    is_undecided = status in UNDECIDED_STATUSES or (known is not None and known.may_have_begun)
    is_refusal = 400 <= status < 500 and not is_undecided
    is_throttled_202 = status == 202 and body.code in THROTTLED_CODES
    return Happened.NO if is_refusal or is_throttled_202 else Happened.UNKNOWN


def _problem(
    tried: Attempted,
    why: Explanation,
    *,
    happened: Happened,
    status: int | None,
    body: ErrorBody,
    request_id: str,
) -> Problem:
    is_unknown = happened is Happened.UNKNOWN
    return Problem(
        happened=happened,
        is_retryable=why.is_retryable and not is_unknown,
        what=f"{tried.purpose} {'got no clear answer' if is_unknown else 'did not succeed'}. {why.cause}",
        not_done=(NOT_KNOWN if is_unknown else NOTHING_CHANGED) if tried.is_order else NOTHING_READ,
        cure=LOOK_FIRST if is_unknown else why.cure,
        status=status,
        code=one_line(redact(body.code), limit=60),
        detail=one_line(redact(body.message), limit=DETAIL_LENGTH),
        request_id=one_line(redact(request_id), limit=100),
        is_missing=why.is_missing,
    )
