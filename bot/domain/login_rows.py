"""The login rules after a planned failover, as rows of data: for which servers each holds, and what it says.

They restate "Restrictions on Logging In to a Server After You Perform a Planned Failover for the First Time"
(https://docs.otc.t-systems.com/storage-disaster-recovery-service/api-ref/, "Performing a Planned Failover for a
Protection Group"). Where the user manual says something else, the text says "may". `*…*` marks emphasis.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.facts import Credential, Known, Os, Site
from bot.domain.plan import Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`None` in a column: the row holds for every value. `stays`: what holds after each later failover too."""

    rule: str
    os: frozenset[Os]
    cloudbase_init: Known | None = None
    credential: Credential | None = None
    to: Site | None = None
    occasion: Occasion | None = None
    passwords_changed: Known | None = None
    text: str
    stays: str = ""


WINDOWS = frozenset({Os.WINDOWS})
LINUX = frozenset({Os.LINUX})
COREOS = frozenset({Os.COREOS})
ANY_LINUX = LINUX | COREOS

GET_PASSWORD = "the console's Get Password, with the private key of the key pair"  # noqa: S105  where to find one

ROWS = (
    Row(
        rule="W1",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        credential=Credential.PASSWORD,
        to=Site.TARGET,
        occasion=Occasion.FIRST,
        passwords_changed=Known.NO,
        text="The login screen appears 1 to 2 minutes after the DR server starts. For the first 3 to 5 minutes, "
        "before Cloudbase-Init starts, *the production server's password* may work (the user manual says that it is "
        "the DR server's own). Once Cloudbase-Init has started, *reset the password by hand on the DR server* and "
        "log in with the one you set.",
    ),
    Row(
        rule="W3",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        credential=Credential.KEY_PAIR,
        to=Site.TARGET,
        occasion=Occasion.FIRST,
        passwords_changed=Known.NO,
        text="The login screen appears 1 to 2 minutes after the DR server starts. For the first 3 to 5 minutes, "
        "before Cloudbase-Init starts, *the password obtained from the production server* may work (the user manual "
        "says that it is the DR server's). Once Cloudbase-Init has started, use *the password obtained from the DR "
        f"server* ({GET_PASSWORD}); it cannot be obtained before that server's first start.",
    ),
    Row(
        rule="N",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        credential=Credential.PASSWORD,
        to=Site.TARGET,
        occasion=Occasion.LATER,
        passwords_changed=Known.NO,
        text="A later failover changes nothing any more: on the DR server *the password that was set there at the "
        "first failover* stays valid.",
    ),
    Row(
        rule="N",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        credential=Credential.KEY_PAIR,
        to=Site.TARGET,
        occasion=Occasion.LATER,
        passwords_changed=Known.NO,
        text="A later failover changes nothing any more: *the password obtained from the DR server* "
        f"({GET_PASSWORD}) stays valid.",
    ),
    Row(
        rule="W2",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        credential=Credential.PASSWORD,
        to=Site.SOURCE,
        passwords_changed=Known.NO,
        text="Log in to the production server with *the password that was set on the DR server*.",
        stays="that password stays valid",
    ),
    Row(
        rule="W4",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        credential=Credential.KEY_PAIR,
        to=Site.SOURCE,
        passwords_changed=Known.NO,
        text=f"Log in to the production server with *the password obtained from the DR server* ({GET_PASSWORD}).",
        stays="that password stays valid",
    ),
    Row(
        rule="W5",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        to=Site.TARGET,
        passwords_changed=Known.YES,
        text="Log in to the DR server with *the new password*. After failing back, the production server has "
        "*the new password* too.",
        stays="the new password stays valid",
    ),
    Row(
        rule="W5",
        os=WINDOWS,
        cloudbase_init=Known.YES,
        to=Site.SOURCE,
        passwords_changed=Known.YES,
        text="Log in to the production server with *the new password*, the one that was set on the DR server after "
        "the first failover.",
        stays="the new password stays valid",
    ),
    Row(
        rule="W6",
        os=WINDOWS,
        cloudbase_init=Known.NO,
        credential=Credential.PASSWORD,
        text="Log in with *the production server's password*; it holds at either site.",
        stays="that password stays valid",
    ),
    Row(
        rule="W7",
        os=WINDOWS,
        cloudbase_init=Known.NO,
        credential=Credential.KEY_PAIR,
        text=f"Log in with *the password obtained from the production server* ({GET_PASSWORD}); it holds at either "
        "site.",
        stays="that password stays valid",
    ),
    Row(
        rule="L1",
        os=LINUX,
        credential=Credential.PASSWORD,
        text="Log in with *the production server's password*; it holds at either site.",
        stays="that password stays valid",
    ),
    Row(
        rule="L2",
        os=ANY_LINUX,
        credential=Credential.KEY_PAIR,
        text="Log in with *the production server's key pair*; it holds at either site. (The user manual calls it the "
        "SSH key pair; the API page speaks of a password obtained from the production server, which may be a slip.)",
        stays="that key pair stays valid",
    ),
    Row(
        rule="C1",
        os=COREOS,
        credential=Credential.PASSWORD,
        passwords_changed=Known.NO,
        text="Log in with *the production server's password*; it holds at either site. (By the user manual, the "
        "initial password may be back after the first switchover: have it at hand.)",
        stays="that password stays valid",
    ),
    Row(
        rule="C2",
        os=COREOS,
        credential=Credential.PASSWORD,
        to=Site.TARGET,
        passwords_changed=Known.YES,
        text="Log in to the DR server with *the new password*. After failing back, the production server has *the "
        "initial password* again, the one that was set when it was created.",
        stays="the new password stays valid on the DR server, and the initial one on the production server",
    ),
    Row(
        rule="C2",
        os=COREOS,
        credential=Credential.PASSWORD,
        to=Site.SOURCE,
        passwords_changed=Known.YES,
        text="Log in to the production server with *the initial password*, the one that was set when it was created. "
        "(On the DR server it was the new password.)",
        stays="the new password stays valid on the DR server, and the initial one on the production server",
    ),
)

# Beside the rules, for every group …
NOTES = (
    "The bot never sees, keeps or posts a password or a private key: it says which one to use. A Windows password is "
    f"obtained with {GET_PASSWORD}.",
    "The IP, EIP and MAC addresses moved with production. The cloud starts no server by itself.",
)
# … and where Linux runs or may run.
LINUX_NOTES = (
    "On Linux with Cloud-Init, a host name that was changed before the first failover is not carried over "
    "(`preserve_hostname: true` prevents that).",
)
