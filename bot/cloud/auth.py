"""Signs in and stays signed in: tokens that are renewed by one for all, and access keys that are never locked out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.cloud.access import AccessKeyLogin
from bot.cloud.client import Request, Send
from bot.cloud.errors import Answer, Attempted, refused_by_us
from bot.cloud.keystone import Token
from bot.cloud.signing import Scope, sdk_date, sign
from bot.cloud.single_flight import SingleFlight
from bot.domain.errors import CloudError, Problem
from bot.ports import Clock

SIGNING_IN = Attempted(purpose="Signing in to the cloud")
REFUSALS = (400, 401, 403, 404)
REFUSED_PAUSE_SECONDS = 60.0  # after wrong credentials, doubled each time: more tries would lock the user
MAX_REFUSED_PAUSE_SECONDS = 900.0
SOFT_PAUSE_SECONDS = 60.0  # between early renewals that fail while the token is still good
DOUBT_PAUSE_SECONDS = 30.0  # between renewals of tokens that never worked
LOCK_STREAK = 3  # the gateway locks an access key at the fifth wrong signature
LOCK_PAUSE_SECONDS = 300.0


class TokenAuth:
    """Adds `X-Auth-Token`. One renewal however many calls wait; a read is repeated once after 401, an order never."""

    depends_on_clock = False

    def __init__(self, sign_in: Callable[[], Awaitable[Token]], clock: Clock) -> None:
        self._sign_in, self._clock = sign_in, clock
        self._token: Token | None = None
        self._worked: Token | None = None  # the last token that the cloud accepted
        self._rejected: Token | None = None
        self._renewed = SingleFlight(self._renew)
        self._refusal_count = 0
        self._refusal: Problem | None = None
        self._refused_until = self._soft_after = self._doubt_after = float("-inf")

    @property
    def current(self) -> Token | None:
        return self._token

    async def sent(self, request: Request, send: Send) -> Answer:
        is_read = request.method in ("GET", "HEAD")
        token = await self.token(may_renew_early=is_read)
        answer = await self._sent_with(token, request, send)
        if answer.status != 401 or not is_read or not self._may_replace(token):
            return answer
        return await self._sent_with(await self.token(), request, send)

    async def _sent_with(self, token: Token, request: Request, send: Send) -> Answer:
        request.headers["X-Auth-Token"] = token.value.get_secret_value()
        answer = await send(request)
        if answer.status == 401:
            self._rejected = token
        else:
            self._worked = token
        return answer

    async def token(self, *, may_renew_early: bool = True) -> Token:
        """A token that should work. CloudError when nobody can sign in."""
        now, token = self._clock.monotonic(), self._token
        if token is not None and token is not self._rejected and now < token.dies_at:
            is_early = now >= token.renew_at and now >= max(self._soft_after, self._refused_until)
            if not (is_early and may_renew_early):
                return token
            self._soft_after = now + SOFT_PAUSE_SECONDS
        elif token is not None and token is self._rejected and not self._may_replace(token):
            return token
        if self._refusal is not None and now < self._refused_until:
            raise CloudError(self._refusal)
        return await self._renewed()

    def _may_replace(self, token: Token) -> bool:
        return token is self._worked or token is not self._token or self._clock.monotonic() >= self._doubt_after

    async def _renew(self) -> Token:
        is_doubtful = self._token is not None and self._token is not self._worked
        try:
            token = await self._sign_in()
        except CloudError as error:
            problem = error.problem
        else:
            return self._accept(token, is_doubtful=is_doubtful)
        return self._or_raise(problem)

    def _accept(self, token: Token, *, is_doubtful: bool) -> Token:
        if is_doubtful:
            self._doubt_after = self._clock.monotonic() + DOUBT_PAUSE_SECONDS
        self._token, self._refusal, self._refusal_count = token, None, 0
        return token

    def _or_raise(self, problem: Problem) -> Token:
        """An early renewal that fails leaves the old token, which is still good."""
        now, token = self._clock.monotonic(), self._token
        if problem.status in REFUSALS:
            pause = min(REFUSED_PAUSE_SECONDS * 2**self._refusal_count, MAX_REFUSED_PAUSE_SECONDS)
            self._refusal, self._refused_until = problem, now + pause
            self._refusal_count += 1
        if token is not None and token is not self._rejected and now < token.dies_at:
            return token
        raise CloudError(problem)


class AkSkAuth:
    """Signs each request with an access key. A refused signature is never tried again by itself."""

    depends_on_clock = True

    def __init__(
        self, key: Callable[[], Awaitable[AccessKeyLogin]], clock: Clock, *, project_id: str = "", region: str = ""
    ) -> None:
        self._key, self._clock, self._region = key, clock, region
        self.project_id = project_id
        self._first = asyncio.Lock()
        self._has_worked = False
        self._streak = 0
        self._paused_until = float("-inf")

    async def sent(self, request: Request, send: Send) -> Answer:
        async with self._in_turn():
            self._refuse_while_paused()
            self._sign(request, await self._key())
            answer = await send(request)
            self._learn_from(answer)
            return answer

    @asynccontextmanager
    async def _in_turn(self) -> AsyncGenerator[None, None]:
        """One by one until the key has worked once: a crowd of wrong signatures would lock it."""
        if self._has_worked:
            yield
            return
        async with self._first:
            yield

    def _refuse_while_paused(self) -> None:
        if self._clock.monotonic() < self._paused_until:
            raise CloudError(_key_paused())

    def _learn_from(self, answer: Answer) -> None:
        if answer.status != 401:
            self._has_worked, self._streak = True, 0
            return
        self._has_worked, self._streak = False, self._streak + 1
        if self._streak >= LOCK_STREAK:
            self._streak, self._paused_until = 0, self._clock.monotonic() + LOCK_PAUSE_SECONDS

    def _sign(self, request: Request, login: AccessKeyLogin) -> None:
        headers = {"Host": request.address.netloc.decode(), "X-Sdk-Date": sdk_date(self._clock.now())}
        if self.project_id:
            headers["X-Project-Id"] = self.project_id
        if login.security_token is not None:
            headers["X-Security-Token"] = login.security_token.get_secret_value()
        if "Content-Type" in request.headers:
            headers["Content-Type"] = request.headers["Content-Type"]
        signed = sign(
            access_key=login.access_key.get_secret_value(),
            secret_key=login.secret_key.get_secret_value(),
            method=request.method,
            path=request.address.raw_path.partition(b"?")[0].decode(),
            query=request.address.query.decode(),
            headers=headers,
            body=request.body,
            scope=self._scope(request) if login.is_scoped else None,
        )
        request.headers.update({**headers, "Authorization": signed.authorization})

    def _scope(self, request: Request) -> Scope:
        return Scope(region=self._region, service=request.address.host.partition(".")[0])


def _key_paused() -> Problem:
    return refused_by_us(
        SIGNING_IN,
        "The cloud refused the access key's signature several times, so the bot pauses before the key gets locked.",
        "Check access key, secret key and this machine's clock; the bot tries again within five minutes.",
    )
