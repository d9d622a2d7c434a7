"""A Slack workspace on loopback that needs no account: it behaves, and refuses what the real Slack refuses.

It is written from Slack's documentation and never from our own client code, so that it can catch us misreading it.
"""

from .cast import Cast, standalone
from .person import Person
from .records import Ack, Call, Delivery, Faults, SlackFault
from .signed_http import signed_headers
from .things import App, Channel, User, Usergroup
from .workspace import DEFAULT_EVENTS, Workspace

__all__ = [
    "DEFAULT_EVENTS",
    "Ack",
    "App",
    "Call",
    "Cast",
    "Channel",
    "Delivery",
    "Faults",
    "Person",
    "SlackFault",
    "User",
    "Usergroup",
    "Workspace",
    "signed_headers",
    "standalone",
]
