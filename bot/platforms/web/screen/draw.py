"""Draws a screen as HTML, for a wall: big type, one page, nothing from elsewhere.

The whole of it is drawn here; the script only fetches it anew and counts down. The type is at least
24 px for what people wrote. Kinds of notes are told by a sign, a word and an edge of their own
besides their colour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from html import escape
from pathlib import Path

import msgspec
from msgspec import Struct

from bot.platforms.common.ports import ShownScreen
from bot.platforms.web.html import line_html, strict_headers
from content.language import Language
from dialogs.model.cards import Spans
from dialogs.model.screens import FinishedScreen, ScreenColumn, ScreenNote, Sign

ScreenWords = Callable[[Language, str], str]
"""Returns a phrase in a language, with its placeholders."""

_HERE = Path(__file__)
STYLE = _HERE.with_name("screen.css").read_text(encoding="utf-8")
SCRIPT = _HERE.with_name("screen.js").read_text(encoding="utf-8")
HEADERS = strict_headers(STYLE, SCRIPT)
REFRESH = 15
"""Seconds until a page without JavaScript loads itself anew."""
SIGNS: Mapping[Sign, str] = {"today": "●", "better": "▲", "worse": "▼", "plain": ""}
FEW_LANES = 3
MOST_OF_FEW, MOST_OF_MANY = 6, 3
"""Notes in a lane while all lanes are shown: one row of lanes has more room than two. The rest are
read one lane at a time."""


class ScreenFrame(Struct, frozen=True):
    """What a request asks for: the words, and the lane that is shown alone ("" for all)."""

    words: ScreenWords
    language: Language
    lane: str = ""

    def says(self, key: str, **numbers: int) -> str:
        said = self.words(self.language, key)
        for name, number in numbers.items():
            said = said.replace(f"{{{name}}}", str(number))
        return escape(said)


def etag(shown: ShownScreen, lane: str) -> str:
    """Return what a page is known by: alike while it shows the same, whatever the time is."""
    body = msgspec.json.encode((shown.screen, shown.language, lane, _build(STYLE, SCRIPT)))
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def screen_page(frame: ScreenFrame, shown: ShownScreen) -> str:
    screen = shown.screen
    lane = next((one for one in screen.columns if one.id == frame.lane), None)
    inside = (
        f'<header class="head"><div><p class="place"><b>{line_html(screen.title)}</b> '
        f"{line_html(screen.place)}</p><h1>{line_html(screen.heading)}</h1>"
        f'<p class="do">{line_html(screen.instruction)}</p></div>'
        f"{timer(frame, screen, shown.at)}</header>"
        f"{_board(frame, screen, lane)}{_foot(frame, screen)}"
    )
    title = f"{_bare(screen.heading)} · {_bare(screen.title)}"
    return document(frame, inside, title, STYLE, SCRIPT)


def gone_page(frame: ScreenFrame, what: str) -> str:
    """Return a page that only says something: `screen.gone`, `screen.busy`."""
    title = frame.says(f"{what}_title")
    said = f'<h1>{title}</h1><p class="do">{frame.says(what)}</p>'
    return document(frame, said, title, STYLE, SCRIPT)


def document(
    frame: ScreenFrame, inside: str, title: str, style: str, script: str, *, refreshes: bool = True
) -> str:
    """Return a whole page. `refreshes`: without JavaScript it loads itself anew."""
    anew = f'<noscript><meta http-equiv="refresh" content="{REFRESH}"></noscript>'
    return (
        f'<!doctype html><html lang="{frame.language}" data-build="{_build(style, script)}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        'initial-scale=1"><meta name="robots" content="noindex, nofollow">'
        f'<meta name="referrer" content="no-referrer">{anew if refreshes else ""}'
        f"<title>{title}</title><style>{style}</style></head><body>"
        f'<main id="screen">{inside}</main>'
        f'<p id="told" class="unseen" role="status"></p>'
        f'<p id="away" class="away" hidden>{frame.says("screen.away")}</p>'
        f"<script>{script}</script></body></html>"
    )


@lru_cache(maxsize=4)
def _build(style: str, script: str) -> str:
    """Return what this edition of the page is known by: an open page of another loads itself
    anew."""
    return hashlib.sha256((style + script).encode()).hexdigest()[:12]


def _bare(spans: Spans) -> str:
    return escape("".join(getattr(span, "name", "") or getattr(span, "text", "") for span in spans))


# --- time ---------------------------------------------------------------------------------


def timer(frame: ScreenFrame, screen: FinishedScreen, now: datetime) -> str:
    below = "" if screen.next is None else f"<p>{line_html(screen.next)}</p>"
    if screen.ends_at is None:
        return f'<div class="time">{below}</div>' if below else ""
    left = seconds_left(screen.ends_at, now)
    told = "screen.over" if left == 0 else "screen.minute" if left <= 60 else ""
    said = frame.says(told) if told else ""
    return (
        f'<div class="time"><p class="clock" role="timer" data-left="{left}" '
        f'data-minute="{frame.says("screen.minute")}" data-over="{frame.says("screen.over")}">'
        f'{clock_face(left)}</p><p class="soon">{said}</p>{below}</div>'
    )


def seconds_left(ends_at: datetime, now: datetime) -> int:
    return max(0, round((ends_at - now).total_seconds()))


def clock_face(left: int) -> str:
    """Return minutes and seconds, and hours where there are any: 18:40, 1:05:00."""
    minutes, seconds = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


# --- lanes and notes ----------------------------------------------------------------------


def _board(frame: ScreenFrame, screen: FinishedScreen, lane: ScreenColumn[Spans] | None) -> str:
    waits = "" if screen.waits is None else f'<p class="waits">{line_html(screen.waits)}</p>'
    if lane is not None:
        about = "" if lane.text is None else f'<p class="about">{line_html(lane.text)}</p>'
        notes = "".join(_note(note) for note in lane.notes)
        empty = "" if notes else f'<p class="about">{frame.says("screen.empty")}</p>'
        return (
            f'{waits}<section class="alone"><h2>{line_html(lane.name)}</h2>{about}{empty}'
            f'<ul class="notes">{notes}</ul></section>'
        )
    most = MOST_OF_FEW if len(screen.columns) <= FEW_LANES else MOST_OF_MANY
    lanes = "".join(_lane(frame, one, most) for one in screen.columns)
    return f'{waits}<div class="lanes n{len(screen.columns)}">{lanes}</div>' if lanes else waits


def _lane(frame: ScreenFrame, lane: ScreenColumn[Spans], most: int) -> str:
    """Return a lane among all lanes: what was chosen first, and then how many more there are."""
    notes = lane.notes
    if len(notes) > most:
        chosen = sorted(notes, key=lambda note: note.rank or len(notes) + most)
        notes = tuple(chosen[: most - 1])
    rest = len(lane.notes) - len(notes)
    shown = "".join(_note(note) for note in notes)
    text = lane.text if lane.text is not None and not lane.notes else None
    return (
        f'<section class="lane"><h2>{line_html(lane.name)}</h2>'
        + (f'<p class="about">{line_html(text)}</p>' if text is not None else "")
        + (f'<ul class="notes">{shown}</ul>' if shown else "")
        + (
            f'<p class="rest"><a href="{_to(lane.id)}">{frame.says("screen.rest", n=rest)}</a></p>'
            if rest
            else ""
        )
        + "</section>"
    )


def choosable_lane(lane: ScreenColumn[Spans], form: str) -> str:
    """Return a lane with all its notes, each of which can be chosen for this form."""
    notes = "".join(_note(note, form) for note in lane.notes)
    return (
        f'<section class="lane"><h2>{line_html(lane.name)}</h2><ul class="notes">{notes}</ul>'
        "</section>"
    )


def _note(note: ScreenNote[Spans], chooses: str = "") -> str:
    """Return a note. `chooses` is the form that it can be chosen for, on the page of whoever
    leads."""
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[note.sign]}</span> '
    kind = "" if note.kind is None else f'<span class="kind">{sign}{line_html(note.kind)}</span>'
    rank = f'<b class="rank">{note.rank}</b>' if note.rank else ""
    about = "" if note.about is None else f'<span class="by">{line_html(note.about)}</span>'
    group = "" if note.group is None else f'<span class="group">{line_html(note.group)}</span>'
    words = f'<span class="words" dir="auto">{line_html(note.words)}</span>'
    inside = f"{rank}{group}{kind}{words}{about}"
    if chooses:
        return _choosable(note, chooses, inside)
    return f'<li class="note {note.sign}">{inside}</li>'


def _choosable(note: ScreenNote[Spans], form: str, inside: str) -> str:
    group = "" if note.group is None else f' data-group="{_bare(note.group)}"'
    return (
        f'<li class="note {note.sign}" draggable="true"{group}><label><input type="checkbox" '
        f'name="notes" value="{escape(note.id)}" form="{form}"> {inside}</label></li>'
    )


def _foot(frame: ScreenFrame, screen: FinishedScreen) -> str:
    said = " · ".join(line_html(one) for one in screen.foot)
    return f'<footer class="foot"><p>{said}</p>{_ways(frame, screen)}</footer>'


def _ways(frame: ScreenFrame, screen: FinishedScreen) -> str:
    """Return the links to one lane at a time, for whoever stands at the wall."""
    if len(screen.columns) < 2 or not any(one.notes for one in screen.columns):
        return ""
    ways = [_way("", frame.says("screen.all"), here=not frame.lane)]
    ways += [_way(one.id, line_html(one.name), here=one.id == frame.lane) for one in screen.columns]
    return f'<nav aria-label="{frame.says("screen.lanes")}">{"".join(ways)}</nav>'


def _way(lane: str, name: str, *, here: bool) -> str:
    current = ' aria-current="page"' if here else ""
    return f'<a href="{_to(lane)}"{current}>{name}</a>'


def _to(lane: str) -> str:
    return f"?lane={escape(lane)}" if lane else "?"
