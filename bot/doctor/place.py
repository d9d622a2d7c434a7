"""Where the bot itself runs: in a zone that it may have to leave, it would be lost with what it should save."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from bot.doctor.report import Area, Results, warned, well
from bot.domain.facts import Group

# The cloud's own servers are told their zone here, and only here.
# https://docs.otc.t-systems.com/elastic-cloud-server/umn/instances/obtaining_metadata_and_passing_user_data/
METADATA = "http://169.254.169.254"
METADATA_PATH = "/openstack/latest/meta_data.json"
METADATA_SECONDS = 1.0
MOST_NAMED = 5


async def examine_place(
    environ: Mapping[str, str], groups: tuple[Group, ...] | None, *, metadata: str = METADATA
) -> Results:
    """FAILOVER_BOT_ZONE says the zone; FAILOVER_BOT_METADATA=off keeps the doctor from asking the metadata service."""
    zone = environ.get("FAILOVER_BOT_ZONE", "").strip()
    if not zone and environ.get("FAILOVER_BOT_METADATA", "").lower() not in ("off", "0", "false", "no"):
        zone = await _asked(metadata)
    if not zone:
        cure = "Set FAILOVER_BOT_ZONE to the zone this machine is in, or to a word such as elsewhere."
        return (warned(Area.PLACE, "zone", "In which zone the bot runs is not known.", cure),)
    return (*_danger(zone, groups),)


def _danger(zone: str, groups: tuple[Group, ...] | None) -> Results:
    if groups is None:
        cure = "See what is said about the cloud."
        return (warned(Area.PLACE, "zone", f"The bot runs in {zone}; the zones of the groups are not known.", cure),)
    here = [group.name for group in groups if group.production and group.zone_of(group.production) == zone]
    if not here:
        return (well(Area.PLACE, "zone", f"The bot runs in {zone}, where no group has its production now."),)
    more = f" and {len(here) - MOST_NAMED} more" if len(here) > MOST_NAMED else ""
    listed = f"{', '.join(here[:MOST_NAMED])}{more}"
    sentence = f"The bot runs in {zone}, as does the production of {listed}: it would go down together with them."
    return (warned(Area.PLACE, "zone", sentence, "Run a second bot, or this one, in another zone or region."),)


async def _asked(metadata: str) -> str:
    """Empty when nobody answers, as everywhere but on the cloud's own servers."""
    timeout = aiohttp.ClientTimeout(total=METADATA_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.get(f"{metadata}{METADATA_PATH}", allow_redirects=False) as response,
        ):
            body = await response.json(content_type=None) if response.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return ""
    return str(body.get("availability_zone") or "")[:60] if isinstance(body, dict) else ""
