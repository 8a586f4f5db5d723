"""The cards and the form of what stays when a project is deleted."""

from __future__ import annotations

from dialogs.keepsake.states import (
    SIDES,
    Keeping,
    KeepSide,
    choosers,
    lesson_parts,
    lessons_for,
    side_of,
)
from dialogs.model import events as e
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Day,
    Form,
    Heading,
    Line,
    NeutralCard,
    Note,
    Paragraph,
    Part,
    Quote,
    Small,
    TextField,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project, Viewer

ON_A_PAGE = 5
LIMIT = 600


def stays_card(state: Keeping, lesson: str, known: Known, viewer: Viewer) -> NeutralCard:
    """Show what stays, who has chosen what, and to whoever may choose the other choice."""
    project = known.project
    writes = viewer.may("leader", "deputy", "representative")
    return card(
        Heading(text("keepsake.heading", name=Words(project.name))),
        _deleted_on(project),
        Paragraph(text("keepsake.what")),
        Bullets(tuple(_chosen(side, state, known) for side in SIDES)),
        Paragraph(text("keepsake.stays" if state.agreed else "keepsake.stays_not")),
        Small(text("keepsake.who_reads")),
        Small(text("keepsake.no_names")),
        _choice(state, known, viewer),
        *_own_lesson(lesson),
        buttons(
            Button(text("promise.see"), Look("promises", project=project.id)),
            Button(text("keepsake.write_lesson"), Look("lesson", project=project.id))
            if writes
            else None,
        ),
    )


def _deleted_on(project: Project) -> Paragraph[Line]:
    if project.erase_on is not None:
        return Paragraph(text("project.erased_on", day=Day(project.erase_on, year=True)))
    return Paragraph(text("keepsake.deleted_after", n=Count(project.retention_days)))


def _chosen(side: KeepSide, state: Keeping, known: Known) -> Line:
    one = state.choice(side)
    if one is not None:
        chose = "yes" if one.keep else "no"
        return text(f"keepsake.{side}_{chose}", who=Who(one.by), day=Day(one.on))
    missing = not choosers(side, known)
    return text(f"keepsake.{side}_missing" if missing else f"keepsake.{side}_open")


def _choice(state: Keeping, known: Known, viewer: Viewer) -> Part[Line] | None:
    side = side_of(viewer.person, known)
    if side is None or known.project.stage == "draft":
        return None
    one = state.choice(side)
    project = known.project.id
    keep: Button[Line] = Button(text("keepsake.keep"), e.KeepChosen(project=project, keep="yes"))
    drop: Button[Line] = Button(text("keepsake.drop"), e.KeepChosen(project=project, keep="no"))
    return buttons(
        None if one is not None and one.keep else keep,
        None if one is not None and not one.keep else drop,
    )


def _own_lesson(lesson: str) -> tuple[Part[Line], ...]:
    if not lesson:
        return (Small(text("keepsake.no_lesson")),)
    return (Paragraph(text("keepsake.own_lesson")), Quote(Words(lesson)))


def lesson_form(project: Project, lesson: str) -> Form[Line]:
    return Form(
        title=text("keepsake.form"),
        fields=(
            Note(text("keepsake.form_note")),
            TextField(
                "text",
                text("project.field_lesson"),
                text("keepsake.form_hint"),
                long=True,
                limit=LIMIT,
                required=False,
                value=Words(lesson[:LIMIT]) if lesson else None,
            ),
        ),
        submit=text("button.save"),
        into="lesson_written",
        fixed={"project": project.id},
    )


def lessons_page(known: Known, viewer: Viewer, start: int) -> NeutralCard:
    """List the lessons of earlier projects here, newest first."""
    lessons, of = lessons_for(known, viewer), viewer.project
    page, left = lessons[start : start + ON_A_PAGE], len(lessons) - start - ON_A_PAGE
    more: Button[Line] = Button(
        text("question.show_more"),
        Look("workplace_lessons", project=of, ref=str(start + ON_A_PAGE)),
        "main",
    )
    return card(
        Heading(text("keepsake.here")),
        Paragraph(text("keepsake.count", n=Count(len(lessons))))
        if lessons
        else Paragraph(text("keepsake.none")),
        *(part for one in page for part in lesson_parts(one)),
        Small(text("results.and_older", n=Count(left))) if left > 0 else None,
        buttons(
            more if left > 0 else None,
            Button(text("advice.lessons"), Look("lessons", project=of)),
        ),
    )
