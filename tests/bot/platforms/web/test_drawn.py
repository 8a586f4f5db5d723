"""The page renders any card and form, and all of it is readable."""

from __future__ import annotations

import asyncio
import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser

from bot.documents.pictures import picture_svg
from bot.documents.svg import COLOURS
from bot.platforms.common.ports import Answer
from bot.platforms.web.playground.people import PEOPLE
from bot.platforms.web.playground.server import STATIC
from bot.platforms.web.playground.wire import WIDTHS, bare
from dialogs.model.cards import (
    Board,
    Bullets,
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    Emph,
    FactRows,
    FinishedCard,
    FinishedForm,
    Form,
    Grid,
    Heading,
    Link,
    MatterRow,
    Matters,
    Mention,
    Note,
    Option,
    Paragraph,
    People,
    Plain,
    Progress,
    Quote,
    Quoted,
    Small,
    Spans,
    Strong,
    TextField,
    TimeField,
    every_button,
    plain,
)
from dialogs.model.pictures import Chart, Steps
from tests.worlds.boards import boards, grids
from tests.worlds.pictures import pictures
from tests.worlds.web_fixtures import (
    CHART,
    STEPS,
    World,
)
from tests.worlds.web_page import HOSTILE, window

# --- every card and every form ------------------------------------------------------------

texts = st.one_of(st.text(max_size=40), st.sampled_from([HOSTILE, "", " ", "\n", "\u202e\u0000"]))
spans: st.SearchStrategy[Spans] = st.lists(
    st.one_of(
        st.builds(Plain, texts),
        st.builds(Strong, texts),
        st.builds(Emph, texts),
        st.builds(Quoted, texts),
        st.builds(Mention, texts, texts),
        st.builds(Link, texts, st.one_of(texts, st.just("javascript:alert(1)"))),
    ),
    max_size=4,
).map(tuple)
some_spans = st.lists(spans, max_size=4).map(tuple)
styles = st.sampled_from(["plain", "main", "quiet", "danger"])
button = st.builds(Button, spans, st.none(), styles, st.one_of(st.none(), spans), token=texts)
line = st.one_of(st.none(), spans)
due = st.sampled_from(["", "soon", "passed", "done"])
matter = st.builds(MatterRow, spans, line, line, line, due, st.one_of(st.none(), button))
cards: st.SearchStrategy[FinishedCard] = st.lists(
    st.one_of(
        st.builds(Heading, spans),
        st.builds(Paragraph, spans),
        st.builds(Small, spans),
        st.builds(FactRows, st.lists(st.tuples(spans, spans), max_size=3).map(tuple)),
        st.builds(Quote, spans, st.one_of(st.none(), spans)),
        st.builds(Bullets, some_spans, st.booleans()),
        st.builds(Progress, st.integers(0, 40), st.integers(0, 40), spans),
        pictures(spans),
        boards(spans, line),
        grids(spans),
        st.builds(Buttons, st.lists(button, max_size=4).map(tuple)),
        st.builds(Matters, st.lists(matter, max_size=3).map(tuple)),
    ),
    max_size=6,
).map(lambda parts: Card(tuple(parts)))
hint = st.one_of(st.none(), spans)
people = st.lists(st.sampled_from([person.id for person in PEOPLE] + ["gone"]), max_size=3)
options = st.lists(st.builds(Option, texts, spans, hint), max_size=10).map(tuple)
forms: st.SearchStrategy[FinishedForm] = st.builds(
    Form,
    spans,
    st.lists(
        st.one_of(
            st.builds(Note, spans),
            st.builds(
                TextField,
                texts,
                spans,
                hint,
                st.booleans(),
                st.integers(1, 3000),
                st.booleans(),
                hint,
            ),
            st.builds(Choice, texts, spans, options, texts, hint, st.booleans()),
            st.builds(
                Choices, texts, spans, options, st.lists(texts).map(tuple), hint, st.booleans()
            ),
            st.builds(People, texts, spans, st.booleans(), people.map(tuple), hint, st.booleans()),
            st.builds(
                DateField, texts, spans, st.one_of(st.none(), st.dates()), hint, st.booleans()
            ),
            st.builds(
                TimeField,
                texts,
                spans,
                st.one_of(st.none(), st.integers(0, 1439)),
                hint,
                st.booleans(),
            ),
        ),
        max_size=6,
    ).map(tuple),
    spans,
    texts,
    token=texts,
)

