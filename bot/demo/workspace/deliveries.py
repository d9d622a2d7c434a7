"""Takes what happens to the apps, over Socket Mode or signed HTTP, and records how each delivery ended."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, Literal

from .changes import Changes
from .records import Ack, Delivery
from .signed_http import SignedHttp
from .sockets import Answer, Sockets
from .state import State
from .things import App, Channel, JsonObject

REMEMBERED_DELIVERIES = 5_000
# The scope without which an app never hears of an event.
EVENT_SCOPES = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "app_mention": "app_mentions:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_deleted": "channels:read",
    "group_archive": "groups:read",
    "subteam_members_changed": "usergroups:read",
    "user_change": "users:read",
}
FAREWELLS = frozenset({"app_uninstalled", "tokens_revoked"})


class Deliveries:
    """Sends to apps. Commands and interactivity go out once; events are sent again when nobody acknowledged."""

    def __init__(
        self, state: State, changes: Changes, *, ack_seconds: float, event_retry_seconds: Sequence[float]
    ) -> None:
        self._state, self._changes = state, changes
        self._event_retry_seconds = tuple(event_retry_seconds)
        self.sockets = Sockets(state, changes.wake, ack_seconds=ack_seconds)
        self.http = SignedHttp(ack_seconds=ack_seconds)
        self.acks: list[Ack] = []
        self.captured: deque[Delivery] = deque(maxlen=REMEMBERED_DELIVERIES)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def ask(
        self,
        app: App,
        kind: Literal["slash_commands", "interactive"],
        name: str,
        payload: JsonObject,
        *,
        accepts_response: bool,
    ) -> Answer:
        """Deliver a command or an interaction, once, and return what the app answered."""
        delivery = Delivery(
            envelope_id=self._new_envelope_id(),
            kind=kind,
            name=name,
            app_id=app.app_id,
            payload=payload,
            at=self._state.now(),
            accepts_response_payload=accepts_response,
        )
        return await self.send(app, delivery)

    async def send(self, app: App, delivery: Delivery) -> Answer:
        """Send a delivery as it is, also one that was sent before."""
        self.captured.append(delivery)
        transport = self.sockets if app.socket_mode else self.http
        started = time.perf_counter()
        answer = await transport.deliver(app, delivery)
        latency_seconds = time.perf_counter() - started
        self.acks.append(
            Ack(
                envelope_id=delivery.envelope_id,
                kind=delivery.kind,
                name=delivery.name,
                at=delivery.at,
                acked_at=None if answer.error else self._state.now(),
                latency_seconds=None if answer.error else latency_seconds,
                error=answer.error,
                retry_attempt=delivery.retry_attempt,
            )
        )
        self._changes.wake()
        return answer

    def emit(self, subscription: str, event: JsonObject, channel: Channel | None = None) -> None:
        """Tell every app that subscribed, has the scope, and is in the channel where it happened."""
        for app in self._state.apps.values():
            scope = EVENT_SCOPES.get(subscription)
            if subscription not in app.events or (scope is not None and scope not in app.scopes):
                continue
            if not app.is_installed and subscription not in FAREWELLS:
                continue
            if channel is None or app.bot_user_id in channel.members or subscription.startswith("member_"):
                self.emit_to(app, event)

    def emit_to(self, app: App, event: JsonObject) -> None:
        """Send one event to one app in the background, with Slack's retries."""
        self.spawn(self._deliver_event(app, event))

    async def _deliver_event(self, app: App, event: JsonObject) -> None:
        delivery = Delivery(
            envelope_id=self._new_envelope_id(),
            kind="events_api",
            name=str(event["type"]),
            app_id=app.app_id,
            payload=self._event_payload(app, event),
            at=self._state.now(),
        )
        answer = await self.send(app, delivery)
        for attempt, pause_seconds in enumerate(self._event_retry_seconds, start=1):
            if answer.error is None or answer.wants_no_retry:
                return
            await asyncio.sleep(pause_seconds)
            delivery = replace(
                delivery,
                envelope_id=self._new_envelope_id(),
                retry_attempt=attempt,
                retry_reason=answer.retry_reason,
            )
            answer = await self.send(app, delivery)

    def _event_payload(self, app: App, event: JsonObject) -> JsonObject:
        channel = self._state.channels.get(str(event.get("channel")))
        return {
            "token": app.verification_token,
            "team_id": self._state.team_id,
            "api_app_id": app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self._state.new_id("Ev"),
            "event_time": int(self._state.now()),
            "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self._state.team_id,
                    "user_id": app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
        }

    def _new_envelope_id(self) -> str:
        text = f"{self._state.random.getrandbits(128):032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background and hold on to it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop retries, close sockets and sessions."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sockets.close()
        await self.http.close()
