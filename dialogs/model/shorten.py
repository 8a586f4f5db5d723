"""Truncates texts."""

from __future__ import annotations


def cut(text: str, limit: int) -> str:
    """Truncate to at most `limit` characters, ending with … if anything was removed."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def cut_at_word(text: str, limit: int) -> str:
    """Truncate at the end of a word, or within a word only if it is very long."""
    if len(text) <= limit:
        return text
    short = text[: limit - 1]
    whole, _, rest = short.rpartition(" ")
    return f"{(whole if whole and len(rest) < 40 else short).rstrip(' ,.;:')}…"
