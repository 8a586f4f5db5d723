"""The forms with which a project rests, goes on or ends."""

from __future__ import annotations

from datetime import date

from dialogs.model import cards as c
from dialogs.model.cards import (
    Choice,
    Choices,
    DateField,
    Form,
    Line,
    Note,
    TextField,
    text,
)
from dialogs.model.facts import Project, Rec
from dialogs.project.end_cards import FOLLOW_UP
from dialogs.project.forms import long_field, options_of


def pause(state: Project) -> Form[Line]:
    return Form(
        title=text("project.pause_form"),
        fields=(
            Note(text("project.pause_note")),
            DateField("until", text("project.field_until"), state.until),
        ),
        submit=text("project.pause_submit"),
        into="paused",
        fixed={"project": state.id},
    )


def not_now(state: Project, lesson: str) -> Form[Line]:
    return Form(
        title=text("button.not_now"),
        fields=(
            Note(text("project.not_now_note")),
            long_field("reason", "project.field_reason", "", required=True),
            _lesson(lesson),
            DateField("until", text("project.field_not_now_until")),
        ),
        submit=text("button.not_now"),
        into="not_now",
        fixed={"project": state.id},
    )


def stop(state: Project, erased: date, lesson: str) -> Form[Line]:
    return Form(
        title=text("button.stop_here"),
        fields=(
            Note(text("project.stop_note", day=c.Day(erased))),
            long_field(
                "reason", "project.field_reason", "", hint="project.reason_hint", required=True
            ),
            _lesson(lesson),
        ),
        submit=text("button.stop_here"),
        into="stopped_here",
        fixed={"project": state.id},
    )


def _lesson(value: str) -> TextField[Line]:
    """The field whose text other projects can read, also when it was written before."""
    return long_field("lesson", "project.field_lesson", value, hint="project.lesson_hint")


def follow_up(state: Project, months: int, written: Rec | None) -> Form[Line]:
    """What stands there already can be corrected."""
    body = {} if written is None else written.body
    return Form(
        title=text("project.follow_up_title", n=c.Count(months)),
        fields=(
            Note(text("project.follow_up_note")),
            *(long_field(id, label, str(body.get(id, ""))) for id, label in FOLLOW_UP),
        ),
        submit=text("button.save"),
        into="followed_up",
        fixed={"project": state.id, "months": str(months)},
    )


def end(state: Project, promised: bool, erased: date, lesson: str) -> Form[Line]:
    return Form(
        title=text("project.end_form"),
        fields=(
            Note(text("project.end_note")),
            Note(text("project.end_promised" if promised else "project.end_not_promised")),
            long_field("better", "project.row_better", ""),
            long_field("worse", "project.row_worse", ""),
            long_field(
                "reason", "project.field_end_reason", "", hint="project.reason_hint", required=True
            ),
            _lesson(lesson),
            Choices(
                "look_again",
                text("project.field_look_again"),
                options_of("project.months", "3", "6", "12"),
                values=("3", "12") if promised else (),
            ),
            Note(text("project.end_erased", day=c.Day(erased))),
        ),
        submit=text("project.end_submit"),
        into="ended",
        fixed={"project": state.id},
    )


def helped(state: Project) -> Form[Line]:
    ways = ["go_on"]
    if state.every_weeks == 1:
        ways.append("calmer")
    if state.length == "short":
        ways.append("whole")
    return Form(
        title=text("project.helped_title"),
        fields=(
            long_field(
                "leave_out", "project.field_leave_out", "", hint="project.field_leave_out_hint"
            ),
            Choice(
                "choice",
                text("project.field_helped"),
                options_of("project.helped", *ways),
                value="go_on",
            ),
        ),
        submit=text("button.send"),
        into="helped",
        fixed={"project": state.id},
    )
