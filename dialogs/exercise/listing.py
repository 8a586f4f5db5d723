"""`/digi øvelse`: the exercises that fit, what each gives, and how long it takes."""

from __future__ import annotations

from content.model import Both, ExerciseGuide, Set

from dialogs.advice.states import BEGINS, SEES_TRIO, exercises_for
from dialogs.exercise.few import better_line
from dialogs.exercise.states import (
    ALL_RUNS,
    ExerciseRun,
    every_run,
    is_over,
    see_button,
    status_word,
    title_of,
)
from dialogs.model.cards import (
    Button,
    Count,
    Heading,
    Line,
    Listing,
    Paragraph,
    Part,
    Said,
    Small,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.commands import Recognised, folded
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Project, Roles, Team, Viewer

ON_A_PAGE = 4


def list_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Team(), ALL_RUNS)


def typed(found: Recognised) -> Look:
    """Return the press of `/digi øvelse` with the name of one, if a name was typed."""
    return Look("exercises", words=found.rest)


def exercises(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known(About())
    workplace = project.workplace if project is not None else "general"
    phase = project.phase if project is not None else 0
    every = exercises_for(known, workplace, phase, trio=viewer.may(*SEES_TRIO))
    wanted = [one for one in every if _called(one, look.words, known)]
    unknown = bool(look.words) and not wanted
    shown = wanted if look.words and wanted else every
    start = int(look.ref) if look.ref.isdigit() else 0
    page = shown[start : start + ON_A_PAGE]
    rest = len(shown) - start - len(page)
    id = project.id if project is not None else ""
    more = Look("exercises", project=id, ref=str(start + ON_A_PAGE), words=look.words)
    return (
        Show(
            card(
                Heading(text("exercise.list_heading")),
                Paragraph(text("exercise.no_such", name=Words(look.words))) if unknown else None,
                Paragraph(text("exercise.list_how")),
                *(_runs(known, project) if project is not None and not start else ()),
                *(part for one in page for part in _row(one, project, viewer, known)),
                Small(text("exercise.list_rest", n=Count(rest))) if rest > 0 else None,
                buttons(Button(text("question.show_more"), more, "main")) if rest > 0 else None,
            )
        ),
    )


def _called(one: Set, words: str, known: Known) -> bool:
    """Return whether an exercise, or a set that begins it, is called something like this."""
    name = folded(words).strip()
    called = (one, *(other for other in known.catalogue.sets.values() if other.runs == one.id))
    return bool(name) and any(
        name in folded(title) for set in called for title in (set.id, set.title.da, set.title.en)
    )


def _runs(known: Known, project: Project) -> tuple[Part[Line], ...]:
    """Return the runs that are under way or paused, which come before what can be begun."""
    going = [run for run in every_run(known) if not is_over(run) and not run.within]
    return tuple(part for run in going for part in _run_row(run, project.id))


def _run_row(run: ExerciseRun, project: str) -> tuple[Part[Line], ...]:
    lead = Look("exercise_lead", project=project, ref=run.id)
    found = buttons(see_button(run, project), Button(text("exercise.lead"), lead, "quiet"))
    assert found is not None
    line = text("exercise.run_line", title=title_of(run), state=status_word(run))
    return Paragraph(line), found


def _said(both: Both) -> Line:
    return Said(both.da, both.en)


def _length(guide: ExerciseGuide, minutes: int) -> Line | Count:
    meetings = guide.meetings.get(str(minutes))
    if meetings is None:
        return Count(minutes)
    return text("exercise.length_meetings", n=Count(minutes), meetings=Count(meetings))


def _row(
    one: Set, project: Project | None, viewer: Viewer, known: Known
) -> tuple[Part[Line] | None, ...]:
    assert one.guide is not None
    lengths = tuple(_length(one.guide, n) for n in one.guide.lengths)
    id = project.id if project is not None else ""
    begin = Look("exercise_begin", project=id, ref=one.id)
    read = Look("reading", project=id, ref=one.id)
    tries = Look("exercise_try", project=id, ref=one.id)
    few = None if project is None else better_line(one.guide, known)
    can = project is not None and project.running and viewer.may(*BEGINS)
    return (
        Paragraph(text("exercise.row", title=_said(one.title), gives=_said(one.guide.gives))),
        Small(text("exercise.lengths", minutes=Listing(lengths, last="or"))) if lengths else None,
        Small(text("exercise.stands")) if one.guide.standing else None,
        Small(few) if few is not None else None,
        buttons(
            Button(text("exercise.begin"), begin, "main") if can else None,
            Button(text("exercise.what_is_it"), read),
            Button(text("exercise.try_it"), tries),
        ),
    )
