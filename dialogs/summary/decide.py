"""The weekly private summaries for the leader and for each representative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from dialogs.advice.states import LEADER_NOTES, MEMORY, note
from dialogs.agreement.states import Agreement, overdue
from dialogs.concern.states import HELPERS, Concern, for_reader, may_read, open_to_all
from dialogs.model import events as e
from dialogs.model.calendar import iso_week, local, next_weekly
from dialogs.model.cards import (
    Button,
    Count,
    Heading,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    Several,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Responses, Sight, Step, the_only
from dialogs.model.effects import Cancel, Post, Privately, Redraw, Say, Show, Tell, Timer
from dialogs.model.events import Look, Person, SignedEvent
from dialogs.model.facts import About, Known, Project, RecordsSince, Roles, StateOf, States, Viewer
from dialogs.overview.states import Digest, next_overview
from dialogs.question.states import Asked, Discussed, all_of, title
from dialogs.summary.owed import owed_parts, waiting_for, who_owe
from dialogs.summary.states import LIVE, Issue, Summary

HOUR = 8
UNFINISHED = timedelta(days=14)


# --- decide -------------------------------------------------------------------------------


def needs(state: Summary | None, event: SignedEvent) -> Facts:
    if isinstance(event, e.Woke):
        return _facts(_since(state or Summary(), event.fired_at))
    if isinstance(event, e.Unreached):
        return (About(), Roles())
    return (About(),)


def decide(state: Summary | None, event: SignedEvent, known: Known) -> Step:
    state = state or Summary()
    match event:
        case e.Begun():
            return state, (_timer(known.project, event.at),)
        case e.Halted():
            return state, (Cancel("summary"),)
        case e.Woke():
            return _weekly(state, event, known) if known.project.running else (state, ())
        case e.Unreached(person=person):
            return state, _unreached(person, known)
        case e.MatterChanged(of=of):
            return state, _redrawn(state, of)
        case _:
            return state, ()


def _unreached(person: Person, known: Known) -> tuple[Say | Privately, ...]:
    """Tell the channel that a responsible person cannot be reached, with a button to their summary.

    This is sent once, because how often something waits must not be visible. For a draft, only its
    starter is told.
    """
    project = known(About())
    roles = ("leader", "deputy", "tr", "amr")
    if project is None or not any(r.person == person and r.role in roles for r in known(Roles())):
        return ()
    once = f"unreached:{person}"
    if project.stage == "draft":
        said = text("summary.unreached_draft", who=Who(person))
        here = Privately(project.starter, card(Paragraph(said)), now=True, once=f"{once}:draft")
        return (here,) if project.starter != person else ()
    if not project.under_way:
        return ()
    shown = card(
        Paragraph(text("summary.unreached", who=Who(person))),
        buttons(Button(text("summary.open_mine"), Look("summary", project=project.id))),
    )
    return (Say(shown, once=once),)


def _timer(project: Project, after: datetime) -> Timer:
    return Timer("summary", next_weekly(project.calendar, after, project.overview_weekday, HOUR))


def _weekly(state: Summary, event: e.Woke, known: Known) -> Step:
    now = event.fired_at
    people = dict.fromkeys((*known.holders("leader", "tr", "amr"), *who_owe(known)))
    issue = _issue(state, people, now, known)
    named = {
        person: named
        for person, named in issue.named.items()
        if _summary(issue, person, known) is not None
    }
    issue = replace(issue, named=named)
    ids = tuple(sorted(known.states("concern", Concern)))
    after = Summary(last=now, known=ids, issues=(issue, *state.issues)[:LIVE])
    return after, (
        *(Post(issue.slot(person), to=person, bag=True, urgency=1) for person in named),
        *_note_given(issue, known),
        _timer(known.project, now),
    )


def _note_given(issue: Issue, known: Known) -> tuple[Tell, ...]:
    """Remember the reading advice for the leader, if it was sent in a letter."""
    if not any(person in issue.named for person in known.holders("leader")):
        return ()
    return (Tell(e.AdviceGiven(ids=note(known, LEADER_NOTES)[1])),)


def _issue(state: Summary, people: Iterable[Person], at: datetime, known: Known) -> Issue:
    """Return what the summaries of these people tell of at this moment."""
    day = local(known.project.calendar, at).date()
    agreements = tuple(
        id for id, one in known.states("agreement", Agreement).items() if overdue(one, day)
    )
    leading = known.holders("leader", "deputy")
    concerns = known.states("concern", Concern)
    return Issue(
        at=at,
        since=_since(state, at),
        new=tuple(id for id in concerns if id not in state.known),
        named={
            person: (
                *(one.concern.id for one in waiting_for(person, day, known)),
                *((*agreements, "news") if person in leading else ()),
            )
            for person in people
        },
        advice=card(*note(known, LEADER_NOTES)[0]),
    )


def _redrawn(state: Summary, of: str) -> tuple[Redraw, ...]:
    """Redraw each summary that names what has changed, and no other: that one was redrawn would
    tell its reader that there is something else."""
    return tuple(
        Redraw(issue.slot(person))
        for issue in state.issues
        for person, named in issue.named.items()
        if of in named
    )


# --- what it says -------------------------------------------------------------------------


def _facts(since: datetime) -> Facts:
    return (
        About(),
        *HELPERS,
        States("question"),
        States("agreement"),
        StateOf("digest", "digest"),
        MEMORY,
        RecordsSince("answer", since),
    )


def _since(state: Summary, at: datetime) -> datetime:
    return state.last or at - timedelta(days=7)


def _summary(
    issue: Issue, person: Person, known: Known, *, at_once: bool = False
) -> NeutralCard | None:
    """Return a person's summary; None if there is nothing to say."""
    project, at = known.project, issue.at
    leads = person in known.holders("leader", "deputy")
    day = local(project.calendar, at).date()
    _, week = iso_week(project.calendar, at)
    title = text("summary.title", week=Words(str(week)), name=Words(project.name))
    named = issue.named.get(person, ())
    first = owed_parts(person, day, named, title, known) or [Heading(title)]
    parts: list[Part[Line] | None] = [*_new(issue, person, named, known)]
    if leads:
        parts += [
            *_talk(issue, known),
            *_unfinished(at, known),
            *_agreements(named, day, known),
        ]
    if len(first) == 1 and not any(parts):
        if not at_once:
            return None
        parts.append(Paragraph(text("summary.nothing")))
    if leads:
        parts += _news(at, known, at_once=at_once)
        parts += issue.advice.parts
    return card(*first, *parts)


