"""What Teams accepts: the schema of Adaptive Cards 1.5 as far as Digi uses it, and its size
limit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.worlds import card_validators

Dict = dict[str, Any]
CARD = 28 * 1024
ACTIONS = 6

_ELEMENTS = {
    "TextBlock": {"text"},
    "RichTextBlock": {"inlines"},
    "Container": {"items"},
    "Image": {"url", "altText"},
    "ActionSet": {"actions"},
    "Input.Text": {"id"},
    "Input.ChoiceSet": {"id"},
    "Input.Date": {"id"},
    "Input.Time": {"id"},
}
_PROPERTIES = {
    "TextBlock": {"text", "style", "size", "weight", "wrap"},
    "RichTextBlock": {"inlines", "spacing"},
    "Container": {"items", "style", "spacing"},
    "Image": {"url", "altText", "size", "spacing"},
    "ActionSet": {"actions"},
    "Input.Text": {
        "id",
        "label",
        "isMultiline",
        "maxLength",
        "value",
        "isRequired",
        "errorMessage",
    },
    "Input.ChoiceSet": {
        "id",
        "label",
        "isMultiSelect",
        "style",
        "wrap",
        "choices",
        "choices.data",
        "value",
        "placeholder",
        "isRequired",
        "errorMessage",
    },
    "Input.Date": {"id", "label", "value", "isRequired", "errorMessage"},
    "Input.Time": {"id", "label", "value", "isRequired", "errorMessage"},
    "TextRun": {"text", "fontType", "size", "weight", "italic", "color", "selectAction"},
    "Action.Submit": {"title", "style", "data", "associatedInputs"},
    "Action.Execute": {"title", "style", "data", "associatedInputs", "verb", "fallback"},
    "Action.OpenUrl": {"url"},
    "Action.ShowCard": {"title", "style", "card"},
}
_FRAME = {"type", "$schema", "version", "lang", "speak", "fallbackText", "body"}


class Refused(Exception):
    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def check(card: Dict) -> None:
    """Raise Refused if Teams would reject the card."""
    if found := problems(card) + card_validators.problems_of_new(card):
        raise Refused(found)


def problems(card: Dict) -> list[str]:
    found: list[str] = []
    if card.get("type") != "AdaptiveCard" or card.get("version") != "1.5":
        found.append("no Adaptive Card 1.5")
    found += [f"a card has no {name}" for name in ("speak", "fallbackText") if not card.get(name)]
    found += [f"a card knows no {name}" for name in set(card) - _FRAME]
    size = len(json.dumps(card, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > CARD:
        found.append(f"a card of {size} bytes")
    body = card.get("body")
    if not isinstance(body, list) or not body:
        return [*found, "a card has no body"]
    for element in body:
        found += _element(element)
    ids = Counter(e["id"] for e in elements(card) if "id" in e)
    found += [f"the id {id!r} is there {times} times" for id, times in ids.items() if times > 1]
    return found


def elements(card: Dict) -> Iterator[Dict]:
    for element in card["body"]:
        yield element
        yield from element.get("items", ())


def _element(element: Dict) -> list[str]:
    kind = element.get("type", "")
    if kind not in _ELEMENTS:
        return [f"no element {kind!r}"]
    found = [f"a {kind} without {name}" for name in _ELEMENTS[kind] if not element.get(name)]
    found += _unknown(element)
    match kind:
        case "RichTextBlock":
            for run in element["inlines"]:
                if run.get("type") != "TextRun" or not run.get("text"):
                    found.append("a run without text")
                found += _unknown(run)
                if "\n" in run.get("text", ""):
                    found.append("a run of two lines")
        case "Container":
            found += [problem for item in element["items"] for problem in _element(item)]
        case "Image":
            if not element.get("url", "").startswith("https://"):
                found.append("an image that Teams cannot fetch")
        case "ActionSet":
            if len(element["actions"]) > ACTIONS:
                found.append(f"{len(element['actions'])} actions in a row")
            found += [problem for action in element["actions"] for problem in _action(action)]
        case "Input.ChoiceSet":
            if not element.get("choices") and "choices.data" not in element:
                found.append("nothing to choose from")
            values = [choice.get("value") for choice in element.get("choices", ())]
            if not all(isinstance(value, str) and value for value in values):
                found.append("a choice without a value")
            if not all(choice.get("title") for choice in element.get("choices", ())):
                found.append("a choice without words")
    if kind.startswith("Input.") and not element.get("label"):
        found.append(f"a {kind} without a label")
    if element.get("isRequired") and not element.get("errorMessage"):
        found.append("a required field that does not say so")
    return found


def _action(action: Dict) -> list[str]:
    kind = action.get("type", "")
    if kind == "Action.ShowCard":
        return _asking(action)
    if kind not in ("Action.Submit", "Action.Execute"):
        return [f"no action {kind!r}"]
    found = _unknown(action)
    if not action.get("title"):
        found.append("a button without words")
    if kind == "Action.Execute":
        fallback = action.get("fallback")
        if not isinstance(fallback, dict) or fallback.get("type") != "Action.Submit":
            return [*found, "a button that older clients cannot press"]
        if (fallback["title"], fallback["data"]) != (action["title"], action["data"]):
            found.append("the fallback of a button does something else")
        found += _action(fallback)
    return found


def _asking(action: Dict) -> list[str]:
    """Check a button that asks first: some clients show no such card within another."""
    inner = action["card"]
    found = _unknown(action)
    found += [f"a card within a card knows no {name}" for name in set(inner) - {"type", "body"}]
    if inner.get("type") != "AdaptiveCard" or not action.get("title"):
        found.append("a button that shows nothing")
    pressed = [one for element in inner["body"] for one in element.get("actions", ())]
    if any(one["type"] == "Action.ShowCard" for one in pressed):
        found.append("a question within a question")
    return [*found, *(problem for element in inner["body"] for problem in _element(element))]


def _unknown(node: Dict) -> list[str]:
    kind = node.get("type", "")
    return [f"a {kind} knows no {name}" for name in set(node) - _PROPERTIES[kind] - {"type"}]
