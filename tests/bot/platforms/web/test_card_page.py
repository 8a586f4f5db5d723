"""The page behind a dealt card: what it shows, takes once, and answers when it cannot be used."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.page_room import PageRoom
from bot.core.tokens import write_press
from dialogs.model import events as e
from dialogs.model.boards_to_print import CardsToPrint
from dialogs.model.cards import plain
from dialogs.model.events import Look
from tests.anonymity.hands import dump
from tests.worlds.card_holders import (
    BRAINSTORM,
    SURVEY,
    answers,
    deals,
    dots,
    holding,
    in_pool,
    notes,
    presses,
    run_of,
    tokens_of,
)
from tests.worlds.stage import BEGINNING, TENANT, Stage, stage
from tests.worlds.visitors import Visitor

CLOSED = """
ur > til 2026-11-02 09:30
ali > tryk "Led øvelsen" på "trin 1 af 5"
ali > tryk "Luk runden"
"""
TO_DOTS = (
    CLOSED
    + """
ali > tryk "Næste trin"
ali > tryk "Næste trin"
"""
)
DOTS_CLOSED = """
ur > til 2026-11-02 10:00
ali > tryk "Led øvelsen" på "trin 3 af 5"
ali > tryk "Luk runden"
"""
SURVEY_CLOSED = """
ur > til 2026-11-03 09:30
ali > tryk "Led øvelsen"
ali > tryk "Luk runden"
"""


@asynccontextmanager
async def in_hand(
    folder: Path, n: int, course: str = BRAINSTORM, either: str = ""
) -> AsyncIterator[tuple[Stage, list[Visitor]]]:
    """An exercise whose first round is open, and so many cards."""
    async with stage(folder, either=either) as played:
        await played.play(course)
        tokens = await deals(played, n)
        async with holding(played.house, tokens) as phones:
            yield played, phones


async def five_write(phones: list[Visitor]) -> None:
    for n, phone in enumerate(phones[:5]):
        await notes(phone, f"Seddel {n}")


async def answer_of(phone: Visitor, address: str) -> tuple[int, str]:
    other = Visitor(phone._session, address)
    await other.opens()
    return other.status, other.page


# --- what it shows ------------------------------------------------------------------------


async def test_the_page_says_what_can_be_done_now_and_what_is_known(tmp_path: Path) -> None:
    """In both languages, in under 30 KB, without a script, a cookie or anything from elsewhere."""
    async with in_hand(tmp_path, 1) as (_, [phone]):
        for language, said in (
            (
                "da",
                ("Skriv sedler", "Jeg ved ikke, hvem der har hvilket kort.", "kan have beholdt"),
            ),
            ("en", ("Write notes", "I do not know who has which card.", "may have kept some")),
        ):
            for query in ("", "?v=write_notes", "?v=nonsense"):
                await phone.opens(query, language)
                assert phone.status == 200
                assert f'lang="{language}"' in phone.page
                assert len(phone.page.encode()) < 30_000
                assert not re.search(r"<script|<img|<link|https?://|\son\w+=|style=", phone.page)
                assert "Set-Cookie" not in phone.headers
                assert phone.headers["Cache-Control"] == "no-store"
            assert all(words in phone.text for words in said)


async def test_a_look_with_a_card_writes_nothing(tmp_path: Path) -> None:
    async with in_hand(tmp_path, 1) as (_, [phone]):
        before = dump(tmp_path)
        await phone.opens()
        await phone.opens("?v=write_notes")
        assert phone.form.fields["notes.note.1"] == [""]
        assert dump(tmp_path) == before


async def test_where_nothing_can_be_sent_the_page_says_why(tmp_path: Path) -> None:
    """Between rounds, in a pause of the exercise and of the project; with the next round the card
    works again."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        phone = phones[0]
        await played.play(CLOSED)
        await phone.opens()
        assert "Der er ikke noget at sende lige nu. Behold kortet" in phone.text
        assert "Skriv sedler" not in phone.text
        for view in ("write_notes", "set_dots"):
            await phone.opens(f"?v={view}")
            assert "er lukket, så der kan ikke skrives mere" in phone.text
        await played.play('ali > tryk "Sæt på pause"')
        await phone.opens()
        assert "Øvelsen er sat på pause." in phone.text
        await played.play('ali > tryk "Tag den op igen"\nanne > /digi pause\nanne > send')
        await phone.opens()
        assert "Forløbet er ikke i gang lige nu." in phone.text
        await played.play('anne > /digi fortsæt\nali > tryk "Led øvelsen"\nali > tryk "Næste trin"')
        await played.play('ali > tryk "Næste trin"')
        await phone.opens()
        await phone.follows("Sæt prikker")
        assert "Seddel 3" in phone.text


