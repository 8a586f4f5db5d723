"""Draws the page of whoever leads an exercise: where they are, what they can do, and the notes.

It works without JavaScript: each press is a form, and notes are put together by checking them. The
script keeps it up to date and lets one note be dragged onto another.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from bot.platforms.common.ports import LedScreen
from bot.platforms.web.html import line_html, strict_headers
from bot.platforms.web.page.draw import PageFrame, card_parts
from bot.platforms.web.screen.draw import (
    SCRIPT,
    STYLE,
    ScreenFrame,
    choosable_lane,
    document,
    timer,
)
from dialogs.model import cards as c

_HERE = Path(__file__)
LEADING_STYLE = STYLE + _HERE.with_name("leading.css").read_text(encoding="utf-8")
LEADING_SCRIPT = SCRIPT + _HERE.with_name("leading.js").read_text(encoding="utf-8")
LEADING_HEADERS = strict_headers(LEADING_STYLE, LEADING_SCRIPT)
GROUPING = "grouping"
"""The id of the form that puts notes together; the notes stand outside it."""


def leading_page(frame: ScreenFrame, page: PageFrame, led: LedScreen, told: str = "") -> str:
    """Return the page. `told` is what an act has answered."""
    screen = led.screen
    said = f'<p class="told" role="status">{told}</p>' if told else ""
    inside = (
        f'<header class="head"><div><p class="place"><b>{line_html(screen.title)}</b> '
        f"{line_html(screen.place)}</p><h1>{line_html(screen.heading)}</h1></div>"
        f"{timer(frame, led.screen, led.at)}</header>"
        f'{said}<div class="lead">{card_parts(page, led.card)}</div>'
        f"{_notes(frame, led)}"
    )
    title = f"{c.plain(screen.heading)} · {c.plain(screen.title)}"
    return document(frame, inside, escape(title), LEADING_STYLE, LEADING_SCRIPT, refreshes=False)


def _notes(frame: ScreenFrame, led: LedScreen) -> str:
    there = [lane for lane in led.screen.columns if lane.notes]
    if not there:
        waits = led.screen.waits
        return "" if waits is None else f'<p class="waits">{line_html(waits)}</p>'
    form = GROUPING if led.grouping is not None else ""
    lanes = "".join(choosable_lane(lane, form) for lane in there)
    return f'{_grouping(frame, led)}<div class="lanes">{lanes}</div>'


def _grouping(frame: ScreenFrame, led: LedScreen) -> str:
    if led.grouping is None:
        return ""
    [name] = (field for field in led.grouping.fields if isinstance(field, c.TextField))
    hint = "" if name.hint is None else f'<span class="hint">{line_html(name.hint)}</span>'
    return (
        f'<form id="{GROUPING}" class="grouping" method="post" action="?">'
        f'<input type="hidden" name="f" value="{escape(led.grouping.token)}">'
        f"<h2>{line_html(led.grouping.title)}</h2><p>{frame.says('leading.how_to_group')}</p>"
        f'<label for="group-name">{line_html(name.label)} {hint}</label>'
        f'<input id="group-name" type="text" name="{escape(name.id)}" maxlength="{name.limit}" '
        f'autocomplete="off"><button type="submit">{line_html(led.grouping.submit)}</button></form>'
    )
