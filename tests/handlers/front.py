"""The real listeners, connected to the simulated workspace, over the real store and a cloud in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.demo.reading import words_of
from bot.demo.workspace import Cast, Person, standalone
from bot.domain.people import Account
from bot.domain.policy import Audience, Role
from bot.domain.request import Request
from bot.listening import bolt_app
from bot.service.desk import Desk
from bot.service.opening import open_request
from bot.service.outcomes import Opened
from bot.slack.client import Identity, Wire, slack_client, slack_session, who_am_i
from bot.slack.ids import COMMAND, encode_target
from bot.slack.people import SlackPeople
from bot.slack.projection import Projection
from handlers.background import Background
from tests.service.bench import Bench, draft

Thing = dict[str, Any]
HOME = "home"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """`bench.desk` is not the desk here: this one looks people up in the workspace."""

    bench: Bench
    cast: Cast
    desk: Desk
    app: AsyncApp
    background: Background
    team: str

    @property
    def rosa(self) -> Person:
        return self.cast.slack.person(self.cast.requester)

    @property
    def amir(self) -> Person:
        return self.cast.slack.person(self.cast.approvers[0])

    @property
    def pat(self) -> Person:
        return self.cast.slack.person(self.cast.bystander)

    @property
    def gus(self) -> Person:
        return self.cast.slack.person(self.cast.guest)

    def account(self, person: Person) -> Account:
        return Account("", self.team, person.id)

    async def asked(self, reason: str = "The first zone is failing") -> tuple[Request, Thing]:
        """An open request, and its card as it stands in the channel."""
        opened = await open_request(self.desk, draft(reason=reason), self.account(self.rosa), "modal")
        assert isinstance(opened, Opened), opened
        value = encode_target(opened.request.id, 1)
        card = await self.see(lambda: next((m for m in self.cards() if value in str(m["blocks"])), None))
        return opened.request, card

    def cards(self) -> list[Thing]:
        return [m for m in self.amir.messages(self.cast.approvals.id) if m.get("blocks")]

    async def see(self, look: Any) -> Any:
        return await self.cast.slack.wait_for(look, PATIENCE_SECONDS)

    async def answer(self, person: Person) -> Thing:
        """The modal in front of this person, once it is more than a sign that something is loading."""
        return await self.see(lambda: person.view if person.view and person.view["callback_id"] != "loading" else None)  # type: ignore[no-any-return]

    async def dispatch(self, body: Thing) -> BoltResponse:
        """A payload as Slack signed it, whatever is in it. What goes on behind is waited for."""
        answer = await self.app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        await self.background.drain(PATIENCE_SECONDS)
        return answer

    async def outcomes(self) -> list[tuple[str, str, str]]:
        return [(row.entry.action, row.entry.outcome, row.entry.surface) for row in await self.bench.audit()]

    # ways to the same decision

    async def approve(self, surface: str, person: Person, request: Request, card: Thing) -> str:
        """Begin to approve on this surface; what the person reads then."""
        match surface:
            case "button":
                await person.click(card, "approve")
            case "command":
                await person.command(COMMAND, f"approve {request.id}", channel=self.cast.approvals.id)
            case "home":
                await person.click(self.home_with(card, person), "approve")
        return words_of(await self.answer(person))

    async def deny(self, surface: str, person: Person, request: Request, card: Thing) -> str:
        """The first step of a denial on this surface; what the person reads then."""
        if surface == "command":
            await person.command(COMMAND, f"deny {request.id}", channel=self.cast.approvals.id)
        else:
            await person.click(self.home_with(card, person) if surface == "home" else card, "deny")
        return words_of(await self.answer(person))

    def home_with(self, card: Thing, person: Person) -> Thing:
        """App Home as an approver sees it; whoever has none forges its button from the card's."""
        return person.home or card


@asynccontextmanager
async def opened_front(url: str) -> AsyncIterator[Front]:
    bench, cast = Bench(url), standalone(rate_limits=False)
    async with cast.slack, slack_session() as session:
        client = slack_client(cast.app.bot_token, cast.slack.api_url, session)
        wire = Wire(client)
        identity = await who_am_i(wire)
        assert isinstance(identity, Identity)
        _allow(bench, cast, identity)
        projection = Projection(bench.store, wire, bench.policies, owner="front")
        people = SlackPeople(wire, bench.policies, identity)
        limits = replace(bench.desk.limits, fresh_for=timedelta(0))
        desk = replace(bench.desk, people=people, notifier=projection, limits=limits)
        background = Background()
        app = bolt_app(cast.app.app_id, desk, client, identity, background)
        showing = asyncio.create_task(projection.run())
        own = slack_client(cast.app.app_token, cast.slack.api_url, session)
        socket = AsyncSocketModeHandler(app, cast.app.app_token, web_client=own)
        await socket.connect_async()
        yield Front(bench=bench, cast=cast, desk=desk, app=app, background=background, team=identity.team)
        await socket.close_async()
        await background.drain(PATIENCE_SECONDS)
        await projection.drain(PATIENCE_SECONDS)
        await showing
    bench.close()


def _allow(bench: Bench, cast: Cast, identity: Identity) -> None:
    """One of the two approvers; Gus the guest is listed by mistake."""
    listed = Audience(
        users=frozenset({cast.approvers[0].id, cast.guest.id, cast.requester.id}),
        usergroups=frozenset({cast.approver_group.id}),
    )
    bench.policies.policy = replace(bench.policies.policy, team=identity.team)
    bench.policies.rule(roles=(Role(name="dr", need=2, who=listed),), approvals_channel=cast.approvals.id)
