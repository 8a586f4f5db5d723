"""Renders every card and form that any test's people see for Teams, and checks Teams' limits."""

from __future__ import annotations

import re

import msgspec

from bot.platforms.teams import draw
from bot.platforms.teams.forms import form as form_drawn
from dialogs.model import cards as c
from tests.worlds import card_validators

_TOKEN = re.compile(rb'"token":"[^"]*"')
_seen: set[bytes] = set()


def problems(cards: list[c.FinishedCard], forms: list[c.FinishedForm]) -> list[str]:
    drawn = [page for card in cards if _is_new(card) for page in _pages(card)]
    drawn += [form_drawn(form, "da") for form in forms if _is_new(form)]
    return [problem for card in drawn for problem in card_validators.problems_of_new(card)]


def _is_new(shown: c.FinishedCard | c.FinishedForm) -> bool:
    """Return whether this process has not checked an equal card yet. Tokens are ignored."""
    mark = _TOKEN.sub(b"", msgspec.json.encode(shown))
    if mark in _seen:
        return False
    _seen.add(mark)
    return True


def _pages(card: c.FinishedCard) -> list[card_validators.Json]:
    first = draw.messages((card,), "da")
    return [first.card, *(page.card for page in first.rest)]
