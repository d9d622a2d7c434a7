"""Change windows: whether a moment lies in one, and when the next one opens, by the clock of its own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from bot.domain.policy.rules import Rule, Window

DAY_MINUTES = 24 * 60


@cache
def zone_of(name: str) -> tzinfo:
    """ZoneInfoNotFoundError (a KeyError) or ValueError for a name that is none. UTC needs no zone database."""
    return UTC if name == "UTC" else ZoneInfo(name)


def is_inside(rule: Rule, moment: datetime) -> bool:
    """A rule without windows is always open."""
    return not rule.windows or any(_holds(window, moment) for window in rule.windows)


def next_opening(rule: Rule, moment: datetime) -> datetime | None:
    """When a window opens next (UTC); None if one is open or none is needed."""
    if is_inside(rule, moment):
        return None
    return min(_next_start(window, moment) for window in rule.windows)


def _holds(window: Window, moment: datetime) -> bool:
    local = moment.astimezone(zone_of(window.zone))
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if window.end_minute > window.start_minute:
        return day in window.days and window.start_minute <= minute < window.end_minute
    is_evening = day in window.days and minute >= window.start_minute
    is_morning_after = (day - 1) % 7 in window.days and minute < window.end_minute
    return is_evening or is_morning_after


def _next_start(window: Window, moment: datetime) -> datetime:
    zone = zone_of(window.zone)
    midnight = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    hour, minute = divmod(window.start_minute, 60)
    days = (midnight + timedelta(days=number) for number in range(8))
    starts = (day.replace(hour=hour, minute=minute).astimezone(UTC) for day in days if day.weekday() in window.days)
    return next(start for start in starts if start > moment)
