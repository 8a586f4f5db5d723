"""An exercise: begun, taken step by step, paused and taken up again, ended.

Notes and dots have no name and are shown when their round is closed, never before (rounds.py).
Everything else is done by name, mostly by whoever leads the exercise.
"""

from __future__ import annotations

from operator import attrgetter

from msgspec.structs import replace

from dialogs.exercise.agenda import (
    agenda,
    agenda_needs,
    day_form,
    on_the_morning,
    prepare,
    prepare_needs,
)
from dialogs.exercise.begin import begun
from dialogs.exercise.begin_form import begin_form, begin_needs
from dialogs.exercise.board import board, board_facts, board_needs, step_look
from dialogs.exercise.by_card import card_page
from dialogs.exercise.cards import about, again_card, lead_card, post, post_needs, write_button
from dialogs.exercise.columns import (
    column_added,
    column_needs,
    column_removed,
    new_column,
    new_column_needs,
)
from dialogs.exercise.dealing import cards_file, deal, deal_anew, dealt
from dialogs.exercise.ending import over, pause, resume, say_closed, was_shown
from dialogs.exercise.forms import (
    agree_form,
    condition_form,
    dots_form,
    end_form,
    group_form,
    lead,
    notes_form,
    of_run,
    paper_form,
    take_down_form,
    with_board,
)
from dialogs.exercise.leading import ByHand, by_hand
from dialogs.exercise.listing import exercises, list_needs, typed
from dialogs.exercise.printing import board_file
from dialogs.exercise.progress import inner_now, next_step
from dialogs.exercise.rounds import WAITING, closed, enter
from dialogs.exercise.screen import leading, links, screen, screen_closed, screen_needs
from dialogs.exercise.standing import answer_form
from dialogs.exercise.states import (
    ALL_RUNS,
    WRITES,
    ExerciseRun,
    current_step,
    is_over,
    open_round,
    title_of,
)
from dialogs.exercise.survey import answer_needs, answer_survey, answers, answers_needs
from dialogs.exercise.table import (
    fill_row,
    is_row_timer,
    revisited,
    row_needs,
    row_written,
    see_table,
    table_facts,
    table_needs,
)
from dialogs.exercise.trying import try_needs, try_step
from dialogs.exercise.unsigned import (
    IN_ROUNDS,
    already,
    closed_for_writing,
    unsigned,
    unsigned_needs,
)
from dialogs.exercise.weekly import a_week_later, answered
from dialogs.exercise.workshop import begins_inner, day_file, day_moved, inner_moved, prepared
from dialogs.model import events as e
from dialogs.model.cards import Line, Moment, Paragraph, Who, buttons, card, text
from dialogs.model.conversation import Conversation, Facts, Sight, Step, UnsignedPart, by_field
from dialogs.model.effects import (
    Privately,
    Redraw,
    Say,
    Show,
    Tell,
)
from dialogs.model.facts import About, Known, Records, Role, Roles, Team
from dialogs.model.roles import refused

PEOPLE: Facts = (About(), Roles(), Team())


def needs(state: ExerciseRun | None, event: e.SignedEvent) -> Facts:
    match event:
        case e.ExerciseBegun():
            return (*PEOPLE, ALL_RUNS)
        case e.ExerciseResumed() | e.StepTaken() | e.Woke(name="opens"):
            return (*PEOPLE, ALL_RUNS)
        case e.RowWritten():
            return row_needs(event)
        case e.ColumnAdded() | e.ColumnRemoved():
            return column_needs(event)
        case e.NotesAnswered(run=run):
            return (*PEOPLE, *board_facts(run))
        case e.NoteTakenDown(run=run):
            return (*PEOPLE, Records("paper_note", run))
        case e.Woke(of=run) if is_row_timer(event):
            return table_facts(run)
        case (
            e.RoundClosed()
            | e.ExercisePaused()
            | e.ExerciseEnded()
            | e.ExerciseDropped()
            | e.Woke(name="closes")
        ):
            return (*PEOPLE, WAITING, ALL_RUNS)
        case _:
            return PEOPLE


def decide(state: ExerciseRun | None, event: e.SignedEvent, known: Known) -> Step:
    after, effects = _decide(state, event, known)
    if after is None or not after.within or after == state:
        return after, effects
    moved = e.InnerMoved(run=after.within, inner=after.id, over=is_over(after))
    return after, (*effects, Tell(moved))


