"""Gives a person a link to fetch a file by: for a day, and only to that person.

The file itself is what a look hands over (`Hand`). The look is carried out as this person when the
link is used, so the gate asks again who they are then, and what they may see.
"""

from __future__ import annotations

from datetime import timedelta

from dialogs.model import events as e
from dialogs.model.appointments import written_time
from dialogs.model.calendar import local
from dialogs.model.cards import (
    LinkAddress,
    Moment,
    Paragraph,
    Small,
    card,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Step, the_only
from dialogs.model.effects import Effects, FieldError, MakeLink, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known

LASTS = timedelta(days=1)


def needs(state: None, event: e.SignedEvent) -> Facts:
    return (About(),) if isinstance(event, e.MeetingDated) else ()


def decide(state: None, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.FileWanted(view=view, ref=ref):
            return None, _link(event, Look(view, project=event.project, ref=ref))
        case e.MeetingDated():
            return None, _meeting(event, known)
        case _:
            return None, ()


def _link(event: e.FileWanted | e.MeetingDated, look: Look) -> Effects:
    until = event.at + LASTS
    told = text("download.ready", address=LinkAddress("download", event.id))
    return (
        MakeLink("download", event.id, event.by, until, look),
        Show(card(Paragraph(told), Small(text("download.yours", until=Moment(until))))),
    )


def _meeting(event: e.MeetingDated, known: Known) -> Effects:
    today = local(known.project.calendar, event.at).date()
    if event.day is None or event.day < today:
        return (FieldError("day", text("download.past")),)
    if event.start is None:
        return (FieldError("start", text("download.no_start")),)
    when = written_time(event.day, event.start, int(event.length))
    return _link(event, Look("meeting_file", project=event.project, ref=event.question, words=when))


CONVERSATION = Conversation(
    name="download",
    events=the_only("download", e.FileWanted, e.MeetingDated),
    needs=needs,
    decide=decide,
)
