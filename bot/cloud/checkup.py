"""Looks over one project before it is needed: sign-in, addresses, answers, expiry, clock. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from bot.cloud.access import Service
from bot.cloud.ecs import Ecs
from bot.cloud.ims import Ims
from bot.cloud.sdrs import Sdrs
from bot.cloud.session import Session
from bot.cloud.transport import MAX_HEADER_SKEW_SECONDS
from bot.domain.errors import CloudError
from bot.domain.preflight.finding import counted
from bot.ports import Clock

PASSWORD_WARNING = timedelta(days=14)
SKEW_WARNING_SECONDS = 60.0
SLOW_MILLISECONDS = 5000
NO_IMAGE = str(UUID(int=0))


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing that was looked at; `cure` is empty when it is well."""

    name: str
    health: Health
    sentence: str
    cure: str = ""
    milliseconds: int = 0


async def examine(session: Session, clock: Clock, *, skew_seconds: Callable[[], float | None]) -> tuple[Examined, ...]:
    """Everything about one project. After a failed sign-in nothing else is tried."""
    sign_in = await _timed("sign-in", _signed_in, session, clock)
    if sign_in.health is Health.FAILED:
        return (sign_in,)
    looks = (("SDRS", _groups), ("ECS", _servers), ("IMS", _images))
    services = await asyncio.gather(*(_timed(name, look, session, clock) for name, look in looks))
    return (sign_in, *services, *_password(session, clock.now()), *_clock(skew_seconds()))


async def _timed(name: str, look: Callable[[Session], Awaitable[str]], session: Session, clock: Clock) -> Examined:
    started = clock.monotonic()
    try:
        sentence = await look(session)
    except CloudError as error:
        problem = error.problem
        sentence = f"{problem.what} {problem.reference}".strip()
        return Examined(name=name, health=Health.FAILED, sentence=sentence, cure=problem.cure)
    took = round((clock.monotonic() - started) * 1000)
    if took <= SLOW_MILLISECONDS:
        return Examined(name=name, health=Health.OK, sentence=sentence, milliseconds=took)
    cure = "Look for a slow network or proxy between this machine and the cloud."
    return Examined(name=name, health=Health.WARNING, sentence=f"{sentence} Slowly.", cure=cure, milliseconds=took)


async def _signed_in(session: Session) -> str:
    project = await session.project_id()
    token = session.token
    if token is None:
        return f"Project {project} is used with an access key; the first call shows whether the key is right."
    return f"Signed in as {token.user_name} to project {token.project_name or project} ({project})."


async def _groups(session: Session) -> str:
    groups = await Sdrs(session).groups()
    return f"{len(groups)} protection groups at {await session.root(Service.SDRS)}."


async def _servers(session: Session) -> str:
    page = await Ecs(session).first_page()
    return f"{page.count or len(page.items)} servers at {await session.root(Service.ECS)}."


async def _images(session: Session) -> str:
    await Ims(session).image(NO_IMAGE)
    return f"Images can be read at {await session.root(Service.IMS)}."


def _password(session: Session, now: datetime) -> tuple[Examined, ...]:
    expires_at = session.token.password_expires_at if session.token else None
    if expires_at is None:
        return ()
    day = expires_at.strftime("%Y-%m-%d")
    if expires_at - now > PASSWORD_WARNING:
        return (Examined(name="password", health=Health.OK, sentence=f"The password is good until {day}."),)
    cure = "Change the password of the bot's user and set OS_PASSWORD before that day."
    sentence = f"The password of the bot's user expires on {day}."
    return (Examined(name="password", health=Health.WARNING, sentence=sentence, cure=cure),)


def _clock(skew_seconds: float | None) -> tuple[Examined, ...]:
    if skew_seconds is None:
        return ()
    seconds = round(abs(skew_seconds))
    sentence = f"This machine's clock differs from the cloud's by {counted(seconds, 'second')}."
    if seconds <= SKEW_WARNING_SECONDS:
        return (Examined(name="clock", health=Health.OK, sentence=sentence),)
    health = Health.FAILED if seconds > MAX_HEADER_SKEW_SECONDS else Health.WARNING
    return (Examined(name="clock", health=health, sentence=sentence, cure="Set the clock (NTP)."),)
