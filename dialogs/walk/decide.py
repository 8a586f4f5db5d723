"""The walk: the plan of questions, when they are asked, and the four phases."""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.model import events as e
from dialogs.model.cards import (
    Line,
    NeutralCard,
    Paragraph,
    card,
    text,
)
from dialogs.model.commands import Recognised, theme_of
from dialogs.model.conversation import Conversation, Facts, Sight, Step, opens, the_only
from dialogs.model.effects import (
    Cancel,
    Effect,
    Effects,
    FieldError,
    Post,
    Privately,
    Response,
    Show,
    Tell,
    Timer,
)
from dialogs.model.events import Look, Press, SignedEvent
from dialogs.model.facts import About, HowMany, Known, Roles, StateOf, States
from dialogs.question.states import Asked, all_of, read
from dialogs.walk import cards as v
from dialogs.walk import handover, phase, stands, themes
from dialogs.walk import plan as p
from dialogs.walk.looks import (
    LONGEST,
    add_look,
    look_needs,
    more_look,
    not_there_yet,
    plan_look,
    questions_needs,
    status_look,
    status_needs,
    themes_look,
)
from dialogs.walk.states import (
    Planned,
    Walk,
    asked,
    in_their_words,
    next_planned,
    next_question_at,
    spoken,
    stage_line,
    without,
)

__all__ = ["CONVERSATION", "Planned", "Walk"]


RHYTHM = "rhythm"


# --- turns --------------------------------------------------------------------------------


def needs(state: Walk | None, event: SignedEvent) -> Facts:
    match event:
        case e.PhaseMoved():
            return phase.WHEN_MOVED
        case e.PhaseClosed():
            return handover.WHEN_CLOSED
        case e.Halted() | e.ThemePosted() | e.StillStands():
            return About(), Roles(), States("question")
        case _:
            return About(), Roles()


def decide(state: Walk | None, event: SignedEvent, known: Known) -> Step:
    match event:
        case e.Begun():
            return _begun(state, event, known)
        case e.Halted():
            return _halted(state, known)
        case _ if state is None:
            return None, not_there_yet(known)
        case e.Woke():
            return _woke(state, event, known)
        case e.NextNow():
            return _next_now(state, event, known)
        case e.ThemePosted():
            return _theme_posted(state, event, known)
        case e.PlanMoved() | e.PlanSkipped() | e.PlanTaken() | e.PlanAdded():
            return _planned(state, event, known)
        case e.PhaseMoved():
            stage = stage_line(known.project)
            if stage is not None:
                return state, (FieldError("", stage),)
            return phase.moved(state, event, known)
        case e.PhaseClosed():
            return state, handover.released(event.phase, known)
        case e.StillStands():
            stopped = v.not_running(known.project)
            if stopped is not None:
                return state, (Show(stopped),)
            return stands.still_stands(state, event, known)
        case _:
            raise AssertionError(event)


def _begun(state: Walk | None, event: e.Begun, known: Known) -> Step:
    project = known.project
    course = known.catalogue.course
    timer = Timer(RHYTHM, next_question_at(project, event.at))
    if state is None:
        notes: tuple[Effect, ...] = ()
        if project.origin == "must":
            notes = tuple(
                Privately(person, v.must_card(known)) for person in known.holders("leader")
            )
        return p.begun(course, project, event.at), (timer, *notes)
    if state.length != project.length == "whole":
        state = p.lengthened(state, course)
    return state, (timer,)


def _halted(state: Walk | None, known: Known) -> Step:
    """Stop asking; when the project ends, close open questions without a conclusion."""
    if state is None:
        return None, (Cancel(RHYTHM),)
    effects: tuple[Effect | Response, ...] = (Cancel(RHYTHM),)
    if not known.project.open:
        effects += tuple(
            Tell(e.Superseded(question=id))
            for id, s in all_of(known).items()
            if isinstance(s, Asked)
        )
        effects += (Tell(e.PhaseClosed(phase=state.phase)),)
    return state, effects


