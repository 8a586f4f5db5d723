"""How a question ends: closed for answers, summed up, confirmed or set aside."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from msgspec import structs

from dialogs.model import events as e
from dialogs.model.calendar import at_local, local, next_working_day, working_moment_after
from dialogs.model.cards import (
    Count,
    Kept,
    Line,
    Moment,
    Paragraph,
    Quote,
    Several,
    Who,
    buttons,
    card,
    text,
)
from dialogs.model.effects import (
    Cancel,
    Effect,
    Effects,
    FieldError,
    Post,
    Privately,
    Publish,
    Record,
    Redraw,
    Say,
    Show,
    Tell,
    Timer,
    Unpool,
)
from dialogs.model.facts import Known, Unreleased, Waiting
from dialogs.model.figures import shown
from dialogs.model.roles import writers
from dialogs.question.buttons import again_button
from dialogs.question.forms import (
    lacking,
)
from dialogs.question.states import (
    Asked,
    Concluded,
    Discussed,
    Proposed,
    QuestionState,
    QuestionWords,
    SetAside,
    ToMed,
    fewest,
    title,
)
from dialogs.say.states import SENT_AT

SHOWN_OBJECTIONS = 20


QuestionStep = tuple[QuestionState | None, Effects]


Lasting = tuple[Effect, ...]


def redraw_theme(words: QuestionWords) -> Lasting:
    if not words.theme_post:
        return ()
    return (Redraw(f"theme:{words.theme_post}", dialog="walk", of="walk"),)


def redraw_all(state: QuestionState) -> Lasting:
    return (Redraw("post"), *redraw_theme(state.words))


def close_answers(state: Asked, known: Known) -> tuple[Asked, Lasting]:
    """End writing for good.

    Unsigned answers are published now. If too few people could have written them, they wait for the
    end of the phase; that is decided without looking whether any exist.
    """
    question = state.words.id
    if len(lacking(known, question)) < fewest(known.project):
        return structs.replace(state, closed=True, elimination=True), ()
    waiting = known(Unreleased(("answer",), question))
    after = structs.replace(state, closed=True, unnamed=len(waiting))
    return after, tuple(_publish(w, question) for w in waiting)


def _publish(waiting: Waiting, question: str) -> Publish:
    said = [str(waiting.body["text"]), *(str(m["text"]) for m in waiting.body.get("more", ()))]
    return Publish(
        waiting.entry,
        waiting.new_id,
        waiting.kind,
        question,
        0,
        {"text": "\n\n".join(said)},
        waiting.receipt,
    )


def summed_up(state: Asked, event: e.SummedUp, known: Known) -> QuestionStep:
    faults = _faults(event, local(known.project.calendar, event.at).date())
    if faults:
        return state, faults
    closed, effects = (state, ()) if state.closed else close_answers(state, known)
    question = state.words.id
    record: Lasting = ()
    if event.text:
        body = {"text": event.text, "spoken": event.spoken}
        record = (Record("conclusion", question, event.id, event.by, event.at, body),)
    after: QuestionState
    if event.outcome == "aside":
        after = SetAside(
            words=state.words,
            asked_at=state.asked_at,
            set_aside_at=event.at,
            by=event.by,
            conclusion=event.id if event.text else "",
            closed=True,
            elimination=closed.elimination,
            unnamed=closed.unnamed,
        )
        rest: Effects = (Show(card(Paragraph(text("question.now_aside")))),)
    else:
        calendar = known.project.calendar
        until = at_local(
            calendar, next_working_day(calendar, local(calendar, event.at).date()), SENT_AT
        )
        holds = working_moment_after(calendar, until)
        after = Proposed(
            words=state.words,
            asked_at=state.asked_at,
            by=event.by,
            conclusion=event.id,
            outcome=event.outcome,
            until=until,
            holds_at=holds,
            proposed_at=event.at,
            elimination=closed.elimination,
            unnamed=closed.unnamed,
        )
        shown = text("question.now_proposed", until=Moment(until), holds=Moment(holds))
        rest = (Timer("objections", until), Show(card(Paragraph(shown))))
    return after, (*effects, *record, *_offers(event, question), *_shown_anew(state, after), *rest)


def _offers(event: e.SummedUp, question: str) -> Lasting:
    """Offer each agreement of the conclusion to its owner."""
    return tuple(
        Tell(
            e.Offered(
                agreement=f"{event.id}-{n}", what=what, owner=who, due=when, question=question
            )
        )
        for n, what, who, when in _agreements(event)
        if what
    )


def _shown_anew(before: Asked, after: QuestionState) -> Lasting:
    """Redraw the question. One whose theme shares a post gets a post of its own for the
    proposal."""
    has_own = not before.words.theme_post or (isinstance(before, Discussed) and before.again)
    if has_own or isinstance(after, SetAside):
        return redraw_all(after)
    return (Post("post"), *redraw_theme(after.words))


def _agreements(event: e.SummedUp) -> tuple[tuple[int, str, str, date | None], ...]:
    return (
        (1, event.what1, event.who1, event.when1),
        (2, event.what2, event.who2, event.when2),
    )


def _faults(event: e.SummedUp, today: date) -> tuple[FieldError, ...]:
    found = []
    if not event.text and event.outcome != "aside":
        found.append(FieldError("text", text("question.text_needed")))
    for n, what, who, when in _agreements(event):
        if (who or when) and not what:
            found.append(FieldError(f"what{n}", text("question.what_needed")))
        if when is not None and when < today:
            found.append(FieldError(f"when{n}", text("question.when_past")))
    return tuple(found)


def release(state: Proposed, event: e.Woke, known: Known) -> QuestionStep:
    """Release the objections to a proposal, at the fixed hour of the next working day.

    Whoever summed up gets all of them. Others get either their texts or their number: the texts if
    the authors of all objections agree, else the number if it reaches the threshold.
    """
    question, project = state.words.id, known.project
    waiting = known(Unreleased(("fits", "objection"), question))
    # By random ids, so that the order reveals nothing.
    objections = tuple(
        sorted((w for w in waiting if w.kind == "objection"), key=lambda waits: waits.new_id)
    )
    fits = tuple(w.entry for w in waiting if w.kind == "fits")
    in_words = all(w.body.get("shared", False) for w in objections)
    may, enough = len(writers(known)), fewest(project)
    # Whoever summed up has one working day with the objections, even if they are released late.
    holds = working_moment_after(project.calendar, event.fired_at)
    after = structs.replace(
        state,
        released=True,
        holds_at=holds,
        objections=0 if in_words else shown(len(objections), may, enough),
        in_words=tuple(w.new_id for w in objections) if in_words else (),
        fits=shown(len(fits), may, enough),
    )
    return after, (
        *(_publish(w, question) for w in objections),
        *((Unpool(fits),) if fits else ()),
        *((_objections(after, holds, objections, event.project),) if objections else ()),
        Timer("holds", holds),
        *redraw_all(after),
    )


def hold(state: Proposed, event: e.Woke) -> QuestionStep:
    """Conclude a proposal after one working day with the objections."""
    common: dict[str, Any] = {
        "words": state.words,
        "asked_at": state.asked_at,
        "by": state.by,
        "conclusion": state.conclusion,
        "objections": state.objections,
        "in_words": state.in_words,
        "fits": state.fits,
        "elimination": state.elimination,
        "unnamed": state.unnamed,
    }
    after: QuestionState
    if state.outcome == "med":
        after = ToMed(**common, proposed_at=event.at)
    else:
        after = Concluded(**common, concluded_at=event.at)
    return after, redraw_all(after)


def _objections(
    state: Proposed, holds: datetime, found: tuple[Waiting, ...], project: str
) -> Privately:
    rest = len(found) - SHOWN_OBJECTIONS
    who_reads = "question.objected_shared" if state.in_words else "question.objected_only_you"
    return Privately(
        state.by,
        card(
            Paragraph(text("question.objected", n=Count(len(found)), title=title(state.words))),
            *(
                Quote[Line](Kept("published", w.new_id), text("question.no_name"))
                for w in found[:SHOWN_OBJECTIONS]
            ),
            Paragraph(text("question.and_more", n=Count(rest))) if rest > 0 else None,
            Paragraph(
                Several((text(who_reads), text("question.objected_now", holds=Moment(holds))))
            ),
            buttons(again_button(project, state.words.id)),
        ),
        now=True,
    )


def take_up_again(
    state: Proposed | Concluded | ToMed | SetAside, event: e.TakenUpAgain
) -> QuestionStep:
    """Reopen a question. Writing stays closed; what remains is to discuss it. The previous
    objections are shown beside it."""
    common: dict[str, Any] = {
        "words": state.words,
        "asked_at": state.asked_at,
        "elimination": state.elimination,
        "unnamed": state.unnamed,
        "again": True,
        "before": state.conclusion,
    }
    if isinstance(state, SetAside):
        after = Discussed(**common, closed=state.closed)
    else:
        after = Discussed(
            **common, closed=True, objections=state.objections, in_words=state.in_words
        )
    if not isinstance(state, Proposed):
        return after, (Post("post"), *redraw_theme(state.words))
    said = card(Paragraph(text("question.up_again", who=Who(event.by), title=title(state.words))))
    return after, (Cancel("holds"), *redraw_all(after), Say(said, thread="post"))


def lay_aside(
    state: Asked,
    event: e.SignedEvent,
    known: Known,
    *,
    elsewhere: bool = False,
    ended: bool = False,
) -> QuestionStep:
    """Set the question aside without a conclusion; its answers stay readable."""
    closed, effects = (
        (state, ()) if state.closed or state.with_trio else close_answers(state, known)
    )
    after = SetAside(
        words=state.words,
        asked_at=state.asked_at,
        set_aside_at=event.at,
        elsewhere=elsewhere,
        ended=ended,
        closed=not state.with_trio,
        elimination=closed.elimination,
        unnamed=closed.unnamed,
    )
    trio: Lasting = ()
    if state.with_trio:
        trio = (Cancel("trio"), *(Redraw(f"trio:{p}") for p in state.trio))
    return after, (*effects, *trio, *redraw_all(after))
