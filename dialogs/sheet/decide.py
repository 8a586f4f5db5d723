"""*Ugens ark*: a sheet for the morning meeting, as Word or to be printed."""

from __future__ import annotations

from dialogs.model.cards import Button, Heading, Line, Paragraph, buttons, card, text
from dialogs.model.conversation import Conversation, Facts, LookResults, Responses, Sight, opens
from dialogs.model.effects import Hand, Show
from dialogs.model.events import FileWanted, Look
from dialogs.model.facts import About, Known, Viewer
from dialogs.sheet.week import week_document, week_needs


def _offer_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def _offer(look: Look, viewer: Viewer, known: Known) -> Responses:
    wanted = FileWanted(project=known.project.id, view="week_sheet")
    get: Button[Line] = Button(text("sheet.get_week"), wanted, "main")
    shown = card(Heading(text("sheet.heading")), Paragraph(text("sheet.offer")), buttons(get))
    return (Show(shown),)


def _file_needs(look: Look, viewer: Viewer) -> Facts:
    return week_needs()


def _file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    return (Hand(week_document(viewer.at, known)),)


CONVERSATION = Conversation(
    name="sheet",
    sights={
        "sheet": Sight(_offer_needs, _offer),
        "week_sheet": Sight(_file_needs, _file),
    },
    commands={"sheet": opens("sheet")},
)
