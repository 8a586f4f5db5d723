"""What employees have said, as the committee may read it. It names nobody, and quotes what came
without a name only if there is enough of it."""

from __future__ import annotations

from collections.abc import Iterator

from dialogs.concern.states import HELPERS, to_pass_on
from dialogs.model.cards import Bullets, Kept, Line, Paragraph, Quote, Small, text
from dialogs.model.conversation import Facts
from dialogs.model.events import Matter
from dialogs.model.facts import About, Known, States
from dialogs.question.states import (
    Concluded,
    QuestionState,
    ToMed,
    all_of,
    conclusion_of,
    in_words,
    title,
    votes,
)

HEARD: Facts = (About(), *HELPERS, States("question"))
MOST = 6
"""How many conclusions and how many texts an item holds; a committee reads two pages."""
Passages = Paragraph[Line] | Quote[Line] | Small[Line] | Bullets[Line]


def sent_to_committee(known: Known) -> tuple[QuestionState, ...]:
    """Return the questions that the team has proposed to the committee, the oldest first."""
    found = [one for one in all_of(known).values() if isinstance(one, ToMed)]
    return tuple(sorted(found, key=lambda one: one.proposed_at))


def heard(known: Known) -> tuple[Passages, ...]:
    """Return what the team has arrived at and what its members have said to everybody. It names
    nobody."""
    concluded = sorted(
        (one for one in all_of(known).values() if isinstance(one, Concluded) and one.conclusion),
        key=lambda one: one.concluded_at,
        reverse=True,
    )
    parts: list[Passages] = []
    for one in (*sent_to_committee(known), *concluded)[:MOST]:
        parts += _arrived_at(one)
    texts = texts_to_all(known, "concern", "idea")
    if texts:
        parts += [Paragraph(text("med.said_to_all")), *map(Quote, texts[:MOST])]
    if len(texts) > MOST or len(concluded) > MOST:
        parts.append(Small(text("med.said_rest")))
    return tuple(parts)


def _arrived_at(one: QuestionState) -> Iterator[Passages]:
    key = "med.proposed_by_team" if isinstance(one, ToMed) else "med.arrived_at"
    yield Paragraph(text(key, question=title(one.words)))
    yield Quote(Kept("conclusion", conclusion_of(one)))
    missing = in_words(one)
    if missing:
        yield Small(text("med.missing"))
        yield from (Quote[Line](Kept("published", id)) for id in missing[:MOST])
    yield from (Small(line) for line in votes(one))


def texts_to_all(known: Known, *kinds: Matter) -> tuple[Line, ...]:
    """Return what everybody may read of these kinds."""
    return tuple(one.words for one in to_pass_on(known) if one.kind in kinds)
