"""Who the bot is in Slack: asked at start, and remembered, so that a start during Slack's outage is no standstill."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256

import structlog

from bot.ports import Store
from bot.slack.client import Identity, Limited, Lost, Refused, Wire, who_am_i

REMEMBERED = "slack_identity"
log = structlog.get_logger(__name__)


async def sign_in(wire: Wire, store: Store) -> Identity | Refused | Limited | Lost:
    """A revoked token is found now, not when a message matters.

    Approved failovers must run while Slack is down, also in a process that starts then: what Slack said about this
    very token the last time counts until it answers again.
    """
    answer = await who_am_i(wire)
    if isinstance(answer, Identity):
        await _remember(wire, store, answer)
        return answer
    known = None if isinstance(answer, Refused) else await _remembered(wire, store)
    if known is None:
        return answer
    log.warning("slack_away_at_start", answer=str(answer), going_on_as=known.bot_user)
    return known


async def _remember(wire: Wire, store: Store, identity: Identity) -> None:
    text = json.dumps({"token": _mark(wire), **asdict(identity)}, sort_keys=True)
    if await store.read(lambda tx: tx.instance.get(REMEMBERED)) != text:
        await store.run(lambda tx: tx.instance.put(REMEMBERED, text))


async def _remembered(wire: Wire, store: Store) -> Identity | None:
    text = await store.read(lambda tx: tx.instance.get(REMEMBERED))
    facts = json.loads(text or "{}")
    return Identity(**facts) if facts.pop("token", "") == _mark(wire) else None


def _mark(wire: Wire) -> str:
    """Tells one token from another and gives none away."""
    return sha256(str(wire.client.token).encode()).hexdigest()[:16]
