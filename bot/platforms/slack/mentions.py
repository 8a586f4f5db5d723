"""Turn the mentions in a message of Slack's into names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.platforms.slack.read import SIGN, unescaped


def mentioned(text: str) -> tuple[str, ...]:
    """Return the ids of the people that a message mentions."""
    found = (sign for sign in SIGN.finditer(text) if sign[1] == "@" and not sign[3])
    return tuple(dict.fromkeys(sign[2] for sign in found))


def in_words(text: str, names: Mapping[str, str]) -> str:
    """Return the message as people read it: mentions, channels and links without Slack's markup."""

    def word(sign: re.Match[str]) -> str:
        kind, what, label = sign[1], sign[2], sign[3]
        match kind:
            case "@":
                return "@" + (label or names.get(what) or "…").lstrip("@")
            case "#":
                return f"#{label}" if label else "#…"
            case "!":
                return label or f"@{what.partition('^')[0]}"
            case _:
                return label or what.removeprefix("mailto:")

    return unescaped(SIGN.sub(word, text))
