"""The HTTP interface of the browser page: what a person sees and does, as JSON under `/_/`, and news as a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from .changes import Changes
from .messages import Messages
from .person import Person
from .shapes import page_channel, page_user
from .state import State
from .things import JsonObject

STATIC = Path(__file__).with_name("static")
KEEPALIVE_SECONDS = 10.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_from_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A foreign page in the same browser must not act as a person: no foreign Host, no form posts."""
    if not request.path.startswith("/_/"):
        return await handler(request)
    if request.host.rsplit(":", 1)[0] not in LOOPBACK:
        return _problem("This interface is for this machine only.", 403)
    if request.method == "POST" and request.content_type != "application/json":
        return _problem("Send JSON with Content-Type application/json.", 415)
    try:
        return await handler(request)
    except (KeyError, TypeError, ValueError) as error:
        return _problem(f"The request was not understood: {error!r}", 400)
    except LookupError as error:
        return _problem(str(error), 404)


def _problem(sentence: str, status: int) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


class Page:
    """The routes of the page; everything goes through `Person`."""

    def __init__(self, state: State, changes: Changes, messages: Messages, person: Callable[[str], Person]) -> None:
        self._state, self._changes, self._messages, self._person = state, changes, messages, person

    def routes(self) -> list[web.AbstractRouteDef]:
        """All of them."""
        gets = {"/": self.index, "/_/boot": self.boot, "/_/messages": self.read, "/_/stream": self.stream}
        gets["/archives/{channel}/{message}"] = self.permalink
        posts = {
            "message": self.say,
            "command": self.command,
            "action": self.act,
            "options": self.options,
            "submit": self.submit,
            "close": self.close,
            "home": self.home,
            "shortcut": self.shortcut,
            "reload": self.reload,
        }
        found: list[web.AbstractRouteDef] = [web.get(path, handler) for path, handler in gets.items()]
        found += [web.post(f"/_/{name}", handler) for name, handler in posts.items()]
        return found + ([web.static("/static", STATIC)] if STATIC.is_dir() else [])

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page itself."""
        index = STATIC / "index.html"
        if not index.is_file():
            return web.Response(text="The simulated workspace is running; its page is not installed.")
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})

    async def permalink(self, request: web.Request) -> web.StreamResponse:
        """A permalink leads to the page, opened at the channel."""
        channel = request.match_info["channel"]
        raise web.HTTPFound(f"/?channel={channel}&message={request.match_info['message']}")

    async def boot(self, request: web.Request) -> web.Response:
        """Who and what there is."""
        app = next(iter(self._state.apps.values()), None)
        commands = [
            {"command": command, "description": description, "usage_hint": hint}
            for one in self._state.apps.values()
            for command, (description, hint) in one.commands.items()
        ]
        shortcuts = [
            {"callback_id": callback_id, "name": name}
            for one in self._state.apps.values()
            for callback_id, name in one.shortcuts.items()
        ]
        names = {"name": app.name, "bot_user_id": app.bot_user_id, "app_id": app.app_id} if app else None
        return web.json_response(
            {
                "team": {"id": self._state.team_id, "name": self._state.team_name},
                "users": [page_user(user) for user in self._state.users.values()],
                "channels": [page_channel(channel) for channel in self._state.channels.values()],
                "usergroups": [
                    {"id": group.id, "handle": group.handle, "members": list(group.members)}
                    for group in self._state.usergroups.values()
                ],
                "commands": commands,
                "shortcuts": shortcuts,
                "app": names,
                "clock": self._state.now(),
            }
        )

    async def read(self, request: web.Request) -> web.Response:
        """The messages of a channel or a thread, as one person sees them."""
        person, query = self._person(request.query["as"]), request.query
        thread_ts = query.get("thread_ts")
        found = person.thread(query["channel"], thread_ts) if thread_ts else person.messages(query["channel"])
        return web.json_response({"messages": found})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events for one person until they leave."""
        person = self._person(request.query["as"])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        queue = self._changes.listen(person.id)
        try:
            await response.prepare(request)
            await _send(response, {"type": "view", "view": person.view})
            if self._state.apps and (home := person.home):
                await _send(response, {"type": "home", "view": home})
            await _forward(response, queue)
        except ConnectionError:
            pass  # the page was closed
        finally:
            self._changes.leave(person.id, queue)
        return response

    async def say(self, request: web.Request) -> web.Response:
        """A typed message."""
        person, body = await self._read(request)
        return _result(person.say(body["text"], channel=body["channel"], thread_ts=body.get("thread_ts")))

    async def command(self, request: web.Request) -> web.Response:
        """A slash command; answers once the app has."""
        person, body = await self._read(request)
        text = body.get("text") or ""
        return _result(await person.command(body["command"], text, channel=body["channel"]))

    async def act(self, request: web.Request) -> web.Response:
        """A click."""
        person, body = await self._read(request)
        container = body["container"]
        match container["type"]:
            case "message":
                target = {"channel": container["channel"], "ts": container["ts"]}
            case "view":
                target = {"id": container["view_id"]}
            case _:
                target = person.home or {"id": ""}
        return _result(await person.act(target, body))

    async def options(self, request: web.Request) -> web.Response:
        """The choices of an external select."""
        person, body = await self._read(request)
        view, query = {"id": body["view_id"]}, body.get("query") or ""
        return _result(await person.options(view, body["action_id"], query, body.get("block_id")))

    async def submit(self, request: web.Request) -> web.Response:
        """A submitted modal."""
        person, body = await self._read(request)
        view = person.view
        if view is None or view["id"] != body["view_id"]:
            return _problem("This view is not in front any more.", 409)
        errors = await person.submit(view, body.get("values") or {})
        if errors is None:
            return _result({"ok": True})
        return _result(errors if isinstance(errors.get("error"), str) else {"errors": errors})

    async def close(self, request: web.Request) -> web.Response:
        """A cancelled modal."""
        person, body = await self._read(request)
        return _result(await person.close({"id": body["view_id"]}))

    async def home(self, request: web.Request) -> web.Response:
        """The App Home tab is opened."""
        person, _ = await self._read(request)
        return _result(person.open_home())

    async def shortcut(self, request: web.Request) -> web.Response:
        """A global shortcut."""
        person, body = await self._read(request)
        return _result(await person.shortcut(body["callback_id"]))

    async def reload(self, request: web.Request) -> web.Response:
        """The person reloads Slack: ephemeral messages are gone."""
        person, _ = await self._read(request)
        person.reload()
        return _result({"ok": True})

    async def _read(self, request: web.Request) -> tuple[Person, JsonObject]:
        body: Any = await request.json()
        return self._person(body["as"]), body


def _result(body: JsonObject) -> web.Response:
    return web.json_response(body)


async def _send(response: web.StreamResponse, event: JsonObject) -> None:
    await response.write(f"data: {json.dumps(event)}\n\n".encode())


async def _forward(response: web.StreamResponse, queue: asyncio.Queue[JsonObject]) -> None:
    while True:
        try:
            async with asyncio.timeout(KEEPALIVE_SECONDS):
                event = await queue.get()
        except TimeoutError:
            await response.write(b": still here\n\n")
            continue
        if not event:
            return
        await _send(response, event)
