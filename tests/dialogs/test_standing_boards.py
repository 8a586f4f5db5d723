"""A standing board, week by week: what it shows, what it tells, and who may answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from content import catalogue
from dialogs.exercise.leading import by_hand
from dialogs.exercise.rounds import WAITING
from dialogs.exercise.states import ExerciseRound, ExerciseRun, NoteGroup, unanswered
from dialogs.exercise.weekly import a_week_later, answered
from dialogs.model import events as e
from dialogs.model.effects import (
    Effects,
    FieldError,
    OpenRound,
    Post,
    Privately,
    Publish,
    Record,
    Redraw,
    Say,
    Timer,
    Unpool,
)
from dialogs.model.facts import (
    About,
    Fact,
    Known,
    Project,
    Published,
    Records,
    Role,
    Roles,
    Stage,
    Team,
    Waiting,
)

CATALOGUE = catalogue.load()
BEGUN = datetime(2026, 11, 2, 8, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 5, 12, tzinfo=UTC)
NEXT = THURSDAY + timedelta(days=7)
TEAM = tuple(f"p{n}" for n in range(9))


def board(**given: Any) -> ExerciseRun:
    guide = CATALOGUE.set("notice-board").guide
    assert guide is not None
    round = ExerciseRound(
        id="run.1", step="board", opened_at=BEGUN, earliest=THURSDAY, closes=THURSDAY
    )
    run = ExerciseRun(
        id="run",
        exercise="notice-board",
        title_da="Tavlen",
        title_en="The notice board",
        guide=guide,
        place="days",
        minutes="90",
        led_by="ali",
        begun_by="ali",
        begun_at=BEGUN,
        rounds=(round,),
    )
    return replace(run, **given)


def known(*waiting: Waiting, stage: Stage = "running") -> Known:
    project = Project(
        id="p", name="Ny", channel="C", stage=stage, starter="anne", drafted_at=BEGUN, phase=4
    )
    found: dict[Fact[Any], Any] = {
        About(): project,
        Roles(): (Role("anne", "leader", "confirmed"), Role("ali", "facilitator", "confirmed")),
        Team(): TEAM,
        WAITING: waiting,
        Published("note"): (),
        **{Records(kind, "run"): () for kind in KINDS},
    }
    return Known(CATALOGUE, found)


KINDS = ("note_group", "note_taken_down", "paper_note", "leader_note")


def wrote(people: int) -> tuple[Waiting, ...]:
    notes = [
        Waiting(f"n{n}", f"new-{n}", "note", "run.1", {"lane": "silly", "text": f"{n}"}, b"")
        for n in range(people)
    ]
    marks = [
        Waiting(f"{ref}{n}", f"x{ref}{n}", "mark", ref, {}, b"")
        for n in range(people)
        for ref in ("run.1", "run.marks.0")
    ]
    return (*notes, *marks)


def woke(at: datetime = THURSDAY) -> e.Woke:
    return e.Woke(by="", at=at, id="w", project="p", dialog="exercise", of="run", name="closes")


def of_kind(effects: Effects, *kinds: type) -> list[Any]:
    return [one for one in effects if isinstance(one, kinds)]


def test_four_writers_are_like_none() -> None:
    """State and effects are the same to the byte, and the round goes on for a week."""
    quiet, nothing = a_week_later(board(), woke(), known())
    loud, something = a_week_later(board(), woke(), known(*wrote(4)))
    assert (quiet, nothing) == (loud, something)
    assert quiet.rounds[0].closes == quiet.rounds[0].earliest == NEXT
    assert quiet.rounds[0].id == "run.1"
    assert not of_kind(something, Publish, Unpool, Say, Privately, Post)
    # After a restored backup the round and the marks must be opened again.
    assert [one.ref for one in of_kind(something, OpenRound)] == ["run.1", "run.marks.0"]


def test_five_writers_show_the_week_and_begin_the_next() -> None:
    """The notes keep their lane, wait for an answer from that day, and both are told."""
    after, effects = a_week_later(board(), woke(), known(*wrote(5)))
    assert {one.id for one in of_kind(effects, Publish)} == set(after.waits)
    assert {one.body["lane"] for one in of_kind(effects, Publish)} == {"silly"}
    assert set(after.waits.values()) == {date(2026, 11, 5)}
    assert after.rounds[0].shown == "shown"
    assert after.rounds[1].closes == NEXT
    assert [one.person for one in of_kind(effects, Privately)] == ["ali", "anne"]
    assert of_kind(effects, Post)
    assert Timer("closes", NEXT) in effects


def test_a_break_of_the_project_shows_nothing() -> None:
    """Whoever leads cannot answer in a break; the notes wait until it is over."""
    after, effects = a_week_later(board(), woke(), known(*wrote(6), stage="paused"))
    assert not of_kind(effects, Publish, Unpool, Say, Privately)
    assert after.rounds[0].closes == NEXT


@pytest.mark.parametrize("people", [4, 5])
def test_the_end_of_the_project_takes_it_down(people: int) -> None:
    """What five wrote is shown, what fewer wrote is deleted, and the board says why it ended."""
    after, effects = a_week_later(board(), woke(), known(*wrote(people), stage="ended"))
    assert after.status == "done"
    assert len(of_kind(effects, Publish)) == (5 if people == 5 else 0)
    assert bool(of_kind(effects, Unpool)) == (people == 4)
    [record] = of_kind(effects, Record)
    assert record.body["text"] == "Tavlen var åben, til forløbet sluttede."
    assert not of_kind(effects, Timer, Say, Privately, Post)


# --- answers ------------------------------------------------------------------------------

WAITS = {"a": date(2026, 11, 12), "b": date(2026, 11, 5), "c": date(2026, 11, 12)}
GROUPED = board(waits=WAITS, groups=(NoteGroup("g", ("a", "b")),))


def reply(of: str, by: str = "anne") -> e.NotesAnswered:
    return e.NotesAnswered(by=by, at=NEXT, id="r", run="run", of=of, how="do", text="På mandag")


def test_a_group_waits_since_its_oldest_note() -> None:
    """The oldest is first, so that it is not forgotten under what is new."""
    assert list(unanswered(GROUPED).items()) == [("g", WAITS["b"]), ("c", WAITS["c"])]


def test_one_answer_is_for_all_notes_of_the_group() -> None:
    """It is said once, and the group is neither answered nor put together again."""
    after, effects = answered(GROUPED, reply("g"), known(), leads=False)
    assert after.waits == {"c": WAITS["c"]}
    assert len(of_kind(effects, Say, Redraw)) == 2
    again, refused = answered(after, reply("g"), known(), leads=False)
    assert again is after
    assert [one.field for one in of_kind(refused, FieldError)] == ["of"]
    grouping = e.NotesGrouped(by="ali", at=NEXT, id="g2", run="run", notes=("a", "c"), name="Nyt")
    assert by_hand(after, grouping, known())[0] is after


@pytest.mark.parametrize(
    ("by", "leads", "may"), [("anne", False, True), ("ali", True, True), ("p1", False, False)]
)
def test_the_leader_answers_or_whoever_leads_types_it_in(by: str, leads: bool, may: bool) -> None:
    """Others are told who can."""
    _, effects = answered(GROUPED, reply("c", by), known(), leads=leads)
    assert bool(of_kind(effects, Record)) == may
    assert bool(of_kind(effects, FieldError)) != may


def test_a_note_that_is_taken_down_waits_no_longer() -> None:
    """Nobody owes an answer to what nobody can read."""
    down = e.NoteTakenDown(by="ali", at=NEXT, id="d", run="run", note="c", reason="nævnte en")
    after, _ = by_hand(GROUPED, down, known())
    assert list(unanswered(after)) == ["g"]


def test_paper_notes_wait_too() -> None:
    """Where fewer than five may write, the board is on paper and gets answers all the same."""
    typed = e.PaperNotesWritten(
        by="ali", at=NEXT, id="x", run="run", lane="silly", notes={"note": "Den er langsom"}
    )
    after, _ = by_hand(board(), typed, known())
    assert after.waits == {"x-1": date(2026, 11, 12)}
