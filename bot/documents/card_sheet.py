"""Draws cards for a meeting as one HTML file: eight on an A4 sheet, with lines to cut along.

They stand in the order of their addresses, which are random, and differ in nothing else.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from bot.documents.plain import address_in
from bot.documents.qr import qr_svg
from dialogs.model.boards_to_print import CardsToPrint
from dialogs.model.cards import Spans, plain

ON_A_SHEET = 8
ACROSS = 31.0
"""Millimetres of a code, a little more than the least, for printers that shrink a page."""
_STYLE = Path(__file__).with_name("card_sheet.css")


@cache
def style() -> str:
    """Return the style sheet, which stands in the file; who serves it allows it by its hash."""
    return f"@page {{ size: A4 portrait; margin: 0; }}\n{_STYLE.read_text('utf-8')}"


def cards_html(one: CardsToPrint[Spans]) -> str:
    addresses = sorted(address_in(address) or plain(address) for address in one.addresses)
    cards = [_card(one, address) for address in addresses]
    sheets = (
        f'<ul class="sheet">{"".join(cards[at : at + ON_A_SHEET])}</ul>'
        for at in range(0, len(cards), ON_A_SHEET)
    )
    return f"""<!doctype html>
<html lang="{one.language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{_said(one.document)}</title>
<style>{style()}</style>
<p class="bar">{_said(one.print)}</p>
{"".join(sheets)}
</html>
"""


def _card(one: CardsToPrint[Spans], address: str) -> str:
    said = plain(one.code)
    return (
        f'<li><div class="code">{qr_svg(address, title=said, desc=said, millimetres=ACROSS)}</div>'
        f'<div class="words"><p class="title" dir="auto">{_said(one.title)}</p>'
        f'<p class="name" dir="auto">{_said(one.name)}</p><p>{_said(one.how)}</p></div>'
        f'<p class="kept">{_said(one.kept)} {_said(one.until)}</p>'
        f'<p class="typed">{_said(one.type)} <b>{_typed(address)}</b></p></li>'
    )


def _said(line: Spans) -> str:
    return escape(plain(line))


def _typed(address: str) -> str:
    """Return the address as one types it, with places where a line may end."""
    return escape(address.removeprefix("https://")).replace("/", "/<wbr>")
