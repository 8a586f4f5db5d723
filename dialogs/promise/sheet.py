"""The promises on paper, to be kept after the project is deleted, with functions and no names."""

from __future__ import annotations

from datetime import datetime

from dialogs.model.calendar import local
from dialogs.model.cards import Count, Day, Kept, Line, Paragraph, Several, Small, text
from dialogs.model.documents import (
    DataTable,
    NeutralDocument,
    Section,
    WritingSpace,
    document,
    section,
)
from dialogs.model.facts import Known
from dialogs.outcomes.states import compass_status, quality_name
from dialogs.promise.states import FIELDS, PromiseMade, promises_of

ASKED = (3, 6, 12)
HEADING = 80
"""Characters of a promise in its heading, by which it is found in the contents."""


def promises_document(at: datetime, known: Known) -> NeutralDocument:
    """Return the sheet. Needs `About`, `PROMISES` and `ALL_RUNS`."""
    project, found = known.project, promises_of(known)
    return document(
        title=text("promise.title"),
        slug=text("promise.slug"),
        project=project.name,
        day=local(project.calendar, at).date(),
        sections=(
            section(text("promise.about_sheet"), Paragraph(text("promise.sheet_note"))),
            *(
                section(
                    Kept("promise", one.id, "gain", cut=HEADING),
                    DataTable(
                        text(f"promise.kind_{one.kind}"),
                        (text("promise.column_what"), text("promise.column_is")),
                        _rows(one),
                        together=True,
                    ),
                    None if one.verdicts else WritingSpace[Line](text("promise.by_hand"), 2),
                )
                for one in found
            ),
            None if found else section(text("promise.none"), Small(text("promise.how"))),
            _compass(known),
        ),
    )


def _compass(known: Known) -> Section[Line] | None:
    """Return the compass's latest status of each quality, by which a gain can be judged as well."""
    status = compass_status(known)
    if status is None:
        return None
    day = Day(status.day, weekday=False, year=True)
    header = (text("report.quality"), text("report.status"))
    rows = tuple((quality_name(id, known), word) for id, word in status.words.items())
    name = text("promise.compass")
    taken = Paragraph[Line](text("promise.compass_of", day=day))
    return section(name, taken, DataTable(name, header, rows))


def _rows(one: PromiseMade) -> tuple[tuple[Line, Line], ...]:
    """Return what was promised and what was said of it, without who said so."""
    kind = (text("promise.field_kind"), text(f"promise.kind_{one.kind}"))
    written = tuple(
        (text(f"promise.field_{field}"), Kept("promise", one.id, field))
        for field in FIELDS
        if field in one.fields
    )
    judged: list[tuple[Line, Line]] = []
    for months in ASKED:
        said = one.verdict(months)
        if said is not None:
            line = (Kept("verdict", said.line),) if said.line else ()
            told = Several((text(f"promise.{said.outcome}"), *line))
            judged.append((text("promise.after", n=Count(months)), told))
    return (kind, *written, *judged)
