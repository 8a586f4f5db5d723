"""Renders an Adaptive Card as plain text lines, and locates buttons and fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.worlds.teams.limits import elements
from tests.worlds.teams.state import Dict

_BLANKS = re.compile(r"(?<=\S) {2,}(?=\S)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def text_of(card: Dict, values: Mapping[str, str] | None = None) -> str:
    """Return one line per element; the buttons of one row in one line, as [words]."""
    lines: list[str] = []
    buttons: list[str] = []

    def close() -> None:
        if buttons:
            lines.append(" ".join(buttons))
            buttons.clear()

    for element in elements(card):
        if element["type"] == "ActionSet":
            buttons.extend(f"[{action['title']}]" for action in element["actions"])
            continue
        close()
        lines += _lines(element, values or {})
    close()
    return "\n".join(lines)


def _lines(element: Dict, values: Mapping[str, str]) -> Iterator[str]:
    match element["type"]:
        case "TextBlock":
            yield element["text"]
        case "RichTextBlock":
            text = "".join(run["text"] for run in element["inlines"])
            yield _BLANKS.sub(" ", text.replace("\u2060", ""))
        case "Container" | "Image":
            return  # what an image says stands beside it
        case "Input.ChoiceSet":
            yield element["label"]
            if "choices.data" not in element:
                yield from (title_of(choice) for choice in element["choices"])
        case _:
            yield element["label"]
            value = values.get(element["id"], element.get("value", ""))
            if value and element["type"] == "Input.Text":
                yield value


def title_of(choice: Dict) -> str:
    """Return an option's label and hint as plain text, without markdown escapes."""
    return _ESCAPED.sub(r"\1", choice["title"]).replace(" · ", " ", 1)


def buttons(card: Dict) -> Iterator[Dict]:
    for element in elements(card):
        if element["type"] == "ActionSet":
            yield from element["actions"]


def press_of(action: Dict) -> Dict:
    """Return the press of a button, also if it asks first and the press is the answer."""
    return next(buttons(action["card"])) if action["type"] == "Action.ShowCard" else action


def inputs(card: Dict) -> list[Dict]:
    return [one for one in elements(card) if one["type"].startswith("Input.")]


def runs(card: Dict) -> Iterator[Dict]:
    for element in elements(card):
        yield from element.get("inlines", ())


def every(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, dict):
        if name in node:
            yield node[name]
        for value in node.values():
            yield from every(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, name)
