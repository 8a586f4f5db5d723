"""How a question ends: closed for answers, summed up, held or set aside."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import structs

from dialogs.model import events as e
from dialogs.model.calendar import local, working_moment_after
from dialogs.model.cards import (
    Count,
    Kept,
    Line,
    Moment,
    Paragraph,
    Quote,
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
    SetAside,
    State,
    ToMed,
    Words,
    fewest,
    title,
)

SHOWN_OBJECTIONS = 20


Step = tuple[State | None, Effects]


Lasting = tuple[Effect, ...]


def redraw_theme(words: Words) -> Lasting:
    if not words.theme_post:
        return ()
    return (Redraw(f"theme:{words.theme_post}", dialog="walk", of="walk"),)


def redraw_all(state: State) -> Lasting:
    return (Redraw("post"), *redraw_theme(state.words))


def close_answers(state: Asked, known: Known) -> tuple[Asked, Lasting]:
    """Final for writing. What came without a name is shown now, or at the end of the phase where
    too few could have written it; that is decided without looking whether anybody did."""
    question = state.words.id
    if len(lacking(known, question)) < fewest(known.project):
        return structs.replace(state, closed=True, elimination=True), ()
    waiting = known(Unreleased(("answer",), question))
    after = structs.replace(state, closed=True, unnamed=len(waiting))
    return after, tuple(_publish(w, question) for w in waiting)


def _publish(waiting: Waiting, question: str) -> Publish:
    said = [str(waiting.body["text"]), *(str(m["text"]) for m in waiting.body.get("more", ()))]
    return Publish(
        waiting.entry, waiting.new_id, waiting.kind, question, 0, {"text": "\n\n".join(said)},
        waiting.receipt,
    )  # fmt: skip


def summed_up(state: Asked, event: e.SummedUp, known: Known) -> Step:
    faults = _faults(event, local(known.project.calendar, event.at).date())
    if faults:
        return state, faults
    closed, effects = (state, ()) if state.closed else close_answers(state, known)
    question = state.words.id
    record: Lasting = ()
    if event.text:
        body = {"text": event.text, "spoken": event.spoken}
        record = (Record("conclusion", question, event.id, event.by, event.at, body),)
    offers = tuple(
        Tell(
            e.Offered(
                agreement=f"{event.id}-{n}", what=what, owner=who, due=when, question=question
            )
        )
        for n, what, who, when in _agreements(event)
        if what
    )
    after: State
    if event.outcome == "aside":
        after = SetAside(
            words=state.words, asked_at=state.asked_at, set_aside_at=event.at, by=event.by,
            conclusion=event.id if event.text else "", closed=True,
            elimination=closed.elimination, unnamed=closed.unnamed,
        )  # fmt: skip
        rest: Effects = (Show(card(Paragraph(text("question.now_aside")))),)
    else:
        until = working_moment_after(known.project.calendar, event.at)
        after = Proposed(
            words=state.words, asked_at=state.asked_at, by=event.by, conclusion=event.id,
            outcome=event.outcome, until=until, proposed_at=event.at,
            elimination=closed.elimination, unnamed=closed.unnamed,
        )  # fmt: skip
        shown = text("question.now_proposed", until=Moment(until))
        rest = (Timer("holds", until), Show(card(Paragraph(shown))))
    return after, (*effects, *record, *offers, *_shown_anew(state, after), *rest)


def _shown_anew(before: Asked, after: State) -> Lasting:
    """A theme's one post has no room for a proposal: it gets a post of its own."""
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


def hold(state: Proposed, event: e.Woke, known: Known) -> Step:
    """A working day has passed: the proposal holds, and objections stand beside it."""
    question, project = state.words.id, known.project
    waiting = known(Unreleased(("fits", "objection"), question))
    objections = tuple(w for w in waiting if w.kind == "objection")
    fits = tuple(w.entry for w in waiting if w.kind == "fits")
    may, enough = len(writers(known)), fewest(project)
    n_objections = shown(len(objections), may, enough)
    n_fits = shown(len(fits), may, enough)
    common: dict[str, Any] = {
        "words": state.words, "asked_at": state.asked_at, "by": state.by,
        "conclusion": state.conclusion, "objections": n_objections, "fits": n_fits,
        "elimination": state.elimination, "unnamed": state.unnamed,
    }  # fmt: skip
    after: State
    if state.outcome == "med":
        after = ToMed(**common, proposed_at=event.at)
    else:
        after = Concluded(**common, concluded_at=event.at)
    return after, (
        *(_publish(w, question) for w in objections),
        *((Unpool(fits),) if fits else ()),
        *((_objections(state, objections, event.project),) if objections else ()),
        *redraw_all(after),
    )


def _objections(state: Proposed, found: tuple[Waiting, ...], project: str) -> Privately:
    rest = len(found) - SHOWN_OBJECTIONS
    return Privately(
        state.by,
        card(
            Paragraph(text("question.objected", n=Count(len(found)), title=title(state.words))),
            *(
                Quote[Line](Kept("published", w.new_id), text("question.no_name"))
                for w in found[:SHOWN_OBJECTIONS]
            ),
            Paragraph(text("question.and_more", n=Count(rest))) if rest > 0 else None,
            Paragraph(text("question.objected_now")),
            buttons(again_button(project, state.words.id)),
        ),
        urgency=3,
    )


def lay_aside(
    state: Asked,
    event: e.SignedEvent,
    known: Known,
    *,
    elsewhere: bool = False,
    ended: bool = False,
) -> Step:
    """Without a conclusion; what was written until then can be read."""
    closed, effects = (
        (state, ()) if state.closed or state.with_trio else close_answers(state, known)
    )
    after = SetAside(
        words=state.words, asked_at=state.asked_at, set_aside_at=event.at, elsewhere=elsewhere,
        ended=ended, closed=not state.with_trio, elimination=closed.elimination,
        unnamed=closed.unnamed,
    )  # fmt: skip
    trio: Lasting = ()
    if state.with_trio:
        trio = (Cancel("trio"), *(Redraw(f"trio:{p}") for p in state.trio))
    return after, (*effects, *trio, *redraw_all(after))
