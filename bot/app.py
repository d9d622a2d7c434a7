"""The composition root: the only place that knows every part, puts them together, starts and stops them."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot import garbage
from bot.call_log import CallLog
from bot.clock import SystemClock
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover_from
from bot.config import Settings
from bot.domain.policy import Policy
from bot.execution.early import EarlyStarts
from bot.execution.engine import migrate_engine, open_engine
from bot.execution.execution import Execution, Outside
from bot.execution.queue import RunQueue
from bot.execution.timing import Timing
from bot.execution.traces import Traces
from bot.guard import Guarded
from bot.health import refresh, unready
from bot.listening import app_id_of, bolt_app
from bot.metrics import Metrics
from bot.policies import PolicyFile
from bot.policy_file import PolicyProblems
from bot.ports import CloudCall, Store, StoreError
from bot.service.desk import Desk, runs_elsewhere
from bot.slack.client import Identity, Refused, Wire, slack_client, slack_session
from bot.slack.identity import sign_in
from bot.slack.people import SlackPeople
from bot.slack.projection import Projection
from bot.slack.rooms import SlackRooms
from bot.sockets import AppTokenRefused, open_sockets
from bot.stepup import TotpDoor, door_of, step_up_routes
from bot.stopping import heed_signals
from bot.web import SlackEndpoint, web_application
from handlers.background import Background
from storage.database import Database, claim_file, open_database
from storage.schema import migrate, require_schema
from storage.unit_of_work import SqlStore

log = structlog.get_logger(__name__)
DRAIN_SECONDS = 3.0  # for what listeners have begun; everything together ends within ten


class StartProblems(Exception):
    """The bot can't start; `sentences` says why, each with what to do."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What one process does: take Slack's requests in, execute runs, migrate its database before."""

    intake: bool = True
    work: bool = True
    migrates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one process consists of. `execution` is there in processes that work, `bolt` in those that listen."""

    settings: Settings
    database: Database
    desk: Desk
    metrics: Metrics
    projection: Projection
    background: Background
    execution: Execution | None = None
    bolt: AsyncApp | None = None


def migrate_database(url: str) -> None:
    """Our tables, then the engine's. StoreError with a sentence."""
    migrate(url)
    database = open_database(url)
    try:
        migrate_engine(database.url)
    finally:
        database.close()


async def serve(settings: Settings, environ: Mapping[str, str], roles: Roles) -> None:
    """Run until SIGTERM or SIGINT. StartProblems when it can't start."""
    stopped = heed_signals()
    try:
        async with running(settings, environ, roles) as parts:
            garbage.is_ready()
            log.info("ready", intake=roles.intake, work=roles.work, port=settings.port)
            await stopped.wait()
            log.info("stopping", background=len(parts.background))
    except StoreError as error:
        raise StartProblems(error.sentence) from error
    except PolicyProblems as problems:
        raise StartProblems(*problems.sentences) from problems
    except AppTokenRefused as refused:
        raise StartProblems(
            f"Slack does not accept SLACK_APP_TOKEN ({refused}). The bot did not start. Make an app-level token with "
            "connections:write under Basic Information of your app, and switch Socket Mode on."
        ) from refused


@asynccontextmanager
async def running(settings: Settings, environ: Mapping[str, str], roles: Roles) -> AsyncIterator[Parts]:
    """Everything of one process, started in the order of need and stopped in the reverse."""
    if roles.intake and not settings.slack_app_token and not settings.slack_signing_secret:
        raise StartProblems(
            "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set, so nothing could be received. "
            "Set the first for Socket Mode, or the second for signed requests at /slack/events."
        )
    async with AsyncExitStack() as stack:
        parts = await _assembled(stack, settings, environ, roles)
        await stack.enter_async_context(_showing(parts.projection))
        if parts.execution:
            await stack.enter_async_context(parts.execution)
        stack.push_async_callback(parts.background.drain, DRAIN_SECONDS)
        if parts.bolt and settings.slack_app_token:
            await stack.enter_async_context(open_sockets(settings, parts.bolt, metrics=parts.metrics))
        await _answer_http(stack, parts)  # last: who reads "ready" may type a command at once
        yield parts


async def _assembled(stack: AsyncExitStack, settings: Settings, environ: Mapping[str, str], roles: Roles) -> Parts:
    clock, metrics, policies = SystemClock(), Metrics(), PolicyFile(settings.failover_policy)
    database = _database(stack, settings, migrates=roles.migrates)
    queue = _queue(stack, database)
    store = SqlStore(database, enqueue=queue.enqueue)
    stack.callback(store.close)
    await Traces(database.engine).are_of_a_backup(store)  # before anybody acts on what it says
    call_log = CallLog()
    cloud = _cloud(stack, environ, clock, metrics, call_log)
    await stack.enter_async_context(_keeping(call_log, store))
    client = await _slack(stack, settings)
    wire = Wire(client, metrics)
    people = SlackPeople(wire, policies, identity := await _sign_in(wire, store))
    believed = Guarded(store)
    projection = Projection(believed, wire, policies, owner=_owner())
    early = EarlyStarts(cloud) if roles.work else None
    desk = Desk(
        store=believed,
        cloud=cloud,
        people=people,
        rooms=SlackRooms(wire),
        policies=policies,
        notifier=projection,
        clock=clock,
        step_up=_step_up(settings, policies.policy),
        expect=early.begin_soon if early else runs_elsewhere,
    )
    background = Background()
    return Parts(
        settings=settings,
        database=database,
        desk=desk,
        metrics=metrics,
        projection=projection,
        background=background,
        execution=_execution(settings, database, queue, store, desk, metrics, early) if early else None,
        bolt=bolt_app(app_id_of(settings), desk, client, identity, background) if roles.intake else None,
    )


