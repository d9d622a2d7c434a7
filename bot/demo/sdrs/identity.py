"""Who exists and who may do what: domains, users, agencies, tokens, and permanent and temporary keys."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

DEFAULT_DOMAIN: Final = "OTC-EU-DE-0000000001"
SDRS_ADMINISTRATOR: Final = "SDRS Administrator"
SERVER_ADMINISTRATOR: Final = "Server Administrator"
TENANT_GUEST: Final = "Tenant Guest"
AGENT_OPERATOR: Final = "Agent Operator"
OPERATOR_ROLES: Final = frozenset({SDRS_ADMINISTRATOR, SERVER_ADMINISTRATOR, TENANT_GUEST})
SIGNATURE_FAILURES_ALLOWED: Final = 5
LOCK_PERIOD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    id: str
    name: str


@dataclass(slots=True, kw_only=True)
class User:
    """An IAM user. A `passcode` makes a second factor; `roles` count in every project of its domain."""

    id: str
    name: str
    password: str
    domain: Domain
    access_key: str
    secret_key: str
    roles: frozenset[str] = OPERATOR_ROLES
    passcode: str | None = None
    password_expires_at: datetime | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Lets users of `trusted` act in `domain` with `roles`."""

    name: str
    domain: Domain
    trusted: Domain
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a request comes from, however it proved that."""

    user: User
    domain: Domain
    roles: frozenset[str]
    project_id: str | None
    agency: Agency | None = None
    signed: bool = False  # proved itself by a signature, not by a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    id: str
    caller: Caller
    methods: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Key:
    """An access key with its secret, permanent or (with a security token and an end) temporary."""

    access: str
    secret: str
    caller: Caller
    security_token: str | None = None
    expires_at: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def note_failure(self, now: datetime) -> None:
        self.failures += 1
        if self.failures >= SIGNATURE_FAILURES_ALLOWED:
            self.failures, self.locked_until = 0, now + LOCK_PERIOD


@dataclass(slots=True, kw_only=True)
class Registry:
    """Everything that IAM knows."""

    random: random.Random
    domains: dict[str, Domain] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    agencies: list[Agency] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)

    def hex_id(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def domain(self, name: str) -> Domain:
        """The domain of that name, created when it is new."""
        return self.domains.setdefault(name, Domain(id=self.hex_id(), name=name))

    def add_user(self, name: str, password: str, domain: Domain, roles: frozenset[str]) -> User:
        user = User(
            id=self.hex_id(),
            name=name,
            password=password,
            domain=domain,
            roles=roles,
            access_key=self.hex_id()[:20].upper(),
            secret_key=self.hex_id() + self.hex_id()[:8],
        )
        self.users.append(user)
        caller = Caller(user=user, domain=domain, roles=roles, project_id=None)
        self.keys[user.access_key] = Key(access=user.access_key, secret=user.secret_key, caller=caller)
        return user

    def issue(self, caller: Caller, methods: tuple[str, ...], now: datetime, seconds: float) -> Token:
        token = Token(
            id="MII" + "".join(self.hex_id() for _ in range(4)),
            caller=caller,
            methods=methods,
            issued_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )
        self.tokens[token.id] = token
        return token

    def expire_tokens(self, ended: datetime) -> None:
        self.tokens = {name: replace(token, expires_at=ended) for name, token in self.tokens.items()}

    def issue_key(self, caller: Caller, now: datetime, seconds: float) -> Key:
        key = Key(
            access=self.hex_id()[:20].upper(),
            secret=self.hex_id() + self.hex_id()[:8],
            caller=caller,
            security_token="gQ" + self.hex_id() + self.hex_id(),
            expires_at=now + timedelta(seconds=seconds),
        )
        self.keys[key.access] = key
        return key

    def find_domain(self, said: object) -> Domain | None:
        """By the `{"id": …}` or `{"name": …}` that a request says."""
        match said:
            case {"id": str(wanted)}:
                return next((domain for domain in self.domains.values() if domain.id == wanted), None)
            case {"name": str(wanted)}:
                return self.domains.get(wanted)
        return None

    def find_user(self, said: object) -> User | None:
        """By id, or by name together with its domain."""
        match said:
            case {"id": str(wanted)}:
                return next((user for user in self.users if user.id == wanted), None)
            case {"name": str(wanted), "domain": home}:
                domain = self.find_domain(home)
                return next((user for user in self.users if user.name == wanted and user.domain == domain), None)
        return None
