"""The forms of a question: signed and unsigned answers, proposals, conclusions, objections."""

from __future__ import annotations

from dialogs.model import cards as c
from dialogs.model.cards import Choice, Field, Form, Line, Note, Option, TextField, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Open
from dialogs.model.events import Look, Person
from dialogs.model.facts import (
    About,
    By,
    Known,
    Mine,
    Published,
    Rec,
    Records,
    Roles,
    StateOf,
    Team,
    Viewer,
)
from dialogs.model.roles import writers
from dialogs.question.buttons import again_button, answer_button
from dialogs.question.cards import told
from dialogs.question.states import (
    Asked,
    Proposed,
    QuestionState,
    fewest,
    one_of,
    read_more,
    takes_answers,
    takes_objections,
    title,
    what_is_kept,
)

LONGEST_ANSWER = 2000
LONGEST_OBJECTION = 1000
# Limits for the answers that a form shows, so that they fit on a screen with its fields.
SHOWN_OF_ONE = 280
SHOWN_OF_ALL = 2400


# --- those who may write without a name ---------------------------------------------------


def lacking(known: Known, question: str) -> tuple[Person, ...]:
    """Return the writers without a signed answer. Also needs `By("answer", question)`."""
    named = known(By("answer", question))
    return tuple(p for p in writers(known) if p not in named)


# --- an answer by name --------------------------------------------------------------------


def answer_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        About(),
        StateOf("question", look.ref),
        Mine("answer", look.ref, viewer.person),
    )


def answer(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = one_of(known, look.ref), known.project.id
    if state is None or not takes_answers(state):
        return told(state, project)
    own = known(Mine("answer", look.ref, viewer.person))
    fields: tuple[Field[Line], ...] = (
        Note(title(state.words)),
        TextField(
            "text",
            text("question.your_answer"),
            hint=text("question.your_answer_hint" if own is None else "question.your_answer_again"),
            long=True,
            limit=LONGEST_ANSWER,
            value=None if own is None else c.Words(own.body["text"]),
        ),
    )
    return (
        Open(
            Form(
                text("button.answer"),
                fields,
                text("button.send" if own is None else "button.save"),
                "answered",
                {"question": look.ref, "project": project},
            )
        ),
    )


# --- an answer without a name -------------------------------------------------------------


def unnamed_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        About(),
        Roles(),
        Team(),
        StateOf("question", look.ref),
        By("answer", look.ref),
    )


def answer_unnamed(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = one_of(known, look.ref), known.project
    if state is None or not takes_answers(state):
        return told(state, project.id)
    may, left = len(writers(known)), len(lacking(known, look.ref))
    fields: tuple[Field[Line], ...] = (
        Note(title(state.words)),
        Note(
            text("page.before_answer", kept=what_is_kept(known.operator))
            if viewer.visits
            else text(
                "question.before_unnamed",
                kept=what_is_kept(known.operator),
                left=c.Count(left),
                may=c.Count(may),
                chat=c.Chat(),
            )
        ),
        Note(text("page.counts")) if viewer.visits else read_more(),
        *((Note(text("question.few_left")),) if left < fewest(project) else ()),
        TextField(
            "text",
            text("question.your_answer"),
            text("page.language") if viewer.visits else None,
            long=True,
            limit=LONGEST_ANSWER,
        ),
        *_understood(known),
    )
    return (
        Open(
            Form(
                text("button.answer_unnamed"),
                fields,
                text("button.send"),
                "answered_unnamed",
                {"question": look.ref, "project": project.id},
            )
        ),
    )


def _understood(known: Known) -> tuple[Field[Line], ...]:
    """If few people may write, require a confirmation that the person has read what that means."""
    if not too_few(known):
        return ()
    may = len(writers(known))
    few = text("question.few_may_write", n=c.Count(may)) if may else text("question.none_known")
    return (
        Note(few),
        Choice(
            "understood",
            text("question.understood"),
            (Option("true", text("question.understood_yes")),),
        ),
    )


def too_few(known: Known) -> bool:
    return len(writers(known)) < fewest(known.project)


# --- what is missing in a proposal --------------------------------------------------------


def missing_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Team(), StateOf("question", look.ref))


def missing(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = one_of(known, look.ref), known.project.id
    if not takes_objections(state):
        return told(state, project)
    fields: tuple[Field[Line], ...] = (
        Note(
            text(
                "question.before_missing",
                kept=what_is_kept(known.operator),
                who=c.Who(state.by),
                until=c.Moment(state.until),
                chat=c.Chat(),
            )
        ),
        read_more(),
        Choice(
            "shared",
            text("question.may_it_be_shared"),
            (
                Option("false", text("question.shared_no", who=c.Who(state.by))),
                Option("true", text("question.shared_yes")),
            ),
            value="false",
            hint=text("question.shared_hint"),
        ),
        TextField("text", text("question.what_is_missing"), long=True, limit=LONGEST_OBJECTION),
        *_understood(known),
    )
    return (
        Open(
            Form(
                text("button.something_missing"),
                fields,
                text("button.send"),
                "missing",
                {"question": look.ref, "project": project},
            )
        ),
    )


# --- the proposal of leader, TR and AMR ---------------------------------------------------


def trio_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), StateOf("question", look.ref), Records("trio_answer", look.ref))


