"""How a listener answers: a modal, an update of it, or a private line, and where each goes when Slack refuses it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.request import RequestId
from bot.ports import ReadOnlyError, StoreError
from bot.service import reading
from bot.service.desk import Desk
from bot.slack import modals, texts
from bot.slack.client import Done, Wire
from handlers.background import Background
from handlers.payload import Origin

log = structlog.get_logger(__name__)
View = dict[str, Any]
T = TypeVar("T")
QUICK_SECONDS = 1.5  # what is known by then goes into the answer to Slack itself; the deadline is three seconds
Tell = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Where people are answered: the service behind, Slack in front. Views go out by the names of their methods,
    because the SDK's own functions first copy their arguments twice."""

    desk: Desk
    client: AsyncWebClient
    background: Background

    async def open(self, origin: Origin, view: View) -> str:
        """Open a modal; its id."""
        answer = await self.client.api_call("views.open", json={"trigger_id": origin.trigger_id, "view": view})
        return str(answer["view"]["id"])

    async def update(self, view_id: str, view: View, *, only_if: str = "") -> str:
        """Replace what the modal shows; its new hash. Empty when the person has closed it, or it is not `only_if`."""
        answer = await self._updated(view_id=view_id, view=view, **({"hash": only_if} if only_if else {}))
        return str(answer["view"].get("hash") or "") if answer else ""

    async def update_named(self, external_id: str, view: View) -> bool:
        """The same for a view that we named, because Slack opened it for us."""
        return await self._updated(external_id=external_id, view=view) is not None

    async def _updated(self, **arguments: Any) -> AsyncSlackResponse | None:
        try:
            return await self.client.api_call("views.update", json=arguments)
        except SlackApiError as error:
            if error.response.get("error") not in ("not_found", "view_not_found", "hash_conflict"):
                raise
            return None

    async def whisper(self, origin: Origin, text: str) -> None:
        """A line that only this person sees, where they clicked; if Slack can't show it there, a direct message."""
        thread = origin.thread_ts if origin.thread_ts != origin.message_ts else ""
        try:
            await self.client.chat_postEphemeral(
                channel=origin.channel, user=origin.actor.user, text=text, thread_ts=thread or None
            )
        except SlackApiError:
            await self.write_to(origin, text)

    async def write_to(self, origin: Origin, text: str) -> None:
        conversation = await self.client.conversations_open(users=origin.actor.user)
        await self.client.chat_postMessage(
            channel=conversation["channel"]["id"], text=text, unfurl_links=False, unfurl_media=False
        )

    async def card_url(self, request_id: RequestId) -> str:
        """Where the request's card is; empty when it is not posted yet, or Slack does not say."""
        view = await reading.view(self.desk, request_id)
        if view is None or view.card is None or not view.card.ts:
            return ""
        answer = await Wire(self.client).call("chat.getPermalink", channel=view.card.channel, message_ts=view.card.ts)
        return str(answer.body.get("permalink") or "") if isinstance(answer, Done) else ""

    def start(self, origin: Origin, tell: Tell, work: Awaitable[None]) -> None:
        """Go on after the acknowledgement. No failure is silent: the person reads the reference that the log has."""
        self.background.follow(self._guarded(origin, tell, work))

    def tell(self, origin: Origin, text: str) -> None:
        """Say it in private, when there is somebody to say it to."""
        if origin.actor.user:
            self.start(origin, lambda text: self.write_to(origin, text), self.whisper(origin, text))

    async def _guarded(self, origin: Origin, tell: Tell, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            text = self.apology(origin, error)
            try:
                await tell(text)
            except Exception as second:
                log.warning("person_not_told", actor=str(origin.actor), error=type(second).__name__)

    def apology(self, origin: Origin, error: Exception) -> str:
        """Log what nobody expected, and say so with the reference under which it was logged."""
        if isinstance(error, ReadOnlyError):
            return texts.read_only()
        reference = secrets.token_hex(4)
        log.error("listener_failed", reference=reference, actor=str(origin.actor), exc_info=error)
        return texts.database_away(reference) if isinstance(error, StoreError) else texts.unexpected(reference)

    async def in_modal(self, origin: Origin, loading: View, make: Callable[[], Awaitable[View]]) -> None:
        """Open a loading view while the trigger is valid, then show in it what `make` finds out."""
        view_id = await self.open(origin, loading)
        await self.fill(origin, view_id, make)

    async def fill(self, origin: Origin, view_id: str, make: Callable[[], Awaitable[View]]) -> None:
        try:
            view = await make()
        except Exception as error:
            view = modals.problem_view(self.apology(origin, error))
        await self.update(view_id, view)

    async def quickly(self, work: asyncio.Task[T]) -> T | None:
        """What `work` gives, if it gives it before Slack must be answered."""
        done, _ = await asyncio.wait({work}, timeout=QUICK_SECONDS)
        return work.result() if done else None
