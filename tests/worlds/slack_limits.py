"""Checks payloads against Slack's limits with slack_sdk's models, and with rules that these
lack."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

WHOLE = 12_000


def of_message(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    found = [] if 0 < len(text) <= 4000 else [f"a message's text has {len(text)} characters"]
    if not 0 < len(blocks) < 50:
        found.append(f"a message has {len(blocks)} blocks")
    if (whole := len(json.dumps(blocks, ensure_ascii=False))) > WHOLE and not _only_buttons(blocks):
        found.append(f"a message's blocks have {whole} characters")
    return found + _of_blocks(blocks)


def of_view(view: dict[str, Any]) -> list[str]:
    found = []
    blocks = view["blocks"]
    if not 0 < len(blocks) <= 100:
        found.append(f"a view has {len(blocks)} blocks")
    for name in ("title", "submit", "close"):
        if name in view and not 0 < len(view[name]["text"]) <= 24:
            found.append(f"a view's {name} has {len(view[name]['text'])} characters")
    if len(view.get("private_metadata", "")) > 3000:
        found.append("a view's private_metadata is too long")
    if any(block["type"] == "input" for block in blocks) and "submit" not in view:
        found.append("a view with inputs has no submit")
    parsed = View(**view)
    parsed.validate_json()
    if parsed.to_dict() != view:
        found.append("a view does not survive the round trip")
    return found + _of_blocks(blocks)


def _of_blocks(blocks: list[dict[str, Any]]) -> list[str]:
    found = []
    for block, parsed in zip(blocks, Block.parse_all(blocks), strict=True):
        parsed.validate_json()
        if parsed.to_dict() != block:
            found.append(f"a block does not survive the round trip: {block['type']}")
        match block["type"]:
            case "section":
                found += _length("section", block["text"]["text"], 3000)
            case "header":
                found += _length("header", block["text"]["text"], 150)
            case "context":
                found += [x for e in block["elements"] for x in _length("context", e["text"], 3000)]
                if len(block["elements"]) > 10:
                    found.append("a context has more than ten elements")
            case "actions":
                if not 0 < len(block["elements"]) <= 25:
                    found.append("an actions block has too many elements")
            case "input":
                found += _length("label", block["label"]["text"], 2000)
                if "hint" in block:
                    found += _length("hint", block["hint"]["text"], 2000)
        found += _length("block_id", block["block_id"], 255)
    for name in ("block_id", "action_id"):
        # Inputs must differ by block_id; in a message every button must have its own action_id.
        ids = Counter(_values(blocks, name) if name == "block_id" else _presses(blocks))
        found += [f"{name} {id!r} is there {n} times" for id, n in ids.items() if n > 1]
    for texts in _values(blocks, "text"):
        if isinstance(texts, str) and not texts:
            found.append("an empty text")
    for option in _options(blocks):
        found += _length("option", option["text"]["text"], 75)
        found += _length("option's value", option["value"], 150)
        if "description" in option:
            found += _length("option's description", option["description"]["text"], 75)
    return found


def _length(name: str, text: str, most: int) -> list[str]:
    return [] if 0 < len(text) <= most else [f"a {name} has {len(text)} characters"]


def _only_buttons(blocks: list[dict[str, Any]]) -> bool:
    """Return whether the buttons alone fill the message; they cannot be shortened."""
    buttons = [block for block in blocks if block["type"] == "actions"]
    return len(json.dumps(buttons, ensure_ascii=False)) > WHOLE - 1000


def _presses(blocks: list[dict[str, Any]]) -> list[str]:
    return [
        str(element["action_id"])
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def _options(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield from node.get("options", ())
        for value in node.values():
            yield from _options(value)
    elif isinstance(node, list):
        for value in node:
            yield from _options(value)


def _values(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, dict):
        if name in node:
            yield node[name]
        for value in node.values():
            yield from _values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, name)
