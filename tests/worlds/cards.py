"""Checks the rules that every finished card and form must follow, so that all edges can draw it."""

from __future__ import annotations

from collections import Counter

from dialogs.model import cards as c

TITLE = 24
LABEL = 75
FORM_TOKEN = 3000
PRESS_TOKEN = 2000


class Dressed:
    """Records the cards and forms that the localizer finished while it is active."""

    def __init__(self) -> None:
        self.cards: list[c.FinishedCard] = []
        self.forms: list[c.FinishedForm] = []

    def forget(self) -> None:
        self.cards.clear()
        self.forms.clear()

    def problems(self) -> list[str]:
        found = {problem: None for card in self.cards for problem in problems_of_card(card)}
        found |= {problem: None for form in self.forms for problem in problems_of_form(form)}
        return list(found)


def problems_of_card(card: c.FinishedCard) -> list[str]:
    buttons = c.every_button(card)
    found = []
    for button in buttons:
        label = c.plain(button.label)
        if not 1 <= len(label) <= LABEL:
            found.append(f"a button's label has {len(label)} characters: {label!r}")
        if len(button.token) >= PRESS_TOKEN:
            found.append(f"the button {label!r} has a token of {len(button.token)} characters")
    found += [
        f"two buttons of a card do the same: {[c.plain(b.label) for b in buttons if b.token == t]}"
        for t, times in Counter(button.token for button in buttons).items()
        if times > 1
    ]
    return found


def problems_of_form(form: c.FinishedForm) -> list[str]:
    title = c.plain(form.title)
    found = []
    if not 1 <= len(title) <= TITLE:
        found.append(f"a form's title has {len(title)} characters: {title!r}")
    if not 1 <= len(c.plain(form.submit)) <= TITLE:
        found.append(f"the form {title!r} is sent by a button with a long label")
    if len(form.token) >= FORM_TOKEN:
        found.append(f"the form {title!r} has a token of {len(form.token)} characters")
    ids = [field.id for field in form.fields if not isinstance(field, c.Note)]
    if len(set(ids)) != len(ids):
        found.append(f"the form {title!r} uses a field's id twice: {ids}")
    for field in form.fields:
        if isinstance(field, c.Choice | c.Choices):
            labels = [c.plain(option.label) for option in field.options]
            found += [
                f"an option of {title!r} has {len(label)} characters: {label!r}"
                for label in labels
                if not 1 <= len(label) <= LABEL
            ]
            if len({option.value for option in field.options}) != len(labels):
                found.append(f"two options of {title!r} have the same value: {labels}")
    return found
