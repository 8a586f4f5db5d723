"""Draws pictures as SVG and PNG: named steps and bar charts.

One drawing for every edge and document, wide or as narrow as a phone. It can be read in grey: a
group has a pattern besides its colour, and a step its sign or word. The sentence is its description
for those who do not see it, with the whole of every label.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import font_source_sans_pro
import resvg_py
from msgspec import Struct

from bot.documents.svg import (
    ColourScheme,
    Fill,
    Pen,
    Type,
    clean,
    number,
    shortened,
    width_of,
    wrapped,
)
from dialogs.model.cards import FinishedPicture, Spans, plain
from dialogs.model.pictures import Bar, Chart, NamedStep, Steps, Tone

WIDE = 616
"""Pixels across a card."""
PHONE = 288
"""Pixels across a card on the narrowest phone, 320 px."""
_ABREAST = 470
"""From this width on, steps stand side by side and a bar beside its label."""
_MARGIN = 20
PNG_WIDTH = PHONE + 2 * _MARGIN
"""Pixels across a PNG, which chats show as wide as the phone is."""
_PIXELS = 400_000
"""Pixels of a PNG at most, as long as each of the picture's own is one."""
_SIDES = ("width", "height")
TALLEST = 800
"""Pixels down of a drawing in a document, at `WIDE`: with a heading above it, a page of A4 holds it
whole."""
Rows = tuple[int, int]
"""The first of the bars that are drawn, and the first that is not."""

FONT = "Source Sans Pro"
FONT_FILES = tuple(
    str(Path(font_source_sans_pro.font_directory) / f"SourceSansPro-{weight}.ttf")
    for weight in ("Regular", "Semibold")
)

_NAME = Type(15, 20, bold=True)
_DATE = Type(14, 19)
_TITLE = Type(16, 24, bold=True)
_FIGURE = Type(13, 18, bold=True)
_HINT = Type(14, 19)


class _Look(Struct, frozen=True):
    """How a group is drawn: ground, what is written on it, and the pattern over it."""

    ground: str
    ink: str
    pattern: Fill = "solid"
    mark: str = ""


_LOOKS: dict[Tone, _Look] = {
    "accent": _Look("accent", "card"),
    "better": _Look("better-soft", "better"),
    "worse": _Look("worse-soft", "worse", "stripes", "worse-mark"),
    "today": _Look("today-soft", "today", "dots", "today-mark"),
    "neutral": _Look("card", "ink", "backstripes", "edge"),
}
_THICK = 26
_ROUND = 6
_LABEL_LINES = 6
"""Of a label or a date. What is longer ends in an ellipsis, and stands whole in the sentence."""


class _Drawing(Struct):
    """What was drawn so far, and how far down."""

    pen: Pen
    width: float
    y: float
    elements: list[str]


@lru_cache(maxsize=256)
def picture_svg(
    picture: FinishedPicture,
    width: int = WIDE,
    *,
    theme: ColourScheme = "light",
    ground: bool = False,
    rows: Rows | None = None,
) -> str:
    """Return the picture as an SVG element that can stand in HTML.

    `ground`: with a margin on the ground of a card, for where the picture stands alone. `rows`:
    only these bars of a chart, as long as among all of them.
    """
    inner = width - 2 * _MARGIN if ground else width
    drawing = _Drawing(Pen(theme), inner, 0, [])
    if isinstance(picture, Steps):
        _draw_steps(picture, drawing)
    else:
        _draw_chart(picture, drawing, rows)
    height = drawing.y + (2 * _MARGIN if ground else 0)
    body = "".join(drawing.elements)
    if ground:
        card = drawing.pen.box(0, 0, width, height, "card")
        body = f'{card}<g transform="translate({_MARGIN} {_MARGIN})">{body}</g>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img"'
        f' width="{number(width)}" height="{number(height)}"'
        f' viewBox="0 0 {number(width)} {number(height)}"'
        f' font-family="{FONT}, system-ui, sans-serif">'
        f"<title>{clean(plain(picture.title))}</title>"
        f"<desc>{clean(plain(picture.sentence or ()))}</desc>{body}</svg>"
    )


