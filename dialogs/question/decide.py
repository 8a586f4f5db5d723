"""One question: asked, answered, closed, summed up, and what was arrived at."""

from __future__ import annotations

from datetime import date
from typing import Any, assert_never

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
    Who,
    buttons,
    card,
    text,
)
from dialogs.model.cards import (
    Words as Written,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    Moments,
    Sight,
    UnsignedPart,
    by_field,
    opens,
)
from dialogs.model.effects import (
    Cancel,
    Effect,
    Effects,
    FieldError,
    PoolEntry,
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
from dialogs.model.facts import About, By, Known, Mine, Roles, Team, Unreleased, Waiting
from dialogs.model.facts import State as StateOf
from dialogs.model.figures import shown
from dialogs.model.roles import writers
from dialogs.question.cards import (
    again_button,
    answers,
    answers_needs,
    as_it_is,
    list_needs,
    meeting,
    meeting_needs,
    post,
    post_needs,
    questions,
    see_button,
    told,
)
from dialogs.question.forms import (
    answer,
    answer_needs,
    answer_unnamed,
    lacking,
    missing,
    missing_needs,
    sum_up,
    sum_up_needs,
    talked,
    talked_needs,
    too_few,
    trio_needs,
    trio_proposal,
    unnamed_needs,
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
    all_of,
    conclusion_of,
    fewest,
    is_open,
    one_of,
    state_word,
    takes_answers,
    title,
    words_of_question,
)

TRIO_DAYS = 3
SHOWN_OBJECTIONS = 20

Step = tuple[State | None, Effects]
Lasting = tuple[Effect, ...]


def needs(state: State | None, event: e.SignedEvent) -> Facts:
    match event:
        case e.Ask():
            return (About(), Roles())
        case e.Answered(question=question, by=by):
            return (Mine("answer", question, by),)
        case (
            e.ClosedForAnswers(question=question)
            | e.SummedUp(question=question)
            | e.LaidAside(question=question)
            | e.Superseded(question=question)
        ):
            return (
                About(), Roles(), Team(), By("answer", question),
                Unreleased(("answer",), question),
            )  # fmt: skip
        case e.Woke(name="holds", of=question):
            return (About(), Roles(), Team(), Unreleased(("fits", "objection"), question))
        case e.Woke() | e.TakenUpAgain():
            return (About(),)
        case _:
            return ()


def decide(state: State | None, event: e.SignedEvent, known: Known) -> Step:
    match state:
        case None:
            return _new(event, known)
        case Asked(with_trio=True):
            return _with_trio(state, event, known)
        case Asked():
            return _asked(state, event, known)
        case Proposed():
            return _proposed(state, event, known)
        case Concluded() | ToMed() | SetAside():
            return _done(state, event, known)
        case _:
            assert_never(state)


# --- one function a state -----------------------------------------------------------------


def _new(event: e.SignedEvent, known: Known) -> Step:
    if not isinstance(event, e.Ask):
        return None, _no(None, event)
    words = Words(
        event.question, event.da, event.en, event.why_da, event.why_en, event.theme, event.phase,
        event.source_da, event.source_en, event.number, event.theme_post, event.trio,
    )  # fmt: skip
    trio = known.holders("leader", "tr", "amr") if event.trio else ()
    if trio:
        until = working_moment_after(known.project.calendar, event.at, TRIO_DAYS)
        state = Asked(words=words, asked_at=event.at, with_trio=True, trio=trio, trio_until=until)
        return state, (*(Post(f"trio:{p}", to=p) for p in trio), Timer("trio", until))
    return Asked(words=words, asked_at=event.at), _first_post(words)


def _with_trio(state: Asked, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.TrioProposed(text=words, by=by):
            record = Record("trio_answer", state.words.id, event.id, by, event.at, {"text": words})
            after, shown = _to_team(state, proposal=event.id)
            say = Show(card(Paragraph(text("question.proposal_shown"))))
            return after, (record, Cancel("trio"), *shown, say)
        case e.Woke(name="trio"):
            if not known.project.open:
                return state, ()
            if not known.project.running:
                # Nobody is asked in a pause; the day after it will do.
                later = working_moment_after(known.project.calendar, event.at)
                return state, (Timer("trio", later),)
            return _to_team(state)
        case e.SummedUp():
            after, shown = _to_team(state)
            found, effects = _sum_up(after, event, known)
            return found, (Cancel("trio"), *shown, *effects)
        case e.LaidAside(elsewhere=elsewhere):
            return _laid_aside(state, event, known, elsewhere=elsewhere)
        case e.Superseded():
            return _laid_aside(state, event, known, ended=True)
        case _:
            return state, _no(state, event)


def _asked(state: Asked, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.Answered(text=words) if not state.closed:
            return _answered(state, event, words, known)
        case e.ClosedForAnswers() if not state.closed:
            after, effects = _close(state, known)
            return after, (*effects, *_redraws(after), _say_closed(after, event))
        case e.SummedUp():
            return _sum_up(state, event, known)
        case e.LaidAside(elsewhere=elsewhere):
            return _laid_aside(state, event, known, elsewhere=elsewhere)
        case e.Superseded():
            return _laid_aside(state, event, known, ended=True)
        case _:
            return state, _no(state, event)


def _proposed(state: Proposed, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.Woke(name="holds"):
            return _hold(state, event, known)
        case _:
            return state, _no(state, event)


def _done(state: Concluded | ToMed | SetAside, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.TakenUpAgain() if known.project.open and not _ended(state):
            # What was closed stays closed: what is left to do is to talk.
            closed = state.closed if isinstance(state, SetAside) else True
            after = Discussed(
                words=state.words, asked_at=state.asked_at, closed=closed,
                elimination=state.elimination, unnamed=state.unnamed,
                again=True, before=state.conclusion,
            )  # fmt: skip
            return after, (Post("post"), *_theme(state.words))
        case _:
            return state, _no(state, event)


def _ended(state: State) -> bool:
    return isinstance(state, SetAside) and state.ended


def _no(state: State | None, event: e.SignedEvent) -> Effects:
    """What is true now, for whoever pressed what no longer fits. Nothing that was typed is lost."""
    match event:
        case e.TrioProposed() if takes_answers(state):
            return (FieldError("", text("question.proposal_late")),)
        case e.Answered() | e.TrioProposed() | e.SummedUp():
            return (FieldError("", as_it_is(state)),)
        case e.ClosedForAnswers() | e.TakenUpAgain():
            return told(state, event.project)
        case _:
            return ()


# --- asking and answering -----------------------------------------------------------------


def _first_post(words: Words) -> Lasting:
    return _theme(words) if words.theme_post else (Post("post"),)


def _theme(words: Words) -> Lasting:
    if not words.theme_post:
        return ()
    return (Redraw(f"theme:{words.theme_post}", dialog="walk", of="walk"),)


def _redraws(state: State) -> Lasting:
    return (Redraw("post"), *_theme(state.words))


def _to_team(state: Asked, proposal: str = "") -> tuple[Asked, Lasting]:
    after = structs.replace(state, with_trio=False, proposal=proposal)
    return after, (*(Redraw(f"trio:{p}") for p in state.trio), *_first_post(state.words))


def _answered(state: Asked, event: e.Answered, words: str, known: Known) -> Step:
    question = state.words.id
    own = known(Mine("answer", question, event.by))
    # One answer a person: who answers again writes over the record that is there. Its id is the
    # event's, which is random and names nobody.
    record = Record(
        "answer", question, event.id if own is None else own.id, event.by,
        event.at if own is None else own.at, {"text": words},
    )  # fmt: skip
    after = state if isinstance(state, Discussed) else _discussed(state)
    say = Show(
        card(
            Paragraph(text("question.saved" if own is None else "question.saved_again")),
            buttons(see_button(event.project, question)),
        )
    )
    return after, (record, *_redraws(after), say)


def _discussed(state: Asked) -> Discussed:
    return Discussed(**structs.asdict(state))


# --- closing ------------------------------------------------------------------------------


def _close(state: Asked, known: Known) -> tuple[Asked, Lasting]:
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


def _say_closed(state: Asked, event: e.ClosedForAnswers) -> Say:
    said = card(
        Paragraph(text("question.has_closed", who=Who(event.by), title=title(state.words))),
        buttons(see_button(event.project, state.words.id)),
    )
    theme = state.words.theme_post
    if theme:
        return Say(said, thread=f"theme:{theme}", dialog="walk", of="walk")
    return Say(said, thread="post")


# --- summing up ---------------------------------------------------------------------------


def _sum_up(state: Asked, event: e.SummedUp, known: Known) -> Step:
    faults = _faults(event, local(known.project.calendar, event.at).date())
    if faults:
        return state, faults
    closed, effects = (state, ()) if state.closed else _close(state, known)
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
        return _redraws(after)
    return (Post("post"), *_theme(after.words))


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


def _hold(state: Proposed, event: e.Woke, known: Known) -> Step:
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
        *_redraws(after),
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


def _laid_aside(
    state: Asked,
    event: e.SignedEvent,
    known: Known,
    *,
    elsewhere: bool = False,
    ended: bool = False,
) -> Step:
    """Without a conclusion; what was written until then can be read."""
    closed, effects = (state, ()) if state.closed or state.with_trio else _close(state, known)
    after = SetAside(
        words=state.words, asked_at=state.asked_at, set_aside_at=event.at, elsewhere=elsewhere,
        ended=ended, closed=not state.with_trio, elimination=closed.elimination,
        unnamed=closed.unnamed,
    )  # fmt: skip
    trio: Lasting = ()
    if state.with_trio:
        trio = (Cancel("trio"), *(Redraw(f"trio:{p}") for p in state.trio))
    return after, (*effects, *trio, *_redraws(after))


# --- without a name -----------------------------------------------------------------------


def unsigned_facts(event: e.UnsignedEvent) -> Facts:
    match event:
        case e.AnsweredUnnamed(question=question) | e.Missing(question=question):
            return (About(), Roles(), Team(), StateOf("question", question))
        case e.Fits(question=question):
            return (StateOf("question", question),)
        case _:
            return ()


def unsigned(event: e.UnsignedEvent, known: Known) -> tuple[PoolEntry | None, Moments]:
    match event:
        case e.AnsweredUnnamed(question=question, text=words, understood=understood):
            state = one_of(known, question)
            if not takes_answers(state):
                return None, (FieldError("", as_it_is(state)),)
            if not understood and too_few(known):
                return None, (FieldError("understood", text("question.understand_first")),)
            return PoolEntry("answer", question, {"text": words}), _code("question.code_answer")
        case e.Missing(question=question, text=words, understood=understood):
            state = one_of(known, question)
            if not isinstance(state, Proposed):
                return None, (FieldError("", as_it_is(state)),)
            if not understood and too_few(known):
                return None, (FieldError("understood", text("question.understand_first")),)
            return PoolEntry("objection", question, {"text": words}), _code("question.code_missing")
        case e.Fits(question=question):
            state = one_of(known, question)
            if not isinstance(state, Proposed):
                return None, told(state, event.project)
            entry = PoolEntry("fits", question, {}, one_each=True)
            return entry, (Show(card(Paragraph(text("question.noted")))),)
        case _:
            raise AssertionError(event)


def _code(after: str) -> Moments:
    # The engine fills in the code itself; nobody else ever sees it.
    code = text("question.code", code=Written("…"))
    return (Show(card(Paragraph(code), Paragraph(text(after)))),)


CONVERSATION = Conversation(
    name="question",
    state=State,
    events=by_field(
        "question",
        e.Ask,
        e.Answered,
        e.TrioProposed,
        e.ClosedForAnswers,
        e.SummedUp,
        e.TakenUpAgain,
        e.LaidAside,
        e.Superseded,
    ),
    needs=needs,
    decide=decide,
    view_needs=post_needs,
    view=post,
    unsigned=UnsignedPart(
        events=(e.AnsweredUnnamed, e.Fits, e.Missing), needs=unsigned_facts, decide=unsigned
    ),
    sights={
        "answer": Sight(answer_needs, answer),
        "answer_unnamed": Sight(unnamed_needs, answer_unnamed),
        "see_answers": Sight(answers_needs, answers),
        "sum_up": Sight(sum_up_needs, sum_up),
        "talked": Sight(talked_needs, talked),
        "missing": Sight(missing_needs, missing),
        "meeting": Sight(meeting_needs, meeting),
        "trio_proposal": Sight(trio_needs, trio_proposal),
        "questions": Sight(list_needs, questions),
    },
    commands={"questions": opens("questions"), "meeting": opens("meeting")},
    opens_pool=frozenset({e.ClosedForAnswers, e.SummedUp}),
    timers_open_pool=True,
)

__all__ = [
    "CONVERSATION", "Asked", "Concluded", "Discussed", "Proposed", "SetAside", "State",
    "ToMed", "Words", "all_of", "conclusion_of", "is_open", "state_word", "takes_answers", "title",
    "words_of_question",
]  # fmt: skip
