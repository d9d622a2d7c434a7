"""Which password or key holds after a switchover: a total lookup over the rows of `login_rows`, never a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.facts import Credential, Known, Os, ProtectedInstance, Site
from bot.domain.login_rows import ANY_LINUX, COREOS, LINUX, LINUX_NOTES, NOTES, ROWS, WINDOWS, Row
from bot.domain.plan import Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """The answer for one server. Several paragraphs mean that a fact is unknown; each then names its condition."""

    rule_ids: tuple[str, ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideGroup:
    """All servers that have the same answer. `kinds` are like `Windows with Cloudbase-Init, key pair`."""

    servers: tuple[str, ...]
    kinds: tuple[str, ...]
    rule_ids: tuple[str, ...]
    paragraphs: tuple[str, ...]


def guidance(
    os: Os,
    cloudbase_init: Known,
    credential: Credential,
    to: Site,
    occasion: Occasion,
    passwords_changed: Known,
) -> Guidance:
    """The one answer for these facts. `to`: target is the failover, source the failback.

    An unknown fact fits every row, and each row is then printed under its own condition. "Yes, changed since the
    first failover" is asked once per group; it is believed only of a server that is known to have failed over before.
    """
    if occasion is not Occasion.LATER and to is Site.TARGET and passwords_changed is Known.YES:
        passwords_changed = Known.UNKNOWN
    facts = _Facts(os, cloudbase_init, credential, to, occasion, passwords_changed)
    rows = [row for row in ROWS if facts.may_be(row)]
    is_later = occasion is not Occasion.FIRST
    rule_ids = [row.rule for row in rows] + ["N" for row in rows if is_later and row.stays]
    return Guidance(
        rule_ids=tuple(dict.fromkeys(rule_ids)),
        paragraphs=tuple(_paragraph(facts, row, is_later) for row in rows),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    os: Os
    cloudbase_init: Known
    credential: Credential
    to: Site
    occasion: Occasion
    passwords_changed: Known

    def may_be(self, row: Row) -> bool:
        return (
            (self.os is Os.UNKNOWN or self.os in row.os)
            and _fits(self.cloudbase_init, row.cloudbase_init)
            and _fits(self.credential, row.credential)
            and _fits(self.to, row.to)
            and _fits(self.occasion, row.occasion)
            and _fits(self.passwords_changed, row.passwords_changed)
        )

    def conditions(self, row: Row) -> Iterator[str]:
        """What must be true for the row to hold, of the things that are unknown."""
        if self.os is Os.UNKNOWN:
            yield OS_CONDITIONS[row.os]
        if self.cloudbase_init is Known.UNKNOWN and row.cloudbase_init is not None:
            yield CLOUDBASE_CONDITIONS[row.cloudbase_init]
        if self.credential is Credential.UNKNOWN and row.credential is not None:
            yield CREDENTIAL_CONDITIONS[row.credential]
        if self.occasion is Occasion.UNKNOWN and row.occasion is not None:
            yield OCCASION_CONDITIONS[row.occasion]
        if self.passwords_changed is Known.UNKNOWN and row.passwords_changed is not None:
            yield CHANGED_CONDITIONS[row.os, row.passwords_changed]


def _fits(fact: StrEnum, wanted: StrEnum | None) -> bool:
    return wanted is None or fact == "unknown" or fact == wanted


OS_CONDITIONS = {
    WINDOWS: "it runs Windows",
    LINUX: "it runs Linux other than CoreOS",
    COREOS: "it runs CoreOS",
    ANY_LINUX: "it runs Linux or CoreOS",
}
CLOUDBASE_CONDITIONS = {Known.YES: "Cloudbase-Init is installed", Known.NO: "Cloudbase-Init is not installed"}
CREDENTIAL_CONDITIONS = {
    Credential.PASSWORD: "it was created with a password",
    Credential.KEY_PAIR: "it was created with a key pair",
}
OCCASION_CONDITIONS = {
    Occasion.FIRST: "this was its first failover",
    Occasion.LATER: "it had failed over before",
}
CHANGED_CONDITIONS = {
    (WINDOWS, Known.YES): "the password was changed on the DR server after the first failover",
    (WINDOWS, Known.NO): "the password was not changed on the DR server after the first failover",
    (COREOS, Known.YES): "the password was changed on the production server after the first failover",
    (COREOS, Known.NO): "the password was not changed after the first failover",
}


def _paragraph(facts: _Facts, row: Row, is_later: bool) -> str:
    condition = " and ".join(facts.conditions(row))
    lead = f"If {condition}: " if condition else ""
    tail = f" From the second failover on nothing changes any more: {row.stays}." if row.stays else ""
    return f"{lead}{row.text}{tail if is_later else ''}"


def occasion_of(
    instance: ProtectedInstance, chosen: Occasion = Occasion.UNKNOWN, earlier_failovers: int = 0
) -> Occasion:
    """First or later for this server: the requester's word, else whether its DR server ever ran, else our history.

    The DR server's own record comes before the group's history, because an instance may have joined the group late.
    Facts must have been read before the run: afterwards every DR server has been started.
    """
    if chosen is not Occasion.UNKNOWN:
        return chosen
    match instance.dr_started_before:
        case Known.YES:
            return Occasion.LATER
        case Known.NO:
            return Occasion.FIRST
        case Known.UNKNOWN:
            return Occasion.LATER if earlier_failovers else Occasion.UNKNOWN


def guide(
    instances: Sequence[ProtectedInstance],
    to: Site,
    chosen: Occasion = Occasion.UNKNOWN,
    passwords_changed: Known = Known.UNKNOWN,
    *,
    earlier_failovers: int = 0,
) -> tuple[GuideGroup, ...]:
    """Guidance for all servers of a group, those with the same answer together, each by name.

    `instances` as they were before the run (the request's own snapshot), see `occasion_of`.
    """
    alike: dict[Guidance, list[ProtectedInstance]] = {}
    for instance in sorted(instances, key=lambda one: (one.name, one.id)):
        answer = guidance(
            instance.os,
            instance.cloudbase_init,
            instance.credential,
            to,
            occasion_of(instance, chosen, earlier_failovers),
            passwords_changed,
        )
        alike.setdefault(answer, []).append(instance)
    return tuple(_group(answer, alike[answer]) for answer in sorted(alike, key=_rank))


def _group(answer: Guidance, servers: Sequence[ProtectedInstance]) -> GuideGroup:
    return GuideGroup(
        servers=tuple(one.name for one in servers),
        kinds=tuple(dict.fromkeys(kind_of(one) for one in servers)),
        rule_ids=answer.rule_ids,
        paragraphs=answer.paragraphs,
    )


def kind_of(instance: ProtectedInstance) -> str:
    """The facts about the server itself from which its guidance follows."""
    kind = SYSTEMS[instance.os]
    if instance.os is Os.WINDOWS:
        kind += CLOUDBASE[instance.cloudbase_init]
    return f"{kind}, {CREDENTIALS[instance.credential]}"


SYSTEMS = {Os.WINDOWS: "Windows", Os.LINUX: "Linux", Os.COREOS: "CoreOS", Os.UNKNOWN: "unknown system"}
CLOUDBASE = {
    Known.YES: " with Cloudbase-Init",
    Known.NO: " without Cloudbase-Init",
    Known.UNKNOWN: " with or without Cloudbase-Init",
}
CREDENTIALS = {
    Credential.PASSWORD: "password",
    Credential.KEY_PAIR: "key pair",
    Credential.UNKNOWN: "password or key pair",
}


def _rank(answer: Guidance) -> tuple[int, int]:
    """In the order of the rows; those with several branches last."""
    order = [row.rule for row in ROWS]
    return len(answer.paragraphs), order.index(answer.rule_ids[0])


def notes(instances: Iterable[ProtectedInstance]) -> tuple[str, ...]:
    """What is worth knowing beside the rules, for these servers."""
    return NOTES + (LINUX_NOTES if any(one.os is not Os.WINDOWS for one in instances) else ())


def is_unknown(instance: ProtectedInstance) -> bool:
    """Whether a fact about the server itself is missing, so that its guidance has several branches."""
    if instance.os is Os.UNKNOWN or instance.credential is Credential.UNKNOWN:
        return True
    return instance.os is Os.WINDOWS and instance.cloudbase_init is Known.UNKNOWN


def affected(
    instances: Iterable[ProtectedInstance], to: Site, chosen: Occasion = Occasion.UNKNOWN, earlier_failovers: int = 0
) -> tuple[ProtectedInstance, ...]:
    """The servers whose password may differ because this failover is, or may be, their first."""
    if to is Site.SOURCE:
        return ()
    return tuple(
        one
        for one in instances
        if one.os is not Os.LINUX and occasion_of(one, chosen, earlier_failovers) is not Occasion.LATER
    )


def card_line(
    instances: Sequence[ProtectedInstance],
    to: Site,
    chosen: Occasion = Occasion.UNKNOWN,
    earlier_failovers: int = 0,
) -> str:
    """`2 Windows servers: the password may differ after the first failover`, or that no login changes by it."""
    counts = Counter(one.os for one in affected(instances, to, chosen, earlier_failovers))
    words = {Os.WINDOWS: "Windows", Os.COREOS: "CoreOS", Os.UNKNOWN: "unknown-system"}
    parts = [
        f"{counts[kind]} {word} {'server' if counts[kind] == 1 else 'servers'}"
        for kind, word in words.items()
        if counts[kind]
    ]
    if parts:
        return f"{', '.join(parts)}: the password may differ after the first failover"
    return "after failing back, see the login guidance" if to is Site.SOURCE else "logins stay as they are"
