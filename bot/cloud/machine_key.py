"""The temporary key of the cloud server that the bot runs on: its agency's, and a new one before the old one ends.

Source: https://support.huaweicloud.com/intl/en-us/usermanual-ecs/ecs_03_0166.html
"""

from __future__ import annotations

from datetime import UTC, timedelta

import httpx
from pydantic import AwareDatetime, NaiveDatetime, SecretStr

from bot.cloud.access import AccessKeyLogin, MachineLogin
from bot.cloud.auth import SIGNING_IN
from bot.cloud.errors import refused_by_us
from bot.cloud.models.loose import Fact
from bot.cloud.redaction import Redactor
from bot.cloud.single_flight import SingleFlight
from bot.cloud.transport import Call, Transport
from bot.domain.errors import CloudError
from bot.ports import Clock

RENEWAL_MARGIN = timedelta(minutes=10)


class _Credential(Fact):
    access: str
    secret: str
    securitytoken: str
    expires_at: AwareDatetime | NaiveDatetime


class _Answer(Fact):
    credential: _Credential


class MachineKey:
    """A call gives a key that should work; however many call, the metadata service is asked once."""

    def __init__(self, login: MachineLogin, transport: Transport, *, clock: Clock, redactor: Redactor) -> None:
        self._url, self._transport, self._clock, self._redactor = login.url, transport, clock, redactor
        self._key: AccessKeyLogin | None = None
        self._renew_at = self._dies_at = float("-inf")
        self._renewed = SingleFlight(self._renew)

    async def __call__(self) -> AccessKeyLogin:
        """CloudError when this machine has none."""
        if self._key is not None and self._clock.monotonic() < self._renew_at:
            return self._key
        return await self._renewed()

    async def _renew(self) -> AccessKeyLogin:
        try:
            answer = await self._transport.read(_Answer, Call(tried=SIGNING_IN, method="GET", url=httpx.URL(self._url)))
        except CloudError:
            if self._key is not None and self._clock.monotonic() < self._dies_at:
                return self._key
        else:
            return self._accept(answer.credential)
        raise CloudError(
            refused_by_us(
                SIGNING_IN,
                "No key is configured, and this machine's metadata service gave none.",
                "Set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or run the bot on a cloud server that has an agency.",
            )
        )

    def _accept(self, new: _Credential) -> AccessKeyLogin:
        self._redactor.learn(new.access, new.secret, new.securitytoken)
        ends = new.expires_at if new.expires_at.tzinfo else new.expires_at.replace(tzinfo=UTC)
        life = ends - self._clock.now()
        now = self._clock.monotonic()
        self._renew_at = now + (life - min(RENEWAL_MARGIN, life / 2)).total_seconds()
        self._dies_at = now + life.total_seconds()
        self._key = AccessKeyLogin(
            access_key=SecretStr(new.access),
            secret_key=SecretStr(new.secret),
            security_token=SecretStr(new.securitytoken),
        )
        return self._key
