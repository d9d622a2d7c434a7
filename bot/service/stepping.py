"""The link to the second-factor page: for one person, one request and one revision, and known to the database only
by its hash."""

from __future__ import annotations

import secrets
from hashlib import sha256

from bot.domain.people import Account
from bot.domain.request import Request
from bot.ports import StepUp, Transaction
from bot.service.desk import Desk

TOKEN_BYTES = 32


def hash_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def factor_of(account: Account) -> Account:
    """The account under which a second factor is enrolled: the command line knows no organisation."""
    return Account("", account.team, account.user)


def invite(tx: Transaction, desk: Desk, request: Request, account: Account) -> str:
    """The address of the page, for this person alone; empty when this bot has no such page."""
    if desk.step_up is None:
        return ""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    tx.step_ups.add(
        StepUp(
            token_hash=hash_of(token),
            request_id=request.id,
            revision=request.revision,
            account=account,
            expires_at=tx.now + desk.limits.step_up_for,
        )
    )
    return desk.step_up.link(token)