def picture_png(
    picture: FinishedPicture,
    *,
    width: int = PNG_WIDTH,
    theme: ColourScheme = "light",
    zoom: float | None = None,
    rows: Rows | None = None,
) -> bytes:
    """Return the picture as a PNG, drawn with the one named font, whatever is installed here.

    Unless `zoom` says otherwise, it has two pixels for each of its own, for sharp screens, and
    fewer if it is long: half of the time it takes is that of packing the pixels.
    """
    svg = picture_svg(picture, width=width, theme=theme, ground=True, rows=rows)
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        skip_system_fonts=True,
        font_files=list(FONT_FILES),
        font_family=FONT,
        zoom=zoom_of(svg) if zoom is None else zoom,
    )


def rows_of_pages(picture: FinishedPicture, *, ground: bool = False) -> tuple[Rows | None, ...]:
    """Return which bars each drawing in a document has, so that no page's end cuts one: as few
    drawings as can be, with as many bars each."""
    every = len(picture.bars) if isinstance(picture, Chart) else 0
    for pages in range(1, every + 1):
        ends = [page * every // pages for page in range(pages + 1)]
        rows = tuple(pairwise(ends))
        if pages == every or all(_fits(picture, one, ground) for one in rows):
            return rows
    return (None,)


def _fits(picture: FinishedPicture, rows: Rows, ground: bool) -> bool:
    _, height = _size_of(picture_svg(picture, ground=ground, rows=rows))
    return height <= TALLEST


def zoom_of(svg: str) -> float:
    """Return how many pixels of the PNG one of the drawing gets, across and down."""
    width, height = _size_of(svg)
    return round(min(2.0, max(1.0, math.sqrt(_PIXELS / (width * height)))), 2)


def _size_of(svg: str) -> tuple[float, float]:
    width, height = (float(svg.partition(f' {side}="')[2].partition('"')[0]) for side in _SIDES)
    return width, height


# --- steps ----------------------------------------------------------------------------------


def _draw_steps(picture: Steps[Spans], drawing: _Drawing) -> None:
    if drawing.width < _ABREAST:
        _steps_below(picture, drawing)
    else:
        _steps_abreast(picture, drawing)


def _steps_abreast(picture: Steps[Spans], drawing: _Drawing) -> None:
    """Draw the steps as columns below a bar each; that of the current one has a ground."""
    gap, pad = 6, 8  # between the columns, and inside that of the current step
    of = max(len(picture.steps), 1)
    across = (drawing.width - gap * (of - 1)) / of
    insets = [pad if step.state == "now" else 0 for step in picture.steps]
    columns = [
        _step_lines(picture, step, across - inset)
        for step, inset in zip(picture.steps, insets, strict=True)
    ]
    height = max((_height(lines) for lines in columns), default=0) + 22
    for at, (step, lines, inset) in enumerate(zip(picture.steps, columns, insets, strict=True)):
        x = at * (across + gap)
        if step.state == "now":
            drawing.elements.append(drawing.pen.box(x, 0, across, height, "accent-soft", 4))
        bar = "line" if step.state == "later" else "accent"
        drawing.elements.append(drawing.pen.box(x, 0, across, 5, bar, 2))
        _put_lines(drawing, x + inset, 10, lines)
    drawing.y = height


def _steps_below(picture: Steps[Spans], drawing: _Drawing) -> None:
    """Draw the steps one below the other, beside a bar each."""
    for at, step in enumerate(picture.steps):
        lines = _step_lines(picture, step, drawing.width - 26)
        height = _height(lines) + 16
        if step.state == "now":
            ground = drawing.pen.box(0, drawing.y, drawing.width, height, "accent-soft", 4)
            drawing.elements.append(ground)
        bar = "line" if step.state == "later" else "accent"
        drawing.elements.append(drawing.pen.box(0, drawing.y, 5, height, bar, 2))
        _put_lines(drawing, 16, drawing.y + 6, lines)
        drawing.y += height + (6 if at < len(picture.steps) - 1 else 0)


class _Line(Struct, frozen=True):
    """A line of text; `sign` is a check mark before it, `tail` further words in the accent."""

    text: str
    type: Type
    colour: str = "ink"
    sign: bool = False
    tail: str = ""


def _step_lines(picture: Steps[Spans], step: NamedStep[Spans], room: float) -> list[_Line]:
    lines = [_Line(line, _NAME) for line in wrapped(plain(step.name), room, _NAME)]
    now = plain(picture.now) if step.state == "now" and picture.now is not None else ""
    if now and lines and width_of(f"{lines[-1].text} · {now}", _NAME) <= room:
        lines[-1] = _Line(lines[-1].text, _NAME, tail=f"· {now}")
    elif now:
        lines.append(_Line("", _NAME, tail=now))
    done = step.state == "done"
    when = plain(step.when) if step.when is not None else ""
    dates = wrapped(when, room - (17 if done else 0), _DATE, _LABEL_LINES)
    for at, date in enumerate(dates or ([""] if done else [])):
        lines.append(_Line(date, _DATE, "muted", sign=done and at == 0))
    return lines


def _height(lines: list[_Line]) -> float:
    return sum(line.type.leading for line in lines)


def _put_lines(drawing: _Drawing, x: float, y: float, lines: list[_Line]) -> None:
    for line in lines:
        y += line.type.leading
        base = y - 4
        start = x
        if line.sign:
            drawing.elements.append(drawing.pen.check(x, base, "accent"))
            start += 17
        if line.text or line.tail:
            drawing.elements.append(_words(drawing.pen, start, base, line))


def _words(pen: Pen, x: float, y: float, line: _Line) -> str:
    drawn = pen.text(x, y, line.text, line.type, line.colour)
    if not line.tail:
        return drawn
    gap = " " if line.text else ""
    accent = f'class="fill-accent" fill="{pen.colour("accent")}"'
    return drawn.replace("</text>", f"{gap}<tspan {accent}>{clean(line.tail)}</tspan></text>")


# --- charts ---------------------------------------------------------------------------------


def _draw_chart(picture: Chart[Spans], drawing: _Drawing, rows: Rows | None) -> None:
    unit = plain(picture.unit) if picture.unit is not None else ""
    for line in wrapped(plain(picture.title), drawing.width, _TITLE):
        drawing.y += _TITLE.leading
        drawing.elements.append(drawing.pen.text(0, drawing.y - 6, line, _TITLE, "ink"))
    drawing.y += 6
    longest = max((sum(bar.values) for bar in picture.bars), default=0) or 1
    first, end = rows or (0, len(picture.bars))
    for bar in picture.bars[first:end]:
        drawing.elements.append(drawing.pen.rule(0, drawing.y + 0.5, drawing.width))
        _draw_row(picture, bar, longest, unit, drawing)
    if len(picture.groups) > 1:
        _draw_legend(picture, unit, drawing)


def _draw_row(
    picture: Chart[Spans], bar: Bar[Spans], longest: int, unit: str, drawing: _Drawing
) -> None:
    """Draw a label with its bar, beside it or below."""
    abreast = drawing.width >= _ABREAST
    room = drawing.width * 0.46 if abreast else drawing.width
    lines = wrapped(plain(bar.label), room - 12, _NAME, _LABEL_LINES)
    top = drawing.y + 10
    for at, line in enumerate(lines):
        base = top + 18 + at * _NAME.leading
        drawing.elements.append(drawing.pen.text(0, base, line, _NAME, "ink"))
    words = len(lines) * _NAME.leading
    x = room if abreast else 0
    y = top if abreast else top + words + 6
    without_room = _draw_bar(picture, bar, longest, unit, drawing, x, y)
    y += _THICK
    for line in wrapped(", ".join(without_room), drawing.width - x, _HINT):
        y += _HINT.leading
        drawing.elements.append(drawing.pen.text(x, y, line, _HINT, "muted"))
    drawing.y = max(y, top + words) + 10


def _draw_bar(
    picture: Chart[Spans],
    bar: Bar[Spans],
    longest: int,
    unit: str,
    drawing: _Drawing,
    x: float,
    y: float,
) -> list[str]:
    """Draw the parts of a bar. With one group its figure stands behind the bar, otherwise each
    inside its part. Return the figures that have no room there."""
    pen, room = drawing.pen, drawing.width - x
    if len(bar.values) == 1:
        figure = shortened(f"{bar.values[0]} {unit}".strip(), room / 2, _FIGURE)
        widest = max(width_of(f"{b.values[0]} {unit}", _FIGURE) for b in picture.bars)
        length = (room - min(widest, room / 2) - 8) * bar.values[0] / longest
        drawing.elements += _part(pen, x, y, length, picture.groups[0].tone, _ROUND, _ROUND)
        x += length + 8 if length else 0
        drawing.elements.append(pen.text(x, y + _THICK / 2 + 5, figure, _FIGURE, "ink"))
        return []
    parts = [(g, v) for g, v in zip(picture.groups, bar.values, strict=True) if v]
    if not parts:
        drawing.elements.append(pen.text(x, y + _THICK / 2 + 5, "0", _FIGURE, "ink"))
    without_room = []
    end = x
    for at, (group, value) in enumerate(parts):
        length = room * value / longest
        left, right = _ROUND if at == 0 else 0, _ROUND if at == len(parts) - 1 else 0
        drawing.elements += _part(pen, end, y, length, group.tone, left, right)
        inside = list(_inside(pen, end, y, length, plain(group.name), value, group.tone))
        drawing.elements += inside
        if not inside:
            without_room.append(f"{plain(group.name)} {value}")
        if at:
            drawing.elements.append(pen.box(end - 0.5, y, 1, _THICK, "edge"))
        end += length
    if end > x:
        frame = pen.frame(x + 0.5, y + 0.5, end - x - 1, _THICK - 1, "edge", _ROUND - 0.5)
        drawing.elements.append(frame)
    return without_room


def _part(
    pen: Pen, x: float, y: float, length: float, tone: Tone, left: float, right: float
) -> Iterator[str]:
    if length > 0:
        look = _LOOKS[tone]
        yield pen.slab(x, y, length, _THICK, look.ground, left, right)
        yield pen.pattern(x, y, length, _THICK, look.mark, look.pattern)


def _inside(
    pen: Pen, x: float, y: float, length: float, name: str, value: int, tone: Tone
) -> Iterator[str]:
    """Write name and figure, or the figure alone, on a plate inside its part, if there is room."""
    look = _LOOKS[tone]
    for words in (f"{name} {value}", str(value)):
        needed = width_of(words, _FIGURE) + 8
        if needed + 4 <= length:
            middle = x + length / 2
            if look.pattern != "solid":
                yield pen.box(middle - needed / 2, y + 3, needed, _THICK - 6, look.ground, 3)
            yield pen.text(middle, y + _THICK / 2 + 5, words, _FIGURE, look.ink, "middle")
            return


def _draw_legend(picture: Chart[Spans], unit: str, drawing: _Drawing) -> None:
    """Draw what each pattern means, and what the figures count."""
    drawing.elements.append(drawing.pen.rule(0, drawing.y + 0.5, drawing.width))
    x, y = 0.0, drawing.y + 12
    for group in picture.groups:
        lines = wrapped(plain(group.name), drawing.width - 30, _HINT) or [""]
        needed = 30 + max(width_of(line, _HINT) for line in lines)
        if x and (x + needed > drawing.width or len(lines) > 1):
            x, y = 0.0, y + 24
        drawing.elements += _swatch(drawing.pen, x, y, group.tone)
        for at, line in enumerate(lines):
            base = y + 14 + at * _HINT.leading
            drawing.elements.append(drawing.pen.text(x + 30, base, line, _HINT, "muted"))
        x += needed + 14
        if len(lines) > 1:
            x, y = drawing.width, y + (len(lines) - 1) * _HINT.leading
    if unit:
        words = shortened(f"({unit})", drawing.width, _HINT)
        if x + width_of(words, _HINT) > drawing.width:
            x, y = 0.0, y + 24
        drawing.elements.append(drawing.pen.text(x, y + 14, words, _HINT, "muted"))
    drawing.y = y + 24


def _swatch(pen: Pen, x: float, y: float, tone: Tone) -> Iterator[str]:
    look = _LOOKS[tone]
    yield pen.slab(x, y, 22, 18, look.ground, 4, 4)
    yield pen.pattern(x, y, 22, 18, look.mark, look.pattern)
    yield pen.frame(x + 0.5, y + 0.5, 21, 17, "edge", 3.5)
