"""Gets a token, directly or through an agency, and says which projects there are when the named one is not."""

from __future__ import annotations

from dataclasses import replace

from bot.cloud.access import CloudAccess, PasswordLogin
from bot.cloud.addresses import join
from bot.cloud.auth import REFUSALS, SIGNING_IN
from bot.cloud.errors import Answer, Attempted, refused_by_us, unreadable
from bot.cloud.keystone import (
    Project,
    ProjectsAnswer,
    Token,
    TokenAnswer,
    agency_fields,
    agency_request,
    password_request,
    project_scope,
    token_from,
)
from bot.cloud.redaction import Redactor, one_line
from bot.cloud.transport import Call, Transport, decode
from bot.domain.errors import CloudError, Problem
from bot.ports import Clock

MAX_LISTED = 10


class SignIn:
    """A call gives a fresh token for the project. CloudError with the reason when there is none."""

    def __init__(self, access: CloudAccess, transport: Transport, *, clock: Clock, redactor: Redactor) -> None:
        self._access, self._transport, self._clock, self._redactor = access, transport, clock, redactor

    async def __call__(self) -> Token:
        try:
            return await (self._as_agency() if self._access.agency else self._as_user(project_scope(self._access)))
        except CloudError as error:
            problem = error.problem
        raise CloudError(await self._explained(problem))

    async def _as_user(self, scope: dict[str, object] | None) -> Token:
        assert isinstance(self._access.login, PasswordLogin)
        return await self._ask(password_request(self._access.login, scope), {})

    async def _as_agency(self) -> Token:
        """Two spellings of one field are about: the second is tried when the first is not understood."""
        agency = self._access.agency
        assert agency is not None
        assert isinstance(self._access.login, PasswordLogin)
        user = await self._as_user({"domain": self._access.login.domain.as_json()})
        headers = {"X-Auth-Token": user.value.get_secret_value()}
        likely, other = agency_fields(join(self._access.iam_root).host)
        scope = project_scope(self._access)
        try:
            return await self._ask(agency_request(agency, likely, scope), headers)
        except CloudError as error:
            if error.problem.status != 400:
                raise
        return await self._ask(agency_request(agency, other, scope), headers)

    async def _ask(self, body: dict[str, object], headers: dict[str, str]) -> Token:
        url = join(self._access.iam_root, "v3", "auth", "tokens")
        answer = await self._transport.repeat(
            Call(tried=SIGNING_IN, method="POST", url=url, body=body, headers=headers)
        )
        return self._token_in(answer)

    def _token_in(self, answer: Answer) -> Token:
        value = answer.headers.get("x-subject-token", "")
        if not value:
            raise CloudError(unreadable(SIGNING_IN, answer, "it carries no token"))
        self._redactor.learn(value)
        parsed = decode(TokenAnswer, SIGNING_IN, answer)
        if isinstance(parsed, Problem):
            raise CloudError(parsed)
        return token_from(value, parsed, now=self._clock.now(), monotonic=self._clock.monotonic())

    async def _explained(self, problem: Problem) -> Problem:
        """Identity services answer a wrong project like a wrong password: without a project it shows which it was."""
        if problem.status not in REFUSALS:
            return problem
        names = await self._visible_projects() if self._access.project_name and not self._access.agency else None
        if names is None:
            return _wrong_login(problem, self._access)
        return _wrong_project(problem, self._access.project_name, names)

    async def _visible_projects(self) -> tuple[Project, ...] | None:
        """The user's projects, or None when the user cannot even sign in without one."""
        try:
            token = await self._as_user(None)
        except CloudError:
            return None
        return await visible_projects(self._access, self._transport, {"X-Auth-Token": token.value.get_secret_value()})


async def visible_projects(access: CloudAccess, transport: Transport, headers: dict[str, str]) -> tuple[Project, ...]:
    """The projects that a token may enter; empty when the identity service does not tell."""
    url = join(access.iam_root, "v3", "auth", "projects")
    tried = Attempted(purpose="Reading the list of projects")
    try:
        answer = await transport.read(ProjectsAnswer, Call(tried=tried, method="GET", url=url, headers=headers))
    except CloudError:
        return ()
    return answer.projects


def project_not_found(name: str, projects: tuple[Project, ...]) -> Problem:
    return refused_by_us(SIGNING_IN, *_about_missing(name, projects))


def project_ambiguous(name: str, projects: tuple[Project, ...]) -> Problem:
    ids = ", ".join(project.id for project in projects[:MAX_LISTED])
    return refused_by_us(
        SIGNING_IN,
        f"{len(projects)} projects are named {_quoted(name)}: {ids}.",
        "Name the one that is meant by its id, in OS_PROJECT_ID.",
    )


def _wrong_project(problem: Problem, name: str, projects: tuple[Project, ...]) -> Problem:
    cause, cure = _about_missing(name, projects)
    return replace(problem, what=f"{SIGNING_IN.purpose} did not succeed. {cause}", cure=cure)


def _about_missing(name: str, projects: tuple[Project, ...]) -> tuple[str, str]:
    known = ", ".join(sorted(f"{project.name} ({project.id})" for project in projects)[:MAX_LISTED])
    more = f" and {len(projects) - MAX_LISTED} more" if len(projects) > MAX_LISTED else ""
    listed = f"The user can enter: {known}{more}." if known else "The user can enter no project that the bot can see."
    return f"No project is named {_quoted(name)}. {listed}", "Correct OS_PROJECT_NAME, or set OS_PROJECT_ID."


def _wrong_login(problem: Problem, access: CloudAccess) -> Problem:
    parts = "user name, password or domain" + ("" if access.project_name else ", or the project id")
    return replace(
        problem,
        what=f"{SIGNING_IN.purpose} did not succeed. The identity service refused the {parts}.",
        cure="Correct OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME or the project; too many tries lock the user.",
        is_missing=False,
    )


def _quoted(name: str) -> str:
    return f"“{one_line(name, limit=60)}”"
