"""What the wall of a meeting shows of an exercise, and the page of whoever leads it.

The wall shows what the channel may read, and nothing before its round is closed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from dialogs.agreement.states import as_listed
from dialogs.exercise.board import board_facts, hidden_lines
from dialogs.exercise.cards import lead_card, may_lead
from dialogs.exercise.columns import fills_now
from dialogs.exercise.forms import grouping_form, not_leading
from dialogs.exercise.parts import WallLink
from dialogs.exercise.progress import inner_now, next_step, step_of_round
from dialogs.exercise.screen_columns import (
    Columns,
    survey_columns,
    table_columns,
    table_foot,
)
from dialogs.exercise.standing import to_choose
from dialogs.exercise.states import (
    ALL_RUNS,
    ExerciseRun,
    ReadNote,
    about_note,
    agreements_of,
    board_note,
    current_step,
    every_run,
    has_table,
    is_over,
    lane_name,
    lanes_of,
    notes_of_lane,
    open_round,
    read_notes,
    run_of,
    steps_of,
    title_of,
)
from dialogs.exercise.workshop import ends_line
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Line, LinkAddress, Paragraph, Said, Small, text
from dialogs.model.conversation import Facts, LookResults, Step
from dialogs.model.effects import (
    Display,
    Effects,
    MakeCode,
    MakeLink,
    Open,
    Show,
    WithdrawLink,
)
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    Fact,
    Known,
    Published,
    Rec,
    Records,
    Roles,
    States,
    Team,
    Viewer,
)
from dialogs.model.screens import NeutralScreen, Screen, ScreenColumn, ScreenNote

LASTS = timedelta(days=1)
DIGITS_LAST = timedelta(minutes=10)
WORKSHOP = "workshop"
"""In the look of a link: it shows the exercise that is under way in the workshop."""
NOTES = Published("note")
EVERY = 10_000


def _facts(run: str) -> Facts:
    return (*board_facts(run), Records("table_row", run), Records("table_column", run))


KINDS = tuple(one.kind for one in _facts("") if isinstance(one, Records))


def links(run: ExerciseRun, event: e.ScreenWanted) -> Step:
    """*Vis på skærm*: a link for the wall with six digits, and one for whoever leads, which is
    never shown on the wall. All of them are new each time, and end by themselves."""
    until = event.at + LASTS
    project = event.project
    words = WORKSHOP if run.workshop else ""
    screen = Look("exercise_screen", project=project, ref=run.id, words=words)
    leads = Look("exercise_leading", project=project, ref=run.id, words=words)
    said = c.card(
        Paragraph(text("exercise.screen_at", address=LinkAddress("screen", event.id))),
        Paragraph(
            text("exercise.screen_digits", address=c.DigitsAddress(), code=c.ScreenCode(event.id))
        ),
        Paragraph(text("exercise.leading_at", address=LinkAddress("leading", event.id))),
        Small(text("exercise.leading_yours", until=c.Moment(until))),
    )
    walls = tuple(one for one in run.walls if one.until > event.at)
    return replace(run, walls=(*walls, WallLink(event.id, until))), (
        MakeLink("screen", event.id, until=until, look=screen),
        MakeCode(event.id, event.at + DIGITS_LAST),
        MakeLink("leading", event.id, event.by, until, leads),
        Show(said),
    )


def screen_closed(run: ExerciseRun, event: e.ScreenClosed) -> Step:
    """*Luk skærmen*: the links for the wall and their digits stop at once. Links for leading stay,
    each belongs to the person who got it."""
    said = text("exercise.screen_closed" if run.walls else "exercise.no_screen")
    ended: Effects = tuple(WithdrawLink("screen", one.id) for one in run.walls)
    shown = lead_card(replace(run, walls=()), event.project, said)
    return replace(run, walls=()), (*ended, Show(shown, instead=True))


def screen_needs(look: Look, viewer: Viewer) -> Facts:
    if look.words == WORKSHOP:
        every = (Records(kind, limit=EVERY) for kind in KINDS)
        return (About(), Roles(), Team(), ALL_RUNS, States("agreement"), NOTES, *every)
    return (*_facts(look.ref), ALL_RUNS, States("agreement"), Team())


def screen(look: Look, viewer: Viewer, known: Known) -> LookResults:
    run, here = _shown_run(look, known)
    return () if run is None else (Display(on_wall(run, here)),)


def _shown_run(look: Look, known: Known) -> tuple[ExerciseRun | None, Known]:
    """Return what the link shows now: of a workshop the exercise that is under way in it."""
    if look.words != WORKSHOP:
        return run_of(known, look.ref), known
    every = {run.id: run for run in every_run(known)}
    run = every.get(look.ref)
    now = inner_now(run) if run is not None else None
    run = every.get(now.run, run) if now is not None else run
    if run is None:
        return None, known
    facts: tuple[Fact[Any], ...] = (About(), Roles(), Team(), ALL_RUNS, States("agreement"), NOTES)
    found = {fact: known(fact) for fact in facts}
    for kind in KINDS:
        written = known(Records(kind, limit=EVERY))
        found[Records(kind, run.id)] = tuple(one for one in written if one.ref == run.id)
    return run, Known(known.catalogue, found, known.operator)


def leading(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Show whoever leads the wall as it is, what they can do, and a form over all notes."""
    run, here = _shown_run(look, known)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    shown = (Show(lead_card(run, known.project.id)), Display(on_wall(run, here, board=True)))
    grouping = None if is_over(run) else grouping_form(run, here)
    return shown if grouping is None else (*shown, Open(grouping))


