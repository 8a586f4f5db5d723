"""What Digi says keeps the rules of its language that a machine can check (`make check` runs it).

Each rule is also tried on a text that breaks it, so that a rule that finds nothing is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from content import catalogue as content
from tests.content.plain_language import (
    Said,
    comma_missing,
    det_der_twice,
    everything,
    promises_differ,
    ruled_out,
)

TEXTS = tuple(everything(content.load()))


def broken(rule: Callable[[Said], Iterator[str]], texts: Iterable[tuple[Said, Said]]) -> list[str]:
    return [
        f"{said.place} ({said.language}): {problem}"
        for pair in texts
        for said in pair
        for problem in rule(said)
    ]


def test_no_text_uses_a_word_that_is_ruled_out() -> None:
    """Words of projects and memos, and English that is Danish in English words."""
    assert not broken(ruled_out, TEXTS)


def test_no_sentence_says_det_der_twice() -> None:
    """Where there are two, one of them has a noun that can be named."""
    assert not broken(det_der_twice, TEXTS)


def test_every_subordinate_clause_has_its_comma() -> None:
    """As far as the words before and after tell, in phrases and sets alike."""
    assert not broken(comma_missing, TEXTS)


def test_both_languages_promise_the_same() -> None:
    """Each figure, weekday and month of a text is in both languages."""
    odd = [f"{da.place}: {problem}" for da, en in TEXTS for problem in promises_differ(da, en)]
    assert not odd


@pytest.mark.parametrize(
    "text",
    [
        "Vi evaluerer tiltaget.",
        "Aftalen er gået over datoen.",
        "Hvad venter I af teknologien?",
        "Slack og driften kan se det.",
        "Om 3 dag(e) spørger jeg.",
        "Det digitale ændrer arbejdet.",
    ],
)
def test_words_that_are_ruled_out_are_found(text: str) -> None:
    """Words of projects and memos are found in any form."""
    assert list(ruled_out(Said("x", "da", text)))


@pytest.mark.parametrize(
    "text",
    [
        "Ask your leader.",
        "Everybody can read it.",
        "It lies here.",
        "2 have answered by name.",
        "You no longer read along.",
        "Fetch the file.",
        "Last deadline for items",
        "It begins on {day} at {hour}.",
    ],
)
def test_english_that_is_danish_in_english_words_is_found(text: str) -> None:
    """English is checked against its own list."""
    assert list(ruled_out(Said("x", "en", text)))
    assert not list(ruled_out(Said("x", "da", text)))


def test_a_word_is_allowed_in_its_place_only() -> None:
    """The name of a phase may be said, and an allowed word only where it is allowed."""
    assert not list(ruled_out(Said("x", "da", "Fase 4: Implementering og drift")))
    assert not list(ruled_out(Said("promise.hint_owner", "en", "Such as the team leader")))
    assert list(ruled_out(Said("promise.hint_when", "en", "Such as the team leader")))


def test_det_der_is_counted_by_the_sentence() -> None:
    """Twice in one sentence is too often; once in each of two is not."""
    twice = "Det, der er sagt, er det, der gælder."
    assert list(det_der_twice(Said("x", "da", twice)))
    assert not list(det_der_twice(Said("x", "da", "Det, der er, er. Det, der står, står.")))


@pytest.mark.parametrize(
    "text",
    [
        "Jeg ved at du er her.",
        "Jeg spørger fordi det betyder noget.",
        "Du kan svare når du har tid.",
        "Se hvem der leder.",
        "Kun dem der er med.",
        "Alt du skriver, er gemt.",
        "Alle som skriver, er med.",
    ],
)
def test_a_clause_without_its_comma_is_found(text: str) -> None:
    """The words before and after tell where a clause begins."""
    assert list(comma_missing(Said("x", "da", text)))


@pytest.mark.parametrize(
    "text",
    [
        "Jeg ved, at du er her.",
        "Uden at nogen ser det, eller når du vil.",
        "Skriv hvorfor.",
        "Vi når det hele. Også når det haster.",
        "Fx hvis alt skal gøres ens.",
        "I kan bede dem om det.",
    ],
)
def test_what_needs_no_comma_is_left_alone(text: str) -> None:
    """A rule with false alarms would be switched off."""
    assert not list(comma_missing(Said("x", "da", text)))


@pytest.mark.parametrize(
    ("da", "en"),
    [
        ("Senest torsdag.", "By Friday."),
        ("Højst to beskeder.", "At most 3 messages."),
        ("I november.", "In December."),
        ("Kl. 13.30", "At 13:00"),
    ],
)
def test_a_promise_in_one_language_only_is_found(da: str, en: str) -> None:
    """Figures in digits or words, times, weekdays and months are compared."""
    assert list(promises_differ(Said("x", "da", da), Said("x", "en", en)))


@pytest.mark.parametrize(
    ("da", "en"),
    [
        ("Torsdag kl. 13, om to uger", "Thursday at 13:00, in 2 weeks"),
        ("Tal to og to i 5 minutter", "Talk in pairs for five minutes"),
        ("Mellem kl. {start} og {end}", "Between {start}:00 and {end}:00"),
    ],
)
def test_the_same_promise_in_other_words_is_the_same(da: str, en: str) -> None:
    """Each language writes figures and times in its own way."""
    assert not list(promises_differ(Said("x", "da", da), Said("x", "en", en)))
