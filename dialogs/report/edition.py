"""An edition of the report for the committee: words that stay as they were, and who has seen it.

What people wrote is kept by its id, so that what an author takes back, or what is erased, is gone
from an edition too. Everything else is kept as it was said.
"""

from __future__ import annotations

from typing import Any

import msgspec
from content.model import Catalogue
from msgspec.structs import replace

from dialogs.model.calendar import local
from dialogs.model.cards import (
    Count,
    Day,
    Kept,
    Line,
    Listing,
    Paragraph,
    Several,
    Text,
    Who,
    Worded,
    Words,
    text,
)
from dialogs.model.documents import (
    DataTable,
    NeutralDocument,
    Section,
    converted,
    converted_picture,
    section,
)
from dialogs.model.facts import Known, Project
from dialogs.report.lines import NONE
from dialogs.report.states import Edition, Seat


def written(document: NeutralDocument, catalogue: Catalogue) -> dict[str, Any]:
    """Return the document as a record's body: with the words that the phrases have now, and the
    year in every date."""

    def line(said: Line) -> Line:
        match said:
            case Text(key=key, args=args):
                n = args.get("n")
                count = n.n if isinstance(n, Count) else None
                phrase = catalogue.phrase(key)
                fixed = {name: line(one) for name, one in args.items()}
                return Worded(phrase.of("da", count), phrase.of("en", count), fixed)
            case Several(lines=lines):
                return Several(tuple(line(one) for one in lines))
            case Listing(items=items):
                return Listing(tuple(line(one) for one in items))
            case Day():
                return replace(said, year=True)
            case _:
                return said

    kept = converted(document, line, lambda picture: converted_picture(picture, line))
    body: dict[str, Any] = msgspec.to_builtins(kept)
    return body


def edition_document(edition: Edition, body: dict[str, Any], known: Known) -> NeutralDocument:
    """Return the edition with what its representatives have said of it."""
    kept = msgspec.convert(body, NeutralDocument)
    first, *rest = kept.sections
    seen = _seen(edition, known.project)
    return replace(kept, sections=(first, seen, *_following(rest)))


def _following(rest: list[Section[Line]]) -> list[Section[Line]]:
    """Return the sections after the one that now begins the second page."""
    return [replace(one, new_page=one.new_page and i > 0) for i, one in enumerate(rest)]


def _seen(edition: Edition, project: Project) -> Section[Line]:
    heading = text("report.seen_by")
    waiting = [one for one in edition.seats if not edition.seen_by(one.person)]
    rows: list[tuple[Line, ...]] = []
    for one in edition.seen:
        day = Day(local(project.calendar, one.at).date(), weekday=False, year=True)
        remark: Line = text("report.no_remark")
        if one.remark:
            remark = Kept("edition_remark", one.remark)
        rows.append((seated(one.seat), day, remark))
    rows += [(seated(one), text("report.not_seen"), NONE) for one in waiting]
    if not rows:
        return section(heading, Paragraph(text("report.no_representatives")), new_page=True)
    header = tuple(text(f"report.{one}") for one in ("representative", "seen_on", "remark"))
    return section(heading, DataTable(heading, header, tuple(rows)), new_page=True)


def seated(one: Seat) -> Line:
    """Return who it is, and whom they represent."""
    role = text(f"project.row_{one.role}")
    if one.detail:
        return text("report.seat_of", who=Who(one.person), role=role, union=Words(one.detail))
    return text("report.seat", who=Who(one.person), role=role)
