"""An agreement: offered, taken by its owner, reminded once, and done or not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import assert_never

from msgspec.structs import replace

from dialogs.agreement.states import Agreement, unowned, what
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
    Button,
    Buttons,
    Count,
    DateField,
    Day,
    Form,
    Heading,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    People,
    Quote,
    Several,
    Small,
    Text,
    TextField,
    Typed,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Moments, Sight, Step, by_field, opens
from dialogs.model.effects import (
    Cancel,
    Effect,
    Effects,
    FieldError,
    Forget,
    Open,
    Post,
    Privately,
    Record,
    Redraw,
    Show,
    Timer,
)
from dialogs.model.events import Look, SignedEvent
from dialogs.model.facts import About, Known, Present, Roles, States, Viewer
from dialogs.model.facts import State as StateOf

State = Agreement
Change = (
    e.AgreementTaken
    | e.AgreementDeclined
    | e.AgreementDone
    | e.AgreementNotDone
    | e.AgreementNewDate
)

EARLY = 6
"""Before anybody's bag of the day goes, so that it takes this along."""
LONGEST = 300
SHOWN = 10
CLOSED = ("draft", "stopped", "ended")


def begun(words: str) -> str:
    """What an agreement can be called, of a message that somebody chose: one line, cut to fit."""
    line = " ".join(words.split())
    if len(line) <= LONGEST:
        return line
    short = line[: LONGEST - 1]
    whole, _, last = short.rpartition(" ")
    return f"{whole if whole and len(last) < 40 else short}…"


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
                return None, _shown(text("agreement.gone", typed=Typed("agreements")))
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
    if known.project.stage in CLOSED:
        return None, (FieldError("", text("agreement.closed")),)
    if _past(due, event.at, known):
        return None, (FieldError("due", text("agreement.past")),)
    state, effects = _offered(event, event.id, words, owner, due, "")
    told = text("agreement.made_asked", who=Who(owner)) if owner else text("agreement.made_open")
    return state, (*effects, *_shown(told))


def _changed(state: Agreement, event: Change, known: Known) -> Step:
    """One function a state; whoever may not change it is told who can, whatever its state."""
    if known.project.stage in CLOSED:
        return state, _shown(text("agreement.closed"))
    if not _theirs(state, event.by, known):
        return state, _shown(_who_can(state, known))
    match state.status:
        case "offered" | "declined":
            return _while_offered(state, event, known)
        case "taken":
            return _while_taken(state, event, known)
        case "not_done":
            return _while_not_done(state, event, known)
        case "done":
            return state, _shown(text("agreement.is_done", what=what(state.id)))
        case _:
            assert_never(state.status)


def _while_offered(state: Agreement, event: Change, known: Known) -> Step:
    match event:
        case e.AgreementTaken(by=by):
            taken = replace(state, owner=by, status="taken", changed_at=event.at)
            told = Several((text("agreement.you_took", what=what(state.id)), *_by(state.due)))
            return taken, (*_timers(taken, event.at, known), *_redrawn(state), *_shown(told))
        case e.AgreementDeclined():
            if not state.owner:
                return state, _shown(text("agreement.still_open", what=what(state.id)))
            freed = replace(state, owner="", status="declined", changed_at=event.at)
            return freed, (
                *_redrawn(state),
                Post("open"),
                *_shown(text("agreement.you_declined", what=what(state.id))),
            )
        case e.AgreementDone() | e.AgreementNotDone() | e.AgreementNewDate():
            if not state.owner:
                return state, _shown(
                    text("agreement.take_first", what=what(state.id)),
                    _take(state, known.project.id),
                )
            return _while_taken(state, event, known)
        case _:
            assert_never(event)


def _while_taken(state: Agreement, event: Change, known: Known) -> Step:
    match event:
        case e.AgreementTaken():
            return state, _shown(
                Several((text("agreement.is_yours", what=what(state.id)), *_by(state.due)))
            )
        case e.AgreementDeclined():
            return state, _shown(
                text("agreement.taken_already", what=what(state.id)),
                _own(state, known.project.id),
            )
        case e.AgreementDone():
            done = replace(state, status="done", changed_at=event.at)
            return done, (
                *_quiet(),
                *_redrawn(state),
                *_shown(text("agreement.now_done", what=what(state.id))),
            )
        case e.AgreementNotDone(why=why):
            left = replace(state, status="not_done", changed_at=event.at)
            reason = Record("not_done", state.id, state.id, event.by, event.at, {"text": why})
            return left, (
                reason if why else Forget("not_done", state.id),
                *_quiet(),
                *_redrawn(state),
                *_shown(text("agreement.now_not_done", what=what(state.id))),
            )
        case e.AgreementNewDate():
            return _dated(state, event, known)
        case _:
            assert_never(event)


