"""Slack in: every listener reads its payload once, acknowledges at once, and lets the service decide."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.service.desk import Desk
from handlers.background import Background
from handlers.boundary import Boundary
from handlers.commands import Commands
from handlers.counter import Counter
from handlers.decisions import Decisions
from handlers.forms import Forms
from handlers.home import Home


def listeners(desk: Desk, client: AsyncWebClient, background: Background) -> Boundary:
    """Everything the bot listens to."""
    counter = Counter(desk=desk, client=client, background=background)
    boundary = Boundary(counter)
    forms, decisions = Forms(counter), Decisions(counter)
    for listener in (Commands(counter, forms, decisions), decisions, forms, Home(counter)):
        listener.listen(boundary)
    return boundary
