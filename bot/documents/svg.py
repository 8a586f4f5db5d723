"""Pieces of SVG: text that keeps to its room, areas with a pattern, signs, and the colours.

Every element carries its colour for the theme it is drawn in, and a class of the same name, so that
a page can give it the colours of its own theme. Nothing has an id: a page can hold the same picture
twice.
"""

from __future__ import annotations

import re
from html import escape
from typing import Literal

from msgspec import Struct

ColourScheme = Literal["light", "dark"]
Fill = Literal["solid", "stripes", "backstripes", "dots"]
Anchor = Literal["start", "middle", "end"]

COLOURS: dict[str, tuple[str, str]] = {
    "card": ("#fffefb", "#202725"),
    "ink": ("#1d2321", "#eceae3"),
    "muted": ("#59615d", "#a5ada8"),
    "line": ("#dcd8ce", "#36403c"),
    "edge": ("#787e79", "#7c8782"),
    "accent": ("#0b5d54", "#7fd1c0"),
    "accent-soft": ("#e2eeea", "#1e3a35"),
    "better": ("#23703f", "#8fd3a6"),
    "better-soft": ("#dcefe2", "#21382a"),
    "worse": ("#a63a30", "#f1998c"),
    "worse-soft": ("#f6dfdb", "#42261f"),
    "worse-mark": ("#bb665c", "#a8655b"),
    "today": ("#8a4f0a", "#e3ac62"),
    "today-soft": ("#f6e7cf", "#3a2c18"),
    "today-mark": ("#b0772b", "#9a7740"),
}
"""Each colour on light and on dark ground, with a contrast of at least 4.5 for what is read, and 3
for edges and patterns, without which a bar could not be read in grey."""

# The width of a character in parts of the font's size. They are those of DejaVu Sans, one of the
# widest fonts that a browser may use instead of the named one, so that nothing is cut off.
_EMS = {
    char: em
    for em, chars in (
        (0.278, "ijl'|"),
        (0.318, "IJ.,:;!· "),
        (0.365, "f-"),
        (0.4, "t()[]"),
        (0.42, 'r/"'),
        (0.525, "sz"),
        (0.57, "cFL"),
        (0.592, "kvxy"),
        (0.615, "aeoåø"),
        (0.82, "w"),
        (0.98, "mæMÆW%@œ"),
        (1.0, "—…"),
    )
    for char in chars
}
_SMALL_EM, _CAPITAL_EM, _IDEOGRAPH_EM = 0.637, 0.77, 1.0
_BOLD = 1.13
_IDEOGRAPHS = "\u2e80"
_VOWELS = "aeiouyæøåé"
# Between the parts of a compound (konsekvens|vurdering), or between two syllables.
_JOINT = re.compile(r"(?<=s)(?=[bdfghlmnrv])", re.I)
_SYLLABLE = re.compile(rf"(?<=[{_VOWELS}])(?=[^\W\d_{_VOWELS}][{_VOWELS}])", re.I)
_NOT_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Type(Struct, frozen=True):
    """How a text is set: its size and the distance between its lines in pixels."""

    size: float
    leading: float
    bold: bool = False


def clean(text: str) -> str:
    """Return the text as XML can hold it, without what it cannot."""
    return escape(_NOT_XML.sub("", text))


def width_of(text: str, type: Type) -> float:
    """Return the pixels that the text takes at most."""
    ems = sum(_EMS.get(char) or _em(char) for char in text)
    return ems * type.size * (_BOLD if type.bold else 1)


def _em(char: str) -> float:
    if char >= _IDEOGRAPHS:
        return _IDEOGRAPH_EM
    return _CAPITAL_EM if char.isupper() else _SMALL_EM


def wrapped(text: str, room: float, type: Type, most: int = 3) -> list[str]:
    """Break the text into lines that fit, of about the same length. What `most` lines cannot hold
    ends in an ellipsis."""
    lines = _filled(text, room, type)
    if len(lines) > most:
        return [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), room, type)]
    longest = max((width_of(word, type) for word in text.split()), default=0)
    for share in (0.55, 0.65, 0.75, 0.85, 0.95) if len(lines) > 1 else ():
        if longest <= room * share and len(even := _filled(text, room * share, type)) == len(lines):
            return even
    return lines


def _filled(text: str, room: float, type: Type) -> list[str]:
    """Break the text into as few lines as possible."""
    lines: list[str] = []
    line = ""
    words = text.split()
    while words:
        word = words.pop(0)
        longer = f"{line} {word}".strip()
        if width_of(longer, type) <= room:
            line = longer
        elif line:
            lines.append(line)
            line = ""
            words.insert(0, word)
        else:
            head, tail = _broken(word, room, type)
            lines.append(head)
            words.insert(0, tail)
    return [*lines, line] if line else lines


def _broken(word: str, room: float, type: Type) -> tuple[str, str]:
    """Break a word that is wider than a line, if possible where Danish would."""
    for joint in (_JOINT, _SYLLABLE):
        places = [at.start() for at in joint.finditer(word) if 3 <= at.start() <= len(word) - 3]
        fits = [at for at in places if width_of(f"{word[:at]}-", type) <= room]
        if fits:
            return f"{word[: fits[-1]]}-", word[fits[-1] :]
    at = len(word) - 1
    while at > 1 and width_of(f"{word[:at]}-", type) > room:
        at -= 1
    hyphen = "-" if word[at - 1 : at + 1].isalpha() else ""
    return f"{word[:at]}{hyphen}", word[at:]


