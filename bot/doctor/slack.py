"""Slack as the bot will meet it: both tokens, the scopes they carry, every channel and user group of the policy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from bot.doctor.report import Area, Result, Results, failed, warned, well
from bot.domain.policy import Policy
from bot.domain.preflight.finding import counted
from bot.ports import Clock
from bot.slack.manifest import SCOPES
from bot.slack.people import usergroups_in

CALL_SECONDS = 6.0
SKEW_WARNING_SECONDS = 30
SKEW_LIMIT_SECONDS = 300  # then Slack's signatures count as replayed, and every request is refused
REINSTALL = "Update the app from `failover-bot manifest`, then install it to the workspace again."


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackAccess:
    bot_token: str
    app_token: str = ""
    signing_secret: str = ""
    api_url: str = "https://slack.com/api/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the Web API; `error` is `no answer` when there was none."""

    body: Mapping[str, Any]
    scopes: frozenset[str] | None = None
    date: datetime | None = None

    @property
    def error(self) -> str:
        return "" if self.body.get("ok") else str(self.body.get("error") or "no answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Calls that keep the headers of the answer, which the SDK's own errors lose."""

    session: aiohttp.ClientSession
    api_url: str

    async def ask(self, method: str, token: str, **arguments: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self.session.post(f"{self.api_url}{method}", data=arguments, headers=headers) as response:
                scopes, date = response.headers.get("x-oauth-scopes"), response.headers.get("date", "")
                body = await response.json(content_type=None) if response.status < 500 else {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return Reply(body={})
        given = frozenset(part.strip() for part in scopes.split(",")) if scopes is not None else None
        return Reply(body=body if isinstance(body, dict) else {}, scopes=given, date=_moment(date))


async def examine_slack(access: SlackAccess, policy: Policy | None, clock: Clock) -> Results:
    """After a token that does not work nothing else can be asked."""
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
        line = Line(session=session, api_url=access.api_url)
        who = await line.ask("auth.test", access.bot_token)
        token = _token(who)
        if who.error:
            return (token,)
        app = await _app_token(line, access)
        rooms = await asyncio.gather(*(_channel(line, access, channel) for channel in _channels(policy)))
        groups = [await _usergroup(line, access, group) for group in _groups(policy)]
        return (token, *_scopes(who), app, *rooms, *groups, *_clock(who, clock.now()))


def _token(who: Reply) -> Result:
    match who.error:
        case "":
            user, team, team_id = (who.body.get(key) for key in ("user", "team", "team_id"))
            return well(Area.SLACK, "bot token", f"The bot token belongs to {user} in {team} ({team_id}).")
        case "no answer" | "ratelimited":
            cure = "Check SLACK_API_URL, and the network and proxy between this machine and Slack."
            return failed(Area.SLACK, "bot token", f"Slack did not answer ({who.error}).", cure)
        case error:
            cure = "Copy the bot token (xoxb-…) of the installed app into SLACK_BOT_TOKEN."
            return failed(Area.SLACK, "bot token", f"Slack refused the bot token ({error}).", cure)


def _scopes(who: Reply) -> Results:
    if who.scopes is None:
        cure = "Compare the app's scopes with `failover-bot manifest`."
        return (warned(Area.SLACK, "scopes", "Slack did not say which scopes the token has.", cure),)
    missing = [(scope, why) for scope, why in SCOPES.items() if scope not in who.scopes]
    if not missing:
        return (well(Area.SLACK, "scopes", f"The token has all {len(SCOPES)} scopes."),)
    return tuple(
        failed(Area.SLACK, "scopes", f"The scope {scope} is missing. Without it no {why}.", REINSTALL)
        for scope, why in missing
    )


async def _app_token(line: Line, access: SlackAccess) -> Result:
    name = "intake"
    if not access.app_token:
        return well(Area.SLACK, name, "Slack is expected to call POST /slack/events (no SLACK_APP_TOKEN).")
    reply = await line.ask("apps.connections.open", access.app_token)
    if not reply.error:
        return well(Area.SLACK, name, "The app token opens Socket Mode connections.")
    cure = "Make an app-level token with connections:write, set SLACK_APP_TOKEN, and switch Socket Mode on."
    return failed(Area.SLACK, name, f"Socket Mode cannot be opened ({reply.error}).", cure)


async def _channel(line: Line, access: SlackAccess, channel: str) -> Result:
    reply = await line.ask("conversations.info", access.bot_token, channel=channel)
    found = reply.body.get("channel") or {}
    name, shown = f"channel {channel}", f"#{found.get('name') or channel}"
    if reply.error == "channel_not_found":
        cure = "Correct the id in the policy; a private channel is seen only after /invite there."
        return failed(Area.SLACK, name, f"The bot cannot see the channel {channel}.", cure)
    if reply.error:
        return failed(Area.SLACK, name, f"The channel cannot be looked up: {reply.error}.", REINSTALL)
    if found.get("is_archived"):
        return failed(Area.SLACK, name, f"{shown} is archived.", "Unarchive it, or name another one in the policy.")
    if found.get("is_ext_shared"):
        cure = "Name a channel in the policy that no other organisation can read."
        return failed(Area.SLACK, name, f"{shown} is shared with another organisation.", cure)
    if not found.get("is_member"):
        return failed(Area.SLACK, name, f"The bot is not a member of {shown}.", f"Type /invite in {shown}.")
    return well(Area.SLACK, name, f"The bot is a member of {shown}.")


async def _usergroup(line: Line, access: SlackAccess, group: str) -> Result:
    reply = await line.ask("usergroups.users.list", access.bot_token, usergroup=group)
    name, count = f"user group {group}", len(reply.body.get("users") or ())
    if reply.error == "plan_upgrade_required":
        cure = "User groups need a paid plan of Slack; list the users in the policy instead."
        return failed(Area.SLACK, name, "This workspace has no user groups.", cure)
    if reply.error:
        cure = "Correct the id in the policy, and see that the token has usergroups:read."
        return failed(Area.SLACK, name, f"The user group cannot be read: {reply.error}.", cure)
    if not count:
        return warned(Area.SLACK, name, "The user group is empty.", "Put people in, or name another one in the policy.")
    return well(Area.SLACK, name, f"The user group has {counted(count, 'member')}.")


def _clock(who: Reply, now: datetime) -> Results:
    if who.date is None:
        return ()
    seconds = (now - who.date).total_seconds()
    ahead = "ahead of" if seconds > 0 else "behind"
    sentence = f"This machine's clock is {counted(round(abs(seconds)), 'second')} {ahead} Slack's."
    if abs(seconds) <= SKEW_WARNING_SECONDS:
        return (well(Area.SLACK, "clock", sentence),)
    if abs(seconds) <= SKEW_LIMIT_SECONDS:
        return (warned(Area.SLACK, "clock", sentence, "Set the clock (NTP)."),)
    cure = "Set the clock (NTP): from five minutes on, every signed request of Slack is refused."
    return (failed(Area.SLACK, "clock", sentence, cure),)


def _channels(policy: Policy | None) -> list[str]:
    rules = policy.rules if policy else ()
    return _once(channel for rule in rules for channel in (rule.approvals_channel, rule.incidents_channel))


def _groups(policy: Policy | None) -> list[str]:
    return sorted(usergroups_in(policy)) if policy else []


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
