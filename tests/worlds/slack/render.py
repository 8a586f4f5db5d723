"""Renders Block Kit as plain text lines, and locates buttons and fields."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.worlds.slack.sender import initial
from tests.worlds.slack.state import Dict, Message, View

Name = Callable[[str], str]
"""Returns a person's name by id."""

_ANGLES = re.compile(r"<([^<>]+)>")
_MARKS = re.compile(r"(?<![\w*_~])([*_~])(?=\S)(.+?)(?<=\S)\1(?![\w*_~])", re.S)
_CODE = re.compile(r"`([^`\n]+)`")
_DOUBLED = re.compile(r"\*\*|__|~~")
_QUOTED = re.compile(r"^>[ ]?", re.M)
_BLANKS = re.compile(r"(?<=\S) {2,}(?=\S)")


def plain(text: Dict | None, name: Name) -> str:
    """Return a text object's text without markup."""
    if text is None:
        return ""
    if text["type"] == "plain_text":
        return str(text["text"])
    return without_marks(str(text["text"]), name)


def without_marks(text: str, name: Name) -> str:
    """Return mrkdwn as Slack shows it: entities decoded, names instead of ids."""

    def shown(found: re.Match[str]) -> str:
        inside, _, label = found[1].partition("|")
        if inside.startswith("@"):
            return name(inside[1:])
        if inside.startswith("!"):
            return label or f"@{inside[1:]}"
        return label or inside

    text = _CODE.sub(r"\1", _ANGLES.sub(shown, _QUOTED.sub("", text)))
    before = ""
    while before != text:
        before, text = text, _MARKS.sub(r"\2", text)
    return _BLANKS.sub(" ", html.unescape(text))


def shown_signs(node: Any) -> list[str]:
    """Return the mrkdwn texts in which Slack would show signs: two beside each other, or one that
    encloses nothing. Digi writes only its own words as mrkdwn, and none of them has a sign."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            text = _ANGLES.sub("", str(node["text"]))
            wrong = _DOUBLED.search(text) or set("*_~") & set(without_marks(text, str))
            return [text] if wrong else []
        node = list(node.values())
    if isinstance(node, list):
        return [text for one in node for text in shown_signs(one)]
    return []


# --- lines --------------------------------------------------------------------------------


def text_of(message: Message, name: Name) -> str:
    lines = list(lines_of(message.blocks, name)) or [without_marks(message.text, name)]
    return "\n".join(lines)


def text_of_view(view: View, name: Name) -> str:
    body = view.body
    lines = [plain(body["title"], name)] if "title" in body else []
    for block in body["blocks"]:
        lines += lines_of([block], name, view)
    if body.get("submit"):
        lines.append(f"[{plain(body['submit'], name)}]")
    return "\n".join(line for line in lines if line)


def lines_of(blocks: list[Dict], name: Name, view: View | None = None) -> Iterator[str]:
    """Return the lines of a block, with buttons as [words]."""
    for block in blocks:
        match block["type"]:
            case "header":
                yield plain(block["text"], name)
            case "section":
                if "text" in block:
                    yield plain(block["text"], name)
                for field in block.get("fields", []):
                    yield plain(field, name).replace("\n", " ")
                if "accessory" in block:
                    yield " ".join(_labels([block["accessory"]], name))
            case "context":
                for element in block["elements"]:
                    yield element.get("alt_text") or plain(element, name)
            case "actions":
                yield " ".join(_labels(block["elements"], name))
            case "image":
                yield from filter(None, (plain(block.get("title"), name), block["alt_text"]))
            case "rich_text":
                yield from _rich(block["elements"], name)
            case "markdown":
                yield without_marks(block["text"].replace("**", "*"), name)
            case "table":
                for row in block["rows"]:
                    yield " ".join(_cell(cell, name) for cell in row)
            case "input":
                yield from _field(block, name, view)


def _rich(elements: list[Dict], name: Name) -> Iterator[str]:
    for element in elements:
        if element["type"] == "rich_text_list":
            yield from _rich(element["elements"], name)
        else:
            yield "".join(_span(span, name) for span in element["elements"])


def _span(span: Dict, name: Name) -> str:
    match span["type"]:
        case "text":
            return str(span["text"])
        case "link":
            return str(span.get("text") or span["url"])
        case "user":
            return name(span["user_id"])
        case "emoji":
            return f":{span['name']}:"
        case kind:
            return str(span.get("fallback") or f"@{kind}")


def _cell(cell: Dict, name: Name) -> str:
    if cell["type"] == "raw_text":
        return str(cell["text"])
    return " ".join(_rich(cell["elements"], name))


def _labels(elements: list[Dict], name: Name) -> Iterator[str]:
    for element in elements:
        match element["type"]:
            case "button":
                yield f"[{plain(element['text'], name)}]"
            case "image":
                yield str(element["alt_text"])
            case _:
                yield from (f"[{plain(o['text'], name)}]" for o in options_of(element))


def _field(block: Dict, name: Name, view: View | None) -> Iterator[str]:
    element = block["element"]
    yield plain(block["label"], name)
    if "hint" in block:
        yield plain(block["hint"], name)
    typed = view.typed.get((block["block_id"], element["action_id"])) if view else None
    value = (typed or initial(element)).get("value")
    if value:
        yield str(value)
    for option in options_of(element):
        description = plain(option.get("description"), name)
        yield f"{plain(option['text'], name)} {description}".strip()
    if view is not None and block["block_id"] in view.errors:
        yield view.errors[block["block_id"]]


# --- what can be pressed and filled -------------------------------------------------------


@dataclass(frozen=True)
class Control:
    """A labelled element, and the payload that Slack sends when it is used."""

    label: str
    action: Dict


def controls(blocks: list[Dict], name: Name) -> Iterator[Control]:
    for block in blocks:
        elements = {
            "actions": block.get("elements", []),
            "section": [block["accessory"]] if "accessory" in block else [],
        }.get(block["type"], [])
        for element in elements:
            if element["type"] == "image":
                continue
            action: Dict = {
                "type": element["type"],
                "action_id": element["action_id"],
                "block_id": block["block_id"],
            }
            if element["type"] == "button":
                action["text"] = element["text"]
                action |= {key: element[key] for key in ("value", "style") if key in element}
                yield Control(plain(element["text"], name), action)
                continue
            for option in options_of(element):
                chosen: Any = {"selected_option": option}
                if element["type"] in ("checkboxes", "multi_static_select"):
                    chosen = {"selected_options": [option]}
                yield Control(plain(option["text"], name), action | chosen)


def options_of(element: Dict) -> list[Dict]:
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(one for group in groups for one in group["options"])]


def inputs(view: View) -> list[Dict]:
    return [block for block in view.body["blocks"] if block["type"] == "input"]
