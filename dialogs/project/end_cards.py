"""The cards for when a project pauses, resumes or ends."""

from __future__ import annotations

from datetime import date

from dialogs.keepsake.states import LESSON, deleted_line, keeping_of
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Button, Card, Line, Part, card, text
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project, Rec, Records
from dialogs.project.cards import rhythm
from dialogs.promise.states import asked_again, gain_line, promises_of

AGAIN = "again:"  # the slot of a follow-up's post, its timer and its record, before the months
FOLLOW_UP = (
    ("better", "project.row_better"),
    ("worse", "project.row_worse"),
)


def ways_to_end(state: Project, owed: tuple[Part[Line] | None, ...]) -> Card[Line]:
    """Return the ways to end, interrupt, stop or pause, all equally acceptable."""
    return card(
        c.Heading(text("project.ways_title")),
        *owed,
        c.Bullets(tuple(text(f"project.way_{way}") for way in ("end", "stop", "not_now", "pause"))),
        c.Buttons(
            (
                Button(
                    text("project.end_submit"), Look("end", project=state.id, ref="form"), "main"
                ),
                Button(text("button.stop_here"), Look("stop", project=state.id)),
                Button(text("button.not_now"), Look("not_now", project=state.id)),
                Button(text("project.pause_submit"), Look("pause", project=state.id)),
            )
        ),
    )


def paused(state: Project) -> Card[Line]:
    return card(
        c.Paragraph(
            text("project.said_paused")
            if state.until is None
            else text("project.said_paused_until", day=c.Day(state.until))
        ),
        c.Paragraph(text("project.intake_open")),
        c.Buttons((Button(text("button.say"), Look("say", project=state.id)),)),
    )


def not_now(state: Project, event: e.NotNow) -> Card[Line]:
    return card(
        c.Paragraph(text("project.said_not_now", who=c.Who(event.by))),
        c.Quote(c.Kept("reason", event.id), c.Who(event.by)),
        *_lesson(event),
        None
        if state.until is None
        else c.Paragraph(text("project.said_not_now_until", day=c.Day(state.until))),
        c.Paragraph(text("project.intake_open")),
        c.Buttons((Button(text("button.say"), Look("say", project=state.id)),)),
    )


def resumed(state: Project) -> Card[Line]:
    return card(c.Paragraph(text("project.said_resumed")), c.Paragraph(rhythm(state)))


def stopped(state: Project, event: e.StoppedHere, erased: date, known: Known) -> Card[Line]:
    """Tell the channel that the project stops. Needs `KEEPING`."""
    return card(
        c.Heading(text("project.stopped_title", name=c.Words(state.name))),
        *_why(event),
        _still_answered(state),
        *_until_deleted(state, erased, known),
    )


def _why(event: e.StoppedHere | e.Ended) -> tuple[Part[Line], ...]:
    return (
        c.Paragraph(text("project.said_stopped", who=c.Who(event.by))),
        c.Quote(c.Kept("reason", event.id), c.Who(event.by)),
        *_lesson(event),
    )


def _lesson(event: e.NotNow | e.StoppedHere | e.Ended) -> tuple[Part[Line], ...]:
    if not event.lesson:
        return ()
    return (
        c.Paragraph(text("project.said_lesson")),
        c.Quote(c.Kept(LESSON, LESSON), c.Who(event.by)),
    )


def _until_deleted(state: Project, erased: date, known: Known) -> tuple[Part[Line] | None, ...]:
    see: Button[Line] = Button(text("keepsake.see"), Look("what_stays", project=state.id))
    key = "keepsake.after_the_end" if keeping_of(known).agreed else "project.after_the_end"
    return c.Paragraph(text(key, day=c.Day(erased))), c.buttons(see)


def _still_answered(state: Project) -> Part[Line] | None:
    """Return until when texts can be answered. It is shown at every end, so it does not reveal
    whether any text waits."""
    last = state.answered_until
    return None if last is None else c.Paragraph(text("project.still_answered", day=c.Day(last)))


def to_answer(state: Project) -> Card[Line]:
    """Return the message to everybody who may have texts to answer, whether or not they have."""
    last = state.answered_until
    assert last is not None  # the project has ended
    look = Look("concerns", project=state.id, ref="owed")
    name = c.Words(state.name)
    return card(
        c.Paragraph(text("project.to_answer", name=name, day=c.Day(last))),
        c.buttons(Button(text("project.see_owed"), look, "main")),
    )


