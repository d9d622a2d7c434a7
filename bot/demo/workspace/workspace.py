"""The workspace as one object: add people and channels, install the app, start the server, look at what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.demo.leaving import leave

from . import api_chat, api_conversations, api_extras, api_people, api_views
from .arguments import Refused
from .changes import Changes
from .control import Control
from .deliveries import Deliveries
from .interactions import Interactions
from .messages import Messages
from .modals import Modals
from .page import Page, only_from_this_machine
from .person import Person
from .rates import RateLimits
from .records import Ack, Call, Delivery, Faults
from .response_urls import ResponseUrls
from .state import State
from .things import App, Channel, User, Usergroup, View
from .trouble import Trouble
from .web_api import WebApi

METHOD_MODULES = (api_chat, api_conversations, api_extras, api_people, api_views)  # importing them registers
DEFAULT_EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
LARGEST_BODY_BYTES = 5_000_000


class Workspace:
    """A Slack workspace in memory. Nothing is scanned per call, so it can also carry benchmarks.

    `clock` gives seconds since the epoch; `ack_seconds` and `event_retry_seconds` are Slack's own unless a test
    is in a hurry.
    """

    def __init__(
        self,
        *,
        team_name: str = "Northwind",
        seed: int = 1,
        clock: Callable[[], float] = time.time,
        rate_limits: bool = True,
        ack_seconds: float = 3.0,
        event_retry_seconds: Sequence[float] = (0, 60, 300),
    ) -> None:
        self.state = state = State(team_name=team_name, seed=seed, clock=clock)
        self._changes = changes = Changes()
        self._deliveries = deliveries = Deliveries(
            state, changes, ack_seconds=ack_seconds, event_retry_seconds=event_retry_seconds
        )
        self._messages = messages = Messages(state, changes, deliveries.emit)
        self._modals = modals = Modals(state, changes, self._cleared)
        self._response_urls = ResponseUrls(state, messages)
        self._interactions = Interactions(state, changes, messages, modals, deliveries, self._response_urls)
        rates = RateLimits(clock) if rate_limits else None
        self._web_api = WebApi(state, messages, modals, deliveries, rates, changes.wake)
        self.trouble = Trouble(state, messages, deliveries)
        self._people: dict[str, Person] = {}
        self._runner: web.AppRunner | None = None
        self.url = ""

    # the cast

    def add_user(self, name: str, *, real_name: str = "", team_id: str | None = None, **more: Any) -> User:
        """Somebody new. `more`: title, tz, email, is_restricted, is_ultra_restricted, is_bot, is_stranger, deleted."""
        own_team = self.state.new_id("T") if more.get("is_stranger") else self.state.team_id
        more.setdefault("email", f"{name}@{self.state.team_domain}.example")
        user = User(
            id=self.state.new_id("U"),
            name=name,
            real_name=real_name or name.title(),
            team_id=team_id or own_team,
            color=self.state.new_color(),
            **more,
        )
        self.state.users[user.id] = user
        return user

    def add_channel(self, name: str, *, members: Iterable[User | str] = (), **more: Any) -> Channel:
        """A new channel. `more`: is_private, is_ext_shared, topic."""
        prefix = "G" if more.get("is_private") else "C"
        channel = Channel(id=self.state.new_id(prefix), name=name, created=int(self.state.now()), **more)
        self.state.channels[channel.id] = channel
        self.invite(channel, *members)
        return channel

    def invite(self, channel: Channel | str, *members: User | str) -> None:
        """Put people, or an app's `bot_user_id`, into a channel."""
        place = self.state.channels[channel] if isinstance(channel, str) else channel
        place.members |= dict.fromkeys(_ids(members))
        self._messages.channels_changed()

    def add_usergroup(self, handle: str, *, members: Iterable[User | str] = (), name: str = "") -> Usergroup:
        """A new user group."""
        group = Usergroup(id=self.state.new_id("S"), handle=handle, name=name or handle)
        group.members = dict.fromkeys(_ids(members))
        self.state.usergroups[group.id] = group
        return group

    def install_app(
        self,
        name: str,
        *,
        scopes: Iterable[str],
        commands: Iterable[tuple[str, ...]] = (),
        shortcuts: Iterable[tuple[str, str]] = (),
        events: Iterable[str] = DEFAULT_EVENTS,
        request_url: str | None = None,
        socket_mode: bool = True,
    ) -> App:
        """Install an app; `commands` are (command, description[, usage hint]), `shortcuts` (callback_id, name).

        Of `events` (the manifest's bot events) the app hears only those its scopes permit.
        """
        bot = self.add_user(name, real_name=name, is_bot=True)
        state, number = self.state, self.state.random.randrange(10**12)
        app_id = state.new_id("A")
        app = App(
            app_id=app_id,
            name=name,
            bot_id=state.new_id("B"),
            bot_user_id=bot.id,
            bot_token=f"xoxb-{number}-{state.random.randrange(10**12)}-{state.new_secret()}",
            app_token=f"xapp-1-{app_id}-{number}-{state.new_secret(64)}",
            signing_secret=f"{state.random.getrandbits(128):032x}",
            verification_token=state.new_secret(),
            scopes=frozenset(scopes),
            commands={one[0]: (one[1], one[2] if len(one) > 2 else "") for one in commands},
            shortcuts=dict(shortcuts),
            events=frozenset(events),
            request_url=request_url,
            socket_mode=socket_mode,
        )
        state.apps[app_id] = state.tokens[app.bot_token] = state.tokens[app.app_token] = app
        return app

    def person(self, user: User | str) -> Person:
        """The hands and eyes of somebody; LookupError for a stranger to this workspace."""
        user_id = user if isinstance(user, str) else user.id
        if user_id not in self._people:
            if user_id not in self.state.users:
                raise LookupError(f"There is nobody with the id {user_id}")
            parts = (self.state, self._changes, self._interactions, self._modals)
            self._people[user_id] = Person(self.state.users[user_id], *parts)
        return self._people[user_id]

    # what the outside saw

    @property
    def calls(self) -> list[Call]:
        """Every Web API call, in order."""
        return self._web_api.calls

    @property
    def acks(self) -> list[Ack]:
        """Every delivery to an app and how it ended, in order."""
        return self._deliveries.acks

    @property
    def captured(self) -> list[Delivery]:
        """The latest deliveries with their payloads, for replays."""
        return list(self._deliveries.captured)

    @property
    def faults(self) -> Faults:
        """What shall go wrong with coming calls."""
        return self._web_api.faults

    def outage(self, on: bool = True) -> None:
        """Slack is down: 503 for every call, sockets cut and refused; until switched off."""
        self._web_api.is_out = self._deliveries.sockets.is_refusing = on
        if on:
            self._deliveries.sockets.drop()

    async def verify_request_url(self, app: App) -> bool:
        """What Slack does when a request URL is entered: whether the app echoes the signed challenge."""
        return await self._deliveries.http.challenge(app, self.state.new_secret())

    def connections(self, app: App) -> int:
        """How many Socket Mode connections an app has open."""
        return self._deliveries.sockets.count(app)

    async def wait_for(self, predicate: Callable[[], Any], timeout_seconds: float = 5.0) -> Any:
        """The first truthy `predicate()`, looked at after each change; else TimeoutError."""
        return await self._changes.wait_for(predicate, timeout_seconds)

    # the server

    @property
    def api_url(self) -> str:
        """The base address for Web API clients."""
        return f"{self.url}/api/"

    def environment(self, app: App | None = None) -> dict[str, str]:
        """The settings with which a bot works in this workspace."""
        chosen = app or next(iter(self.state.apps.values()))
        return {
            "SLACK_BOT_TOKEN": chosen.bot_token,
            "SLACK_APP_TOKEN": chosen.app_token,
            "SLACK_SIGNING_SECRET": chosen.signing_secret,
            "SLACK_API_URL": self.api_url,
        }

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes any free one."""
        application = web.Application(middlewares=[only_from_this_machine], client_max_size=LARGEST_BODY_BYTES)
        page = Page(self.state, self._changes, self._messages, self.person)
        acks, api = self.acks, self._web_api
        control = Control(self.state, api, acks, self.trouble, self.outage, self.environment)
        application.add_routes([*page.routes(), *control.routes()])
        application.router.add_route("*", "/api/{method}", api.handle)
        application.router.add_get("/link/", self._deliveries.sockets.accept)
        application.router.add_post("/hooks/{path:.+}", self._hook)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        api.url = self._response_urls.base_url = self.url

    async def stop(self) -> None:
        """Close everything; calling it twice is fine."""
        self._changes.close()
        await self._deliveries.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await leave(runner)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _hook(self, request: web.Request) -> web.Response:
        try:
            self._response_urls.use(request.match_info["path"], await request.json())
        except Refused as refusal:
            status = 404 if refusal.error in ("used_url", "expired_url") else 400
            return web.json_response({"ok": False, "error": refusal.error}, status=status)
        return web.Response(text="ok")

    def _cleared(self, view: View) -> None:
        self._interactions.tell_closed(view, is_cleared=True)


def _ids(members: Iterable[User | str]) -> list[str]:
    return [one if isinstance(one, str) else one.id for one in members]
