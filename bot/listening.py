"""The Bolt application: who we are is known from the start, and every listener is registered on it."""

from __future__ import annotations

import logging

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.service.desk import Desk
from bot.slack.client import Identity
from handlers import register
from handlers.admission import Admission, Home
from handlers.background import Background


def bolt_app(
    settings: Settings, desk: Desk, client: AsyncWebClient, identity: Identity, background: Background
) -> AsyncApp:
    """Bolt with one answer to who we are, looked up at start and not again at each request."""
    known = AuthorizeResult(
        enterprise_id=identity.enterprise or None,
        team_id=identity.team,
        bot_token=client.token,
        bot_user_id=identity.bot_user,
    )

    async def authorize() -> AuthorizeResult:
        return known

    quiet = logging.getLogger("bot.bolt")  # Bolt warns of the token in the environment, which it does not need here
    quiet.setLevel(logging.ERROR)

    app = AsyncApp(
        logger=quiet,
        client=client,
        authorize=authorize,
        # The answer leaves when the listener returns; Bolt's other way looks for it every ten milliseconds.
        process_before_response=True,
        request_verification_enabled=False,  # bot.web checks the signature before anything is parsed
        ssl_check_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.middleware(
        Admission(home=Home(app_id=_app_id(settings), team=identity.team, enterprise=identity.enterprise), desk=desk)
    )
    register(app, desk, client, background)
    return app


def _app_id(settings: Settings) -> str:
    """An app-level token carries the app's id: `xapp-1-A0123-…`."""
    parts = settings.slack_app_token.get_secret_value().split("-") if settings.slack_app_token else []
    return parts[2] if len(parts) > 2 else settings.slack_app_id
