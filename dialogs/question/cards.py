"""How a question looks: its post, its answers, the card for a meeting, and the list."""

from __future__ import annotations

from typing import assert_never

from dialogs.agreement.states import Agreement
from dialogs.model import cards as c
from dialogs.model.cards import (
    Button,
    Buttons,
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
from dialogs.model.conversation import Facts, Moments
from dialogs.model.effects import Show
from dialogs.model.events import ClosedForAnswers as Close
from dialogs.model.events import Fits, Look, NextNow, TakenUpAgain
from dialogs.model.facts import (
    About,
    HowMany,
    Known,
    Mine,
    Published,
    Records,
    States,
    Viewer,
)
from dialogs.model.facts import State as StateOf
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
    is_open,
    one_of,
    state_word,
    takes_answers,
    title,
)
from dialogs.walk.states import RUNS, stage_line

ON_A_PAGE = 30
LETTERS_ON_A_PAGE = 9000
IN_THE_LIST = 10


# --- the post -----------------------------------------------------------------------------


def post_needs(state: State, slot: str) -> Facts:
    id = state.words.id
    return (
        About(),
        HowMany("answer", id),
        Records("trio_answer", id),
        States("agreement"),
    )


def post(state: State, slot: str, known: Known) -> c.NeutralCard:
    if slot.startswith("trio:"):
        return _trio_post(state, known)
    match state:
        case Asked(closed=False):
            return _open(state, known)
        case Asked():
            return _closed(state, known)
        case Proposed():
            return _proposed(state, known)
        case Concluded():
            return _held(state, known, text("question.arrived_at"))
        case ToMed():
            return _held(state, known, text("question.to_med"))
        case SetAside():
            return _aside(state, known)
        case _:
            assert_never(state)


def _head(state: State, known: Known) -> tuple[Part[Line], ...]:
    place = place_of(state.words, known)
    word = state_word(state)
    small = word if place is None else text("question.header", place=place, state=word)
    return Small(small), Heading(title(state.words))


def place_of(words: Words, known: Known) -> Line | None:
    """The theme's name, or the phase; the catalogue may have lost either since."""
    for theme in known.catalogue.themes:
        if theme.id == words.theme:
            return c.Said(theme.name.da, theme.name.en)
    for phase in known.catalogue.phases:
        if phase.number == words.phase:
            name = c.Said(phase.name.da, phase.name.en)
            return text("question.phase", number=c.Count(phase.number), name=name)
    return None


def _why(words: Words) -> Part[Line] | None:
    return Paragraph(c.Said(words.why_da, words.why_en)) if words.why_da else None


def _suggested(state: Asked, known: Known) -> Part[Line] | None:
    for found in known(Records("trio_answer", state.words.id)):
        if found.id == state.proposal:
            by = text("question.by_trio", who=Who(found.person))
            return Quote(Kept("trio_answer", found.id), by)
    return None


def _before(state: Asked) -> tuple[Part[Line], ...]:
    if not isinstance(state, Discussed) or not state.again:
        return ()
    again: Part[Line] = Paragraph(text("question.again"))
    if not state.before:
        return (again,)
    return again, Quote(Kept("conclusion", state.before), text("question.before"))


def _open(state: Asked, known: Known) -> c.NeutralCard:
    project, words = known.project.id, state.words
    answered = known(HowMany("answer", words.id))
    return c.card(
        *_head(state, known),
        _why(words),
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
            unnamed_button(project, words.id),
            see_button(project, words.id),
        ),
        c.buttons(
            close_button(project, words.id),
            _sum_up(project, words.id) if isinstance(state, Discussed) else _talked(state, project),
            source_button(project, words),
        ),
    )


def _closed(state: Asked, known: Known) -> c.NeutralCard:
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
            _sum_up(project, words.id),
            _talked(state, project),
            source_button(project, words),
        ),
    )


def closing_words(state: State, known: Known) -> tuple[Line, ...]:
    """That writing is over; how many answered by name; what became of the rest. No figure of it."""
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


def unnamed_words(state: State) -> tuple[Line, ...]:
    if state.elimination:
        return (text("question.elimination"),)
    return (text("question.unnamed_too"),) if state.unnamed else ()


def _proposed(state: Proposed, known: Known) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        *_proposal(state),
        *_agreed(state, known),
        Paragraph(text("question.does_it_fit", until=c.Moment(state.until), who=Who(state.by))),
        c.buttons(
            *fit_buttons(project, words.id),
            see_button(project, words.id),
            source_button(project, words),
        ),
    )


