"""A question: asked, answered, closed, summed up and concluded."""

from __future__ import annotations

from typing import assert_never

from msgspec import structs

from dialogs.model import events as e
from dialogs.model.calendar import working_moment_after
from dialogs.model.cards import (
    Line,
    Listing,
    Moment,
    Paragraph,
    Who,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    Sight,
    UnsignedPart,
    by_field,
    opens,
)
from dialogs.model.effects import (
    Cancel,
    Effects,
    FieldError,
    Forget,
    Post,
    Record,
    Redraw,
    Say,
    Show,
    Timer,
)
from dialogs.model.facts import About, By, HowMany, Known, Mine, Roles, Team, Unreleased
from dialogs.question.answers import answers, answers_needs
from dialogs.question.buttons import see_button
from dialogs.question.cards import as_it_is, lead_card, post, post_needs, told
from dialogs.question.conclusion import (
    Lasting,
    QuestionStep,
    close_answers,
    hold,
    lay_aside,
    redraw_all,
    redraw_theme,
    release,
    summed_up,
    take_up_again,
)
from dialogs.question.forms import (
    answer,
    answer_needs,
    answer_unnamed,
    missing,
    missing_needs,
    sum_up,
    sum_up_needs,
    talked,
    talked_needs,
    trio_needs,
    trio_proposal,
    unnamed_needs,
)
from dialogs.question.listing import lead, lead_needs, list_needs, questions
from dialogs.question.meeting import (
    date_file,
    date_form,
    date_needs,
    meeting,
    meeting_needs,
    sheet_file,
    sheet_needs,
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
    all_of,
    conclusion_of,
    is_open,
    state_word,
    takes_answers,
    title,
    words_of_question,
)
from dialogs.question.unsigned import unsigned, unsigned_facts, votes_lost

TRIO_DAYS = 3


def needs(state: QuestionState | None, event: e.SignedEvent) -> Facts:
    match event:
        case e.Ask():
            return (About(), Roles())
        case e.Answered(question=question, by=by):
            return (Mine("answer", question, by),)
        case e.ClosedForAnswers(question=question):
            return (
                About(),
                Roles(),
                Team(),
                By("answer", question),
                HowMany("answer", question),
                Unreleased(("answer",), question),
            )
        case (
            e.SummedUp(question=question)
            | e.LaidAside(question=question)
            | e.Superseded(question=question)
        ):
            return (
                About(),
                Roles(),
                Team(),
                By("answer", question),
                Unreleased(("answer",), question),
            )
        case e.Woke(of=question) if isinstance(state, Proposed) and not state.released:
            return (About(), Roles(), Team(), Unreleased(("fits", "objection"), question))
        case e.Woke() | e.TakenUpAgain() | e.TrioProposed():
            return (About(),)
        case _:
            return ()


def decide(state: QuestionState | None, event: e.SignedEvent, known: Known) -> QuestionStep:
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


def _new(event: e.SignedEvent, known: Known) -> QuestionStep:
    if not isinstance(event, e.Ask):
        return None, _no(None, event)
    words = QuestionWords(
        event.question,
        event.da,
        event.en,
        event.why_da,
        event.why_en,
        event.theme,
        event.phase,
        event.source_da,
        event.source_en,
        event.number,
        event.theme_post,
        event.trio,
    )
    trio = known.holders("leader", "tr", "amr") if event.trio else ()
    if trio:
        until = working_moment_after(known.project.calendar, event.at, TRIO_DAYS)
        state = Asked(words=words, asked_at=event.at, with_trio=True, trio=trio, trio_until=until)
        return state, (*(Post(f"trio:{p}", to=p) for p in trio), Timer("trio", until))
    return Asked(words=words, asked_at=event.at), _first_post(words)


