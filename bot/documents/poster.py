"""Draws the poster as one HTML file that prints on one sheet, A4 or A5.

Along the lower edge are strips to tear off, each with the code and the address: whoever will not
be seen with a phone in front of the poster reads it at home.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from bot.documents.qr import qr_svg
from dialogs.model.cards import Spans, plain
from dialogs.model.posters import FinishedPoster, Paper

STRIPS: dict[Paper, int] = {"a4": 7, "a5": 5}
LONG_NAME, LONG_ADDRESS = 40, 64
"""Above these, all is set a little smaller, so that the sheet stays one."""
_STYLE = Path(__file__).with_name("poster.css")


@cache
def style(paper: Paper) -> str:
    """Return the style sheet, which stands in the file; who serves it allows it by its hash."""
    return f"@page {{ size: {paper.upper()} portrait; margin: 0; }}\n{_STYLE.read_text('utf-8')}"


def poster_html(one: FinishedPoster, paper: Paper) -> str:
    address = plain(one.address)
    code = qr_svg(address, title=plain(one.code), desc=plain(one.code_leads))
    small = code.replace('role="img"', 'aria-hidden="true"')
    strip = (
        f'<li class="strip"><div class="small">{small}</div><p class="what">{_said(one.name)}</p>'
        f'<p class="address">{_typed(address)}</p></li>'
    )
    how = "".join(f"<li>{_said(line)}</li>" for line in one.how)
    long = len(plain(one.name)) > LONG_NAME or len(address) > LONG_ADDRESS
    return f"""<!doctype html>
<html lang="{one.language}" class="{paper}{" long" if long else ""}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{_said(one.document)}</title>
<style>{style(paper)}</style>
<p class="bar">{_said(one.print[paper])} {_said(one.hang)}</p>
<div class="sheet">
<header>
<p class="name" dir="auto">{_said(one.name)}</p>
<h1>{_said(one.title)}</h1>
<p class="lead">{_said(one.lead)}</p>
</header>
<main>
<div class="way"><div class="code">{code}</div><ul class="how">{how}</ul></div>
<p class="typed">{_said(one.type)} <b class="address">{_typed(address)}</b></p>
<p class="kept">{_said(one.kept)}</p>
<p class="hang">{_said(one.hang)}</p>
</main>
<ul class="strips" aria-label="{_said(one.take)}">{strip * STRIPS[paper]}</ul>
</div>
</html>
"""


def _said(line: Spans) -> str:
    return escape(plain(line))


def _typed(address: str) -> str:
    """Return the address as one types it, with places where a line may end."""
    shown = escape(address.removeprefix("https://"))
    return shown.replace("/", "/<wbr>")
