"""What is shown of rounds in which few took part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dialogs.exercise import short_rounds as rounds
from dialogs.exercise.short_rounds import ShortRound
from dialogs.model.facts import Waiting

OPENED = datetime(2026, 11, 30, 9, tzinfo=UTC)
THREE = timedelta(minutes=3)


def notes(*ids: str) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(f"e{id}", id, "note", "r.1", {"lane": "a", "kind": "better", "text": id}, b"")
        for id in ids
    )


def test_a_round_at_a_meeting_may_be_closed_after_three_minutes() -> None:
    """A round over days ends by itself and not before."""
    closes = OPENED + timedelta(days=7)
    meeting = rounds.earliest_closing(OPENED, closes, at_a_meeting=True)
    assert meeting == OPENED + THREE
    assert not rounds.may_close(meeting - timedelta(seconds=1), meeting)
    assert rounds.may_close(meeting, meeting)
    assert rounds.earliest_closing(OPENED, closes, at_a_meeting=False) == closes


def test_a_round_shows_its_notes_from_five_writers_in_an_order_of_chance() -> None:
    """The random ids decide the order, so it does not tell who wrote first."""
    found = rounds.shown_at_closing(notes("c", "a", "b"), 5, OPENED + THREE, OPENED + THREE)
    assert found == notes("a", "b", "c")
    assert rounds.shown_at_closing(notes("a"), 4, OPENED + THREE, OPENED + THREE) is None


def test_a_round_that_is_ended_too_early_shows_nothing_by_itself() -> None:
    """Ending or dropping a run is no way around the earliest closing time."""
    assert rounds.shown_at_closing(notes("a"), 9, OPENED, OPENED + THREE) is None


def test_short_rounds_come_together_at_the_end_without_lane_and_kind() -> None:
    """Five people must have written them; those of rounds that were shown do not count."""
    first, second = ShortRound(notes("b"), 2), ShortRound(notes("a"), 5)
    found = rounds.shown_at_end((first, second))
    assert [note.new_id for note in found] == ["a", "b"]
    assert [note.body for note in found] == [{"text": "a"}, {"text": "b"}]
    assert rounds.shown_at_end((first, ShortRound(notes("a"), 4))) == ()
    assert rounds.shown_at_end(()) == ()


def test_dots_give_an_order_of_the_first_three_and_leave_the_rest_as_it_stood() -> None:
    """From five voters; a note that is gone, and a dot set twice, do not count."""
    ballots = [("d", "c"), ("d", "c", "gone"), ("d", "b", "b"), ("d", "b", "a"), ("c", "e")]
    assert rounds.dots_order(ballots, "abcdef") == ("d", "c", "b", "a", "e", "f")
    assert rounds.dots_order(ballots[:4], "abcdef") is None
    assert rounds.dots_order([()] * 5, "ab") == ("a", "b")


def test_people_and_cards_are_counted_apart() -> None:
    """The larger number counts, in a round and among its dots: one person may have used both."""
    marks = [Waiting(f"e{n}", f"n{n}", "mark", "r", {"card": True}, b"") for n in range(4)]
    marks += [Waiting(f"e{n}", f"n{n}", "mark", "r", {}, b"") for n in range(4, 9)]
    others = [Waiting("x", "x", "mark", "r2", {}, b""), Waiting("y", "y", "note", "r", {}, b"")]
    took_part = rounds.counts_of([*marks, *others], "r")
    assert (took_part.chat, took_part.cards, took_part.surely) == (5, 4, 5)
    ballots = [("a",)] * 9
    assert rounds.dots_order(ballots, "ab", cards=4) == ("a", "b")
    assert rounds.dots_order(ballots[:8], "ab", cards=4) is None


def test_dots_are_never_set_twice_on_the_same_notes() -> None:
    """One note in common is enough."""
    assert rounds.may_set_dots("ab", "cd")
    assert not rounds.may_set_dots("ab", "bc")
