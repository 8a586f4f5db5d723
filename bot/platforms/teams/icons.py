"""Draws Digi's two app icons from geometric shapes: a speech bubble with four dots, one for each
phase.

Each shape is a signed distance function, which also gives the antialiasing of its edge.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from functools import cache

# Signed distance of a point from a shape's edge; negative inside.
Distance = Callable[[float, float], float]
Pixel = tuple[int, int, int, int]

NIGHT = (0x2F, 0x48, 0x58)
PAPER = (0xF7, 0xF3, 0xEA)
AMBER = (0xE0, 0x8E, 0x45)
MIST = (0xB9, 0xC4, 0xC6)
WHITE = (0xFF, 0xFF, 0xFF)

COLOR, OUTLINE = 192, 32


@cache
def color() -> bytes:
    """Return the colour icon: 192 pixels, a bubble on a filled square, with the first dot
    highlighted."""
    bubble = _bubble(left=38, top=48, right=154, bottom=124, corner=26, tip=(63, 152))
    dots = [_dot(60 + 24 * n, 86, 8.5) for n in range(4)]

    def at(x: float, y: float) -> Pixel:
        shade = _over(NIGHT, PAPER, _covered(bubble(x, y)))
        for n, dot in enumerate(dots):
            shade = _over(shade, MIST if n else AMBER, _covered(dot(x, y)))
        return (*shade, 255)

    return _png(COLOR, at)


@cache
def outline() -> bytes:
    """Return the outline icon: 32 pixels, white on transparent. Teams recolours it."""
    bubble = _bubble(left=3, top=4, right=29, bottom=21, corner=6, tip=(8.5, 29))
    dots = [_dot(8.5 + 5 * n, 12.5, 1.5) for n in range(4)]

    def at(x: float, y: float) -> Pixel:
        line = _covered(abs(bubble(x, y)) - 1.0)
        return (*WHITE, round(255 * max(line, *(_covered(dot(x, y)) for dot in dots))))

    return _png(OUTLINE, at)


def _bubble(
    *, left: float, top: float, right: float, bottom: float, corner: float, tip: tuple[float, float]
) -> Distance:
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    half_x, half_y = (right - left) / 2 - corner, (bottom - top) / 2 - corner
    # The tail starts inside the box, so that the two shapes merge.
    root = bottom - corner / 2
    tail = _triangle(tip, (left + corner * 0.8, root), (left + corner * 2.1, root))

    def distance(x: float, y: float) -> float:
        dx, dy = abs(x - middle_x) - half_x, abs(y - middle_y) - half_y
        box = math.hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - corner
        return min(box, tail(x, y))

    return distance


def _triangle(*corners: tuple[float, float]) -> Distance:
    (ax, ay), (bx, by), (cx, cy) = corners
    turn = math.copysign(1, (bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    sides = [
        (x1, y1, turn * (y2 - y1) / length, turn * (x1 - x2) / length)
        for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True)
        if (length := math.hypot(x2 - x1, y2 - y1))
    ]
    return lambda x, y: max((x - sx) * nx + (y - sy) * ny for sx, sy, nx, ny in sides)


def _dot(x0: float, y0: float, radius: float) -> Distance:
    return lambda x, y: math.hypot(x - x0, y - y0) - radius


def _covered(distance: float) -> float:
    """Return how much of a pixel the shape covers, from the edge's distance to the pixel's
    centre."""
    return min(max(0.5 - distance, 0.0), 1.0)


def _over(
    below: tuple[int, int, int], above: tuple[int, int, int], much: float
) -> tuple[int, int, int]:
    red, green, blue = (round(b + (a - b) * much) for b, a in zip(below, above, strict=True))
    return red, green, blue


def _png(size: int, at: Callable[[float, float], Pixel]) -> bytes:
    rows = b"".join(
        b"\0" + bytes(part for x in range(size) for part in at(x + 0.5, y + 0.5))
        for y in range(size)
    )
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
