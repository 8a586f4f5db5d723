"""`/digi resultater` for a project too large for a transcript."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from content.catalogue import load
from dialogs.agreement.states import Agreement, as_listed
from dialogs.exercise.parts import InnerRun
from dialogs.exercise.states import ALL_RUNS, ExerciseRun, agreements_beside
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


def brainstorm(n: int) -> ExerciseRun:
    """Return an exercise that ended half an hour after question `n` was concluded."""
    one = CATALOGUE.set("brainstorm")
    assert one.guide is not None
    return ExerciseRun(
        id=f"r{n}",
        exercise=one.id,
        title_da=one.title.da,
        title_en=one.title.en,
        guide=one.guide,
        place="meeting",
        minutes="20",
        led_by="ali",
        begun_by="ali",
        begun_at=BEGINNING,
        status="done",
        ended_at=BEGINNING + timedelta(hours=n, minutes=30),
        result=f"e{n}",
    )


def project(*runs: ExerciseRun, agreements: tuple[Agreement, ...] = ()) -> Known:
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
        States("agreement"): tuple(
            Stated(one.id, Written(msgspec.json.encode(one))) for one in agreements
        ),
        ALL_RUNS: tuple(Stated(run.id, Written(msgspec.json.encode(run))) for run in runs),
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


def pages(look: Look, *runs: ExerciseRun) -> list[str]:
    """Return the ids of the conclusions on each page, paging forward."""
    seen, known = [], project(*runs)
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


def test_exercises_stand_among_the_questions_by_the_day_they_ended() -> None:
    """A page has as many rows as ever, and an old exercise waits for its page."""
    old, new, newest = brainstorm(2), brainstorm(MANY - 2), brainstorm(MANY)
    shown = pages(Look("results"), old, new, newest)
    assert shown[0] == f"e{MANY} c{MANY - 1} e{MANY - 2} c{MANY - 2} c{MANY - 3} c{MANY - 4}"
    assert " ".join(shown).endswith(" c3 e2 c2 c1 c0")


def test_a_word_is_looked_for_on_all_pages() -> None:
    """The oldest is found as quickly as the newest, and the next page keeps the search."""
    assert pages(Look("results", words="RUTE0000")) == ["c0"]
    assert " ".join(pages(Look("results", words="rute001"))).split() == [
        f"c{n}" for n in range(19, 9, -1)
    ]


def test_an_agreement_of_an_exercise_in_a_workshop_stands_once() -> None:
    """With that exercise, if it is in the list; otherwise with the workshop."""
    inner = replace(brainstorm(MANY), within=f"r{MANY + 1}")
    workshop = replace(brainstorm(MANY + 1), inner=(InnerRun("talk", inner.id, over=True),))
    made = Agreement(
        id="a",
        owner="sofie",
        due=None,
        status="taken",
        offered_at=BEGINNING,
        changed_at=BEGINNING,
        question=inner.id,
    )
    known = project(inner, workshop, agreements=(made,))
    (shown,) = CONVERSATION.sights["results"].show(Look("results"), VIEWER, known)
    assert isinstance(shown, Show)
    lists = [part.items for part in shown.card.parts if isinstance(part, c.Bullets)]
    assert lists == [(as_listed(made),)]
    assert agreements_beside(workshop, (workshop, inner), known) == ()
    assert agreements_beside(workshop, (workshop,), known) == (made,)
