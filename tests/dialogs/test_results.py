"""`/digi resultater` for a project too large for a transcript."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from content.catalogue import load
from dialogs.exercise.states import ALL_RUNS
from dialogs.model import cards as c
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    Fact,
    Known,
    Project,
    Rec,
    Records,
    Stated,
    StateOf,
    States,
    Viewer,
    Written,
)
from dialogs.promise.states import PROMISES
from dialogs.question.states import Asked, Concluded, QuestionState, QuestionWords
from dialogs.results.decide import CONVERSATION
from tests.worlds.stage import BEGINNING

MANY = 1000
VIEWER = Viewer("fatima", at=BEGINNING)
CATALOGUE = load()


def project() -> Known:
    """A thousand concluded questions, an hour apart, and an open one."""
    states: dict[str, QuestionState] = {
        f"q{n}": Concluded(
            words=QuestionWords(f"q{n}", f"Spørgsmål {n}?", f"Question {n}?"),
            asked_at=BEGINNING,
            by="ali",
            conclusion=f"c{n}",
            concluded_at=BEGINNING + timedelta(hours=n),
        )
        for n in range(MANY)
    }
    states["open"] = Asked(words=QuestionWords("open", "Åbent?", "Open?"), asked_at=BEGINNING)
    found: dict[Fact[Any], Any] = {
        About(): Project(
            id="p",
            name="Ny omsorgsplatform",
            channel="C",
            stage="running",
            starter="anne",
            drafted_at=BEGINNING,
        ),
        States("question"): tuple(
            Stated(id, Written(msgspec.json.encode(state))) for id, state in states.items()
        ),
        States("agreement"): (),
        ALL_RUNS: (),
        PROMISES: None,
        StateOf("med", "med"): None,
    }
    for fact in CONVERSATION.sights["results"].needs(Look("results", words="x"), VIEWER):
        match fact:
            case Records(kind="conclusion"):
                found[fact] = tuple(
                    Rec(f"c{n}", f"q{n}", "ali", BEGINNING, {"text": f"Vi valgte rute{n:04}"})
                    for n in range(MANY)
                )
            case Records():
                found[fact] = ()
    return Known(CATALOGUE, found)


def pages(look: Look) -> list[str]:
    """Return the ids of the conclusions on each page, paging forward."""
    seen, known = [], project()
    next: Look | None = look
    while next is not None:
        (shown,) = CONVERSATION.sights["results"].show(next, VIEWER, known)
        assert isinstance(shown, Show)
        quotes = [p.words for p in shown.card.parts if isinstance(p, c.Quote)]
        seen.append(" ".join(q.id for q in quotes if isinstance(q, c.Kept)))
        pressed = [b for p in shown.card.parts if isinstance(p, c.Buttons) for b in p.buttons]
        more = [b.press for b in pressed if b.label == c.text("question.show_more")]
        next = more[0] if more and isinstance(more[0], Look) else None
    return seen


def test_the_thousandth_result_is_reached_and_none_stands_twice() -> None:
    """Newest first, each of the thousand once; the open question is not listed."""
    assert " ".join(pages(Look("results"))).split() == [f"c{n}" for n in reversed(range(MANY))]


def test_a_word_is_looked_for_on_all_pages() -> None:
    """The oldest is found as quickly as the newest, and the next page keeps the search."""
    assert pages(Look("results", words="RUTE0000")) == ["c0"]
    assert " ".join(pages(Look("results", words="rute001"))).split() == [
        f"c{n}" for n in range(19, 9, -1)
    ]
