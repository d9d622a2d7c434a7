"""The policy as a file: typed TOML in, the domain's policy out, or sentences about what is wrong with it.

The format is explained, key by key, in `example.toml` beside this file (`example()` returns it). In short:

    team, [channels], [people], [on_call]      for the whole file
    [[rules]]                                  name, environment; groups, ids or tags; requesters, break_glass;
                                               expiry, reminders, ticket, windows, second factor, channels
    [[rules.roles]]                            name, need, users, usergroups, on_call, backups
    [[rules.windows]]                          days, opens, closes, zone

Audiences are `users` (U…, or operator/NAME for the command line), `usergroups` (S…) and `on_call` (names of lists).
Durations are "30m", "4h", "2d". Nothing that the file does not say is allowed; an unknown key is a mistake.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.policy import Policy, explain
from bot.policy_file.meaning import policy_of
from bot.policy_file.overlaps import overlaps
from bot.policy_file.problems import problems
from bot.policy_file.shapes import FileShape
from bot.policy_file.wording import sentences

__all__ = ["PolicyProblems", "example", "explain", "load", "overlaps", "parse"]


class PolicyProblems(Exception):
    """The policy cannot be used; `sentences` say why, one for each mistake."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


def load(path: Path) -> Policy:
    """The policy of a file. PolicyProblems when it cannot be read or says something impossible."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyProblems(
            (f"The policy file {path} does not exist. Write one; `failover-bot policy example` prints a start.",)
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise PolicyProblems((f"The policy file {path} cannot be read: {why}.",)) from None
    return parse(text)


def parse(text: str) -> Policy:
    """The policy that a text of the file's format means. PolicyProblems as in `load`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyProblems((f"The policy is not valid TOML: {error}.",)) from None
    shape = _shape(data)
    policy = policy_of(shape)
    if found := tuple(problems(shape, policy)):
        raise PolicyProblems(found)
    return policy


def _shape(data: dict[str, Any]) -> FileShape:
    try:
        return FileShape.model_validate(data)
    except ValidationError as error:
        raise PolicyProblems(sentences(error, data)) from None


def example() -> str:
    """A complete policy with every key explained, ready to be changed."""
    return files(__name__).joinpath("example.toml").read_text(encoding="utf-8")
