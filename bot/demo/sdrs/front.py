"""The HTTP side: applies faults, asks the services, and writes down every call."""

import asyncio
import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from uuid import uuid4

from aiohttp import web

from bot.demo.sdrs.faults import Fault, FaultBoard
from bot.demo.sdrs.services import Visit, answer, parse_body, split_service
from bot.demo.sdrs.signature import Sent
from bot.demo.sdrs.wire import Answer, refuse
from bot.demo.sdrs.world import World

REMEMBERED_CALLS = 200_000
_ACTION = re.compile(r"/v1/[^/]+/server-groups/(?P<group>[^/]+)/action$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the outside did. `status` is None without an answer; `job_id` is set when a job was accepted."""

    at: datetime
    service: str
    method: str
    path: str
    query: str
    body: object
    status: int | None
    user: str | None
    project: str | None
    job_id: str | None

    @property
    def reversed_group(self) -> str | None:
        """The group that this call wanted to reverse."""
        found = _ACTION.search(self.path)
        wanted = isinstance(self.body, dict) and "reverse-server-group" in self.body
        return found["group"] if found and wanted and self.method == "POST" else None


@dataclass(slots=True, kw_only=True)
class Front:
    """Requests in, answers out."""

    world: World
    faults: FaultBoard = field(default_factory=FaultBoard)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=REMEMBERED_CALLS))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        visit = await self._receive(request)
        fault = self._strike(visit)
        if fault is not None:
            return await self._serve_badly(request, visit, fault)
        visit.at = self.world.settle()
        given = answer(self.world, visit)
        self._remember(visit, given, status=given.status)
        return _respond(given, visit.at)

    async def _serve_badly(self, request: web.Request, visit: Visit, fault: Fault) -> web.Response:
        await asyncio.sleep(fault.delay_seconds)
        visit.at = self.world.settle()
        given = self._answer(visit, fault)
        self._remember(visit, given, status=None if fault.drop else given.status)
        await asyncio.sleep(fault.answer_delay_seconds)
        return _abort(request) if fault.drop else _respond(given, visit.at)

    async def _receive(self, request: web.Request) -> Visit:
        raw = await request.read()
        sent = Sent(
            method=request.method,
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=raw,
        )
        return Visit(sent=sent, at=self.world.clock.now(), body=parse_body(raw))

    def _strike(self, visit: Visit) -> Fault | None:
        if not self.faults.rules:
            return None
        line = f"{visit.sent.method} {visit.sent.path}"
        fault = self.faults.strike(line, visit.sent.body.decode(errors="replace"))
        if fault is not None:
            visit.fate = fault.fate
        return fault

    def _answer(self, visit: Visit, fault: Fault) -> Answer:
        """A fault's answer replaces the service's, which is asked at all only if the fault lets it."""
        if fault.drop == "before":
            return Answer()
        replaces = fault.answers and not fault.accepts and fault.drop is None
        true = Answer() if replaces else answer(self.world, visit)
        return _faulty(fault, true.job_id) if fault.answers else true

    def _remember(self, visit: Visit, given: Answer, status: int | None) -> None:
        sent, caller = visit.sent, visit.caller
        service, _ = split_service(sent.path)
        call = Call(
            at=visit.at,
            service=service,
            method=sent.method,
            path=sent.path,
            query=sent.query,
            body=None if service == "iam" else visit.body,  # passwords are not kept
            status=status,
            user=caller.user.name if caller else None,
            project=caller.project_id if caller else None,
            job_id=given.job_id,
        )
        self.calls.append(call)


def _faulty(fault: Fault, job_id: str | None) -> Answer:
    if fault.code is not None:
        documented = refuse(fault.code)
        return Answer(
            status=fault.status or documented.status,
            body=documented.body if fault.body is None else fault.body,
            headers=fault.headers,
            job_id=job_id,
        )
    return Answer(status=fault.status or 200, body=fault.body, headers=fault.headers, job_id=job_id)


def _respond(given: Answer, at: datetime) -> web.Response:
    """The Date header tells the cloud's time, so that clients can see how far off their own clock is."""
    date = formatdate(at.timestamp(), usegmt=True)
    headers = {"X-Request-Id": uuid4().hex, "Date": date, **given.headers}
    body = given.body
    if body is None:
        return web.Response(status=given.status, headers=headers)
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    if "Content-Type" not in headers:
        headers["Content-Type"] = "text/html" if raw.lstrip().startswith(b"<") else "application/json"
    return web.Response(status=given.status, body=raw, headers=headers)


def _abort(request: web.Request) -> web.Response:
    """Close the connection as a broken network would: no status line, no body."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
