"""Second factors and the links that ask for one: small rows about people, each used once."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlmodel import col

from bot.domain.people import Account
from bot.domain.request import RequestId
from bot.ports import SecondFactor, StepUp
from storage.scope import Scope
from storage.tables import SecondFactorRow, StepUpRow


class SqlStepUps:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, step_up: StepUp) -> None:
        values = {
            "token_hash": step_up.token_hash,
            "request_id": step_up.request_id,
            "revision": step_up.revision,
            "account": str(step_up.account),
            "expires_at": step_up.expires_at,
            "used_at": step_up.used_at,
        }
        if not self._scope.insert_new(StepUpRow, values):
            raise ValueError("a token was made twice")

    def get(self, token_hash: str) -> StepUp | None:
        row = self._scope.row(select(StepUpRow).where(col(StepUpRow.token_hash) == token_hash))
        return _step_up_of(row) if row else None

    def use(self, token_hash: str) -> bool:
        usable = (
            col(StepUpRow.token_hash) == token_hash,
            col(StepUpRow.used_at).is_(None),
            col(StepUpRow.expires_at) > self._scope.now,
        )
        return self._scope.change(update(StepUpRow).where(*usable).values(used_at=self._scope.now)) == 1

    def is_confirmed(self, request_id: RequestId, revision: int, account: Account) -> bool:
        theirs = (
            col(StepUpRow.request_id) == request_id,
            col(StepUpRow.revision) == revision,
            col(StepUpRow.account) == str(account),
            col(StepUpRow.used_at).is_not(None),
        )
        return self._scope.row(select(col(StepUpRow.token_hash)).where(*theirs).limit(1)) is not None


def _step_up_of(row: StepUpRow) -> StepUp:
    return StepUp(
        token_hash=row.token_hash,
        request_id=RequestId(row.request_id),
        revision=row.revision,
        account=Account.parse(row.account),
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


class SqlSecondFactors:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def enrol(self, factor: SecondFactor) -> None:
        values = {
            "account": str(factor.account),
            "sealed_secret": factor.sealed_secret,
            "enrolled_at": factor.enrolled_at,
            "last_counter": factor.last_counter,
        }
        self._scope.upsert(SecondFactorRow, values, key="account")

    def get(self, account: Account) -> SecondFactor | None:
        row = self._scope.row(select(SecondFactorRow).where(col(SecondFactorRow.account) == str(account)))
        return _factor_of(row) if row else None

    def accept(self, account: Account, counter: int) -> bool:
        fresh = (col(SecondFactorRow.account) == str(account), col(SecondFactorRow.last_counter) < counter)
        return self._scope.change(update(SecondFactorRow).where(*fresh).values(last_counter=counter)) == 1

    def remove(self, account: Account) -> bool:
        return self._scope.change(delete(SecondFactorRow).where(col(SecondFactorRow.account) == str(account))) == 1

    def enrolled(self) -> list[Account]:
        accounts = self._scope.values(select(col(SecondFactorRow.account)).order_by(col(SecondFactorRow.account)))
        return [Account.parse(account) for account in accounts]


def _factor_of(row: SecondFactorRow) -> SecondFactor:
    return SecondFactor(
        account=Account.parse(row.account),
        sealed_secret=row.sealed_secret,
        enrolled_at=row.enrolled_at,
        last_counter=row.last_counter,
    )
