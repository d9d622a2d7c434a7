"""Codes of authenticator apps (RFC 6238), and the sealing of their secrets: the database alone is worth nothing."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

import pyotp
import structlog
from cryptography.fernet import Fernet, InvalidToken

ISSUER = "failover-bot"
STEP_SECONDS = 30
STEPS = (0, -1, 1)  # a code that is just over or not yet there: clocks of phones are a little off
log = structlog.get_logger(__name__)


def new_key() -> str:
    """For STEP_UP_KEY. Whoever has it and the database can make codes."""
    return Fernet.generate_key().decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Shown to the person once; only `sealed` is kept."""

    secret: str
    uri: str
    sealed: str


class TotpDoor:
    """Implements `bot.ports.StepUpDoor`. ValueError for a key that `new_key` did not make."""

    def __init__(self, public_url: str, key: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._seal = Fernet(key)

    def link(self, token: str) -> str:
        return f"{self._public_url}/step-up/{token}"

    def counter_of(self, sealed_secret: str, code: str, now: datetime) -> int | None:
        typed = re.sub(r"\s", "", code)
        secret = self._opened(sealed_secret)
        if secret is None or not re.fullmatch(r"[0-9]{6}", typed, re.ASCII):
            return None
        code_of, current = pyotp.HOTP(secret).at, int(now.timestamp()) // STEP_SECONDS
        counters = [current + step for step in STEPS]
        return next((one for one in counters if hmac.compare_digest(code_of(one), typed)), None)

    def enrol(self, name: str) -> Enrolment:
        """A new secret for the app of this person."""
        secret = pyotp.random_base32()
        uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
        return Enrolment(secret=secret, uri=uri, sealed=self._seal.encrypt(secret.encode()).decode())

    def _opened(self, sealed: str) -> str | None:
        try:
            return self._seal.decrypt(sealed.encode()).decode()
        except InvalidToken:
            log.error("second_factor_unreadable", cure="STEP_UP_KEY is not the one it was sealed with; enrol again")
            return None


def door_of(public_url: str, key: str) -> TotpDoor | None:
    """None unless both settings are there: nobody could be asked then."""
    return TotpDoor(public_url, key) if public_url and key else None
