"""The one place where a request leaves for the cloud and an answer is read: limits, retries, evidence, no secrets."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import aiohttp
import httpx
from pydantic import BaseModel, Field

from bot.cloud import errors
from bot.cloud.addresses import ID_PATTERN, Address
from bot.cloud.answers import decode, http_date, retry_after_seconds
from bot.cloud.client import Auth, Limits, Nobody, Request, TooLongError, build_client, exchanged
from bot.cloud.errors import Answer, Attempted, Explanation
from bot.cloud.models.loose import Fact
from bot.cloud.network import explain_exception, was_never_sent
from bot.cloud.redaction import Redactor, quieten_http_loggers
from bot.domain.errors import CloudError, Happened, Problem
from bot.domain.facts import JobId
from bot.ports import Accepted, Clock, CloudCall, Rejected, Submission, Unclear

M = TypeVar("M", bound=BaseModel)

MAX_HEADER_SKEW_SECONDS = 600.0  # signatures are refused from 15 minutes on
NOBODY = Nobody()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How reads are repeated: full jitter under an exponential ceiling, or as long as `Retry-After` asks for."""

    attempts: int = 4
    base_seconds: float = 0.5
    max_seconds: float = 8.0
    max_wanted_seconds: float = 30.0
    jitter: Callable[[], float] = random.random

    def pause_after(self, attempt: int, wanted_seconds: float | None) -> float | None:
        """Seconds to wait after the `attempt`-th failure (from 1), or None to give up."""
        if attempt >= self.attempts or (wanted_seconds or 0.0) > self.max_wanted_seconds:
            return None
        ceiling: float = min(self.max_seconds, self.base_seconds * 2 ** (attempt - 1))
        return (wanted_seconds or 0.0) + ceiling * self.jitter()


class JobAccepted(Fact):
    """What every accepted order answers."""

    job_id: str = Field(pattern=f"^{ID_PATTERN.pattern}$")

    @property
    def said(self) -> str:
        return f"job {self.job_id}"


def _ours() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Call:
    """One request on its way. `has_left` turns true right before the request (not a sign-in for it) goes out.

    `model` is what a success is read as; the last one, or what is wrong with it, is `value`.
    """

    tried: Attempted
    method: str
    url: httpx.URL
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Auth = NOBODY
    is_still_ours: Callable[[], bool] = _ours
    model: type[BaseModel] | None = None
    value: BaseModel | Problem | None = None
    has_left: bool = False
    has_no_token: bool = False

    def leave(self) -> None:
        """Called right before the bytes leave."""
        if not self.is_still_ours():
            raise _NotOursError
        self.has_left = True


class _NotOursError(Exception):
    """Somebody else took over while the request was being prepared."""


