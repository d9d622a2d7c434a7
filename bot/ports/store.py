"""What the core asks of the store: one transaction, its clock, and the tables as the core sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from bot.domain.audit import Entry, Recorded
from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.domain.people import Account
from bot.domain.request import Approval, Request, RequestId, State
from bot.domain.run import Attempt, Run
from bot.domain.surface import Place, Surface, SurfaceId
from bot.ports.cloud import CloudCall
from bot.ports.kept import Executor, History, RequestView, SecondFactor, Standing, StepUp

T = TypeVar("T")


class Requests(Protocol):
    def add(self, request: Request) -> bool:
        """False when another request of the same group is open (then nothing was added)."""
        ...

    def get(self, request_id: RequestId) -> Request | None: ...

    def hold(self, request_id: RequestId) -> Request | None:
        """As `get`, and nobody else decides about this request until the transaction ends.

        Approvals are counted, not compared-and-set: without it two people who approve in one moment would each see
        only their own approval, and one who takes an approval back would be counted by another all the same.
        """
        ...

    def standing(self, request_id: RequestId) -> Standing | None: ...

    def hold_all(self, request_id: RequestId) -> Standing | None:
        """As `standing`, and held as `hold` holds; its run too."""
        ...

    def view(self, request_id: RequestId) -> RequestView | None: ...

    def open_for(self, project: ProjectAlias, group_id: GroupId) -> Request | None: ...

    def move(self, before: Request, now: Request) -> bool:
        """Compare-and-set: writes `now` only if the row still has the state, revision and digest of `before`."""
        ...

    def in_states(
        self, states: Iterable[State], *, limit: int = 500, after: RequestId | None = None
    ) -> list[Request]: ...

    def last_moved(self, state: State) -> Mapping[RequestId, datetime]:
        """All that are in this state, by id, and when each was last written: little is read of each."""
        ...

    def of_requester(self, account: Account, *, since: datetime) -> int: ...

    def recent(self, *, limit: int = 20, before: datetime | None = None) -> list[Request]: ...

    def owing_review(self, account: Account) -> Request | None: ...

    def history(self, project: ProjectAlias, group_id: GroupId, to: Site) -> History: ...

    def count_by_state(self) -> Mapping[State, int]:
        """Every state, also those that no request is in."""
        ...


class Approvals(Protocol):
    def add(self, approval: Approval) -> bool:
        """False when this person has already approved this revision."""
        ...

    def of(self, request_id: RequestId, revision: int) -> tuple[Approval, ...]:
        """Those that count: not retracted."""
        ...

    def all_of(self, request_id: RequestId) -> tuple[Approval, ...]:
        """Of every revision, retracted ones too: for the evidence, never for a decision."""
        ...

    def retract(self, request_id: RequestId, revision: int, person_id: str) -> bool: ...


class Runs(Protocol):
    def enqueue(self, request_id: RequestId, revision: int) -> None:
        """Hand the request to the engine, in this very transaction."""
        ...

    def get(self, request_id: RequestId) -> Run | None: ...

    def save(self, run: Run) -> None: ...

    def fence(self, attempt: Attempt) -> bool:
        """False when somebody has fenced this request before: then only reconcile."""
        ...

    def attempt(self, request_id: RequestId) -> Attempt | None: ...

    def settle(self, attempt: Attempt) -> None:
        """Write what became of the attempt (outcome, job id, problem)."""
        ...

    def record_calls(self, request_id: RequestId, calls: Sequence[CloudCall]) -> None: ...

    def calls(self, request_id: RequestId) -> list[CloudCall]: ...


class Surfaces(Protocol):
    def want(
        self,
        request_id: RequestId,
        place: Place,
        *,
        data: Mapping[str, object] | None = None,
        user: str = "",
        not_before: datetime | None = None,
        once: bool = False,
    ) -> None:
        """The place shows something older than the database from now on; creates it when it is new.
        In one transaction that is one change, however often it is said.

        `once`: only creates it; a place that is there stays as it is. `not_before` and `data` replace what was there
        when given, and stay as they are when not.
        """
        ...

    def claim(self, owner: str, *, limit: int, lease: timedelta) -> list[Surface]:
        """Due surfaces that nobody else works on, by priority, then age; lines of one request in their order."""
        ...

    def sending(self, surface_id: SurfaceId) -> None:
        """Committed before a post leaves: whoever finds it without a ts looks for the message first."""
        ...

    def shown(
        self,
        surface_id: SurfaceId,
        *,
        rendered: int,
        channel: str,
        ts: str,
        thread_ts: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """Slack shows `rendered`; it never goes back to an older one. `not_before`: the next edit waits until then."""
        ...

    def failed(
        self, surface_id: SurfaceId, *, error: str, not_before: datetime | None, is_dead: bool = False
    ) -> None: ...

    def of(self, request_id: RequestId) -> list[Surface]: ...

    def find(self, request_id: RequestId, place: Place) -> Surface | None: ...

    def at(self, channel: str, ts: str) -> Surface | None: ...

    def lost(self, surface_id: SurfaceId) -> None:
        """The message is gone from Slack (deleted, archived): forget its ts, show it again."""
        ...

    def lag(self) -> tuple[int, timedelta]:
        """How many are due, and how long the oldest has been."""
        ...


class Audit(Protocol):
    def append(self, entry: Entry) -> None:
        """The entry gets its number when the transaction commits: nobody waits for the chain while work goes on."""
        ...

    def of(self, request_id: RequestId) -> list[Recorded]:
        """What is committed about a request, in order."""
        ...

    def stream(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]: ...


class StepUps(Protocol):
    def add(self, step_up: StepUp) -> None: ...

    def get(self, token_hash: str) -> StepUp | None: ...

    def use(self, token_hash: str) -> bool:
        """False when it is unknown, used or expired (by the database's clock)."""
        ...

    def is_confirmed(self, request_id: RequestId, revision: int, account: Account) -> bool:
        """Whether this person has used a link for this very revision."""
        ...


class SecondFactors(Protocol):
    def enrol(self, factor: SecondFactor) -> None:
        """Replaces the one before."""
        ...

    def get(self, account: Account) -> SecondFactor | None: ...

    def accept(self, account: Account, counter: int) -> bool:
        """Compare-and-set on the time step: False when this code or a later one was accepted before."""
        ...

    def remove(self, account: Account) -> bool: ...

    def enrolled(self) -> list[Account]: ...


class Executors(Protocol):
    def beat(self, executor: Executor) -> None:
        """Insert or renew; `seen_at` is the database's clock, whatever the value says."""
        ...

    def known(self) -> list[Executor]: ...

    def remove(self, executor_id: str) -> None: ...


class Instance(Protocol):
    """Facts about this installation by name, e.g. the last heartbeat and whether it is read-only."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...


class Transaction(Protocol):
    """One transaction: everything or nothing. `now` is the database's clock, the same for all machines."""

    @property
    def now(self) -> datetime: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def approvals(self) -> Approvals: ...

    @property
    def runs(self) -> Runs: ...

    @property
    def surfaces(self) -> Surfaces: ...

    @property
    def audit(self) -> Audit: ...

    @property
    def step_ups(self) -> StepUps: ...

    @property
    def second_factors(self) -> SecondFactors: ...

    @property
    def executors(self) -> Executors: ...

    @property
    def instance(self) -> Instance: ...


class Store(Protocol):
    """Runs a plain function in one transaction, in a bounded thread, again if the database asks for it.

    The function must have no other effect than through the transaction. What it raises rolls everything back;
    what the database refuses comes out as `StoreError`.
    """

    async def run(self, work: Callable[[Transaction], T]) -> T: ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """The same for work that only reads: it never waits for a writer. Writing in it is an error."""
        ...
