"""Block Kit's small parts: text objects, options, confirmation dialogs, and the notebook a check writes into.

Limits: https://docs.slack.dev/reference/block-kit/composition-objects
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .things import JsonObject

PLAIN = ("plain_text",)
BOTH = ("plain_text", "mrkdwn")


class Notebook:
    """Collects what is wrong, in Slack's words: `[ERROR] … [json-pointer:/blocks/0/text]`."""

    def __init__(self, *, new_blocks_available: bool = True) -> None:
        self.errors: list[str] = []
        self.block_ids: set[str] = set()
        self.input_count = 0
        self.focus_count = 0
        self.markdown_length = 0
        self.table_count = 0
        self.new_blocks_available = new_blocks_available

    def error(self, path: str, sentence: str) -> None:
        """Write one complaint down."""
        self.errors.append(f"[ERROR] {sentence} [json-pointer:{path}]")

    def require(self, thing: JsonObject, path: str, *names: str) -> bool:
        """Whether all these fields are there; each missing one is a complaint."""
        missing = [name for name in names if thing.get(name) is None]
        for name in missing:
            self.error(path, f"missing required field: {name}")
        return not missing

    def known(self, thing: JsonObject, path: str, names: Iterable[str]) -> None:
        """Complain about each field Slack's page does not list."""
        for name in thing.keys() - set(names):
            self.error(path, f"invalid additional property: {name}")

    def string(self, thing: JsonObject, name: str, path: str, longest: int, shortest: int = 0) -> None:
        """An optional string field within its length."""
        value = thing.get(name)
        if value is None:
            return
        if not isinstance(value, str):
            self.error(f"{path}/{name}", "must be a string")
        else:
            self.length(value, f"{path}/{name}", longest, shortest)

    def length(self, value: str, path: str, longest: int, shortest: int = 0) -> None:
        """A string that is neither too long nor too short."""
        if len(value) > longest:
            self.error(path, f"must be less than {longest + 1} characters")
        elif len(value) < shortest:
            self.error(path, f"must be more than {shortest - 1} characters")

    def count(self, value: Any, path: str, most: int, fewest: int = 1) -> list[Any]:
        """A list of a permitted length; an empty list is returned for what is not a list at all."""
        if not isinstance(value, list):
            self.error(path, "must be an array")
            return []
        if len(value) > most:
            self.error(path, f"no more than {most} items allowed")
        elif len(value) < fewest:
            self.error(path, f"no fewer than {fewest} items allowed")
        return value

    def whole_number(self, thing: JsonObject, name: str, path: str, least: int, most: int) -> None:
        """An optional integer field within its range."""
        value = thing.get(name)
        if value is not None and (type(value) is not int or not least <= value <= most):
            self.error(f"{path}/{name}", f"must be an integer from {least} to {most}")


def check_text(
    notes: Notebook,
    owner: JsonObject,
    name: str,
    path: str,
    longest: int,
    kinds: tuple[str, ...] = PLAIN,
) -> None:
    """An optional text object: its type, its length, never empty, no foreign field."""
    text = owner.get(name)
    if text is not None:
        check_text_object(notes, text, f"{path}/{name}", longest, kinds)


def check_text_object(notes: Notebook, text: Any, path: str, longest: int, kinds: tuple[str, ...] = PLAIN) -> None:
    """A text object that stands alone, as in the fields of a section."""
    if not isinstance(text, dict):
        return notes.error(path, "must be an object")
    if text.get("type") not in kinds:
        return notes.error(f"{path}/type", f"must be one of: {', '.join(kinds)}")
    notes.known(text, path, ("type", "text", "emoji" if text["type"] == "plain_text" else "verbatim"))
    if notes.require(text, path, "text"):
        notes.string(text, "text", path, longest, shortest=1)
    return None


def check_confirm(notes: Notebook, owner: JsonObject, path: str) -> None:
    """A confirmation dialog: title 100, text 300, buttons 30 characters."""
    confirm = owner.get("confirm")
    if confirm is None:
        return None
    path = f"{path}/confirm"
    if not isinstance(confirm, dict):
        return notes.error(path, "must be an object")
    notes.known(confirm, path, ("title", "text", "confirm", "deny", "style"))
    notes.require(confirm, path, "title", "text")
    check_text(notes, confirm, "title", path, 100)
    check_text(notes, confirm, "text", path, 300, BOTH)
    check_text(notes, confirm, "confirm", path, 30)
    check_text(notes, confirm, "deny", path, 30)
    if confirm.get("style") not in (None, "primary", "danger"):
        notes.error(f"{path}/style", "must be one of: primary, danger")
    return None


def check_option(notes: Notebook, option: Any, path: str, kinds: tuple[str, ...] = PLAIN) -> None:
    """One option: text 75, value 150, description 75."""
    if not isinstance(option, dict):
        return notes.error(path, "must be an object")
    notes.known(option, path, ("text", "value", "description", "url"))
    notes.require(option, path, "text")
    check_text(notes, option, "text", path, 75, kinds)
    check_text(notes, option, "description", path, 75, kinds)
    notes.string(option, "value", path, 150)
    notes.string(option, "url", path, 3000)
    return None


def check_options(
    notes: Notebook,
    owner: JsonObject,
    path: str,
    *,
    most: int,
    fewest: int = 1,
    kinds: tuple[str, ...] = PLAIN,
) -> None:
    """The `options` of an element, each with a value of its own."""
    options = notes.count(owner.get("options"), f"{path}/options", most, fewest)
    for index, option in enumerate(options):
        check_option(notes, option, f"{path}/options/{index}", kinds)
    values = [option.get("value") for option in options if isinstance(option, dict)]
    if len(set(map(str, values))) < len(values):
        notes.error(f"{path}/options", "duplicate option values")


def check_option_groups(notes: Notebook, owner: JsonObject, path: str) -> None:
    """The `option_groups` of a select: at most 100 groups of at most 100 options, label 75."""
    for index, group in enumerate(notes.count(owner["option_groups"], f"{path}/option_groups", 100)):
        where = f"{path}/option_groups/{index}"
        if not isinstance(group, dict):
            notes.error(where, "must be an object")
            continue
        notes.require(group, where, "label")
        check_text(notes, group, "label", where, 75)
        check_options(notes, group, where, most=100)


def check_suggestions(answer: JsonObject) -> list[str]:
    """What is wrong with the answer to a `block_suggestion`: at most 100 options, within their limits."""
    notes = Notebook()
    if "option_groups" in answer:
        check_option_groups(notes, answer, "")
    else:
        check_options(notes, answer, "", most=100, fewest=0)
    return notes.errors
