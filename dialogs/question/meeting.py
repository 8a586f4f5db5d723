"""The card that presents a question at a meeting, on a screen or on paper."""

from __future__ import annotations

from typing import get_args

from dialogs.model import cards as c
from dialogs.model.appointments import Appointment, read_time
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Button,
    Heading,
    Line,
    Option,
    Paragraph,
    Part,
    Small,
    text,
)
from dialogs.model.conversation import Facts, LookResults, Responses
from dialogs.model.effects import Hand, Open, Show
from dialogs.model.events import FileWanted, Look, Minutes, NextNow
from dialogs.model.facts import (
    About,
    HowManyEach,
    Known,
    States,
    Viewer,
)
from dialogs.page.states import PAGE, where_the_page_is
from dialogs.question.buttons import source_button
from dialogs.question.cards import told
from dialogs.question.meeting_sheet import meeting_document, steps
from dialogs.question.states import (
    Asked,
    QuestionWords,
    all_of,
    is_open,
    place_of,
    state_word,
    title,
    why_line,
)
from dialogs.walk.states import RUNS, stage_line

TO_CHOOSE = 10


def meeting_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), States("question"), HowManyEach("answer"), PAGE)


def meeting(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Return the meeting card of the named question, or of the only open one."""
    project, found = known.project.id, all_of(known)
    asked = found.get(look.ref) if look.ref else None
    if asked is not None and not (isinstance(asked, Asked) and is_open(asked)):
        return told(asked, project)
    candidates = sorted(
        (s for s in found.values() if isinstance(s, Asked) and is_open(s)),
        key=lambda s: (s.asked_at, -s.words.number),
        reverse=True,
    )
    if asked is not None or len(candidates) == 1:
        return (Show(_sheet(asked or candidates[0], viewer, known)),)
    if candidates:
        return (Show(_which(candidates, look, known)),)
    resting = stage_line(known.project)
    if resting is not None:
        return (Show(c.card(Paragraph(resting))),)
    next_now: Button[Line] = Button(text("question.next_now"), NextNow(project=project))
    ask_now = c.buttons(next_now if viewer.may(*RUNS) else None)
    return (Show(c.card(Paragraph(text("question.meeting_none")), ask_now)),)


def _which(candidates: list[Asked], look: Look, known: Known) -> c.NeutralCard:
    """List the open questions to choose from, newest first, in pages."""
    project, answered = known.project.id, known(HowManyEach("answer"))
    start = int(look.words) if look.words.isdigit() else 0
    page, rest = candidates[start : start + TO_CHOOSE], len(candidates) - start - TO_CHOOSE
    older = Look("meeting", project=project, words=str(start + TO_CHOOSE))
    rows: list[Part[Line] | None] = []
    for state in page:
        this = Look("meeting", project=project, ref=state.words.id)
        word = state_word(state, answered.get(state.words.id, 0))
        line = text("question.in_list", title=title(state.words), state=word)
        rows += [Paragraph(line), c.buttons(Button(text("question.meeting_this"), this))]
    return c.card(
        Heading(text("question.meeting_which")),
        *rows,
        Small(text("question.and_older", n=c.Count(rest))) if rest > 0 else None,
        c.buttons(Button(text("question.show_more"), older)) if rest > 0 else None,
    )


def _sheet(state: Asked, viewer: Viewer, known: Known) -> c.NeutralCard:
    project, words = known.project, state.words
    place = place_of(words, known)
    talked = Look("talked", project=project.id, ref=words.id)
    day = c.Day(local(project.calendar, viewer.at).date())
    return c.card(
        Small(text("question.meeting_head", name=c.Words(project.name), day=day)),
        None if place is None else Small(place),
        Heading(title(words)),
        why_line(words),
        steps(),
        Paragraph(text("question.meeting_lines")),
        c.Bullets(
            (
                text("question.line_agree"),
                text("question.line_differ"),
                text("question.line_next"),
            ),
            to_fill_in=True,
        ),
        where_the_page_is(known),
        c.buttons(
            Button(text("button.we_talked"), talked, style="main") if viewer.may(*RUNS) else None,
            Button(
                text("sheet.get_meeting"),
                FileWanted(project=project.id, view="meeting_sheet", ref=words.id),
            ),
            Button(text("button.calendar"), Look("meeting_date", project=project.id, ref=words.id)),
            _exercise_button(project.id, words, known),
            source_button(project.id, words),
        ),
    )


def sheet_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), States("question"), PAGE)


def sheet_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the sheet of a question that is open."""
    asked = all_of(known).get(look.ref)
    if not isinstance(asked, Asked) or not is_open(asked):
        return told(asked, known.project.id)
    return (Hand(meeting_document(asked, viewer.at, known)),)


def date_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), States("question"))


def date_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Ask when the meeting is. The answer goes into a calendar file and is not kept."""
    lengths = tuple(
        Option[Line](minutes, text("question.minutes", minutes=c.Count(int(minutes))))
        for minutes in get_args(Minutes)
    )
    return (
        Open(
            c.Form(
                title=text("question.meeting_when"),
                fields=(
                    c.DateField("day", text("question.meeting_day"), required=True),
                    c.TimeField("start", text("question.meeting_start"), required=True),
                    c.Choice("length", text("question.meeting_length"), lengths, value="30"),
                    c.Note(text("question.meeting_own")),
                ),
                submit=text("question.meeting_make"),
                into="meeting_dated",
                fixed={"project": known.project.id, "question": look.ref},
            )
        ),
    )


def date_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the meeting as an appointment."""
    project, asked = known.project, all_of(known).get(look.ref)
    when = read_time(look.words)
    if when is None or not isinstance(asked, Asked):
        return (Show(c.card(Paragraph(text("question.meeting_none")))),)
    day, at, minutes = when
    return (
        Hand(
            Appointment(
                uid=f"meeting-{project.id}-{asked.words.id}",
                title=text("question.meeting_about", question=title(asked.words)),
                note=text("question.meeting_note", name=c.Words(project.name)),
                slug=text("question.meeting_slug"),
                day=day,
                at=at,
                minutes=minutes,
                zone=project.calendar.zone,
            )
        ),
    )


def _exercise_button(project: str, words: QuestionWords, known: Known) -> Button[Line] | None:
    """Return a button to the exercise that goes with a question, if there is one."""
    for place in known.catalogue.course.order:
        if place.question == words.id and place.exercise in known.catalogue.sets:
            return Button(
                text("advice.exercise"), Look("exercises", project=project, words=place.exercise)
            )
    return None