def _while_not_done(state: Agreement, event: Change, known: Known) -> Step:
    """It may still be done, or get a new date; nothing is lost by having said so."""
    match event:
        case e.AgreementDone():
            return _while_taken(state, event, known)
        case e.AgreementNewDate():
            return _dated(state, event, known)
        case e.AgreementTaken() | e.AgreementDeclined() | e.AgreementNotDone():
            return state, _shown(
                text("agreement.is_not_done", what=what(state.id)),
                _new_date(state, known.project.id),
            )
        case _:
            assert_never(event)


def _dated(state: Agreement, event: e.AgreementNewDate, known: Known) -> Step:
    if event.due is None:
        return state, (FieldError("due", text("agreement.no_date")),)
    if _past(event.due, event.at, known):
        return state, (FieldError("due", text("agreement.past")),)
    moved = replace(
        state, due=event.due, status="taken", changed_at=event.at, moved=state.moved + 1
    )
    told = text("agreement.now_dated", what=what(state.id), day=Day(event.due))
    return moved, (*_timers(moved, event.at, known), *_redrawn(state), *_shown(told))


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
    """The working day before, or the last day before it on which a private letter may go."""
    day = add_working_days(calendar, due, -1)
    early = day
    while early.weekday() not in (MONDAY, THURSDAY):
        early -= timedelta(days=1)
    same_week = early.isocalendar()[:2] == day.isocalendar()[:2]
    return early if same_week and is_working_day(calendar, early) else day


def _quiet() -> tuple[Effect, ...]:
    return (Cancel("reminder"), Cancel("overdue"))


def _redrawn(state: Agreement) -> tuple[Effect, ...]:
    """The agreement where it stands: with its owner, in the channel, and under its question."""
    under = (Redraw("post", "question", state.question),) if state.question else ()
    return (Redraw("offer"), Redraw("open"), *under)


def _rings(state: Agreement, event: e.Woke, name: str, known: Known) -> Effects:
    if state.status != "taken" or state.due is None or known.project.stage in CLOSED:
        return ()
    project = known.project.id
    calendar = known.project.calendar
    now = max(event.at, event.came)
    today = local(calendar, now).date()
    if not known.project.running:
        # A pause keeps quiet, and forgets nothing.
        return (Timer(name, at_local(calendar, add_working_days(calendar, today, 1), EARLY)),)
    match name:
        case "reminder" if state.due >= today:
            told = text("agreement.reminder", day=Day(state.due))
            urgency = 3
        case "overdue" if state.due < today:
            told = text("agreement.overdue", day=Day(state.due))
            urgency = 2
        case _:
            return ()
    shown = card(Paragraph(told), Quote(what(state.id)), _own(state, project))
    return (Privately(state.owner, shown, urgency=urgency),)


# --- who may ------------------------------------------------------------------------------


def _theirs(state: Agreement, person: str, known: Known) -> bool:
    """Its owner's; anybody's while it has none; who leads or runs it, where the owner has gone."""
    if not state.owner or state.owner == person:
        return True
    return _gone(state, known) and person in _caretakers(known)


def _gone(state: Agreement, known: Known) -> bool:
    held = {role.person for role in known(Roles()) if role.status == "confirmed"}
    return state.owner not in known(Present()) and state.owner not in held


def _caretakers(known: Known) -> tuple[str, ...]:
    return known.holders("leader", "deputy", "facilitator")


def _who_can(state: Agreement, known: Known) -> Text:
    name = what(state.id)
    can = tuple(Who(person) for person in _caretakers(known))
    if _gone(state, known) and can:
        return text("agreement.owner_gone", who=Who(state.owner), can=Listing(can), what=name)
    typed = Typed("agreements")
    return text("agreement.not_yours", who=Who(state.owner), what=name, typed=typed)


def _past(due: date | None, at: datetime, known: Known) -> bool:
    return due is not None and due < local(known.project.calendar, at).date()


