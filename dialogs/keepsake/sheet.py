"""The promises of a project that has been deleted: as a card, and on paper."""

from __future__ import annotations

from datetime import date, datetime

from dialogs.keepsake.states import KeptPromise, KeptSheet, KeptVerdict, sheet_in
from dialogs.model import events as e
from dialogs.model.calendar import Calendar, local
from dialogs.model.cards import (
    Button,
    Count,
    Day,
    FactRows,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Several,
    Small,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.documents import DataTable, NeutralDocument, document, section
from dialogs.model.facts import Keepsake
from dialogs.model.shorten import cut
from dialogs.promise.states import FIELDS

HEADING = 80


def sheet_card(one: Keepsake) -> NeutralCard:
    sheet = sheet_in(one)
    get: Button[Line] = Button(
        text("promise.get"), e.FileWanted(view="kept_promises_file", ref=one.id)
    )
    return card(
        Heading(text("promise.name", name=Words(sheet.name))),
        *_about(one, sheet),
        *(part for each in sheet.promises for part in _promise(each)),
        buttons(get),
    )


def _about(one: Keepsake, sheet: KeptSheet) -> tuple[Paragraph[Line] | Small[Line], ...]:
    ended = sheet.ended
    said = () if ended is None else (Paragraph(text("keepsake.sheet_of", day=_day(ended))),)
    return (*said, Small(text("keepsake.sheet_until", day=_until(one), id=Words(one.project))))


def _day(day: date) -> Line:
    return Day(day, year=True)


def _until(one: Keepsake) -> Line:
    assert one.until is not None  # its project has been deleted
    return _day(local(Calendar(), one.until).date())


def _promise(one: KeptPromise) -> tuple[Part[Line], ...]:
    said = text(
        f"promise.line_{one.kind}",
        gain=Words(one.fields.get("gain", "")),
        owner=Words(one.fields.get("owner", "")),
    )
    rows = tuple(row for row in _rows(one) if row[0] not in _IN_LINE)
    return (Paragraph(said), *((FactRows(rows),) if rows else ()))


_IN_LINE = (text("promise.field_gain"), text("promise.field_owner"))


def _rows(one: KeptPromise) -> tuple[tuple[Line, Line], ...]:
    """Return what was promised, and what became of it."""
    written = tuple(
        (text(f"promise.field_{field}"), Words(one.fields[field]))
        for field in FIELDS
        if one.fields.get(field)
    )
    return (*written, *(_judged(said) for said in one.verdicts))


def _of(one: KeptPromise) -> tuple[tuple[Line, Line], ...]:
    return ((text("promise.field_kind"), text(f"promise.kind_{one.kind}")), *_rows(one))


def _judged(said: KeptVerdict) -> tuple[Line, Line]:
    line = (Words(said.line),) if said.line else ()
    told = Several((text(f"promise.{said.outcome}"), *line))
    return text("promise.after", n=Count(said.months)), told


def sheet_document(at: datetime, one: Keepsake) -> NeutralDocument:
    sheet = sheet_in(one)
    columns = (text("promise.column_what"), text("promise.column_is"))
    return document(
        title=text("promise.title"),
        slug=text("promise.slug"),
        project=sheet.name,
        day=local(Calendar(), at).date(),
        sections=(
            section(text("promise.about_sheet"), *_about(one, sheet)),
            *(
                section(
                    Words(cut(each.fields.get("gain", ""), HEADING)),
                    DataTable(text(f"promise.kind_{each.kind}"), columns, _of(each), together=True),
                )
                for each in sheet.promises
            ),
        ),
    )