DRAW = """async ([answers, people]) => {
  const { drawCard } = await import("/static/draw.js");
  const { drawForm } = await import("/static/fields.js");
  return answers.map((answer) => {
    const form = drawForm(answer.form, people);
    for (const field of form.fields) {
      field.fault();
      field.show(["x"]);
      field.show([]);
      document.body.append(field.element);
      field.focus();
      field.element.remove();
    }
    return {
      text: answer.cards.map((card) => {
        const drawn = drawCard(card, "da", () => {});
        for (const row of drawn.querySelectorAll(".buttons, svg")) row.remove();
        return drawn.textContent;
      }),
      pictures: answer.cards.map((card) =>
        [...drawCard(card, "da", () => {}).querySelectorAll("svg")].map((drawing) => [
          drawing.getAttribute("role"),
          drawing.querySelector("title").textContent,
          drawing.querySelector("desc").textContent,
        ]),
      ),
      buttons: answer.cards.map((card) =>
        [...drawCard(card, "da", () => {}).querySelectorAll("button:not(.more)")].map(
          (button) => button.textContent,
        ),
      ),
      read: form.fields.map((field) => [field.id, field.read()]),
      strange: answer.cards.flatMap((card) => [
        ...drawCard(card, "da", () => {}).querySelectorAll("img, script, b, a[href^='javascript']"),
      ]).length,
    };
  });
}"""


def all_text(card: FinishedCard) -> str:
    """Return the texts that a rendered card must contain beside its buttons, in order and
    unchanged."""
    found: list[Spans | None] = []
    for part in card.parts:
        match part:
            case FactRows(rows):
                found += [line for row in rows for line in row]
            case Quote(quoted, by):
                found += [quoted, by]
            case Bullets(items):
                found += items
            case Progress(label=label):
                found.append(label)
            case Chart(sentence=sentence):
                found.append(sentence)
            case Board(columns):
                for column in columns:
                    found.append(column.name)
                    found += [line for n in column.notes for line in (n.kind, n.words, n.about)]
                    found.append(column.under)
            case Grid(names, rows):
                found += [*names, *(cell for row in rows for cell in row)]
            case Matters(rows):
                found += [line for r in rows for line in (r.kind, r.words, r.about, r.promise)]
            case Heading(line) | Paragraph(line) | Small(line):
                found.append(line)
    return "".join(plain(line) for line in found if line is not None)


def all_pictures(card: FinishedCard) -> list[list[str]]:
    """Return role, title and description of each picture, in each of its widths."""
    return [
        ["img", _xml(plain(part.title)), _xml(plain(part.sentence or ()))]
        for part in card.parts
        if isinstance(part, Steps | Chart)
        for _ in WIDTHS
    ]


def _xml(text: str) -> str:
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def all_buttons(card: FinishedCard) -> list[str]:
    return sorted(plain(button.label) for button in every_button(card))


async def test_every_card_and_form_is_drawn_whatever_it_says(
    world: World, browser: Browser
) -> None:
    """Any card and form passes through JSON unchanged and is rendered literally, without markup."""
    made: list[Answer] = []

    @settings(
        max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(cards, max_size=2).map(tuple), forms)
    def make(some: tuple[FinishedCard, ...], form: FinishedForm) -> None:
        answer = Answer(cards=some, form=form)
        assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
        made.append(answer)

    await asyncio.to_thread(make)
    people_there = [msgspec.to_builtins(person) for person in PEOPLE]
    async with window(browser, world, "anne") as page:
        sent = [
            msgspec.structs.replace(
                answer, cards=tuple(bare(card, picture_svg) for card in answer.cards)
            )
            for answer in made
        ]
        drawn = await page.evaluate(DRAW, [msgspec.to_builtins(sent), people_there])
    for answer, found in zip(made, drawn, strict=True):
        assert found["text"] == [all_text(card) for card in answer.cards]
        assert found["pictures"] == [all_pictures(card) for card in answer.cards]
        drawn_buttons = [sorted(buttons) for buttons in found["buttons"]]
        assert drawn_buttons == [all_buttons(card) for card in answer.cards]
        assert found["strange"] == 0
        assert answer.form is not None
        fields = [field for field in answer.form.fields if not isinstance(field, Note)]
        assert [id for id, _ in found["read"]] == [field.id for field in fields]
        for field, (_, read) in zip(fields, found["read"], strict=True):
            if isinstance(field, TimeField):
                assert read == ("" if field.value is None else str(field.value))
            if isinstance(field, DateField):
                assert read == (field.value.isoformat() if field.value else "")
            if isinstance(field, People) and field.many:
                known = [person.id for person in PEOPLE if person.id in field.values]
                assert read == known


