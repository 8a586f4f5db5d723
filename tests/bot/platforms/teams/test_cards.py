"""Texts in Teams, as rendered by Microsoft's own renderer, are the texts that were written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.teams import draw, forms
from dialogs.model import cards as c
from dialogs.model import pictures
from tests.worlds import card_validators

NASTY = (
    "**fed** og _kursiv_",
    "[tryk](https://x.dk)",
    "![se](https://x.dk/a.png)",
    "<at>Anne</at>",
    "<b>fed</b>",
    "{{DATE(2026-11-20T10:00:00Z,SHORT)}}",
    "{{TIME(2026-11-20T10:00:00Z)}}",
    "${navn}",
    "# overskrift",
    "- punkt",
    "1. punkt",
    "> citat",
    "`kode`",
    "a\nb\n\n\nc",
    "| a | b |",
    "https://x.dk",
    "\\*",
    "&lt;b&gt;",
    "👩‍👩‍👧 æøå",
    "***",
    "\u2060",
)


@pytest.fixture(autouse=True)
def _validators() -> None:
    card_validators.needed()


def pages(drawn: draw.TeamsMessage) -> list[dict[str, Any]]:
    return [drawn.card, *(page.card for page in drawn.rest)]


def choices(words: c.Spans, hint: c.Spans | None = None) -> tuple[c.Option[c.Spans], ...]:
    return (c.Option("1", words, hint), c.Option("2", (c.Plain("nej"),)))


def said(text: str) -> str:
    """Return the text of a rendered card, ignoring white space."""
    return re.sub(r"[\s\u2060]+", "", text)


@pytest.mark.parametrize("words", NASTY)
def test_what_people_write_is_read_as_they_wrote_it(words: str) -> None:
    """Nowhere in a card or form do they become markup, a link or a date."""
    spans: c.Spans = (c.Quoted(words),)
    card: c.FinishedCard = c.Card(
        (
            c.Heading(spans),
            c.Paragraph(spans),
            c.Small(spans),
            c.FactRows(((spans, spans),)),
            c.Quote(spans, spans),
            c.Bullets((spans,)),
            c.Progress(1, 4, spans),
            c.Board(
                (c.BoardColumn(spans, (c.BoardNote(spans, "worse", spans, spans),), 0, spans),)
            ),
            c.Grid((spans, spans), ((spans, spans),)),
            pictures.Steps(spans, (), spans),
            pictures.Chart(spans, (), (), None, spans),
        )
    )
    shown = card_validators.shown(draw.messages((card,), "da").card)
    assert not said(words) or said(shown.text).count(said(words)) >= 19
    assert (shown.links, shown.styled) == ((), ())
    options = choices(spans, spans)
    form: c.FinishedForm = c.Form(
        spans,
        (
            c.Note(spans),
            c.TextField("a", spans, spans, value=spans),
            c.Choice("b", spans, options, hint=spans),
            c.Choices("c", spans, options),
        ),
        spans,
        "x",
        {},
        "t",
    )
    shown = card_validators.shown(forms.form(form, "da"))
    assert (shown.links, shown.styled) == ((), ())
    assert said(shown.text).count(said(words)) >= 5


MARKS = st.text('*_`~[]()<>#-+1.!&;:\\| "ab', min_size=1, max_size=24)


@settings(max_examples=150, deadline=None)
@given(words=MARKS)
def test_an_option_is_read_as_it_was_written(words: str) -> None:
    """Expanded choices are parsed as markdown, and the escaped text comes out unchanged."""
    options = choices((c.Quoted(words),))
    form: c.FinishedForm = c.Form(
        (c.Plain("Valg"),),
        (c.Choices("a", (c.Plain("Hvem?"),), options),),
        (c.Plain("OK"),),
        "x",
        {},
        "t",
    )
    shown = card_validators.shown(forms.form(form, "da"))
    assert (shown.links, shown.styled) == ((), ())
    assert said(shown.text) == said(f"Hvem?{words.strip() or '…'}nejOK")


@pytest.mark.parametrize(
    "words", ["Anne Holm (leder)", "5 * 3", "a_b", "C#", "Nej!", "[x] <3 & du"]
)
def test_an_option_without_markup_has_no_stroke_in_it(words: str) -> None:
    """A Teams client that parses no markdown there would show every backslash."""
    options = choices((c.Quoted(words),))
    form: c.FinishedForm = c.Form(
        (c.Plain("Valg"),),
        (c.Choice("a", (c.Plain("Hvem?"),), options),),
        (c.Plain("OK"),),
        "x",
        {},
        "t",
    )
    [field] = [one for one in forms.form(form, "da")["body"] if one["type"] == "Input.ChoiceSet"]
    assert field["choices"][0]["title"] == words


def test_a_dialog_says_its_title_once() -> None:
    """The dialog's title bar shows it; a heading with another text stays."""
    card: c.FinishedCard = c.Card((c.Heading((c.Plain("Sig det"),)), c.Paragraph((c.Plain("x"),))))
    drawn = draw.messages((card,), "da").card
    for title, first in (("Sig det", "RichTextBlock"), ("Digi", "TextBlock")):
        body = draw.dialog(drawn, title)["task"]["value"]["card"]["content"]["body"]
        assert body[0]["type"] == first


def test_what_one_person_wrote_stands_in_one_box() -> None:
    """Two lines are not two quotes; only a text longer than a page is divided."""
    short: c.FinishedCard = c.Card((c.Quote((c.Quoted("Ja.\n\nMen ikke nu."),)),))
    [box] = draw.messages((short,), "da").card["body"]
    assert [item["inlines"][-1]["text"] for item in box["items"]] == ["Ja.", "Men ikke nu."]
    long: c.FinishedCard = c.Card((c.Quote((c.Quoted("\n".join(["æøå " * 100] * 30)),)),))
    found = pages(draw.messages((long,), "da"))
    assert len([one for page in found for one in page["body"] if one["type"] == "Container"]) > 1
