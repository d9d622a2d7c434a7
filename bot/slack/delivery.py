"""One claimed surface: read from the row, drawn, shown, and settled, so that the card shown is the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.domain.surface import Place, PlaceKind, Surface
from bot.ports import PolicySource, RequestView, Store, Transaction
from bot.slack.cards import Scene
from bot.slack.client import Done, Wire
from bot.slack.drawing import draw, needs_card_url, quorum_of, rule_of
from bot.slack.ends import Due, GivenUp, Later, Shown, settle, write_shown
from bot.slack.posting import likeness
from bot.slack.showing import Showing
from bot.slack.spots import Spots

LINKS = 500  # permalinks kept


@dataclass(slots=True)
class Delivery:
    store: Store
    wire: Wire
    policy: PolicySource
    showing: Showing = field(init=False)
    _links: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.showing = Showing(self.store, self.wire, Spots(self.wire))

    async def deliver(self, claimed: Surface) -> bool:
        """Whether something changed, so that more may be due now."""
        found = await self.store.read(self._reading(claimed))
        if found is None:
            return False
        surface, scene = found
        due = await self._draw(surface, scene)
        if due is None:
            await self._leave_out(surface)
            return True
        end = await self.showing.show(due)
        await self.store.run(lambda tx: settle(tx, due, end))
        if isinstance(end, GivenUp):
            self.wire.meter.message_given_up(end.error)
        return not isinstance(end, Later | GivenUp)

    def _reading(self, claimed: Surface) -> Callable[[Transaction], tuple[Surface, Scene] | None]:
        """Row, facts and count of changes at one moment: what is shown then is what `wanted` stood for."""
        policy = self.policy.policy

        def read(tx: Transaction) -> tuple[Surface, Scene] | None:
            surface, view = tx.surfaces.find(claimed.request_id, claimed.place), tx.requests.view(claimed.request_id)
            if surface is None or view is None or surface.rendered >= surface.wanted:
                return None
            rule = rule_of(policy, view)
            scene = Scene(
                view=view,
                quorum=quorum_of(policy, rule, view),
                now=tx.now,
                rule=rule,
                on_call=policy.on_call,
                key=surface.place.key,
                data=surface.data,
                is_undelivered=is_undelivered(tx, surface),
            )
            return surface, scene

        return read

    async def _draw(self, surface: Surface, scene: Scene) -> Due | None:
        if needs_card_url(surface, scene.view):
            scene = replace(scene, card_url=await self._permalink(scene.view))
        message = draw(surface.place.kind, scene)
        if message is None:
            return None
        return Due(surface=surface, view=scene.view, rule=scene.rule, message=message, look=likeness(message))

    async def _leave_out(self, surface: Surface) -> None:
        """There is nothing to say here any more, as with a reminder after the decision."""
        as_it_was = Shown(surface.channel, surface.ts, surface.thread_ts)
        await self.store.run(lambda tx: write_shown(tx, surface, as_it_was))

    async def _permalink(self, view: RequestView) -> str:
        """Nice to have: without it the message stands all the same."""
        if view.card is None or not view.card.ts:
            return ""
        place = (view.card.channel, view.card.ts)
        if place not in self._links:
            answer = await self.wire.call("chat.getPermalink", channel=place[0], message_ts=place[1])
            if not isinstance(answer, Done):
                return ""
            if len(self._links) >= LINKS:
                self._links.clear()
            self._links[place] = str(answer.body.get("permalink", ""))
        return self._links[place]


def is_undelivered(tx: Transaction, surface: Surface) -> bool:
    """Whether this is a pointer to a direct message that Slack refused for good."""
    if surface.place.kind is not PlaceKind.POINTER:
        return False
    message = tx.surfaces.find(surface.request_id, Place(PlaceKind.LOGIN, surface.place.key))
    return message is not None and message.is_dead
