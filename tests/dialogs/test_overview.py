"""Overviews with more content than one message holds, and states of earlier versions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from content import catalogue
from dialogs.concern.states import Concern, ConcernAnswer
from dialogs.model import facts as f
from dialogs.model.facts import Known, Project, Stated, Written
from dialogs.overview.news import found
from dialogs.overview.states import Digest
from tests.worlds.stage import Message, stage, text_of

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
FULL = 2900  # the limit for one text on the strictest platform, with a margin

START = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
"""
ASKED = """
{who} > /digi sig
{who} > tryk "Med navn"
{who} > udfyld "Hvad er det?=Spørgsmål" "Din tekst={text}" "Hvem må læse=alle"
"""
PEOPLE = ("mette", "jonas", "ali", "fatima", "peter", "sofie", "lars", "bodil", "emil", "noor")


async def test_twenty_open_questions_fit(tmp_path: Path) -> None:
    """The message has the first three, its thread all of them, and no part is too long."""
    async with stage(tmp_path) as played:
        await played.play(START)
        for number in range(20):
            words = f"Spørgsmål nummer {number:02}: " + "hvem tager sig af ruterne? " * 30
            await played.play(ASKED.format(who=PEOPLE[number % 10], text=words))
        await played.play("ur > til 2026-11-12 13:30\n")

        messages = list(played.edge.messages.values())
        post = next(m for m in messages if "Ugens overblik · uge 46" in text_of(m.card))
        thread = [m for m in messages if m.thread == post.id]
        assert text_of(post.card).count("Spørgsmål nummer") == 3
        assert {number for number in range(20) if _names(number, thread)} == set(range(20))
        assert all(len(text_of(m.card)) < FULL for m in (post, *thread))


def _names(number: int, thread: list[Message]) -> bool:
    return any(f"Spørgsmål nummer {number:02}" in text_of(m.card) for m in thread)


def _known(*concerns: Concern) -> Known:
    project = Project(
        id="p", name="P", channel="C", stage="running", starter="anne", drafted_at=MONDAY
    )
    states = tuple(Stated(one.id, Written(msgspec.json.encode(one))) for one in concerns)
    facts: dict[f.Fact[Any], Any] = {
        f.About(): project,
        f.Roles(): (),
        f.SnapshotOf("all"): None,
        f.States("concern"): states,
        f.States("question"): (),
        f.States("agreement"): (),
        f.States("exercise"): (),
    }
    return Known(catalogue.load(), facts)


def _asked(**given: Any) -> Concern:
    return msgspec.structs.replace(
        Concern(id="c", kind="question", readers=(), everyone=True, author="karen"), **given
    )


def test_since_when_is_not_guessed_for_what_an_older_digi_told() -> None:
    """Earlier versions stored no week: the text is shown without saying how long it has waited."""
    told = found(_known(_asked()), Digest(told={"concern:c": "sent:0::"}), MONDAY, "2026-W48")
    assert [(one.concern.id, one.since) for one in told.standing] == [("c", "")]
    assert told.since == {"c": ""}
    assert told.asked == ()


def test_since_when_begins_anew_with_what_is_opened_again() -> None:
    """After an answer and an objection it is news once, and waits since that week."""
    given = ConcernAnswer("no", "a", "anne", on=date(2026, 11, 20))
    again = _asked(status="sent", objected=True, answers=(given,))
    before = Digest(told={"concern:c": "answered:1"})
    first = found(_known(again), before, MONDAY, "2026-W48")
    assert [one.id for one in first.asked] == ["c"]
    assert first.standing == ()
    then = found(_known(again), Digest(told=first.told, since=first.since), MONDAY, "2026-W49")
    assert [(one.concern.id, one.since) for one in then.standing] == [("c", "2026-W48")]
    assert then.asked == ()


def test_what_is_closed_after_its_answer_was_told_is_not_told_again() -> None:
    """Its answer was the news."""
    given = ConcernAnswer("no", "a", "anne", on=date(2026, 11, 20))
    closed = _asked(status="closed", answers=(given,))
    told = found(_known(closed), Digest(told={"concern:c": "answered:1"}), MONDAY, "2026-W48")
    assert not told.anything
    assert told.since == {}
