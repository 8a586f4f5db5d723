"""The card validators find planted faults, and nothing in a valid card."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.worlds import card_validators
from tests.worlds.card_validators import Json

SUBMIT: Json = {"type": "Action.Submit", "title": "Svar", "data": {"digi": "x"}}


def good() -> Json:
    """Return a card with one of every element that Digi renders."""
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "lang": "da",
        "speak": "Kerneopgaven. Hvad bliver bedre?",
        "fallbackText": "Kerneopgaven",
        "msteams": {"width": "Full"},
        "body": [
            {"type": "TextBlock", "text": "Kerneopgaven", "wrap": True, "style": "heading"},
            {
                "type": "RichTextBlock",
                "inlines": [
                    {"type": "TextRun", "text": "Hvad bliver ", "weight": "Bolder"},
                    {"type": "TextRun", "text": "**bedre**?", "italic": True},
                ],
            },
            {"type": "FactSet", "facts": [{"title": "Fase", "value": "1 af 4"}]},
            {
                "type": "ColumnSet",
                "columns": [
                    {
                        "type": "Column",
                        "width": "stretch",
                        "items": [{"type": "TextBlock", "text": "Uge 48", "wrap": True}],
                    }
                ],
            },
            {
                "type": "Image",
                "url": "https://digi.example.dk/a.png",
                "altText": "Fire prikker, den første er fyldt",
            },
            {
                "type": "Input.Text",
                "id": "text",
                "label": "Dit svar",
                "isMultiline": True,
                "maxLength": 3000,
                "isRequired": True,
                "errorMessage": "Skriv noget her.",
            },
            {
                "type": "Input.ChoiceSet",
                "id": "kind",
                "label": "Hvad er det?",
                "style": "expanded",
                "value": "idea",
                "choices": [
                    {"title": "Idé", "value": "idea"},
                    {"title": "Bekymring", "value": "concern"},
                ],
            },
            {
                "type": "Input.ChoiceSet",
                "id": "owner",
                "label": "Hvem tager den?",
                "style": "filtered",
                "choices": [],
                "choices.data": {
                    "type": "Data.Query",
                    "dataset": "graph.microsoft.com/users?scope=currentContext",
                },
            },
            {"type": "Input.Date", "id": "when", "label": "Hvornår?", "value": "2026-12-04"},
            {"type": "Input.Time", "id": "hour", "label": "Klokken", "value": "13:00"},
            {
                "type": "ActionSet",
                "actions": [
                    {
                        "type": "Action.Execute",
                        "title": "Se svar",
                        "verb": "press",
                        "data": {"digi": "y"},
                        "fallback": {"type": "Action.Submit", "title": "Se svar", "data": {}},
                    }
                ],
            },
        ],
        "actions": [SUBMIT],
    }


Spoil = Callable[[Json, list[Any]], object]
FAULTS: dict[str, Spoil] = {
    "no type": lambda card, body: card.pop("type"),
    "no version": lambda card, body: card.pop("version"),
    "a version that Teams does not know": lambda card, body: card.update(version="1.6"),
    "nothing to be read aloud": lambda card, body: (
        card.pop("speak"),
        card.update(body=[one for one in body if not one["type"].startswith("Input.")]),
    ),
    "nothing in it": lambda card, body: body.clear(),
    "28 KB and one": lambda card, body: body[0].update(text="æ" * 14 * 1024),
    "an element that there is not": lambda card, body: body[0].update(type="Text"),
    "a misspelt property": lambda card, body: body[0].update(colour="good"),
    "a text that is a number": lambda card, body: body[0].update(text=7),
    "a truth that is a text": lambda card, body: body[0].update(wrap="true"),
    "a weight that there is not": lambda card, body: body[1]["inlines"][0].update(weight="bold"),
    "a property of a later version": lambda card, body: body[5].update(labelPosition="inline"),
    "a text cut on a phone": lambda card, body: body[0].pop("wrap"),
    "an inline that is no text": lambda card, body: body[1]["inlines"].append(
        {"type": "TextBlock", "text": "x", "wrap": True}
    ),
    "no facts": lambda card, body: body[2].update(facts=[]),
    "a fact with a misspelt half": lambda card, body: body[2].update(facts=[{"name": "x"}]),
    "a column that is none": lambda card, body: body[3].update(columns=["x"]),
    "a width that is none": lambda card, body: body[3]["columns"][0].update(width="wide"),
    "a picture without words": lambda card, body: body[4].pop("altText"),
    "a field without an id": lambda card, body: body[5].pop("id"),
    "a field without a label": lambda card, body: body[5].pop("label"),
    "a required field without a word": lambda card, body: body[5].pop("errorMessage"),
    "two fields with one id": lambda card, body: body[8].update(id="text"),
    "nothing to choose from": lambda card, body: body[6].update(choices=[]),
    "two choices with one value": lambda card, body: body[6]["choices"][0].update(value="concern"),
    "a choice without words": lambda card, body: body[6]["choices"][0].update(title=""),
    "a choice without a value": lambda card, body: body[6]["choices"][0].pop("value"),
    "a beginning that is no choice": lambda card, body: body[6].update(value="wish"),
    "people from nowhere": lambda card, body: body[7]["choices.data"].update(dataset="people"),
    "a date that is none": lambda card, body: body[8].update(value="2026-13-04"),
    "a time that is none": lambda card, body: body[9].update(value="kl. 13"),
    "an empty row of buttons": lambda card, body: body[10].update(actions=[]),
    "a button without words": lambda card, body: body[10]["actions"][0].update(title=""),
    "a button without a verb": lambda card, body: body[10]["actions"][0].pop("verb"),
    "a button that an old Teams drops": lambda card, body: body[10]["actions"][0].pop("fallback"),
    "a button that hands nothing back": lambda card, body: card.update(
        actions=[{"type": "Action.Submit", "title": "Svar"}]
    ),
    "a button of another kind": lambda card, body: card.update(
        actions=[SUBMIT | {"type": "Action.Http"}]
    ),
    "a link that is no page": lambda card, body: card.update(
        actions=[{"type": "Action.OpenUrl", "title": "Læs", "url": "javascript:alert(1)"}]
    ),
    "seven buttons in a row": lambda card, body: card.update(actions=[SUBMIT] * 7),
    "a body that is no list": lambda card, body: card.update(body="hej"),
}


def test_nothing_is_found_in_a_good_card() -> None:
    """All validators of this machine accept it."""
    assert card_validators.problems(good()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    """Each of these faults would be visible to a person in Teams."""
    card_validators.needed()
    card = copy.deepcopy(good())
    FAULTS[fault](card, card["body"])
    assert card_validators.problems(card)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_beside_what_was_seen_before(fault: str) -> None:
    """A card that equals a good one but for the fault is no repetition of it."""
    card_validators.needed()
    assert card_validators.problems_of_new(good()) == []
    card = copy.deepcopy(good())
    FAULTS[fault](card, card["body"])
    assert card_validators.problems_of_new(card)


def test_the_packages_get_no_card_that_differs_only_in_words_and_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card_validators.needed()
    card_validators.problems_of_new(good())
    other = json.loads(json.dumps(good()).replace("bedre", "lettere").replace('"x"', '{"t": "y"}'))
    other["fallbackText"] = "Andre ord"
    monkeypatch.setattr(card_validators, "problems", lambda card: ["asked"])
    assert card_validators.problems_of_new(other) == []


def test_a_reader_sees_the_words_and_not_their_markup() -> None:
    """The renderer's output has what a person reads: a TextRun keeps its characters, a TextBlock is
    markdown."""
    card_validators.needed()
    card = good()
    shown = card_validators.shown(card)
    assert "**bedre**?" in shown.text
    assert "strong" not in shown.styled
    card["body"][0]["text"] = "**Kerne**opgaven [her](https://x.dk)"
    shown = card_validators.shown(card)
    assert "Kerneopgaven her" in shown.text
    assert ("strong" in shown.styled, shown.links) == (True, ("https://x.dk",))


def test_what_breaks_the_validator_is_a_problem_too() -> None:
    """The validator reports it and continues with the next card."""
    card_validators.needed()
    assert card_validators.problems({"type": "AdaptiveCard", "version": "1.5", "body": [None]})
    assert card_validators.problems(good()) == []
