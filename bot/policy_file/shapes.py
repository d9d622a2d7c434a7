"""The shape of the policy file: which keys there are, what they hold, and nothing beside them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.domain.policy.windows import zone_of

UNIT_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> timedelta:
    parts = re.fullmatch(r"([1-9][0-9]{0,4})\s*([mhd])", value) if isinstance(value, str) else None
    if parts is None:
        raise ValueError(f'{value!r} is no duration: write it like "30m", "4h" or "2d"')
    return timedelta(seconds=int(parts[1]) * UNIT_SECONDS[parts[2]])


def _minute_of_day(value: object) -> int:
    parts = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", value) if isinstance(value, str) else None
    minute = int(parts[1]) * 60 + int(parts[2]) if parts else -1
    if not 0 <= minute <= 24 * 60:
        raise ValueError(f'{value!r} is no time of day: write it like "20:00"')
    return minute


def _zone(value: str) -> str:
    try:
        zone_of(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'"{value}" is no known time zone: write it like "Europe/Berlin" or "UTC"') from None
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f'"{value}" is no regular expression: {error}') from None
    return value


def _id(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f'"{value}" is no {what}')
        return value

    return AfterValidator(check)


OPERATOR = r"operator/[A-Za-z0-9._-]+"
SLACK_USER = r"[UW][A-Z0-9]{2,}"
Text = Annotated[str, Field(min_length=1, max_length=100)]
UserId = Annotated[str, _id(rf"{SLACK_USER}|{OPERATOR}", "user id (U… of Slack, or operator/NAME)")]
ACCOUNT = rf"(T[A-Z0-9]+/)?{SLACK_USER}|{OPERATOR}"
AccountId = Annotated[str, _id(ACCOUNT, "account (U… or T…/U… of Slack, or operator/NAME)")]
GroupId = Annotated[str, _id(r"S[A-Z0-9]{2,}", "Slack user group id (S…)")]
ChannelId = Annotated[str, _id(r"[CG][A-Z0-9]{2,}", "Slack channel id (C… or G…, not the name)")]
TeamId = Annotated[str, _id(r"(T[A-Z0-9]{2,})?", "Slack workspace id (T…)")]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
MinuteOfDay = Annotated[int, BeforeValidator(_minute_of_day)]
Zone = Annotated[str, AfterValidator(_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AudienceShape(Shape):
    users: list[UserId] = []
    usergroups: list[GroupId] = []
    on_call: list[Text] = []


class RoleShape(AudienceShape):
    name: Text
    need: Annotated[int, Field(ge=1, le=20)] = 1
    backups: AudienceShape = AudienceShape()


class WindowShape(Shape):
    days: Annotated[list[Day], Field(min_length=1)]
    opens: MinuteOfDay
    closes: MinuteOfDay
    zone: Zone = "UTC"


class ChannelsShape(Shape):
    approvals: ChannelId | None = None
    incidents: ChannelId | None = None


class RuleShape(Shape):
    name: Text
    environment: Text
    groups: list[Text] = []
    ids: list[Text] = []
    tags: dict[str, str] = {}
    requesters: AudienceShape | None = None
    roles: list[RoleShape] = []
    windows: list[WindowShape] = []
    break_glass: AudienceShape = AudienceShape()
    request_expires_after: Duration = timedelta(hours=4)
    approval_expires_after: Duration = timedelta(hours=1)
    remind_every: Duration = timedelta(minutes=30)
    ticket: Pattern = ""
    type_group_name: bool = False
    second_factor: bool = False
    channels: ChannelsShape = ChannelsShape()


class FileShape(Shape):
    team: TeamId = ""
    channels: ChannelsShape = ChannelsShape()
    people: dict[str, list[AccountId]] = {}
    on_call: dict[str, list[UserId]] = {}
    rules: list[RuleShape] = []


# Which shape stands under which key: for the words about a wrong key.
SHAPE_OF: dict[str, type[Shape]] = {
    "": FileShape,
    "channels": ChannelsShape,
    "rules": RuleShape,
    "roles": RoleShape,
    "windows": WindowShape,
    "backups": AudienceShape,
    "requesters": AudienceShape,
    "break_glass": AudienceShape,
}
