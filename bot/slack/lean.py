"""Slack's client without the detours of the SDK's general one: a call is one request on the shared session.

The SDK joins and checks addresses, copies arguments and prepares retries that we don't use; that is half as much
again as the request itself. What methods are called, how they send their arguments and how a refusal is raised stays
the SDK's.
"""

from __future__ import annotations

from functools import lru_cache
from json import JSONDecoder, JSONEncoder
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.blocks import Drawn

encode, decode = JSONEncoder().encode, JSONDecoder().decode


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
        headers = _headers(self.token, self.headers["User-Agent"], is_form=json is None)
        body, query = (None, _query(params)) if json is None else (written(json), None)
        async with self.session.request(http_verb, url, data=body, params=query, headers=headers) as answer:
            told = _read(await answer.read())
        response = AsyncSlackResponse(
            client=self,
            http_verb=http_verb,
            api_url=url,
            req_args={},
            data=told,
            headers=answer.headers,  # type: ignore[arg-type]  # read by name only
            status_code=answer.status,
        )
        response.validate()  # type: ignore[no-untyped-call]  # the SDK's
        return response


@lru_cache
def _headers(token: str | None, agent: str, *, is_form: bool) -> dict[str, str]:
    kind = "application/x-www-form-urlencoded" if is_form else "application/json;charset=utf-8"
    return {"Authorization": f"Bearer {token}", "User-Agent": agent, "Content-Type": kind}


def _query(params: dict[str, Any]) -> dict[str, Any]:
    """Slack's booleans are 0 and 1 in a query."""
    given = params.items()
    return {name: int(value) if isinstance(value, bool) else value for name, value in given if value is not None}


def written(arguments: dict[str, Any]) -> bytes:
    """As JSON. A view that many people get is not written again for each of them."""
    view = arguments.get("view")
    if not isinstance(view, Drawn):
        return encode(arguments).encode()
    parts = [f'"{name}": {view.json if value is view else encode(value)}' for name, value in arguments.items()]
    return f"{{{', '.join(parts)}}}".encode()


def _read(answer: bytes) -> dict[str, Any]:
    """Nothing where the answer is no JSON: then the status says what is wrong."""
    try:
        told = decode(answer.decode())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
