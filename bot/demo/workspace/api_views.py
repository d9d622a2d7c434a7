"""views.*: modals by trigger, updates by id and hash, App Home by person.

https://docs.slack.dev/reference/methods?family=views
"""

from __future__ import annotations

from .arguments import Refused
from .things import JsonObject
from .views import view_json
from .web_api import Ask, method


@method("views.open")
def open_view(ask: Ask) -> JsonObject:
    """Open a modal for the person whose interaction gave the trigger."""
    view = ask.modals.open(ask.app, ask.args.get("trigger_id"), ask.args["view"])
    return {"view": view_json(ask.state, view)}


@method("views.push")
def push_view(ask: Ask) -> JsonObject:
    """Put one more modal on the stack."""
    view = ask.modals.push(ask.app, ask.args.get("trigger_id"), ask.args["view"])
    return {"view": view_json(ask.state, view)}


@method("views.update")
def update_view(ask: Ask) -> JsonObject:
    """Replace a view that is still open; `hash` guards against somebody who was faster."""
    args = ask.args
    if not args.get("view_id") and not args.get("external_id"):
        raise Refused("invalid_arguments", "[ERROR] must provide view_id or external_id")
    by_id = ask.modals.find(args.get("view_id"))
    view = by_id or ask.modals.by_external_id(ask.app, args.get("external_id"))
    updated = ask.modals.update(ask.app, view, args["view"], args.get("hash"))
    return {"view": view_json(ask.state, updated)}


@method("views.publish")
def publish_view(ask: Ask) -> JsonObject:
    """Set somebody's App Home tab."""
    user = ask.state.users.get(ask.args["user_id"])
    if user is None or user.deleted:
        raise Refused("user_not_found")
    if ask.state.home_tab_disabled:
        raise Refused("not_enabled")
    home = ask.modals.publish(ask.app, user.id, ask.args["view"], ask.args.get("hash"))
    return {"view": view_json(ask.state, home)}
