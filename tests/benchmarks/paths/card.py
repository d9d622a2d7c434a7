"""A decision card of many servers, drawn by the bot's renderer and by hand, until both are JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping

from bot.slack.cards import decision_card
from tests.benchmarks.figures import Row, Turn, in_turns, median
from tests.benchmarks.limits.card import card_by_hand
from tests.benchmarks.setting import Setting
from tests.slack import given

MEASURE = "a card, ms"


async def rows(setting: Setting) -> list[Row]:
    scene = given.scene(given.request(servers=setting.card_servers))

    def ours() -> str:
        card = decision_card(scene)
        return json.dumps([card.text, card.blocks])

    def by_hand() -> str:
        return json.dumps(card_by_hand(scene))

    if ours() != by_hand():
        raise AssertionError("The card by hand is not the card that the bot draws")
    contenders: dict[str, Turn] = {"ours": _turn(ours, setting), "limit": _turn(by_hand, setting)}
    seen = await in_turns(contenders, setting.rounds)
    mine, limit = seen.of("ours", MEASURE), seen.of("limit", MEASURE)
    return [
        Row(
            path=f"card of {setting.card_servers} servers",
            measure=MEASURE,
            ours=mine,
            limit=limit,
            limit_name="by hand",
            goal="≤ 3 × limit",
            is_met=mine <= 3 * limit,
            rounds=setting.rounds,
        )
    ]


def _turn(draw: Callable[[], str], setting: Setting) -> Turn:
    async def turn() -> Mapping[str, float]:
        took = []
        for _ in range(setting.cards):
            began = time.perf_counter()
            draw()
            took.append((time.perf_counter() - began) * 1000)
        return {MEASURE: median(took)}

    return turn
