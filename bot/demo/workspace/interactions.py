"""What a person does, turned into what Slack sends, and what the app answers, turned into what the person sees.

The page and the tests' `Person` come through here alike.
"""

from __future__ import annotations

from typing import Any

from .arguments import Refused
from .changes import Changes
from .composition import check_suggestions
from .deliveries import Deliveries
from .forms import action_of, complaints, find_element
from .messages import Messages
from .modals import Modals
from .payloads import command_payload, home_opened, in_message, in_view, interaction
from .response_urls import ResponseUrls
from .sockets import Answer
from .state import State
from .things import App, Channel, JsonObject, Message, User, View
from .views import merge_values, state_values

TROUBLE = "We had some trouble connecting. Try again?"


class Interactions:
    """Everything people can do in the workspace; each method returns what `PAGE_API` promises the page."""

    def __init__(
        self,
        state: State,
        changes: Changes,
        messages: Messages,
        modals: Modals,
        deliveries: Deliveries,
        response_urls: ResponseUrls,
    ) -> None:
        self._state, self._changes, self._messages = state, changes, messages
        self._modals, self._deliveries, self._response_urls = modals, deliveries, response_urls

    def say(self, user: User, channel: Channel, text: str, thread_ts: str | None = None) -> JsonObject:
        """A message a person types; apps hear of it if they may."""
        if channel.is_archived:
            return {"ok": False, "error": "is_archived"}
        message = self._messages.post(channel, user=user.id, text=text, thread_ts=thread_ts)
        for app in self._state.apps.values():
            if f"<@{app.bot_user_id}>" in text:
                mention = {"type": "app_mention", "user": user.id, "text": text, "ts": message.ts}
                event = {**mention, "channel": channel.id, "event_ts": message.ts}
                self._deliveries.emit("app_mention", event, channel)
        return {"ok": True, "ts": message.ts}

    async def command(self, user: User, channel: Channel, command: str, text: str) -> JsonObject:
        """A slash command: delivered once, answered within three seconds, or the person is told."""
        app = next((a for a in self._state.apps.values() if command in a.commands and a.is_installed), None)
        if app is None:
            self.notice(user, f"{command} is not a valid command.")
            return {"ok": False, "error": "invalid_command"}
        trigger_id = self._modals.new_trigger(app, user.id)
        payload = command_payload(self._state, app, user, channel, command, text, trigger_id)
        payload["response_url"] = self._response_urls.issue(app, user, channel, kind="commands")
        answer = await self._deliveries.ask(app, "slash_commands", command, payload, accepts_response=True)
        if answer.error:
            self.notice(user, f"{command} failed with the error {answer.error}")
            return {"ok": False, "error": answer.error}
        if answer.payload and (answer.payload.get("text") or answer.payload.get("blocks")):
            self._response_urls.respond(app, user, channel, None, answer.payload)
        return {"ok": True}

    async def shortcut(self, user: User, callback_id: str) -> JsonObject:
        """A global shortcut."""
        app = next((a for a in self._state.apps.values() if callback_id in a.shortcuts), None)
        if app is None:
            return {"ok": False, "error": "invalid_shortcut"}
        payload = interaction(self._state, app, user, "shortcut") | {
            "callback_id": callback_id,
            "trigger_id": self._modals.new_trigger(app, user.id),
            "action_ts": self._state.new_ts(),
        }
        return await self._interact(app, user, callback_id, payload)

    async def act_in_message(self, user: User, channel: Channel, message: Message, act: JsonObject) -> JsonObject:
        """A click in a message. `act`: block_id, action_id and what was chosen; see `PAGE_API`."""
        app = next((a for a in self._state.apps.values() if a.app_id == message.app_id), None)
        found = _element_in([message.blocks, *reversed(message.earlier_blocks)], act)
        if app is None or found is None or message.deleted:
            return {"ok": False, "error": "The element is not there any more."}
        _type_into(message.blocks, message.values, found, act)
        payload = in_message(self._state, channel, message)
        url = self._response_urls.issue(app, user, channel, message, kind="actions")
        return await self._act(app, user, found, act, payload | {"response_url": url})

    async def act_in_view(self, user: User, view: View, act: JsonObject) -> JsonObject:
        """A click in a modal or in App Home."""
        app = self._state.apps[view.app_id]
        found = _element_in([view.body["blocks"]], act)
        if found is None or view.user != user.id:
            return {"ok": False, "error": "The element is not there any more."}
        _type_into(view.body["blocks"], view.values, found, act)
        return await self._act(app, user, found, act, in_view(self._state, view))

    async def _act(
        self, app: App, user: User, found: tuple[JsonObject, JsonObject], act: JsonObject, where: JsonObject
    ) -> JsonObject:
        block, element = found
        payload = interaction(self._state, app, user, "block_actions") | where
        payload["actions"] = [action_of(block, element, act, self._state.new_ts())]
        payload["trigger_id"] = self._modals.new_trigger(app, user.id)
        return await self._interact(app, user, element["action_id"], payload)

    async def _interact(self, app: App, user: User, name: str, payload: JsonObject) -> JsonObject:
        if not app.is_installed:
            return {"ok": False, "error": "dispatch_failed"}
        answer = await self._deliveries.ask(app, "interactive", name, payload, accepts_response=False)
        if answer.error:
            self.notice(user, f"{app.name} did not answer: {answer.error}. Nothing was changed by Slack.")
            return {"ok": False, "error": answer.error}
        return {"ok": True}

    async def options(self, user: User, view: View, block_id: str | None, action_id: str, query: str) -> JsonObject:
        """The choices of an `external_select` for what was typed so far."""
        app = self._state.apps[view.app_id]
        found = find_element(view.body["blocks"], action_id, block_id)
        if found is None:
            return {"error": "The element is not there any more."}
        block, element = found
        if len(query) < element.get("min_query_length", 3):
            return {"options": []}
        payload = interaction(self._state, app, user, "block_suggestion") | in_view(self._state, view)
        payload |= {"action_id": action_id, "block_id": block["block_id"], "value": query}
        answer = await self._deliveries.ask(app, "interactive", action_id, payload, accepts_response=True)
        if answer.error:
            return {"error": answer.error}
        wrong = check_suggestions(answer.payload or {})
        return {"error": "; ".join(wrong)} if wrong else answer.payload or {"options": []}

    async def submit(self, user: User, view: View, values: JsonObject) -> JsonObject:
        """Submit a modal: what Slack's client refuses never reaches the app."""
        if self._modals.top(user.id) is not view:
            return {"error": "This view is not in front any more."}
        blocks = view.body["blocks"]
        merge_values(blocks, view.values, values)
        if refused := complaints(blocks, state_values(blocks, view.values)):
            return {"errors": refused}
        app = self._state.apps[view.app_id]
        payload = interaction(self._state, app, user, "view_submission")
        payload |= {"view": in_view(self._state, view)["view"], "response_urls": []}
        payload["trigger_id"] = self._modals.new_trigger(app, user.id)
        name = view.body["callback_id"]
        answer = await self._deliveries.ask(app, "interactive", name, payload, accepts_response=True)
        return self._submitted(app, user, view, answer)

    def _submitted(self, app: App, user: User, view: View, answer: Answer) -> JsonObject:
        if answer.error:
            self.notice(user, TROUBLE)
            return {"error": answer.error}
        response = answer.payload or {}
        try:
            return self._response_action(app, user, view, response)
        except Refused as refusal:
            self.notice(user, f"{TROUBLE} ({refusal.error}: {'; '.join(refusal.messages)})")
            return {"error": refusal.error}

    def _response_action(self, app: App, user: User, view: View, response: JsonObject) -> JsonObject:
        match response.get("response_action"):
            case None:
                self._modals.close(view)
            case "clear":
                self._modals.clear(user.id)
            case "update":
                self._modals.update(app, view, response.get("view") or {})
            case "push":
                self._modals.push_for(app, user.id, response.get("view") or {})
            case "errors":
                return {"errors": _checked_errors(view, response.get("errors"))}
            case other:
                raise Refused("invalid_arguments", f"unknown response_action: {other}")
        return {"ok": True}

    def close(self, user: User, view: View) -> JsonObject:
        """Cancel a modal; with `clear_on_close` the whole stack goes."""
        if view.body["clear_on_close"]:
            self._modals.clear(user.id)
        else:
            self._modals.close(view)
            self.tell_closed(view, is_cleared=False)
        return {"ok": True}

    def tell_closed(self, view: View, *, is_cleared: bool) -> None:
        """`view_closed`, to the apps that asked for it with `notify_on_close`."""
        if not view.body["notify_on_close"]:
            return
        app, user = self._state.apps[view.app_id], self._state.users[view.user]
        payload = interaction(self._state, app, user, "view_closed")
        payload |= {"view": in_view(self._state, view)["view"], "is_cleared": is_cleared}
        name = view.body["callback_id"]
        self._deliveries.spawn(self._deliveries.ask(app, "interactive", name, payload, accepts_response=False))

    def open_home(self, user: User, app: App) -> JsonObject:
        """A person opens the App Home tab."""
        channel = self._messages.direct_message(app, user.id)
        self._deliveries.emit("app_home_opened", home_opened(self._state, app, user, channel))
        return {"ok": True}

    def notice(self, user: User, text: str, level: str = "error") -> None:
        """What Slack itself says to a person, outside of every message."""
        event = {"type": "notice", "level": level, "text": text}
        self._state.notices.setdefault(user.id, []).append(text)
        self._changes.tell(event, lambda who: who == user.id)


def _type_into(
    blocks: list[JsonObject], typed: JsonObject, found: tuple[JsonObject, JsonObject], act: JsonObject
) -> None:
    """Keep what stands in the inputs at the moment of the click, and what the click itself chose."""
    block, element = found
    merge_values(blocks, typed, act.get("values") or {})
    merge_values(blocks, typed, {block["block_id"]: {element["action_id"]: act}})


def _element_in(versions: list[list[JsonObject]], act: JsonObject) -> tuple[JsonObject, JsonObject] | None:
    """The element a person saw: in the current version, or in the newest earlier one that still had it."""
    for blocks in versions:
        if found := find_element(blocks, str(act.get("action_id")), act.get("block_id")):
            return found
    return None


def _checked_errors(view: View, errors: Any) -> JsonObject:
    inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or errors.keys() - inputs:
        raise Refused("invalid_arguments", f"errors must name input blocks, got {errors!r}")
    return errors