def _proposal(state: Proposed) -> tuple[Part[Line], ...]:
    key = "question.proposal_med" if state.outcome == "med" else "question.proposal"
    return (
        Paragraph(text(key, who=Who(state.by))),
        Quote(Kept("conclusion", state.conclusion)),
    )


def _held(state: Concluded | ToMed, known: Known, label: Line) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        Paragraph(label),
        Quote(Kept("conclusion", state.conclusion), text("question.written_by", who=Who(state.by))),
        Small(text("question.fits", n=c.Count(state.fits))) if state.fits else None,
        Small(text("question.objections", n=c.Count(state.objections)))
        if state.objections
        else None,
        *_agreed(state, known),
        c.buttons(
            see_button(project, words.id),
            again_button(project, words.id),
            source_button(project, words),
        ),
    )


def _aside(state: SetAside, known: Known) -> c.NeutralCard:
    project, words = known.project.id, state.words
    return c.card(
        *_head(state, known),
        Paragraph(aside_words(state)),
        Quote(Kept("conclusion", state.conclusion), text("question.written_by", who=Who(state.by)))
        if state.conclusion
        else None,
        *_agreed(state, known),
        c.buttons(
            see_button(project, words.id),
            None if state.ended else again_button(project, words.id),
            source_button(project, words),
        ),
    )


def aside_words(state: SetAside) -> Line:
    if state.ended:
        return text("question.ended")
    return text("question.elsewhere" if state.elsewhere else "question.aside")


def _agreed(state: State, known: Known) -> tuple[Part[Line], ...]:
    found = [
        _agreement(a)
        for a in known.states("agreement", Agreement).values()
        if a.question == state.words.id
    ]
    return (Paragraph(text("question.agreements")), c.Bullets(tuple(found))) if found else ()


def _agreement(a: Agreement) -> Line:
    what = Kept("agreement", a.id, "what")
    match a.status:
        case "done":
            return text("question.agreement_state", what=what, state=text("state.agreement.done"))
        case "not_done":
            return text(
                "question.agreement_state", what=what, state=text("state.agreement.not_done")
            )
        case "taken" if a.due is not None:
            return text("question.agreement_due", what=what, who=Who(a.owner), due=c.Day(a.due))
        case "taken":
            return text("question.agreement", what=what, who=Who(a.owner))
        case "offered" if a.owner:
            return text("question.agreement_asked", what=what, who=Who(a.owner))
        case "offered" | "declined":
            return text("question.agreement_free", what=what)
        case _:
            assert_never(a.status)


def _trio_post(state: State, known: Known) -> c.NeutralCard:
    project, words = known.project.id, state.words
    if not isinstance(state, Asked) or not state.with_trio:
        return c.card(*_head(state, known), Paragraph(text("question.trio_over")))
    return c.card(
        *_head(state, known),
        _why(words),
        Paragraph(
            text(
                "question.trio_first",
                who=c.Listing(tuple(Who(p) for p in state.trio)),
                until=c.Moment(state.trio_until or state.asked_at),
            )
        ),
        c.buttons(
            Button(
                text("question.write_proposal"),
                Look("trio_proposal", project=project, ref=words.id),
                style="main",
            ),
            source_button(project, words),
        ),
    )


# --- buttons ------------------------------------------------------------------------------


def answer_button(project: str, question: str, *, main: bool = False) -> Button[Line]:
    look = Look("answer", project=project, ref=question)
    return Button(text("button.answer"), look, style="main" if main else "plain")


def unnamed_button(project: str, question: str) -> Button[Line]:
    look = Look("answer_unnamed", project=project, ref=question)
    return Button(text("button.answer_unnamed"), look)


def close_button(project: str, question: str) -> Button[Line]:
    press = Close(project=project, question=question)
    return Button(text("button.close_answers"), press, confirm=text("question.close_confirm"))


def see_button(project: str, question: str) -> Button[Line]:
    return Button(text("button.see_answers"), Look("see_answers", project=project, ref=question))


def fit_buttons(project: str, question: str) -> tuple[Button[Line], ...]:
    return (
        Button(text("button.it_fits"), Fits(project=project, question=question), style="main"),
        Button(text("button.something_missing"), Look("missing", project=project, ref=question)),
    )


def again_button(project: str, question: str) -> Button[Line]:
    return Button(text("question.take_up_again"), TakenUpAgain(project=project, question=question))


def source_button(project: str, words: Words) -> Button[Line] | None:
    if not words.source_da:
        return None
    look = Look("source", project=project, ref=words.id)
    return Button(text("button.source"), look, style="quiet")


