"""Who somebody is: an account that never changes its key, and what was seen of the person a moment ago."""

from __future__ import annotations

from dataclasses import dataclass

OPERATOR_TEAM = "operator"


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """The key of a person: Slack's ids, never a name. An operator of the command line has team `operator`."""

    enterprise: str
    team: str
    user: str

    def __str__(self) -> str:
        return f"{self.enterprise}/{self.team}/{self.user}"

    @classmethod
    def parse(cls, text: str) -> Account:
        """The reverse of `str()`. ValueError when it is not three parts."""
        enterprise, team, user = text.split("/", 2)
        return cls(enterprise, team, user)

    @property
    def is_operator(self) -> bool:
        return self.team == OPERATOR_TEAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A live look at an account: what Slack says now, and the groups it is in now."""

    account: Account
    name: str
    person_id: str  # one per human being, however many accounts (from the policy's `people`, else the account itself)
    usergroups: frozenset[str] = frozenset()
    is_deactivated: bool = False
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    is_foreign: bool = False  # belongs to another team or organisation
    tz: str = "UTC"
