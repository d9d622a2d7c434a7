"""What the doctor says: one result per thing that was looked at, and how all of them together are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from bot.cloud.checkup import Health
from bot.log import Redaction

RANK = (Health.OK, Health.WARNING, Health.FAILED)  # the place is the exit status


class Area(StrEnum):
    SETTINGS = "settings"
    SLACK = "Slack"
    DATABASE = "database"
    CLOUD = "cloud"
    POLICY = "policy"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`cure` is empty when all is well."""

    area: Area
    name: str
    health: Health
    sentence: str
    cure: str = ""
    milliseconds: int = 0


Results = tuple[Result, ...]


def well(area: Area, name: str, sentence: str, *, milliseconds: int = 0) -> Result:
    return Result(area=area, name=name, health=Health.OK, sentence=sentence, milliseconds=milliseconds)


def warned(area: Area, name: str, sentence: str, cure: str) -> Result:
    return Result(area=area, name=name, health=Health.WARNING, sentence=sentence, cure=cure)


def failed(area: Area, name: str, sentence: str, cure: str = "") -> Result:
    return Result(area=area, name=name, health=Health.FAILED, sentence=sentence, cure=cure)


def worst(results: Iterable[Result]) -> Health:
    return max((result.health for result in results), key=RANK.index, default=Health.OK)


def report_of(results: Results) -> dict[str, object]:
    return {"health": worst(results).value, "results": [asdict(result) for result in results]}


async def bounded(area: Area, look: Awaitable[Results], *, seconds: float) -> Results:
    """Whatever happens there, the other areas are looked at too, and the doctor comes to an end."""
    try:
        return await asyncio.wait_for(look, seconds)
    except TimeoutError:
        cure = "Look for a slow or broken network between this machine and it."
        return (failed(area, "in time", f"The {area} did not answer within {seconds:g} seconds.", cure),)
    except Exception as error:
        cure = "This is a fault of the doctor; please report it."
        return (failed(area, "examined", f"The {area} could not be examined ({type(error).__name__}).", cure),)


def without_secrets(results: Results, secrets: Iterable[str]) -> Results:
    """The last thing before anybody reads it."""
    clean = Redaction(secrets).clean
    return tuple(replace(result, sentence=clean(result.sentence), cure=clean(result.cure)) for result in results)