def _decide(state: ExerciseRun | None, event: e.SignedEvent, known: Known) -> Step:
    if isinstance(event, e.ExerciseBegun):
        return begun(event, known) if state is None else (state, ())
    if state is None:
        return None, ()
    match event:
        case e.Woke():
            return _woke(state, event, known)
        case e.InnerMoved():
            return _inner_moved(state, event, known)
        case e.LeaderNotesWritten():
            return by_hand(state, event, known)
        case e.RowWritten():
            return row_written(state, event, known)
        case e.ColumnAdded():
            return column_added(state, event, known)
        case e.ColumnRemoved():
            return column_removed(state, event, known)
        case e.NotesAnswered():
            return answered(state, event, known, leads=leads(state, event.by, known))
        case _ if not leads(state, event.by, known):
            return state, (Show(card(Paragraph(_who_leads(state)))),)
        case e.PreparationShared():
            return prepared(state, event, known)
        case e.WorkshopDayMoved():
            return day_moved(state, event, known)
        case e.ScreenWanted():
            return links(state, event)
        case e.ScreenClosed():
            return screen_closed(state, event)
        case e.CardsDealt():
            return dealt(state, event, known)
        case e.StepTaken():
            return _next(state, event, known)
        case e.RoundClosed():
            return _close(state, event, known)
        case e.ExercisePaused():
            return pause(state, event, known)
        case e.ExerciseResumed():
            return resume(state, event, known)
        case e.ExerciseEnded() | e.ExerciseDropped():
            return over(state, event, known)
        case _:
            assert isinstance(event, ByHand)
            return by_hand(state, event, known)


def leads(run: ExerciseRun, person: e.Person, known: Known) -> bool:
    """Return whether this person leads the exercise: whoever was chosen, a facilitator or an
    elected representative; never a leader of the project."""
    roles: tuple[Role, ...] = known(Roles())
    if person in refused(known.project, roles):
        return False
    return person == run.led_by or person in known.holders("facilitator", "tr", "amr")


def _who_leads(run: ExerciseRun) -> Line:
    return text("exercise.who_leads", who=Who(run.led_by))


# --- step by step -------------------------------------------------------------------------


def _next(run: ExerciseRun, event: e.StepTaken, known: Known) -> Step:
    following = next_step(run)
    if run.status != "running" or following is None or following.id != event.step:
        return run, (Show(lead_card(run, known.project.id), instead=True),)
    if open_round(run) is not None:
        first = text("exercise.close_first")
        return run, (Show(lead_card(run, known.project.id, first), instead=True),)
    if inner_now(run) is not None:
        first = text("workshop.inner_first")
        return run, (Show(lead_card(run, known.project.id, first), instead=True),)
    onward = replace(run, step=run.step + 1, step_at=event.at, opens_at=None)
    after, opened = enter(onward, event.at, known)
    if inner := begins_inner(after):
        return after, (Redraw("post"), *inner)
    return after, (*opened, Redraw("post"), Show(lead_card(after, known.project.id), instead=True))


def _inner_moved(run: ExerciseRun, event: e.InnerMoved, known: Known) -> Step:
    """An exercise that is a step of this workshop has begun, moved on or ended."""
    after, goes_on = inner_moved(run, event)
    if not goes_on:
        return after, (Redraw("post"),) if len(after.inner) > len(run.inner) else ()
    back = lead_card(after, known.project.id, text("workshop.goes_on", title=title_of(run)))
    return after, (Redraw("post"), Show(back))


def _close(run: ExerciseRun, event: e.RoundClosed, known: Known) -> Step:
    found = open_round(run)
    if found is None or found.id != event.round or run.guide.standing:
        return run, (Show(lead_card(run, known.project.id), instead=True),)
    if event.at < found.earliest:
        no = text("exercise.not_before", when=Moment(found.earliest))
        return run, (Show(lead_card(run, known.project.id, no), instead=True),)
    after, effects = closed(run, event.at, known)
    return after, (
        *effects,
        Redraw("post"),
        say_closed(after, known),
        Show(lead_card(after, known.project.id), instead=True),
    )


def _woke(run: ExerciseRun, event: e.Woke, known: Known) -> Step:
    if is_row_timer(event):
        return revisited(run, event, known)
    match event.name:
        case "closes":
            return _closes_by_itself(run, event, known)
        case "opens" if run.status == "running" and open_round(run) is None:
            return _opens(run, event, known)
        case "remind" if open_round(run) is not None and known.project.running:
            until = open_round(run)
            assert until is not None
            said = text("exercise.last_day", title=title_of(run), until=Moment(until.closes))
            return run, (Say(card(Paragraph(said)), thread="post"),)
        case "day" if not is_over(run) and known.project.under_way and run.day is not None:
            return run, (on_the_morning(run, known.project.id),)
        case "look_again" if run.status == "done" and not run.asked_again:
            if not known.project.under_way:
                return run, ()
            asked = Say(again_card(run, known.project.id, again=True))
            return replace(run, asked_again=True), (asked,)
        case _:
            return run, ()