class Transport:
    """Sends calls. Belongs to one event loop; `aclose()` when done."""

    def __init__(
        self,
        *,
        clock: Clock,
        redactor: Redactor,
        limits: Limits | None = None,
        retries: Retries | None = None,
        ca_files: Iterable[str] = (),
        clients: tuple[httpx.AsyncClient, httpx.AsyncClient] | None = None,
        observe: Callable[[CloudCall], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._redactor, self._observe, self._sleep = clock, redactor, observe, sleep
        self._limits, self._retries = limits or Limits(), retries or Retries()
        self._reads, self._orders = clients or (
            build_client(self._limits, ca_files),
            build_client(self._limits, ca_files, is_for_orders=True),
        )
        self._read_wires: dict[str, httpx.AsyncBaseTransport] = {}  # by origin
        self._order_wires: dict[str, httpx.AsyncBaseTransport] = {}
        self.clock_skew_seconds: float | None = None  # ours minus theirs, from the last answer that had a date
        quieten_http_loggers(redactor)

    async def aclose(self) -> None:
        await self._reads.aclose()
        await self._orders.aclose()

    async def read(self, model: type[M], call: Call) -> M:
        """Asks until there is an answer or no hope. CloudError with the last problem."""
        call.model = model
        await self.repeat(call)
        if isinstance(call.value, Problem):
            raise CloudError(call.value)
        assert isinstance(call.value, model)
        return call.value

    async def order(self, call: Call) -> Submission:
        """Sends an order once and never again; the answer decides what is known about it."""
        call.model = JobAccepted
        outcome = await self.once(call)
        problem = outcome if isinstance(outcome, Problem) else self.problem_in(call, outcome)
        if problem is None and isinstance(call.value, JobAccepted):
            return Accepted(job_id=JobId(call.value.job_id))
        problem = problem or (call.value if isinstance(call.value, Problem) else None)
        assert problem is not None
        return Unclear(problem=problem) if problem.happened is Happened.UNKNOWN else Rejected(problem=problem)

    async def repeat(self, call: Call) -> Answer:
        """A successful answer to a call that may be sent several times. CloudError when there is none."""
        attempt = 1
        while True:
            answer = await self.once(call)
            problem = answer if isinstance(answer, Problem) else self.problem_in(call, answer)
            if problem is None:
                assert isinstance(answer, Answer)
                return answer
            wanted = retry_after_seconds(answer, self._clock.now()) if isinstance(answer, Answer) else None
            is_hopeful = _is_worth_repeating(problem) and not call.has_no_token
            pause = self._retries.pause_after(attempt, wanted) if is_hopeful else None
            if pause is None:
                raise CloudError(problem)
            await self._sleep(pause)
            attempt += 1

    async def once(self, call: Call) -> Answer | Problem:
        """Sends the call a single time: the answer, whatever it says, or why there is none."""
        started = self._clock.monotonic()
        outcome = await self._sent(call)
        if isinstance(outcome, Answer):
            self._note_skew(outcome)
            if call.model and 200 <= outcome.status < 300:
                call.value = decode(call.model, call.tried, outcome)
        self._report(call, outcome, self._clock.monotonic() - started)
        return outcome

    def problem_in(self, call: Call, answer: Answer) -> Problem | None:
        """What is wrong with an answer, None for a success."""
        if 200 <= answer.status < 300 and not errors.is_throttled(answer):
            return None
        if self._looks_like_our_clock(call, answer):
            return errors.refused_for(call.tried, answer, self._clock_explanation())
        return errors.refused(call.tried, answer)

    async def _sent(self, call: Call) -> Answer | Problem:
        call.has_left, call.value = False, None
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                return await self._exchanged(call)
        except CloudError as error:  # the sign-in failed, after tries of its own: the call itself never left
            call.has_no_token = True
            return error.problem
        except _NotOursError:
            return errors.refused_by_us(
                call.tried, "Another worker has taken over this run.", "Nothing to do: that worker goes on with it."
            )
        except TooLongError:
            what_is_wrong = f"it is longer than {self._limits.body_bytes} bytes"
            return errors.unreadable(call.tried, Answer(status=200), what_is_wrong)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            return self._unanswered(call, error)

    async def _exchanged(self, call: Call) -> Answer:
        """Straight to what is under httpx's client: its hooks, redirects, cookies and log lines no call of ours has."""
        request = _request(call)
        wire = self._wire(call.tried, request.address)

        def send(request: Request) -> Awaitable[Answer]:
            call.leave()
            return exchanged(wire, request)

        answer = await call.auth.sent(request, send)
        if 200 <= answer.status < 300:
            return answer
        body = answer.body.decode("utf-8", errors="replace")  # may repeat what was sent, secrets too
        return replace(answer, body=self._redactor.hide_known(body).encode())

    def _wire(self, tried: Attempted, address: Address) -> httpx.AsyncBaseTransport:
        """Which one it is, through which proxy if any, is the same for all calls to a service."""
        wires = self._order_wires if tried.is_order else self._read_wires
        if address.origin not in wires:
            client = self._orders if tried.is_order else self._reads
            wires[address.origin] = client._transport_for_url(address)
        return wires[address.origin]

    def _unanswered(self, call: Call, error: Exception) -> Problem:
        return errors.unanswered(
            call.tried,
            explain_exception(error, call.url.host),
            was_sent=call.has_left and not was_never_sent(error),
            detail=self._redactor(f"{type(error).__name__}: {error}"),
        )

    def _note_skew(self, answer: Answer) -> None:
        theirs = http_date(answer.headers.get("date", ""))
        if theirs is not None:
            self.clock_skew_seconds = (self._clock.now() - theirs).total_seconds()

    def _looks_like_our_clock(self, call: Call, answer: Answer) -> bool:
        """A refused signature, while the clocks differ; without a date to compare, the refusal's own words count."""
        if not call.auth.depends_on_clock or answer.status not in (400, 401, 403):
            return False
        if self.clock_skew_seconds is not None:
            return abs(self.clock_skew_seconds) > MAX_HEADER_SKEW_SECONDS
        return errors.blames_the_date(answer)

    def _clock_explanation(self) -> Explanation:
        minutes = round((self.clock_skew_seconds or 0.0) / 60)
        by = f"{abs(minutes)} minutes {'ahead of' if minutes > 0 else 'behind'} the cloud's" if minutes else "off"
        return Explanation(
            cause=f"The cloud refused the date of the signature: this machine's clock is {by}.",
            cure="Set the clock (NTP), then try again.",
        )

    def _report(self, call: Call, outcome: Answer | Problem, seconds: float) -> None:
        if self._observe is None:
            return
        self._observe(
            CloudCall(
                at=self._clock.now(),
                method=call.method,
                path=call.url.path,
                status=outcome.status,
                milliseconds=round(seconds * 1000),
                request_id=outcome.request_id,
                summary=self._summary(call, outcome),
            )
        )

    def _summary(self, call: Call, outcome: Answer | Problem) -> str:
        """What was asked and, in a few words, what was answered."""
        wrong = outcome if isinstance(outcome, Problem) else self.problem_in(call, outcome) or call.value
        if isinstance(wrong, Problem):
            return self._redactor(f"{wrong.what} {wrong.code}".strip())
        said = call.value.said if isinstance(call.value, Fact) else ""
        return f"{call.tried.purpose}: {said}" if said else call.tried.purpose


def _is_worth_repeating(problem: Problem) -> bool:
    is_transient = problem.status is None or problem.status in errors.TRANSIENT_STATUSES | {202}
    return problem.is_retryable and is_transient


def _request(call: Call) -> Request:
    address = call.url if isinstance(call.url, Address) else Address(call.url)
    if call.body is None:
        return Request(method=call.method, address=address, headers={**call.headers})
    body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    headers = {"Content-Type": "application/json", **call.headers}
    return Request(method=call.method, address=address, headers=headers, body=body)
