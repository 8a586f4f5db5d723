"""The ways to write something, and their forms."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from dialogs.model import cards as c
from dialogs.model import facts as f
from dialogs.model.cards import Button, Line, Option, Words, card, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import FieldError, Open, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import NOBODY, Known, Operator, Viewer
from dialogs.model.roles import writers
from dialogs.question.states import read_more, what_is_kept
from dialogs.say.states import FEW, HERE, SayState, why_closed

EVERYONE = "everyone"
NAMED_AT_MOST = 3


def form_needs(look: Look, viewer: Viewer) -> Facts:
    return (f.About(), f.Roles(), f.Team(), HERE)


def way(look: Look, viewer: Viewer, known: Known) -> Responses:
    if (closed := why_closed(known.state("say", "say", SayState), known)) is not None:
        code: Button[Line] = Button(text("button.code"), Look("code", project=viewer.project))
        read: Button[Line] = Button(text("concern.see"), Look("concerns", project=viewer.project))
        return (Show(card(c.Paragraph(closed), c.buttons(code, read))),)
    project = viewer.project
    leads = viewer.may("has_led")
    return (
        Show(
            card(
                c.Heading(text("say.heading")),
                c.Paragraph(text("say.way_leader" if leads else "say.way")),
                c.buttons(
                    Button(text("say.named"), Look("say_named", project=project)),
                    None
                    if leads
                    else Button(text("say.unnamed"), Look("say_unnamed", project=project)),
                    Button(text("button.code"), Look("code", project=project)),
                    Button(text("concern.see"), Look("concerns", project=project)),
                    Button(text("button.read_more"), Look("about_all", project=project)),
                ),
            )
        ),
    )


def named_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    if (closed := why_closed(known.state("say", "say", SayState), known)) is not None:
        return (Show(card(c.Paragraph(closed))),)
    fields: tuple[c.Field[Line] | None, ...] = (
        _kinds(),
        c.TextField("text", text("say.field_text"), long=True),
        _who(viewer, known),
        _consent(known),
        c.Note(text("say.named_note")),
    )
    return (open_form("say.named_title", fields, "said_by_name", {"project": viewer.project}),)


def unnamed_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.state("say", "say", SayState)
    if (closed := why_closed(state, known)) is not None:
        return (Show(card(c.Paragraph(closed))),)
    assert state is not None
    n = len(writers(known))
    sending: list[Option[Line]] = [
        Option("release", text("say.with_others", when=c.Moment(state.next_release)))
    ]
    if state.next_day < state.next_release:
        when = text("say.early", when=c.Moment(state.next_day))
        sending.append(Option("next_working_day", when, text("say.fewer")))
    understood: tuple[Option[Line], ...] = (Option("true", text("say.understood")),)
    fields: tuple[c.Field[Line] | None, ...] = (
        c.Note(_before(viewer, known, state.next_release)),
        c.Note(text("page.counts")) if viewer.visits else read_more(),
        _kinds(),
        c.TextField("text", text("say.field_text"), own_language(viewer), long=True),
        _who(viewer, known),
        _consent(known),
        c.Choice(
            "sending",
            text("say.field_sending"),
            tuple(sending),
            value="release",
            hint=text("say.may_write", n=c.Count(n)) if n >= FEW else None,
        ),
        c.Choice(
            "understood",
            text("say.field_understood"),
            understood,
            hint=text("say.so_few", n=c.Count(n)) if n else text("say.none_known"),
        )
        if n < FEW
        else None,
    )
    return (open_form("say.unnamed_title", fields, "said_unnamed", {"project": viewer.project}),)


def own_language(viewer: Viewer) -> Line | None:
    """Return the hint for who may know neither of our languages; on the page only."""
    return text("page.language") if viewer.visits else None


def _before(viewer: Viewer, known: Known, goes: datetime) -> Line:
    door: Literal["chat", "page"] = "page" if viewer.visits else "chat"
    return honest(reader_names(viewer, known), goes, known.operator, door)


def honest(
    readers: tuple[Line, ...] | None,
    goes: datetime,
    operator: Operator = NOBODY,
    door: Literal["chat", "page"] = "chat",
) -> Line:
    """Return the privacy notice above an unsigned form, from the current facts; at most sixty
    words.

    `readers` is None if there are too many to name; they are then listed below only.
    """
    if readers is None:
        who = text("say.honest_chosen")
    elif readers:
        who = text("say.honest_named", who=c.Listing(readers))
    else:
        who = text("say.honest_everyone")
    kept, when = what_is_kept(operator), c.Moment(goes)
    if door == "page":
        return text("page.honest", kept=kept, readers=who, when=when)
    return text("say.honest", kept=kept, readers=who, chat=c.Chat(), when=when)


def reader_names(viewer: Viewer, known: Known) -> tuple[Line, ...] | None:
    """Return the possible readers, each in two words; None if there are too many."""
    found = tuple(
        text("say.reader", who=c.First(role.person), role=text(f"say.role_{role.role}"))
        for role in readers_of(viewer, known)
    )
    return found if len(found) <= NAMED_AT_MOST else None


def _kinds() -> c.Choice[Line]:
    options: tuple[Option[Line], ...] = tuple(
        Option(kind, kind_name(kind)) for kind in ("question", "idea", "concern")
    )
    return c.Choice("kind", text("say.field_kind"), options)


def readers_of(
    viewer: Viewer, known: Known, already: tuple[Person, ...] = ()
) -> tuple[f.Role, ...]:
    found: dict[str, f.Role] = {}
    for role in known(f.Roles()):
        if role.status != "confirmed" or role.role not in ("leader", "tr", "amr"):
            continue
        if role.person not in (viewer.person, *already):
            found.setdefault(role.person, role)
    return tuple(found.values())


def reader_options(
    viewer: Viewer, known: Known, already: tuple[Person, ...] = ()
) -> tuple[Option[Line], ...]:
    """Return the options for readers: the project's own people by name and role, and everybody."""
    options: dict[str, Option[Line]] = {}
    for role in readers_of(viewer, known, already):
        who, what = c.Who(role.person), text(f"say.role_{role.role}")
        label = text("say.reader", who=who, role=what)
        if role.detail and role.role == "tr":
            label = text("say.reader_union", who=who, role=what, union=Words(role.detail))
        options[role.person] = Option(role.person, label)
    return (*options.values(), Option(EVERYONE, text("say.everyone")))


