"""Triggers and the one stack of modals each person has: three seconds, one use, three views deep."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .arguments import Refused
from .changes import Changes
from .state import State
from .things import App, JsonObject, View
from .views import check_view, completed_body, view_json

TRIGGER_SECONDS = 3.0
DEEPEST = 3
TRIGGER_FORMAT = re.compile(r"\d+\.\d+\.[0-9a-f]+")


@dataclass(slots=True, kw_only=True)
class Trigger:
    """The right to open one view for one person."""

    app_id: str
    user: str
    expires_at: float
    is_used: bool = False


class Modals:
    """All open modals and App Homes. `on_cleared` is called with each view that a cleared stack takes along."""

    def __init__(self, state: State, changes: Changes, on_cleared: Callable[[View], None]) -> None:
        self._state, self._changes, self._on_cleared = state, changes, on_cleared
        self._triggers: dict[str, Trigger] = {}
        self._stacks: dict[str, list[View]] = {}
        self._open: dict[str, View] = {}
        self._external: dict[tuple[str, str], View] = {}

    def new_trigger(self, app: App, user_id: str) -> str:
        """A `trigger_id` that an interaction of this person gives to the app."""
        now = self._state.now()
        secret = f"{self._state.random.getrandbits(128):032x}"
        trigger_id = f"{int(now * 1000)}.{self._state.random.randrange(10**12)}.{secret}"
        self._triggers[trigger_id] = Trigger(app_id=app.app_id, user=user_id, expires_at=now + TRIGGER_SECONDS)
        if len(self._triggers) > 20_000:  # long dead ones are not worth their memory
            for old in list(self._triggers)[:10_000]:
                del self._triggers[old]
        return trigger_id

    def _exchange(self, app: App, trigger_id: str | None) -> str:
        if not trigger_id or not TRIGGER_FORMAT.fullmatch(trigger_id):
            raise Refused("invalid_trigger_id")
        trigger = self._triggers.get(trigger_id)
        if trigger is None or trigger.app_id != app.app_id:
            raise Refused("invalid_trigger_id")
        if self._state.now() > trigger.expires_at:
            raise Refused("expired_trigger_id")
        if trigger.is_used:
            raise Refused("exchanged_trigger_id")
        trigger.is_used = True
        return trigger.user

    def stack(self, user_id: str) -> list[View]:
        """The person's open views, the visible one last."""
        return self._stacks.setdefault(user_id, [])

    def top(self, user_id: str) -> View | None:
        """The modal a person sees."""
        return stack[-1] if (stack := self.stack(user_id)) else None

    def find(self, view_id: str | None) -> View | None:
        """A modal that is open somewhere in a stack, or a published home."""
        return self._open.get(view_id or "")

    def open(self, app: App, trigger_id: str | None, body: JsonObject) -> View:
        """`views.open`: a new stack of one; what was open is cleared away."""
        self._check(app, body)
        user_id = self._exchange(app, trigger_id)
        self.clear(user_id, quiet=True)
        return self._put(app, user_id, body)

    def push(self, app: App, trigger_id: str | None, body: JsonObject) -> View:
        """`views.push`: one more on the stack the interaction came from."""
        self._check(app, body)
        user_id = self._exchange(app, trigger_id)
        if not self.stack(user_id):
            raise Refused("not_found")
        return self.push_for(app, user_id, body)

    def push_for(self, app: App, user_id: str, body: JsonObject) -> View:
        """Push without a trigger, as the answer to a submission may."""
        self._check(app, body)
        if len(self.stack(user_id)) >= DEEPEST:
            raise Refused("push_limit_reached")
        return self._put(app, user_id, body)

    def update(self, app: App, view: View | None, body: JsonObject, view_hash: str | None = None) -> View:
        """Replace a view in place; what was typed stays where block and action are the same."""
        if view is None or view.app_id != app.app_id or self.find(view.id) is not view:
            raise Refused("not_found")
        if view_hash and view_hash != view.hash:
            raise Refused("hash_conflict")
        self._check(app, body, replacing=view)
        self._forget_external(view)
        view.body, view.hash = completed_body(self._state, body), self._new_hash()
        self._remember_external(view)
        self._tell(view.user)
        return view

    def by_external_id(self, app: App, external_id: str | None) -> View | None:
        """The open view an app named itself."""
        return self._external.get((app.app_id, external_id or ""))

    def publish(self, app: App, user_id: str, body: JsonObject, view_hash: str | None) -> View:
        """`views.publish`: the App Home tab of one person."""
        check_view(body, "home", new_blocks_available=self._state.new_blocks_available)
        known = self._state.homes.get((app.app_id, user_id))
        if known and view_hash and view_hash != known.hash:
            raise Refused("hash_conflict")
        home = known or self._new_view(app, user_id, body)
        home.body, home.hash = completed_body(self._state, body), self._new_hash()
        self._state.homes[app.app_id, user_id] = self._open[home.id] = home
        event = {"type": "home", "view": view_json(self._state, home)}
        self._changes.tell(event, lambda who: who == user_id)
        return home

    def close(self, view: View) -> None:
        """Take one view off its stack."""
        stack = self.stack(view.user)
        if view in stack:
            stack.remove(view)
            self._drop(view)
            self._tell(view.user)

    def clear(self, user_id: str, *, quiet: bool = False) -> None:
        """Close the whole stack; the app hears of each view that asked for it."""
        stack = self.stack(user_id)
        closed, self._stacks[user_id] = stack[::-1], []
        for view in closed:
            self._drop(view)
            self._on_cleared(view)
        if closed and not quiet:
            self._tell(user_id)

    def _check(self, app: App, body: JsonObject, replacing: View | None = None) -> None:
        surface = "home" if replacing and replacing.body["type"] == "home" else "modal"
        check_view(
            body,
            "home" if surface == "home" else "modal",
            new_blocks_available=self._state.new_blocks_available,
        )
        other = self.by_external_id(app, body.get("external_id"))
        if body.get("external_id") and other is not None and other is not replacing:
            raise Refused("duplicate_external_id")

    def _new_view(self, app: App, user_id: str, body: JsonObject) -> View:
        view_id = self._state.new_id("V")
        return View(
            id=view_id,
            app_id=app.app_id,
            user=user_id,
            body=completed_body(self._state, body),
            hash=self._new_hash(),
            root_view_id=view_id,
        )

    def _put(self, app: App, user_id: str, body: JsonObject) -> View:
        view, stack = self._new_view(app, user_id, body), self.stack(user_id)
        if stack:
            view.previous_view_id, view.root_view_id = stack[-1].id, stack[0].id
        stack.append(view)
        self._open[view.id] = view
        self._remember_external(view)
        self._tell(user_id)
        return view

    def _new_hash(self) -> str:
        return f"{int(self._state.now())}.{self._state.new_secret(8)}"

    def _remember_external(self, view: View) -> None:
        if view.body["external_id"]:
            self._external[view.app_id, view.body["external_id"]] = view

    def _forget_external(self, view: View) -> None:
        self._external.pop((view.app_id, view.body["external_id"]), None)

    def _drop(self, view: View) -> None:
        self._open.pop(view.id, None)
        self._forget_external(view)

    def _tell(self, user_id: str) -> None:
        top = self.top(user_id)
        event = {"type": "view", "view": view_json(self._state, top) if top else None}
        self._changes.tell(event, lambda who: who == user_id)
