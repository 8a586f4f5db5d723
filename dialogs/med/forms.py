"""The forms about the committee: the item, what was discussed, and how the other side sees it."""

from __future__ import annotations

from datetime import date

from dialogs.med.states import MedDiscussion
from dialogs.model.cards import (
    Choice,
    DateField,
    Form,
    Line,
    Note,
    Option,
    TextField,
    Words,
    text,
)
from dialogs.model.facts import Project, Rec

LIMIT = 800
LINE = 300


def _levels(value: str, *more: str) -> Choice[Line]:
    names = ("information", "influence", "co_determination")
    options = tuple(
        Option[Line](one, text(f"med.level_{one}"), text(f"med.hint_{one}")) for one in names
    )
    others = tuple(Option[Line](one, text(f"med.level_{one}")) for one in more)
    return Choice("level", text("med.row_level"), (*options, *others), value=value)


def _long(id: str, value: str, *, required: bool = False) -> TextField[Line]:
    return TextField(
        id,
        text(f"med.row_{id}"),
        text(f"med.hint_{id}"),
        long=True,
        limit=LIMIT,
        required=required,
        value=Words(value) if value else None,
    )


def item(project: Project, written: Rec | None, level: str) -> Form[Line]:
    """Return the form of the item. A new one begins with what the project says of itself."""
    body = {"what": project.name, "why": project.about} if written is None else written.body
    fields = ("what", "why", "work", "environment")
    return Form(
        title=text("med.item_form"),
        fields=(
            Note(text("med.item_note")),
            *(_long(one, str(body.get(one, "")), required=one == "what") for one in fields),
            _levels(level),
        ),
        submit=text("button.save"),
        into="med_item_written",
        fixed={"project": project.id},
    )


def discussed(
    project: Project, one: MedDiscussion | None, written: Rec | None, today: date
) -> Form[Line]:
    body = {} if written is None else written.body
    minute = str(body.get("text", ""))
    return Form(
        title=text("med.record"),
        fields=(
            Note(text("med.record_note")),
            DateField("day", text("med.field_day"), one.day if one else today, required=True),
            _levels(one.level if one else "influence"),
            TextField(
                "text",
                text("med.field_minute"),
                text("med.field_minute_hint"),
                long=True,
                limit=LINE,
                value=Words(minute) if minute else None,
            ),
        ),
        submit=text("button.save"),
        into="med_discussed",
        fixed={"project": project.id, "discussion": one.id if one else ""},
    )


def otherwise(project: Project, one: MedDiscussion) -> Form[Line]:
    return Form(
        title=text("med.otherwise"),
        fields=(
            Note(text("med.otherwise_note")),
            _levels("", "not"),
            TextField("text", text("med.field_otherwise"), long=True, limit=LINE),
        ),
        submit=text("button.save"),
        into="med_seen_otherwise",
        fixed={"project": project.id, "discussion": one.id},
    )
