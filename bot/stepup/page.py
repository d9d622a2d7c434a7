"""The page that a step-up link opens: what will happen, each warning as a box, one field for the code. No scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain.clocks import estimate
from bot.domain.preflight import Finding, os_mix, servers_line
from bot.domain.request import Request
from bot.service.confirming import Invited, LinkOver, confirm, open_link
from bot.service.desk import Desk
from bot.service.outcomes import AlreadyApproved, Approved
from bot.slack.escape import plain, utc
from bot.stepup.words import LINK_OVER, sentence

STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem;color:#1d1c1d;"
    "background:#fff}li{margin:.3rem 0}label{display:block;margin:.6rem 0}input[name=code]{font:1.6rem monospace;"
    "width:9ch;padding:.3rem}button{font:inherit;padding:.5rem 1.2rem;margin-top:1rem}"
    ".said{border-left:4px solid #1264a3;padding:.4rem .8rem;background:#f4f6f8}"
)
_STYLE_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # the address is the secret; without one at all the form could not be judged
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def step_up_routes(desk: Desk, public_url: str) -> list[web.RouteDef]:
    """GET shows, POST confirms. `public_url` is the only origin from which a form is taken."""
    page = StepUpPage(desk, public_url)
    return [web.get("/step-up/{token}", page.show), web.post("/step-up/{token}", page.take)]


class StepUpPage:
    def __init__(self, desk: Desk, public_url: str) -> None:
        self._desk = desk
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    async def show(self, request: web.Request) -> web.Response:
        found = await open_link(self._desk, request.match_info["token"])
        return _gone() if isinstance(found, LinkOver) else _answer(_form(found))

    async def take(self, request: web.Request) -> web.Response:
        if not self._is_our_form(request):
            return _answer("<p>This form was sent from another page. Nothing was counted.</p>", status=403)
        fields = await request.post()
        code, accepted = fields.get("code", ""), frozenset(str(one) for one in fields.getall("accept", []))
        token = request.match_info["token"]
        outcome = await confirm(self._desk, token, str(code)[:20], accepted)
        told = f'<p class="said" role="status">{plain(sentence(outcome), 2000)}</p>'
        found = await open_link(self._desk, token)
        if isinstance(outcome, Approved | AlreadyApproved) or isinstance(found, LinkOver):
            return _answer(told, status=410 if isinstance(outcome, LinkOver) else 200)
        return _answer(told + _form(found), status=403)

    def _is_our_form(self, request: web.Request) -> bool:
        """The token in the address is the proof; a browser that says where a form comes from is believed as well."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        return site in (None, "same-origin") and origin in (None, self._origin)


def _gone() -> web.Response:
    return _answer(f"<p>{LINK_OVER}</p>", status=410)


def _answer(body: str, *, status: int = 200) -> web.Response:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Second factor</title><style>{STYLE}</style></head><body><h1>Second factor</h1>{body}</body></html>"
    )
    return web.Response(text=page, content_type="text/html", headers=HEADERS, status=status)


def _form(found: Invited) -> str:
    request = found.view.request
    lines = "".join(f"<li>{line}</li>" for line in _lines(found))
    boxes = "".join(_box(finding) for finding in _warnings(request))
    return (
        f"<p>{plain(found.account.user, 60)}, you are about to approve exactly this:</p><ul>{lines}</ul>"
        f'<form method="post" autocomplete="off">{boxes}'
        '<label>Code of your authenticator app <input name="code" inputmode="numeric" autocomplete="one-time-code" '
        'required maxlength="9" autofocus></label>'
        '<button type="submit">Approve</button></form><p>To refuse it, close this page and use Deny in Slack.</p>'
    )


def _lines(found: Invited) -> Iterable[str]:
    """The lines that the second step in Slack repeats, and who asks; all of it literal."""
    request, snapshot = found.view.request, found.view.request.snapshot
    badge = "BREAK-GLASS · " if request.break_glass else ""
    yield f"<b>{badge}{plain(request.environment, 40)} · “{plain(request.group.name, 80)}”</b>"
    yield f"{plain(request.from_zone, 60)} → {plain(request.to_zone, 60)} (active now → after)"
    yield f"Servers: {plain(servers_line(snapshot, request.to, request.options), 400)} · {plain(os_mix(snapshot), 200)}"
    yield f"Outage estimate: {plain(estimate(found.view.history.outages), 100)}"
    yield f"Why: {plain(request.reason, 800)}"
    yield f"Plan <b>{request.plan.code}</b>, revision {request.revision}, expires {utc(request.expires_at)}"


def _warnings(request: Request) -> list[Finding]:
    first = {finding.check: finding for finding in reversed(request.findings) if not finding.is_blocker}
    return list(reversed(first.values()))


def _box(finding: Finding) -> str:
    told = plain(f"{finding.sentence} {finding.cure}", 900)
    return f'<label><input type="checkbox" name="accept" value="{escape(finding.check)}"> I accept: {told}</label>'
