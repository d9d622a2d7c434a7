"""The lean client says to Slack what the SDK's own says, and raises what the SDK's own raises."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import Drawn
from bot.slack.lean import LeanClient, written


class Ear:
    """A server that writes down what arrives and answers what it is told."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.status, self.text, self.kind = 200, '{"ok": true}', "application/json"
        self.headers: dict[str, str] = {}

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.heard.append(
            {
                "line": f"{request.method} {request.path}",
                "query": dict(request.query),
                "token": request.headers["Authorization"],
                "kind": request.headers.get("Content-Type", ""),
                "body": json.loads(body) if body else None,
            }
        )
        return web.Response(status=self.status, text=self.text, content_type=self.kind, headers=self.headers)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def clients(ear: Ear) -> AsyncIterator[tuple[AsyncWebClient, AsyncWebClient]]:
    app = web.Application()
    app.router.add_route("*", "/api/{method}", ear.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    async with aiohttp.ClientSession() as session:
        ours = LeanClient(token="xoxb-1", base_url=url, session=session, retry_handlers=[])
        yield ours, AsyncWebClient(token="xoxb-1", base_url=url, session=session, retry_handlers=[])
    await runner.cleanup()


CALLS: dict[str, dict[str, Any]] = {
    "views_open": {"trigger_id": "1.2", "view": {"type": "modal", "blocks": []}},
    "views_update": {"view_id": "V1", "view": Drawn(type="modal", blocks=[{"type": "divider"}])},
    "chat_postMessage": {"channel": "C1", "text": "é <&>", "blocks": [], "thread_ts": None},
    "chat_update": {"channel": "C1", "ts": "1.2", "text": "x", "blocks": [{"type": "divider"}]},
    "conversations_open": {"users": "U1"},
    "users_info": {"user": "U1"},
    "usergroups_users_list": {"usergroup": "S1"},
    "conversations_history": {"channel": "C1", "include_all_metadata": True, "inclusive": False, "limit": 10},
    "auth_test": {},
    "apps_connections_open": {"app_token": "xapp-1"},
}


@pytest.mark.parametrize("method", CALLS)
async def test_a_call_arrives_as_the_sdk_would_send_it(
    method: str, ear: Ear, clients: tuple[AsyncWebClient, AsyncWebClient]
) -> None:
    for client in clients:
        answer = await getattr(client, method)(**CALLS[method])
        assert answer["ok"]

    assert ear.heard[0] == ear.heard[1]


@pytest.mark.parametrize(
    ("status", "kind", "text", "headers"),
    [
        (200, "application/json", '{"ok": false, "error": "not_found"}', {}),
        (429, "application/json", '{"ok": false, "error": "ratelimited"}', {"Retry-After": "7"}),
        (503, "text/html", "<html>", {}),
    ],
)
async def test_a_refusal_is_raised_as_the_sdk_raises_it(
    status: int,
    kind: str,
    text: str,
    headers: dict[str, str],
    ear: Ear,
    clients: tuple[AsyncWebClient, AsyncWebClient],
) -> None:
    ear.status, ear.kind, ear.text, ear.headers = status, kind, text, headers
    raised = []
    for client in clients:
        with pytest.raises(SlackApiError) as caught:
            await client.views_publish(user_id="U1", view={"type": "home", "blocks": []})
        raised.append(caught.value.response)

    ours, theirs = raised
    assert ours.status_code == theirs.status_code
    assert dict(ours.data) == dict(theirs.data or {})
    assert ours.headers.get("Retry-After") == theirs.headers.get("Retry-After")


def test_a_drawn_view_is_written_once_and_reads_the_same() -> None:
    drawn = Drawn(type="modal", title={"text": "é"})
    arguments = {"trigger_id": "1.2", "view": drawn}

    assert json.loads(written(arguments)) == json.loads(json.dumps(arguments))
    assert drawn.json is drawn.json
    assert json.loads(written({"view": drawn})) == {"view": dict(drawn)}
