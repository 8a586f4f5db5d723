"""Computes the readability (LIX) of the catalogue's Danish."""

import re
from collections.abc import Iterable, Iterator

from content.model import Both, Catalogue, Set

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
        found.id: lix(text.da for text in (*_items(found), *guide_texts(found)))
        for found in catalogue.sets.values()
    }


def guide_texts(found: Set) -> Iterator[Both]:
    """Iterate over the running text of a set's guide."""
    if (guide := found.guide) is not None:
        yield guide.gives
        for step in (*guide.steps, *guide.after):
            yield step.text
            yield from step.questions
        yield from (lane.text for lane in guide.lanes if lane.text is not None)


def _items(found: Set) -> Iterator[Both]:
    for item in found.items:
        yield item.text
        yield from item.more
        for part in item.parts.values():
            yield from part
