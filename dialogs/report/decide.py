"""*Rapporten*: what the committee needs of a project, as a draft and in editions that stay."""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Button,
    Buttons,
    Count,
    Day,
    Form,
    Heading,
    Line,
    Listing,
    NeutralCard,
    Note,
    Paragraph,
    Part,
    Small,
    TextField,
    Typed,
    Who,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    LookResults,
    Responses,
    Sight,
    Step,
    opens,
    the_only,
)
from dialogs.model.effects import FieldError, Hand, Open, Privately, Record, Say, Show
from dialogs.model.events import FileWanted, Look, SignedEvent
from dialogs.model.facts import About, Known, Project, Records, Roles, Viewer
from dialogs.project.states import choose_readers
from dialogs.report.edition import edition_document, seated, written
from dialogs.report.load import change_load, load_button, load_file, load_needs
from dialogs.report.states import REPORT, Edition, Reports, Seat, SeenBy, reports_of
from dialogs.report.whole import report_document, report_needs

MAKES = ("leader", "deputy", "starter", "representative")
SHOWN = 3
"""Editions in the list at a time."""
LONGEST = 1000


# --- decide -----------------------------------------------------------------------------------


def needs(state: Reports | None, event: SignedEvent) -> Facts:
    return report_needs() if isinstance(event, e.EditionMade) else (About(), Roles())


def decide(state: Reports | None, event: SignedEvent, known: Known) -> Step:
    state = state or Reports()
    match event:
        case e.EditionMade():
            return _made(state, event, known)
        case e.EditionSeen():
            return _seen(state, event, known)
        case _:
            return state, ()


def _made(state: Reports, event: e.EditionMade, known: Known) -> Step:
    project = known.project
    if project.stage == "draft":
        return state, (_too_early(project.id),)
    number = len(state.editions) + 1
    body = written(report_document(event.at, known, number), known.catalogue)
    seats = tuple(
        Seat(role.person, role.role, role.detail)
        for role in known(Roles())
        if role.status == "confirmed" and role.role in ("tr", "amr")
    )
    made = Edition(id=event.id, number=number, made_at=event.at, by=event.by, seats=seats)
    others = dict.fromkeys(one.person for one in seats if one.person != event.by)
    told = (
        Say(
            card(
                Paragraph(text("report.made_here", n=Count(number), who=Who(event.by))),
                _open(project),
            )
        ),
    )
    return replace(state, editions=(*state.editions, made)), (
        Record("edition", made.id, made.id, event.by, event.at, body),
        *(told if project.open else ()),
        *(Privately(person, _please_see(made, project)) for person in others),
        Show(_made_card(made, event.by, project)),
    )


def _open(project: Project) -> Buttons[Line] | None:
    return buttons(Button(text("report.open"), Look("report", project=project.id)))


def _please_see(one: Edition, project: Project) -> NeutralCard:
    return card(
        Paragraph(text("report.please_see", n=Count(one.number), who=Who(one.by))),
        buttons(_get(one, project), _see(one, project)),
    )


def _made_card(one: Edition, by: str, project: Project) -> NeutralCard:
    sees = by in (seat.person for seat in one.seats)
    return card(
        Paragraph(text("report.made", n=Count(one.number))),
        buttons(_get(one, project), _see(one, project) if sees else None),
    )


def _get(one: Edition, project: Project) -> Button[Line]:
    wanted = FileWanted(project=project.id, view="edition_file", ref=one.id)
    return Button(text("report.get_edition", n=Count(one.number)), wanted, "main")


def _see(one: Edition, project: Project) -> Button[Line]:
    return Button(text("report.see"), Look("see_edition", project=project.id, ref=one.id))


def _seen(state: Reports, event: e.EditionSeen, known: Known) -> Step:
    found = state.edition(event.edition)
    mine = [
        role
        for role in known(Roles())
        if role.person == event.by and role.status == "confirmed" and role.role in ("tr", "amr")
    ]
    if found is None or not mine:
        return state, (FieldError("", _not_there()),)
    if found.seen_by(event.by):
        return state, (FieldError("", text("report.already_seen")),)
    seat = Seat(event.by, "tr" if mine[0].role == "tr" else "amr", mine[0].detail)
    remark = event.remark.strip()
    seen = SeenBy(seat, event.at, event.id if remark else "")
    after = replace(found, seen=(*found.seen, seen))
    editions = tuple(after if one.id == found.id else one for one in state.editions)
    kept = Record("edition_remark", found.id, event.id, event.by, event.at, {"text": remark})
    return replace(state, editions=editions), (
        *((kept,) if remark else ()),
        Show(card(Paragraph(text("report.seen", n=Count(found.number))))),
    )


