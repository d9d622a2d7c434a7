"""The whole examination: every area at once, each within its time, none stopped by another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.config import Settings, SettingsProblems, load_settings
from bot.doctor.cloud import CloudLook, examine_cloud
from bot.doctor.database import examine_database
from bot.doctor.place import METADATA, examine_place
from bot.doctor.policy import examine_quorums, read_policy
from bot.doctor.report import Area, Result, Results, bounded, failed, warned, well, without_secrets
from bot.doctor.slack import SlackAccess, examine_slack
from bot.domain.policy import Policy
from bot.ports import Clock

SLACK_SECONDS = 30.0
DATABASE_SECONDS = 20.0
CLOUD_SECONDS = 90.0
QUORUM_SECONDS = 60.0
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "STEP_UP_KEY", "OS_PASSWORD")


async def examine(environ: Mapping[str, str], clock: Clock, *, metadata: str = METADATA) -> Results:
    """In the order in which it is read: settings, Slack, database, cloud, policy, place."""
    settings = _settings(environ)
    access = _slack_access(environ)
    reading = read_policy(
        Path(environ.get("FAILOVER_POLICY") or "policy.toml"),
        has_second_factor_page=bool(environ.get("PUBLIC_URL") and environ.get("STEP_UP_KEY")),
    )
    url = environ.get("DATABASE_URL") or "sqlite:///failover-bot.sqlite"
    slack, database, cloud, quorums = await asyncio.gather(
        _slack(access, reading.policy, clock),
        bounded(Area.DATABASE, examine_database(url), seconds=DATABASE_SECONDS),
        _cloud(environ, clock),
        _quorums(reading.policy, access),
    )
    place = await examine_place(environ, cloud.groups, metadata=metadata)
    results = (*settings, *slack, *database, *cloud.results, *reading.results, *quorums, *place)
    return without_secrets(results, (*cloud.secrets, *(environ[name] for name in SECRETS if environ.get(name))))


def _settings(environ: Mapping[str, str]) -> Results:
    try:
        settings = load_settings(environ)
    except SettingsProblems as problems:
        cure = "Set it in the environment of the bot; the README's Settings say what each one means."
        return tuple(failed(Area.SETTINGS, "environment", sentence, cure) for sentence in problems.sentences)
    return (well(Area.SETTINGS, "environment", "All settings can be read."), *_intake(settings), *_logs(settings))


def _intake(settings: Settings) -> Results:
    if settings.slack_app_token or settings.slack_signing_secret:
        return ()
    cure = "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for POST /slack/events."
    return (failed(Area.SETTINGS, "intake", "Nothing of Slack would reach the bot.", cure),)


def _logs(settings: Settings) -> Results:
    if settings.log_level.upper() != "DEBUG":
        return ()
    return (warned(Area.SETTINGS, "logs", "LOG_LEVEL is DEBUG: much is written that nobody needs.", "Set it to INFO."),)


def _slack_access(environ: Mapping[str, str]) -> SlackAccess | None:
    token, url = environ.get("SLACK_BOT_TOKEN", ""), environ.get("SLACK_API_URL") or "https://slack.com/api/"
    if not token or not url.startswith(("http://", "https://")):
        return None
    return SlackAccess(
        bot_token=token,
        app_token=environ.get("SLACK_APP_TOKEN", ""),
        signing_secret=environ.get("SLACK_SIGNING_SECRET", ""),
        api_url=url if url.endswith("/") else f"{url}/",
    )


async def _slack(access: SlackAccess | None, policy: Policy | None, clock: Clock) -> Results:
    if access is None:
        sentence = "Slack was not asked: there is no token, or no address to ask."
        return (failed(Area.SLACK, "bot token", sentence, "Set SLACK_BOT_TOKEN."),)
    return await bounded(Area.SLACK, examine_slack(access, policy, clock), seconds=SLACK_SECONDS)


async def _quorums(policy: Policy | None, access: SlackAccess | None) -> Results:
    if policy is None:
        return ()
    return await bounded(Area.POLICY, examine_quorums(policy, access), seconds=QUORUM_SECONDS)


async def _cloud(environ: Mapping[str, str], clock: Clock) -> CloudLook:
    """Bounded like the others, and with more to tell than results."""
    seen: list[CloudLook] = []

    async def look() -> tuple[Result, ...]:
        seen.append(await examine_cloud(environ, clock))
        return seen[0].results

    results = await bounded(Area.CLOUD, look(), seconds=CLOUD_SECONDS)
    return seen[0] if seen else CloudLook(results=results)
