"""The hands and eyes of one person. The page drives people through this class, and so do tests and the tour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .changes import Changes
from .forms import entry_for, filled_in, find_element, options_of
from .interactions import Interactions
from .modals import Modals
from .reading import forget_ephemerals, messages_for
from .state import State
from .things import App, Channel, JsonObject, User, View
from .views import view_json

T = TypeVar("T")


class Person:
    """One member of the workspace. Messages and views are plain dicts, snapshots of what was on the screen.

    A click on an old snapshot is a click on a stale card: what was drawn then is what the app is told.
    """

    def __init__(self, user: User, state: State, changes: Changes, interactions: Interactions, modals: Modals) -> None:
        self.user = user
        self.id = user.id
        self._state, self._changes = state, changes
        self._interactions, self._modals = interactions, modals
        self._offered: dict[str, list[JsonObject]] = {}

    # eyes

    @property
    def view(self) -> JsonObject | None:
        """The modal in front, or None."""
        top = self._modals.top(self.id)
        return view_json(self._state, top) if top else None

    @property
    def home(self) -> JsonObject | None:
        """The App Home tab as last published for this person."""
        home = self._state.homes.get((self._app().app_id, self.id))
        return view_json(self._state, home) if home else None

    @property
    def notices(self) -> list[str]:
        """What Slack itself said to this person, such as `/failover failed with the error operation_timeout`."""
        return list(self._state.notices.get(self.id, []))

    def messages(self, channel: str) -> list[JsonObject]:
        """The top level of a channel, oldest first, with this person's ephemerals."""
        return messages_for(self.id, self._channel(channel))

    def thread(self, channel: str, ts: str) -> list[JsonObject]:
        """The parent and its replies, oldest first, with this person's ephemerals."""
        return messages_for(self.id, self._channel(channel), ts)

    def ephemerals(self, channel: str) -> list[JsonObject]:
        """Only what was shown to this person alone, in the channel or in any of its threads."""
        own = self._channel(channel).ephemerals.get(self.id, [])
        return [
            message
            for thread_ts in dict.fromkeys(one.thread_ts for one in own)
            for message in messages_for(self.id, self._channel(channel), thread_ts)
            if message["ephemeral"]
        ]

    def dm(self) -> list[JsonObject]:
        """The direct messages with the app, oldest first."""
        channel = self._state.direct_messages.get((self._app().app_id, self.id))
        return messages_for(self.id, channel) if channel else []

    async def wait_for(self, predicate: Callable[[], T], timeout_seconds: float = 5.0) -> T:
        """The first truthy `predicate()`, looked at again after every change in the workspace; else TimeoutError."""
        return await self._changes.wait_for(predicate, timeout_seconds)

    # hands

    def say(self, text: str, *, channel: str, thread_ts: str | None = None) -> JsonObject:
        """Type a message."""
        return self._interactions.say(self.user, self._channel(channel), text, thread_ts)

    async def command(self, command: str, text: str = "", *, channel: str) -> JsonObject:
        """Type a slash command: `{"ok": True}`, or `{"ok": False, "error": "operation_timeout"}` and the like."""
        return await self._interactions.command(self.user, self._channel(channel), command, text)

    async def shortcut(self, callback_id: str) -> JsonObject:
        """Pick a global shortcut."""
        return await self._interactions.shortcut(self.user, callback_id)

    async def click(
        self,
        target: JsonObject,
        action_id: str,
        block_id: str | None = None,
        value: Any = None,
        values: JsonObject | None = None,
    ) -> JsonObject:
        """Use a button, menu or picker of a message, modal or home.

        `value` is an option's value or label, a date, a list; on a button it forges what the button carries.
        `values` is what stands in the other inputs at that moment. LookupError where there is no such element.
        """
        found = find_element(target["blocks"], action_id, block_id)
        if found is None:
            raise LookupError(f"There is nothing called {action_id!r} to click")
        block, element = found
        if element["type"] in ("button", "workflow_button"):
            act = {"value": element.get("value") if value is None else value}
        else:
            act = entry_for(element, value, self._offered.get(action_id))
        act = act | {"block_id": block["block_id"], "action_id": action_id}
        return await self.act(target, act | {"values": values or {}})

    async def act(self, target: JsonObject, act: JsonObject) -> JsonObject:
        """Do something with an element of a message (`ts`) or a view (`id`), as `PAGE_API` words it."""
        if "ts" not in target:
            return await self._interactions.act_in_view(self.user, self._view(target["id"]), act)
        channel = self._channel(target["channel"])
        own = channel.ephemerals.get(self.id, [])
        message = channel.messages.get(target["ts"]) or next((m for m in own if m.ts == target["ts"]), None)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        return await self._interactions.act_in_message(self.user, channel, message, act)

    async def options(
        self, view: JsonObject, action_id: str, query: str = "", block_id: str | None = None
    ) -> JsonObject:
        """What an `external_select` offers for these letters: options, option_groups or error."""
        stored = self._view(view["id"])
        answer = await self._interactions.options(self.user, stored, block_id, action_id, query)
        self._offered[action_id] = options_of(answer)
        return answer

    async def submit(self, view: JsonObject, values: JsonObject | None = None) -> JsonObject | None:
        """Fill in and submit: None when it was taken, `{block_id: sentence}` when not, `{"error": …}` on trouble.

        Values are keyed by block id or action id; plain values suit the element (text, an option's value or
        label, a list for checkboxes, epoch seconds for date and time).
        """
        filled = filled_in(view, values or {}, self._offered)
        answer = await self._interactions.submit(self.user, self._view(view["id"]), filled)
        if answer.get("ok"):
            return None
        errors: JsonObject = answer.get("errors") or answer
        return errors

    async def close(self, view: JsonObject) -> JsonObject:
        """Cancel a modal."""
        return self._interactions.close(self.user, self._view(view["id"]))

    def open_home(self) -> JsonObject:
        """Open the App Home tab."""
        return self._interactions.open_home(self.user, self._app())

    def reload(self) -> None:
        """Reload the client: ephemeral messages are gone."""
        forget_ephemerals(self._state, self.id)

    # finding things

    def _app(self) -> App:
        for app in self._state.apps.values():
            return app
        raise LookupError("No app is installed in this workspace")

    def _channel(self, channel_id: str) -> Channel:
        channel = self._state.channels.get(channel_id)
        if channel is None or not self._state.is_visible(channel, self.id):
            raise LookupError(f"{self.user.real_name} can't see a channel {channel_id}")
        return channel

    def _view(self, view_id: str) -> View:
        view = self._modals.find(view_id)
        if view is None or view.user != self.id:
            raise LookupError("This view is not open any more")
        return view