# --- looks ------------------------------------------------------------------------------------


def _offer_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), REPORT)


def _offer(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if project.stage == "draft":
        return (_too_early(project.id),)
    get: Button[Line] = Button(
        text("report.get"), FileWanted(project=project.id, view="report_file"), "main"
    )
    make: Button[Line] = Button(
        text("report.make"),
        e.EditionMade(project=project.id),
        confirm=text("report.make_confirm"),
    )
    return (
        Show(
            card(
                Heading(text("report.heading")),
                Paragraph(text("report.offer")),
                Small(text("report.pass_on")),
                buttons(
                    get,
                    make if viewer.may(*MAKES) else None,
                    load_button(project.id) if viewer.may("reader") else None,
                    choose_readers(project, viewer),
                ),
                *_editions(look, viewer, known),
            )
        ),
    )


def _editions(look: Look, viewer: Viewer, known: Known) -> list[Part[Line] | None]:
    """Return the editions, newest first, each with who has seen it."""
    project, found = known.project, reports_of(known).editions[::-1]
    if not found:
        return [Small(text("report.no_editions"))]
    start = int(look.ref) if look.ref.isdigit() else 0
    parts: list[Part[Line] | None] = [Paragraph(text("report.editions"))]
    for one in found[start : start + SHOWN]:
        day = Day(local(project.calendar, one.made_at).date(), year=True)
        parts.append(
            Paragraph(text("report.edition", n=Count(one.number), day=day, who=Who(one.by)))
        )
        parts.append(_who_has_seen(one))
        waits = viewer.may("representative") and not one.seen_by(viewer.person)
        parts.append(buttons(_get(one, project), _see(one, project) if waits else None))
    if len(found) > start + SHOWN:
        older = Look("report", project=project.id, ref=str(start + SHOWN))
        parts.append(buttons(Button(text("report.older"), older)))
    return parts


def _who_has_seen(one: Edition) -> Small[Line]:
    if not one.seen:
        return Small(text("report.seen_by_nobody"))
    return Small(text("report.seen_by_list", who=Listing(tuple(seated(s.seat) for s in one.seen))))


def _not_there() -> Line:
    return text("report.no_edition", report=Typed("report"))


def _too_early(project: str) -> Show:
    draft: Button[Line] = Button(text("walk.button.draft"), Look("draft", project=project), "main")
    return Show(
        card(Heading(text("report.heading")), Paragraph(text("report.not_yet")), buttons(draft))
    )


def _file_needs(look: Look, viewer: Viewer) -> Facts:
    return report_needs()


def _file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    if known.project.stage == "draft":
        return (_too_early(known.project.id),)
    return (Hand(report_document(viewer.at, known)),)


def _edition_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), REPORT, Records("edition", look.ref))


def _edition(look: Look, viewer: Viewer, known: Known) -> LookResults:
    found = reports_of(known).edition(look.ref)
    body = next((one.body for one in known(Records("edition", look.ref))), None)
    if found is None or body is None:
        return (Show(card(Paragraph(_not_there()))),)
    return (Hand(edition_document(found, body, known)),)


def _form_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), REPORT)


def _form(look: Look, viewer: Viewer, known: Known) -> Responses:
    found = reports_of(known).edition(look.ref)
    if found is None:
        return (Show(card(Paragraph(_not_there()))),)
    if found.seen_by(viewer.person):
        return (Show(card(Paragraph(text("report.already_seen")))),)
    remark = TextField[Line](
        "remark",
        text("report.field_remark"),
        text("report.remark_hint"),
        long=True,
        limit=LONGEST,
        required=False,
    )
    note = Note[Line](text("report.see_note", n=Count(found.number)))
    fixed = {"edition": found.id, "project": known.project.id}
    form = Form[Line](
        text("report.see"), (note, remark), text("report.send_seen"), "edition_seen", fixed
    )
    return (Open(form),)


CONVERSATION = Conversation(
    name="report",
    state=Reports,
    events=the_only("report", e.EditionMade, e.EditionSeen),
    needs=needs,
    decide=decide,
    sights={
        "report": Sight(_offer_needs, _offer),
        "report_file": Sight(_file_needs, _file),
        "edition_file": Sight(_edition_needs, _edition),
        "see_edition": Sight(_form_needs, _form),
        "change_load": Sight(load_needs, change_load),
        "change_load_file": Sight(load_needs, load_file),
    },
    commands={"report": opens("report")},
)
