"""Pictures are drawn with everything that they say, for every eye, ground and width."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
import resvg_py
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.documents import pictures as drawn
from bot.documents.pictures import PHONE, WIDE, picture_png, picture_svg
from bot.documents.svg import COLOURS, ColourScheme, Type, shortened, width_of, wrapped
from dialogs.model.cards import FinishedPicture, Plain, Spans, plain
from dialogs.model.pictures import Bar, Chart, Group, NamedStep, Steps, Tone
from tests.worlds.pictures import pictures
from tests.worlds.png import grey

Colour = tuple[int, int, int]
SVG = "{http://www.w3.org/2000/svg}"
THEMES: tuple[ColourScheme, ...] = ("light", "dark")


def said(text: str) -> Spans:
    return (Plain(text),)


STEPS = Steps(
    said("Hvor er vi nu?"),
    (
        NamedStep(said("Idéudvikling"), "done", said("til 12. november")),
        NamedStep(said("Konsekvensvurdering"), "now", said("siden 12. november")),
        NamedStep(said("Udvikling og anskaffelse"), "later", said("beslutning 4. februar")),
        NamedStep(said("Implementering og drift"), "later"),
    ),
    said("Her er vi nu: Konsekvensvurdering."),
    said("nu"),
)
CHART = Chart(
    said("Det, I ser forskelligt på"),
    (Bar(said("Indflydelse på vores egen dag"), (10, 5, 10)), Bar(said("Mening"), (20, 0, 5))),
    (
        Group(said("bedre"), "better"),
        Group(said("som før"), "neutral"),
        Group(said("værre"), "worse"),
    ),
    said("svar"),
    said("Det, I ser forskelligt på."),
)
LETTERS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzæøåÆØÅ WM-.,%&<>\"'0123456789"))
ANYTHING = st.text(max_size=60)


def texts(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}text"))


def everything_in(svg: str) -> str:
    """Return the words of a drawing as they are read, without the breaks between lines."""
    return " ".join("".join(text.itertext()) for text in texts(svg)).replace("- ", "")


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_steps_show_each_name_each_date_and_which_is_now(width: int) -> None:
    read = everything_in(picture_svg(STEPS, width=width))
    for step in STEPS.steps:
        assert plain(step.name) in read
        assert step.when is None or plain(step.when) in read
    assert "Konsekvensvurdering · nu" in read


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_a_long_name_leaves_room_for_the_word_now(width: int) -> None:
    long = said("Implementation and operation of the new care platform in all our districts")
    steps = tuple(
        NamedStep(long if at == 3 else said("Idea"), "now" if at == 3 else "done")
        for at in range(4)
    )
    picture = Steps(said("Where are we?"), steps, said("Now: the last."), said("now"))
    assert everything_in(picture_svg(picture, width=width)).split()[-1] == "now"


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_a_chart_shows_each_label_figure_and_group(width: int) -> None:
    read = everything_in(picture_svg(CHART, width=width))
    for words in ("Det, I ser forskelligt på", "Indflydelse på vores egen dag", "Mening"):
        assert words in read
    for words in ("bedre 10", "værre 10", "bedre 20", " 5 ", "som før", "svar"):
        assert words in read


@settings(max_examples=60, deadline=None)
@given(pictures(st.builds(said, ANYTHING)), st.sampled_from([PHONE, WIDE]), st.booleans())
def test_every_picture_is_well_formed_and_described(picture: Any, width: int, ground: bool) -> None:
    """Whatever the words are. It has title and description, and nothing that a strict page refuses:
    no style, script, link, or id that a second picture would have as well."""
    svg = picture_svg(picture, width=width, ground=ground)
    tree = ElementTree.fromstring(svg)
    title, desc = tree[0], tree[1]
    assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
    assert tree.get("role") == "img"
    allowed = {"svg", "title", "desc", "rect", "path", "text", "tspan", "g"}
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= allowed
    names = {name for element in tree.iter() for name in element.attrib}
    assert not names & {"id", "style", "href"}
    assert not [name for name in names if name.startswith("on")]


@settings(max_examples=60, deadline=None)
@given(pictures(st.builds(said, LETTERS)))
def test_the_description_says_all_that_the_sentence_says(picture: Any) -> None:
    """A label that was shortened stands in it whole."""
    tree = ElementTree.fromstring(picture_svg(picture))
    assert tree[0].text or plain(picture.title) == ""
    assert (tree[1].text or "") == plain(picture.sentence)


@settings(max_examples=100, deadline=None)
@given(pictures(st.builds(said, LETTERS)), st.sampled_from([PHONE, WIDE]))
def test_no_text_leaves_the_picture(picture: Any, width: int) -> None:
    """Long labels are wrapped or shortened, also a word longer than a line."""
    for text in texts(picture_svg(picture, width=width)):
        size, bold = float(text.attrib["font-size"]), "font-weight" in text.attrib
        across = width_of("".join(text.itertext()), Type(size, 0, bold))
        x = float(text.attrib["x"]) - (across / 2 if "text-anchor" in text.attrib else 0)
        assert x >= -0.5
        assert x + across <= width + 0.5


STATEMENT = (
    "Der bliver taget hensyn til konsekvenserne for arbejdsmiljøet og til dem, der arbejder om"
    " natten, hver gang teknologien bliver ændret, også når alle har travlt"
)
DEGREES = ("I meget høj grad eller i høj grad eller i nogen grad", "resten", "Slet ikke, tror jeg")
FIGURES = st.lists(st.integers(0, 80).map(lambda n: n * 5), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(FIGURES.map(tuple), min_size=1, max_size=4), st.sampled_from([PHONE, WIDE]))
def test_a_chart_says_all_of_its_words_and_figures(rows: Any, width: int) -> None:
    """Also the figure of a part that is too narrow for it, and a label as long as a statement."""
    tones: tuple[Tone, ...] = ("better", "neutral", "worse")
    groups = tuple(Group(said(name), tone) for name, tone in zip(DEGREES, tones, strict=True))
    chart = Chart(said("Svarene"), tuple(Bar(said(STATEMENT), row) for row in rows), groups)
    read = everything_in(picture_svg(chart, width=width))
    assert read.count(STATEMENT) == len(rows)
    assert all(name in read for name in DEGREES)
    shown = [int(n) for n in re.findall(r"\d+", read)]
    wanted = [n for row in rows for n in (row if any(row) else [0]) if n or not any(row)]
    assert sorted(shown) == sorted(wanted)


def test_no_line_of_a_chart_is_written_over_another() -> None:
    """Names of groups that take several lines, and figures below their bars, have room."""
    groups = (Group(said(STATEMENT), "better"), Group(said("x")), Group(said(STATEMENT), "worse"))
    bars = (Bar(said("a"), (395, 5, 5)), Bar(said(STATEMENT), (5, 5, 395)))
    for width in (PHONE, WIDE):
        svg = picture_svg(Chart(said("Svarene"), bars, groups, said("svar")), width=width)
        lines = {(float(one.attrib["x"]), float(one.attrib["y"])) for one in texts(svg)}
        assert len(lines) == len(texts(svg))
        for x in {x for x, _ in lines}:
            downwards = sorted(y for at, y in lines if at == x)
            assert all(y - above >= 18 for above, y in pairwise(downwards))
        assert max(y for _, y in lines) <= float(ElementTree.fromstring(svg).attrib["height"])


def test_a_long_word_is_broken_where_danish_would() -> None:
    """Between the parts of a compound, then between syllables, and always with a hyphen."""
    name = Type(15, 20, bold=True)
    assert wrapped("rrrrrrrrrrrrrr", 80, name)[0].endswith("r-")
    assert "-" not in wrapped("20262027202820", 80, name)[0]
    assert wrapped("Konsekvensvurdering", 130, name) == ["Konsekvens-", "vurdering"]
    assert wrapped("Implementering", 110, name) == ["Implemente-", "ring"]
    assert wrapped("en to tre fire fem seks", 60, name, most=2)[-1].endswith("…")


def test_a_label_is_shortened_after_a_whole_word() -> None:
    label = Type(15, 20)
    text = "Udvikling og anskaffelse af ny teknologi"
    assert shortened(text, 1000, label) == text
    assert shortened(text, 205, label) == "Udvikling og anskaffelse…"


# --- colours --------------------------------------------------------------------------------


def luminance(colour: Colour) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(part * share for part, share in zip(parts, (0.2126, 0.7152, 0.0722), strict=True))


def rgb(name: str, theme: ColourScheme) -> Colour:
    red, green, blue = bytes.fromhex(COLOURS[name][theme == "dark"].removeprefix("#"))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_read_has_a_contrast_of_at_least_four_and_a_half(theme: ColourScheme) -> None:
    """On the ground of a card, of the current step, and of each part of a bar."""
    pairs = {("ink", "card"), ("muted", "card"), ("accent", "card")}
    pairs |= {("ink", "accent-soft"), ("muted", "accent-soft"), ("accent", "accent-soft")}
    pairs |= {(look.ink, look.ground) for look in drawn._LOOKS.values()}
    for ink, ground in pairs:
        assert contrast(rgb(ink, theme), rgb(ground, theme)) >= 4.5, (ink, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_edges_and_patterns_have_a_contrast_of_at_least_three(theme: ColourScheme) -> None:
    """The frame of a bar and what divides its parts are seen on each ground, and so is what a part
    is told by in grey."""
    pairs = {("edge", look.ground) for look in drawn._LOOKS.values() if look.ground != "accent"}
    pairs |= {("edge", "card")}
    pairs |= {(look.mark, look.ground) for look in drawn._LOOKS.values() if look.mark}
    for mark, ground in pairs:
        assert contrast(rgb(mark, theme), rgb(ground, theme)) >= 3, (mark, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_groups_are_told_apart_in_grey(theme: ColourScheme) -> None:
    """Two groups differ in their pattern, or their grounds are as different as ink and paper."""
    for one, other in combinations(get_args(Tone), 2):
        first, second = drawn._LOOKS[one], drawn._LOOKS[other]
        if first.pattern == second.pattern:
            light = contrast(rgb(first.ground, theme), rgb(second.ground, theme))
            assert light >= 3, (one, other)


# --- PNG ------------------------------------------------------------------------------------


def ink(png: bytes, theme: ColourScheme) -> int:
    """Return how many pixels are on the other side of middle grey than the ground is."""
    return sum((pixel < 128) == (theme == "light") for pixel in grey(png).pixels)


@pytest.mark.parametrize("theme", THEMES)
def test_the_text_of_a_png_is_there(theme: ColourScheme) -> None:
    """A missing font draws blank text without an error: the same picture without the font file has
    no ink where the name is."""
    picture = Steps(STEPS.title, (NamedStep(said("Konsekvensvurdering"), "later"),))
    with_font = ink(picture_png(picture, theme=theme), theme)
    svg = picture_svg(picture, width=PHONE + 40, theme=theme, ground=True)
    without = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, zoom=2)
    assert with_font - ink(without, theme) > 400


def test_every_danish_letter_is_in_the_font() -> None:
    """A letter that is missing would be drawn as the same empty box as any other."""

    def picture(letter: str) -> bytes:
        return picture_png(Steps((), (NamedStep(said(letter), "later"),)))

    letters = "æøåÆØÅéÉöÖ·…\uffff"
    assert len({picture(letter) for letter in letters}) == len(letters)


@pytest.mark.parametrize("picture", [STEPS, CHART])
def test_the_same_picture_gives_the_same_bytes(picture: FinishedPicture) -> None:
    """Also when it is drawn anew, so that a delivery that is retried sends the same file."""
    first = picture_png(picture)
    picture_svg.cache_clear()
    assert picture_png(picture) == first
    assert picture_png(picture, theme="dark") != first


def test_a_chart_without_bars_or_steps_is_drawn() -> None:
    for picture in (Steps[Spans]((), ()), Chart[Spans](said("Intet"), (), (Group(said("x")),))):
        assert picture_png(picture)


def test_the_current_step_is_marked_without_colour() -> None:
    """By a word; what is done, by a sign; neither stands at a step to come."""
    svg = picture_svg(STEPS)
    assert svg.count('stroke-linejoin="round"') == 1
    assert len(re.findall("· nu", svg)) == 1
