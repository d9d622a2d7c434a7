"""App Home: what this person asked for, may decide, and what runs. Drawn anew each time it is opened."""

from __future__ import annotations

from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.service import reading
from bot.slack.home import HomePage, home
from handlers.boundary import Boundary
from handlers.counter import Counter
from handlers.payload import Origin, Raw


@dataclass(frozen=True, slots=True)
class Home:
    counter: Counter

    def listen(self, boundary: Boundary) -> None:
        boundary.event("app_home_opened", self.on_open)

    async def on_open(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        await ack()
        if origin.tab != "home" or not origin.actor.user:
            return
        self.counter.start(origin, lambda text: self.counter.write_to(origin, text), self._publish(origin))

    async def _publish(self, origin: Origin) -> None:
        desktop = await reading.desktop(self.counter.desk, origin.actor)
        view = home(
            HomePage(waiting=desktop.to_decide, mine=desktop.mine, running=desktop.running, recent=desktop.recent)
        )
        await self.counter.client.views_publish(user_id=origin.actor.user, view=view)
