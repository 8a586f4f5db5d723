"""The privacy notice above an unsigned form is short, and true of the installation."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pytest

from bot.core.localize import Localizer
from content import catalogue as content
from dialogs.model import cards as c
from dialogs.model.cards import text
from dialogs.model.facts import Operator, Prefs
from dialogs.question.states import what_is_kept
from dialogs.say.forms import NAMED_AT_MOST, honest
from storage.vault import Vault
from tests.anonymity.hands import ROOT, open_form, running

CATALOGUE = content.load()
NAMES = ("Anne", "Anne Marie Louise Holm-Østergaard Sørensen", "anne.holm (hun/hende) 📱 tlf 12")
DAYS = (datetime(2026, 11, 26, 6, 30, tzinfo=UTC), datetime(2027, 9, 23, 5, 0, tzinfo=UTC))
LANGUAGES: tuple[Literal["da", "en"], ...] = ("da", "en")
OPERATORS = (Operator(), Operator(database_keeps_times=True))
TENANTS = ("slack:T1", "teams:t1", "web:playground", "")


def dressed(line: c.Line, language: Literal["da", "en"], tenant: str, name: str) -> str:
    people = {f"p{n}": Prefs(name=name) for n in range(20)}
    localizer = Localizer(
        CATALOGUE,
        language,
        tenant=tenant,
        mac=Vault(bytes(32)),
        people=people,
        words={},
        typed=lambda word: f"/digi {word}",
        today=date(2026, 11, 25),
    )
    return c.plain(localizer.line(line))


def readers(n: int) -> tuple[c.Line, ...] | None:
    if n > NAMED_AT_MOST:
        return None
    return tuple(
        text("say.reader", who=c.First(f"p{i}"), role=text(f"say.role_{role}"))
        for i, role in zip(range(n), itertools.cycle(("leader", "tr", "amr")), strict=False)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_sixty_words_are_enough_whatever_the_settings(language: Literal["da", "en"]) -> None:
    """For any number of readers with any names, on every platform and day, it has at most sixty
    words."""
    longest = 0
    settings = itertools.product(TENANTS, NAMES, DAYS, range(9), OPERATORS)
    for tenant, name, day, n, operator in settings:
        on_page = honest(readers(n), day, operator, "page")
        assert len(dressed(on_page, language, tenant, name).split()) <= 60
        said = dressed(honest(readers(n), day, operator), language, tenant, name)
        longest = max(longest, len(said.split()))
        assert len(said.split()) <= 60, said
    for tenant, name, day, operator in itertools.product(TENANTS, NAMES, DAYS, OPERATORS):
        for figure in (1, 250):
            for line in before_a_question(figure, day, operator):
                said = dressed(line, language, tenant, name)
                longest = max(longest, len(said.split()))
                assert len(said.split()) <= 60, said
    assert longest > 50, "the settings tried do not come near the limit"


def before_a_question(figure: int, day: datetime, operator: Operator) -> tuple[c.Line, c.Line]:
    kept, chat, counted = what_is_kept(operator), c.Chat(), c.Count(figure)
    return (
        text("question.before_unnamed", kept=kept, may=counted, left=counted, chat=chat),
        text("question.before_missing", kept=kept, who=c.Who("p0"), until=c.Moment(day), chat=chat),
    )


def before_an_exercise(day: datetime, operator: Operator) -> tuple[c.Line, ...]:
    kept, chat = what_is_kept(operator), c.Chat()
    return (
        text("exercise.before_notes", kept=kept, chat=chat),
        text("exercise.before_notes_days", kept=kept, chat=chat, when=c.Moment(day)),
        text("exercise.before_notes_week", kept=kept, chat=chat, when=c.Moment(day)),
        text("survey.before", kept=kept, chat=chat),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_sixty_words_are_enough_in_an_exercise(language: Literal["da", "en"]) -> None:
    """What is said before a note or a survey has at most sixty words too."""
    for tenant, day, operator in itertools.product(TENANTS, DAYS, OPERATORS):
        for line in before_an_exercise(day, operator):
            said = dressed(line, language, tenant, "Anne")
            assert 40 < len(said.split()) <= 60, said


def test_a_database_that_keeps_times_is_said_before_the_first_word() -> None:
    """This is in every form that leads to an unsigned text, in both languages, and nowhere else."""
    for operator, da, en in zip(
        OPERATORS,
        ("Jeg gemmer hverken navn eller klokkeslæt.", "Jeg gemmer intet navn; databasen gemmer"),
        ("I keep neither name nor time.", "I keep no name; the database keeps"),
        strict=True,
    ):
        lines = (honest(readers(2), DAYS[0], operator), *before_a_question(9, DAYS[0], operator))
        for line in lines:
            assert dressed(line, "da", "slack:T1", "Anne").startswith(da)
            assert dressed(line, "en", "slack:T1", "Anne").startswith(en)


def test_the_page_says_what_is_true_of_the_page() -> None:
    """No chat stands in between, whoever runs the server can see that the page was used; in at
    most sixty words."""
    for operator in OPERATORS:
        kept = what_is_kept(operator)
        for line in (
            honest(readers(3), DAYS[0], operator, "page"),
            text("page.before_answer", kept=kept),
        ):
            danish = dressed(line, "da", "slack:T1", "Anne")
            english = dressed(line, "en", "slack:T1", "Anne")
            assert len(danish.split()) <= 60
            assert len(english.split()) <= 60
            assert "Der er ingen chat imellem." in danish
            assert "Den, der driver serveren, kan se, at nogen brugte siden." in danish
            assert "Slack" not in danish


@pytest.mark.parametrize("key", ["exercise.before_notes_card", "survey.before_card"])
def test_the_page_of_a_card_says_what_is_true_of_it(key: str) -> None:
    """No chat is named, and whoever runs the server can see that a card was used; in at most sixty
    words."""
    for operator in OPERATORS:
        line = text(key, kept=what_is_kept(operator))
        danish = dressed(line, "da", "slack:T1", "Anne")
        english = dressed(line, "en", "slack:T1", "Anne")
        assert len(danish.split()) <= 60
        assert len(english.split()) <= 60
        assert "Den, der driver serveren, kan se, at nogen brugte et kort." in danish
        assert not any(chat in danish + english for chat in ("Slack", "Teams", "Chatten"))


def test_it_is_said_that_the_platform_can_read_the_code() -> None:
    """The code is shown in a window of the platform, so each such form says so beforehand, with the
    platform's name."""
    lines = (honest(readers(2), DAYS[0]), *before_a_question(9, DAYS[0], Operator()))
    for line, tenant in itertools.product(lines, ("slack:T1", "teams:t1")):
        name = tenant.partition(":")[0].capitalize()
        assert f"{name} kan læse tekst og kode." in dressed(line, "da", tenant, "Anne")
        assert f"{name} can read text and code." in dressed(line, "en", tenant, "Anne")


