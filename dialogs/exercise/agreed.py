"""The agreements that were made in a run, for its cards and for lists of several runs."""

from __future__ import annotations

from collections.abc import Iterable

from dialogs.agreement.states import Agreement, as_listed
from dialogs.exercise.states import ExerciseRun
from dialogs.model.cards import Bullets, Line, Paragraph, Part, text
from dialogs.model.facts import Known


def agreements_of(run: ExerciseRun, known: Known) -> tuple[Agreement, ...]:
    """Return the agreements of a run and of the exercises in it, without those on what is prepared
    before it. Needs `States("agreement")`."""
    prepared = {one.agreement for one in run.prepared}
    of = {run.id, *(one.run for one in run.inner)}
    return tuple(
        one
        for one in known.states("agreement", Agreement).values()
        if one.question in of and one.id not in prepared
    )


def agreements_beside(
    run: ExerciseRun, listed: Iterable[ExerciseRun], known: Known
) -> tuple[Agreement, ...]:
    """Return the agreements of a run in a list of these runs: one that was made in an exercise of a
    workshop stands with that exercise if it is in the list too, and so only once."""
    inner = {one.id for one in listed if one.within == run.id}
    return tuple(one for one in agreements_of(run, known) if one.question not in inner)


def agreed_parts(agreed: tuple[Agreement, ...]) -> tuple[Part[Line], ...]:
    """Return them as a list with its heading, or nothing where there are none."""
    found = tuple(map(as_listed, agreed))
    return (Paragraph(text("question.agreements")), Bullets(found)) if found else ()
