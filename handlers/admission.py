"""Only our own app's payloads from our own workspace: everything else stops here, with an audit row."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from structlog.contextvars import bind_contextvars, unbind_contextvars

from bot.domain.audit import Entry
from bot.ports import StoreError
from bot.service.desk import Desk
from bot.slack.ids import decode_target
from handlers.boundary import Boundary
from handlers.payload import Origin, Raw, clicked_value, origin_of

_SLACK_ID = re.compile(r"[A-Z0-9]{0,40}")  # an operator of the command line comes from no payload
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Who we are. An empty field is not known, and then not asked for."""

    app_id: str
    team: str
    enterprise: str = ""


@dataclass(frozen=True, kw_only=True)
class Admission(AsyncMiddleware):
    """Bolt's first middleware. The signature says that Slack sent it; this says that it is meant for us."""

    home: Home
    desk: Desk
    boundary: Boundary

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        body = req.body
        if body.get("type") == "url_verification":
            return await next()  # Slack's question whether we are here; it comes from no workspace
        origin = origin_of(body)
        _name_in_logs(body, origin)
        reason = self.foreign(origin)
        if not reason:
            return await self.boundary.answer(origin, body) or await next()
        await self._record(reason, origin)
        return BoltResponse(status=200, body="")

    async def _record(self, reason: str, origin: Origin) -> None:
        log.warning("payload_refused", reason=reason, actor=str(origin.actor))
        entry = Entry(action="payload", outcome=reason, actor=origin.actor, detail={"team": origin.team[:40]})
        try:
            await self.desk.store.run(lambda tx: tx.audit.append(entry))
        except StoreError as error:  # refused all the same
            log.error("refusal_not_recorded", error=error.sentence)

    def foreign(self, origin: Origin) -> str:
        """Empty when it is ours. A stranger in a shared channel clicks with our team and their own user's team."""
        if self.home.app_id and origin.app_id != self.home.app_id:
            return "foreign_app"
        if origin.team != self.home.team:
            return "foreign_team"
        actor = origin.actor
        if not all(map(_SLACK_ID.fullmatch, (actor.team, actor.user))):
            return "foreign_account"
        if self.home.enterprise and origin.enterprise not in ("", self.home.enterprise):
            return "foreign_enterprise"
        return ""


def _name_in_logs(body: Raw, origin: Origin) -> None:
    """Whatever is logged from here on carries who clicked and on which request."""
    bind_contextvars(actor=str(origin.actor))
    if target := decode_target(clicked_value(body)) or decode_target(origin.private_metadata):
        bind_contextvars(request_id=target.request_id)
    else:
        unbind_contextvars("request_id")  # a connection that is kept alive was somebody else's a moment ago
