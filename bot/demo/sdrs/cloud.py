"""The simulated cloud as its users see it: filled with projects and users, started, asked, and stopped."""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.demo.leaving import leave
from bot.demo.sdrs.clock import Clock, Pace
from bot.demo.sdrs.control import add_control_routes
from bot.demo.sdrs.faults import FaultBoard
from bot.demo.sdrs.front import Call, Front
from bot.demo.sdrs.identity import DEFAULT_DOMAIN, OPERATOR_ROLES, Agency, Registry, User
from bot.demo.sdrs.project import Project
from bot.demo.sdrs.world import Quirks, World

MAX_BODY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversals:
    """The planned failovers of one group as the outside asked for them."""

    attempted: list[Call] = field(default_factory=list)
    accepted: list[Call] = field(default_factory=list)


class SimulatedCloud:
    """IAM, SDRS, ECS and IMS in one aiohttp application on loopback."""

    def __init__(
        self,
        *,
        seed: int = 7,
        pace: Pace | None = None,
        clock: Callable[[], datetime] | None = None,
        quirks: Quirks | None = None,
        token_lifetime_seconds: float = 24 * 3600.0,
    ) -> None:
        chance = random.Random(seed)
        self.world = World(
            clock=Clock(clock),
            pace=pace or Pace(),
            random=chance,
            registry=Registry(random=chance),
            quirks=quirks or Quirks(),
            token_lifetime_seconds=token_lifetime_seconds,
        )
        self._front = Front(world=self.world)
        self._runner: web.AppRunner | None = None

    @property
    def quirks(self) -> Quirks:
        return self.world.quirks

    @property
    def faults(self) -> FaultBoard:
        return self._front.faults

    @property
    def calls(self) -> list[Call]:
        """Every request to a service since the start, in the order of their answers."""
        return list(self._front.calls)

    def forget_calls(self) -> None:
        self._front.calls.clear()

    def add_project(self, name: str, *, domain: str = DEFAULT_DOMAIN) -> Project:
        registry = self.world.registry
        project = Project(id=registry.hex_id(), name=name, domain=registry.domain(domain), world=self.world)
        self.world.projects[project.id] = project
        return project

    def add_user(
        self,
        name: str,
        *,
        password: str,
        domain: str = DEFAULT_DOMAIN,
        roles: Collection[str] = OPERATOR_ROLES,
        passcode: str | None = None,
        password_expires_at: datetime | None = None,
    ) -> User:
        """With a `passcode` the user must give a second factor."""
        registry = self.world.registry
        user = registry.add_user(name, password, registry.domain(domain), frozenset(roles))
        user.passcode, user.password_expires_at = passcode, password_expires_at
        return user

    def add_agency(
        self, name: str, *, domain: str, trusted_domain: str, roles: Collection[str] = OPERATOR_ROLES
    ) -> Agency:
        """Users of `trusted_domain` who have the Agent Operator role may act in `domain`."""
        registry = self.world.registry
        agency = Agency(
            name=name,
            domain=registry.domain(domain),
            trusted=registry.domain(trusted_domain),
            roles=frozenset(roles),
        )
        registry.agencies.append(agency)
        return agency

    def advance(self, seconds: float) -> None:
        """Push the cloud's clock forward and let happen what falls due."""
        self.world.clock.advance(seconds)
        self.world.settle()

    def settle(self) -> None:
        """Let happen what is due, for tests that look at objects and not through the API."""
        self.world.settle()

    def expire_tokens(self) -> None:
        """Every token that was issued so far has ended; the next call with one is a 401."""
        self.world.registry.expire_tokens(self.world.clock.now())

    def reversals(self) -> dict[str, Reversals]:
        """Planned failovers by group id: every POST that asked for one, and those that were accepted."""
        found: dict[str, Reversals] = {}
        for call in self._front.calls:
            if group_id := call.reversed_group:
                reversals = found.setdefault(group_id, Reversals())
                reversals.attempted.append(call)
                if call.job_id:
                    reversals.accepted.append(call)
        return found

    @property
    def password_reads(self) -> list[str]:
        """The servers whose generated password somebody has fetched. A bot never does."""
        return [read for project in self.world.projects.values() for read in project.password_reads]

    @property
    def url(self) -> str:
        return self.world.base_url

    @property
    def iam_url(self) -> str:
        return f"{self.url}/iam"

    @property
    def sdrs_url(self) -> str:
        return f"{self.url}/sdrs"

    @property
    def ecs_url(self) -> str:
        return f"{self.url}/ecs"

    @property
    def ims_url(self) -> str:
        return f"{self.url}/ims"

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        add_control_routes(app, self._front)
        app.router.add_route("*", "/{path:.*}", self._front.serve)
        return app

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. `url` is known afterwards."""
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.world.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await leave(self._runner)
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
