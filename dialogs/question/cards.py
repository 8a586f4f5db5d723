"""The cards of a question: its post, its answers, the meeting card, and its line in the list."""

from __future__ import annotations

from typing import assert_never

from dialogs.model import cards as c
from dialogs.model.cards import (
    Button,
    Heading,
    Kept,
    Line,
    Paragraph,
    Part,
    Quote,
    Small,
    Who,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look, TrioAgreed
from dialogs.model.facts import (
    About,
    HowMany,
    Known,
    Records,
    States,
    Viewer,
)
from dialogs.question.buttons import (
    answer_button,
    fit_buttons,
    lead_way,
    leading,
    see_button,
    source_button,
    unnamed_button,
    writes,
)
from dialogs.question.states import (
    Asked,
    Concluded,
    Discussed,
    Proposed,
    QuestionState,
    SetAside,
    ToMed,
    agreed,
    beside,
    place_of,
    state_word,
    takes_answers,
    title,
    why_line,
)

# --- the post -----------------------------------------------------------------------------


def post_needs(state: QuestionState, slot: str) -> Facts:
    id = state.words.id
    return (
        About(),
        HowMany("answer", id),
        Records("trio_answer", id),
        States("agreement"),
    )


def post(state: QuestionState, slot: str, known: Known) -> c.NeutralCard:
    return (
        _trio_post(state, slot.removeprefix("trio:"), known)
        if slot.startswith("trio:")
        else for_all(state, known)
    )


def for_all(state: QuestionState, known: Known, viewer: Viewer | None = None) -> c.NeutralCard:
    """Return the question as the channel sees it, or with the viewer's own buttons."""
    match state:
        case Asked(closed=False):
            return _open(state, known, viewer)
        case Asked():
            return _closed(state, known, viewer)
        case Proposed():
            return _proposed(state, known, viewer)
        case Concluded():
            return _held(state, known, text("question.arrived_at"), viewer)
        case ToMed():
            return _held(state, known, text("question.to_med"), viewer)
        case SetAside():
            return _aside(state, known, viewer)
        case _:
            assert_never(state)


def _head(state: QuestionState, known: Known) -> tuple[Part[Line], ...]:
    place = place_of(state.words, known)
    word = state_word(state, known(HowMany("answer", state.words.id)))
    small = word if place is None else text("question.header", place=place, state=word)
    return Small(small), Heading(title(state.words))


def _suggested(state: Asked, known: Known) -> Part[Line] | None:
    for found in known(Records("trio_answer", state.words.id)):
        if found.id == state.proposal:
            others = tuple(Who(p) for p in state.agreed if p != found.person)
            key = "question.by_agreed" if others else "question.by_own"
            by = c.Text(key, {"who": Who(found.person)})
            if others:
                by = c.Text(key, {"who": Who(found.person), "others": c.Listing(others)})
            return Quote(Kept("trio_answer", found.id), by)
    return None


def _before(state: Asked) -> tuple[Part[Line], ...]:
    if not isinstance(state, Discussed) or not state.again:
        return ()
    again: Part[Line] = Paragraph(text("question.again"))
    if not state.before:
        return (again,)
    last = Quote[Line](Kept("conclusion", state.before), text("question.before"))
    return (again, last, *beside(state))


def _open(state: Asked, known: Known, viewer: Viewer | None) -> c.NeutralCard:
    project, words = known.project.id, state.words
    answered = known(HowMany("answer", words.id))
    return c.card(
        *_head(state, known),
        why_line(words),
        _suggested(state, known),
        *_before(state),
        Paragraph(
            c.Several(
                (
                    text("question.answered_open", n=c.Count(answered))
                    if answered
                    else text("question.answered_none"),
                    text("question.at_a_meeting"),
                )
            )
        ),
        c.buttons(
            answer_button(project, words.id, main=True),
            unnamed_button(project, words.id) if writes(viewer) else None,
            see_button(project, words.id),
        ),
        c.buttons(*lead_way(state, viewer, project), source_button(project, words)),
    )


def _closed(state: Asked, known: Known, viewer: Viewer | None) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        _suggested(state, known),
        *_before(state),
        Paragraph(
            c.Several(
                (
                    *closing_words(state, known),
                    text("question.then_sum_up"),
                )
            )
        ),
        c.buttons(
            see_button(project, words.id),
            *lead_way(state, viewer, project),
            source_button(project, words),
        ),
    )


def closing_words(state: QuestionState, known: Known) -> tuple[Line, ...]:
    """Say that writing has ended, how many answered by name, and what happened to unsigned answers,
    whose number is not shown."""
    answered = known(HowMany("answer", state.words.id))
    if not answered and not state.unnamed and not state.elimination:
        return text("question.closed_empty"), text("question.no_answers")
    return (
        text("question.closed"),
        text("question.answered", n=c.Count(answered))
        if answered
        else text("question.answered_none_closed"),
        *unnamed_words(state),
    )


def unnamed_words(state: QuestionState) -> tuple[Line, ...]:
    if state.elimination:
        return (text("question.elimination"),)
    return (text("question.unnamed_too"),) if state.unnamed else ()


