"""A desk to click at: the real store, a cloud in memory, a directory whose people change, and what was enqueued."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp

from bot.domain.audit import Recorded
from bot.domain.errors import PeopleError
from bot.domain.facts import GroupId, ProjectAlias, Site, Snapshot
from bot.domain.people import Account, Person
from bot.domain.plan import Options
from bot.domain.policy import Audience, Policy, Refusal, Role, Rule, person_id_of
from bot.domain.request import Draft, Request, RequestId
from bot.domain.surface import PlaceKind, Surface
from bot.ports import RequestView, SecondFactor
from bot.service.approving import approve
from bot.service.clicks import Click
from bot.service.desk import Desk
from bot.service.opening import open_request
from bot.service.outcomes import Approving, Opened, Opening, Refused
from bot.service.stepping import factor_of
from bot.stepup import TotpDoor, new_key
from storage.database import open_database
from storage.runs import Enqueue
from storage.unit_of_work import SqlStore
from tests.domain import facts
from tests.fakes.cloud import FakeCloud

PROJECT = ProjectAlias("eu-de")
ROSA, AMIR, CHEN, PAT = (Account("", "T1", user) for user in ("UROSA", "UAMIR", "UCHEN", "UPAT"))
GROUP = GroupId("g-1")


def audience(*users: str, groups: tuple[str, ...] = ()) -> Audience:
    return Audience(users=frozenset(users), usergroups=frozenset(groups))


def rule(**changes: Any) -> Rule:
    """Two of Amir, Chen and whoever is in S1; Rosa may break the glass."""
    values: dict[str, Any] = {
        "name": "production",
        "environment": "PRODUCTION",
        "name_patterns": ("*",),
        "roles": (Role(name="dr", need=2, who=audience("UAMIR", "UCHEN", groups=("S1",))),),
        "break_glass": audience("UROSA"),
        "approvals_channel": "C1",
    }
    return Rule(**(values | changes))


ALONE = (Role(name="dr", need=1, who=audience("UAMIR", "UCHEN", groups=("S1",))),)


@dataclass
class Directory:
    """Slack's directory. What a test writes here is seen at the next look."""

    policies: Policies
    flags: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    is_down: bool = False
    looks: int = 0

    async def look_up(self, account: Account, *, within_seconds: float = 0.0) -> Person:
        self.looks += 1
        if self.is_down:
            raise PeopleError("Slack does not answer")
        seen = Person(
            account=account,
            name=account.user,
            person_id=person_id_of(self.policies.policy, account),
            usergroups=self.groups.get(account.user, frozenset()),
            is_foreign=account.team not in ("T1", "operator"),
        )
        return replace(seen, **self.flags.get(account.user, {}))

    async def members(self, usergroup: str) -> frozenset[str]:
        return frozenset(user for user, groups in self.groups.items() if usergroup in groups)


@dataclass
class Policies:
    policy: Policy = field(default_factory=lambda: Policy(version="v1", rules=(rule(),), team="T1"))

    def rule(self, **changes: Any) -> None:
        """The one rule, changed."""
        self.policy = replace(self.policy, rules=(replace(self.policy.rules[0], **changes),))


@dataclass
class OpenRooms:
    cure: str = ""

    async def cure_for(self, channel: str) -> str:
        return self.cure


@dataclass
class Bell:
    rung: int = 0

    def wake(self, *, is_urgent: bool = True) -> None:
        self.rung += 1


@dataclass
class Watch:
    """This machine's clock, which a test may set wrong. The database has its own."""

    off_by: timedelta = timedelta(0)
    seconds: float = 0.0
    stands_still: bool = False

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off_by

    def monotonic(self) -> float:
        return self.seconds if self.stands_still else time.monotonic() + self.seconds


