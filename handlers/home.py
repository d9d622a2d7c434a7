"""App Home: what this person asked for, may decide, and what runs. Drawn anew each time it is opened."""

from __future__ import annotations

from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp

from bot.service import reading
from bot.slack.home import HomePage, home
from handlers.counter import Counter
from handlers.payload import Origin, Raw, origin_of


@dataclass(frozen=True, slots=True)
class Home:
    counter: Counter

    def listen(self, app: AsyncApp) -> None:
        app.event("app_home_opened")(self.on_open)

    async def on_open(self, body: Raw) -> None:
        event = body.get("event") or {}
        if event.get("tab", "home") != "home":
            return
        origin = origin_of(body)
        self.counter.start(origin, lambda text: self.counter.write_to(origin, text), self._publish(origin))

    async def _publish(self, origin: Origin) -> None:
        desktop = await reading.desktop(self.counter.desk, origin.actor)
        view = home(
            HomePage(waiting=desktop.to_decide, mine=desktop.mine, running=desktop.running, recent=desktop.recent)
        )
        await self.counter.client.views_publish(user_id=origin.actor.user, view=view)
