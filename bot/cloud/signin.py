"""Gets a token, directly or through an agency, and says which projects there are when the named one is not."""

from __future__ import annotations

from dataclasses import replace

from bot.cloud.access import Agency, CloudAccess, PasswordLogin
from bot.cloud.addresses import join
from bot.cloud.answers import decode
from bot.cloud.auth import REFUSALS, SIGNING_IN
from bot.cloud.errors import Answer, Attempted, refused_by_us, their_words, unreadable
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
from bot.cloud.transport import Call, Transport
from bot.domain.errors import CloudError, Problem
from bot.ports import Clock

MAX_LISTED = 10


class SignIn:
    """A call gives a fresh token for the project. CloudError with the reason when there is none."""

    def __init__(self, access: CloudAccess, transport: Transport, *, clock: Clock, redactor: Redactor) -> None:
        self._access, self._transport, self._clock, self._redactor = access, transport, clock, redactor
        self._is_login_wrong = False  # so that finding out why costs a wrong login one try more, not one each time

    async def __call__(self) -> Token:
        token = await (self._as_agency() if self._access.agency else self._in_project())
        self._is_login_wrong = False
        return token

    async def _in_project(self) -> Token:
        try:
            return await self._as_user(project_scope(self._access))
        except CloudError as error:
            problem = error.problem
        if problem.status not in REFUSALS:
            raise CloudError(problem)
        return await self._second_look(problem)

    async def _second_look(self, problem: Problem) -> Token:
        """Identity services answer a wrong project like a wrong password: without a project it shows which it was.

        Some find a project by its id only; then the list of projects gives it.
        """
        token = await self._unscoped(problem)
        headers = {"X-Auth-Token": token.value.get_secret_value()}
        projects = await visible_projects(self._access, self._transport, headers)
        name = self._access.project_name
        named = tuple(project for project in projects if name and project.name == name)
        if self._access.project_id or not named:
            raise CloudError(_wrong_project(problem, self._access, projects))
        if len(named) > 1:
            raise CloudError(project_ambiguous(name, named))
        return await self._as_user({"project": {"id": named[0].id}})

    async def _as_user(self, scope: dict[str, object] | None) -> Token:
        assert isinstance(self._access.login, PasswordLogin)
        return await self._ask(password_request(self._access.login, scope), {})

    async def _as_agency(self) -> Token:
        """The user's own token first, for its account or (without a role there) for nothing; then the agency's."""
        assert isinstance(self._access.login, PasswordLogin)
        try:
            user = await self._as_user({"domain": self._access.login.domain.as_json()})
        except CloudError as error:
            problem = error.problem
        else:
            return await self._taken_on(user)
        if problem.status not in REFUSALS:
            raise CloudError(problem)
        return await self._taken_on(await self._unscoped(problem))

    async def _unscoped(self, problem: Problem) -> Token:
        """A token for no project, which only a wrong login is refused. `problem` is what led here."""
        if not self._is_login_wrong:
            try:
                return await self._as_user(None)
            except CloudError as error:
                problem, self._is_login_wrong = error.problem, error.problem.status in REFUSALS
        raise CloudError(_wrong_login(problem, self._access) if problem.status in REFUSALS else problem)

    async def _taken_on(self, user: Token) -> Token:
        """Two spellings of one field are about: the second is tried when the first is not understood."""
        agency = self._access.agency
        assert agency is not None
        headers = {"X-Auth-Token": user.value.get_secret_value()}
        scope, problem = project_scope(self._access), None
        for field in agency_fields(join(self._access.iam_root).host):
            try:
                return await self._ask(agency_request(agency, field, scope), headers)
            except CloudError as error:
                problem = error.problem
            if problem.status != 400:
                break
        assert problem is not None
        raise CloudError(_wrong_agency(problem, self._access, agency) if problem.status in REFUSALS else problem)

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
    cause = f"No project is named {_quoted(name)}. {_enterable(projects)}"
    return refused_by_us(SIGNING_IN, cause, "Correct OS_PROJECT_NAME, or set OS_PROJECT_ID.")


def project_ambiguous(name: str, projects: tuple[Project, ...]) -> Problem:
    ids = ", ".join(project.id for project in projects[:MAX_LISTED])
    return refused_by_us(
        SIGNING_IN,
        f"{len(projects)} projects are named {_quoted(name)}: {ids}.",
        "Name the one that is meant by its id, in OS_PROJECT_ID.",
    )


def _wrong_project(problem: Problem, access: CloudAccess, projects: tuple[Project, ...]) -> Problem:
    if access.project_id:
        cause = f"The user cannot enter a project with the id {_quoted(access.project_id)}."
        return _because(problem, f"{cause} {_enterable(projects)}", "Correct OS_PROJECT_ID.")
    cause = f"No project is named {_quoted(access.project_name)}. {_enterable(projects)}"
    return _because(problem, cause, "Correct OS_PROJECT_NAME, or set OS_PROJECT_ID.")


def _enterable(projects: tuple[Project, ...]) -> str:
    known = ", ".join(sorted(f"{project.name} ({project.id})" for project in projects)[:MAX_LISTED])
    more = f" and {len(projects) - MAX_LISTED} more" if len(projects) > MAX_LISTED else ""
    return f"The user can enter: {known}{more}." if known else "The user can enter no project that the bot can see."


def _wrong_login(problem: Problem, access: CloudAccess) -> Problem:
    cause = f"The identity service refused {_user(access)}: name, password or account is wrong."
    cure = "Correct OS_USERNAME, OS_PASSWORD or OS_USER_DOMAIN_NAME; too many tries lock the user."
    return _because(problem, f"{cause}{their_words(problem.detail)}", cure)


def _wrong_agency(problem: Problem, access: CloudAccess, agency: Agency) -> Problem:
    account, project = agency.domain.name or agency.domain.id, access.project_name or access.project_id
    return _because(
        problem,
        f"The identity service refused {_user(access)} the agency {_quoted(agency.name)} of the account "
        f"{_quoted(account)} in the project {_quoted(project)}.{their_words(problem.detail)}",
        "Check OS_AGENCY_NAME, OS_AGENCY_DOMAIN_NAME and the project, that the agency trusts the user's account, and "
        "that the user has the role Agent Operator.",
    )


def _because(problem: Problem, cause: str, cure: str) -> Problem:
    return replace(problem, what=f"{SIGNING_IN.purpose} did not succeed. {cause}", cure=cure, is_missing=False)


def _user(access: CloudAccess) -> str:
    login = access.login
    assert isinstance(login, PasswordLogin)
    account = login.domain.name or login.domain.id
    whose = f" of the account {_quoted(account)}" if account else ""
    return f"the user {_quoted(login.user_name or login.user_id)}{whose}"


def _quoted(name: str) -> str:
    return f"“{one_line(name, limit=60)}”"
