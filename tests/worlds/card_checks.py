"""Checks Adaptive Cards for Teams' requirements that no published validator covers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

Json = dict[str, Any]

CARD_BYTES = 28 * 1024
PRIMARY = 6
"""The number of buttons that Teams shows; further ones need to be marked for the overflow menu."""
ACTIONS = {"Action.Submit", "Action.Execute", "Action.OpenUrl", "Action.ShowCard"}
PEOPLE = "graph.microsoft.com/users"
VERSION = "1.5"


def problems(card: Json) -> list[str]:
    return list(_problems(card))


def _problems(card: Json) -> Iterator[str]:
    if card.get("type") != "AdaptiveCard":
        yield f"the card's type is {card.get('type')!r}"
    if card.get("version") != VERSION:
        yield f"the card's version is {card.get('version')!r}, and Teams knows {VERSION}"
    size = len(json.dumps(card, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > CARD_BYTES:
        yield f"the card has {size} bytes, {CARD_BYTES} at most"
    nodes = list(_nodes(card))
    inputs = [node for node in nodes if str(node.get("type", "")).startswith("Input.")]
    if not inputs and not str(card.get("speak", "")).strip():
        yield "the card has no words to be read aloud (speak)"
    if not card.get("body"):
        yield "the card is empty"
    for id, times in Counter(str(node["id"]) for node in nodes if "id" in node).items():
        if times > 1:
            yield f"the id {id!r} is there {times} times"
    for one in inputs:
        yield from _input(one)
    for node in nodes:
        match node.get("type"):
            case "TextBlock" if node.get("wrap") is not True:
                yield f"a text is cut at the edge of a phone (wrap): {node.get('text')!r}"
            case "Image" if not str(node.get("altText", "")).strip():
                yield "a picture has no words for those who do not see it (altText)"
            case "FactSet" if not node.get("facts"):
                yield "a list of facts is empty"
            case "ActionSet":
                yield from _actions(node.get("actions"))
    if "actions" in card:
        yield from _actions(card["actions"])


def _nodes(node: object, *, top: bool = True) -> Iterator[Json]:
    """Iterate over all elements and actions, including fallbacks, but not the data of buttons."""
    if isinstance(node, list):
        for one in node:
            yield from _nodes(one, top=False)
    elif isinstance(node, dict):
        if not top and "type" in node:
            yield node
        for name, value in node.items():
            if name not in {"data", "fallback", "msteams"}:
                yield from _nodes(value, top=False)


def _input(one: Json) -> Iterator[str]:
    id = one.get("id")
    if not isinstance(id, str) or not id:
        yield f"a field has no id: {one.get('label')!r}"
    if not str(one.get("label", "")).strip():
        yield f"the field {id!r} has no label for a screen reader"
    if one.get("isRequired") and not str(one.get("errorMessage", "")).strip():
        yield f"the field {id!r} is required and does not say so when it is empty (errorMessage)"
    match one.get("type"), one.get("value"):
        case "Input.Date", str(text) if not _reads(date.fromisoformat, text):
            yield f"the field {id!r} begins with {text!r}, which is no date"
        case "Input.Time", str(text) if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", text):
            yield f"the field {id!r} begins with {text!r}, which is no hour"
        case "Input.ChoiceSet", _:
            yield from _choices(one)


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _choices(one: Json) -> Iterator[str]:
    id = one.get("id")
    choices = one.get("choices", [])
    query = one.get("choices.data")
    if query is not None and not (
        isinstance(query, dict)
        and query.get("type") == "Data.Query"
        and str(query.get("dataset", "")).startswith(PEOPLE)
    ):
        yield f"the field {id!r} asks for people where there are none: {query!r}"
    if not choices and query is None:
        yield f"the field {id!r} has nothing to choose from"
    values = [str(choice.get("value", "")) for choice in choices]
    if len(set(values)) != len(values):
        yield f"two choices of {id!r} have the same value"
    if "" in values:
        yield f"a choice of {id!r} has no value, which reads as not chosen"
    for choice in choices:
        if not str(choice.get("title", "")).strip():
            yield f"a choice of {id!r} has no words"
    chosen = [part for part in str(one.get("value", "")).split(",") if part]
    if query is None and not set(chosen) <= set(values):
        yield f"the field {id!r} begins with something that is no choice of it: {chosen}"


def _actions(actions: object) -> Iterator[str]:
    if not isinstance(actions, list) or not actions:
        yield "a row of buttons is empty"
        return
    primary = [one for one in actions if one.get("mode") != "secondary"]
    if len(primary) > PRIMARY:
        yield f"a row has {len(primary)} buttons, and Teams shows {PRIMARY}"
    for one in actions:
        title = one.get("title")
        if not str(title or "").strip():
            yield "a button has no words"
        kind = one.get("type")
        if kind not in ACTIONS:
            yield f"the button {title!r} is of the type {kind!r}, which Digi does not use"
        if kind == "Action.OpenUrl" and not str(one.get("url", "")).startswith("https://"):
            yield f"the button {title!r} leads to {one.get('url')!r}"
        if kind in {"Action.Submit", "Action.Execute"} and not isinstance(one.get("data"), dict):
            yield f"the button {title!r} hands nothing back (data)"
        if kind == "Action.Execute":
            if not one.get("verb"):
                yield f"the button {title!r} has no verb"
            fallback = one.get("fallback")
            if not isinstance(fallback, dict) or fallback.get("type") != "Action.Submit":
                yield f"the button {title!r} does nothing in an older Teams (fallback)"
