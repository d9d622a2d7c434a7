"""Where a message goes: the channel, thread or direct message of a place, and whether outsiders can read there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.people import Account
from bot.domain.policy import Rule
from bot.domain.surface import PlaceKind, Surface
from bot.ports import RequestView
from bot.slack.client import Done, Limited, Lost, Refused, Wire

SHARED_SECONDS = 60.0  # how long a look at a channel counts
EXTERNAL = "channel_is_external"
NO_CHANNEL = "no_channel_configured"
NO_ACCOUNT = "no_slack_account"

IN_DIRECT = frozenset({PlaceKind.LOGIN, PlaceKind.NOTE})
Trouble = Refused | Limited | Lost


@dataclass(frozen=True, slots=True)
class Spot:
    channel: str
    thread_ts: str = ""


@dataclass(slots=True)
class Spots:
    """Direct messages are opened once; whether a channel is shared with outsiders is looked at every minute."""

    wire: Wire
    monotonic: Callable[[], float] = time.monotonic
    _direct: dict[str, str] = field(default_factory=dict)
    _shared: dict[str, tuple[float, bool]] = field(default_factory=dict)

    async def find(self, surface: Surface, view: RequestView, rule: Rule | None) -> Spot | Trouble:
        match surface.place.kind:
            case PlaceKind.CARD:
                return await self._channel(rule.approvals_channel if rule else "")
            case PlaceKind.INCIDENT:
                return await self._channel(rule.incidents_channel if rule else "")
            case PlaceKind.LOGIN | PlaceKind.NOTE:
                return await self.direct(user_of(surface))
            case _:
                return await self._thread(view)

    async def _channel(self, channel: str, thread_ts: str = "") -> Spot | Trouble:
        if not channel:
            return Refused(NO_CHANNEL)
        return Refused(EXTERNAL) if await self.is_external(channel) else Spot(channel, thread_ts)

    async def _thread(self, view: RequestView) -> Spot | Trouble:
        """Without a card (it could not be posted anywhere) the requester is told directly."""
        if view.card is None or not view.card.ts:
            return await self.requester(view)
        return await self._channel(view.card.channel, view.card.ts)

    async def requester(self, view: RequestView) -> Spot | Trouble:
        """The private way out."""
        account = view.request.requester
        return Refused(NO_ACCOUNT) if account.is_operator else await self.direct(account.user)

    async def direct(self, user: str) -> Spot | Trouble:
        if not user:
            return Refused(NO_ACCOUNT)
        if user not in self._direct:
            answer = await self.wire.call("conversations.open", users=user)
            if not isinstance(answer, Done):
                return answer
            self._direct[user] = str(answer.body["channel"]["id"])
        return Spot(self._direct[user])

    async def is_external(self, channel: str) -> bool:
        """When Slack does not say, it counts as before: a message must not wait for a look."""
        read_at, is_shared = self._shared.get(channel, (float("-inf"), False))
        if channel.startswith("D") or self.monotonic() - read_at < SHARED_SECONDS:
            return is_shared
        answer = await self.wire.call("conversations.info", channel=channel)
        if isinstance(answer, Done):
            facts = answer.body.get("channel", {})
            is_shared = bool(facts.get("is_ext_shared") or facts.get("is_pending_ext_shared"))
        self._shared[channel] = (self.monotonic(), is_shared)
        return is_shared

    def forget(self, channel: str) -> None:
        """A direct message that failed is opened anew the next time."""
        self._direct = {user: known for user, known in self._direct.items() if known != channel}


def user_of(surface: Surface) -> str:
    """The person of a private message: the surface's user, else the account that its key begins with."""
    if surface.user:
        return surface.user
    try:
        account = Account.parse(surface.place.key)
    except ValueError:
        return ""
    return "" if account.is_operator else account.user