async def test_a_card_is_used_in_english_to_its_end(tmp_path: Path) -> None:
    """A phone in English stays in English through notes, dots and waiting, although the team speaks
    Danish; when the exercise is over, it says so."""
    async with in_hand(tmp_path, 5) as (played, phones):
        for n, phone in enumerate(phones):
            await phone.opens("?v=write_notes", "en")
            form = phone.form
            form.chosen("Now")
            form.fields["notes.note.1"] = [f"Note {n}"]
            await phone.sends(form)
            assert "I have 1 note from you." in phone.text
            assert 'lang="en"' in phone.page
        phone = phones[0]
        await phone.follows("Write more")
        await phone.sends()
        assert phone.status == 422
        assert 'lang="en"' in phone.page
        await played.play(CLOSED)
        await phone.opens("", "en")
        assert "There is nothing to send just now." in phone.text
        await played.play('ali > tryk "Næste trin"\nali > tryk "Næste trin"')
        await phone.opens("", "en")
        await phone.follows("Place dots")
        form = phone.form
        form.chosen("Note 1")
        await phone.sends(form)
        assert "I have your dots." in phone.text
        await phone.follows("Undo")
        assert 'lang="en"' in phone.page
        await played.play('ali > tryk "Led øvelsen"\nali > tryk "Slut øvelsen"')
        await played.play('ali > udfyld "Hvad nåede I frem til"="Ro"')
        await phone.opens("", "en")
        assert phone.status == 404
        assert "the exercise is over" in phone.text


# --- notes --------------------------------------------------------------------------------