def chosen(readers: tuple[Person, ...], everyone: bool) -> tuple[tuple[Person, ...], bool]:
    """Split the selected options into named readers and whether everybody may read it."""
    return tuple(p for p in readers if p != EVERYONE), everyone or EVERYONE in readers


def left_out(readers: tuple[Person, ...], known: Known) -> FieldError | None:
    """Return an error if a selected reader is no longer possible; None if all are.

    The form may be outdated: a person who was erased meanwhile has no roles any more. Needs
    `Roles`.
    """
    there = {role.person for role in known(f.Roles())}
    return None if there.issuperset(readers) else FieldError("readers", text("say.reader_left"))


def _who(viewer: Viewer, known: Known) -> c.Choices[Line]:
    """Return the field for readers, with nobody preselected."""
    return c.Choices(
        "readers", text("say.field_readers"), reader_options(viewer, known), required=True
    )


def _consent(known: Known) -> c.Choice[Line] | None:
    if not known.holders("tr", "amr"):
        return None
    options: tuple[Option[Line], ...] = (
        Option("false", text("say.trio_no")),
        Option("true", text("say.trio_yes")),
    )
    return c.Choice("trio", text("say.field_trio"), options, value="false")


def kind_name(kind: str) -> Line:
    return text(f"concern.kind_{kind}")


def open_form(
    title: str,
    fields: tuple[c.Field[Line] | None, ...],
    into: str,
    fixed: dict[str, str],
    submit: str = "button.send",
) -> Open:
    there = tuple(field for field in fields if field is not None)
    return Open(
        c.Form(title=text(title), fields=there, submit=text(submit), into=into, fixed=fixed)
    )