def _sum_up(project: str, question: str) -> Button[Line]:
    look = Look("sum_up", project=project, ref=question)
    return Button(text("button.sum_up"), look)


def ways(state: State, viewer: Viewer, project: str) -> tuple[Buttons[Line] | None, ...]:
    """What this person can do with the question now; a theme's one post has no room for it."""
    question, runs = state.words.id, viewer.may(*RUNS)
    match state:
        case Asked(closed=False):
            return (
                c.buttons(answer_button(project, question), unnamed_button(project, question)),
                c.buttons(close_button(project, question), _sum_up(project, question))
                if runs
                else None,
            )
        case Asked():
            return (c.buttons(_sum_up(project, question)) if runs else None,)
        case Proposed():
            return (c.buttons(*fit_buttons(project, question)),)
        case Concluded() | ToMed():
            return (c.buttons(again_button(project, question)) if runs else None,)
        case SetAside():
            there = runs and not state.ended
            return (c.buttons(again_button(project, question)) if there else None,)
        case _:
            assert_never(state)


def _talked(state: Asked, project: str) -> Button[Line]:
    look = Look("talked", project=project, ref=state.words.id)
    return Button(text("button.we_talked"), look)


# --- what is true now, for a button that no longer fits -----------------------------------


def as_it_is(state: State | None) -> Line:
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


def told(state: State | None, project: str, *more: Button[Line] | None) -> Moments:
    """A kind no: what is true now, and what one can do instead."""
    see = None
    if state is not None and not takes_answers(state):
        see = None if _with_trio(state) else see_button(project, state.words.id)
    return (Show(c.card(Paragraph(as_it_is(state)), c.buttons(see, *more))),)


def _with_trio(state: State) -> bool:
    return isinstance(state, Asked) and state.with_trio


# --- Se svar ------------------------------------------------------------------------------


def answers_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        About(),
        StateOf("question", look.ref),
        Mine("answer", look.ref, viewer.person),
        Records("answer", look.ref),
        Published("answer", look.ref),
    )


def answers(look: Look, viewer: Viewer, known: Known) -> Moments:
    state, project = one_of(known, look.ref), known.project.id
    if state is None or _with_trio(state):
        return told(state, project)
    if takes_answers(state) and known(Mine("answer", look.ref, viewer.person)) is None:
        return (
            Show(
                c.card(
                    Heading(title(state.words)),
                    Paragraph(text("question.locked")),
                    *ways(state, viewer, project),
                )
            ),
        )
    named: list[Quote[Line]] = [
        Quote(c.Words(r.body["text"]), Who(r.person)) for r in known(Records("answer", look.ref))
    ]
    unnamed: list[Quote[Line]] = (
        [
            Quote(c.Words(u.body["text"]), text("question.no_name"))
            for u in known(Published("answer", look.ref))
        ]
        if not takes_answers(state)
        else []
    )
    everything = [*named, *unnamed]
    start = int(look.words) if look.words.isdigit() else 0
    page = _page(everything[start:])
    rest = len(everything) - start - len(page)
    more = Look("see_answers", project=project, ref=look.ref, words=str(start + len(page)))
    return (
        Show(
            c.card(
                Heading(title(state.words)),
                *(_conclusion(state) if start == 0 else ()),
                *page,
                Paragraph(text("question.no_answers")) if not everything else None,
                *(Small(line) for line in unnamed_words(state) if state.elimination),
                Small(text("question.only_named")) if takes_answers(state) else None,
                Small(text("question.and_more", n=c.Count(rest))) if rest > 0 else None,
                c.buttons(Button(text("question.show_more"), more)) if rest > 0 else None,
                *ways(state, viewer, project),
            )
        ),
    )


def _page(quotes: list[Quote[Line]]) -> list[Quote[Line]]:
    """As many as fit into one message; at least one."""
    found: list[Quote[Line]] = []
    room = LETTERS_ON_A_PAGE
    for quote in quotes[:ON_A_PAGE]:
        room -= len(quote.words.text) if isinstance(quote.words, c.Words) else 0
        if found and room < 0:
            break
        found.append(quote)
    return found


def _conclusion(state: State) -> tuple[Part[Line], ...]:
    match state:
        case Asked():
            return ()
        case Proposed():
            return _proposal(state)
        case Concluded() | ToMed():
            return (
                Paragraph(
                    text("question.to_med" if isinstance(state, ToMed) else "question.arrived_at")
                ),
                Quote(
                    Kept("conclusion", state.conclusion),
                    text("question.written_by", who=Who(state.by)),
                ),
            )
        case SetAside():
            return (Paragraph(as_it_is(state)),)
        case _:
            assert_never(state)