def ended(
    state: Project, event: e.Ended, erased: date, again: tuple[date, ...], known: Known
) -> Card[Line]:
    """Tell the channel of the end. Needs `PROMISES` and `KEEPING`."""
    promised = promises_of(known)
    return card(
        c.Heading(text("project.ended_title", name=c.Words(state.name))),
        c.Paragraph(text("project.said_ended", who=c.Who(event.by))),
        c.Bullets(tuple(gain_line(one) for one in promised)) if promised else None,
        outcome(state, "end"),
        *_why(event),
        _still_answered(state),
        c.Paragraph(text("project.said_again", days=c.Listing(tuple(c.Day(day) for day in again))))
        if again
        else None,
        *_until_deleted(state, erased, known),
    )


def outcome(state: Project, end: str) -> Part[Line] | None:
    """Return what was written at the end, by the id of its record."""
    rows = tuple(
        (text(f"project.row_{field}"), c.Kept("end", end, field))
        for field in ("promise", "better", "worse")
        if getattr(state, field)
    )
    return c.FactRows(rows) if rows else None


def again(state: Project, months: int, known: Known) -> Card[Line]:
    """Return the follow-up card with what was written in it. Needs `Records("follow_up")`,
    `PROMISES` and `KEEPING`."""
    written = follow_up_of(known, months)
    how = "project.follow_up_write" if written is None else "project.follow_up_change"
    write = Look("follow_up", project=state.id, ref=str(months))
    return card(
        c.Heading(text("project.again_title", n=c.Count(months), name=c.Words(state.name))),
        c.Paragraph(text("project.again_ask")),
        outcome(state, "end"),
        *asked_again(known, months),
        *(
            (c.Paragraph(text("project.again_how")),)
            if written is None
            else (
                c.Paragraph(text("project.follow_up_by", who=c.Who(written.person))),
                c.FactRows(
                    tuple(
                        (text(label), c.Kept("follow_up", written.id, field))
                        for field, label in FOLLOW_UP
                        if written.body.get(field)
                    )
                ),
            )
        ),
        None if state.erase_on is None else c.Small(deleted_line(state.erase_on, known)),
        c.buttons(
            Button(text(how), write, "main" if written is None else "plain"),
            Button(text("project.follow_up_results"), Look("results", project=state.id)),
        ),
    )


def follow_up_of(known: Known, months: int) -> Rec | None:
    """Return what was written this many months after the end."""
    found = known(Records("follow_up"))
    return next((one for one in found if one.id == f"{AGAIN}{months}"), None)


def did_it_help(state: Project, *, leads: bool) -> Card[Line]:
    """Ask leader and facilitator once, three weeks after the start, whether it helped. Only a
    leader can end the project."""
    whole = (
        Button[Line](
            text("button.whole_course"), e.Helped(project=state.id, choice="whole"), "main"
        )
        if state.length == "short"
        else None
    )
    calmer = (
        Button[Line](text("button.continue_calmer"), e.Helped(project=state.id, choice="calmer"))
        if state.every_weeks == 1
        else None
    )
    return card(
        c.Heading(text("project.helped_title")),
        c.Paragraph(text("project.helped_ask", name=c.Words(state.name))),
        c.buttons(
            whole,
            Button(text("button.continue"), e.Helped(project=state.id, choice="go_on")),
            calmer,
            Button(text("button.end_here"), Look("end", project=state.id, ref="form"))
            if leads
            else None,
            Button(text("project.leave_out_button"), Look("helped", project=state.id)),
        ),
    )


def is_it_time(state: Project) -> Card[Line]:
    """Remind the leader that the date of *Ikke nu* has come."""
    return card(
        c.Paragraph(text("project.is_it_time", name=c.Words(state.name))),
        c.Buttons(
            (
                Button(text("button.continue"), e.Resumed(project=state.id), "main"),
                Button(text("button.not_now"), Look("not_now", project=state.id)),
                Button(text("button.stop_here"), Look("stop", project=state.id)),
            )
        ),
    )