class Bench:
    """`url` is a migrated database."""

    def __init__(self, url: str, *, groups: int = 1, enqueue: Enqueue | None = None) -> None:
        self.database = open_database(url)
        self.enqueued: list[tuple[RequestId, int]] = []
        note = enqueue or (lambda _session, request, revision: self.order(request, revision))
        self.store = SqlStore(self.database, enqueue=note)
        self.cloud = FakeCloud({GroupId(f"g-{n}"): healthy(n) for n in range(1, groups + 1)})
        self.policies = Policies()
        self.people = Directory(self.policies)
        self.rooms, self.bell, self.watch = OpenRooms(), Bell(), Watch()
        self.desk = Desk(
            store=self.store,
            cloud=self.cloud,
            people=self.people,
            rooms=self.rooms,
            policies=self.policies,
            notifier=self.bell,
            clock=self.watch,
        )

    def order(self, request: RequestId, revision: int) -> None:
        self.enqueued.append((request, revision))

    def close(self) -> None:
        self.store.close()
        self.database.close()

    def drift(self, group: GroupId = GROUP, *, server: str = "new-1") -> None:
        """Somebody adds a server to the group in the cloud's console."""
        seen = self.cloud.snapshots[group]
        grown = replace(
            seen, instances=(*seen.instances, facts.instance(server)), pairs=(*seen.pairs, facts.pair(server))
        )
        grown = replace(
            grown, group=replace(grown.group, instance_count=len(grown.instances), pair_count=len(grown.pairs))
        )
        self.cloud.put(group, grown)

    async def ask(self, who: Account = ROSA, **changes: Any) -> Opening:
        return await open_request(self.desk, draft(**changes), who, "modal")

    async def asked(self, who: Account = ROSA, **changes: Any) -> Request:
        """An open request, looked at a while ago: the next click looks again."""
        opened = await self.ask(who, **changes)
        assert isinstance(opened, Opened), opened
        self.desk = replace(self.desk, limits=replace(self.desk.limits, fresh_for=timedelta(0)))
        return opened.request

    async def approve(self, request: Request, who: Account = AMIR, **changes: Any) -> Approving:
        return await approve(self.desk, click(request, who, **changes))

    async def enrol(self, *people: Account) -> dict[Account, str]:
        """The secrets in the authenticator apps of these people; from then on the rule asks for a second factor."""
        door = TotpDoor("https://bot.example", new_key())
        self.desk = replace(self.desk, step_up=door)
        self.policies.rule(needs_step_up=True)
        made = {who: door.enrol(who.user) for who in people}
        factors = [
            SecondFactor(account=factor_of(who), sealed_secret=one.sealed, enrolled_at=self.watch.now())
            for who, one in made.items()
        ]
        await self.store.run(lambda tx: [tx.second_factors.enrol(factor) for factor in factors])
        return {who: one.secret for who, one in made.items()}

    async def token(self, request: Request, who: Account = AMIR) -> str:
        """Of the link that this person is given for a click on Approve."""
        refused = await self.approve(request, who)
        assert isinstance(refused, Refused), refused
        assert refused.reason is Refusal.STEP_UP_NEEDED
        return refused.link.rpartition("/")[2]

    async def request(self, request: Request) -> Request:
        found = await self.store.read(lambda tx: tx.requests.get(request.id))
        assert found is not None
        return found

    async def view(self, request: Request) -> RequestView:
        found = await self.store.read(lambda tx: tx.requests.view(request.id))
        assert found is not None
        return found

    async def audit(self) -> list[Recorded]:
        return await self.store.read(lambda tx: tx.audit.stream())

    async def outcomes(self) -> list[tuple[str, str]]:
        return [(row.entry.action, row.entry.outcome) for row in await self.audit()]

    async def surfaces(self, request: Request) -> list[Surface]:
        return list(await self.store.read(lambda tx: tx.surfaces.of(request.id)))

    async def lines(self, request: Request) -> list[dict[str, Any]]:
        return [dict(one.data) for one in await self.surfaces(request) if one.place.kind is PlaceKind.LINE]


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or some time steps away from now."""
    return pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=steps)


def healthy(number: int) -> Snapshot:
    made = facts.snapshot(f"db-{number}", f"web-{number}")
    return replace(made, group=replace(made.group, id=GroupId(f"g-{number}"), name=f"pg-{number}"))


def draft(**changes: Any) -> Draft:
    options = changes.pop("options", Options())
    values: dict[str, Any] = {
        "project": PROJECT,
        "group_id": GROUP,
        "to": Site.TARGET,
        "reason": "The first zone is failing",
        "options": options,
    }
    return Draft(**(values | changes))


def click(request: Request, who: Account = AMIR, **changes: Any) -> Click:
    values: dict[str, Any] = {
        "request_id": request.id,
        "revision": request.revision,
        "actor": who,
        "surface": "button",
        "acknowledged": frozenset(finding.check for finding in request.findings),
    }
    return Click(**(values | changes))
