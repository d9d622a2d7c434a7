"""The wall between our listeners and Bolt: whatever goes wrong, Slack is acknowledged and the person is told.

An exception that reaches Bolt costs the acknowledgement: over Socket Mode none is sent at all, and the person reads
that the app does not answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot.slack import modals
from handlers.counter import Counter
from handlers.payload import Asked, Kind, Origin, Raw, asked_for

Listener = Callable[[AsyncAck, Origin, Raw], Awaitable[None]]


class Boundary:
    """Who listens to what. It is looked up: Bolt itself would ask one listener after the other."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._listeners: dict[Asked, Listener] = {}

    def command(self, name: str, listener: Listener) -> None:
        self._listeners[Kind.COMMAND, name] = listener

    def shortcut(self, callback_id: str, listener: Listener) -> None:
        self._listeners[Kind.SHORTCUT, callback_id] = listener

    def action(self, action_id: str, listener: Listener) -> None:
        """Whatever block holds it: ids of blocks differ from card to modal."""
        self._listeners[Kind.ACTION, action_id] = listener

    def options(self, action_id: str, listener: Listener) -> None:
        self._listeners[Kind.OPTIONS, action_id] = listener

    def view(self, callback_id: str, listener: Listener) -> None:
        self._listeners[Kind.VIEW, callback_id] = listener

    def event(self, name: str, listener: Listener) -> None:
        self._listeners[Kind.EVENT, name] = listener

    async def answer(self, origin: Origin, body: Raw) -> BoltResponse | None:
        """What Slack gets; None when nobody listens."""
        listener = self._listeners.get(asked_for(body))
        if listener is None:
            return None
        ack = AsyncAck()  # type: ignore[no-untyped-call]  # Bolt's
        try:
            await listener(ack, origin, body)
        except Exception as error:
            await self._apologise(ack, origin, body, error)
        return ack.response or await ack()

    async def _apologise(self, ack: AsyncAck, origin: Origin, body: Raw, error: Exception) -> None:
        """In the modal if there is one to answer in, else in private; an acknowledgement that was made stays."""
        text = self._counter.apology(origin, error)
        if ack.response is None and body.get("type") == "view_submission":
            await ack(response_action="update", view=modals.problem_view(text))
            return
        if ack.response is None:
            await ack()
        if body.get("type") != "block_suggestion":
            self._counter.tell(origin, text)
