"""Normalizes incoming text, so that it does not show which platform or keyboard it came from."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from bot.shortcodes import drawn

HALF_A_PAIR = re.compile("[\ud800-\udfff]")
r"""An unpaired surrogate: JSON can contain it (\ud83d), but no encoding can."""

# Invisible characters: bidi controls could reverse a line, the others could mark an author.
_GONE = dict.fromkeys(
    [
        0x00AD,
        0x034F,
        0x061C,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x200B,
        0x200C,
        0x200E,
        0x200F,
        0x3164,
        0xFEFF,
        0xFFA0,
        *range(0x180B, 0x1810),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE0F),
        *range(0xFFF0, 0xFFFC),
        *range(0x1BCA0, 0x1BCA4),
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE1000),
    ]
)
_ALIKE = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "‘": "'",
        "’": "'",
        "‚": "'",
        **dict.fromkeys("\t\u00a0\u1680\u202f\u205f\u3000", " "),
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
        **dict.fromkeys("\r\v\f\u0085\u2028\u2029", "\n"),
    }
)
# These two are allowed only beside an emoji, of which they can be a part.
_JOINER = "\u200d"
_COLOURED = "\ufe0f"
_KEYCAP = "\u20e3"


# Characters that are unambiguous, indivisible, visible and not part of an emoji name.
_ORDINARY = re.compile(r"[\n -9;-~¡-ª¬®-º¼-ÿ]*")


def readable(node: Any) -> Any:
    """Return the JSON with each unpaired surrogate replaced by U+FFFD."""
    if isinstance(node, str):
        return node if node.isascii() else HALF_A_PAIR.sub("\ufffd", node)
    if isinstance(node, dict):
        return {readable(name): readable(held) for name, held in node.items()}
    if isinstance(node, list):
        return [readable(held) for held in node]
    return node


def clean(text: str) -> str:
    """Normalize a text: NFC, plain spaces, straight quotes, LF, trimmed."""
    if not _ORDINARY.fullmatch(text):
        text = made_alike(text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def made_alike(text: str) -> str:
    text = drawn(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.replace("\ufffd", "").replace("\r\n", "\n").translate(_GONE).translate(_ALIKE)
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Co"))
    # Last, because a removed character may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", _only_with_pictures(text))


def _only_with_pictures(text: str) -> str:
    if _JOINER not in text and _COLOURED not in text:
        return text
    kept: list[str] = []
    for at, c in enumerate(text):
        before, after = kept[-1] if kept else "", text[at + 1 : at + 2]
        if c == _COLOURED and not (_picture(before) or after == _KEYCAP):
            continue
        if c == _JOINER and not ((_picture(before) or before == _COLOURED) and _picture(after)):
            continue
        kept.append(c)
    return "".join(kept)


def _picture(c: str) -> bool:
    return c != "" and (unicodedata.category(c) == "So" or c in _SKINS)


_SKINS = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
