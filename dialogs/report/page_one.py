"""Page one of a report: what a committee needs to know before it reads on, in one table.

Each row comes from facts. Where there are none, it says so; nothing is left out because it is
empty, and nothing is guessed.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from dialogs.agreement.states import Agreement, overdue
from dialogs.concern.states import Concern, to_pass_on
from dialogs.exercise.states import every_run
from dialogs.med.states import level_name, med_of
from dialogs.model.cards import Count, Day, Line, Listing, Words, text
from dialogs.model.documents import DataTable
from dialogs.model.facts import Frame, Known, Project, Records
from dialogs.outcomes.states import chosen_as, left_out
from dialogs.page.states import page_address
from dialogs.question.states import Concluded, Discussed, Proposed, QuestionState, ToMed
from dialogs.report.discussed import discussed_line, minute_of, other_line
from dialogs.report.lines import (
    asked_of_team,
    ended_line,
    points,
    quoted,
    short,
    short_title,
    stacked,
)
from dialogs.report.promised import effect_lines, promise_lines

ITEMS = Records("med_item")
FIRST = 3
"""Items of a row; the others are in the annexes."""
GROUPS_FIRST, GROUP_LETTERS = 3, 30
"""Groups that the role table leaves out, and characters of each."""
DATES, DISCUSSIONS = 1, 1
"""Answers with a date, and discussions; the others are in the annexes and in the project so far."""
LETTERS = 60
"""Characters of one item."""
FRAMED = 58
"""Characters of what is fixed, open or unknown; all of it is in annex E."""


def for_the_committee(known: Known, today: date) -> DataTable[Line]:
    rows = (
        ("asked", _asked(known)),
        ("decision", _decision(known.project, today)),
        ("frame", _frame(known.project)),
        ("better", _written_or_chosen("better", known)),
        ("worse", _written_or_chosen("worse", known)),
        ("disagree", _disagree(known)),
        ("promises", _promises(known, today)),
        ("not_asked", _not_asked(known)),
        ("apv", effect_lines(known)),
        ("earlier", _earlier(known)),
    )
    return DataTable(
        text("report.for_committee"),
        (text("report.about"), text("report.facts")),
        tuple((text(f"report.row_{name}"), said) for name, said in rows),
    )


# --- what the committee decides ---------------------------------------------------------------


def _asked(known: Known) -> Line:
    """Return the item that was drafted, and what the team has proposed that the committee takes
    up."""
    item, ended = med_of(known).item, known.project.ended_at is not None
    level: list[Line] = [text("report.no_item" if ended else "report.no_level")]
    if item is not None:
        how = text(f"report.{'asked' if ended else 'asks'}_{item.level}")
        what = known(ITEMS)[0].body["what"] if known(ITEMS) else ""
        level = [
            text("report.asks", level=level_name(item.level), how=how),
            *((short(what, FRAMED),) if what else ()),
        ]
    to_med = [one for one in asked_of_team(known) if isinstance(one, ToMed)]
    held = sum("committee" in run.receivers for run in every_run(known) if run.status == "done")
    exercises = (text("report.exercises_to_med", n=Count(held)),) if held else ()
    if not to_med:
        return stacked((*level, *(exercises or (text("report.nothing_to_med"),))))
    titles = tuple(short_title(one.words, LETTERS) for one in reversed(to_med[-FIRST:]))
    more = (text("report.more_in_a"),) if len(to_med) > FIRST else ()
    asked = text("report.to_med", n=Count(len(to_med)))
    return stacked((*level, asked, points(titles), *more, *exercises))


def _earlier(known: Known) -> Line:
    """Return when the committee discussed it, the latest line of minute, and whether the other side
    sees it otherwise. All of it is in the project so far."""
    found = med_of(known).discussions[-DISCUSSIONS:]
    lines: list[Line] = []
    for one in reversed(found):
        lines.append(discussed_line(one))
        if (minute := minute_of(one.id, known)) and one is found[-1]:
            lines.append(quoted(short(minute, LETTERS)))
        lines += map(other_line, one.others)
    return stacked(lines) if lines else text("med.not_discussed")


def _decision(project: Project, today: date) -> Line:
    """Return the day of the decision, and when the project ended: nothing on this page is awaited
    after that."""
    lines: list[Line] = [text("report.no_decision")]
    if project.decision is not None:
        key = "report.decision_passed" if project.decision < today else "report.decision"
        lines = [text(key, day=Day(project.decision, year=True))]
    return stacked((*lines, *ended_line(project)))


def _frame(project: Project) -> Line:
    framed = latest_frame(project)
    if framed is None:
        return text("report.no_frame")
    phase, frame = framed
    lines = frame_lines(frame, FRAMED)
    if phase != project.phase:
        lines.append(text("report.frame_of", phase=text(f"project.phase_{phase}")))
    return stacked(lines)


def frame_lines(frame: Frame, limit: int) -> list[Line]:
    """Return what is fixed, open and unknown, and what the team was promised."""
    parts = (("fixed", frame.fixed), ("shape", frame.shape), ("unknown", frame.unknown))
    lines: list[Line] = [
        text(f"report.{name}", words=short(words, limit)) for name, words in parts if words
    ]
    if frame.unknown and frame.unknown_until is not None:
        lines.append(text("report.unknown_until", day=Day(frame.unknown_until, year=True)))
    return [*lines, text(f"report.level_{frame.level}")]


def latest_frame(project: Project) -> tuple[int, Frame] | None:
    """Return the frame of this phase, or of the last one before it that has one."""
    for phase in range(project.phase, 0, -1):
        if (frame := project.frames.get(str(phase))) is not None:
            return phase, frame
    return None


# --- what it brings, and what people see differently --------------------------------------------


def _written_or_chosen(name: str, known: Known) -> Line:
    """Return what was written at the end; before that, what the compass chose."""
    written: str = getattr(known.project, name)
    if written:
        return short(written, FRAMED)
    chosen = [replace(words, cut=LETTERS) for words in chosen_as(name, known)]
    return points([quoted(words) for words in chosen]) if chosen else text(f"report.no_{name}")


def _disagree(known: Known) -> Line:
    objected = [one for one in asked_of_team(known) if _is_objected(one)]
    if not objected:
        return text("report.nobody_objects", n=Count(known.project.threshold))
    titles = tuple(short_title(one.words, LETTERS) for one in reversed(objected[-FIRST:]))
    more = text("report.objections_in_a" if len(objected) <= FIRST else "report.more_objections")
    return stacked((points(titles), more))


def _is_objected(one: QuestionState) -> bool:
    match one:
        case Discussed() | Proposed() | Concluded() | ToMed():
            return bool(one.objections or one.in_words)
        case _:
            return False


# --- what was promised, and who is missing --------------------------------------------------------


def _promises(known: Known, today: date) -> Line:
    """Return what was promised of the technology, then what is owed to people."""
    return stacked((promise_lines(known), _dates(known, today)))


def _dates(known: Known, today: date) -> Line:
    """Return dates that have passed first, then those to come. What is owed for texts is shown as
    the texts, without their number."""
    due = sorted(
        ((day, one) for one in to_pass_on(known) if (day := _due(one)) is not None),
        key=lambda found: (found[0], found[1].id),
    )
    lines = [_promise(day, one, today) for day, one in due[:DATES]]
    if len(due) > DATES:
        lines.append(text("report.more_in_c"))
    late = sum(overdue(a, today) for a in known.states("agreement", Agreement).values())
    if late:
        lines.append(text("report.late", n=Count(late)))
    return points(lines) if lines else text("report.no_promises")


def _due(one: Concern) -> date | None:
    return one.promised if one.waits else one.done_by


def _promise(day: date, one: Concern, today: date) -> Line:
    kind = "answer" if one.waits else "doing"
    key = f"report.{kind}_passed" if day < today else f"report.{kind}_due"
    words = quoted(replace(one.words, cut=LETTERS))
    return text(key, day=Day(day, weekday=False, year=True), words=words)


def _not_asked(known: Known) -> Line:
    missing = tuple(
        text(f"report.{one}") for one in ("leader", "tr", "amr") if not known.holders(one)
    )
    lines: list[Line] = [text("report.nobody_is", roles=Listing(missing))] if missing else []
    if page_address(known) is None and known.project.ended_at is None:  # closed at the end
        lines.append(text("report.no_page"))
    return points([*lines, _groups(known)])


def _groups(known: Known) -> Line:
    """Return the first few groups that the role table leaves out; annex H has all of them."""
    found = left_out(known)
    if found is None:
        return text("report.no_role_table")
    groups = (*found.unmentioned, *found.without_way)
    if not groups:
        return text("report.all_mentioned")
    first = tuple(
        short(one.text, GROUP_LETTERS) if isinstance(one, Words) else one
        for one in groups[:GROUPS_FIRST]
    )
    more = (text("report.more_groups"),) if len(groups) > GROUPS_FIRST else ()
    return text("report.no_way", groups=Listing((*first, *more)))
