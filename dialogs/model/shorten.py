"""The beginning of a text that is too long for its place."""

from __future__ import annotations


def cut(text: str, limit: int) -> str:
    """At most so many characters, the last of them … where something was cut off."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def cut_at_word(text: str, limit: int) -> str:
    """The same, but up to a word's end; only in a very long word in the middle of it."""
    if len(text) <= limit:
        return text
    short = text[: limit - 1]
    whole, _, rest = short.rpartition(" ")
    return f"{(whole if whole and len(rest) < 40 else short).rstrip(' ,.;:')}…"
