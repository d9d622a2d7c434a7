"""The Web API's front door: tokens, scopes, arguments, rate limits and faults, then the method itself.

https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from aiohttp import web

from .arguments import Refused, check_arguments, schema
from .deliveries import Deliveries
from .messages import Messages
from .modals import Modals
from .rates import RateLimits
from .records import Call, Faults, SlackFault
from .state import State
from .things import App, Channel, JsonObject

TokenKind = Literal["bot", "app"]


@dataclass(slots=True, kw_only=True)
class Ask:
    """One accepted call: who asks, with which checked arguments, and what it may touch."""

    app: App
    method: str
    token_kind: TokenKind
    args: JsonObject
    state: State
    messages: Messages
    modals: Modals
    deliveries: Deliveries
    url: str
    warnings: list[str] = field(default_factory=list)

    def require_scope(self, *scopes: str) -> None:
        """Refuse with `missing_scope` unless the app has one of these."""
        if not self.app.scopes.intersection(scopes):
            provided = ",".join(sorted(self.app.scopes))
            raise Refused("missing_scope", needed=",".join(scopes), provided=provided)

    def channel(self, *, name: str = "channel", scope: str | None = None) -> Channel:
        """The channel of the call if the app may know of it; `scope` is the second half, as in `read`."""
        channel = self.state.channels.get(str(self.args.get(name)))
        if channel is None or (channel.is_im and channel.im_app != self.app.app_id):
            raise Refused("channel_not_found")
        if scope is not None:
            self.require_scope(f"{channel.scope_family}:{scope}")
        if channel.is_private and self.app.bot_user_id not in channel.members:
            raise Refused("channel_not_found")
        return channel


Method = Callable[[Ask], JsonObject]
METHODS: dict[str, Method] = {}


def method(name: str) -> Callable[[Method], Method]:
    """Register the function that does what a Web API method does."""

    def register(function: Method) -> Method:
        METHODS[name] = function
        return function

    return register


class WebApi:
    """Answers `/api/<method>` and keeps the record of every call."""

    def __init__(
        self,
        state: State,
        messages: Messages,
        modals: Modals,
        deliveries: Deliveries,
        rates: RateLimits | None,
        wake: Callable[[], None],
    ) -> None:
        self._state, self._messages, self._modals = state, messages, modals
        self._deliveries, self._rates, self._wake = deliveries, rates, wake
        self.faults, self.calls = Faults(), list[Call]()
        self.is_out = False
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One HTTP call, with whatever fault is armed for it."""
        name = request.match_info["method"]
        given, is_json, is_readable = await _read(request)
        token = _token(request, given)
        visible = {key: value for key, value in given.items() if key != "token"}
        if self.is_out:
            call = self._record(name, visible, {"ok": False, "error": "service_unavailable"}, status=503)
            return web.Response(status=call.status, text="Service Unavailable")
        fault = self.faults.strike(name, visible)
        if fault is not None:
            return await self._faulty(request, name, token, visible, is_json, fault)
        if not is_readable:
            return web.json_response({"ok": False, "error": "invalid_json"})
        return self._answer(self.call(name, token, visible, is_json=is_json), token)

    def call(self, name: str, token: str | None, given: JsonObject, *, is_json: bool = True) -> JsonObject:
        """One call without HTTP around it: the answer as a dict, recorded."""
        app = self._state.tokens.get(token or "")
        try:
            body = self._dispatch(name, token, app, given, is_json)
        except Refused as refusal:
            body = {"ok": False, "error": refusal.error, **refusal.extra}
            if refusal.messages:
                body["response_metadata"] = {"messages": list(refusal.messages)}
        self._record(name, given, body, app_id=app.app_id if app else None)
        return body

    def _dispatch(self, name: str, token: str | None, app: App | None, given: JsonObject, is_json: bool) -> JsonObject:
        reference, function = schema(name), METHODS.get(name)
        if reference is None or function is None:
            raise Refused("unknown_method", req_method=name)
        if app is None and name == "api.test":
            return {"ok": True, "args": given}
        if app is None:
            raise Refused("invalid_auth" if token else "not_authed")
        if not app.is_installed and token == app.bot_token:
            raise Refused("account_inactive")
        kind: TokenKind = "app" if token == app.app_token else "bot"
        if (kind == "app") != (name == "apps.connections.open") and name not in ("auth.test", "api.test"):
            raise Refused("not_allowed_token_type")
        self._limit(app, name, reference, given)
        return self._run(function, app, name, kind, given, is_json)

    def _run(
        self, function: Method, app: App, name: str, kind: TokenKind, given: JsonObject, is_json: bool
    ) -> JsonObject:
        ask = Ask(
            app=app,
            method=name,
            token_kind=kind,
            args={},
            state=self._state,
            messages=self._messages,
            modals=self._modals,
            deliveries=self._deliveries,
            url=self.url,
        )
        scopes = (schema(name) or {}).get("scope", {}).get("bot", [])
        if len(scopes) == 1:  # where several are listed the method picks by the kind of conversation
            ask.require_scope(*scopes)
        ask.args = check_arguments(name, given, is_json=is_json)
        body = {"ok": True, **function(ask)}
        if ask.warnings:
            body |= {"warning": ",".join(ask.warnings), "response_metadata": {"warnings": ask.warnings}}
        return body

    def _limit(self, app: App, name: str, reference: JsonObject, given: JsonObject) -> None:
        if self._rates is None:
            return
        tier, channel = reference.get("rate_limits", "t4"), given.get("channel")
        if seconds := self._rates.retry_after(app.app_id, name, tier, channel):
            raise Refused("ratelimited", retry_after=seconds)

    def _record(self, name: str, args: JsonObject, body: JsonObject, **more: Any) -> Call:
        call = Call(
            at=self._state.now(),
            method=name,
            args=args,
            ok=bool(body.get("ok")),
            error=body.get("error"),
            ts=body.get("ts") or body.get("message_ts"),
            **({"status": 429} if body.get("error") == "ratelimited" else {}) | more,
        )
        self.calls.append(call)
        self._wake()
        return call

    def _answer(self, body: JsonObject, token: str | None) -> web.Response:
        if body.get("error") == "ratelimited" and "retry_after" in body:
            headers = {"Retry-After": str(body.pop("retry_after"))}
            return web.json_response(body, status=429, headers=headers)
        app = self._state.tokens.get(token or "")
        scopes = ",".join(sorted(app.scopes)) if app else ""
        return web.json_response(body, headers={"X-OAuth-Scopes": scopes} if app else None)

    async def _faulty(
        self,
        request: web.Request,
        name: str,
        token: str | None,
        args: JsonObject,
        is_json: bool,
        fault: SlackFault,
    ) -> web.Response:
        if fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)
        if fault.drop == "after_accepting":
            self.call(name, token, args, is_json=is_json)
            self.calls[-1] = replace(self.calls[-1], answered=False)
        if fault.drop is not None:
            if fault.drop == "before":
                self._record(name, args, {"ok": False, "error": "connection_dropped"}, answered=False)
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.error is None and fault.status is None:
            return self._answer(self.call(name, token, args, is_json=is_json), token)
        return self._refusal(name, args, fault)

    def _refusal(self, name: str, args: JsonObject, fault: SlackFault) -> web.Response:
        status = fault.status or 200
        error = fault.error or ("ratelimited" if status == 429 else "internal_error")
        headers = {"Retry-After": str(fault.retry_after or 1)} if status == 429 else {}
        self._record(name, args, {"ok": False, "error": error}, status=status)
        return web.json_response({"ok": False, "error": error}, status=status, headers=headers)


async def _read(request: web.Request) -> tuple[JsonObject, bool, bool]:
    """(arguments, whether they came as JSON, whether the body could be read)."""
    query: JsonObject = dict(request.query)
    if request.content_type != "application/json":
        return query | _strings(await request.post()), False, True
    try:
        parsed = json.loads(await request.text() or "{}")
    except ValueError:
        return query, True, False
    return (query | parsed, True, True) if isinstance(parsed, dict) else (query, True, False)


def _strings(form: Mapping[str, Any]) -> JsonObject:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _token(request: web.Request, given: JsonObject) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token
    return given.get("token")