def test_the_platform_is_called_by_its_name() -> None:
    """Slack in Slack, Teams in Teams, elsewhere "the chat"."""
    for tenant, called in zip(TENANTS, ("Slack", "Teams", "Chatten", "Chatten"), strict=True):
        said = dressed(honest(readers(1), DAYS[0]), "da", tenant, "Anne Holm")
        assert f"{called}, it-afdelingen og dem, der driver serveren, kan se" in said
        assert "Anne (leder) læser hvert ord, hvis du vælger det." in said


async def test_the_form_says_who_can_read_and_when_it_goes(tmp_path: Path) -> None:
    """It names the current role holders, without the viewer."""
    async with running(tmp_path) as played:
        await open_form(played, "noor")
        said = played.just("noor")
        assert "Anne (leder), Mette (TR) og Jonas (AMR) læser hvert ord" in said
        assert "Teksten sendes senest torsdag den 5. november kl. 7" in said
        assert "Læs mere: /digi om" in said
        await open_form(played, "mette")
        assert "Anne (leder) og Jonas (AMR) læser hvert ord" in played.just("mette")


async def test_the_whole_of_it_is_one_command_away(tmp_path: Path) -> None:
    """Controller, purpose, legal basis, categories, recipients, retention, what others see, what
    Digi is not, and the whistleblower scheme; missing entries are named as missing."""
    async with running(tmp_path) as played:
        await played.type("noor", "om")
        said = played.just("noor")
        for row in (
            "Dataansvarlig Den, der driver Digi, har ikke skrevet det endnu.",
            "Formål",
            "Retsgrundlag",
            "Det gemmer jeg",
            "Det kan læses af",
            "Det slettes 90 dage efter",
            "Det kan andre se Chatten, it-afdelingen og dem, der driver serveren, kan se",
            "Det er jeg ikke",
            "Whistleblowerordning Jeg er ikke en whistleblowerordning.",
        ):
            assert row in said, row
        await played.press("noor", "Læs mere")
        assert "Jeg gemmer hverken navn eller klokkeslæt." in played.just("noor")


def test_the_note_for_representative_and_security_officer_is_the_same_in_both_languages() -> None:
    """Both have the same headings and the same number of rows and points, and every test that they
    name exists."""
    note = (ROOT / "docs" / "anonymity.md").read_text(encoding="utf-8")
    danish, english = note.split("## English")
    for mark in ("\n### ", "\n| ", "\n- ", "\n1. "):
        assert danish.count(mark) == english.count(mark) > 0, mark
    proofs = re.findall(r"`(?:tests/)?((?:anonymity/)?test_\w+\.py)`", danish)
    assert proofs == re.findall(r"`(?:tests/)?((?:anonymity/)?test_\w+\.py)`", english)
    for proof in proofs:
        assert any((ROOT / "tests" / there / proof).exists() for there in ("", "anonymity")), proof
