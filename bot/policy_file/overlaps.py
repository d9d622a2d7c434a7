"""Rules that fit the same group without being wrong: the first counts, and the author should know of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

from bot.domain.policy import Policy, Rule
from bot.policy_file.problems import takes


def overlaps(policy: Policy) -> Iterator[str]:
    """A sentence for each pair of rules with a name that fits both. A special rule before a general one is meant so."""
    for first, second in combinations(policy.rules, 2):
        name = _common_name(first, second)
        if name:
            yield (
                f'Rules "{first.name}" and "{second.name}" both fit names such as {name}: there "{first.name}" counts, '
                "because it comes first."
            )


def _common_name(first: Rule, second: Rule) -> str:
    pairs = product(first.name_patterns, second.name_patterns)
    names = (meet(one, other) for one, other in pairs if not takes(other, one) and "[" not in one + other)
    return next((name for name in names if name), "")


@cache
def meet(one: str, other: str) -> str | None:
    """The shortest name that fits both patterns, as far as a letter is free an `x`; None when there is none."""
    if not one or not other:
        return "" if not (one + other).strip("*") else None
    if one[0] == "*" or other[0] == "*":
        star, plain = (one, other) if one[0] == "*" else (other, one)
        ended, longer = meet(star[1:], plain), meet(star, plain[1:])
        return ended if ended is not None or longer is None else _letter(plain[0]) + longer
    if one[0] != other[0] and "?" not in (one[0], other[0]):
        return None
    rest = meet(one[1:], other[1:])
    return None if rest is None else _letter(other[0] if one[0] == "?" else one[0]) + rest


def _letter(wanted: str) -> str:
    return {"?": "x", "*": ""}.get(wanted, wanted)
