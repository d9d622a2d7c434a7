"""The wall between our listeners and Bolt: whatever goes wrong, Slack is acknowledged and the person is told.

An exception that reaches Bolt costs the acknowledgement: over Socket Mode none is sent at all, and the person reads
that the app does not answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack import modals
from handlers.counter import Counter
from handlers.payload import Raw, origin_of

Listener = Callable[[AsyncAck, Raw], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Boundary:
    """The app, as listeners may know it."""

    app: AsyncApp
    counter: Counter

    def command(self, name: str, listener: Listener) -> None:
        self.app.command(name)(self._walled(listener))

    def shortcut(self, callback_id: str, listener: Listener) -> None:
        self.app.shortcut(callback_id)(self._walled(listener))

    def action(self, action_id: str, listener: Listener) -> None:
        """Whatever block holds it: ids of blocks differ from card to modal."""
        self.app.action({"action_id": action_id})(self._walled(listener))

    def options(self, action_id: str, listener: Listener) -> None:
        self.app.options({"action_id": action_id})(self._walled(listener))

    def view(self, callback_id: str, listener: Listener) -> None:
        self.app.view(callback_id)(self._walled(listener))

    def event(self, name: str, listener: Listener) -> None:
        self.app.event(name)(self._walled(listener))

    def _walled(self, listener: Listener) -> Listener:
        async def safely(ack: AsyncAck, body: Raw) -> None:
            try:
                await listener(ack, body)
            except Exception as error:
                await self._apologise(ack, body, error)

        return safely

    async def _apologise(self, ack: AsyncAck, body: Raw, error: Exception) -> None:
        """In the modal if there is one to answer in, else in private; an acknowledgement that was made stays."""
        origin = origin_of(body)
        text = self.counter.apology(origin, error)
        if ack.response is None and body.get("type") == "view_submission":
            await ack(response_action="update", view=modals.problem_view(text))
            return
        if ack.response is None:
            await ack()
        if body.get("type") != "block_suggestion":
            self.counter.tell(origin, text)
