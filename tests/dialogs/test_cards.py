"""Every card and form that a dialog can build can be rendered, with any texts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.localize import Localizer
from bot.core.tokens import read_form, read_press
from content import catalogue as content
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.facts import Prefs
from storage.vault import Vault
from tests.worlds.boards import boards, grids
from tests.worlds.cards import Dressed, problems_of_card, problems_of_form
from tests.worlds.pictures import pictures

CATALOGUE = content.load()
VAULT = Vault(b"k" * 32)
TENANT = "test:a"
PLAIN_KEYS = sorted(
    key
    for key, phrase in CATALOGUE.phrases.items()
    if isinstance(phrase.da, str) and "{" not in phrase.da
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
ID = st.text("abcdef0123456789", min_size=1, max_size=12)
SIMPLE: st.SearchStrategy[c.Line] = st.one_of(
    [
        st.builds(c.Words, TEXT),
        st.builds(c.Kept, ID, ID),
        st.builds(c.Who, ID),
        st.builds(c.Day, st.dates(date(2000, 1, 1), date(2100, 1, 1))),
        st.builds(
            c.Moment,
            st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        ),
        st.builds(c.Hour, st.integers(0, 1439)),
        st.builds(c.Count, st.integers(0, 999)),
        st.builds(c.Said, TEXT, TEXT),
        st.builds(c.Typed, st.sampled_from(["help", "status", "say"])),
        st.builds(c.Text, st.sampled_from(PLAIN_KEYS)),
    ]
)
LINES: st.SearchStrategy[c.Line] = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        [
            st.builds(c.Listing, st.lists(inner, max_size=3).map(tuple)),
            st.builds(c.Several, st.lists(inner, max_size=3).map(tuple)),
        ]
    ),
    max_leaves=4,
)
OURS = st.one_of(
    [
        st.builds(c.Said, TEXT, TEXT),
        st.builds(c.Day, st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.booleans()),
        st.builds(c.Text, st.sampled_from(PLAIN_KEYS)),
    ]
)
PRESSES: st.SearchStrategy[e.Press] = st.one_of(
    [
        st.builds(e.Look, st.sampled_from(["help", "answer"]), project=ID, ref=ID),
        st.builds(e.AgreementTaken, project=ID, agreement=ID),
        st.builds(e.Fits, project=ID, question=ID),
    ]
)
BUTTONS: st.SearchStrategy[Any] = st.builds(
    c.Button,
    LINES,
    PRESSES,
    st.sampled_from(["plain", "main", "quiet", "danger"]),
    st.none() | LINES,
)
DUE = st.sampled_from(["", "soon", "passed", "done"])
PARTS: st.SearchStrategy[Any] = st.one_of(
    [
        st.builds(c.Heading, LINES),
        st.builds(c.Paragraph, LINES),
        st.builds(c.Small, LINES),
        st.builds(c.FactRows, st.lists(st.tuples(LINES, LINES), max_size=3).map(tuple)),
        st.builds(c.Quote, LINES, st.none() | LINES),
        st.builds(c.Bullets, st.lists(LINES, max_size=3).map(tuple), st.booleans()),
        st.builds(c.Progress, st.integers(0, 9), st.integers(1, 9), LINES),
        pictures(OURS),
        boards(LINES),
        grids(LINES),
        st.builds(c.Buttons, st.lists(BUTTONS, min_size=1, max_size=3).map(tuple)),
        st.builds(
            c.Matters,
            st.lists(
                st.builds(
                    c.MatterRow,
                    LINES,
                    st.none() | LINES,
                    st.none() | LINES,
                    st.none() | LINES,
                    DUE,
                    st.none() | BUTTONS,
                ),
                max_size=3,
            ).map(tuple),
        ),
    ]
)
CARDS: st.SearchStrategy[Any] = st.builds(c.Card, st.lists(PARTS, max_size=5).map(tuple))
OPTIONS: st.SearchStrategy[Any] = st.lists(
    st.builds(c.Option, ID, LINES, st.none() | LINES), max_size=3
).map(tuple)
HINT = st.none() | LINES
FIELDS: st.SearchStrategy[Any] = st.one_of(
    [
        st.builds(c.TextField, ID, LINES, HINT, st.booleans(), st.integers(1, 3000), value=HINT),
        st.builds(c.Choice, ID, LINES, OPTIONS, hint=HINT),
        st.builds(c.Choices, ID, LINES, OPTIONS, hint=HINT),
        st.builds(c.People, ID, LINES, st.booleans(), hint=HINT),
        st.builds(c.DateField, ID, LINES, st.none() | st.dates(), hint=HINT),
        st.builds(c.TimeField, ID, LINES, st.none() | st.integers(0, 1439), hint=HINT),
        st.builds(c.Note, LINES),
    ]
)
FORMS: st.SearchStrategy[Any] = st.builds(
    c.Form,
    LINES,
    st.lists(FIELDS, max_size=5).map(tuple),
    LINES,
    st.sampled_from(["answered", "look", "said_unnamed"]),
    st.dictionaries(ID, ID, max_size=3),
)
LANGUAGES: st.SearchStrategy[Literal["da", "en"]] = st.sampled_from(["da", "en"])


def dresser(language: Literal["da", "en"]) -> Localizer:
    return Localizer(
        CATALOGUE,
        language,
        tenant=TENANT,
        mac=VAULT,
        people={"a": Prefs(name="Anne")},
        words={},
        typed=lambda word: f"/digi {word}",
        today=date(2026, 11, 20),
        reader="anne",
    )


@pytest.fixture
def any_words(dressed: Dressed) -> Dressed:
    """Generated texts, which exceed the limits of real ones."""
    return dressed


def kinds(parts: tuple[Any, ...]) -> list[str]:
    return [type(part).__name__ for part in parts]


def lines_of(node: Any, kind: type[Any]) -> list[Any]:
    if isinstance(node, kind):
        return [node]
    if isinstance(node, msgspec.Struct):
        return [x for name in node.__struct_fields__ for x in lines_of(getattr(node, name), kind)]
    if isinstance(node, tuple):
        return [x for one in node for x in lines_of(one, kind)]
    return []


def test_any_card_can_be_drawn(any_words: Dressed) -> None:
    """Each text from a person is complete, and each button is decoded to its press."""

    @given(CARDS, LANGUAGES)
    def holds(card: c.NeutralCard, language: Literal["da", "en"]) -> None:
        finished = dresser(language).card(card)
        assert kinds(finished.parts) == kinds(card.parts)
        wrote = [line.text for line in lines_of(card, c.Words)]
        assert [t for t in wrote if t not in {q.text for q in lines_of(finished, c.Quoted)}] == []
        meant = [button.press for button in lines_of(card, c.Button)]
        read = [read_press(VAULT, TENANT, b.token) for b in lines_of(finished, c.Button)]
        assert read == meant
        assert all(button.press is None for button in lines_of(finished, c.Button))
        assert msgspec.json.decode(msgspec.json.encode(finished), type=c.FinishedCard) == finished
        any_words.forget()

    holds()


def test_any_form_can_be_drawn(any_words: Dressed) -> None:
    """The event that it becomes is in the signed token, not in the form."""

    @given(FORMS, LANGUAGES)
    def holds(form: c.NeutralForm, language: Literal["da", "en"]) -> None:
        finished = dresser(language).form(form)
        token = read_form(VAULT, TENANT, finished.token, "anne")
        assert (token.into, token.fixed) == (form.into, form.fixed)
        assert finished.fixed == {}
        assert kinds(finished.fields) == kinds(form.fields)
        assert msgspec.json.decode(msgspec.json.encode(finished), type=c.FinishedForm) == finished
        any_words.forget()

    holds()


LONG: c.Spans = (c.Plain("x" * 76),)


@pytest.mark.parametrize(
    ("problem", "button"),
    [
        ("label has 76", c.Button(LONG, token="a")),
        ("label has 0", c.Button((), token="a")),
        ("token of 2000", c.Button((c.Plain("Svar"),), token="a" * 2000)),
        ("do the same", c.Button((c.Plain("Svar"),), token="t")),
    ],
)
def test_a_card_that_an_edge_cannot_draw_is_found(problem: str, button: c.Button[c.Spans]) -> None:
    """The check that runs in all tests finds each of the problems it is for."""
    card: c.FinishedCard = c.Card((c.Buttons((c.Button((c.Plain("Ja"),), token="t"), button)),))
    assert [found for found in problems_of_card(card) if problem in found]


def test_a_form_that_an_edge_cannot_draw_is_found() -> None:
    """A long title, a duplicate field, options that are equal or too long, a token that is too
    large."""
    label: c.Spans = (c.Plain("Svar"),)
    options = (c.Option("1", label), c.Option("1", LONG))
    form: c.FinishedForm = c.Form(
        LONG, (c.TextField("a", label), c.Choice("a", label, options)), LONG, "x", {}, "t" * 3000
    )
    assert len(problems_of_form(form)) == 6