def _proposed(state: Proposed, known: Known, viewer: Viewer | None) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        *proposal_parts(state),
        *agreed(state.words.id, known),
        Paragraph(stands_until(state)),
        c.buttons(
            *(fit_buttons(project, words.id) if writes(viewer) and not state.released else ()),
            see_button(project, words.id),
            *lead_way(state, viewer, project),
            source_button(project, words),
        ),
    )


def stands_until(state: Proposed) -> Line:
    """Return until when votes and objections are possible, and when the proposal holds."""
    holds = c.Moment(state.holds_at or state.until)
    if state.released:
        return text("question.holds_from", holds=holds)
    return text("question.does_it_fit", until=c.Moment(state.until), holds=holds, who=Who(state.by))


def proposal_parts(state: Proposed) -> tuple[Part[Line], ...]:
    key = "question.proposal_med" if state.outcome == "med" else "question.proposal"
    return (
        Paragraph(text(key, who=Who(state.by))),
        Quote(Kept("conclusion", state.conclusion)),
        *beside(state),
    )


def _held(
    state: Concluded | ToMed, known: Known, label: Line, viewer: Viewer | None
) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        Paragraph(label),
        Quote(Kept("conclusion", state.conclusion), text("question.written_by", who=Who(state.by))),
        *beside(state),
        *agreed(state.words.id, known),
        c.buttons(
            see_button(project, words.id),
            *lead_way(state, viewer, project),
            source_button(project, words),
        ),
    )


def _aside(state: SetAside, known: Known, viewer: Viewer | None) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        Paragraph(aside_words(state)),
        Quote(Kept("conclusion", state.conclusion), text("question.written_by", who=Who(state.by)))
        if state.conclusion
        else None,
        *agreed(state.words.id, known),
        c.buttons(
            see_button(project, words.id),
            *lead_way(state, viewer, project),
            source_button(project, words),
        ),
    )


def aside_words(state: SetAside) -> Line:
    if state.ended:
        return text("question.ended")
    return text("question.elsewhere" if state.elsewhere else "question.aside")


def _trio_post(state: QuestionState, reader: str, known: Known) -> c.NeutralCard:
    project, words = known.project.id, state.words
    if not isinstance(state, Asked) or not state.with_trio:
        return c.card(*_head(state, known), Paragraph(text("question.trio_over")))
    return c.card(
        *_head(state, known),
        why_line(words),
        *_trio_stands(state, known),
        c.buttons(
            Button(
                text("question.agree"),
                TrioAgreed(project=project, question=words.id, proposal=state.proposal),
                style="main",
            )
            if state.proposal and reader not in state.agreed
            else None,
            Button(
                text("question.mend_proposal" if state.proposal else "question.write_proposal"),
                Look("trio_proposal", project=project, ref=words.id),
                style="plain" if state.proposal else "main",
            ),
            source_button(project, words),
        ),
    )


def _trio_stands(state: Asked, known: Known) -> tuple[Part[Line], ...]:
    """Whether one of the trio has written a proposal, who has agreed, and until when it can be
    mended."""
    until = c.Moment(state.trio_until or state.asked_at)
    suggested = _suggested(state, known)
    if suggested is None:
        asked = c.Listing(tuple(Who(p) for p in state.trio))
        return (Paragraph(text("question.trio_first", who=asked, until=until)),)
    waits = c.Listing(tuple(Who(p) for p in state.trio if p not in state.agreed))
    return suggested, Paragraph(text("question.trio_waits", who=waits, until=until))


def lead_card(state: QuestionState, known: Known) -> c.NeutralCard:
    """Return the card of *Led samtalen* with what a leader can do with the question now."""
    closed = closing_words(state, known) if isinstance(state, Asked) and state.closed else ()
    return c.card(
        *_head(state, known),
        Paragraph(c.Several(closed)) if closed else None,
        Paragraph(text("question.lead_how")) if takes_answers(state) else None,
        c.buttons(*leading(state, known.project.id), see_button(known.project.id, state.words.id)),
    )


# --- what is true now, for a button that no longer fits -----------------------------------


def as_it_is(state: QuestionState | None) -> Line:
    match state:
        case None:
            return text("question.not_asked")
        case Asked(with_trio=True):
            return text("question.with_trio", who=c.Listing(tuple(Who(p) for p in state.trio)))
        case Asked(closed=True):
            return text("question.is_closed")
        case Asked():
            return text("question.is_open")
        case Proposed() | Concluded():
            return text("question.summed_up", text=Kept("conclusion", state.conclusion))
        case ToMed():
            return text("question.sent_to_med", text=Kept("conclusion", state.conclusion))
        case SetAside(conclusion=conclusion) if conclusion:
            return c.Several(
                (aside_words(state), text("question.reason", text=Kept("conclusion", conclusion)))
            )
        case SetAside():
            return aside_words(state)
        case _:
            assert_never(state)


def told(state: QuestionState | None, project: str, *more: Button[Line] | None) -> Responses:
    """Return an explanation of the current state, for a press that is outdated, with the possible
    alternatives."""
    see = None
    if state is not None and not takes_answers(state):
        see = None if with_trio(state) else see_button(project, state.words.id)
    return (Show(c.card(Paragraph(as_it_is(state)), c.buttons(see, *more))),)


def with_trio(state: QuestionState) -> bool:
    return isinstance(state, Asked) and state.with_trio