def _with_trio(state: Asked, event: e.SignedEvent, known: Known) -> QuestionStep:
    match event:
        case e.TrioProposed():
            return _trio_wrote(state, event, known)
        case e.TrioAgreed():
            return _trio_agrees(state, event)
        case e.Woke(name="trio"):
            if not known.project.open:
                return state, ()
            if not known.project.running:
                # In a pause nobody is asked; try again on the next working day.
                later = working_moment_after(known.project.calendar, event.at)
                return state, (Timer("trio", later),)
            return _to_team(state)
        case e.SummedUp():
            after, shown = _to_team(state)
            found, effects = summed_up(after, event, known)
            return found, (Cancel("trio"), *shown, *effects)
        case e.LaidAside(elsewhere=elsewhere):
            return lay_aside(state, event, known, elsewhere=elsewhere)
        case e.Superseded():
            return lay_aside(state, event, known, ended=True)
        case _:
            return state, _no(state, event)


def _asked(state: Asked, event: e.SignedEvent, known: Known) -> QuestionStep:
    match event:
        case e.Answered(text=words) if not state.closed:
            return _answered(state, event, words, known)
        case e.ClosedForAnswers() if not state.closed:
            after, effects = close_answers(state, known)
            # The card of whoever closed it is replaced by what they can do next.
            on = Show(lead_card(after, known), instead=True)
            return after, (*effects, *redraw_all(after), _say_closed(after, event), on)
        case e.SummedUp():
            return summed_up(state, event, known)
        case e.LaidAside(elsewhere=elsewhere):
            return lay_aside(state, event, known, elsewhere=elsewhere)
        case e.Superseded():
            return lay_aside(state, event, known, ended=True)
        case _:
            return state, _no(state, event)


def _proposed(state: Proposed, event: e.SignedEvent, known: Known) -> QuestionStep:
    match event:
        # Proposals of earlier versions use the timer "holds" for both steps.
        case e.Woke(name="objections" | "holds") if not state.released:
            return release(state, event, known)
        case e.Woke(name="holds"):
            return hold(state, event)
        case e.TakenUpAgain() if state.released and known.project.open:
            return take_up_again(state, event)
        case _:
            return state, _no(state, event)


def _done(state: Concluded | ToMed | SetAside, event: e.SignedEvent, known: Known) -> QuestionStep:
    match event:
        case e.TakenUpAgain() if known.project.open and not _ended(state):
            return take_up_again(state, event)
        case _:
            return state, _no(state, event)


def _ended(state: QuestionState) -> bool:
    return isinstance(state, SetAside) and state.ended


def _no(state: QuestionState | None, event: e.SignedEvent) -> Effects:
    """Answer an outdated press with the current state. Typed text stays in the form."""
    match event:
        case e.TrioProposed() if takes_answers(state):
            return (FieldError("", text("question.proposal_late")),)
        case e.TrioAgreed() if takes_answers(state):
            return (_say(text("question.trio_over")),)
        case e.Answered() | e.TrioProposed() | e.SummedUp():
            return (FieldError("", as_it_is(state)),)
        case e.ClosedForAnswers() | e.TakenUpAgain() | e.TrioAgreed():
            return told(state, event.project)
        case _:
            return ()


# --- asking and answering -----------------------------------------------------------------


def _first_post(words: QuestionWords) -> Lasting:
    return redraw_theme(words) if words.theme_post else (Post("post"),)


def _trio_wrote(state: Asked, event: e.TrioProposed, known: Known) -> QuestionStep:
    """A proposal, or another in its place: the others have a working day to agree or mend it."""
    by, at = event.by, event.at
    if event.over != state.proposal:
        return state, (FieldError("", text("question.proposal_newer")),)
    record = Record("trio_answer", state.words.id, event.id, by, at, {"text": event.text})
    until = working_moment_after(known.project.calendar, at)
    after = structs.replace(state, proposal=event.id, agreed=(by,), trio_until=until)
    if _all_agreed(after):
        return _shown_by_trio(after, record)
    before = (Forget("trio_answer", id=state.proposal),) if state.proposal else ()
    others = tuple(Who(p) for p in state.trio if p != by)
    said = text("question.proposal_waits", who=Listing(others), until=Moment(until))
    return after, (*before, record, Timer("trio", until), *_redraw_trio(after), _say(said))