# --- what can be read ---------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_pair_of_colours_can_be_read() -> None:
    """Text has a contrast of 4.5 to 1 on every background, in light and dark mode (WCAG AA)."""
    css = (STATIC / "style.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    )
    pairs = [(ink, on) for ink in ("ink", "soft") for on in ("ground", "side", "sheet", "whisper")]
    pairs += [("accent", on) for on in ("ground", "side", "sheet", "whisper", "accent-wash")]
    pairs += [("accent-ink", "accent"), ("danger", "sheet"), ("danger", "ground")]
    pairs += [("danger-ink", "danger"), ("ink", "accent-wash"), ("soft", "accent-wash")]
    pairs += [(tone, f"{tone}-wash") for tone in ("better", "worse", "today")]
    for theme in (light, dark):
        for ink, on in pairs:
            low, high = sorted((luminance(theme[ink]), luminance(theme[on])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, on)


def test_the_page_gives_pictures_the_colours_of_their_files() -> None:
    """So what holds for their contrast and in grey holds here."""
    css = (STATIC / "style.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    drawn = dict(re.findall(r"\.(?:fill|stroke)-([\w-]+) \{ (?:fill|stroke): var\((.*?)\)", css))
    assert drawn.keys() == COLOURS.keys()
    for theme, block in enumerate(blocks):
        colours = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block))
        assert {name: colours[drawn[name]] for name in COLOURS} == {
            name: both[theme] for name, both in COLOURS.items()
        }


def test_the_page_has_every_text_in_both_languages() -> None:
    """The page's own texts exist in Danish and English under the same names."""
    source = (STATIC / "words.js").read_text("utf-8")
    danish, english = (
        re.findall(r"^    (\w+):", block, re.MULTILINE)
        for block in re.findall(r"^  (?:da|en): \{\n(.*?)^  \},", source, re.MULTILINE | re.DOTALL)
    )
    assert danish == english
    page = (STATIC / "index.html").read_text("utf-8")
    assert set(re.findall(r'data-word="(\w+)"', page)) <= set(danish)


# --- pictures -----------------------------------------------------------------------------

PICTURES = """async (card) => {
  const { drawCard } = await import("/static/draw.js");
  const drawn = drawCard(card, "da", () => {});
  document.getElementById("log").replaceChildren(drawn);
  const boxes = [...drawn.querySelectorAll(".picture-box")];
  const seen = boxes.map((box) => {
    const drawings = [...box.querySelectorAll("svg")];
    const shown = drawings.filter((svg) => svg.getBoundingClientRect().width);
    const edge = shown[0].getBoundingClientRect();
    const inside = (text) => {
      const { left, right, bottom } = text.getBoundingClientRect();
      return left >= edge.left - 1 && right <= edge.right + 1 && bottom <= edge.bottom + 1;
    };
    const texts = [...shown[0].querySelectorAll("text")];
    const size = Number.parseFloat(getComputedStyle(texts[0]).fontSize);
    const scale = edge.width / shown[0].viewBox.baseVal.width;
    const fits = edge.right <= box.getBoundingClientRect().right + 1;
    return [shown.length, fits, texts.every(inside), size * scale >= 12];
  });
  return seen;
}"""


@pytest.mark.parametrize("width", [320, 390, 600, 1440])
async def test_a_picture_fits_its_card_in_the_browsers_own_font(
    world: World, browser: Browser, width: int
) -> None:
    """One drawing is shown, no wider than the card; no text leaves it, and none is too small."""
    card = bare(Card((STEPS, CHART)), picture_svg)
    async with window(browser, world, "anne", width) as page:
        seen = await page.evaluate(PICTURES, msgspec.to_builtins(card))
    assert seen == [[1, True, True, True]] * 2
