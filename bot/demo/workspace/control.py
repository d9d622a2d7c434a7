"""The control surface for other processes: what was called, what there is, and what shall go wrong.

- `GET  /_/calls?since=0&method=chat.postMessage`  -> `{"calls": [Call…], "next": n}`: ask again with `since=n`
- `GET  /_/acks?since=0`                           -> `{"acks": [Ack…], "next": n}`
- `GET  /_/everything`                             -> `{"messages": […]}`: all messages, ephemerals included
- `GET  /_/environment`                            -> the settings a bot needs to work in this workspace
- `POST /_/faults {"method": …, …}`                -> arms a `SlackFault`; `{"clear": true}` disarms all
- `POST /_/outage {"on": true}`                    -> the API answers 503 and sockets are cut, until switched off
- `POST /_/trouble {"do": "archive_channel", …}`   -> calls the method of `Trouble` with the other fields
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .reading import everything
from .records import Ack, Call, SlackFault
from .state import State
from .things import JsonObject
from .trouble import Trouble
from .web_api import WebApi

REMOTE_TROUBLE = frozenset(
    {"archive_channel", "remove_member", "remove_bot", "delete_message", "deactivate", "send_away"}
    | {"remove_from_usergroup", "add_to_usergroup", "share_externally", "close_edit_window"}
    | {"withhold_new_blocks", "downgrade_plan", "disable_home_tab", "disable_messages_tab", "uninstall"}
    | {"disconnect_sockets", "drop_sockets"}
)


class Control:
    """The routes for checkers and chaos in other processes."""

    def __init__(
        self,
        state: State,
        web_api: WebApi,
        acks: Sequence[Ack],
        trouble: Trouble,
        outage: Callable[[bool], None],
        environment: Callable[[], dict[str, str]],
    ) -> None:
        self._state, self._web_api, self._acks = state, web_api, acks
        self._trouble, self._outage, self._environment = trouble, outage, environment

    def routes(self) -> list[web.AbstractRouteDef]:
        """All of them."""
        return [
            web.get("/_/calls", self.calls),
            web.get("/_/acks", self.acks),
            web.get("/_/everything", self.everything),
            web.get("/_/environment", self.environment),
            web.post("/_/faults", self.faults),
            web.post("/_/outage", self.outage),
            web.post("/_/trouble", self.trouble),
        ]

    async def calls(self, request: web.Request) -> web.Response:
        """Web API calls since an index."""
        since, method = int(request.query.get("since", 0)), request.query.get("method")
        found: list[Call] = self._web_api.calls[since:]
        shown = [asdict(call) for call in found if method in (None, call.method)]
        return web.json_response({"calls": shown, "next": len(self._web_api.calls)})

    async def acks(self, request: web.Request) -> web.Response:
        """Deliveries and how they ended, since an index."""
        shown = [asdict(ack) for ack in self._acks[int(request.query.get("since", 0)) :]]
        return web.json_response({"acks": shown, "next": len(self._acks)})

    async def everything(self, request: web.Request) -> web.Response:
        """All messages."""
        return web.json_response(everything(self._state))

    async def environment(self, request: web.Request) -> web.Response:
        """The tokens and addresses for a bot; this is a simulation, and loopback only."""
        return web.json_response(self._environment())

    async def faults(self, request: web.Request) -> web.Response:
        """Arm a fault, or disarm all."""
        body: JsonObject = await request.json()
        if body.get("clear"):
            self._web_api.faults.clear()
        else:
            self._web_api.faults.add(SlackFault(**body))
        return web.json_response({"ok": True})

    async def outage(self, request: web.Request) -> web.Response:
        """Switch Slack off or on."""
        self._outage(bool((await request.json())["on"]))
        return web.json_response({"ok": True})

    async def trouble(self, request: web.Request) -> web.Response:
        """One switch of `Trouble`."""
        body: dict[str, Any] = await request.json()
        name = str(body.pop("do"))
        if name not in REMOTE_TROUBLE:
            raise LookupError(f"There is no trouble called {name!r}; there are {', '.join(sorted(REMOTE_TROUBLE))}")
        result = getattr(self._trouble, name)(**body)
        if inspect.isawaitable(result):
            await result
        return web.json_response({"ok": True})
