"""`response_url`: five answers within thirty minutes, in the channel of the interaction.

https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .arguments import Refused
from .blocks import check_blocks
from .composition import Notebook
from .messages import Messages
from .state import State
from .things import App, Channel, JsonObject, Message, User

MOST_USES = 5
VALID_SECONDS = 30 * 60


@dataclass(slots=True, kw_only=True)
class Ticket:
    """One address that was handed out."""

    app: App
    user: User
    channel: Channel
    message: Message | None
    expires_at: float
    uses: int = 0


class ResponseUrls:
    """Hands addresses out and does what is posted to them."""

    def __init__(self, state: State, messages: Messages) -> None:
        self._state, self._messages = state, messages
        self._tickets: dict[str, Ticket] = {}
        self.base_url = ""

    def issue(self, app: App, user: User, channel: Channel, message: Message | None = None, *, kind: str) -> str:
        """A new address for one interaction."""
        path = f"{kind}/{self._state.team_id}/{self._state.random.randrange(10**12)}/{self._state.new_secret()}"
        self._tickets[path] = Ticket(
            app=app,
            user=user,
            channel=channel,
            message=message,
            expires_at=self._state.now() + VALID_SECONDS,
        )
        if len(self._tickets) > 20_000:
            for old in list(self._tickets)[:10_000]:
                del self._tickets[old]
        return f"{self.base_url}/hooks/{path}"

    def use(self, path: str, body: JsonObject) -> None:
        """Answer through an address; raises `Refused` with used_url, expired_url or what is wrong in the body."""
        ticket = self._tickets.get(path)
        if ticket is None or ticket.uses >= MOST_USES:
            raise Refused("used_url")
        if self._state.now() > ticket.expires_at:
            raise Refused("expired_url")
        ticket.uses += 1
        self.respond(ticket.app, ticket.user, ticket.channel, ticket.message, body)

    def respond(self, app: App, user: User, channel: Channel, message: Message | None, body: JsonObject) -> None:
        """Post, replace or delete, as the body of a response says."""
        content = self._content(app, body)
        if message is not None and body.get("delete_original"):
            return self._messages.delete(channel, message)
        if message is not None and body.get("replace_original"):
            return self._messages.edit(channel, message, text=content["text"], blocks=content["blocks"])
        if body.get("response_type") == "in_channel":
            self._messages.post(channel, **content)
        else:
            self._messages.post_ephemeral(channel, user.id, **content)
        return None

    def _content(self, app: App, body: JsonObject) -> dict[str, Any]:
        blocks, notes = body.get("blocks") or [], Notebook()
        check_blocks(notes, blocks, "message")
        if notes.errors:
            raise Refused("invalid_blocks", *notes.errors)
        if not (blocks or body.get("text") or body.get("delete_original")):
            raise Refused("no_text")
        return {
            "user": app.bot_user_id,
            "bot_id": app.bot_id,
            "app_id": app.app_id,
            "text": str(body.get("text") or ""),
            "blocks": blocks,
            "thread_ts": body.get("thread_ts"),
        }