def trio_proposal(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, project = one_of(known, look.ref), known.project.id
    if not isinstance(state, Asked) or not state.with_trio:
        more = answer_button(project, look.ref) if takes_answers(state) else None
        return told(state, project, more)
    stands = {rec.id: str(rec.body["text"]) for rec in known(Records("trio_answer", look.ref))}
    before = stands.get(state.proposal)
    fields: tuple[Field[Line], ...] = (
        Note(title(state.words)),
        TextField(
            "text",
            text("question.your_proposal"),
            value=None if before is None else c.Words(before),
            hint=text("question.your_proposal_hint"),
            long=True,
            limit=LONGEST_ANSWER,
        ),
    )
    return (
        Open(
            Form(
                text("question.write_proposal"),
                fields,
                text("button.send"),
                "trio_proposed",
                {"question": look.ref, "project": project, "over": state.proposal},
            )
        ),
    )


# --- summing up ---------------------------------------------------------------------------


def sum_up_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        About(),
        Roles(),
        StateOf("question", look.ref),
        Records("answer", look.ref),
        Published("answer", look.ref),
    )


def sum_up(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Open the form for a conclusion, with the answers above it."""
    state, project = one_of(known, look.ref), known.project.id
    if not isinstance(state, Asked) or state.with_trio:
        return told(state, project, _again(state, project))
    fields: tuple[Field[Line], ...] = (
        Note(title(state.words)),
        *_answers(state, known),
        *_outcome(text("question.what_did_you_arrive_at"), text("question.arrive_hint")),
    )
    return (Open(_summing(text("button.sum_up"), fields, look.ref, project, "")),)


def talked_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), StateOf("question", look.ref))


def talked(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Vi har talt om det*: open the form for a conclusion that was reached aloud, with or without
    answers."""
    state, project = one_of(known, look.ref), known.project.id
    if not isinstance(state, Asked) or state.with_trio:
        return told(state, project, _again(state, project))
    fields: tuple[Field[Line], ...] = (
        Note(title(state.words)),
        *(() if state.closed else (Note(text("question.closes_too")),)),
        *_outcome(text("question.what_did_we_arrive_at"), text("question.three_lines")),
    )
    return (Open(_summing(text("button.we_talked"), fields, look.ref, project, "1")),)


def _again(state: QuestionState | None, project: str) -> c.Button[Line] | None:
    if state is None or isinstance(state, Asked | Proposed):
        return None
    return again_button(project, state.words.id)


def _summing(
    name: Line, fields: tuple[Field[Line], ...], question: str, project: str, spoken: str
) -> c.NeutralForm:
    fixed = {"question": question, "project": project, "spoken": spoken}
    return Form(name, fields, text("button.send"), "summed_up", fixed)


def _outcome(label: Line, hint: Line) -> tuple[Field[Line], ...]:
    return (
        TextField("text", label, hint=hint, long=True, limit=LONGEST_ANSWER, required=False),
        Choice(
            "outcome",
            text("question.outcome"),
            (
                Option("concluded", text("button.concluded"), text("question.concluded_hint")),
                Option("aside", text("button.set_aside"), text("question.aside_hint")),
                Option("med", text("button.propose_to_med"), text("question.med_hint")),
            ),
            value="concluded",
        ),
        *_agreement("1", text("question.agreement_hint")),
        *_agreement("2", None),
    )


def _agreement(n: str, hint: Line | None) -> tuple[Field[Line], ...]:
    number = c.Words(n)
    return (
        TextField(
            f"what{n}",
            text("question.what", number=number),
            hint=hint,
            limit=200,
            required=False,
        ),
        c.People(f"who{n}", text("question.who", number=number)),
        c.DateField(f"when{n}", text("question.when", number=number)),
    )


def _answers(state: Asked, known: Known) -> tuple[Field[Line], ...]:
    """Return the answers, those of leaders last and marked; unsigned ones only after closing."""
    lead = known.holders("leader", "deputy")
    named = known(Records("answer", state.words.id))
    lines = [_said(r, leads=False) for r in named if r.person not in lead]
    if state.closed:
        lines += [
            text("question.said_unnamed", text=_short(u.body["text"]))
            for u in known(Published("answer", state.words.id))
        ]
    lines += [_said(r, leads=True) for r in named if r.person in lead]
    found: list[Field[Line]] = []
    room = SHOWN_OF_ALL
    shown = 0
    for line in lines:
        room -= len(_words(line))
        if room < 0:
            break
        found.append(Note(line))
        shown += 1
    if shown < len(lines):
        found.append(Note(text("question.rest_in_answers", n=c.Count(len(lines) - shown))))
    if not lines:
        found.append(Note(text("question.no_answers")))
    if not state.closed:
        found.append(Note(text("question.closes_too")))
    elif state.elimination:
        found.append(Note(text("question.elimination")))
    return tuple(found)


def _said(answer: Rec, *, leads: bool) -> c.Text:
    key = "question.said_by_leader" if leads else "question.said_by"
    return text(key, who=c.Who(answer.person), text=_short(answer.body["text"]))


def _short(words: str) -> Line:
    return c.Words(words if len(words) <= SHOWN_OF_ONE else words[:SHOWN_OF_ONE].rstrip() + " …")


def _words(line: Line) -> str:
    if isinstance(line, c.Text):
        return "".join(_words(arg) for arg in line.args.values())
    return line.text if isinstance(line, c.Words) else ""
