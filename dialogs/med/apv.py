"""The annex to the APV (workplace assessment): effects on each quality of good work.

Leader, TR and AMR note an effect; Digi finds none by itself. Bringing the APV up to date is the
employer's duty, together with the AMR.
"""

from __future__ import annotations

from datetime import datetime

from content.model import Item
from msgspec.structs import replace

from dialogs.agreement.states import Agreement, what
from dialogs.med.heard import HEARD, texts_to_all
from dialogs.med.states import ApvEffect, Med, med_of
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Bullets,
    Button,
    Choice,
    Day,
    Form,
    Heading,
    Kept,
    Line,
    NeutralCard,
    Note,
    Option,
    Paragraph,
    Part,
    Said,
    Small,
    Style,
    TextField,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts, LookResults, Responses, Sight, Step
from dialogs.model.documents import DataTable, NeutralDocument, Section, document, section
from dialogs.model.effects import FieldError, Forget, Hand, Open, Privately, Record, Show
from dialogs.model.events import Look
from dialogs.model.facts import Known, Records, StateOf, States, Viewer
from dialogs.outcomes.states import (
    RUN_WORDS,
    compass_notes,
    compass_status,
    note_line,
)

LIMIT = 400
MOST = 18
ON_CARD = 3
"""Lines of the compass about each quality in the chat; the annex has more."""
QUALITIES = "rasmus"
NOTES_FIRST = 6
"""Notes of the compass about each quality and direction; the report has all of them."""
APV_FACTS: Facts = (*HEARD, States("agreement"), StateOf("med", "med"), *RUN_WORDS)


def noted(state: Med, event: e.ApvEffectNoted, known: Known) -> Step:
    """Note an effect, or change or remove one. The first is told to leader and AMR, with what it
    means for the APV."""
    before = next((one for one in state.apv if one.id == event.effect), None)
    if event.effect and before is None:
        return state, (FieldError("", text("med.apv_gone")),)
    if before is None and len(state.apv) >= MOST:
        return state, (FieldError("", text("med.apv_full")),)
    rest = tuple(one for one in state.apv if one is not before)
    saved = Show(card(Paragraph(text("med.apv_saved")), buttons(_see(known.project.id))))
    if event.way == "drop":
        kept = () if before is None else (Forget("apv_effect", id=before.id),)
        return replace(state, apv=rest), (*kept, saved)
    id = before.id if before else event.id
    new = ApvEffect(id, event.quality, event.way, bool(event.agreed))
    told = () if state.apv else _told(event, known)
    body = {"text": event.text, "agreed": event.agreed}
    return replace(state, apv=(*rest, new)), (
        Record("apv_effect", "", id, event.by, event.at, body),
        *told,
        saved,
    )


def _told(event: e.ApvEffectNoted, known: Known) -> tuple[Privately, ...]:
    name = Words(known.project.name)
    shown = card(
        Paragraph(text("med.apv_told", name=name)), buttons(_see(known.project.id, "main"))
    )
    people = known.holders("leader", "amr")
    return tuple(Privately(one, shown, urgency=4) for one in people if one != event.by)


def _see(project: str, style: Style = "plain") -> Button[Line]:
    return Button(text("med.apv_see"), Look("apv", project=project), style)


# --- the card and the form ----------------------------------------------------------------


def _qualities(known: Known) -> tuple[Item, ...]:
    return known.catalogue.set(QUALITIES).items


def _name(item: Item) -> Line:
    assert item.name is not None  # each quality has one
    return Said(item.name.da, item.name.en)


def _needs(look: Look, viewer: Viewer) -> Facts:
    return (*APV_FACTS, Records("apv_effect"))


def _look(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Show(_card(med_of(known), known, viewer)),)


def _card(state: Med, known: Known, viewer: Viewer) -> NeutralCard:
    project = known.project
    writes = viewer.may("leader", "deputy", "representative") and project.under_way
    parts: list[Part[Line] | None] = [
        Heading(text("med.apv_title", name=Words(project.name))),
        Paragraph(text("med.apv_suggests" if _found(state, known) else "med.apv_nothing")),
    ]
    compass = _from_compass(known)
    for item in _qualities(known):
        found = [one for one in state.apv if one.quality == item.id]
        if not found and item.id not in compass:
            continue
        parts.append(Paragraph(text("med.apv_quality", name=_name(item))))
        for one in found:
            parts.append(Paragraph(_line(one)))
            parts.append(_change(one, project.id) if writes else None)
        parts += [Small(line) for line in compass.get(item.id, ())[:ON_CARD]]
    get = e.FileWanted(project=project.id, view="apv_file")
    new = Button[Line](text("med.apv_note"), Look("apv_effect", project=project.id), "main")
    parts += [
        Small(text("med.apv_duty")),
        buttons(new if writes else None, Button(text("med.apv_get"), get)),
    ]
    return card(*parts)


def _change(one: ApvEffect, project: str) -> Part[Line] | None:
    look = Look("apv_effect", project=project, ref=one.id)
    return buttons(Button(text("med.apv_change"), look))


