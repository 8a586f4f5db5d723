"""A question in the words of the workplace: patient and pupil, in every form of the word."""

from __future__ import annotations

import re

import pytest

from content.catalogue import load
from content.model import Both
from dialogs.model.facts import About, Known, Project
from dialogs.walk.states import Planned, in_their_words, spoken, theirs
from tests.worlds.stage import BEGINNING

CATALOGUE = load()
CITIZEN = re.compile(r"\b(borger|citizen)", re.IGNORECASE)


def at(kind: str) -> Known:
    project = Project(
        id="p",
        name="P",
        channel="C",
        stage="running",
        starter="a",
        drafted_at=BEGINNING,
        workplace=kind,
    )
    return Known(CATALOGUE, {About(): project})


@pytest.mark.parametrize("kind", ["hospital", "education"])
def test_no_question_says_citizen_where_there_are_patients_or_pupils(kind: str) -> None:
    """Whatever form of the word a question has, there is one for it; both languages."""
    known, changed = at(kind), 0
    for question in CATALOGUE.questions:
        found = spoken(Planned(question, 1), CATALOGUE)
        assert found is not None
        said = in_their_words(found, known)
        changed += said != found
        for both in (said.text, said.why):
            assert not CITIZEN.search(f"{both.da} {both.en}"), both
    assert changed >= 5


def test_a_form_keeps_its_ending_and_its_capital() -> None:
    """And a longer word that begins alike stays."""
    words = Both("Borgernes vaner, en borgers ret", "Citizens' habits")
    assert theirs(words, at("hospital")) == Both(
        "Patienternes vaner, en patients ret", "Patients' habits"
    )
    citizenship = Both("Borgerskab", "Citizenship")
    assert theirs(citizenship, at("education")) == citizenship


@pytest.mark.parametrize("kind", ["care", "office", "general"])
def test_elsewhere_a_question_stays_as_it_is(kind: str) -> None:
    """Citizen is the word of the sources."""
    words = Both("Hvad får borgerne?", "What do citizens get?")
    assert theirs(words, at(kind)) == words


def test_what_a_team_has_asked_itself_stays_as_it_was_written() -> None:
    """People's own words are never changed."""
    found = spoken(Planned("own", 1, text="Hvad siger borgerne?"), CATALOGUE)
    assert found is not None
    assert in_their_words(found, at("hospital")) == found
