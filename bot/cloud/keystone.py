"""The words of the identity service: what to ask for a token, and what its answer says. No input or output here.

Source: https://docs.otc.t-systems.com/identity-access-management/api-ref/apis/token_management/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, NaiveDatetime, SecretStr

from bot.cloud.access import Agency, CloudAccess, Domain, PasswordLogin

RENEWAL_MARGIN = timedelta(minutes=30)
XROLE_HOSTS = ("t-systems.com",)  # Open Telekom Cloud says `xrole_name`, Huawei Cloud `agency_name`


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Named(_Word):
    id: str = ""
    name: str = ""


class _Endpoint(_Word):
    url: str = ""
    region: str | None = None
    region_id: str | None = None
    interface: str = "public"


class _Entry(_Word):
    type: str = ""
    name: str | None = None
    endpoints: tuple[_Endpoint, ...] = ()


class _TokenBody(_Word):
    expires_at: AwareDatetime | NaiveDatetime
    issued_at: AwareDatetime | NaiveDatetime | None = None
    project: _Named | None = None
    user: dict[str, object] = {}
    roles: tuple[_Named, ...] = ()
    catalog: tuple[_Entry, ...] = ()


class TokenAnswer(_Word):
    """`{"token": {…}}`; the token itself is in the header."""

    token: _TokenBody


class Project(_Word):
    id: str
    name: str = ""
    enabled: bool = True
    domain_id: str = ""


class ProjectsAnswer(_Word):
    projects: tuple[Project, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token and what came with it. `renew_at` and `dies_at` are on the clock that `monotonic()` shows."""

    value: SecretStr
    renew_at: float
    dies_at: float
    expires_at: datetime
    password_expires_at: datetime | None
    project_id: str
    project_name: str
    user_name: str
    roles: tuple[str, ...]
    catalogue: tuple[tuple[str, str, str], ...]  # type, region, address


def token_from(value: str, answer: TokenAnswer, *, now: datetime, monotonic: float) -> Token:
    """Its life is counted from its arrival, by the cloud's own two dates: a wrong clock here must not shorten it."""
    body = answer.token
    expires_at = _utc(body.expires_at)
    life = expires_at - (_utc(body.issued_at) if body.issued_at else now)
    margin = min(RENEWAL_MARGIN, life / 2)
    return Token(
        value=SecretStr(value),
        renew_at=monotonic + (life - margin).total_seconds(),
        dies_at=monotonic + life.total_seconds(),
        expires_at=now + life,
        password_expires_at=_date(body.user.get("password_expires_at")),
        project_id=body.project.id if body.project else "",
        project_name=body.project.name if body.project else "",
        user_name=str(body.user.get("name", "")),
        roles=tuple(role.name for role in body.roles),
        catalogue=tuple(
            (entry.type, point.region_id or point.region or "", point.url)
            for entry in body.catalog
            for point in entry.endpoints
            if point.interface == "public" and point.url
        ),
    )


def password_request(login: PasswordLogin, scope: Mapping[str, object] | None) -> dict[str, object]:
    user: dict[str, object] = {"password": login.password.get_secret_value()}
    if login.user_id:
        user["id"] = login.user_id
    else:
        user |= {"name": login.user_name, "domain": login.domain.as_json()}
    return _request({"methods": ["password"], "password": {"user": user}}, scope)


def agency_request(agency: Agency, field: str, scope: Mapping[str, object]) -> dict[str, object]:
    """`field` is `agency_name` or `xrole_name`."""
    domain = {f"domain_{key}": value for key, value in agency.domain.as_json().items()}
    return _request({"methods": ["assume_role"], "assume_role": {**domain, field: agency.name}}, scope)


def agency_fields(iam_host: str) -> tuple[str, str]:
    """The two spellings, the likelier one first."""
    spellings = ("xrole_name", "agency_name")
    return spellings if iam_host.endswith(XROLE_HOSTS) else (spellings[1], spellings[0])


def project_scope(access: CloudAccess) -> dict[str, object]:
    """By id when it is known; by name within the project's domain (the user's, or the agency's, if none is named)."""
    if access.project_id:
        return {"project": {"id": access.project_id}}
    project: dict[str, object] = {"name": access.project_name}
    domain = _scope_domain(access)
    return {"project": project | ({"domain": domain.as_json()} if domain else {})}


def _scope_domain(access: CloudAccess) -> Domain:
    if access.project_domain:
        return access.project_domain
    if access.agency:
        return access.agency.domain
    return access.login.domain if isinstance(access.login, PasswordLogin) else Domain()


def _request(identity: dict[str, object], scope: Mapping[str, object] | None) -> dict[str, object]:
    return {"auth": {"identity": identity, **({"scope": scope} if scope else {})}}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(text: object) -> datetime | None:
    """An optional date, empty when the password never expires."""
    try:
        return _utc(datetime.fromisoformat(str(text))) if text else None
    except ValueError:
        return None
