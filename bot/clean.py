"""Words as they come in, made alike: no field may tell which door or keyboard they came through."""

from __future__ import annotations

import unicodedata

# Bidi controls could turn a line around; zero-width marks could mark an author. The zero-width
# joiner stays between characters that it joins (families, flags of emoji) and nowhere else.
_GONE = dict.fromkeys(
    [
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x200B, 0x200C, 0x200E, 0x200F, 0x061C, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064,
        0xFEFF, 0x00AD, 0x180E, 0x034F,
    ]
)  # fmt: skip
_ALIKE = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'",
        "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2009": " ", "\u200a": " ", "\u2008": " ",
        "\u3000": " ", "\t": " ", "\u2028": "\n", "\u2029": "\n", "\u0085": "\n", "\v": "\n",
        "\f": "\n",
    }
)  # fmt: skip
_JOINER = "\u200d"


def clean(text: str) -> str:
    """The same words from any door: NFC, plain spaces, straight quotes, LF, trimmed."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.replace("\ufffd", "").replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", text).translate(_GONE).translate(_ALIKE)
    text = "".join(
        c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co")
    )
    text = _joined_emoji_only(text)
    lines = [" ".join(line.split(" ")).rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip()


def _joined_emoji_only(text: str) -> str:
    if _JOINER not in text:
        return text
    kept = []
    for i, c in enumerate(text):
        if c == _JOINER and not (
            0 < i < len(text) - 1 and _pictures(text[i - 1]) and _pictures(text[i + 1])
        ):
            continue
        kept.append(c)
    return "".join(kept)


def _pictures(c: str) -> bool:
    return unicodedata.category(c) in ("So", "Sk", "Mn") or c == "\ufe0f"