def _woke(state: Walk, event: e.Woke, known: Known) -> Step:
    project = known.project
    if not project.running:
        return state, ()
    now = event.fired_at
    timer = Timer(RHYTHM, next_question_at(project, now))
    after, effects = _ask_next(state, event, known)
    if after.last_asked != state.last_asked or state.told:
        return after, (*effects, timer)
    told = tuple(
        Privately(
            person,
            v.phase_done(after, known, leads=person in _leading(known), letter=True),
            urgency=4,
        )
        for person in _running_it(known)
    )
    return replace(after, told=True), (*effects, *told, timer)


def _next_now(state: Walk, event: e.NextNow, known: Known) -> Step:
    stopped = v.not_running(known.project)
    if stopped is not None:
        return state, (Show(stopped),)
    coming = _coming(state, known)
    after, effects = _ask_next(state, event, known)
    if coming is None:
        leads = event.by in _leading(known)
        return after, (*effects, Show(v.phase_done(after, known, leads=leads)))
    said = v.asked_trio(known) if state.goes_to_trio(coming) else text("walk.next.asked")
    return after, (*effects, Show(card(Paragraph(said))))


def _coming(state: Walk, known: Known) -> Planned | None:
    return next_planned(state, known)


def _ask_next(state: Walk, event: e.Woke | e.NextNow, known: Known) -> tuple[Walk, Effects]:
    """Ask the next question; skip those that left the catalogue, and tell the leader."""
    effects: list[Effect | Response] = []
    for planned in state.left():
        words = spoken(planned, known.catalogue)
        if words is not None:
            trio = state.goes_to_trio(planned)
            ours = in_their_words(words, known)
            effects.append(Tell(p.ask(planned, ours, known.catalogue, trio=trio)))
            return asked(state, planned.id, event.at), tuple(effects)
        state = replace(state, plan=without(state.plan, planned.id))
        gone = v.gone_card(known.project, planned.id)
        effects += [Privately(person, gone) for person in _leading(known)]
    return state, tuple(effects)


def _leading(known: Known) -> tuple[e.Person, ...]:
    return known.holders("leader") or (known.project.starter,)


def _running_it(known: Known) -> tuple[e.Person, ...]:
    return tuple(dict.fromkeys((*_leading(known), *known.holders("facilitator"))))


def _theme_posted(state: Walk, event: e.ThemePosted, known: Known) -> Step:
    project = known.project
    stopped = v.not_running(project)
    if stopped is not None:
        return state, (Show(stopped),)
    if event.theme not in {theme.id for theme in known.catalogue.themes}:
        four = themes.themes_card(project, known, runs=True, unknown=event.theme)
        return state, (Show(four),)
    five = known.catalogue.of_theme(event.theme)
    there = {*state.asked, *all_of(known)}
    tells: list[Effect | Response] = []
    for number, question in enumerate(five, 1):
        if question.id in there:
            continue
        planned = state.planned(question.id) or Planned(question.id, state.phase)
        words = spoken(planned, known.catalogue)
        assert words is not None
        ours = in_their_words(words, known)
        tells.append(Tell(p.ask(planned, ours, known.catalogue, number=number)))
        state = asked(state, question.id, event.at)
    state = replace(
        state,
        themes=tuple(dict.fromkeys((*state.themes, event.theme))),
        fives={**state.fives, event.theme: tuple(q.id for q in five)},
    )
    said = card(Paragraph(text("walk.themes.posted" if tells else "walk.themes.again")))
    return state, (*tells, Post(f"theme:{event.theme}"), Show(said))


# --- the plan -----------------------------------------------------------------------------

PlanEvent = e.PlanMoved | e.PlanSkipped | e.PlanTaken | e.PlanAdded