def _new(
    issue: Issue, person: Person, named: tuple[str, ...], known: Known
) -> list[Part[Line] | None]:
    """Count the new texts that this person may read: for the leader all, for others those addressed
    to them. What the same letter names as waiting is not told of a second time."""
    leads = person in known.holders("leader", "deputy")
    mine = {one.id: one for one in for_reader(known, person)}
    if leads:
        mine |= {one.id: one for one in open_to_all(known)}
    fresh = [
        one
        for one in mine.values()
        if one.id in issue.new
        and one.id not in named
        and one.status != "withdrawn"
        and one.author != person
        and may_read(one, person)
    ]
    counted = Counter(one.kind for one in fresh)
    kinds: list[Line] = []
    if n := counted["concern"]:
        kinds.append(text("summary.new_concern", n=Count(n)))
    if n := counted["question"]:
        kinds.append(text("summary.new_question", n=Count(n)))
    if n := counted["idea"]:
        kinds.append(text("summary.new_idea", n=Count(n)))
    if not kinds:
        return []
    key = "summary.new_to_read" if leads else "summary.new_to_you"
    return [
        Paragraph(text(key, list=Listing(tuple(kinds)))),
        buttons(Button(text("summary.read"), Look("concerns", project=known.project.id))),
    ]


def _talk(issue: Issue, known: Known) -> list[Part[Line] | None]:
    """Return how many people answered by name, and a question with answers to discuss."""
    answers = [a for a in known(RecordsSince("answer", issue.since)) if a.at <= issue.at]
    per_question = Counter(rec.ref for rec in answers)
    people = {rec.person for rec in answers}
    if not people:
        return []
    lines: list[Line] = [text("summary.took_part", n=Count(len(people)))]
    talked = [
        one
        for id, one in all_of(known).items()
        if per_question[id] and isinstance(one, Discussed) and not one.with_trio
    ]
    if talked:
        one = max(talked, key=lambda one: (per_question[one.words.id], one.asked_at))
        lines.append(text("summary.talk", question=title(one.words)))
    return [Paragraph(Several(tuple(lines)))]


