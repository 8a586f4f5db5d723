"""An agreement: offered, taken by its owner, reminded once, and done or not done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import assert_never

from msgspec.structs import replace

from dialogs.agreement.cards import (
    LONGEST,
    REMINDERS,
    calendar_button,
    calendar_file,
    due_line,
    is_past,
    is_theirs,
    list_needs,
    listed,
    new_date_button,
    new_date_form,
    new_form,
    new_needs,
    not_done_form,
    one_needs,
    own_buttons,
    reminder_slot,
    show,
    take_button,
    view,
    view_needs,
    who_can,
)
from dialogs.agreement.states import Agreement, what
from dialogs.model import events as e
from dialogs.model.calendar import (
    MONDAY,
    THURSDAY,
    Calendar,
    add_working_days,
    at_local,
    is_working_day,
    local,
)
from dialogs.model.cards import (
    Day,
    Several,
    Typed,
    Who,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Sight, Step, by_field, opens
from dialogs.model.effects import (
    Cancel,
    Effect,
    Effects,
    FieldError,
    Forget,
    Post,
    Record,
    Redraw,
    Tell,
    Timer,
)
from dialogs.model.events import SignedEvent
from dialogs.model.facts import About, Known, Present, Roles
from dialogs.model.shorten import cut_at_word

Change = (
    e.AgreementTaken
    | e.AgreementDeclined
    | e.AgreementDone
    | e.AgreementNotDone
    | e.AgreementNewDate
)

EARLY = 6
"""Before the hour at which bags are sent, so that the reminder is in that day's bag."""


def begun(words: str) -> str:
    """Return a suggestion for an agreement's text from a message: one line, truncated."""
    return cut_at_word(" ".join(words.split()), LONGEST)


# --- decide -------------------------------------------------------------------------------


def needs(state: Agreement | None, event: SignedEvent) -> Facts:
    return (About(), Roles(), Present())


def decide(state: Agreement | None, event: SignedEvent, known: Known) -> Step:
    match event:
        case e.Offered(what=words, owner=owner, due=due, question=question):
            return _offered(event, event.agreement, words, owner, due, question)
        case e.AgreementMade(what=words, who=owner, due=due):
            return _made(event, words, owner, due, known)
        case e.Woke(name=name):
            return state, _rings(state, event, name, known) if state is not None else ()
        case (
            e.AgreementTaken()
            | e.AgreementDeclined()
            | e.AgreementDone()
            | e.AgreementNotDone()
            | e.AgreementNewDate()
        ):
            if state is None:
                return None, show(text("agreement.gone", typed=Typed("agreements")))
            return _changed(state, event, known)
        case _:
            return state, ()


def _offered(
    event: SignedEvent, id: str, words: str, owner: str, due: date | None, question: str
) -> Step:
    offered = Agreement(
        id=id,
        owner=owner,
        due=due,
        status="offered",
        offered_at=event.at,
        changed_at=event.at,
        question=question,
        asked=owner,
    )
    post = Post("offer", to=owner) if owner else Post("open")
    return offered, (Record("agreement", question, id, event.by, event.at, {"what": words}), post)


def _made(event: e.AgreementMade, words: str, owner: str, due: date | None, known: Known) -> Step:
    if not known.project.under_way:
        return None, (FieldError("", text("agreement.closed")),)
    if is_past(due, event.at, known):
        return None, (FieldError("due", text("agreement.past")),)
    state, effects = _offered(event, event.id, words, owner, due, "")
    told = text("agreement.made_asked", who=Who(owner)) if owner else text("agreement.made_open")
    return state, (*effects, *show(told))


def _changed(state: Agreement, event: Change, known: Known) -> Step:
    """Handle an event with one function per state. In any state, whoever may not change the
    agreement is told who can."""
    if not known.project.under_way:
        return state, show(text("agreement.closed"))
    if not is_theirs(state, event.by, known):
        return state, show(who_can(state, known))
    match state.status:
        case "offered" | "declined":
            return _while_offered(state, event, known)
        case "taken":
            return _while_taken(state, event, known)
        case "not_done":
            return _while_not_done(state, event, known)
        case "done":
            return state, show(text("agreement.is_done", what=what(state.id)))
        case _:
            assert_never(state.status)


def _while_offered(state: Agreement, event: Change, known: Known) -> Step:
    match event:
        case e.AgreementTaken(by=by):
            taken = replace(state, owner=by, status="taken", changed_at=event.at)
            told = Several((text("agreement.you_took", what=what(state.id)), *due_line(state.due)))
            button = calendar_button(taken, known.project.id)
            return taken, (*_timers(taken, event.at, known), *_redrawn(state), *show(told, button))
        case e.AgreementDeclined():
            if not state.owner:
                return state, show(text("agreement.still_open", what=what(state.id)))
            freed = replace(state, owner="", status="declined", changed_at=event.at)
            return freed, (
                *_redrawn(state),
                Post("open"),
                *show(text("agreement.you_declined", what=what(state.id))),
            )
        case e.AgreementDone() | e.AgreementNotDone() | e.AgreementNewDate():
            if not state.owner:
                return state, show(
                    text("agreement.take_first", what=what(state.id)),
                    take_button(state, known.project.id),
                )
            return _while_taken(state, event, known)
        case _:
            assert_never(event)


