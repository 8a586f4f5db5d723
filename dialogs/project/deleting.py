"""`/digi slet`: asks what to delete, then deletes one's own signed texts or a whole project."""

from __future__ import annotations

from typing import assert_never

from dialogs.concern.states import Concern
from dialogs.keepsake.states import KEEPING, keeping_of
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Button, Heading, Line, Paragraph, Small, text
from dialogs.model.conversation import Facts, Responses, Step
from dialogs.model.effects import EraseProject, Forget, Redraw, Show, Tell
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Project, Records, Roles, States, Viewer
from dialogs.model.records import DELETABLE_BY_AUTHOR
from dialogs.project import cards, people
from dialogs.project.draft import dropped


def needs(event: e.Deleted) -> Facts:
    match event.what:
        case "mine":
            return (Roles(), States("question"))
        case "said":
            return (Roles(), States("concern"))
        case "points":
            return (Roles(), Records("point"))
        case "project":
            return (Roles(), KEEPING)
        case _:
            assert_never(event.what)


def deleted(state: Project, event: e.Deleted, known: Known) -> Step:
    by = event.by
    match event.what:
        case "mine":
            return state, (
                *(Forget(kind, person=by) for kind in DELETABLE_BY_AUTHOR),
                *(
                    Redraw("post", dialog="question", of=one.id)
                    for one in known(States("question"))
                ),
                Show(cards.said("project.deleted_mine")),
            )
        case "said":
            said = known.states("concern", Concern).values()
            mine = [one.id for one in said if one.author == by and one.status != "withdrawn"]
            told = text("project.deleted_said", n=c.Count(len(mine)))
            return state, (
                *(Tell(e.SaidDeleted(concern=id)) for id in mine),
                Show(c.card(Paragraph(told if mine else text("project.nothing_said")))),
            )
        case "points":
            points = tuple(one.id for one in known(Records("point")) if one.person == by)
            return state, (
                *((Tell(e.PointsDeleted(points=points)),) if points else ()),
                Show(cards.said("project.deleted_points")),
            )
        case "project":
            return _whole(state, event, known)
        case _:
            assert_never(event.what)


def _whole(state: Project, event: e.Deleted, known: Known) -> Step:
    if not people.may_delete(state, known(Roles()), event.by):
        return state, (Show(cards.said("project.delete_who")),)
    if state.open and state.stage != "draft":
        return state, (Show(cards.said("project.delete_not_yet", end=c.Typed("end"))),)
    if state.stage == "draft":
        return dropped(state, known(Roles()), event.by)
    told = "keepsake.deleted" if keeping_of(known).agreed else "project.deleted"
    return None, (EraseProject(), Show(cards.said(told, name=c.Words(state.name))))


# --- what can be deleted --------------------------------------------------------------------


def look_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), KEEPING)


def look(look: Look, viewer: Viewer, known: Known) -> Responses:
    """List all that the person can delete, each with a button that asks for confirmation."""
    state = known.project
    leads = people.may_delete(state, known(Roles()), viewer.person)
    trio = viewer.may("leader", "deputy", "representative")
    if state.stage == "draft":
        drop = c.buttons(_button(state, "project", "draft")) if leads else None
        note = text("project.delete_note" if leads else "project.delete_nothing")
        return (Show(c.card(Heading(text("project.delete_form")), Paragraph(note), drop)),)
    own = (
        _button(state, "mine"),
        _button(state, "said"),
        _button(state, "points") if trio else None,
    )
    return (
        Show(
            c.card(
                Heading(text("project.field_delete")),
                Paragraph(text("project.delete_note")),
                c.buttons(*own),
                Paragraph(text("project.delete_unnamed")),
                c.buttons(Button(text("button.code"), Look("code", project=state.id))),
                Small(text("keepsake.stays")) if leads and keeping_of(known).agreed else None,
                *((_project(state),) if leads else ()),
                Small(text("project.delete_all_of_me", contact=_contact(known))),
            )
        ),
    )


def _project(state: Project) -> c.Part[Line] | None:
    if state.open:
        return Small(text("project.delete_not_yet", end=c.Typed("end")))
    return c.buttons(_button(state, "project"))


def _button(state: Project, what: e.Deletable, label: str = "") -> Button[Line]:
    return Button(
        text(f"project.delete_{label or what}"),
        e.Deleted(project=state.id, what=what),
        style="danger",
        confirm=text(f"project.confirm_delete_{label or what}"),
    )


def _contact(known: Known) -> Line:
    contact = known.operator.contact
    return c.Words(contact) if contact else text("project.the_operator")
