"""The Bolt application: who we are is known from the start, and every listener is registered on it."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.service.desk import Desk
from bot.slack.client import Identity
from handlers import listeners
from handlers.admission import Admission, Home
from handlers.background import Background


class Known(AsyncAuthorize):
    """One answer to who we are, looked up at start and not again at each request."""

    def __init__(self, answer: AuthorizeResult) -> None:
        self._answer = answer

    async def __call__(self, **_: Any) -> AuthorizeResult:
        return self._answer


class OneClientApp(AsyncApp):
    """Bolt makes a client for each request, so that a listener may change its token. Ours have one for all."""

    def _init_context(self, req: AsyncBoltRequest) -> None:
        req.context.update(
            logger=self.logger, token=self._token, client=self.client, listener_runner=self.listener_runner
        )


def bolt_app(app_id: str, desk: Desk, client: AsyncWebClient, identity: Identity, background: Background) -> AsyncApp:
    """The app. What Bolt offers and no listener of ours needs is off: it would be done for each request."""
    known = AuthorizeResult(
        enterprise_id=identity.enterprise or None,
        team_id=identity.team,
        bot_token=client.token,
        bot_user_id=identity.bot_user,
    )

    quiet = logging.getLogger("bot.bolt")  # Bolt warns of the token in the environment, which it does not need here
    quiet.setLevel(logging.ERROR)
    quiet.addFilter(_in_one_line)

    home = Home(app_id=app_id, team=identity.team, enterprise=identity.enterprise)
    return OneClientApp(
        logger=quiet,
        client=client,
        # What we listen to is answered here; only what nobody knows goes on through Bolt.
        before_authorize=Admission(home=home, desk=desk, boundary=listeners(desk, client, background)),
        authorize=Known(known),
        request_verification_enabled=False,  # bot.web checks the signature before anything is parsed
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,  # we hear of one event, that a person opened App Home
        attaching_function_token_enabled=False,
    )


def _in_one_line(record: logging.LogRecord) -> bool:
    """That Slack cannot be reached is tried again and again; where in the SDK it was noticed helps nobody."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (aiohttp.ClientError, SlackApiError, OSError, TimeoutError)):
        record.exc_info = None
    return True


def app_id_of(settings: Settings) -> str:
    """An app-level token carries the app's id: `xapp-1-A0123-…`."""
    parts = settings.slack_app_token.get_secret_value().split("-") if settings.slack_app_token else []
    return parts[2] if len(parts) > 2 else settings.slack_app_id
