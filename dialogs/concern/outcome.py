"""The outcome of the answer *We will do it*: whoever gave it reports what became of it before the
text can be closed."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from dialogs.concern import letters
from dialogs.concern.links import refers_elsewhere
from dialogs.concern.looks import not_here, refused
from dialogs.concern.states import Concern, Outcome, answer_parts
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model.calendar import at_local, local
from dialogs.model.cards import Button, Line, NeutralCard, card, text
from dialogs.model.conversation import Responses, Step
from dialogs.model.effects import Effects, FieldError, Open, Show
from dialogs.model.events import Look
from dialogs.model.facts import Known, Viewer

REMINDED = 9  # the hour of the reminder, on the promised day


def told(state: Concern, event: e.HowItWent, known: Known) -> Step:
    if state.doing is None:
        return state, (Show(_nothing_to_tell(state)),)
    today = local(known.project.calendar, event.at).date()
    if (fault := _fault(event, today)) is not None:
        return state, (fault,)
    outcome = Outcome(
        state.doing.text,
        event.outcome,
        event.by,
        event.id if event.text else "",
        event.until if event.outcome == "moved" else None,
    )
    after = replace(state, outcomes=(*state.outcomes, outcome))
    kept: Effects = ()
    if event.text:
        body = {"text": event.text, "who": ""}
        kept = (fx.Record("concern_answer", state.id, event.id, event.by, event.at, body),)
    moved = event.outcome == "moved"
    close: Button[Line] = Button(
        text("concern.close"), e.ConcernClosed(project=event.project, concern=state.id)
    )
    said = c.Paragraph[Line](text("concern.went_told"))
    return after, (
        *kept,
        *reminder(known, after, event),
        *_tell_author(after),
        *letters.changed(after),
        Show(card(said, None if moved else c.buttons(close))),
    )


def _fault(event: e.HowItWent, today: date) -> FieldError | None:
    if refers_elsewhere(event.text):
        return FieldError("text", text("concern.no_links"))
    if event.outcome == "not_done" and not event.text:
        return FieldError("text", text("concern.why_missing"))
    if event.outcome == "moved" and event.until is None:
        return FieldError("until", text("concern.date_missing"))
    if event.until is not None and event.until < today:
        return FieldError("until", text("concern.past_date"))
    return None


def _nothing_to_tell(state: Concern) -> NeutralCard:
    if not state.answers:
        return card(c.Paragraph(text("concern.answer_first")))
    return card(c.Paragraph(text("concern.is_told")), *answer_parts(state))


def _tell_author(state: Concern) -> Effects:
    """Notify the author of a signed text at once. An unsigned author reads it with the code."""
    if not state.author:
        return ()
    last = replace(state, answers=state.answers[-1:])
    shown = card(c.Paragraph(text("concern.went_you")), c.Quote(state.words), *answer_parts(last))
    return (fx.Privately(state.author, shown, now=True),)


def reminder(known: Known, state: Concern, event: e.SignedEvent) -> Effects:
    """Set the reminder for the morning of the promised day; cancel it if that has passed or nothing
    is promised."""
    if state.done_by is None:
        return (fx.Cancel("due"),)
    when = at_local(known.project.calendar, state.done_by, REMINDED)
    return (fx.Timer("due", when),) if when > event.at else (fx.Cancel("due"),)


# --- the forms ----------------------------------------------------------------------------


def form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Open the form for why it was not done, or for a new date."""
    one = known.state("concern", look.ref, Concern)
    if one is None:
        return (Show(not_here()),)
    if (no := refused(one, viewer.person, known)) is not None:
        return (Show(no),)
    if one.doing is None:
        return (Show(_nothing_to_tell(one)),)
    moved = look.view == "went_moved"
    fields: tuple[c.Field[Line], ...] = (
        c.Note(one.words),
        c.TextField(
            "text",
            text("concern.field_why_moved" if moved else "concern.field_why_not"),
            text("concern.no_links"),
            long=True,
            required=not moved,
        ),
    )
    if moved:
        fields = (*fields, c.DateField("until", text("concern.field_until"), required=True))
    return (
        Open(
            c.Form(
                title=text("button.new_date" if moved else "concern.button_not_done"),
                fields=fields,
                submit=text("button.save"),
                into="how_it_went",
                fixed={
                    "concern": one.id,
                    "project": known.project.id,
                    "outcome": "moved" if moved else "not_done",
                },
            )
        ),
    )
