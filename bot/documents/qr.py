"""Draws a QR code as SVG, in millimetres, to be printed and read with a phone."""

from __future__ import annotations

from html import escape
from io import BytesIO
from itertools import groupby

import segno

SMALLEST = 30.0
"""Millimetres of the code itself: what an old phone still reads from arm's length."""
QUIET = 4
"""Modules of white around the code; ISO/IEC 18004 asks for four."""


def qr_svg(address: str, *, title: str, desc: str, millimetres: float = SMALLEST) -> str:
    """Return the code of `address` as an SVG element that can stand in HTML.

    `millimetres` is the code without its white margin. Error correction is M, which restores 15 %
    of a torn or stained code, and higher where that makes the code no larger.
    """
    if millimetres < SMALLEST:
        raise ValueError(f"a printed QR code needs at least {SMALLEST:g} mm, not {millimetres:g}")
    code = segno.make_qr(address, error="m")
    across = len(code.matrix)
    size = across + 2 * QUIET
    side = f"{millimetres * size / across:.2f}mm"
    dark = "".join(_row(row, y) for y, row in enumerate(code.matrix, QUIET))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{side}" height="{side}"'
        f' viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f"<title>{escape(title)}</title><desc>{escape(desc)}</desc>"
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{dark}"/></svg>'
    )


def qr_png(address: str) -> bytes:
    """Return the code of `address` as PNG, for programs that draw no SVG."""
    drawn = BytesIO()
    segno.make_qr(address, error="m").save(drawn, kind="png", scale=12, border=QUIET)
    return drawn.getvalue()


def _row(row: bytearray, y: int) -> str:
    """Return the dark modules of one row as closed rectangles, one for each run of them."""
    drawn, x = [], QUIET
    for dark, run in groupby(row):
        length = len(list(run))
        if dark:
            drawn.append(f"M{x} {y}h{length}v1h-{length}z")
        x += length
    return "".join(drawn)