def _unfinished(at: datetime, known: Known) -> list[Part[Line] | None]:
    old = [
        one
        for one in all_of(known).values()
        if isinstance(one, Asked) and not one.with_trio and at - one.asked_at >= UNFINISHED
    ]
    if not old:
        return []
    return [
        Paragraph(text("summary.unfinished", n=Count(len(old)))),
        buttons(Button(text("summary.questions"), Look("questions", project=known.project.id))),
    ]


def _agreements(named: tuple[str, ...], day: date, known: Known) -> list[Part[Line] | None]:
    found = known.states("agreement", Agreement)
    late = [id for id in named if id in found and overdue(found[id], day)]
    if not late:
        return []
    return [
        Paragraph(text("summary.overdue", n=Count(len(late)))),
        buttons(Button(text("summary.agreements"), Look("agreements", project=known.project.id))),
    ]


def _news(at: datetime, known: Known, *, at_once: bool) -> list[Part[Line] | None]:
    """Ask for two lines for the overview, unless they are written or were just asked for."""
    project = known.project
    digest = known.state("digest", "digest", Digest) or Digest()
    year, week = iso_week(project.calendar, next_overview(project, at))
    asked = digest.asked == f"{year}-W{week:02}" and not at_once
    passed = digest.last is not None and digest.last > at
    if digest.news or asked or passed or not project.running:
        return []
    return [
        Paragraph(text("summary.news")),
        buttons(Button(text("digest.write_news"), Look("news", project=project.id))),
    ]


# --- the post and the look ----------------------------------------------------------------


def _view_needs(state: Summary, slot: str) -> Facts:
    for issue in state.issues:
        if slot in map(issue.slot, issue.named):
            return _facts(issue.since)
    return (About(),)


def _view(state: Summary, slot: str, known: Known) -> NeutralCard:
    for issue in state.issues:
        for person in issue.named:
            if issue.slot(person) == slot:
                return _summary(issue, person, known) or card()
    return card()


def _look_needs(look: Look, viewer: Viewer) -> Facts:
    # New answers are counted for the last week, because a look cannot use the state to choose its
    # facts.
    return (*_facts(_since(Summary(), viewer.at)), StateOf("summary", "summary"))


def _look(look: Look, viewer: Viewer, known: Known) -> Responses:
    if not known.project.under_way:
        return (Show(card(Paragraph(text("summary.closed")))),)
    state = known.state("summary", "summary", Summary) or Summary()
    seen = Summary(known=state.known)
    issue = _issue(seen, (viewer.person,), viewer.at, known)
    shown = _summary(issue, viewer.person, known, at_once=True)
    return () if shown is None else (Show(shown),)


CONVERSATION = Conversation(
    name="summary",
    state=Summary,
    events=the_only("summary", e.Unreached, e.MatterChanged),
    needs=needs,
    decide=decide,
    view_needs=_view_needs,
    view=_view,
    sights={"summary": Sight(_look_needs, _look)},
    has_timers=True,
)
