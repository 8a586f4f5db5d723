"""The meeting's sheet: one question on one sheet of paper, with room to write what is agreed."""

from __future__ import annotations

from datetime import datetime

from dialogs.model import cards as c
from dialogs.model.calendar import local
from dialogs.model.cards import Bullets, Line, Small, text
from dialogs.model.documents import (
    NeutralDocument,
    QrCode,
    WritingSpace,
    document,
    section,
)
from dialogs.model.facts import Known
from dialogs.page.states import page_address
from dialogs.question.states import Asked, place_of, title, why_line

LINES = 4
FEWER = 3
"""Ruled lines below each of the three headings; fewer where the code takes its share."""


def meeting_document(state: Asked, at: datetime, known: Known) -> NeutralDocument:
    """Return the sheet of a question that is open. It holds what the channel has been shown."""
    project, words = known.project, state.words
    place, address = place_of(words, known), page_address(known)
    lines = LINES if address is None else FEWER
    return document(
        title=text("sheet.meeting"),
        slug=text("sheet.meeting_slug"),
        project=project.name,
        day=local(project.calendar, at).date(),
        sections=(
            section(
                title(words),
                None if place is None else Small(place),
                None if address is None else QrCode(text("sheet.without_chat"), address),
                why_line(words),
                steps(),
            ),
            section(
                text("sheet.together"),
                *(
                    WritingSpace[Line](text(f"question.line_{one}"), lines)
                    for one in ("agree", "differ", "next")
                ),
            ),
        ),
    )


def steps() -> Bullets[Line]:
    """Return the minutes alone, in pairs and together."""
    said = tuple(text(f"question.meeting_{one}") for one in ("alone", "pairs", "together"))
    return c.Bullets(said, numbered=True)