def _trio_agrees(state: Asked, event: e.TrioAgreed) -> QuestionStep:
    if not state.proposal or event.proposal != state.proposal:
        return state, (_say(text("question.proposal_newer")),)
    agreed = tuple(dict.fromkeys((*state.agreed, event.by)))
    after = structs.replace(state, agreed=agreed)
    if _all_agreed(after):
        return _shown_by_trio(after)
    return after, (*_redraw_trio(after), _say(text("question.proposal_agreed")))


def _all_agreed(state: Asked) -> bool:
    return set(state.trio) <= set(state.agreed)


def _shown_by_trio(state: Asked, *records: Record) -> QuestionStep:
    after, shown = _to_team(state)
    say = _say(text("question.proposal_shown"))
    return after, (*records, Cancel("trio"), *shown, say)


def _say(line: Line) -> Show:
    return Show(card(Paragraph(line)))


def _redraw_trio(state: Asked) -> Lasting:
    return tuple(Redraw(f"trio:{p}") for p in state.trio)


def _to_team(state: Asked) -> tuple[Asked, Lasting]:
    after = structs.replace(state, with_trio=False)
    return after, (*(Redraw(f"trio:{p}") for p in state.trio), *_first_post(state.words))


def _answered(state: Asked, event: e.Answered, words: str, known: Known) -> QuestionStep:
    question = state.words.id
    own = known(Mine("answer", question, event.by))
    # A person has one answer: a new one replaces the existing record. The id comes from the event,
    # is random and identifies nobody.
    record = Record(
        "answer",
        question,
        event.id if own is None else own.id,
        event.by,
        event.at if own is None else own.at,
        {"text": words},
    )
    after = state if isinstance(state, Discussed) else _discussed(state)
    say = Show(
        card(
            Paragraph(text("question.saved" if own is None else "question.saved_again")),
            buttons(see_button(event.project, question)),
        )
    )
    return after, (record, *redraw_all(after), say)


def _discussed(state: Asked) -> Discussed:
    return Discussed(**structs.asdict(state))


# --- closing ------------------------------------------------------------------------------


def _say_closed(state: Asked, event: e.ClosedForAnswers) -> Say:
    said = card(
        Paragraph(text("question.has_closed", who=Who(event.by), title=title(state.words))),
        buttons(see_button(event.project, state.words.id)),
    )
    theme = state.words.theme_post
    if theme:
        return Say(said, thread=f"theme:{theme}", dialog="walk", of="walk")
    return Say(said, thread="post")


CONVERSATION = Conversation(
    name="question",
    state=QuestionState,
    events=by_field(
        "question",
        e.Ask,
        e.Answered,
        e.TrioProposed,
        e.TrioAgreed,
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
        events=(e.AnsweredUnnamed, e.Fits, e.Missing),
        needs=unsigned_facts,
        decide=unsigned,
        closed=votes_lost,
    ),
    sights={
        "answer": Sight(answer_needs, answer),
        "answer_unnamed": Sight(unnamed_needs, answer_unnamed),
        "see_answers": Sight(answers_needs, answers),
        "sum_up": Sight(sum_up_needs, sum_up),
        "talked": Sight(talked_needs, talked),
        "missing": Sight(missing_needs, missing),
        "meeting": Sight(meeting_needs, meeting),
        "meeting_sheet": Sight(sheet_needs, sheet_file),
        "meeting_date": Sight(date_needs, date_form),
        "meeting_file": Sight(date_needs, date_file),
        "trio_proposal": Sight(trio_needs, trio_proposal),
        "questions": Sight(list_needs, questions),
        "lead": Sight(lead_needs, lead),
    },
    commands={"questions": opens("questions"), "meeting": opens("meeting")},
    opens_pool=frozenset({e.ClosedForAnswers, e.SummedUp}),
    timers_open_pool=True,
)

__all__ = [
    "CONVERSATION",
    "Asked",
    "Concluded",
    "Discussed",
    "Proposed",
    "QuestionState",
    "QuestionWords",
    "SetAside",
    "ToMed",
    "all_of",
    "conclusion_of",
    "is_open",
    "state_word",
    "takes_answers",
    "title",
    "words_of_question",
]