def _planned(state: Walk, event: PlanEvent, known: Known) -> Step:
    project = known.project
    stage = stage_line(project)
    if stage is not None and not project.open:
        if isinstance(event, e.PlanAdded):
            return state, (FieldError("", stage),)
        return state, (Show(card(Paragraph(stage))),)
    match event:
        case e.PlanAdded():
            return _added(state, event, known)
        case e.PlanTaken():
            return _taken(state, event, known)
        case _ if state.planned(event.question) is None:
            key = "walk.plan.asked" if event.question in state.asked else "walk.plan.gone"
            return state, _plan(state, known, text(key))
        case e.PlanMoved():
            after = p.moved(state, event.question, event.way)
            key = "walk.plan.moved" if after != state else "walk.plan.at_the_end"
            return after, _plan(after, known, text(key))
        case e.PlanSkipped():
            after = p.put_aside(state, event.question)
            return after, _plan(after, known, text("walk.plan.skipped"))


def _taken(state: Walk, event: e.PlanTaken, known: Known) -> Step:
    project = known.project
    found = next((q for q in v.more(state, project, known) if q.id == event.question), None)
    if found is None:
        key = "walk.plan.asked" if event.question in state.asked else "walk.plan.already"
        if event.question not in state.asked and state.planned(event.question) is None:
            key = "walk.plan.gone"
        return state, _plan(state, known, text(key))
    after = p.taken(state, found)
    return after, (
        Show(
            v.more_card(after, project, known, runs=True, said=text("walk.plan.taken")),
            instead=True,
        ),
    )


def _added(state: Walk, event: e.PlanAdded, known: Known) -> Step:
    words = event.text.strip()
    if not words:
        return state, (FieldError("text", text("walk.add.blank")),)
    if len(words) > LONGEST:
        return state, (FieldError("text", text("walk.add.long")),)
    own = Planned(f"egen.{event.id}", state.phase, event.first == "trio", words)
    after = replace(state, plan=(own, *state.plan), told=False)
    return after, _plan(after, known, text("walk.plan.added"))


def _plan(state: Walk, known: Known, said: Line) -> Effects:
    return (Show(v.plan_card(state, known.project, known, runs=True, said=said), instead=True),)


# --- standing posts -----------------------------------------------------------------------


def view_needs(state: Walk, slot: str) -> Facts:
    if slot == "stands":
        return About(), States("question")
    five = state.fives.get(slot.removeprefix("theme:"), ())
    return (
        About(),
        *(StateOf("question", id) for id in five),
        *(HowMany("answer", id) for id in five),
    )


def view(state: Walk, slot: str, known: Known) -> NeutralCard:
    if slot == "stands":
        return stands.stands_post(state, known)
    theme = slot.removeprefix("theme:")
    asked = {}
    for id in state.fives[theme]:
        body = known(StateOf("question", id))
        if body is not None:
            asked[id] = read(body)
    return themes.theme_post(known.project, known, theme, state.fives[theme], asked)


# --- looks --------------------------------------------------------------------------------


def _theme_typed(typed: Recognised) -> Press:
    theme = theme_of(typed.rest) if typed.rest else None
    return e.ThemePosted(theme=theme) if theme else Look("themes", words=typed.rest)


CONVERSATION = Conversation(
    name="walk",
    state=Walk,
    events=the_only(
        "walk",
        e.NextNow,
        e.PlanMoved,
        e.PlanSkipped,
        e.PlanTaken,
        e.PlanAdded,
        e.ThemePosted,
        e.PhaseMoved,
        e.PhaseClosed,
        e.StillStands,
    ),
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights={
        "status": Sight(status_needs, status_look),
        "plan": Sight(look_needs, plan_look),
        "more_questions": Sight(look_needs, more_look),
        "add_question": Sight(look_needs, add_look),
        "themes": Sight(questions_needs, themes_look),
        "phase": Sight(phase.look_needs, phase.look),
        "stands": Sight(stands.stands_needs, stands.stands_look),
    },
    commands={
        "status": opens("status"),
        "plan": opens("plan"),
        "phase": opens("phase"),
        "next": lambda typed: e.NextNow(),
        "theme": _theme_typed,
    },
    has_timers=True,
    opens_pool=frozenset({e.PhaseMoved}),
)
