"""The committee of employer and employees: MED-udvalg, SU or samarbejdsudvalg.

Leader and representatives draft an item, are warned in good time before a decision, and record that
the matter was discussed. The committee decides its own agenda; Digi sends it nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.med import cards, forms
from dialogs.med.apv import APV_SIGHTS, noted
from dialogs.med.item import ITEM_FACTS, item_document
from dialogs.med.states import (
    Med,
    MedDiscussion,
    MedItem,
    OtherView,
    items_deadline,
    med_of,
    side_of,
    warnings_at,
)
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import NeutralCard, Paragraph, card, text
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
from dialogs.model.effects import (
    Cancel,
    Effects,
    FieldError,
    Hand,
    Open,
    Post,
    Privately,
    Record,
    Redraw,
    Show,
    Timer,
)
from dialogs.model.events import Look, SignedEvent
from dialogs.model.facts import About, Known, Rec, Records, Roles, StateOf, Viewer

WARNINGS = ("deadline", "decision")
TRIO = ("leader", "deputy", "tr", "amr")


# --- decide -------------------------------------------------------------------------------


def needs(state: Med | None, event: SignedEvent) -> Facts:
    return (About(), Roles())


def decide(state: Med | None, event: SignedEvent, known: Known) -> Step:
    state = state or Med()
    match event:
        case e.Begun() | e.DecisionMoved():
            return state, _timers(state, event, known)
        case e.Halted():
            return state, tuple(map(Cancel, WARNINGS))
        case e.Woke():
            return _warn(state, event, known)
        case e.MedItemWritten() | e.MedDiscussed() | e.MedSeenOtherwise() | e.ApvEffectNoted():
            if not known.project.under_way:
                return state, (FieldError("", text("med.closed")),)
            return _written(state, event, known)
        case _:
            return state, ()


def _timers(state: Med, event: SignedEvent, known: Known) -> Effects:
    times = warnings_at(known.project, state, event.at)
    return tuple(Timer(name, times[name]) if name in times else Cancel(name) for name in WARNINGS)


def _warn(state: Med, event: e.Woke, known: Known) -> Step:
    """Warn leader and representatives, unless the matter was discussed meanwhile."""
    project = known.project
    date = items_deadline(project) if event.name == "deadline" else project.decision
    if date is None or not project.running or state.discussed or date in state.warned_of:
        return state, ()
    shown = cards.warning(event.name, state, known)
    after = replace(state, warned_of=(*state.warned_of, date))
    people = known.holders(*TRIO)
    return after, tuple(Privately(person, shown, urgency=2) for person in people)


def _written(
    state: Med,
    event: e.MedItemWritten | e.MedDiscussed | e.MedSeenOtherwise | e.ApvEffectNoted,
    known: Known,
) -> Step:
    match event:
        case e.ApvEffectNoted():
            return noted(state, event, known)
        case e.MedItemWritten():
            return _item(state, event, known)
        case e.MedDiscussed():
            return _discussed(state, event, known)
        case e.MedSeenOtherwise():
            return _otherwise(state, event, known)


def _item(state: Med, event: e.MedItemWritten, known: Known) -> Step:
    today = local(known.project.calendar, event.at).date()
    body = {
        "what": event.what,
        "why": event.why,
        "work": event.work,
        "environment": event.environment,
    }
    first = state.item is None
    filled = tuple(field for field, words in body.items() if words)
    after = replace(state, item=MedItem("item", event.level, event.by, today, filled))
    told = cards.item_written(after, known)
    others = [person for person in known.holders(*TRIO) if person != event.by]
    return after, (
        Record("med_item", "", "item", event.by, event.at, body),
        *(Privately(person, told, urgency=3) for person in others if first),
        Show(card(Paragraph(text("med.item_saved")))),
    )


def _discussed(state: Med, event: e.MedDiscussed, known: Known) -> Step:
    """Record a discussion, or correct what one has recorded oneself."""
    before = state.discussion(event.discussion) if event.discussion else None
    if event.discussion and (before is None or before.by != event.by):
        return state, (FieldError("", text("med.not_yours_to_correct")),)
    if event.day is None or event.day > local(known.project.calendar, event.at).date():
        return state, (FieldError("day", text("med.day_to_come")),)
    id = before.id if before else event.id
    new = MedDiscussion(
        id=id,
        day=event.day,
        level=event.level,
        by=event.by,
        side=side_of(known, event.by),
        others=before.others if before else (),
    )
    kept = tuple(one for one in state.discussions if one.id != id)
    after = replace(state, discussions=tuple(sorted((*kept, new), key=lambda one: one.day)))
    slot = f"{cards.DISCUSSION}{id}"
    return after, (
        Record("med_discussion", "", id, event.by, event.at, {"text": event.text}),
        Redraw(slot) if before else Post(slot),
        *_timers(after, event, known),
        Show(card(Paragraph(text("med.recorded")))),
    )


def _otherwise(state: Med, event: e.MedSeenOtherwise, known: Known) -> Step:
    """Let the other side say how they see it. A second time replaces what the same person said."""
    one = state.discussion(event.discussion)
    if one is None or side_of(known, event.by) == one.side:
        return state, (FieldError("", text("med.same_side")),)
    id = next((other.text for other in one.others if other.by == event.by), event.id)
    rest = tuple(other for other in one.others if other.by != event.by)
    new = replace(one, others=(*rest, OtherView(event.by, event.level, id)))
    discussions = tuple(new if each.id == one.id else each for each in state.discussions)
    after = replace(state, discussions=discussions)
    return after, (
        Record("med_other", one.id, id, event.by, event.at, {"text": event.text}),
        Redraw(f"{cards.DISCUSSION}{one.id}"),
        *_timers(after, event, known),
        Show(card(Paragraph(text("med.otherwise_saved")))),
    )


# --- the post and the looks ---------------------------------------------------------------


def _view_needs(state: Med, slot: str) -> Facts:
    return (About(),)


def _view(state: Med, slot: str, known: Known) -> NeutralCard:
    one = state.discussion(slot.removeprefix(cards.DISCUSSION))
    return card() if one is None else cards.recorded(one, known)


def _med_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), StateOf("med", "med"))


def _med(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Show(cards.stands(med_of(known), known, viewer)),)


def _levels(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Show(cards.levels(known.project)),)


def _file_needs(look: Look, viewer: Viewer) -> Facts:
    return ITEM_FACTS


def _file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    return (Hand(item_document(viewer.at, known)),)


def _form_needs(look: Look, viewer: Viewer) -> Facts:
    kinds = ("med_item", "med_discussion")
    return (*_med_needs(look, viewer), *(Records(kind) for kind in kinds))


def _of(known: Known, kind: str, id: str) -> Rec | None:
    return next((one for one in known(Records(kind)) if one.id == id), None)


def _closed() -> Responses:
    return (Show(card(Paragraph(text("med.closed")))),)


def _item_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = med_of(known), known.project
    if not project.under_way:
        return _closed()
    written = None if state.item is None else _of(known, "med_item", state.item.text)
    level = "influence" if state.item is None else state.item.level
    return (Open(forms.item(project, written, level)),)


def _discussed_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = med_of(known), known.project
    if not project.under_way:
        return _closed()
    one = state.discussion(look.ref) if look.ref else None
    written = None if one is None else _of(known, "med_discussion", one.id)
    today = local(project.calendar, viewer.at).date()
    return (Open(forms.discussed(project, one, written, today)),)


def _otherwise_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = med_of(known).discussion(look.ref)
    if one is None or not known.project.under_way:
        return _closed()
    return (Open(forms.otherwise(known.project, one)),)


CONVERSATION = Conversation(
    name="med",
    state=Med,
    events=the_only(
        "med",
        e.MedItemWritten,
        e.MedDiscussed,
        e.MedSeenOtherwise,
        e.ApvEffectNoted,
        e.DecisionMoved,
    ),
    needs=needs,
    decide=decide,
    view_needs=_view_needs,
    view=_view,
    sights={
        "med": Sight(_med_needs, _med),
        "med_item": Sight(_form_needs, _item_form),
        "med_item_file": Sight(_file_needs, _file),
        "med_levels": Sight(_med_needs, _levels),
        "med_discussed": Sight(_form_needs, _discussed_form),
        "med_otherwise": Sight(_med_needs, _otherwise_form),
        **APV_SIGHTS,
    },
    commands={"med": opens("med")},
    has_timers=True,
)
