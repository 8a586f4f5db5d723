"""Reads a PNG file into grey values, for tests that look at what was drawn."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


@dataclass(frozen=True)
class Grey:
    """A picture as one byte of grey a pixel, on white where the picture is transparent."""

    width: int
    height: int
    pixels: bytes

    @property
    def view(self) -> memoryview:
        """The pixels as rows, as zxing-cpp takes them."""
        return memoryview(self.pixels).cast("B", (self.height, self.width))

    def ink(self) -> float:
        """Return the share of pixels that are darker than middle grey."""
        return sum(pixel < 128 for pixel in self.pixels) / len(self.pixels)


def grey(png: bytes) -> Grey:
    """Decode 8 bits a channel without interlacing, which is what resvg and Chromium write."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed = 8, b""
    width = height = depth = kind = laced = 0
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if name == b"IHDR":
            width, height, depth, kind, _, _, laced = struct.unpack(">IIBBBBB", body)
        elif name == b"IDAT":
            packed += body
        at += 12 + length
    assert (depth, laced) == (8, 0)
    rows = _unfiltered(zlib.decompress(packed), width * CHANNELS[kind], CHANNELS[kind])
    return Grey(width, height, b"".join(_as_grey(row, kind) for row in rows))


def _unfiltered(data: bytes, stride: int, step: int) -> list[bytearray]:
    rows: list[bytearray] = []
    above = bytearray(stride)
    for start in range(0, len(data), stride + 1):
        kind, row = data[start], bytearray(data[start + 1 : start + 1 + stride])
        for i in range(stride):
            left = row[i - step] if i >= step else 0
            up, corner = above[i], above[i - step] if i >= step else 0
            if kind == 1:
                row[i] = (row[i] + left) & 255
            elif kind == 2:
                row[i] = (row[i] + up) & 255
            elif kind == 3:
                row[i] = (row[i] + (left + up) // 2) & 255
            elif kind == 4:
                row[i] = (row[i] + _paeth(left, up, corner)) & 255
        rows.append(row)
        above = row
    return rows


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def _as_grey(row: bytearray, kind: int) -> bytes:
    step = CHANNELS[kind]
    if kind in (0, 4):
        values = row[::step]
    else:
        colours = zip(row[::step], row[1::step], row[2::step], strict=True)
        values = bytearray((r * 299 + g * 587 + b * 114) // 1000 for r, g, b in colours)
    if kind in (0, 2):
        return bytes(values)
    clear = row[step - 1 :: step]
    return bytes(
        value + (255 - value) * (255 - alpha) // 255
        for value, alpha in zip(values, clear, strict=True)
    )
