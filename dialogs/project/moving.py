"""Moves a project to another channel: asked in the new channel, which must have nobody in it who is
not in the project already.

Whatever was written for everybody was written for everybody in the old channel. The people of the
new channel are the team from then on, so none of them may be a stranger to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from dialogs.agreement.states import Agreement, unowned
from dialogs.concern.states import Concern
from dialogs.exercise.states import ALL_RUNS, every_run, is_over
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.cards import Button, Card, Heading, Line, Paragraph, Part, card, text
from dialogs.model.conversation import Facts, Responses, Step
from dialogs.model.effects import MoveProject, Post, Privately, Say, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import (
    About,
    ChannelProject,
    InEach,
    Known,
    Present,
    PresentIn,
    Project,
    Role,
    Roles,
    States,
    Viewer,
)
from dialogs.model.roles import LEADING, stands_in
from dialogs.project import cards
from dialogs.project.succession import has_left, nearest
from dialogs.question.states import Discussed, Proposed, all_of, is_open

NAMED = 8  # so many people are named, the rest are counted
MOVE = c.Typed("move", in_channel=True)
OF_EACH: Facts = (About(), Roles(), Present())


def needs(event: e.ProjectMoved) -> Facts:
    return (
        *OF_EACH,
        PresentIn(event.channel),
        ChannelProject(event.channel),
        States("question"),
        States("agreement"),
        States("concern"),
        ALL_RUNS,
    )


def look_needs(look: Look, viewer: Viewer) -> Facts:
    return (_mine(viewer), PresentIn(viewer.channel), ChannelProject(viewer.channel))


def _mine(viewer: Viewer) -> InEach:
    return InEach(viewer.person, OF_EACH)


def movers(state: Project, known: Known) -> tuple[Person, ...]:
    """Return who may move the project: the leader and the deputy, or whoever stands in; whoever is
    nearest to the role, once the leader has left."""
    roles: tuple[Role, ...] = known(Roles())
    leading = (*known.holders(*LEADING), stands_in(state, roles))
    near = nearest(state, known) if has_left(state, known) else ()
    return tuple(dict.fromkeys(filter(None, (*leading, *near))))


def _strangers(known: Known, there: tuple[Person, ...]) -> tuple[Person, ...]:
    """Return who in the new channel could read what was not written for them."""
    inside = {*known(Present()), *known.holders(*cards.SEATS)}
    return tuple(person for person in there if person not in inside)


def _named(people: tuple[Person, ...]) -> Line:
    if len(people) <= NAMED:
        return cards.named(people)
    rest = text("project.move_others", n=c.Count(len(people) - NAMED))
    return c.Listing((*(c.Who(person) for person in people[:NAMED]), rest))


# --- asked in the new channel ---------------------------------------------------------------


def look(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show what of the person's projects can be moved here, and what follows from it."""
    channel = viewer.channel
    if viewer.private:
        return (Show(cards.said("project.move_there", move=MOVE)),)
    here, there = known(ChannelProject(channel)), known(PresentIn(channel))
    mine = [one for one in known.each(_mine(viewer)) if one.project.under_way]
    if here is not None:
        return (Show(_taken(here, [one.project for one in mine])),)
    if viewer.person not in there:
        return (Show(cards.said("project.move_unknown", move=MOVE)),)
    parts = [part for one in mine for part in _offer(one, viewer.person, channel, there)]
    if not parts:
        return (Show(cards.said("project.move_nothing")),)
    return (Show(card(Heading(text("project.move_title")), *parts)),)


def _taken(here: Project, mine: list[Project]) -> Card[Line]:
    """Say how what is here moves away, and that nothing else can move here."""
    if here not in mine:
        return cards.taken(here)
    full = text("project.move_full", name=c.Words(here.name))
    return card(
        Paragraph(text("project.move_there", move=MOVE)),
        Paragraph(full) if len(mine) > 1 else None,
    )


def _offer(
    known: Known, person: Person, channel: str, there: tuple[Person, ...]
) -> Iterator[Part[Line]]:
    state = known.project
    name, by = c.Words(state.name), movers(state, known)
    if person not in by:
        yield Paragraph(text("project.move_by", name=name, who=cards.named(by)))
        return
    if strangers := _strangers(known, there):
        yield Paragraph(_refused(strangers, name))
        return
    yield Paragraph(text("project.move_what", name=name))
    if outside := tuple(one for one in known(Present()) if one not in there):
        yield Paragraph(text("project.move_outside", who=_named(outside)))
    press = e.ProjectMoved(project=state.id, channel=channel)
    yield c.Buttons((Button[Line](text("project.move_here", name=name), press, "main"),))


def _refused(strangers: tuple[Person, ...], name: Line) -> Line:
    who = _named(strangers)
    return text("project.move_strangers", name=name, who=who, move=MOVE)


# --- done ------------------------------------------------------------------------------------


def moved(state: Project, event: e.ProjectMoved, known: Known) -> Step:
    there, other = known(PresentIn(event.channel)), known(ChannelProject(event.channel))
    name = c.Words(state.name)
    if not state.under_way:
        return state, (Show(cards.what_is_true(state)),)
    if state.channel == event.channel:
        return state, (Show(cards.said("project.move_done")),)
    if event.by not in (by := movers(state, known)):
        no = text("project.move_by", name=name, who=cards.named(by))
        return state, (Show(card(Paragraph(no))),)
    if other is not None:
        return state, (Show(cards.taken(other)),)
    if event.by not in there:
        return state, (Show(cards.said("project.move_unknown", move=MOVE)),)
    if strangers := _strangers(known, there):
        return state, (Show(card(Paragraph(_refused(strangers, name)))),)
    who = c.Who(event.by)
    roles = dict.fromkeys(known.holders(*cards.SEATS))
    outside = card(Paragraph(text("project.move_not_there", who=who, name=name)))
    return replace(state, channel=event.channel), (
        MoveProject(state.channel, event.channel),
        Say(cards.said("project.moved_away", who=who, name=name), left=state.channel),
        Say(cards.said("project.moved_here", who=who, name=name)),
        Post(cards.WELCOME),
        *_open(known),
        *(Privately(person, outside, now=True) for person in roles if person not in there),
        Show(cards.said("project.move_done")),
    )


def _open(known: Known) -> Iterator[Post]:
    """Yield the posts of all that people can still act on, for the new channel."""
    themes = []
    for id, one in all_of(known).items():
        if not (is_open(one) or isinstance(one, Proposed)):
            continue
        own = not one.words.theme_post or (isinstance(one, Discussed) and one.again)
        if own:
            yield Post("post", dialog="question", of=id)
        else:
            themes.append(one.words.theme_post)
    for theme in dict.fromkeys(themes):
        yield Post(f"theme:{theme}", dialog="walk", of="walk")
    for run in every_run(known):
        if not is_over(run):
            yield Post("post", dialog="exercise", of=run.id)
    for id, agreement in known.states("agreement", Agreement).items():
        if unowned(agreement):
            yield Post("open", dialog="agreement", of=id)
    for id, concern in known.states("concern", Concern).items():
        if concern.posted and (concern.waits or concern.doing):
            yield Post("post", dialog="concern", of=id)