def _owner() -> str:
    """Under this name the process takes messages that are to be sent."""
    return f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"


async def _slack(stack: AsyncExitStack, settings: Settings) -> AsyncWebClient:
    session = await stack.enter_async_context(slack_session())
    return slack_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)


def _step_up(settings: Settings, policy: Policy) -> TotpDoor | None:
    """A rule that asks for a second factor which nobody could give would let nobody approve: that is found now."""
    door = door_of(settings.public_url, settings.step_up_key.get_secret_value() if settings.step_up_key else "")
    asking = [rule.name for rule in policy.rules if rule.needs_step_up]
    if asking and door is None:
        raise StartProblems(
            f"The policy asks for a second factor ({', '.join(asking)}), and PUBLIC_URL or STEP_UP_KEY is not set, "
            "so nobody could approve. The bot did not start. `failover-bot step-up key` prints a new key."
        )
    return door


def _database(stack: AsyncExitStack, settings: Settings, *, migrates: bool) -> Database:
    url = settings.database_url.get_secret_value()
    database = open_database(url)
    stack.callback(database.close)
    claim = claim_file(database)
    if claim:
        stack.callback(claim.release)
    if migrates:
        migrate_database(url)
    require_schema(database)
    return database


def _queue(stack: AsyncExitStack, database: Database) -> RunQueue:
    engine = open_engine(database.url)
    queue = RunQueue(engine)
    stack.callback(engine.dispose)
    stack.callback(queue.close)
    return queue


def _cloud(
    stack: AsyncExitStack, environ: Mapping[str, str], clock: SystemClock, metrics: Metrics, call_log: CallLog
) -> CloudGateway:
    discovery = discover_from(environ)
    if discovery.problems:
        raise StartProblems(*discovery.problems)

    def observe(call: CloudCall) -> None:
        metrics.observe("cloud_call", call.milliseconds / 1000, method=call.method, status=str(call.status or "none"))
        call_log.note(call)

    cloud = CloudGateway(discovery.accesses, clock=clock, observe=observe)
    stack.push_async_callback(cloud.aclose)
    cloud.warm()
    return cloud


async def _sign_in(wire: Wire, store: Store) -> Identity:
    identity = await sign_in(wire, store)
    match identity:
        case Identity():
            return identity
        case Refused(error):
            raise StartProblems(
                f"Slack does not accept SLACK_BOT_TOKEN ({error}). The bot did not start. "
                "Copy the bot token from your app's OAuth page."
            )
        case _:
            raise StartProblems(
                f"Slack could not be asked about SLACK_BOT_TOKEN ({identity}), and it never was before. The bot did "
                "not start. Check that SLACK_API_URL can be reached from here."
            )


def _execution(
    settings: Settings,
    database: Database,
    queue: RunQueue,
    store: SqlStore,
    desk: Desk,
    metrics: Metrics,
    early: EarlyStarts,
) -> Execution:
    """The engine has the store itself: it is what finds out whether the database may be believed."""
    timing = Timing(
        first_minute_poll_seconds=settings.poll_seconds,
        poll_seconds=settings.slow_poll_seconds,
        server_poll_seconds=settings.poll_seconds,
        job_limit_seconds=settings.job_limit_seconds,
        soft_stop_seconds=settings.stop_limit_seconds,
        start_seconds=settings.start_limit_seconds,
        verify_seconds=settings.verify_limit_seconds,
        unclear_seconds=settings.unclear_seconds,
        sweep_seconds=settings.sweep_seconds,
    )
    outside = Outside(
        url=database.url.render_as_string(hide_password=False),
        queue=queue,
        store=store,
        cloud=desk.cloud,
        people=desk.people,
        policy_source=desk.policies,
        notifier=desk.notifier,
        clock=desk.clock,
        timing=timing,
        metrics=metrics,
        early=early,
    )
    return Execution(outside)


@asynccontextmanager
async def _keeping(call_log: CallLog, store: SqlStore) -> AsyncIterator[None]:
    """The calls to the cloud are written while the process lives, the last of them at its end."""
    task = asyncio.create_task(call_log.run(store), name="call-log")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await call_log.flush(store)


@asynccontextmanager
async def _showing(projection: Projection) -> AsyncIterator[None]:
    """Slack follows the database while the process lives; what is on its way at the end is waited for."""
    task = asyncio.create_task(projection.run(), name="projection")
    try:
        yield
    finally:
        await projection.drain(DRAIN_SECONDS)
        await task


async def _answer_http(stack: AsyncExitStack, parts: Parts) -> None:
    secret = parts.settings.slack_signing_secret
    slack = SlackEndpoint(parts.bolt, secret.get_secret_value(), parts.metrics) if parts.bolt and secret else None
    application = web_application(
        metrics=parts.metrics,
        readiness=lambda: unready(parts.database, parts.execution),
        refresh_metrics=lambda: refresh(parts.desk.store, parts.metrics, parts.background),
        slack=slack,
        pages=step_up_routes(parts.desk, parts.settings.public_url) if parts.desk.step_up else (),
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, parts.settings.host, parts.settings.port).start()
    except OSError as error:
        where = f"{parts.settings.host}:{parts.settings.port}"
        raise StartProblems(f"{where} can't be listened on: {error.strerror}. Set PORT to a free one.") from error
