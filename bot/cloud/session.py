"""One project of the cloud, signed in: knows its id and its services' addresses, and sends calls to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import httpx
from pydantic import BaseModel

from bot.cloud.access import AccessKeyLogin, CloudAccess, MachineLogin, PasswordLogin, Service
from bot.cloud.addresses import belongs_to, flaw_of, is_id, is_segment, join, pattern_root, region_in, root_of
from bot.cloud.auth import SIGNING_IN, AkSkAuth, TokenAuth
from bot.cloud.errors import Attempted, refused_by_us
from bot.cloud.keystone import Project, ProjectsAnswer, Token
from bot.cloud.machine_key import MachineKey
from bot.cloud.redaction import Redactor
from bot.cloud.signin import SignIn, project_ambiguous, project_not_found
from bot.cloud.single_flight import SingleFlight
from bot.cloud.transport import Call, Transport
from bot.domain.errors import CloudError, Problem
from bot.ports import Clock, Rejected, Submission

M = TypeVar("M", bound=BaseModel)

PROJECT = "{project}"  # stands for the project's id in a path
_CATALOGUE_TYPES: Mapping[Service, tuple[str, ...]] = {
    Service.IAM: ("identity", "iam"),
    Service.SDRS: ("sdrs",),
    Service.ECS: ("ecs", "compute"),
    Service.IMS: ("ims", "image", "imsv2"),
}


@lru_cache(maxsize=16384)  # as many as `join` remembers
def _is_plain(path: tuple[str, ...]) -> bool:
    return all(part == PROJECT or is_segment(part) for part in path)


def _with_old_token(tried: Attempted, outcome: Submission) -> Submission:
    """An order is not sent again by itself, not even after a 401; a person may, and the token is new by then."""
    if not isinstance(outcome, Rejected) or outcome.problem.status != 401:
        return outcome
    what = f"{tried.purpose} did not succeed. The cloud no longer accepted the bot's token."
    cure = "Ask again: the bot signs in anew first. If it repeats, run “failover-bot doctor”."
    return Rejected(problem=replace(outcome.problem, what=what, cure=cure, is_retryable=True))


def _always(key: AccessKeyLogin) -> Callable[[], Awaitable[AccessKeyLogin]]:
    async def the_same() -> AccessKeyLogin:
        return key

    return the_same


class Session:
    """Calls to one project. It signs in when first needed, once for all callers."""

    def __init__(self, access: CloudAccess, transport: Transport, *, clock: Clock, redactor: Redactor) -> None:
        redactor.learn(*access.secrets())
        self.access = access
        self._transport = transport
        self._auth: TokenAuth | AkSkAuth
        match access.login:
            case PasswordLogin():
                self._auth = TokenAuth(SignIn(access, transport, clock=clock, redactor=redactor), clock)
            case AccessKeyLogin() as key:
                self._auth = AkSkAuth(_always(key), clock, project_id=access.project_id, region=access.region)
            case MachineLogin() as machine:
                key_of = MachineKey(machine, transport, clock=clock, redactor=redactor)
                self._auth = AkSkAuth(key_of, clock, project_id=access.project_id, region=access.region)
        self._project_id = ""
        self._roots: dict[Service, str] = {}
        self._roots_of: Token | None = None
        self._open = SingleFlight(self._find_project)

    @property
    def token(self) -> Token | None:
        """The token in use; None before the first call and with an access key."""
        return self._auth.current if isinstance(self._auth, TokenAuth) else None

    async def project_id(self) -> str:
        """The project's id. CloudError when it cannot be told, with the names that exist."""
        return self._project_id or await self._open()

    async def read(
        self,
        model: type[M],
        purpose: str,
        service: Service,
        *path: str,
        params: Mapping[str, str | int] | None = None,
    ) -> M:
        """GET, repeated while that makes sense. CloudError when it failed for good."""
        tried = Attempted(purpose=purpose)
        url = await self._url(tried, service, path, params)
        return await self._transport.read(model, Call(tried=tried, method="GET", url=url, auth=self._auth))

    async def order(
        self,
        purpose: str,
        service: Service,
        *path: str,
        body: Mapping[str, object],
        is_still_ours: Callable[[], bool] = lambda: True,
    ) -> Submission:
        """POST, sent once at most."""
        tried = Attempted(purpose=purpose, is_order=True)
        try:
            url = await self._url(tried, service, path)
        except CloudError as error:
            return Rejected(problem=error.problem)
        outcome = await self._transport.order(
            Call(tried=tried, method="POST", url=url, body=body, auth=self._auth, is_still_ours=is_still_ours)
        )
        return _with_old_token(tried, outcome) if self.token is not None else outcome

    async def root(self, service: Service, tried: Attempted = SIGNING_IN) -> str:
        """The service's address: from the settings, else the token's catalogue, else the provider's pattern."""
        if service is Service.IAM:
            return self.access.iam_root
        if configured := self.access.endpoints.get(service):
            return configured
        token = await self._auth.token() if isinstance(self._auth, TokenAuth) else None
        if token is not self._roots_of:
            self._roots_of, self._roots = token, {}
        if service not in self._roots:
            self._roots[service] = self._from_catalogue(service, token, tried) or self._from_pattern(service, tried)
        return self._roots[service]

    async def _url(
        self,
        tried: Attempted,
        service: Service,
        path: tuple[str, ...],
        params: Mapping[str, str | int] | None = None,
    ) -> httpx.URL:
        if not _is_plain(path):
            cure = "Copy the id from the console: letters, digits and hyphens, nothing else."
            raise CloudError(refused_by_us(tried, "That is not an id of the cloud.", cure, is_missing=True))
        project_id = self._project_id or (await self.project_id() if PROJECT in path else "")
        segments = [project_id if part == PROJECT else part for part in path]
        return join(await self.root(service, tried), *segments, params=tuple(params.items()) if params else ())

    def _from_catalogue(self, service: Service, token: Token | None, tried: Attempted) -> str:
        if token is None:
            return ""
        points = [point for point in token.catalogue if point[0] in _CATALOGUE_TYPES[service]]
        points.sort(key=lambda point: _CATALOGUE_TYPES[service].index(point[0]))
        region = self._region(token.project_name)
        here = [url for _, where, url in points if where in (region, "", "*") or not region]
        if points and not here:
            raise CloudError(self._wrong_region(service, region, tried, sorted({point[1] for point in points})))
        return next((root_of(url)[0] for url in here if not flaw_of(url) and belongs_to(self.access.iam_root, url)), "")

    def _from_pattern(self, service: Service, tried: Attempted) -> str:
        name = self.access.project_name
        if root := pattern_root(service, iam_root=self.access.iam_root, region=self._region(name)):
            return root
        cure = f"Set {service.upper()}_ENDPOINT, or OS_REGION_NAME if the provider names its hosts by region."
        raise CloudError(refused_by_us(tried, f"The address of the service {service.upper()} is not known.", cure))

    def _region(self, project_name: str) -> str:
        return self.access.region or region_in(project_name)

    @staticmethod
    def _wrong_region(service: Service, region: str, tried: Attempted, regions: list[str]) -> Problem:
        cause = f"The cloud offers the service {service.upper()} in {', '.join(regions)}, not in {region}."
        return refused_by_us(tried, cause, "Correct OS_REGION_NAME or the project.")

    async def _find_project(self) -> str:
        found = self.access.project_id
        if isinstance(self._auth, TokenAuth):
            token = await self._auth.token()
            found = found or token.project_id
            if self.access.project_name and not self.access.project_id:
                await self._refuse_namesakes()
        elif not found:
            found = await self._project_by_name()
            self._auth.project_id = found
        if not is_id(found):
            cure = "Set OS_PROJECT_ID or OS_PROJECT_NAME."
            raise CloudError(refused_by_us(SIGNING_IN, "The identity service named no project.", cure))
        self._project_id = found
        return found

    async def _refuse_namesakes(self) -> None:
        """Never pick one of several; an identity service that keeps its list to itself has chosen already."""
        try:
            projects = await self._projects(self.access.project_name)
        except CloudError:
            return
        if len(projects) > 1:
            raise CloudError(project_ambiguous(self.access.project_name, projects))

    async def _project_by_name(self) -> str:
        name = self.access.project_name or self.access.region
        projects = await self._projects(name)
        if len(projects) > 1:
            raise CloudError(project_ambiguous(name, projects))
        if not projects:
            raise CloudError(project_not_found(name, await self._projects("")))
        return projects[0].id

    async def _projects(self, name: str) -> tuple[Project, ...]:
        tried = Attempted(purpose="Reading the list of projects")
        call = Call(
            tried=tried,
            method="GET",
            url=join(self.access.iam_root, "v3", "projects", params=(("name", name),) if name else ()),
            auth=self._auth,
        )
        answer = await self._transport.read(ProjectsAnswer, call)
        return tuple(project for project in answer.projects if not name or project.name == name)
