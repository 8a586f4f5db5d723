"""Computes the readability (LIX) of the catalogue's Danish."""

import re
from collections.abc import Iterable

from content.model import Catalogue

WORD = re.compile(r"\w+")
SENTENCE_END = re.compile(r"[.?:]")


def lix(texts: Iterable[str]) -> float:
    """Return the LIX readability score: words per sentence plus the percentage of words longer than
    six letters."""
    found = list(texts)
    words = [word for text in found for word in WORD.findall(text)]
    # A line of a list counts as a sentence even without a full stop.
    sentences = sum(max(1, len(SENTENCE_END.findall(text))) for text in found)
    long = sum(len(word) > 6 for word in words)
    return len(words) / sentences + 100 * long / len(words)


def readability(catalogue: Catalogue) -> dict[str, float]:
    """Return the LIX score of each set's running text in Danish, without names, which are
    headings."""
    return {
        set.id: lix(
            text.da
            for item in set.items
            for text in (item.text, *item.more, *(t for part in item.parts.values() for t in part))
        )
        for set in catalogue.sets.values()
    }
