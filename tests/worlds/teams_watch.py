"""Every card and form that any test's people are shown, drawn for Teams and held to its limits."""

from __future__ import annotations

from bot.platforms.teams import draw
from bot.platforms.teams.forms import form as form_drawn
from dialogs.model import cards as c
from tests.worlds import card_validators


def problems(cards: list[c.FinishedCard], forms: list[c.FinishedForm]) -> list[str]:
    drawn = [page for card in cards for page in _pages(card)]
    drawn += [form_drawn(form, "da") for form in forms]
    return [problem for card in drawn for problem in card_validators.problems_of_new(card)]


def _pages(card: c.FinishedCard) -> list[card_validators.Json]:
    first = draw.messages((card,), "da")
    return [first.card, *(page.card for page in first.rest)]
