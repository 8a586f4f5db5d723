"""A person's own page: their projects, what waits for them, and the two buttons that everybody has.

It depends only on signed acts, roles and texts released to this reader.
"""

from __future__ import annotations

from dialogs.home.states import asked_roles, waiting, waiting_needs
from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Heading,
    Line,
    Paragraph,
    Part,
    Small,
    Typed,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Responses, Sight
from dialogs.model.effects import Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import (
    About,
    InEach,
    Known,
    PrefsOf,
    Present,
    Roles,
    Viewer,
)
from dialogs.model.roles import held
from dialogs.walk.states import progress, stage_line

PROJECTS = 8


def _mine(person: Person) -> InEach:
    return InEach(person, (About(), Present(), *waiting_needs(person)), PROJECTS + 1)


def _needs(look: Look, viewer: Viewer) -> Facts:
    return (_mine(viewer.person),)


def _home(look: Look, viewer: Viewer, known: Known) -> Responses:
    mine = known.each(_mine(viewer.person))
    parts: list[Part[Line] | None] = [
        Paragraph(text("home.doors")),
        buttons(
            Button(text("button.say"), Look("say"), "main"),
            Button(text("button.code"), Look("code")),
        ),
        Heading(text("home.title")),
    ]
    if not mine:
        parts.append(Paragraph(text("home.none", start=Typed("start"))))
    for each in mine[:PROJECTS]:
        parts += _project(each, viewer)
    if len(mine) > PROJECTS:
        parts.append(Small(text("home.more", status=Typed("status"))))
    parts.append(Small(text("help.try_help", help=Typed("help"))))
    return (Show(card(*parts)),)


def _chat_needs(look: Look, viewer: Viewer) -> Facts:
    return (PrefsOf(viewer.person),)


def _chat(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show the welcome message of the private chat, unless it was shown: which texts Digi reads
    there, and the same buttons for everybody, whichever project they are in."""
    if known(PrefsOf(viewer.person)).greeted:
        return ()
    return (
        Show(
            card(
                Paragraph(text("home.chat", help=Typed("help"))),
                Paragraph(text("home.chat_unread")),
                buttons(
                    Button(text("button.say"), Look("say"), "main"),
                    Button(text("button.code"), Look("code")),
                    Button(text("button.where_are_we"), Look("status")),
                ),
            )
        ),
    )


def _project(known: Known, viewer: Viewer) -> list[Part[Line] | None]:
    project = known.project
    there = viewer.person in known(Present())
    if held(project, known(Roles()), viewer.person, there=there) <= {"reader"}:
        return _read_only(known, viewer)
    stage = stage_line(project)
    waits = waiting(known, viewer)
    quiet = "home.nothing" if project.stage != "draft" else "home.nothing_draft"
    view: e.View = "draft" if project.stage == "draft" else "status"
    key = "walk.button.draft" if project.stage == "draft" else "button.where_are_we"
    return [
        Paragraph(text("home.project", name=Words(project.name))),
        None if project.stage == "draft" else progress(known, project.phase),
        None if stage is None else Paragraph(stage),
        *(waits or [Small(text(quiet))]),
        buttons(
            Button(text(key), Look(view, project=project.id)),
            Button(text("walk.button.agreements"), Look("agreements", project=project.id))
            if project.stage != "draft"
            else None,
        ),
    ]


def _read_only(known: Known, viewer: Viewer) -> list[Part[Line] | None]:
    """Return what a reader for the committee sees of a project, or whoever is asked to be one."""
    project = known.project
    reads = viewer.person in known.holders("reader")
    see: Button[Line] = Button(text("report.open"), Look("report", project=project.id))
    return [
        Paragraph(text("home.project", name=Words(project.name))),
        *asked_roles(known, viewer.person),
        buttons(see) if reads else None,
    ]


CONVERSATION = Conversation(
    name="home",
    sights={"home": Sight(_needs, _home), "chat": Sight(_chat_needs, _chat)},
)
