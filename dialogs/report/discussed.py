"""What was recorded of the committee's discussions, and how the other side sees it.

The words are copied from their records, because an edition must stay as it is when a line is
corrected later.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialogs.med.states import MedDiscussion, OtherView, level_name, med_of
from dialogs.model.cards import Day, Line, Paragraph, Quote, Words, text
from dialogs.model.documents import Passage
from dialogs.model.facts import Known, Records
from dialogs.report.lines import NONE

IN_BODY = 3
"""Discussions on the pages before the annexes."""
MINUTES = Records("med_discussion")
OTHER_VIEWS = Records("med_other")


def minute_of(discussion: str, known: Known) -> str:
    """Return the line of minute. Needs `MINUTES`."""
    return _said(MINUTES, discussion, known)


def _said(fact: Records, id: str, known: Known) -> str:
    return next((str(one.body.get("text", "")) for one in known(fact) if one.id == id), "")


def discussed_line(one: MedDiscussion) -> Line:
    day = Day(one.day, weekday=False, year=True)
    return text("report.discussed", day=day, level=level_name(one.level))


def other_line(one: OtherView) -> Line:
    key = "report.seen_not" if one.level == "not" else "report.seen_otherwise"
    return text(key, level=text("report.at_level", level=level_name(one.level)))


def discussed_passages(known: Known) -> tuple[Passage[Line], ...]:
    """Return the latest discussions with their lines of minute, oldest first; annex E has all.
    Needs `StateOf("med", "med")`, `MINUTES` and `OTHER_VIEWS`."""
    found: list[Passage[Line]] = []
    for line, words in _lines(known, med_of(known).discussions[-IN_BODY:]):
        found += [Paragraph(line), *((Quote[Line](Words(words)),) if words else ())]
    return (Paragraph(text("report.in_committee")), *found) if found else ()


def discussed_rows(known: Known) -> list[tuple[Line, ...]]:
    """Return every discussion and how the other side sees it, with what was written."""
    committee = text("report.committee")
    return [
        (committee, line, Words(words) if words else NONE)
        for line, words in _lines(known, med_of(known).discussions)
    ]


def _lines(known: Known, some: tuple[MedDiscussion, ...]) -> Iterator[tuple[Line, str]]:
    for one in some:
        yield discussed_line(one), minute_of(one.id, known)
        for other in one.others:
            yield other_line(other), _said(OTHER_VIEWS, other.text, known)