async def test_notes_by_card_are_read_by_all_when_the_round_is_closed(tmp_path: Path) -> None:
    """And by nobody before; whoever takes all back does not count."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        await phones[0].follows("Skriv flere")
        assert phones[0].form.fields["notes.note.1"] == [""]
        await notes(phones[4], "Den her fortrød jeg", "Senere")
        await phones[4].follows("Fortryd")
        assert "Det er taget tilbage." in phones[4].text
        assert "Seddel 1" not in played.channel()
        await notes(phones[4], "Hellere den her")
        await played.play(CLOSED)
        # The board shows three notes of a lane, drawn by lot; the lane shows all.
        await played.play('fatima > tryk "Se tavlen"\nfatima > tryk "Nu"')
        board = played.just("fatima")
        for note in ("Seddel 0", "Seddel 1", "Seddel 2", "Seddel 3", "Hellere den her"):
            assert f"{note} (Seddel)" in board
        assert "Den her fortrød jeg" not in board


@pytest.mark.parametrize(("chat", "cards", "shown"), [(4, 4, False), (0, 5, True), (5, 1, True)])
async def test_people_and_cards_are_never_added(
    tmp_path: Path, chat: int, cards: int, shown: bool
) -> None:
    """The larger of the two counts: whoever deals cards may keep some and write with them."""
    async with in_hand(tmp_path, max(cards, 1)) as (played, phones):
        for person in ("fatima", "peter", "sofie", "lars", "bodil")[:chat]:
            await played.press(person, "Skriv sedler")
            await played.fill(person, {"Hvor på tavlen": "Nu", "Seddel": f"Fra {person}"})
        for n, phone in enumerate(phones[:cards]):
            await notes(phone, f"Seddel {n}")
        await played.play(CLOSED)
        assert ("Nu kan alle læse sedlerne." in played.channel()) is shown
        assert ("Færre end fem skrev" in played.channel()) is not shown


async def test_short_rounds_before_and_after_new_cards_do_not_add_up(tmp_path: Path) -> None:
    """Three people who wrote with an old and with a new card are three, and not six."""
    async with in_hand(tmp_path, 3) as (played, phones):
        for n, phone in enumerate(phones):
            await notes(phone, f"Gammelt kort {n}")
        await played.play(CLOSED)
        await played.play('ali > tryk "Udskriv kort"\nali > tryk "Lav nye kort"')
        await played.play('ali > udfyld "Hvor mange kort"=3')
        _, run = await run_of(played.house)
        assert (run.together, run.shown_rounds) == (3, 1)


async def test_a_note_that_is_missing_something_is_kept_in_the_form(tmp_path: Path) -> None:
    """And one that the round closed on is shown to copy; there is no loss without a word."""
    async with in_hand(tmp_path, 1) as (played, [phone]):
        await phone.opens("?v=write_notes")
        form = phone.form
        form.fields["notes.note.2"] = ["Vi mangler <tid> & ro"]
        await phone.sends(form)
        assert phone.status == 422
        assert 'role="alert" tabindex="-1" autofocus' in phone.page
        assert phone.form.fields["notes.note.2"] == ["Vi mangler <tid> & ro"]
        again = phone.form
        again.chosen("Nu")
        await played.play(CLOSED)
        await phone.sends(again)
        assert phone.status == 422
        assert "er lukket, så der kan ikke skrives mere i den." in phone.text
        assert "Vi mangler <tid> & ro" in phone.text
        await played.play('ali > tryk "Slut øvelsen"\nali > udfyld "Hvad nåede I frem til"="Ro"')
        await phone.sends(again)
        assert phone.status == 404
        assert "Vi mangler <tid> & ro" in phone.text


# --- dots ---------------------------------------------------------------------------------


async def test_dots_are_set_once_with_each_card(tmp_path: Path) -> None:
    """A second press of Send is the first one; another sending is answered as if the card had never
    been, until the first is taken back."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        await played.play(TO_DOTS)
        phone = phones[0]
        await phone.opens("?v=set_dots")
        form = phone.form
        form.chosen("Seddel 0")
        await phone.sends(form)
        first = phone.page
        assert "Jeg har dine prikker." in phone.text
        await phone.sends(form)
        assert phone.page == first
        await dots(phone, "Seddel 1")
        assert phone.status == 404
        assert phone.page == (await answer_of(phone, phone.address[:-32] + "a" * 32))[1]
        await phone.posts("", [("p", re.findall(r'name="p" value="([^"]+)"', first)[0])])
        assert "Det er taget tilbage." in phone.text
        await dots(phone, "Seddel 1", "Seddel 2")
        assert "Jeg har dine prikker." in phone.text
        for other in phones[1:]:
            await dots(other, "Seddel 1")
        await played.play(DOTS_CLOSED)
        await played.play('fatima > tryk "Se tavlen"')
        assert "Seddel 1" in played.just("fatima").partition("Det valgte I at arbejde med")[2]


async def test_the_dots_of_four_cards_and_four_people_are_too_few(tmp_path: Path) -> None:
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        await played.play(TO_DOTS)
        for phone in phones[:4]:
            await dots(phone, "Seddel 1")
        for person in ("fatima", "peter", "sofie", "lars"):
            await played.press(person, "Sæt prikker")
            await played.fill(person, {"Vælg": "Seddel 1"})
        await played.play(DOTS_CLOSED)
        assert "Færre end fem satte prikker" in played.channel()


