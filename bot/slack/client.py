"""The way to Slack's Web API: one shared session, one place that turns what came back into a value."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.lean import LeanClient

CALL_SECONDS = 10.0
DEFAULT_RETRY_SECONDS = 5.0
# Slack's own trouble: it may have happened all the same ("it's possible some aspect of the operation succeeded").
UNSURE_ERRORS = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
LIMIT_ERRORS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


@dataclass(frozen=True, slots=True)
class Done:
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack said no, with its word for why. Nothing happened."""

    error: str

    def __str__(self) -> str:
        return self.error


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many calls. Nothing happened; the same may be asked again after that long."""

    retry_seconds: float

    def __str__(self) -> str:
        return "ratelimited"


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, or none that says anything. It may have happened."""

    reason: str

    def __str__(self) -> str:
        return f"no answer, {self.reason}"


Answer = Done | Refused | Limited | Lost


class Meter(Protocol):
    """Who counts. The composition root connects it to the metrics."""

    def slack_call(self, method: str, outcome: str, seconds: float) -> None: ...

    def message_given_up(self, reason: str) -> None: ...


class NoMeter:
    def slack_call(self, method: str, outcome: str, seconds: float) -> None:
        return None

    def message_given_up(self, reason: str) -> None:
        return None


@asynccontextmanager
async def slack_session() -> AsyncIterator[aiohttp.ClientSession]:
    """The session that all clients share: without it slack_sdk opens a connection for every call.

    Its timeout counts; slack_sdk ignores its own when a session is given.
    """
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, connect=CALL_SECONDS / 2)
    connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        yield session


def slack_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """No retries in here: a connection error after `chat.postMessage` is not proof that nothing was posted."""
    return LeanClient(token=token, base_url=base_url, session=session, retry_handlers=[], logger=_sdk_log())


def _sdk_log() -> logging.Logger:
    """The SDK asks `logger.level`, which does not inherit. Where it is unset, the SDK and its retries write out every
    call in full, with its views, for a debug line that nobody sees: it took half of the time of a command."""
    log = logging.getLogger("slack_sdk.web.calls")
    log.setLevel(logging.WARNING)
    return log


@dataclass(frozen=True, slots=True)
class Wire:
    """Calls by method name; every way in which a call can end is a value.

    The SDK's own functions are used, because they know which methods take JSON and which only a form.
    """

    client: AsyncWebClient
    meter: Meter = field(default_factory=NoMeter)

    async def call(self, method: str, **arguments: Any) -> Answer:
        began = time.monotonic()
        answer = await self._call(method, arguments)
        self.meter.slack_call(method, type(answer).__name__.lower(), time.monotonic() - began)
        return answer

    async def _call(self, method: str, arguments: dict[str, Any]) -> Answer:
        try:
            response = await getattr(self.client, method.replace(".", "_"))(**arguments)
        except SlackApiError as error:
            return read_refusal(error)
        except TimeoutError:
            return Lost("too slow")
        except aiohttp.ClientConnectionError:
            return Lost("no connection")
        except (aiohttp.ClientError, SlackClientError, OSError, ValueError) as error:
            return Lost(type(error).__name__)
        return Done(response.data) if isinstance(response.data, dict) else Lost("no JSON")


def read_refusal(error: SlackApiError) -> Answer:
    response = error.response
    status, headers = response.status_code, {name.lower(): value for name, value in response.headers.items()}
    body = response.data if isinstance(response.data, dict) else {}
    word = str(body.get("error", ""))
    if status == 429 or word in LIMIT_ERRORS:
        return Limited(_seconds(headers.get("retry-after")))
    if status >= 500 or not word or word in UNSURE_ERRORS:
        return Lost(word or f"HTTP {status}")
    return Refused(word)


def _seconds(text: object) -> float:
    try:
        return max(0.0, float(str(text)))
    except ValueError:
        return DEFAULT_RETRY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the bot's token is. `url` is the workspace's own address."""

    team: str
    enterprise: str
    bot_user: str
    url: str


async def who_am_i(wire: Wire) -> Identity | Refused | Limited | Lost:
    """Asked once at start: a revoked token is otherwise noticed only when a message matters."""
    answer = await wire.call("auth.test")
    if not isinstance(answer, Done):
        return answer
    body = answer.body
    return Identity(
        team=str(body.get("team_id") or ""),
        enterprise=str(body.get("enterprise_id") or ""),
        bot_user=str(body.get("user_id") or ""),
        url=str(body.get("url") or ""),
    )
