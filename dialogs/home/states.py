"""What waits for a person in a project, in order of importance.

It depends only on signed acts, roles and texts released to this reader.
"""

from __future__ import annotations

from datetime import date

from dialogs.agreement.states import Agreement, overdue
from dialogs.concern.states import owed
from dialogs.exercise.states import ALL_RUNS, every_run, title_of, waits_line
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Button,
    Buttons,
    Count,
    Day,
    Line,
    Moment,
    Paragraph,
    Part,
    Quote,
    Several,
    Small,
    Words,
    buttons,
    text,
)
from dialogs.model.conversation import Facts
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, MyRefs, Project, Records, Roles, States, Viewer
from dialogs.model.roles import refused
from dialogs.project.states import confirming
from dialogs.question.states import Asked, Proposed, QuestionState, all_of, title

EACH = 3
"""How many questions and agreements of a project are shown; the others are behind a button."""


def waiting_needs(person: Person) -> Facts:
    return (
        Roles(),
        States("concern"),
        States("question"),
        States("agreement"),
        ALL_RUNS,
        Records("agreement"),
        MyRefs("answer", person),
    )


def waiting(known: Known, viewer: Viewer) -> list[Part[Line] | None]:
    """Return, in this order: role requests, answers owed, notes without an answer, agreements,
    questions."""
    project = known.project
    today = local(project.calendar, viewer.at).date()
    parts: list[Part[Line] | None] = asked_roles(known, viewer.person)
    if project.stage != "draft":
        parts += _owed(known, viewer.person, today)
    if project.under_way:
        parts += _boards(known, viewer.person)
        parts += _agreements(known, viewer.person, today)
    if project.open and project.stage != "draft":
        parts += _questions(known, viewer.person)
    return parts


def asked_roles(known: Known, person: Person) -> list[Part[Line] | None]:
    asked = [r.role for r in known(Roles()) if r.person == person and r.status == "asked"]
    if not asked:
        return []
    yes_and_no = (button for role in asked for button in confirming(known.project.id, role))
    return [Paragraph(text("home.asked")), Buttons(tuple(yes_and_no))]


def _owed(known: Known, person: Person, today: date) -> list[Part[Line] | None]:
    """Return the number of answers owed, the earliest promise, and the earliest answer that was to
    be carried out by now; the texts are behind a button."""
    waiting = owed(known, person, today)
    if not waiting:
        return []
    answers = [one for one in waiting if not one.telling]
    done_by = [one.promised for one in waiting if one.telling and one.promised]
    lines: list[Line] = []
    if answers:
        lines.append(text("summary.owed", n=Count(len(answers))))
    if answers and answers[0].promised is not None:
        key = "home.promise_passed" if answers[0].overdue else "home.promised"
        lines.append(text(key, day=Day(answers[0].promised)))
    if done_by:
        lines.append(text("home.how_it_went", day=Day(done_by[0])))
    look = Look("concerns", project=known.project.id, ref="owed")
    return [
        Paragraph(Several(tuple(lines))),
        buttons(Button(text("home.read_and_answer"), look, "main")),
    ]


def _boards(known: Known, person: Person) -> list[Part[Line] | None]:
    """Return the notes of a standing board that the leader has not answered."""
    if person not in known.holders("leader", "deputy") and not _starts(known, person):
        return []
    parts: list[Part[Line] | None] = []
    for run in every_run(known):
        if (waits := waits_line(run)) is not None:
            look = Look("answer_notes", project=known.project.id, ref=run.id)
            parts.append(Paragraph(text("home.board", title=title_of(run), waits=waits)))
            parts.append(buttons(Button(text("exercise.answer_notes"), look, "main")))
    return parts


def _agreements(known: Known, person: Person, today: date) -> list[Part[Line] | None]:
    project = known.project.id
    words = {rec.id: str(rec.body.get("what", "")) for rec in known(Records("agreement"))}
    mine = [a for a in known.states("agreement", Agreement).values() if a.owner == person]
    live = sorted(
        (a for a in mine if a.status in ("offered", "taken")),
        key=lambda a: (a.status != "offered", a.due is None, a.due or date.max, a.id),
    )
    parts: list[Part[Line] | None] = []
    for one in live[:EACH]:
        by: tuple[Line, ...] = ()
        if one.due is not None:
            key = "agreement.row_passed" if overdue(one, today) else "agreement.by"
            by = (text(key, day=Day(one.due)),)
        parts.append(Quote(Words(words.get(one.id, "…"))))
        if one.status == "offered":
            parts.append(Small(Several((text("agreement.yours"), *by))))
            parts.append(
                buttons(
                    Button(
                        text("button.take_agreement"),
                        e.AgreementTaken(project=project, agreement=one.id),
                        "main",
                    ),
                    Button(
                        text("agreement.not_me"),
                        e.AgreementDeclined(project=project, agreement=one.id),
                    ),
                )
            )
        else:
            parts.append(Small(Several((text("agreement.yours_now"), *by))))
            parts.append(
                buttons(
                    Button(text("button.done"), e.AgreementDone(project=project, agreement=one.id)),
                    Button(text("button.new_date"), Look("new_date", project=project, ref=one.id)),
                )
            )
    if len(live) > EACH:
        parts.append(Small(text("agreement.more", n=Count(len(live) - EACH))))
    return parts


def _questions(known: Known, person: Person) -> list[Part[Line] | None]:
    """Return open questions without a signed answer by this person; for those who run them, the
    ones to sum up."""
    answered = known(MyRefs("answer", person))
    runs = person in known.holders("leader", "deputy", "facilitator") or _starts(known, person)
    roles = known(Roles())
    led = person in refused(known.project, roles)
    waiting = [s for s in all_of(known).values() if _awaits(s, person, answered, runs)]
    waiting.sort(key=lambda state: state.asked_at, reverse=True)
    parts: list[Part[Line] | None] = []
    for state in waiting[:EACH]:
        parts += _question(state, known.project.id, led)
    if len(waiting) > EACH:
        parts.append(Small(text("home.more_questions", n=Count(len(waiting) - EACH))))
    return parts


def _awaits(state: QuestionState, person: Person, answered: frozenset[str], runs: bool) -> bool:
    match state:
        case Asked(with_trio=True):
            return person in state.trio and not state.proposal
        case Asked(closed=True):
            return runs
        case Asked():
            return state.words.id not in answered
        case Proposed(released=released):
            return not released
        case _:
            return False


def _question(state: QuestionState, project: str, led: bool) -> tuple[Part[Line] | None, ...]:
    """Return a question that awaits somebody, with what they can do about it."""
    words = state.words
    question = title(words)

    def look(view: e.View) -> Look:
        return Look(view, project=project, ref=words.id)

    match state:
        case Asked(with_trio=True):
            return (
                Paragraph(text("home.trio", question=question)),
                buttons(Button(text("walk.button.see_question"), look("questions"), "main")),
            )
        case Asked(closed=True):
            return (
                Paragraph(text("home.sum_up", question=question)),
                buttons(Button(text("button.sum_up"), look("sum_up"), "main")),
            )
        case Proposed(until=until):
            return (
                Paragraph(text("walk.status.proposal", question=question, until=Moment(until))),
                buttons(Button(text("walk.button.see_question"), look("questions"))),
            )
        case _:
            return (
                Paragraph(text("home.question", question=question)),
                buttons(
                    Button(text("button.answer"), look("answer"), "main"),
                    None if led else Button(text("button.answer_unnamed"), look("answer_unnamed")),
                ),
            )


def _starts(known: Known, person: Person) -> bool:
    project: Project = known.project
    return project.starter == person and not known.holders("leader")