# --- a meeting ----------------------------------------------------------------------------


def meeting_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), States("question"))


def meeting(look: Look, viewer: Viewer, known: Known) -> Moments:
    """One screen for a meeting, of the question named or of the one asked last."""
    project, found = known.project.id, all_of(known)
    asked = found.get(look.ref) if look.ref else None
    if asked is not None and not is_open(asked):
        return told(asked, project)
    candidates = sorted(
        (s for s in found.values() if is_open(s)), key=lambda s: (s.asked_at, -s.words.number)
    )
    state = asked or (candidates[-1] if candidates else None)
    resting = stage_line(known.project)
    if state is None and resting is not None:
        return (Show(c.card(Paragraph(resting))),)
    if state is None:
        return (
            Show(
                c.card(
                    Paragraph(text("question.meeting_none")),
                    c.buttons(Button(text("question.next_now"), NextNow(project=project))),
                )
            ),
        )
    words = state.words
    place = place_of(words, known)
    return (
        Show(
            c.card(
                None if place is None else Small(place),
                Heading(title(words)),
                _why(words),
                c.Bullets(
                    (
                        text("question.meeting_alone"),
                        text("question.meeting_pairs"),
                        text("question.meeting_together"),
                    ),
                    numbered=True,
                ),
                Paragraph(text("question.meeting_lines")),
                c.Bullets(
                    (
                        text("question.line_agree"),
                        text("question.line_differ"),
                        text("question.line_next"),
                    )
                ),
                c.buttons(
                    Button(
                        text("button.we_talked"),
                        Look("talked", project=project, ref=words.id),
                        style="main",
                    ),
                    _exercise_button(project, words, known),
                    source_button(project, words),
                ),
            )
        ),
    )


def _exercise_button(project: str, words: Words, known: Known) -> Button[Line] | None:
    """To the steps of the exercise that goes with a question, where one does."""
    for place in known.catalogue.course.order:
        if place.question == words.id and place.exercise in known.catalogue.sets:
            return Button(
                text("advice.exercise"), Look("reading", project=project, ref=place.exercise)
            )
    return None


# --- the list -----------------------------------------------------------------------------


def list_needs(look: Look, viewer: Viewer) -> Facts:
    one = (
        HowMany("answer", look.ref), Records("trio_answer", look.ref), States("agreement")
    ) if look.ref else ()  # fmt: skip
    return (About(), States("question"), *one)


def questions(look: Look, viewer: Viewer, known: Known) -> Moments:
    """What has been asked, newest first; or the one that is named, with all that one can do."""
    project = known.project.id
    if look.ref:
        return _one(all_of(known).get(look.ref), viewer, known)
    found = sorted(
        (s for s in all_of(known).values() if not _with_trio(s)),
        key=lambda s: (s.asked_at, -s.words.number),
        reverse=True,
    )
    more: Button[Line] = Button(text("question.more"), Look("more_questions", project=project))
    if not found:
        return (Show(c.card(Paragraph(text("question.none_yet")), c.buttons(more))),)
    start = int(look.words) if look.words.isdigit() else 0
    page, rest = found[start : start + IN_THE_LIST], len(found) - start - IN_THE_LIST
    parts: list[Part[Line]] = []
    for state in page:
        line = text("question.in_list", title=title(state.words), state=state_word(state))
        parts.append(Paragraph(line))
        row = c.buttons(
            answer_button(project, state.words.id) if takes_answers(state) else None,
            see_button(project, state.words.id),
        )
        if row is not None:
            parts.append(row)
    older = Look("questions", project=project, words=str(start + IN_THE_LIST))
    return (
        Show(
            c.card(
                Heading(text("question.list")),
                *parts,
                Small(text("question.and_older", n=c.Count(rest))) if rest > 0 else None,
                c.buttons(
                    Button(text("question.show_more"), older) if rest > 0 else None,
                    more,
                ),
            )
        ),
    )


def _one(state: State | None, viewer: Viewer, known: Known) -> Moments:
    if state is None:
        return told(None, known.project.id)
    if isinstance(state, Asked) and state.with_trio:
        if viewer.person not in state.trio:
            return told(state, known.project.id)
        return (Show(post(state, f"trio:{viewer.person}", known)),)
    return (Show(post(state, "post", known)),)