async def test_dots_that_came_too_late_are_said_not_to_be_kept(tmp_path: Path) -> None:
    """There is no text in their form, so none is promised to be there."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        await played.play(TO_DOTS)
        await played.press("fatima", "Sæt prikker")
        await played.play(DOTS_CLOSED)
        await played.fill("fatima", {"Vælg": "Seddel 1"})
        said = played.just("fatima")
        assert "Det, du valgte, er ikke gemt." in said
        assert "Din tekst" not in said


async def test_one_card_at_two_phones_at_once_counts_once(tmp_path: Path, either: str) -> None:
    """In both databases one of ten sendings at the same time is kept, whichever it is."""
    async with in_hand(tmp_path, 5, either=either) as (played, phones):
        await five_write(phones)
        await played.play(TO_DOTS)
        twins = [Visitor(phones[0]._session, phones[0].address) for _ in range(10)]
        forms = []
        for n, twin in enumerate(twins):
            await twin.opens("?v=set_dots")
            form = twin.form
            form.chosen(f"Seddel {n % 5}")
            forms.append(form)
        await asyncio.gather(*(t.sends(f) for t, f in zip(twins, forms, strict=True)))
        assert sorted(twin.status for twin in twins) == [200, *[404] * 9]


# --- surveys ------------------------------------------------------------------------------


async def test_a_survey_is_answered_once_with_each_card(tmp_path: Path, either: str) -> None:
    """Of what is missing each field says so; five cards make a result, in both databases."""
    async with in_hand(tmp_path, 5, SURVEY, either) as (played, phones):
        phone = phones[0]
        await phone.opens()
        await phone.follows("Svar på rundspørgen")
        assert "kan se, at nogen brugte et kort." in phone.text
        await phone.sends()
        assert phone.status == 422
        assert phone.page.count('class="error"') == 6
        for one in phones:
            await answers(one, "Bedre")
            assert "Jeg har dine svar." in one.text
        await answers(phone, "Værre")
        assert phone.status == 404
        await played.play(SURVEY_CLOSED)
        assert "Er der under 20 svar, viser jeg kun ordene." in played.channel()
        _, run = await run_of(played.house)
        [done] = run.surveys
        assert done.count is not None
        assert (done.count.answers, done.count.cards) == (5, 5)


@pytest.mark.parametrize(("chat", "cards", "shown"), [(4, 4, False), (5, 4, True)])
async def test_ballots_of_people_and_cards_are_never_added(
    tmp_path: Path, chat: int, cards: int, shown: bool
) -> None:
    async with in_hand(tmp_path, cards, SURVEY) as (played, phones):
        for phone in phones:
            await answers(phone, "Bedre")
        for person in ("fatima", "peter", "sofie", "lars", "bodil")[:chat]:
            await played.press(person, "Svar på rundspørgen")
            form = played.form[person]
            assert form is not None
            asked = (
                "Realistisk",
                "Anerkendt",
                "Selvstændigt",
                "Meningsfyldt",
                "Udviklende",
                "Sundt",
            )
            await played.fill(person, dict.fromkeys(asked, "Bedre"))
        await played.play(SURVEY_CLOSED)
        assert ("Er der under 20 svar" in played.channel()) is shown
        assert ("Så få har svaret" in played.channel()) is not shown


# --- when a card cannot be used -----------------------------------------------------------


async def test_withdrawn_used_over_and_never_there_are_answered_alike(tmp_path: Path) -> None:
    """Byte for byte, for a look and for a sending: nobody learns from a card whether it was used,
    nor that it was one."""
    async with in_hand(tmp_path, 5) as (played, phones):
        await five_write(phones)
        await played.play(TO_DOTS)
        await dots(phones[0], "Seddel 1")
        await phones[0].opens("?v=set_dots")
        form = phones[0].form
        form.chosen("Seddel 2")
        never = Visitor(phones[0]._session, phones[0].address[:-32] + "b" * 32)

        async def gone(phone: Visitor, *, used: bool = False) -> set[tuple[int, str]]:
            found = set()
            if not used:
                await phone.opens()
                found.add((phone.status, phone.page))
            await phone.sends(form)
            return found | {(phone.status, phone.page)}

        answered = [await gone(phones[0], used=True)]
        await played.play(DOTS_CLOSED)
        await played.play('ali > tryk "Udskriv kort"\nali > tryk "Lav nye kort"')
        await played.play('ali > udfyld "Hvor mange kort"=1')
        answered.append(await gone(phones[1]))
        project, run = await run_of(played.house)
        await presses(played, e.ExerciseDropped(project=project, run=run.id))
        answered.append(await gone(phones[2]))
        answered.append(await gone(never))
        [(status, _)] = set.union(*answered)
        assert status == 404


async def test_a_card_is_for_its_own_exercise_and_for_nothing_else(tmp_path: Path) -> None:
    """Neither the ways of the open page, nor a form of the chat, nor one of another exercise."""
    async with in_hand(tmp_path, 2) as (played, phones):
        phone = phones[0]
        await phone.opens()
        home = phone.page
        for view in ("say_unnamed", "code", "exercise_lead", "exercise_board", "answer_survey&r=x"):
            await phone.opens(f"?v={view}")
            assert "Din tekst" not in phone.text
            assert 'name="text"' not in phone.page
        assert "Skriv sedler" in home
        await played.press("fatima", "Skriv sedler")
        opened = played.form["fatima"]
        assert opened is not None
        sent = [("f", opened.token), ("lane", "now"), ("notes.note.1", "fra chatten")]
        await phone.posts("?v=write_notes", sent)
        assert "Jeg har" not in phone.text
        assert "fra chatten" in phone.page
        await phone.opens("?v=write_notes")
        form = phone.form
        form.chosen("Nu")
        form.fields["notes.note.1"] = ["Fra den gamle øvelse"]
        project, run = await run_of(played.house)
        await presses(played, e.ExercisePaused(project=project, run=run.id))
        await played.play(BRAINSTORM[BRAINSTORM.index("ali > /digi øvelse") :])
        tokens = await deals(played, 1)
        async with holding(played.house, tokens) as [other]:
            await other.sends(form)
            assert "Jeg har" not in other.text
            look = Look("exercise_card", project=project, ref=run.id)
            await other.posts("", [("p", write_press(played.house.vault, TENANT, look))])
            assert "Øvelsen er sat på pause." not in other.text


async def test_each_card_has_room_of_its_own(tmp_path: Path) -> None:
    """A flood with one card leaves the others as they were, and what was written stands there."""
    async with in_hand(tmp_path, 2) as (played, phones):
        played.house.engine._gate._room = PageRoom(played.house.clock, lambda: 2)
        for n in range(2):
            await notes(phones[0], f"Nummer {n}")
            assert "Jeg har 1 seddel fra dig." in phones[0].text
        await notes(phones[0], "En til")
        assert "Siden tager ikke imod mere lige nu." in phones[0].text
        assert phones[0].form.fields["notes.note.1"] == ["En til"]
        await notes(phones[1], "En anden")
        assert "Jeg har 1 seddel fra dig." in phones[1].text


# --- dealing ------------------------------------------------------------------------------


async def test_whoever_leads_the_project_or_only_the_exercise_deals_none(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        await played.play(BRAINSTORM.replace('"Hvem leder"=ali', '"Hvem leder"=fatima'))
        await played.play('fatima > tryk "Led øvelsen"\nfatima > tryk "Udskriv kort"')
        assert "TR, AMR og tovholderen laver kort" in played.just("fatima")
        project, run = await run_of(played.house)
        made = e.CardsDealt(project=project, run=run.id, count="5")
        for person in ("anne", "fatima", "noor"):
            await presses(played, made, person)
        wanted = e.FileWanted(project=project, view="cards_file", ref=run.id)
        answer = await presses(played, wanted, "anne")
        assert "/d/" not in repr(answer.cards)
        assert (await run_of(played.house))[1].cards.count == 0
        await presses(played, made, "mette")
        assert (await run_of(played.house))[1].cards.count == 5
        sheets = Look("cards_file", project=project, ref=run.id)
        for person, fetches in (("mette", True), ("ali", True), ("anne", False), ("fatima", False)):
            files = (await presses(played, sheets, person)).files
            assert bool(files) is fetches, person
        [danish, _] = (await presses(played, sheets, "mette")).files
        assert isinstance(danish, CardsToPrint)
        printed = {plain(address)[-32:] for address in danish.addresses}
        assert printed == set(await tokens_of(played.house))


@pytest.mark.parametrize("typed", ["0", "-3", "fem", "121", "1.5", "¹"])
async def test_how_many_cards_is_a_number_up_to_a_limit(tmp_path: Path, typed: str) -> None:
    async with stage(tmp_path) as played:
        await played.play(BRAINSTORM)
        await played.play('ali > tryk "Udskriv kort"')
        await played.fill("ali", {"Hvor mange kort": typed})
        assert "Skriv et tal fra 1 til 120." in played.just("ali")
        assert (await run_of(played.house))[1].cards.count == 0


async def test_new_cards_wait_for_the_end_of_a_round_and_come_from_one_hand(tmp_path: Path) -> None:
    """Two cards of one person would count twice in it; of two who make cards at once, the second
    learns that there are some."""
    async with in_hand(tmp_path, 2) as (played, _):
        await played.play('ali > tryk "Led øvelsen"\nali > tryk "Udskriv kort"')
        assert "Der er lavet 2 kort." in played.just("ali")
        await played.play('ali > tryk "Lav nye kort"')
        assert "Der er en runde i gang. Luk den først" in played.just("ali")
        project, run = await run_of(played.house)
        again = e.CardsDealt(project=project, run=run.id, count="9", instead_of=run.cards.id)
        await presses(played, again)
        assert (await run_of(played.house))[1].cards == run.cards
        await played.play(CLOSED)
        await presses(played, e.CardsDealt(project=project, run=run.id, count="9"))
        assert (await run_of(played.house))[1].cards == run.cards
        await presses(played, again)
        assert (await run_of(played.house))[1].cards.count == 9


# --- a whole meeting ----------------------------------------------------------------------


async def test_forty_cards_write_and_choose_once_with_a_restart_inside(
    tmp_path: Path, either: str
) -> None:
    """Twenty before it and twenty after it, in each round; no note and no dot is lost."""
    home = tmp_path
    async with in_hand(home, 40, either=either) as (played, phones):
        tokens = [phone.address[-32:] for phone in phones]
        await asyncio.gather(*(notes(p, f"Nr. {n:02}") for n, p in enumerate(phones[:20])))
    async with stage(home, either=either) as played, holding(played.house, tokens) as phones:
        later = enumerate(phones[20:], 20)
        await asyncio.gather(*(notes(p, f"Nr. {n:02}") for n, p in later))
        await played.move(BEGINNING + timedelta(hours=1))
        project, run = await run_of(played.house)
        await presses(played, e.RoundClosed(project=project, run=run.id, round=run.rounds[0].id))
        for step in ("read", "dots"):
            await presses(played, e.StepTaken(project=project, run=run.id, step=step))
        for phone in phones[:20]:
            await dots(phone, "Nr. 07")
    async with stage(home, either=either) as played, holding(played.house, tokens) as phones:
        await phones[0].opens("?v=set_dots")
        assert sorted(set(re.findall(r"Nr\. \d\d", phones[0].text))) == [
            f"Nr. {n:02}" for n in range(40)
        ]
        for phone in phones[15:]:
            await dots(phone, "Nr. 23")
        assert [phone.status for phone in phones[15:]] == [404] * 5 + [200] * 20
        chosen = [tuple(one.body["chosen"]) for one in await in_pool(played.house, "dots")]
        assert sorted(Counter(chosen).values()) == [20, 20]
        assert len(await in_pool(played.house, "mark")) == 40
        await played.move(BEGINNING + timedelta(hours=2))
        project, run = await run_of(played.house)
        await presses(played, e.RoundClosed(project=project, run=run.id, round=run.rounds[1].id))
        _, run = await run_of(played.house)
        assert len(run.chosen) == 2
