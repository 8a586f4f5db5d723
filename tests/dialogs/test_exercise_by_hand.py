"""What whoever leads an exercise types in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from content import catalogue
from dialogs.exercise.board import board_facts, choice_hints
from dialogs.exercise.leading import by_hand
from dialogs.exercise.states import ExerciseRun, NoteGroup
from dialogs.model import events as e
from dialogs.model.cards import plain
from dialogs.model.effects import FieldError, Forget, Record
from dialogs.model.facts import Fact, Known, Published, Rec, Records
from tests.dialogs.test_cards import dresser

CATALOGUE = catalogue.load()
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KNOWN = Known(CATALOGUE, {})


def run() -> ExerciseRun:
    guide = CATALOGUE.set("compass").guide
    assert guide is not None
    return ExerciseRun(
        id="run",
        exercise="compass",
        title_da="Kompasset",
        title_en="The compass",
        guide=guide,
        place="meeting",
        minutes="90",
        led_by="ali",
        begun_by="ali",
        begun_at=NOW,
        step_at=NOW,
    )


def paper(words: str) -> e.PaperNotesWritten:
    notes = {"today": words}
    return e.PaperNotesWritten(by="ali", at=NOW, id="a", run="run", lane="realistic", notes=notes)


def test_each_line_from_paper_is_a_note() -> None:
    """Empty lines and dashes before a note are left out."""
    _, effects = by_hand(run(), paper("- To systemer\n\n  Telefonen ringer\n-"), KNOWN)
    records = [one for one in effects if isinstance(one, Record)]
    assert [one.body["text"] for one in records] == ["To systemer", "Telefonen ringer"]
    assert len({one.id for one in records}) == 2


def test_a_line_that_is_too_long_loses_nothing() -> None:
    """It is refused at its field, and none of the others is kept without it."""
    _, effects = by_hand(run(), paper("Kort\n" + "a" * 201), KNOWN)
    assert [type(one) for one in effects] == [FieldError]
    assert [one.field for one in effects if isinstance(one, FieldError)] == ["notes.today"]


def test_the_words_of_a_paper_note_that_is_taken_down_are_deleted() -> None:
    """Its place and the reason stay; the record that holds its words is written anew without."""
    body = {"lane": "realistic", "kind": "today", "text": "Det er Lars, der sover"}
    found: dict[Fact[Any], Any] = {
        Records("paper_note", "run"): (Rec("p-1", "run", "ali", NOW, body),)
    }
    down = e.NoteTakenDown(by="ali", at=NOW, id="d", run="run", note="p-1", reason="nævnte en")
    _, effects = by_hand(run(), down, Known(CATALOGUE, found))
    written = {one.kind: one for one in effects if isinstance(one, Record)}
    assert written["paper_note"].id == "p-1"
    assert written["paper_note"].body == {**body, "text": ""}
    assert "Lars" not in str(written["note_taken_down"].body)


def test_a_note_is_in_one_group_at_most() -> None:
    """A group that loses its last note is gone with its name."""
    first = e.NotesGrouped(by="ali", at=NOW, id="g1", run="run", notes=("n1",), name="Nettet")
    grouped, _ = by_hand(run(), first, KNOWN)
    second = e.NotesGrouped(by="ali", at=NOW, id="g2", run="run", notes=("n1", "n2"), name="Tiden")
    after, effects = by_hand(grouped, second, KNOWN)
    assert [(one.id, one.notes) for one in after.groups] == [("g2", ("n1", "n2"))]
    assert [one.id for one in effects if isinstance(one, Forget)] == ["g1"]
    apart = e.NotesGrouped(by="ali", at=NOW, id="g3", run="run", notes=("n1", "n2"))
    alone, _ = by_hand(after, apart, KNOWN)
    assert alone.groups == ()


def hints(one: ExerciseRun, *notes: tuple[str, str, str]) -> dict[str, str]:
    """Return what stands by each of these (id, lane, kind) where it is chosen, in Danish."""
    found: dict[Fact[Any], Any] = {
        fact: () for fact in board_facts("run") if isinstance(fact, Records | Published)
    }
    found[Records("paper_note", "run")] = tuple(
        Rec(id, "run", "ali", NOW, {"lane": lane, "kind": kind, "text": id})
        for id, lane, kind in notes
    )
    shown = choice_hints(one, Known(CATALOGUE, found))
    return {id: plain(dresser("da").line(hint)) for id, hint in shown.items()}


def test_a_note_says_its_lane_and_kind_where_it_is_chosen() -> None:
    """So that at least one green and one red can be. A group of several lanes says its kinds only,
    and one of which all notes are gone says nothing."""
    groups = NoteGroup("g1", ("n1", "n2")), NoteGroup("g2", ("n3", "n4")), NoteGroup("g3", ("x",))
    notes = (
        ("n1", "realistic", "better"),
        ("n2", "realistic", "worse"),
        ("n3", "realistic", "today"),
        ("n4", "healthy", "today"),
    )
    assert hints(replace(run(), groups=groups), *notes) == {
        "n1": "Realistisk: Bliver bedre",
        "n2": "Realistisk: Bliver værre",
        "n3": "Realistisk: I dag",
        "n4": "Sundt og sikkert: I dag",
        "g1": "Realistisk: Bliver bedre og Bliver værre",
        "g2": "I dag",
    }


def test_where_all_notes_are_of_one_kind_only_the_lane_is_said() -> None:
    guide = CATALOGUE.set("brainstorm").guide
    assert guide is not None
    one = replace(run(), exercise="brainstorm", guide=guide)
    assert hints(one, ("n1", guide.lanes[0].id, "note")) == {"n1": guide.lanes[0].name.da}


def test_no_more_than_five_agreements() -> None:
    """The sixth is refused with a sentence, and the text stays in the form."""
    agreed = e.ExerciseAgreed(by="ali", at=NOW, id="a", run="run", what="Det")
    _, effects = by_hand(replace(run(), agreements=5), agreed, KNOWN)
    assert [type(one) for one in effects] == [FieldError]