def shortened(text: str, room: float, type: Type) -> str:
    """Return the text, if necessary shortened to the room with an ellipsis."""
    if width_of(text, type) <= room:
        return text
    kept = text
    while kept and width_of(f"{kept}…", type) > room:
        kept = kept[:-1]
    whole = kept.rpartition(" ")[0]
    if not text[len(kept) :].startswith(" ") and len(whole) > len(kept) // 2:
        kept = whole
    return f"{kept.rstrip(' ,.;:')}…"


class Pen(Struct, frozen=True):
    """Draws in the colours of one theme."""

    theme: ColourScheme

    def colour(self, name: str) -> str:
        return COLOURS[name][self.theme == "dark"]

    def _fill(self, name: str) -> str:
        return f'class="fill-{name}" fill="{self.colour(name)}"'

    def _stroke(self, name: str, width: float) -> str:
        return (
            f'class="stroke-{name}" stroke="{self.colour(name)}" stroke-width="{number(width)}"'
            ' fill="none"'
        )

    def text(
        self, x: float, y: float, text: str, type: Type, colour: str, anchor: Anchor = "start"
    ) -> str:
        """Draw one line of text with its baseline at `y`."""
        weight = ' font-weight="600"' if type.bold else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        return (
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(type.size)}"{weight}{place}'
            f" {self._fill(colour)}>{clean(text)}</text>"
        )

    def box(
        self, x: float, y: float, width: float, height: float, colour: str, radius: float = 0
    ) -> str:
        corners = f' rx="{number(radius)}"' if radius else ""
        return f"<rect {_at(x, y, width, height)}{corners} {self._fill(colour)}/>"

    def slab(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        left: float = 0,
        right: float = 0,
    ) -> str:
        """Draw a box whose corners are round at one of its ends, or at both."""
        left, right = min(left, width / 2), min(right, width / 2)
        flat = width - left - right
        d = (
            f"M{number(x + left)} {number(y)}h{number(flat)}{_corner(right, right)}"
            f"v{number(height - 2 * right)}{_corner(-right, right)}"
            f"h{number(-flat)}{_corner(-left, -left)}"
            f"v{number(2 * left - height)}{_corner(left, -left)}z"
        )
        return f'<path d="{d}" {self._fill(colour)}/>'

    def frame(
        self, x: float, y: float, width: float, height: float, colour: str, radius: float
    ) -> str:
        stroke = self._stroke(colour, 1)
        return f'<rect {_at(x, y, width, height)} rx="{number(radius)}" {stroke}/>'

    def rule(self, x: float, y: float, width: float) -> str:
        return f'<path d="M{number(x)} {number(y)}h{number(width)}" {self._stroke("line", 1)}/>'

    def check(self, x: float, y: float, colour: str) -> str:
        """Draw a check mark of 11 by 9 pixels on the baseline `y`."""
        d = f"M{number(x + 1)} {number(y - 5)}l3.5 4l6 -8"
        return (
            f'<path d="{d}" stroke-linecap="round" stroke-linejoin="round"'
            f" {self._stroke(colour, 2)}/>"
        )

    def pattern(
        self, x: float, y: float, width: float, height: float, colour: str, kind: Fill
    ) -> str:
        """Draw a pattern over an area. It is drawn line by line, because a pattern of SVG is found
        by an id, which a second picture on the page would have as well."""
        if kind == "dots":
            return self._dots(x, y, width, height, colour)
        if kind == "solid":
            return ""
        d = _diagonals(x, y, width, height, falling=kind == "backstripes")
        return f'<path d="{d}" {self._stroke(colour, 1.4)}/>' if d else ""

    def _dots(self, x: float, y: float, width: float, height: float, colour: str) -> str:
        across, down = int((width - 5) // 7), int((height - 5) // 7)
        left, top = x + (width - 7 * across) / 2, y + (height - 7 * down) / 2
        d = "".join(
            f"M{number(left + 7 * column)} {number(top + 7 * row)}h0"
            for row in range(down + 1)
            for column in range(across + 1)
        )
        stroke = self._stroke(colour, 2.6)
        return f'<path d="{d}" stroke-linecap="round" {stroke}/>' if d else ""


def _corner(across: float, down: float) -> str:
    """Return a quarter of a turn to the right, towards the given side."""
    first = (across, 0) if across * down > 0 else (0, down)
    return "q" + " ".join(number(at) for at in (*first, across, down))


def _diagonals(x: float, y: float, width: float, height: float, *, falling: bool) -> str:
    """Return lines of 45 degrees, cut off at the edges of the area."""
    inset = 1.0
    x, y, width, height = x + inset, y + inset, width - 2 * inset, height - 2 * inset
    step = 9 if falling else 6
    found: list[str] = []
    offset = -height
    while width > 0 and offset < width:
        start, end = max(0.0, -offset), min(height, width - offset)
        if start < end:
            left, right = x + offset + start, x + offset + end
            low, high = (y + start, y + end) if falling else (y + height - start, y + height - end)
            found.append(f"M{number(left)} {number(low)}L{number(right)} {number(high)}")
        offset += step
    return "".join(found)


def _at(x: float, y: float, width: float, height: float) -> str:
    return f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'


def number(value: float) -> str:
    """Return a coordinate with at most two decimals, the same on every machine."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