def _while_taken(state: Agreement, event: Change, known: Known) -> Step:
    match event:
        case e.AgreementTaken():
            return state, show(
                Several((text("agreement.is_yours", what=what(state.id)), *due_line(state.due)))
            )
        case e.AgreementDeclined():
            return state, show(
                text("agreement.taken_already", what=what(state.id)),
                own_buttons(state, known.project.id),
            )
        case e.AgreementDone():
            done = replace(state, status="done", changed_at=event.at)
            return done, (
                *_quiet(),
                *_redrawn(state),
                *show(text("agreement.now_done", what=what(state.id))),
            )
        case e.AgreementNotDone(why=why):
            left = replace(state, status="not_done", changed_at=event.at)
            reason = Record("not_done", state.id, state.id, event.by, event.at, {"text": why})
            return left, (
                reason if why else Forget("not_done", state.id),
                *_quiet(),
                *_redrawn(state),
                *show(text("agreement.now_not_done", what=what(state.id))),
            )
        case e.AgreementNewDate():
            return _dated(state, event, known)
        case _:
            assert_never(event)


def _while_not_done(state: Agreement, event: Change, known: Known) -> Step:
    """A past date can still lead to done or to a new date; having reported *not done* loses
    nothing."""
    match event:
        case e.AgreementDone():
            return _while_taken(state, event, known)
        case e.AgreementNewDate():
            return _dated(state, event, known)
        case e.AgreementTaken() | e.AgreementDeclined() | e.AgreementNotDone():
            return state, show(
                text("agreement.is_not_done", what=what(state.id)),
                new_date_button(state, known.project.id),
            )
        case _:
            assert_never(event)


def _dated(state: Agreement, event: e.AgreementNewDate, known: Known) -> Step:
    if event.due is None:
        return state, (FieldError("due", text("agreement.no_date")),)
    if is_past(event.due, event.at, known):
        return state, (FieldError("due", text("agreement.past")),)
    moved = replace(
        state, due=event.due, status="taken", changed_at=event.at, moved=state.moved + 1
    )
    told = text("agreement.now_dated", what=what(state.id), day=Day(event.due))
    own = calendar_button(moved, known.project.id) if moved.owner == event.by else None
    return moved, (*_timers(moved, event.at, known), *_redrawn(state), *show(told, own))


# --- the reminder and the question afterwards ---------------------------------------------


def _timers(state: Agreement, at: datetime, known: Known) -> tuple[Effect, ...]:
    if state.due is None:
        return _quiet()
    calendar = known.project.calendar
    reminder = at_local(calendar, _reminder_day(calendar, state.due), EARLY)
    after = at_local(calendar, add_working_days(calendar, state.due, 1), EARLY)
    return (
        Timer("reminder", reminder) if reminder > at else Cancel("reminder"),
        Timer("overdue", after),
    )


def _reminder_day(calendar: Calendar, due: date) -> date:
    """Return the last working day before the due date, or an earlier day of the same week on which
    bags are sent."""
    day = add_working_days(calendar, due, -1)
    early = day
    while early.weekday() not in (MONDAY, THURSDAY):
        early -= timedelta(days=1)
    same_week = early.isocalendar()[:2] == day.isocalendar()[:2]
    return early if same_week and is_working_day(calendar, early) else day


def _quiet() -> tuple[Effect, ...]:
    return (Cancel("reminder"), Cancel("overdue"))


def _redrawn(state: Agreement) -> tuple[Effect, ...]:
    """Redraw the agreement everywhere: for its owner, in the channel, below its question, and in
    the summaries that name it."""
    under = (Redraw("post", "question", state.question),) if state.question else ()
    reminders = (Redraw(reminder_slot(name, state)) for name in REMINDERS)
    told = Tell(e.MatterChanged(of=state.id))
    return (Redraw("offer"), Redraw("open"), *under, *reminders, told)


def _rings(state: Agreement, event: e.Woke, name: str, known: Known) -> Effects:
    if state.status != "taken" or state.due is None or not known.project.under_way:
        return ()
    calendar = known.project.calendar
    now = event.fired_at
    today = local(calendar, now).date()
    if not known.project.running:
        # In a pause nothing is sent, but the timer is kept.
        return (Timer(name, at_local(calendar, add_working_days(calendar, today, 1), EARLY)),)
    match name:
        case "reminder" if state.due >= today:
            urgency = 3
        case "overdue" if state.due < today:
            urgency = 2
        case _:
            return ()
    return (Post(reminder_slot(name, state), to=state.owner, bag=True, urgency=urgency),)


# --- looks --------------------------------------------------------------------------------


def forgets(state: Agreement, person: e.Person) -> Agreement:
    """Return the state after its owner is erased: anybody may take it."""
    if state.owner != person:
        return state
    free = "offered" if state.status == "taken" else state.status
    return replace(state, owner="", asked="", status=free)


CONVERSATION = Conversation(
    name="agreement",
    state=Agreement,
    events=by_field(
        "agreement",
        e.Offered,
        e.AgreementTaken,
        e.AgreementDeclined,
        e.AgreementDone,
        e.AgreementNotDone,
        e.AgreementNewDate,
    )
    | by_field("id", e.AgreementMade),
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights={
        "agreements": Sight(list_needs, listed),
        "new_agreement": Sight(new_needs, new_form),
        "new_date": Sight(one_needs, new_date_form),
        "not_done": Sight(one_needs, not_done_form),
        "agreement_file": Sight(one_needs, calendar_file),
    },
    commands={"agreements": opens("agreements")},
    forgets=forgets,
)
