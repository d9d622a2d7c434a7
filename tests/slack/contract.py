"""What Slack would refuse, asked of independent judges: slack_sdk, slackblocks, the method schemas, the workspace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import slackblocks
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView

from bot.demo.workspace.blocks import check_blocks
from bot.demo.workspace.composition import Notebook
from bot.demo.workspace.views import check_view as ask_workspace
from bot.slack.blocks import Block, View
from bot.slack.cards import Message

METHODS = Path(__file__).parents[2] / "bot" / "demo" / "workspace" / "methods"
# What may follow a raw `<`: a user, a user group, a date with its fallback, a link that we made ourselves.
OURS = re.compile(
    r"<(?:@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!date\^\d+\^[^<>|]+\|[^<>|]+|https://example\.slack\.com/[^<>|]+\|[^<>]+)>"
)


def check_message(message: Message) -> None:
    assert message.text
    assert len(message.text) <= 4000
    assert 1 <= len(message.blocks) <= 50
    assert len(json.dumps(message.blocks, ensure_ascii=False)) <= 13_000
    _check_blocks(message.blocks)
    _check_call("chat.postMessage", {"channel": "C1", "text": message.text, "blocks": json.dumps(message.blocks)})
    slackblocks.Message(channel="C1", text=message.text, blocks=_judged(message.blocks)).to_dict()
    notes = Notebook()
    check_blocks(notes, message.blocks, "message")
    assert not notes.errors
    check_not_live(message.text)


def check_view(view: View) -> None:
    assert len(json.dumps(view).encode()) < 250_000
    assert len(view["blocks"]) <= 100
    assert len(view.get("private_metadata", "")) <= 3000
    has_inputs = any(block["type"] == "input" for block in view["blocks"])
    assert view["type"] == "home" or ("submit" in view) >= has_inputs
    _check_blocks(view["blocks"])
    _judged(view["blocks"])
    SdkView(**view).to_dict()
    ask_workspace(json.loads(json.dumps(view)), "home" if view["type"] == "home" else "modal")


def _check_blocks(blocks: list[Block]) -> None:
    for block in blocks:
        assert block["type"] in {"header", "section", "context", "actions", "input", "divider"}
        parsed = SdkBlock.parse(block)
        assert parsed is not None
        parsed.to_dict()
    block_ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(set(block_ids)) == len(block_ids)
    for found in _objects(blocks):
        _check_object(found)


def _check_object(found: dict[str, Any]) -> None:
    assert "confirm" not in found
    match found.get("type"):
        case "actions":
            action_ids = [element["action_id"] for element in found["elements"]]
            assert len(set(action_ids)) == len(action_ids)
        case "button":
            assert 1 <= len(found["accessibility_label"]) <= 75
            assert len(found["text"]["text"]) <= 75
        case "mrkdwn":
            assert found["verbatim"] is True
            check_not_live(found["text"])
        case "plain_text":
            assert found["emoji"] is False
            assert "<" not in found["text"]


def check_quiet(*payloads: Any) -> None:
    """Nothing in there mentions, links or formats what we did not mean to."""
    for found in _objects(list(payloads)):
        _check_object(found)


def check_not_live(text: str) -> None:
    assert "<" not in OURS.sub("", text)
    assert not re.search(r"@(?:channel|here|everyone)", text, re.IGNORECASE)


def _judged(blocks: list[Block]) -> list[slackblocks.Block]:
    """As slackblocks' own values; it can't read inputs back."""
    return [_judge(block) for block in json.loads(json.dumps(blocks)) if block["type"] != "input"]


def _judge(block: Block) -> slackblocks.Block:
    match block:
        case {"type": "actions", "elements": elements}:
            return slackblocks.ActionsBlock([_button(element) for element in elements])
        case {"type": "section", "text": text, "accessory": accessory}:
            return slackblocks.SectionBlock(text["text"], accessory=_button(accessory))
        case _:
            return slackblocks.Block.from_dict(block)


def _button(element: Block) -> slackblocks.Button:
    fields = {name: element[name] for name in element.keys() - {"type", "text"}}
    return slackblocks.Button(element["text"]["text"], **fields)


def _check_call(method: str, arguments: dict[str, Any]) -> None:
    schema = json.loads((METHODS / f"{method}.json").read_text())["args"]
    needed = {name: schema["properties"][name] for name in arguments}
    jsonschema.validate(arguments, {"type": "object", "properties": needed, "additionalProperties": False})


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