def _found(state: Med, known: Known) -> bool:
    """Return whether something points at the working environment: an effect that was noted, an
    agreement, what the compass found, or concerns that may be shown."""
    agreed = any(one.status in ("taken", "done") for one in _agreements(known))
    return bool(state.apv or agreed or _from_compass(known) or texts_to_all(known, "concern"))


def _from_compass(known: Known) -> dict[str, tuple[Line, ...]]:
    """Return what the compass says of each quality: its status, then what gets worse and better."""
    notes, status = compass_notes(known), compass_status(known)
    found: dict[str, tuple[Line, ...]] = {}
    for item in _qualities(known):
        lines: list[Line] = []
        if status is not None and item.id in status.words:
            day = Day(status.day, weekday=False, year=True)
            lines.append(text("med.apv_status", day=day, word=status.words[item.id]))
        here = notes.get(item.id)
        for way, written in (("worse", here.worse), ("better", here.better)) if here else ():
            lines += [text(f"med.apv_{way}", what=note_line(one)) for one in written[:NOTES_FIRST]]
            if len(written) > NOTES_FIRST:
                lines.append(text("med.apv_more_notes"))
        if lines:
            found[item.id] = tuple(lines)
    return found


def _agreements(known: Known) -> tuple[Agreement, ...]:
    return tuple(known.states("agreement", Agreement).values())


def _line(one: ApvEffect) -> Line:
    words: Line = Kept("apv_effect", one.id)
    if one.agreed:
        agreed = Kept("apv_effect", one.id, "agreed")
        return text(f"med.apv_{one.way}_agreed", what=words, agreed=agreed)
    return text(f"med.apv_{one.way}", what=words)


def _form(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    if not project.under_way:
        return (Show(card(Paragraph(text("med.closed")))),)
    one = next((each for each in med_of(known).apv if each.id == look.ref), None)
    written = next((r for r in known(Records("apv_effect")) if one and r.id == one.id), None)
    body = written.body if written else {}
    ways = ("better", "worse", *(("drop",) if one else ()))
    fields = (
        Note[Line](text("med.apv_form_note")),
        Choice[Line](
            "quality",
            text("med.apv_field_quality"),
            tuple(Option[Line](item.id, _name(item)) for item in _qualities(known)),
            value=one.quality if one else "",
        ),
        Choice[Line](
            "way",
            text("med.apv_field_way"),
            tuple(Option[Line](way, text(f"med.apv_way_{way}")) for way in ways),
            value=one.way if one else "",
        ),
        _long("text", str(body.get("text", "")), required=True),
        _long("agreed", str(body.get("agreed", "")), required=False),
    )
    fixed = {"project": project.id, "effect": one.id if one else ""}
    form = Form(text("med.apv_form"), fields, text("button.save"), "apv_effect_noted", fixed)
    return (Open(form),)


def _long(id: str, value: str, *, required: bool) -> TextField[Line]:
    return TextField(
        id,
        text(f"med.apv_field_{id}"),
        long=True,
        limit=LIMIT,
        required=required,
        value=Words(value) if value else None,
    )


# --- the annex ----------------------------------------------------------------------------


def _file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    return (Hand(annex(viewer.at, known)),)


def annex(at: datetime, known: Known) -> NeutralDocument:
    """Return the annex: each quality with what was noted, then what else points at it. It names
    nobody."""
    state, project, compass = med_of(known), known.project, _from_compass(known)
    said = tuple(texts_to_all(known, "concern"))
    agreed = tuple(what(one.id) for one in _agreements(known) if one.status in ("taken", "done"))
    return document(
        title=text("med.apv_document"),
        slug=text("med.apv_slug"),
        project=project.name,
        day=local(project.calendar, at).date(),
        sections=(
            section(
                text("med.apv_why"),
                Paragraph(text("med.apv_suggests" if _found(state, known) else "med.apv_nothing")),
                Paragraph(text("med.apv_duty")),
                Small(text("med.no_lawyer")),
            ),
            *(_section(item, state, compass.get(item.id, ())) for item in _qualities(known)),
            section(text("med.apv_agreements"), Bullets(agreed)) if agreed else None,
            section(text("med.apv_concerns"), Bullets(said)) if said else None,
        ),
    )


def _section(item: Item, state: Med, compass: tuple[Line, ...]) -> Section[Line]:
    rows = tuple(
        (
            text(f"med.apv_way_{one.way}"),
            Kept("apv_effect", one.id),
            Kept("apv_effect", one.id, "agreed") if one.agreed else text("sheet.unsaid"),
        )
        for one in state.apv
        if one.quality == item.id
    )
    header = tuple(text(f"med.apv_column_{one}") for one in ("way", "text", "agreed"))
    found = DataTable[Line](_name(item), header, rows) if rows else None
    return section(
        _name(item),
        Small(Said(item.text.da, item.text.en)),
        found or Paragraph[Line](text("med.apv_none_here")),
        Paragraph[Line](text("med.apv_compass")) if compass else None,
        Bullets(compass) if compass else None,
    )


APV_SIGHTS = {
    "apv": Sight(_needs, _look),
    "apv_effect": Sight(_needs, _form),
    "apv_file": Sight(_needs, _file),
}
