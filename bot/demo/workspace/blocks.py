"""Block Kit's blocks: what may stand on which surface, how much of it, and how long a message may be in all.

Limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from .composition import BOTH, PLAIN, Notebook, check_text, check_text_object
from .elements import IN_ACTIONS, IN_INPUTS, IN_SECTIONS, check_element, check_image
from .things import JsonObject

Surface = Literal["message", "modal", "home"]
Check = Callable[[Notebook, JsonObject, str], None]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
# Undocumented; reports put it at 13,297 characters of text in one block, less with each further block
# (https://github.com/slackapi/bolt-js/issues/2509).
MESSAGE_TEXT = 13_200
BLOCK_OVERHEAD = 13
NEW_BLOCKS = frozenset({"alert", "card", "carousel", "container", "context_actions", "data_table"}) | {
    "data_visualization",
    "plan",
    "task_card",
    "table",
}
ONLY_ON: dict[str, tuple[Surface, ...]] = {
    "alert": ("modal",),
    "markdown": ("message",),
    "table": ("message",),
    "data_table": ("message",),
    "context_actions": ("message",),
    "file": ("message",),
    "task_card": ("message",),
    "plan": ("message",),
}


def check_blocks(notes: Notebook, blocks: Any, surface: Surface, path: str = "/blocks") -> None:
    """Everything Slack would find wrong with a list of blocks on this surface."""
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    for index, block in enumerate(notes.count(blocks, path, most, fewest=0)):
        _block(notes, block, f"{path}/{index}", surface)


def _block(notes: Notebook, block: Any, path: str, surface: Surface) -> None:
    if not isinstance(block, dict):
        return notes.error(path, "must be an object")
    kind = block.get("type")
    is_offered = notes.new_blocks_available or kind not in NEW_BLOCKS
    if kind not in _CHECKS or not is_offered or surface not in ONLY_ON.get(kind, (surface,)):
        return notes.error(f"{path}/type", f"unsupported type: {kind}")
    notes.string(block, "block_id", path, 255)
    if (block_id := block.get("block_id")) and block_id in notes.block_ids:
        notes.error(f"{path}/block_id", f"block_id must be unique: {block_id}")
    notes.block_ids |= {block_id} if block_id else set()
    _action_ids(notes, block, path)
    fields, check = _CHECKS[kind]
    notes.known(block, path, {"type", "block_id", *fields} if fields else block.keys())
    check(notes, block, path)
    return None


def elements_of(block: JsonObject) -> list[JsonObject]:
    """The interactive elements of a block, wherever the block keeps them."""
    found = block.get("elements") if isinstance(block.get("elements"), list) else []
    candidates = [*(found or []), block.get("accessory"), block.get("element"), *(block.get("actions") or [])]
    return [element for element in candidates if isinstance(element, dict)]


def _action_ids(notes: Notebook, block: JsonObject, path: str) -> None:
    ids = [element["action_id"] for element in elements_of(block) if element.get("action_id")]
    for action_id in {one for one in ids if ids.count(one) > 1}:
        notes.error(path, f"action_id must be unique within a block: {action_id}")


def _section(notes: Notebook, block: JsonObject, path: str) -> None:
    if block.get("text") is None and block.get("fields") is None:
        notes.error(path, "must have text or fields")
    check_text(notes, block, "text", path, 3000, BOTH)
    if block.get("fields") is not None:
        for index, text in enumerate(notes.count(block["fields"], f"{path}/fields", 10)):
            check_text_object(notes, text, f"{path}/fields/{index}", 2000, BOTH)
    if block.get("accessory") is not None:
        check_element(notes, block["accessory"], f"{path}/accessory", IN_SECTIONS)


def _header(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "text")
    check_text(notes, block, "text", path, 150)


def _actions(notes: Notebook, block: JsonObject, path: str) -> None:
    for index, element in enumerate(notes.count(block.get("elements"), f"{path}/elements", 25)):
        check_element(notes, element, f"{path}/elements/{index}", IN_ACTIONS)


def _context(notes: Notebook, block: JsonObject, path: str) -> None:
    for index, part in enumerate(notes.count(block.get("elements"), f"{path}/elements", 10)):
        where = f"{path}/elements/{index}"
        if isinstance(part, dict) and part.get("type") == "image":
            check_image(notes, part, where)
        else:
            check_text_object(notes, part, where, 3000, BOTH)


def _input(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.input_count += 1
    notes.require(block, path, "label", "element")
    check_text(notes, block, "label", path, 2000)
    check_text(notes, block, "hint", path, 2000)
    if block.get("element") is not None:
        check_element(notes, block["element"], f"{path}/element", IN_INPUTS)


def _image(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "alt_text")
    notes.string(block, "image_url", path, 3000)
    notes.string(block, "alt_text", path, 2000)
    check_text(notes, block, "title", path, 2000)


def _rich_text(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.count(block.get("elements"), f"{path}/elements", 1000)


def _markdown(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "text")
    notes.markdown_length += len(str(block.get("text") or ""))
    if notes.markdown_length > 12_000:
        notes.error(f"{path}/text", "must be less than 12001 characters in all markdown blocks")


def _table(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.table_count += 1
    if notes.table_count > 1:
        notes.error(path, "only one table allowed")
    for index, row in enumerate(notes.count(block.get("rows"), f"{path}/rows", 100)):
        notes.count(row, f"{path}/rows/{index}", 20)


def _data_table(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "caption")
    for index, row in enumerate(notes.count(block.get("rows"), f"{path}/rows", 101, fewest=2)):
        notes.count(row, f"{path}/rows/{index}", 20)
    if sum(map(len, texts_of(block))) > 20_000:
        notes.error(path, "must be less than 20001 characters")


def _alert(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "text")
    check_text(notes, block, "text", path, 200, BOTH)
    if block.get("level") not in (None, "default", "info", "warning", "error", "success"):
        notes.error(f"{path}/level", "must be one of: default, info, warning, error, success")


def _card(notes: Notebook, block: JsonObject, path: str) -> None:
    if not block.keys() & {"hero_image", "title", "actions", "body"}:
        notes.error(path, "must have hero_image, title, actions or body")
    for name, longest in (("title", 150), ("subtitle", 150), ("body", 200)):
        check_text(notes, block, name, path, longest, BOTH)
    if block.get("actions") is not None:
        for index, element in enumerate(notes.count(block["actions"], f"{path}/actions", 3)):
            check_element(notes, element, f"{path}/actions/{index}", IN_ACTIONS)


def _carousel(notes: Notebook, block: JsonObject, path: str) -> None:
    for index, card in enumerate(notes.count(block.get("elements"), f"{path}/elements", 10)):
        _block(notes, card, f"{path}/elements/{index}", "message")


def _container(notes: Notebook, block: JsonObject, path: str) -> None:
    if not block.keys() & {"title", "rich_text_title"}:
        notes.error(path, "must have title or rich_text_title")
    check_text(notes, block, "title", path, 150, PLAIN)
    name = "child_blocks" if "child_blocks" in block else "blocks"
    for index, child in enumerate(notes.count(block.get(name), f"{path}/{name}", 10)):
        _block(notes, child, f"{path}/{name}/{index}", "message")


def _task_card(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "task_id", "title", "status")
    if block.get("status") not in ("pending", "in_progress", "complete", "error"):
        notes.error(f"{path}/status", "must be one of: pending, in_progress, complete, error")


def _plan(notes: Notebook, block: JsonObject, path: str) -> None:
    notes.require(block, path, "title")
    for index, task in enumerate(notes.count(block.get("tasks", []), f"{path}/tasks", 50, fewest=0)):
        _task_card(notes, task, f"{path}/tasks/{index}")


def _anything(notes: Notebook, block: JsonObject, path: str) -> None:
    """A block without limits of its own."""


_CHECKS: dict[str, tuple[tuple[str, ...], Check]] = {  # no field names: the page of the block is still moving
    "section": (("text", "fields", "accessory", "expand"), _section),
    "header": (("text", "level"), _header),
    "divider": ((), _anything),
    "actions": (("elements",), _actions),
    "context": (("elements",), _context),
    "input": (("label", "element", "hint", "optional", "dispatch_action"), _input),
    "image": (("image_url", "alt_text", "title", "slack_file"), _image),
    "rich_text": (("elements",), _rich_text),
    "markdown": (("text",), _markdown),
    "video": ((), _anything),
    "file": ((), _anything),
    "table": (("rows", "column_settings"), _table),
    "data_table": ((), _data_table),
    "alert": ((), _alert),
    "card": ((), _card),
    "carousel": ((), _carousel),
    "container": ((), _container),
    "task_card": ((), _task_card),
    "plan": ((), _plan),
    "context_actions": ((), _anything),
    "data_visualization": ((), _anything),
}


def texts_of(value: Any) -> Iterator[str]:
    """Every text a reader would see in a piece of Block Kit."""
    if isinstance(value, list):
        for part in value:
            yield from texts_of(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in ("text", "alt_text") and isinstance(part, str):
                yield part
            elif isinstance(part, (dict, list)):
                yield from texts_of(part)


def message_length(blocks: list[JsonObject]) -> int:
    """How much of the 13,200 characters a message's blocks take."""
    return sum(map(len, texts_of(blocks))) + BLOCK_OVERHEAD * (len(blocks) - 1)
