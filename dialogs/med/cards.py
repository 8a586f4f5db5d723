"""The cards about the committee: where the matter stands, the draft of an item, the levels, the
warnings."""

from __future__ import annotations

from dialogs.med.states import (
    Med,
    MedDiscussion,
    discussion_parts,
    items_deadline,
    level_name,
    side_of,
)
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import (
    Bullets,
    Button,
    Day,
    FactRows,
    Heading,
    Kept,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Small,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import Known, Project, Viewer

LEVELS = ("information", "influence", "co_determination")
DISCUSSION = "discussion:"


def stands(state: Med, known: Known, viewer: Viewer) -> NeutralCard:
    """Return where the matter stands with the committee, and what this person can do."""
    project = known.project
    return card(
        Heading(text("med.title", name=Words(project.name))),
        Paragraph(text("med.own_agenda")),
        _dates(project),
        *_discussions(state),
        *item_parts(state),
        Small(text("med.in_document")),
        buttons(*_buttons(state, known, viewer)),
    )


def _dates(project: Project) -> Part[Line]:
    deadline = items_deadline(project)
    if project.decision is None or deadline is None:
        return Small(text("med.no_decision", settings=c.Typed("settings")))
    assumed = project.med_deadline is None
    return FactRows(
        (
            (text("project.row_decision"), Day(project.decision)),
            (
                text("med.row_deadline"),
                text("med.deadline_assumed", day=Day(deadline)) if assumed else Day(deadline),
            ),
        )
    )


def _discussions(state: Med) -> list[Part[Line]]:
    parts: list[Part[Line]] = []
    for one in state.discussions:
        parts += discussion_parts(one)
    return parts or [Paragraph(text("med.not_discussed"))]


def item_parts(state: Med) -> tuple[Part[Line], ...]:
    """Return the draft of the item in short; its document has all of it."""
    item = state.item
    if item is None:
        return (Paragraph(text("med.no_item")),)
    return (
        Paragraph(text("med.item_by", who=Who(item.by), day=Day(item.on))),
        FactRows(
            (
                *(
                    (text(f"med.row_{one}"), Kept("med_item", item.text, one))
                    for one in item.fields
                ),
                (text("med.row_level"), level_name(item.level)),
            )
        ),
    )


def _buttons(state: Med, known: Known, viewer: Viewer) -> tuple[Button[Line] | None, ...]:
    project = known.project.id
    get = e.FileWanted(project=project, view="med_item_file")
    mine = viewer.may("leader", "deputy", "representative") and known.project.under_way
    write = "med.write" if state.item is None else "med.rewrite"
    item = Button[Line](text(write), Look("med_item", project=project), "main")
    record = Button[Line](text("med.record"), Look("med_discussed", project=project))
    return (
        item if mine else None,
        Button(text("med.get"), get),
        record if mine else None,
        *(_about_discussions(state, known, viewer) if mine else ()),
        Button(text("med.apv_see"), Look("apv", project=project)),
        Button(text("med.levels"), Look("med_levels", project=project)),
    )


def _about_discussions(state: Med, known: Known, viewer: Viewer) -> tuple[Button[Line], ...]:
    """Return what can be done about the discussion that was recorded last: whoever recorded it can
    correct it, the other side can say how they see it."""
    if not state.discussions:
        return ()
    last, project = state.discussions[-1], known.project.id
    if last.by == viewer.person:
        return (Button(text("med.correct"), Look("med_discussed", project=project, ref=last.id)),)
    if side_of(known, viewer.person) != last.side:
        return (Button(text("med.otherwise"), Look("med_otherwise", project=project, ref=last.id)),)
    return ()


# --- messages -----------------------------------------------------------------------------


def recorded(one: MedDiscussion, known: Known) -> NeutralCard:
    """Return the channel's post of a discussion, which changes in place."""
    return card(
        *discussion_parts(one),
        buttons(Button(text("med.see"), Look("med", project=known.project.id))),
    )


def item_written(state: Med, known: Known) -> NeutralCard:
    """Tell the others of leader, TR and AMR of a draft."""
    assert state.item is not None
    name = Words(known.project.name)
    return card(
        Paragraph(text("med.item_told", who=Who(state.item.by), name=name)),
        buttons(Button(text("med.see_item"), Look("med", project=known.project.id), "main")),
    )


def warning(name: str, state: Med, known: Known) -> NeutralCard:
    """Return the warning of the deadline for items, or of the decision."""
    project = known.project
    deadline = items_deadline(project)
    assert project.decision is not None  # else no timer would be set
    assert deadline is not None
    args: dict[str, Line] = {"name": Words(project.name), "day": Day(project.decision)}
    if name == "deadline":
        args["deadline"] = Day(deadline)
    assumed = "_assumed" if name == "deadline" and project.med_deadline is None else ""
    calendar = e.FileWanted(project=project.id, view="decision_file")
    return card(
        Paragraph(c.Text(f"med.warn_{name}{assumed}", args)),
        Paragraph(text("med.warn_objected")) if state.discussions else None,
        Paragraph(text("med.warn_item" if state.item is None else "med.warn_item_written")),
        buttons(
            Button(text("med.see_item"), Look("med", project=project.id), "main"),
            Button(text("med.record"), Look("med_discussed", project=project.id)),
            Button(text("button.calendar"), calendar),
        ),
    )


def levels(project: Project) -> NeutralCard:
    return card(
        Heading(text("med.levels")),
        Bullets(level_lines()),
        *(Paragraph(line) for line in ground_lines()),
        Small(text("med.no_lawyer")),
        buttons(Button(text("med.see"), Look("med", project=project.id))),
    )


def level_lines() -> tuple[Line, ...]:
    return tuple(text(f"med.explain_{level}") for level in LEVELS)


def ground_lines() -> tuple[Line, Line]:
    """Return what is law, and what is agreement."""
    return text("med.is_law"), text("med.is_agreement")