def on_wall(run: ExerciseRun, known: Known, *, board: bool = False) -> NeutralScreen:
    """Return the screen. `board`: the notes, also in steps that show something else."""
    title, ends = title_of(run), ends_line(run)
    foot: tuple[Line, ...] = () if ends is None else (ends,)
    if has_table(run):
        foot = (*foot, *table_foot(run, known))
    elif ends is None:
        foot = (text("exercise.screen_foot"),)
    foot = (*foot, *hidden_lines(run))
    if is_over(run):
        return _result(run, known, title, foot)
    step, here, of = current_step(run), run.step + 1, len(steps_of(run))
    place = text("exercise.step_of", step=c.Count(here), of=c.Count(of))
    if run.status == "paused":
        paused = text("exercise.screen_paused")
        return Screen(title, place, paused, text("exercise.screen_paused_how"), foot=foot)
    following = next_step(run)
    then: Line | None = None
    if following is not None:
        name = Said(following.name.da, following.name.en)
        then = text("exercise.screen_next", name=name)
    return Screen(
        title,
        place,
        Said(step.name.da, step.name.en),
        Said(step.text.da, step.text.en),
        _columns(run, known, "" if board else step.does),
        ends_at(run),
        then,
        _waits(run),
        foot,
    )


def ends_at(run: ExerciseRun) -> datetime | None:
    """Return when the time of this step is up, at a meeting."""
    minutes = current_step(run).minutes.get(run.minutes)
    if run.status != "running" or run.place == "days" or minutes is None or run.step_at is None:
        return None
    return run.step_at + timedelta(minutes=minutes)


def _waits(run: ExerciseRun) -> Line | None:
    found = open_round(run)
    if found is None and fills_now(run) and not run.rows:
        return text("table.screen_how")
    if found is None:
        return text("exercise.on_paper") if run.on_paper else None
    by_card = "_or_card" if run.cards.count else ""
    return text(f"exercise.screen_{step_of_round(run, found).does}{by_card}")


# --- columns ------------------------------------------------------------------------------


def _columns(run: ExerciseRun, known: Known, does: str) -> Columns:
    if does == "conditions":
        return (*_chosen(run, known), *_conditions(run, known))
    if does == "agree":
        return (*_conditions(run, known, only_written=True), *_agreements(run, known))
    if not does:
        return _lanes(run, known)
    table = table_columns(run, known) if has_table(run) else ()
    return (*table, *survey_columns(run, known), *_lanes(run, known))


def _lanes(run: ExerciseRun, known: Known) -> Columns:
    notes = read_notes(run, known)
    rank = {id: n for n, id in enumerate(run.chosen, 1)}
    ranks = rank | {
        note: rank[group.id] for group in run.groups if group.id in rank for note in group.notes
    }
    return tuple(
        ScreenColumn(
            "-" if lane is None else lane.id,
            lane_name(lane) if lane is not None or run.guide.lanes else text("exercise.notes"),
            tuple(
                _note(run, note, ranks.get(note.id, 0)) for note in notes_of_lane(run, notes, lane)
            ),
            None if lane is None or lane.text is None else Said(lane.text.da, lane.text.en),
        )
        for lane in lanes_of(run, notes)
    )


def _note(run: ExerciseRun, note: ReadNote, rank: int) -> ScreenNote[Line]:
    drawn = board_note(run, note)
    group = c.Words(note.group) if note.group else None
    about = about_note(note, group=False)
    return ScreenNote(note.id, drawn.words, drawn.sign, drawn.kind, about, rank, group)


def _chosen(run: ExerciseRun, known: Known) -> Columns:
    words = dict(to_choose(run, known)) | {n.id: n.words for n in read_notes(run, known)}
    notes = tuple(
        ScreenNote[Line](id, c.Words(words[id]), rank=n)
        for n, id in enumerate(run.chosen, 1)
        if words.get(id)
    )
    return (ScreenColumn[Line]("chosen", text("exercise.screen_chosen"), notes),) if notes else ()


def _conditions(run: ExerciseRun, known: Known, *, only_written: bool = False) -> Columns:
    written: tuple[Rec, ...] = known(Records("condition", run.id))
    if only_written and not written:
        return ()
    words = {note.id: note.words for note in read_notes(run, known)} | dict(to_choose(run, known))
    columns = []
    for when in ("before", "during", "after"):
        notes = tuple(
            ScreenNote[Line](
                one.id,
                c.Words(one.body["text"]),
                about=c.Words(of) if (of := words.get(one.body["note"], "")) else None,
            )
            for one in written
            if one.body["when"] == when
        )
        columns.append(ScreenColumn[Line](when, text(f"exercise.screen_{when}"), notes))
    return tuple(columns)


def _agreements(run: ExerciseRun, known: Known) -> Columns:
    notes = tuple(ScreenNote(one.id, as_listed(one)) for one in agreements_of(run, known))
    return (ScreenColumn[Line]("agreements", text("exercise.screen_agreements"), notes),)


def _result(run: ExerciseRun, known: Known, title: Line, foot: tuple[Line, ...]) -> NeutralScreen:
    if run.status == "dropped":
        said = text("exercise.was_dropped")
        return Screen(title, text("exercise.screen_over"), title, said, _lanes(run, known))
    return Screen(
        title,
        text("exercise.screen_over"),
        text("exercise.screen_result"),
        c.Kept("exercise_end", run.result),
        _agreements(run, known),
        foot=foot,
    )
