"""Before it is decided: reminds leader and TR to write down what is promised.

The reminder waits for the person's next letter and is drawn when that goes. Once the phase is over
or the project has ended it says nothing, and where it was sent already, that it is done.
"""

from __future__ import annotations

from dialogs.model.cards import Button, Card, Line, Words, card, text
from dialogs.model.effects import Post, Redraw
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project
from dialogs.project import cards
from dialogs.walk.states import DECIDED_IN

_SLOT = "to_promise:"


def is_slot(slot: str) -> bool:
    return slot.startswith(_SLOT)


def posts(known: Known) -> tuple[Post, ...]:
    return tuple(
        Post(f"{_SLOT}{person}", to=person, bag=True, urgency=4) for person in _asked(known)
    )


def redrawn(known: Known) -> tuple[Redraw, ...]:
    return tuple(Redraw(f"{_SLOT}{person}") for person in _asked(known))


def view(state: Project, slot: str, known: Known) -> Card[Line]:
    if not state.under_way or state.phase != DECIDED_IN:
        return card()
    if slot.removeprefix(_SLOT) not in _asked(known):
        return card()
    see: Button[Line] = Button(text("promise.see"), Look("promises", project=state.id), "main")
    return cards.with_buttons(text("project.time_to_promise", name=Words(state.name)), see)


def _asked(known: Known) -> tuple[str, ...]:
    return tuple(known.holders("leader", "tr"))
