"""Releases unsigned answers to a phase's questions that had to wait, when the phase closes."""

from __future__ import annotations

from collections import Counter

from dialogs.model.cards import (
    Count,
    Heading,
    Kept,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Quote,
    card,
    text,
)
from dialogs.model.conversation import Facts
from dialogs.model.effects import (
    Effects,
    Publish,
    Say,
)
from dialogs.model.facts import (
    About,
    ByTeam,
    Known,
    Roles,
    States,
    Team,
    Unreleased,
    Waiting,
)
from dialogs.model.roles import writers
from dialogs.question.states import all_of, fewest

LONGEST = 2500  # characters of one message


WHEN_CLOSED: Facts = (
    About(),
    Roles(),
    Team(),
    States("question"),
    Unreleased(("answer",)),
    ByTeam("answer"),
)


def released(phase: int, known: Known) -> Effects:
    """Publish together, without their questions, answers that would identify their authors under
    their own question.

    This requires that at least the threshold of writers have not answered all of these questions by
    name; otherwise the answers wait for the next change of phase.
    """
    asked = all_of(known)
    waiting = tuple(
        w
        for w in known(Unreleased(("answer",)))
        if (state := asked.get(w.ref)) is not None and state.elimination
    )
    if not waiting or _could_have_written(waiting, known) < fewest(known.project):
        return ()
    ref = f"phase:{phase}"
    return (
        *(
            Publish(w.entry, w.new_id, w.kind, ref, 0, {"text": _words(w)}, w.receipt)
            for w in sorted(waiting, key=lambda w: w.new_id)
        ),
        *(Say(_together(phase, some, first=n == 0)) for n, some in enumerate(_pages(waiting))),
    )


def _could_have_written(waiting: tuple[Waiting, ...], known: Known) -> int:
    questions = {w.ref for w in waiting}
    named = Counter(person for person, ref in known(ByTeam("answer")) if ref in questions)
    return sum(named[person] < len(questions) for person in writers(known))


def _words(waiting: Waiting) -> str:
    """Return the author's text with later additions."""
    return "\n\n".join(str(one["text"]) for one in (waiting.body, *waiting.body.get("more", ())))


def _pages(waiting: tuple[Waiting, ...]) -> list[tuple[Waiting, ...]]:
    pages: list[tuple[Waiting, ...]] = []
    page: list[Waiting] = []
    size = 0
    for one in waiting:
        length = len(_words(one))
        if page and size + length > LONGEST:
            pages.append(tuple(page))
            page, size = [], 0
        page.append(one)
        size += length
    return [*pages, tuple(page)]


def _together(phase: int, some: tuple[Waiting, ...], *, first: bool) -> NeutralCard:
    parts: list[Part[Line]] = []
    if first:
        parts.append(Heading(text("walk.together.heading", number=Count(phase))))
        parts.append(Paragraph(text("walk.together.why")))
    parts += [Quote(Kept("published", one.new_id)) for one in some]
    return card(*parts)