# --- parts --------------------------------------------------------------------------------


def _by(due: date | None) -> tuple[Line, ...]:
    return () if due is None else (text("agreement.by", day=Day(due)),)


def _shown(line: Line, *more: Part[Line] | None) -> tuple[Show, ...]:
    return (Show(card(Paragraph(line), *more)),)


def _take(state: Agreement, project: str) -> Buttons[Line] | None:
    press = e.AgreementTaken(project=project, agreement=state.id)
    return buttons(Button(text("button.take_agreement"), press, "main"))


def _offer(state: Agreement, project: str) -> Buttons[Line] | None:
    return buttons(
        Button(
            text("button.take_agreement"),
            e.AgreementTaken(project=project, agreement=state.id),
            "main",
        ),
        Button(text("agreement.not_me"), e.AgreementDeclined(project=project, agreement=state.id)),
    )


def _own(state: Agreement, project: str) -> Buttons[Line] | None:
    return buttons(
        Button(text("button.done"), e.AgreementDone(project=project, agreement=state.id), "main"),
        Button(text("button.not_done"), Look("not_done", project=project, ref=state.id)),
        _later(state, project),
    )


def _new_date(state: Agreement, project: str) -> Buttons[Line] | None:
    return buttons(_later(state, project))


def _later(state: Agreement, project: str) -> Button[Line]:
    return Button(text("button.new_date"), Look("new_date", project=project, ref=state.id))


# --- the standing posts -------------------------------------------------------------------


def view_needs(state: Agreement, slot: str) -> Facts:
    return (About(),)


def view(state: Agreement, slot: str, known: Known) -> NeutralCard:
    project = known.project
    live = project.stage not in CLOSED
    owners = slot == "offer" and state.owner == state.asked
    found: Line
    pressed: Buttons[Line] | None = None
    match state.status:
        case "offered" | "declined" if owners:
            found, pressed = text("agreement.yours"), _offer(state, project.id)
        case "offered" | "declined" if slot == "open":
            found, pressed = text("agreement.who"), _take(state, project.id)
        case "offered" | "declined":
            found = text("agreement.asked_others")
        case "taken" if owners:
            found, pressed = text("agreement.yours_now"), _own(state, project.id)
        case "taken":
            found = text("agreement.theirs", who=Who(state.owner))
        case "done":
            found = text("agreement.done")
        case "not_done" if owners:
            found, pressed = text("agreement.not_done"), _new_date(state, project.id)
        case "not_done":
            found = text("agreement.not_done")
        case _:
            assert_never(state.status)
    return card(
        Heading(text("agreement.title")),
        Paragraph(found),
        Quote(what(state.id)),
        *(Small(line) for line in _by(state.due)),
        pressed if live else None,
    )


# --- looks --------------------------------------------------------------------------------


def _agreements_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Present(), States("agreement"))


def _agreements(look: Look, viewer: Viewer, known: Known) -> Moments:
    project = known.project
    today = local(project.calendar, viewer.at).date()
    everything = known.states("agreement", Agreement).values()
    live = sorted(
        (one for one in everything if one.status in ("offered", "declined", "taken")),
        key=lambda one: (one.due is None, one.due or date.max, one.offered_at, one.id),
    )
    done = sum(one.status == "done" for one in everything)
    left = sum(one.status == "not_done" for one in everything)
    parts: list[Part[Line] | None] = [
        Heading(text("agreement.heading", name=Words(known.project.name)))
    ]
    if not everything:
        parts.append(Paragraph(text("agreement.none")))
    elif not live:
        parts.append(Paragraph(text("agreement.none_open")))
    for one in live[:SHOWN]:
        parts += _row(one, viewer, known, today)
    if len(live) > SHOWN:
        parts.append(Small(text("agreement.more", n=Count(len(live) - SHOWN))))
    counts = (
        *((text("agreement.count_done", n=Count(done)),) if done else ()),
        *((text("agreement.count_not_done", n=Count(left)),) if left else ()),
    )
    if counts:
        parts.append(Small(Several(counts)))
    may = viewer.may("leader", "deputy", "starter", "facilitator", "representative")
    if may and project.stage not in CLOSED:
        parts.append(
            buttons(Button(text("agreement.new"), Look("new_agreement", project=project.id)))
        )
    return (Show(card(*parts)),)