def _opens(run: ExerciseRun, event: e.Woke, known: Known) -> Step:
    """Open a survey whose statements TR and AMR have seen."""
    if current_step(run).does != "survey" or was_shown(run) or not known.project.running:
        return run, ()
    after, opened = enter(run, event.at, known)
    if open_round(after) is None:
        return after, (*opened, Redraw("post"))
    said = card(
        Paragraph(text("survey.is_open", title=title_of(run))),
        buttons(write_button(after, known.project.id)),
    )
    return after, (*opened, Redraw("post"), Say(said, thread="post"))


def _closes_by_itself(run: ExerciseRun, event: e.Woke, known: Known) -> Step:
    found = open_round(run)
    if found is None or event.at < found.closes:
        return run, ()
    if run.guide.standing:
        return a_week_later(run, event, known)
    after, effects = closed(run, event.at, known)
    if not known.project.running:
        return after, (*effects, Redraw("post"))
    said = say_closed(after, known)
    following = next_step(after)
    if run.place == "days" and following is not None and following.does in WRITES:
        after, opened = enter(replace(after, step=after.step + 1), event.at, known)
        return after, (*effects, *opened, said, Redraw("post"))
    told = lead_card(after, known.project.id, text("exercise.round_over"))
    return after, (*effects, said, Redraw("post"), Privately(run.led_by, told, urgency=3))


CONVERSATION = Conversation(
    name="exercise",
    state=ExerciseRun,
    events={
        e.ExerciseBegun: attrgetter("id"),
        **by_field(
            "run",
            e.ScreenWanted,
            e.ScreenClosed,
            e.CardsDealt,
            e.StepTaken,
            e.RoundClosed,
            e.ExercisePaused,
            e.ExerciseResumed,
            e.ExerciseEnded,
            e.ExerciseDropped,
            e.LeaderNotesWritten,
            e.PaperNotesWritten,
            e.NotesGrouped,
            e.NoteTakenDown,
            e.ConditionWritten,
            e.ExerciseAgreed,
            e.NotesAnswered,
            e.InnerMoved,
            e.PreparationShared,
            e.WorkshopDayMoved,
            e.RowWritten,
            e.ColumnAdded,
            e.ColumnRemoved,
        ),
    },
    needs=needs,
    decide=decide,
    view_needs=post_needs,
    view=post,
    sights={
        "exercises": Sight(list_needs, exercises),
        "exercise_try": Sight(try_needs, try_step),
        "exercise_about": Sight(of_run, about),
        "exercise_begin": Sight(begin_needs, begin_form),
        "exercise_board": Sight(board_needs, board),
        "exercise_step": Sight(board_needs, step_look),
        "exercise_lead": Sight(of_run, lead),
        "exercise_screen": Sight(screen_needs, screen),
        "exercise_leading": Sight(screen_needs, leading),
        "exercise_end": Sight(of_run, end_form),
        "exercise_agree": Sight(of_run, agree_form),
        "write_notes": Sight(of_run, notes_form),
        "set_dots": Sight(with_board, dots_form),
        "answer_survey": Sight(answer_needs, answer_survey),
        "survey_answers": Sight(answers_needs, answers),
        "paper_notes": Sight(of_run, paper_form),
        "group_notes": Sight(with_board, group_form),
        "take_down": Sight(with_board, take_down_form),
        "condition": Sight(with_board, condition_form),
        "answer_notes": Sight(with_board, answer_form),
        "agenda": Sight(agenda_needs, agenda),
        "prepare": Sight(prepare_needs, prepare),
        "workshop_day": Sight(of_run, day_form),
        "workshop_file": Sight(of_run, day_file),
        "fill_row": Sight(table_needs, fill_row),
        "new_column": Sight(new_column_needs, new_column),
        "exercise_table": Sight(table_needs, see_table),
        "board_file": Sight(board_needs, board_file),
        "deal_cards": Sight(of_run, deal),
        "new_cards": Sight(of_run, deal_anew),
        "cards_file": Sight(of_run, cards_file),
        "exercise_card": Sight(of_run, card_page),
    },
    commands={"exercise": typed},
    unsigned=UnsignedPart(
        events=IN_ROUNDS,
        needs=unsigned_needs,
        decide=unsigned,
        in_rounds=frozenset(IN_ROUNDS),
        already=already,
        closed=closed_for_writing,
    ),
    opens_pool=frozenset({e.RoundClosed, e.ExercisePaused, e.ExerciseEnded, e.ExerciseDropped}),
    timers_open_pool=True,
)
