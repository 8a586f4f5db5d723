"""A released or signed text: from its first reader to the last answer.

A text is read by the people named when it was written (or by everybody, if the author chose so),
never by a role: whoever gets a role later reads only what is written later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from msgspec.structs import replace

from dialogs.concern import letters, outcome
from dialogs.concern.after_end import beyond_the_end, too_late, unanswered
from dialogs.concern.letting_go import closed_with_reason, handed_on
from dialogs.concern.letting_go import form as letting_go_form
from dialogs.concern.links import refers_elsewhere
from dialogs.concern.looks import (
    act_needs,
    answer_form,
    kind_line,
    list_needs,
    listed,
    not_here,
    one_card,
    one_needs,
    refused,
    take_form,
    view,
    view_needs,
)
from dialogs.concern.states import (
    Concern,
    ConcernAnswer,
    answer_parts,
    how_it_went,
    widened,
)
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.calendar import at_local, local
from dialogs.model.cards import Button, Line, NeutralCard, Part, card, text
from dialogs.model.conversation import Conversation, Facts, Sight, Step, by_field
from dialogs.model.effects import Effects, FieldError, Privately, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known

REMINDED = 9


# --- what happens to it -------------------------------------------------------------------


def needs(state: Concern | None, event: e.SignedEvent) -> Facts:
    return (
        f.About(),
        f.Roles(),
        *((f.Records("reason"),) if isinstance(event, e.Released) else ()),
    )


def decide(state: Concern | None, event: e.SignedEvent, known: Known) -> Step:
    if state is None:
        return _new(event, known) if isinstance(event, e.Released) else (None, (Show(not_here()),))
    match event:
        case e.AuthorAdded():
            return _author_added(state, event)
        case e.EndedUnanswered(reason=reason, who=who):
            return unanswered(state, reason, who, event.at)
        case e.SaidDeleted():
            return _deleted(state)
        case e.Woke():
            return state, _due(state, event, known)
        case (
            e.ConcernSeen()
            | e.ConcernAnswered()
            | e.HowItWent()
            | e.ConcernClosed()
            | e.HandedOn()
            | e.TakenToTrio()
        ):
            if (no := refused(state, event.by, known)) is not None:
                return state, (Show(no),)
    match event:
        case e.ConcernSeen():
            return _seen(state, event, known)
        case e.ConcernAnswered():
            return _answered(state, event, known)
        case e.HowItWent():
            return outcome.told(state, event, known)
        case e.ConcernClosed():
            return _closed(state, event)
        case e.HandedOn():
            return handed_on(state, event, known)
        case e.TakenToTrio():
            return _to_trio(state, event, known)
        case _:
            return state, ()


def _new(event: e.Released, known: Known) -> Step:
    new = Concern(
        id=event.concern,
        kind=event.kind,
        readers=event.readers,
        everyone=event.everyone,
        trio=event.trio,
        release=event.number,
        author=event.author,
    )
    if too_late(known.project, local(known.project.calendar, event.at).date()):
        for reason in known(f.Records("reason"))[-1:]:
            return unanswered(new, str(reason.body.get("text", "")), reason.person, event.at)
    return new, (*((fx.Post("post"),) if new.posted else ()), *letters.arrived(new))


def _deleted(state: Concern) -> Step:
    """Delete the words of a signed text for its author; the fact that there was a text remains."""
    after = replace(state, status="withdrawn", promised=None)
    told = letters.changed(after)
    return after, (fx.Cancel("due"), fx.Forget("said", state.id), *told)


def _author_added(state: Concern, event: e.AuthorAdded) -> Step:
    if state.status == "withdrawn":
        return state, ()
    state = widened(state, event.readers, event.everyone)
    match event.what:
        case "widened":
            return state, ()
        case "withdrew":
            after = replace(state, status="withdrawn", promised=None)
            return after, (fx.Cancel("due"), fx.Retract(state.id), *letters.changed(after))
        case "objected":
            if state.objected:
                return state, ()
            return replace(state, status="sent", objected=True, promised=None, promised_by=""), ()
        case "wrote":
            again = state.status in ("answered", "closed")
            return replace(state, more=state.more + 1, status="sent" if again else state.status), ()


def _seen(state: Concern, event: e.ConcernSeen, known: Known) -> Step:
    today = local(known.project.calendar, event.at).date()
    if event.until is None or event.until < today:
        return state, (FieldError("until", text("concern.past_date")),)
    if (fault := beyond_the_end(event.until, known)) is not None:
        return state, (fault,)
    if state.status == "answered":
        return state, (Show(card(c.Paragraph(text("concern.is_answered")), *answer_parts(state))),)
    after = replace(
        state,
        status="forwarded" if state.status == "forwarded" else "seen",
        promised=event.until,
        promised_by=event.by,
    )
    promised = text("concern.you_promised", day=c.Day(event.until))
    told = text("concern.promised_you", who=c.Who(event.by), day=c.Day(event.until))
    return after, (
        *_remind(known, event.at, event.until),
        *_tell_author(state, c.Paragraph(told), c.Quote(state.words)),
        *letters.changed(after),
        Show(card(c.Paragraph(promised))),
    )


def _answered(state: Concern, event: e.ConcernAnswered, known: Known) -> Step:
    today = local(known.project.calendar, event.at).date()
    stays = event.answer in ("others", "later")
    beyond = beyond_the_end(event.until, known) if stays and event.until else None
    if (faults := (*_faults(event, today), *((beyond,) if beyond else ()))) != ():
        return state, faults
    given = ConcernAnswer(event.answer, event.id, event.by, until=event.until, on=today)
    after = replace(
        state,
        status={"others": "forwarded", "later": "seen"}.get(event.answer, "answered"),
        promised=event.until if stays else None,
        promised_by=event.by if stays else "",
        answers=(*state.answers, given),
    )
    reminder: Effects = (fx.Cancel("due"),)
    if stays and event.until:
        reminder = _remind(known, event.at, event.until)
    elif event.answer == "do":
        reminder = outcome.reminder(known, after, event)
    parts = answer_parts(replace(after, answers=(given,)))
    effects: list[fx.Effect | fx.Response] = [
        fx.Record(
            "concern_answer",
            state.id,
            event.id,
            event.by,
            event.at,
            {"text": event.text, "who": event.who},
        ),
        *reminder,
        *_tell_author(
            state, c.Paragraph(text("concern.answered_you")), c.Quote(state.words), *parts
        ),
    ]
    effects += letters.changed(after)
    if state.everyone and not state.posted:
        by = c.Who(state.author) if state.author else None
        said = card(
            c.Paragraph(text("concern.answer_to_all", kind=kind_line(state))),
            c.Quote(state.words, by),
            *parts,
        )
        effects.append(fx.Say(said))
    return after, (*effects, Show(_stored(state, event)))


def _stored(state: Concern, event: e.ConcernAnswered) -> NeutralCard:
    """Tell whoever answered how the author hears of it; a no can be closed at once."""
    key = "concern.stored_code" if not state.author and not state.everyone else "concern.stored"
    close: Button[Line] = Button(
        text("concern.close"), e.ConcernClosed(project=event.project, concern=state.id)
    )
    return card(c.Paragraph(text(key)), c.buttons(close) if event.answer == "no" else None)


def _faults(event: e.ConcernAnswered, today: date) -> Iterable[FieldError]:
    for field, words in (("text", event.text), ("who", event.who)):
        if refers_elsewhere(words):
            yield FieldError(field, text("concern.no_links"))
    if event.answer in ("do", "others") and not event.who:
        yield FieldError("who", text(f"concern.who_missing_{event.answer}"))
    if event.answer != "no" and event.until is None:
        yield FieldError("until", text("concern.date_missing"))
    if event.until is not None and event.until < today:
        yield FieldError("until", text("concern.past_date"))


def _closed(state: Concern, event: e.ConcernClosed) -> Step:
    if state.waits and event.text:
        return closed_with_reason(state, event)
    if not state.answers:
        return state, (Show(card(c.Paragraph(text("concern.answer_first")))),)
    if state.doing is not None:
        first = c.Paragraph[Line](text("concern.tell_first"))
        return state, (Show(card(first, c.buttons(*how_it_went(state, event.project)))),)
    after = replace(state, status="closed", promised=None, promised_by="")
    return after, (
        fx.Cancel("due"),
        *_tell_author(state, c.Paragraph(text("concern.closed_you")), c.Quote(state.words)),
        *letters.changed(after),
        Show(card(c.Paragraph(text("concern.now_closed")))),
    )


def _to_trio(state: Concern, event: e.TakenToTrio, known: Known) -> Step:
    if not (state.trio or state.everyone):
        return state, (Show(card(c.Paragraph(text("concern.no_consent")))),)
    if state.in_trio:
        return state, (Show(card(c.Paragraph(text("concern.in_trio")))),)
    trio = known.holders("leader", "tr", "amr")
    new = tuple(p for p in trio if p not in state.readers and p != state.author)
    after = replace(state, in_trio=True, readers=(*state.readers, *new))
    came = text("concern.came_to_trio", who=c.Who(event.by))
    return after, (
        *(
            Privately(p, card(c.Paragraph(came), _list_button(event.project)), urgency=3)
            for p in new
        ),
        Show(card(c.Paragraph(text("concern.now_in_trio")))),
    )


def _due(state: Concern, event: e.Woke, known: Known) -> Effects:
    if too_late(known.project, local(known.project.calendar, event.at).date()):
        return ()
    doing = state.doing
    person = state.promised_by if state.waits else "" if doing is None else doing.by
    due = state.promised if state.waits else state.done_by
    return () if due is None or not person else (letters.reminder(person),)


def _remind(known: Known, at: datetime, day: date) -> Effects:
    when = at_local(known.project.calendar, day, REMINDED)
    return (fx.Timer("due", when),) if when > at else (fx.Cancel("due"),)


def _tell_author(state: Concern, *parts: Part[Line]) -> Effects:
    return (Privately(state.author, card(*parts), now=True),) if state.author else ()


def _list_button(project: str) -> Part[Line] | None:
    return c.buttons(Button(text("concern.see"), Look("concerns", project=project)))


# --- looks --------------------------------------------------------------------------------


def forgets(state: Concern, person: Person) -> Concern:
    """Return the state after a person is erased. Their signed text becomes withdrawn, and an answer
    they promised is owed by all who may give it."""
    if state.promised_by == person:
        state = replace(state, promised_by="", promised=None)
    if state.author == person:
        state = replace(state, author=c.FORMER, status="withdrawn", promised=None)
    return state


CONVERSATION = Conversation(
    name="concern",
    state=Concern,
    events=by_field(
        "concern",
        e.Released,
        e.AuthorAdded,
        e.SaidDeleted,
        e.ConcernSeen,
        e.ConcernAnswered,
        e.HowItWent,
        e.EndedUnanswered,
        e.ConcernClosed,
        e.HandedOn,
        e.TakenToTrio,
    ),
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights={
        "concerns": Sight(list_needs, listed),
        "concern": Sight(one_needs, one_card),
        "answer_concern": Sight(act_needs, answer_form),
        "take_concern": Sight(act_needs, take_form),
        "went_not_done": Sight(act_needs, outcome.form),
        "close_concern": Sight(act_needs, letting_go_form),
        "hand_on": Sight(act_needs, letting_go_form),
        "went_moved": Sight(act_needs, outcome.form),
    },
    forgets=forgets,
)
