"""Rules of questions that a transcript cannot show."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.common.ports import Pressed
from content import catalogue
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.effects import Timer
from dialogs.model.facts import About, Known, Project, Roles, Team, Unreleased, Waiting
from dialogs.question.decide import decide, needs
from dialogs.question.forms import SHOWN_OF_ALL
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    QuestionWords,
    SetAside,
    is_open,
    title,
)
from tests.worlds.stage import PEOPLE, Stage, stage, text_of, text_of_form

SMALL = ("anne", "mette", "jonas", "ali", "fatima")
QUESTION = "daglige arbejdsgange"


async def running(played: Stage) -> None:
    await played.play(
        """
        anne > /digi start Ny omsorgsplatform
        anne > tryk "Jeg er leder"
        anne > tryk "Vis det i kanalen"
        anne > /digi næste
        """
    )


async def answers(played: Stage, people: tuple[str, ...]) -> None:
    for person in people:
        await played.press(person, "Svar", QUESTION)
        await played.fill(person, {"Dit svar": f"Svar fra {PEOPLE[person]}"})


async def seen_by_all(played: Stage, people: tuple[str, ...]) -> str:
    """Return the channel's messages and, for each person, *Se svar*, the list and the meeting
    card."""
    found = [played.channel()]
    for person in people:
        for words in ("spørgsmål", "møde", "status"):
            answer = await played.type(person, words)
            found += [text_of(card) for card in answer.cards]
        answer = await played.press(person, "Se svar", QUESTION)
        found += [text_of(card) for card in answer.cards]
        answer = await played.press(person, "Svar", QUESTION) if person != "anne" else answer
        found += [text_of_form(answer.form)] if answer.form else []
    return "\n".join(found)


async def test_before_closing_nobody_sees_that_somebody_wrote_without_a_name(
    tmp_path: Path,
) -> None:
    """Every view is the same with and without an unsigned answer."""
    seen = []
    for writes in (False, True):
        async with stage(tmp_path / str(writes)) as played:
            await running(played)
            await answers(played, ("fatima", "peter"))
            await played.press("sofie", "Svar uden navn", QUESTION)
            if writes:
                await played.fill("sofie", {"Dit svar": "Det siger jeg ikke højt"})
            seen.append(await seen_by_all(played, ("anne", "fatima", "sofie", "karen")))
    assert seen[0] == seen[1]


async def test_where_few_could_have_written_it_closing_tells_nothing_either(
    tmp_path: Path,
) -> None:
    """With few possible authors, the closed question looks the same with and without an unsigned
    answer."""
    seen = []
    for writes in (False, True):
        async with stage(tmp_path / str(writes)) as played:
            await running(played)
            await answers(played, tuple(p for p in PEOPLE if p not in ("anne", "sofie", "karen")))
            await played.press("sofie", "Svar uden navn", QUESTION)
            if writes:
                await played.fill("sofie", {"Dit svar": "Det siger jeg ikke højt"})
            await played.press("anne", "Led samtalen", QUESTION)
            await played.press("anne", "Luk for svar", QUESTION)
            found = [played.channel()]
            for label in ("Se svar", "Saml op"):
                answer = await played.press("anne", label, QUESTION)
                found += [text_of(card) for card in answer.cards]
                found += [text_of_form(answer.form)] if answer.form else []
            seen.append("\n".join(found))
    assert seen[0] == seen[1]
    assert "venter mindst, til fasen er slut" in seen[0]


async def test_in_a_small_team_nobody_writes_without_having_read_why(tmp_path: Path) -> None:
    """With fewer than five writers a confirmation is required, and without it the text is
    rejected."""
    async with stage(tmp_path, team=SMALL) as played:
        await running(played)
        answer = await played.press("fatima", "Svar uden navn", QUESTION)
        assert answer.form is not None
        shown = text_of_form(answer.form)
        assert "Jeg kender kun 4, der må skrive her uden navn." in shown
        answer = await played.fill("fatima", {"Dit svar": "Vi er trætte"})
        assert answer.faults
        assert not answer.cards
        answer = await played.fill("fatima", {"Dit svar": "Vi er trætte", "Vil du": "Ja"})
        assert not answer.faults
        assert "Din kode er" in text_of(answer.cards[0])
        await played.press("anne", "Led samtalen", QUESTION)
        await played.press("anne", "Luk for svar", QUESTION)
        assert "Vi er trætte" not in played.channel()
        answer = await played.press("anne", "Se svar", QUESTION)
        assert "Vi er trætte" not in "\n".join(text_of(card) for card in answer.cards)


async def test_closing_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    """The old button shows the current state, and the channel is told once."""
    async with stage(tmp_path) as played:
        await running(played)
        await played.press("anne", "Led samtalen", QUESTION)
        old = played._button("anne", "Luk for svar", QUESTION)
        await played._act("anne", Pressed(old))
        before = played.channel()
        answer = await played._act("anne", Pressed(old))
        assert "Der er lukket for svar på det spørgsmål." in text_of(answer.cards[0])
        assert played.channel() == before
        assert before.count("har lukket for svar på") == 1


@pytest.mark.parametrize(
    ("objecting", "allowing", "counted", "in_words"),
    [(4, 3, False, False), (4, 4, False, True), (5, 4, True, False), (5, 5, False, True)],
)
async def test_objections_stand_beside_it_in_words_or_as_a_figure(
    tmp_path: Path, objecting: int, allowing: int, counted: bool, in_words: bool
) -> None:
    """Their texts are shown if all authors agreed; otherwise their number, if it is five but not if
    it is four. A second vote by the same person replaces the first."""
    async with stage(tmp_path) as played:
        await running(played)
        await played.press("anne", "Led samtalen", QUESTION)
        await played.press("anne", "Led samtalen", QUESTION)
        await played.press("anne", "Vi har talt om det")
        await played.fill("anne", {"Hvad nåede": "Ruterne først"})
        others = [p for p in PEOPLE if p != "anne"]
        for n, person in enumerate(others[:objecting]):
            await played.press(person, "Der mangler noget")
            allows = {"Må alle": "Ja"} if n < allowing else {}
            await played.fill(person, {"Hvad mangler": f"Mangel {person}", **allows})
        for person in (*others[:objecting], *others[:objecting]):
            await played.press(person, "Det passer")
        for day in (3, 4):
            await played.move(played.house.clock.now().replace(day=day, hour=13, minute=1))
            channel = played.channel()
            assert ("Opgaveløsning · samlet op" in channel) is (day == 4)
            figure = "Mindst 5 har skrevet, at der mangler noget."
            assert (figure in channel) is counted
            assert ("Mindst 5 har trykket på Det passer." in channel) is (objecting >= 5)
            assert channel.count("Mangel") == (objecting if in_words else 0)
            told = played.private("anne")
            assert all(told.count(f"Mangel {person}") == 1 for person in others[:objecting])


async def test_what_an_earlier_version_proposed_waits_for_a_release_and_a_day(
    tmp_path: Path,
) -> None:
    """Its single timer releases the objections under the promise at that time: only whoever summed
    up reads them."""
    at = datetime(2026, 11, 3, 8, tzinfo=UTC)
    old = Proposed(
        words=QuestionWords("q", "Hvad nu?", "What now?"),
        asked_at=at,
        by="anne",
        conclusion="c",
        outcome="concluded",
        until=at,
        proposed_at=at,
    )
    woke = e.Woke(project="p", at=at, id="w", dialog="question", of="q", name="holds", came=at)
    told = Waiting("o", "new", "objection", "q", {"text": "Aftenvagten"}, b"")
    project = Project(id="p", name="N", channel="c", stage="running", starter="anne", drafted_at=at)
    facts: dict[Any, Any] = {
        About(): project,
        Roles(): (),
        Team(): ("anne",),
        Unreleased(("fits", "objection"), "q"): (told,),
    }
    known = Known(catalogue.load(), facts)
    assert set(needs(old, woke)) == set(facts)
    after, effects = decide(old, woke, known)
    assert isinstance(after, Proposed)
    assert (after.released, after.in_words) == (True, ())
    assert Timer("holds", datetime(2026, 11, 4, 8, tzinfo=UTC)) in effects
    held, _ = decide(after, woke, known)
    assert isinstance(held, Concluded)


async def test_long_answers_leave_room_for_the_fields(tmp_path: Path) -> None:
    """The form for a conclusion stays short, and *Se svar* shows the full answers in pages."""
    async with stage(tmp_path) as played:
        await running(played)
        others = tuple(p for p in PEOPLE if p != "anne")
        for person in others:
            await played.press(person, "Svar", QUESTION)
            await played.fill(person, {"Dit svar": f"{person} " + "ruter " * 300})
        await played.press("anne", "Led samtalen", QUESTION)
        answer = await played.press("anne", "Saml op", QUESTION)
        assert answer.form is not None
        notes = [c.plain(f.text) for f in answer.form.fields if isinstance(f, c.Note)]
        assert sum(map(len, notes)) < SHOWN_OF_ALL + 600
        assert any("svar til under Se svar" in note for note in notes)
        answer = await played.press("fatima", "Se svar", QUESTION)
        shown = [text_of(answer.cards[0])]
        while "[Vis flere]" in shown[-1]:
            answer = await played.press("fatima", "Vis flere")
            shown.append(text_of(answer.cards[0]))
        assert len(shown) > 1
        assert all(len(page) < 10_000 for page in shown)
        assert "".join(shown).count("ruter") == 300 * len(others)


async def test_a_question_with_the_trio_waits_out_a_pause(tmp_path: Path) -> None:
    """While the project is paused, the team is not asked."""
    async with stage(tmp_path) as played:
        await running(played)
        for _ in range(2):
            await played.type("anne", "næste")
        assert "Jeg stiller det først til Anne Holm." in played.private("anne")
        await played.type("anne", "pause forløbet")
        await played.fill("anne", {})
        before = played.channel()
        await played.move(played.house.clock.now().replace(day=11))
        assert played.channel().count("· stillet") == before.count("· stillet")
        await played.type("anne", "fortsæt")
        await played.move(played.house.clock.now().replace(day=13))
        assert played.channel().count("· stillet") > before.count("· stillet")


def test_a_question_of_ones_own_is_words_and_not_markup() -> None:
    """A question that is equal in both languages was written by a person."""
    assert title(QuestionWords("q", "Hvad *nu*?", "Hvad *nu*?")) == c.Words("Hvad *nu*?")
    assert title(QuestionWords("q", "Hvad nu?", "What now?")) == c.Said("Hvad nu?", "What now?")


def test_open_is_what_the_team_can_still_talk_about() -> None:
    """Asked of the team and not summed up; a question that is still with the trio is not open
    yet."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    words = QuestionWords("q", "Hvad nu?", "What now?")
    assert is_open(Asked(words=words, asked_at=at, closed=True))
    assert not is_open(Asked(words=words, asked_at=at, with_trio=True))
    assert not is_open(SetAside(words=words, asked_at=at, set_aside_at=at))
    assert not is_open(
        Concluded(words=words, asked_at=at, by="anne", conclusion="c", concluded_at=at)
    )
