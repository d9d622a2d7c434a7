"""The request form at the prompt: the group by its name, the direction from where production is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.cli.answers import opening
from bot.cli.cloud import CloudProblems, find_group
from bot.cloud.gateway import CloudGateway
from bot.domain.plan import Options
from bot.domain.request import Draft
from bot.operators import this_operator, this_place
from bot.service.desk import Desk
from bot.service.opening import open_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    group: str
    project: str
    reason: str
    ticket: str
    typed_name: str

    def ask(self, options: Options, *, break_glass: bool) -> Callable[[Desk], Awaitable[tuple[str, int]]]:
        async def asked(desk: Desk) -> tuple[str, int]:
            draft = await self._draft(desk, options, break_glass=break_glass)
            return opening(await open_request(desk, draft, this_operator(), this_place()))

        return asked

    async def _draft(self, desk: Desk, options: Options, *, break_glass: bool) -> Draft:
        assert isinstance(desk.cloud, CloudGateway)
        group = await find_group(desk.cloud, self.group, self.project)
        if group.production is None:
            raise CloudProblems(
                f"The cloud says production of {group.name} is at “{group.priority_station}”, an unknown word. "
                "Nothing was requested."
            )
        return Draft(
            project=group.project,
            group_id=group.id,
            to=group.production.other,
            reason=self.reason,
            ticket=self.ticket,
            options=options,
            typed_name=self.typed_name,
            break_glass=break_glass,
        )
