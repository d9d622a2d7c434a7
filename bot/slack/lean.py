"""Slack's client without the detours of the SDK's general one: a call is one request on the shared session.

The SDK joins and checks addresses, copies arguments and prepares retries that we don't use; that is half as much
again as the request itself. What methods are called, how they send their arguments and how a refusal is raised stays
the SDK's.
"""

from __future__ import annotations

from json import dumps, loads
from typing import Any

from aiohttp import ClientResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.blocks import Drawn


class LeanClient(AsyncWebClient):
    """Calls with JSON or plain parameters go straight out; everything else takes the SDK's own way."""

    async def api_call(
        self, api_method: str, *, http_verb: str = "POST", json: Any = None, params: Any = None, **others: Any
    ) -> AsyncSlackResponse:
        """As the SDK's. SlackApiError when Slack refuses, aiohttp's errors when it cannot be reached."""
        if (
            self.session is None
            or any(others.values())
            or (json is None) is (params is None)
            or "token" in (json or params)
        ):
            return await super().api_call(api_method, http_verb=http_verb, json=json, params=params, **others)
        url = self.base_url + api_method
        headers = {
            "Authorization": f"Bearer {self.token}",
            "User-Agent": self.headers["User-Agent"],
            "Content-Type": "application/x-www-form-urlencoded" if json is None else "application/json;charset=utf-8",
        }
        body = written(json) if json is not None else None
        async with self.session.request(http_verb, url, data=body, params=_query(params), headers=headers) as answer:
            told = await _read(answer)
        response = AsyncSlackResponse(
            client=self,
            http_verb=http_verb,
            api_url=url,
            req_args={},
            data=told,
            headers=dict(answer.headers),
            status_code=answer.status,
        )
        response.validate()  # type: ignore[no-untyped-call]  # the SDK's
        return response


def _query(params: dict[str, Any] | None) -> dict[str, Any]:
    """Slack's booleans are 0 and 1 in a query."""
    given = (params or {}).items()
    return {name: int(value) if isinstance(value, bool) else value for name, value in given if value is not None}


def written(arguments: dict[str, Any]) -> bytes:
    """As JSON. A view that many people get is not written again for each of them."""
    view = arguments.get("view")
    if not isinstance(view, Drawn):
        return dumps(arguments).encode()
    parts = (f"{dumps(name)}: {view.json if value is view else dumps(value)}" for name, value in arguments.items())
    return f"{{{', '.join(parts)}}}".encode()


async def _read(answer: ClientResponse) -> dict[str, Any]:
    """Nothing where the answer is no JSON: then the status says what is wrong."""
    try:
        told = loads(await answer.read())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