def _row(one: Agreement, viewer: Viewer, known: Known, today: date) -> list[Part[Line] | None]:
    facts: list[Line] = []
    pressed: Buttons[Line] | None = None
    if unowned(one):
        facts.append(text("agreement.row_open"))
        pressed = _take(one, known.project.id)
    elif one.status == "taken":
        facts.append(text("agreement.row_taken", who=Who(one.owner)))
    else:
        facts.append(text("agreement.row_asked", who=Who(one.owner)))
    if one.due is not None:
        passed = one.due < today
        key = "agreement.row_passed" if passed else "agreement.by"
        facts.append(text(key, day=Day(one.due)))
    if one.owner and _theirs(one, viewer.person, known):
        mine = one.status == "offered" and one.owner == viewer.person
        pressed = _offer(one, known.project.id) if mine else _own(one, known.project.id)
    live = known.project.stage not in CLOSED
    return [Quote(what(one.id)), Small(Several(tuple(facts))), pressed if live else None]


def _new_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def _new(look: Look, viewer: Viewer, known: Known) -> Moments:
    project = known.project
    if project.stage in CLOSED:
        return _shown(text("agreement.closed"))
    return (
        Open(
            Form(
                title=text("agreement.form_new"),
                fields=(
                    TextField(
                        "what",
                        text("agreement.field_what"),
                        long=bool(look.words),
                        limit=LONGEST,
                        value=Words(look.words) if look.words else None,
                    ),
                    People("who", text("agreement.field_who"), hint=text("agreement.hint_who")),
                    DateField("due", text("agreement.field_due")),
                ),
                submit=text("button.save"),
                into="agreement_made",
                fixed={"project": project.id},
            )
        ),
    )


def _one_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Present(), StateOf("agreement", look.ref))


def _one(look: Look, viewer: Viewer, known: Known) -> Agreement | Text | Several:
    """The agreement of a form, or why there is none to fill in."""
    state = known.state("agreement", look.ref, Agreement)
    if state is None:
        return text("agreement.gone", typed=Typed("agreements"))
    if known.project.stage in CLOSED:
        return text("agreement.closed")
    if not state.owner:
        return text("agreement.take_first", what=what(state.id))
    if not _theirs(state, viewer.person, known):
        return _who_can(state, known)
    if state.status == "done":
        return text("agreement.is_done", what=what(state.id))
    return state


def _new_date_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = _one(look, viewer, known)
    if not isinstance(state, Agreement):
        return _shown(state)
    return (
        Open(
            Form(
                title=text("agreement.form_date"),
                fields=(
                    DateField(
                        "due",
                        text("agreement.field_new_due"),
                        hint=None
                        if state.due is None
                        else text("agreement.hint_due", day=Day(state.due)),
                        required=True,
                    ),
                ),
                submit=text("button.save"),
                into="agreement_new_date",
                fixed={"agreement": state.id, "project": known.project.id},
            )
        ),
    )


def _not_done_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = _one(look, viewer, known)
    if not isinstance(state, Agreement):
        return _shown(state)
    if state.status == "not_done":
        return _shown(
            text("agreement.is_not_done", what=what(state.id)),
            _new_date(state, known.project.id),
        )
    return (
        Open(
            Form(
                title=text("agreement.form_not_done"),
                fields=(
                    TextField(
                        "why",
                        text("agreement.field_why"),
                        hint=text("agreement.hint_why"),
                        long=True,
                        limit=500,
                        required=False,
                    ),
                ),
                submit=text("button.save"),
                into="agreement_not_done",
                fixed={"agreement": state.id, "project": known.project.id},
            )
        ),
    )


def forgets(state: Agreement, person: e.Person) -> Agreement:
    """Nobody owns it any more, and anybody may take it."""
    if state.owner != person:
        return state
    free = "offered" if state.status == "taken" else state.status
    return replace(state, owner="", asked="", status=free)


CONVERSATION = Conversation(
    name="agreement",
    state=State,
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
        "agreements": Sight(_agreements_needs, _agreements),
        "new_agreement": Sight(_new_needs, _new),
        "new_date": Sight(_one_needs, _new_date_form),
        "not_done": Sight(_one_needs, _not_done_form),
    },
    commands={"agreements": opens("agreements")},
    forgets=forgets,
)
