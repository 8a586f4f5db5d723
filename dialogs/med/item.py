"""The item as a document: one that leader or representative hand to the committee."""

from __future__ import annotations

from datetime import datetime

from dialogs.med.cards import (
    ground_lines,
    level_lines,
)
from dialogs.med.heard import HEARD, heard
from dialogs.med.states import Med, discussion_parts, items_deadline, level_name, med_of
from dialogs.model.calendar import local
from dialogs.model.cards import Bullets, Day, Kept, Line, Paragraph, Quote, Small, Words, text
from dialogs.model.conversation import Facts
from dialogs.model.documents import DataTable, NeutralDocument, Section, document, section
from dialogs.model.facts import Known, Project, StateOf

ITEM_FACTS: Facts = (*HEARD, StateOf("med", "med"))


def item_document(at: datetime, known: Known) -> NeutralDocument:
    """Return the item as of a time. It holds what the channel may read, and the same whoever asks
    for it."""
    project, state = known.project, med_of(known)
    return document(
        title=text("med.document"),
        slug=text("med.slug"),
        project=project.name,
        day=local(project.calendar, at).date(),
        sections=(
            _asked_of(state, project),
            *_written(state, project),
            section(text("med.row_said"), *(heard(known) or (Paragraph(text("med.said_none")),))),
            _earlier(state),
            section(
                text("med.levels"),
                Bullets(level_lines()),
                *(Paragraph(line) for line in ground_lines()),
                Small(text("med.no_lawyer")),
            ),
        ),
    )


def _asked_of(state: Med, project: Project) -> Section[Line]:
    """Return what is asked of the committee, and by when."""
    item, deadline = state.item, items_deadline(project)
    level = text("med.level_open") if item is None else level_name(item.level)
    rows: list[tuple[Line, Line]] = [(text("med.row_level"), level)]
    if project.decision is not None and deadline is not None:
        rows.append((text("project.row_decision"), Day(project.decision, year=True)))
        rows.append((text("med.row_deadline"), Day(deadline, year=True)))
    return section(
        text("med.asked"),
        DataTable(text("med.asked"), (text("med.column_what"), text("med.column_is")), tuple(rows)),
        Paragraph(text("med.own_agenda")),
        Small(text("med.draft_not_written")) if item is None else None,
    )


def _written(state: Med, project: Project) -> tuple[Section[Line] | None, ...]:
    """Return what leader or representative wrote; before that, what the project says of itself."""
    if state.item is not None:
        item = state.item
        return tuple(
            section(text(f"med.row_{one}"), Paragraph(Kept("med_item", item.text, one)))
            for one in item.fields
        )
    frame = project.frame
    return (
        section(text("med.row_what"), Paragraph(Words(project.name))),
        section(text("med.row_why"), Quote(Words(project.about))) if project.about else None,
        section(text("project.row_fixed"), Quote(Words(frame.fixed))) if frame.fixed else None,
        section(text("project.row_shape"), Quote(Words(frame.shape))) if frame.shape else None,
    )


def _earlier(state: Med) -> Section[Line]:
    parts = [part for one in state.discussions for part in discussion_parts(one)]
    return section(text("med.earlier"), *(parts or [Paragraph(text("med.not_discussed"))]))
