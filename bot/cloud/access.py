"""Who the bot is at the cloud, and where its project lies: values whose secrets nothing prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr

from bot.domain.facts import ProjectAlias

METADATA_HOST = "169.254.169.254"  # the same for every server of the cloud, and reached only from there


class Service(StrEnum):
    IAM = "iam"
    SDRS = "sdrs"
    ECS = "ecs"
    IMS = "ims"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A Keystone domain (an account), by id or by name; the id wins."""

    id: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.id or self.name)

    def as_json(self) -> dict[str, str]:
        return {"id": self.id} if self.id else {"name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLogin:
    """A user of the identity service; `domain` is the user's."""

    password: SecretStr
    user_id: str = ""
    user_name: str = ""
    domain: Domain = Domain()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKeyLogin:
    """A key pair; with `security_token` it is temporary. `is_scoped` chooses the older form of the signature."""

    access_key: SecretStr
    secret_key: SecretStr
    security_token: SecretStr | None = None
    is_scoped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLogin:
    """Temporary keys of the agency of the cloud server that the bot runs on, from its metadata service."""

    url: str = f"http://{METADATA_HOST}/openstack/latest/securitykey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """A role in another account that the user may take on (`assume_role`); `domain` is the account that grants it."""

    name: str
    domain: Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAccess:
    """One project. `iam_root` and `endpoints` are addresses without version and project, e.g. `https://iam.eu-de.…`."""

    alias: ProjectAlias
    login: PasswordLogin | AccessKeyLogin | MachineLogin
    iam_root: str
    region: str = ""
    project_id: str = ""
    project_name: str = ""
    project_domain: Domain = Domain()
    agency: Agency | None = None
    endpoints: Mapping[Service, str] = field(default_factory=dict)
    ca_file: str = ""

    def secrets(self) -> tuple[str, ...]:
        match self.login:
            case PasswordLogin(password=password):
                return (password.get_secret_value(),)
            case AccessKeyLogin(access_key=access, secret_key=secret, security_token=token):
                parts = (access, secret, token)
                return tuple(part.get_secret_value() for part in parts if part is not None)
            case MachineLogin():
                return ()
