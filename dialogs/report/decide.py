"""*Rapporten*: what the committee needs of a project, as a file."""

from __future__ import annotations

from dialogs.model.cards import Button, Heading, Line, Paragraph, Small, buttons, card, text
from dialogs.model.conversation import Conversation, Facts, LookResults, Responses, Sight, opens
from dialogs.model.effects import Hand, Show
from dialogs.model.events import FileWanted, Look
from dialogs.model.facts import About, Known, Viewer
from dialogs.report.whole import report_document, report_needs


def _offer_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def _offer(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if project.stage == "draft":
        return (_too_early(project.id),)
    get: Button[Line] = Button(
        text("report.get"), FileWanted(project=project.id, view="report_file"), "main"
    )
    shown = card(
        Heading(text("report.heading")),
        Paragraph(text("report.offer")),
        Small(text("report.pass_on")),
        buttons(get),
    )
    return (Show(shown),)


def _too_early(project: str) -> Show:
    draft: Button[Line] = Button(text("walk.button.draft"), Look("draft", project=project), "main")
    return Show(
        card(Heading(text("report.heading")), Paragraph(text("report.not_yet")), buttons(draft))
    )


def _file_needs(look: Look, viewer: Viewer) -> Facts:
    return report_needs()


def _file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    if known.project.stage == "draft":
        return (_too_early(known.project.id),)
    return (Hand(report_document(viewer.at, known)),)


CONVERSATION = Conversation(
    name="report",
    sights={
        "report": Sight(_offer_needs, _offer),
        "report_file": Sight(_file_needs, _file),
    },
    commands={"report": opens("report")},
)
