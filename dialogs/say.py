"""Sig det: a question, an idea, a concern, by name or without, and what its author does later.

What comes without a name goes into the pool and nowhere else. It leaves the pool by the calendar
alone: at the weekly release, or at the fixed hour of a working day for what asked to be sent then.
These timers stand whether anybody has written or not.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any, assert_never

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dialogs import cards as c
from dialogs import effects as fx
from dialogs import events as e
from dialogs import facts as f
from dialogs.calendar import (
    Calendar,
    at_local,
    is_working_day,
    local,
    next_weekly,
    next_working_day,
)
from dialogs.cards import Button, Line, NeutralCard, Option, Part, Words, card, text
from dialogs.concern import Concern, answer_parts, readers_line, status_line, widened
from dialogs.conversation import Conversation, Facts, Moments, Sight, Step, nothing
from dialogs.effects import Effect, FieldError, Moment, Open, PoolEntry, Privately, Publish, Show
from dialogs.events import Look, Person
from dialogs.facts import Authored, ByCode, Known, Viewer, Waiting

EVERYONE = "everyone"
FEW = 5  # so few that a text is easily guessed: the author confirms having read so
MANY = 10  # with fewer, two weeks are gathered for one release
RELEASED_AT = 7 * 60  # minutes after midnight
SENT_AT = 14
WEEKLY = "release"
ROOM = 2900  # what one text may hold, with all that the author added before it was sent
THINGS_SAID = ("said", "more", "objects", "withdraws")


class Say(Struct, frozen=True, kw_only=True, tag="say"):
    """When what was said without a name goes. `next_release` has been told to authors, so it
    stays where it is until it has come, whatever else is changed."""

    next_release: datetime
    next_day: datetime
    every_weeks: int = 1
    number: int = 0  # of the last release
    ended: bool = False  # nothing new is taken in; one release is still to come
    over: bool = False


State = Say
HERE = f.State("say", "say")


def needs(state: State | None, event: e.SignedEvent) -> Facts:
    people = (f.About(), f.Roles(), f.Team())
    match event:
        case e.Woke(name="release"):
            return (*people, f.States("concern"), f.Published("said"), f.Unreleased(THINGS_SAID))
        case e.Woke(name="day"):
            return (*people, f.States("concern"), f.Published("said"), f.Unreleased(("said",)))
        case _:
            return people


def decide(state: State | None, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.Begun():
            return _begun(state, event, known)
        case e.SaidByName():
            return state, _said_by_name(state, event, known)
    if state is None:
        return None, ()
    match event:
        case e.Halted():
            ended = known.project.stage in ("stopped", "ended")
            return (replace(state, ended=True) if ended else state), ()
        case e.Woke(name="release"):
            return _weekly(state, event, known)
        case e.Woke(name="day"):
            return _daily(state, event, known)
        case e.Woke(name="morning"):
            return _morning(state, event.at, known)
        case _:
            return state, ()


# --- the calendar -------------------------------------------------------------------------


def _begun(state: State | None, event: e.Begun, known: Known) -> Step:
    at = event.at
    if state is not None and not state.over:
        return replace(state, ended=False), _timers(state, at, known)
    weeks = _weeks(known)
    new = Say(
        next_release=_release_after(at + timedelta(weeks=weeks - 1), known),
        next_day=_day_after(at, known),
        every_weeks=weeks,
        number=0 if state is None else state.number,
    )
    return new, _timers(new, at, known)


def _timers(state: Say, at: datetime, known: Known) -> tuple[fx.Timer, ...]:
    return (
        fx.Timer("release", state.next_release),
        fx.Timer("day", _next_at(at, known, SENT_AT)),
        fx.Timer("morning", _next_at(at, known, 0)),
    )


def _weeks(known: Known) -> int:
    return 1 if may_write(known) >= MANY else 2


def _release_after(at: datetime, known: Known) -> datetime:
    """The morning of an overview's day: so the readers' summary of that morning can tell of it,
    they have time to answer, and the overview can carry both."""
    project = known.project
    minutes = max(0, min(RELEASED_AT, project.overview_hour - 60))
    return next_weekly(project.calendar, at, project.overview_weekday, *divmod(minutes, 60))


def _day_after(at: datetime, known: Known) -> datetime:
    """The working day after this one: what is written today lies over a night at least."""
    calendar = known.project.calendar
    return at_local(calendar, next_working_day(calendar, local(calendar, at).date()), SENT_AT)


def _next_at(at: datetime, known: Known, hour: int) -> datetime:
    """The next time that a working day has this hour, maybe today."""
    calendar = known.project.calendar
    today = local(calendar, at).date()
    moment = at_local(calendar, today, hour)
    if moment > at and is_working_day(calendar, today):
        return moment
    return at_local(calendar, next_working_day(calendar, today), hour)


def may_write(known: Known) -> int:
    """How many may write without a name here: all but those who lead or have led."""
    led = {
        r.person
        for r in known(f.Roles())
        if r.role in ("leader", "deputy") and r.status in ("confirmed", "was")
    }
    there = {*known(f.Team()), *known.holders("tr", "amr", "facilitator")}
    return len(there - led)


def _weekly(state: Say, event: e.Woke, known: Known) -> Step:
    waiting = known(f.Unreleased(THINGS_SAID))
    number = state.number + 1
    effects = _released(waiting, number, event, known, everybody=True)
    if state.ended:
        return replace(state, number=number, over=True), (
            *effects,
            fx.Cancel("day"),
            fx.Cancel("morning"),
        )
    weeks = _weeks(known)
    # Never sooner than the period allows, though the overview be moved meanwhile: a release of
    # one day would be a release of one author.
    after = event.at + timedelta(days=7 * weeks - 4)
    new = replace(
        state, number=number, every_weeks=weeks, next_release=_release_after(after, known)
    )
    return new, (*effects, fx.Timer("release", new.next_release))


def _daily(state: Say, event: e.Woke, known: Known) -> Step:
    if state.over:
        return state, ()
    today = local(known.project.calendar, event.at).date().isoformat()
    waiting = tuple(w for w in known(f.Unreleased(("said",))) if w.ref != WEEKLY and w.ref <= today)
    again = fx.Timer("day", _next_at(event.at, known, SENT_AT))
    if not waiting:
        return state, (again,)
    number = state.number + 1
    effects = _released(waiting, number, event, known, everybody=False)
    return replace(state, number=number), (*effects, again)


def _morning(state: Say, at: datetime, known: Known) -> Step:
    """What is written from now on goes on the working day after this one."""
    if state.over:
        return state, ()
    new = replace(state, next_day=_day_after(at, known))
    return new, (fx.Timer("morning", _next_at(at, known, 0)),)


# --- a release ----------------------------------------------------------------------------


def _released(
    waiting: tuple[Waiting, ...], number: int, event: e.Woke, known: Known, *, everybody: bool
) -> tuple[Effect, ...]:
    concerns = known.states("concern", Concern)
    by_receipt = {u.receipt: u.id for u in known(f.Published("said"))}
    effects: list[Effect] = []
    came: Counter[Person] = Counter()
    went_on: set[Person] = set()
    new: list[Concern] = []
    # In the order of ids that chance drew: nothing else may show in the order of rows.
    for w in sorted((w for w in waiting if w.kind == "said"), key=lambda w: w.new_id):
        one = _from_pool(w, number)
        new.append(one)
        came.update(one.readers)
        effects.extend(_published(w, number))
        effects.append(
            fx.Tell(
                e.Released(
                    concern=one.id,
                    kind=one.kind,
                    readers=one.readers,
                    everyone=one.everyone,
                    trio=one.trio,
                    number=number,
                )
            )
        )
    later = [(w, w.ref or by_receipt.get(w.author, "")) for w in waiting if w.kind != "said"]
    gone = {of for w, of in later if w.kind == "withdraws"}
    for w, of in sorted(later, key=lambda pair: pair[0].new_id):
        found = concerns.get(of)
        if found is None or found.status == "withdrawn":
            effects.append(fx.Unpool((w.entry,)))
            continue
        effects.extend(_went_on(w, found, number, withdrawn=of in gone))
        if of not in gone:
            concerns[of] = widened(found, *_widening(w.body))
            went_on.update(concerns[of].readers)
    unnamed = [one for one in concerns.values() if not one.author] + new
    if everybody or new:
        effects.extend(_snapshots(unnamed, number, known))
    for person in sorted({*came, *went_on}):
        said = _came(came[person], person in went_on, event.project)
        effects.append(Privately(person, said, urgency=3, once=f"release:{number}:{person}"))
    return tuple(effects)


def _from_pool(w: Waiting, number: int) -> Concern:
    one = Concern(
        id=w.new_id,
        kind=w.body["kind"],
        readers=tuple(w.body["readers"]),
        everyone=w.body["everyone"],
        trio=w.body["trio"],
        release=number,
    )
    for more in w.body.get("more", ()):
        one = widened(one, *_widening(more))
    return one


def _widening(body: dict[str, Any]) -> tuple[tuple[Person, ...], bool]:
    return tuple(body.get("readers", ())), bool(body.get("everyone", False))


def _published(w: Waiting, number: int) -> tuple[Publish, ...]:
    """The text with all that its author added before anybody read it."""
    whole = str(w.body["text"])
    rest: list[str] = []
    for more in w.body.get("more", ()):
        if not more["text"]:
            continue
        joined = f"{whole}\n\n{more['text']}"
        if len(joined) <= ROOM and not rest:
            whole = joined
        else:
            rest.append(more["text"])
    body = {key: w.body[key] for key in ("kind", "readers", "everyone", "trio")}
    first = Publish(w.entry, w.new_id, "said", "", number, {**body, "text": whole}, w.receipt)
    return (
        first,
        *(
            Publish(w.entry, f"{w.new_id}-{n}", "more", w.new_id, number, {"text": words})
            for n, words in enumerate(rest, 1)
        ),
    )


def _went_on(w: Waiting, one: Concern, number: int, *, withdrawn: bool) -> tuple[Effect, ...]:
    if w.kind == "withdraws":
        told = e.AuthorAdded(concern=one.id, what="withdrew")
        return fx.Unpool((w.entry,)), fx.Tell(told)
    if withdrawn:
        return (fx.Unpool((w.entry,)),)
    readers, everyone = _widening(w.body)
    if not w.body["text"]:
        told = e.AuthorAdded(concern=one.id, what="widened", readers=readers, everyone=everyone)
        return fx.Unpool((w.entry,)), fx.Tell(told)
    objects = w.kind == "objects"
    told = e.AuthorAdded(
        concern=one.id,
        what="objected" if objects else "wrote",
        readers=readers,
        everyone=everyone,
    )
    body: dict[str, Any] = {"text": w.body["text"], "objection": objects}
    return Publish(w.entry, w.new_id, "more", one.id, number, body), fx.Tell(told)


def _snapshots(unnamed: list[Concern], number: int, known: Known) -> tuple[fx.Snapshot, ...]:
    """What each audience may know of what came without a name, and all it may know: nobody learns
    from it that anything was said to somebody else."""
    readers = {p for one in unnamed for p in one.readers}
    audiences = sorted({*readers, *known.holders("leader", "tr", "amr")})
    return (
        _snapshot("all", [one for one in unnamed if one.everyone], number, known),
        *(
            _snapshot(person, [one for one in unnamed if person in one.readers], number, known)
            for person in audiences
        ),
    )


def _snapshot(audience: str, read: list[Concern], number: int, known: Known) -> fx.Snapshot:
    items = [
        {"id": one.id, "kind": one.kind, "release": one.release}
        for one in sorted(read, key=lambda one: (one.release, one.id))
    ]
    new = sum(one.release == number for one in read)
    body = {"release": number, "items": items, "shown": new >= known.project.threshold}
    return fx.Snapshot(audience, number, body)


def _came(new: int, went_on: bool, project: str) -> NeutralCard:
    return card(
        c.Paragraph(text("say.came", n=c.Count(new))) if new else None,
        c.Paragraph(text("say.went_on")) if went_on else None,
        c.buttons(Button(text("concern.see"), Look("concerns", project=project))),
    )


# --- by name ------------------------------------------------------------------------------


def _said_by_name(
    state: State | None, event: e.SaidByName, known: Known
) -> tuple[Effect | Moment, ...]:
    if (closed := _closed(state, known)) is not None:
        return (Show(card(c.Paragraph(closed))),)
    readers, everyone = _chosen(event.readers, event.everyone)
    if not readers and not everyone:
        return (FieldError("readers", text("say.choose_readers")),)
    body = {
        "text": event.text,
        "kind": event.kind,
        "readers": readers,
        "everyone": everyone,
        "trio": event.trio,
    }
    told = e.Released(
        concern=event.id,
        kind=event.kind,
        readers=readers,
        everyone=everyone,
        trio=event.trio,
        author=event.by,
        number=0 if state is None else state.number,
    )
    came = card(
        c.Paragraph(text("say.came_by_name", who=c.Who(event.by), kind=_kind(event.kind))),
        c.Quote(c.Kept("said", event.id), c.Who(event.by)),
        c.buttons(
            Button(text("button.reply"), _look("answer_concern", event.project, event.id)),
            Button(text("concern.promise_date"), _look("take_concern", event.project, event.id)),
        ),
    )
    return (
        fx.Record("said", "", event.id, event.by, event.at, body),
        fx.Tell(told),
        *(Privately(person, came, now=True) for person in readers),
        Show(card(*_sent_by_name(event.kind, readers, everyone))),
    )


def _sent_by_name(
    kind: e.Matter, readers: tuple[Person, ...], everyone: bool
) -> tuple[Part[Line], ...]:
    names = c.Listing(tuple(c.Who(p) for p in readers))
    parts: list[Part[Line]] = []
    if readers:
        parts.append(c.Paragraph(text("say.sent_to", who=names)))
    if everyone:
        key = "say.stands_in_list" if kind == "concern" else "say.stands_in_channel"
        parts.append(c.Paragraph(text(key)))
    parts.append(c.Small(text("say.reply_comes")))
    return tuple(parts)


def _chosen(readers: tuple[Person, ...], everyone: bool) -> tuple[tuple[Person, ...], bool]:
    """The form offers everybody beside the named readers, in one list."""
    return tuple(p for p in readers if p != EVERYONE), everyone or EVERYONE in readers


def _closed(state: State | None, known: Known) -> Line | None:
    """None where something can be said now."""
    if known.project.stage in ("stopped", "ended"):
        return text("say.ended")
    return text("say.not_started") if state is None else None


def _kind(kind: str) -> Line:
    return text(f"concern.kind_{kind}")


def _look(view: e.View, project: str, ref: str) -> Look:
    return Look(view, project=project, ref=ref)


# --- without a name -----------------------------------------------------------------------


def unsigned_needs(event: e.UnsignedEvent) -> Facts:
    match event:
        case e.AuthorWrote(code=code) | e.AuthorObjected(code=code) | e.AuthorWithdrew(code=code):
            return (f.About(), HERE, ByCode(code))
        case _:
            return (f.About(), HERE, f.Roles(), f.Team())


def unsigned(event: e.UnsignedEvent, known: Known) -> tuple[PoolEntry | None, Moments]:
    state = known.state("say", "say", Say)
    match event:
        case e.SaidUnnamed():
            return _said_unnamed(state, event, known)
        case e.AuthorWrote(code=code) | e.AuthorObjected(code=code) | e.AuthorWithdrew(code=code):
            found = known(ByCode(code))
            if found is None or found.project != event.project:
                return None, (Show(_unknown_code()),)
            if (no := _too_late(state, found, event)) is not None:
                return None, (Show(card(c.Paragraph(no))),)
            assert state is not None or found.waiting
            return _by_author(state, found, event)
        case e.AnsweredUnnamed() | e.Fits() | e.Missing():
            raise AssertionError("a question's own")
        case _:
            assert_never(event)


def _said_unnamed(
    state: State | None, event: e.SaidUnnamed, known: Known
) -> tuple[PoolEntry | None, Moments]:
    if (closed := _closed(state, known)) is not None:
        return None, (FieldError("", closed),)
    assert state is not None
    readers, everyone = _chosen(event.readers, event.everyone)
    if not readers and not everyone:
        return None, (FieldError("readers", text("say.choose_readers")),)
    if may_write(known) < FEW and not event.understood:
        return None, (FieldError("", text("say.confirm_first")),)
    early = event.sending == "next_working_day"
    goes = state.next_day if early else state.next_release
    day = local(known.project.calendar, goes).date().isoformat()
    body = {
        "text": event.text,
        "kind": event.kind,
        "readers": readers,
        "everyone": everyone,
        "trio": event.trio,
    }
    entry = PoolEntry(kind="said", ref=day if early else WEEKLY, body=body)
    shown = card(
        c.Paragraph(text("say.received", code=Words(""))),
        c.Paragraph(text("say.keep_code")),
        c.Paragraph(text("say.goes", when=c.Moment(goes))),
        c.buttons(Button(text("button.read_more"), Look("about_all", project=event.project))),
    )
    return entry, (Show(shown),)


Authors = e.AuthorWrote | e.AuthorObjected | e.AuthorWithdrew


def _too_late(state: State | None, found: Authored, event: Authors) -> Line | None:
    """None where the author may do this now. A button may be older than what is true."""
    one = _concern(found)
    if found.kind != "said" and not isinstance(event, e.AuthorWithdrew):
        return text("say.only_withdraw")
    if found.waiting:
        return text("say.not_closed") if isinstance(event, e.AuthorObjected) else None
    if found.kind != "said" or one is None:
        return text("say.released_already")
    if state is None or state.over:
        return text("say.ended")
    kinds = {kind for kind, _ in found.unsent}
    if one.status == "withdrawn" or "withdraws" in kinds:
        return text("say.withdrawn_already")
    if isinstance(event, e.AuthorObjected):
        if one.objected or "objects" in kinds:
            return text("say.objected_already")
        return None if one.status == "closed" else text("say.not_closed")
    if isinstance(event, e.AuthorWrote) and one.status == "closed":
        return text("say.closed_object")
    return None


def _by_author(
    state: State | None, found: Authored, event: Authors
) -> tuple[PoolEntry | None, Moments]:
    ref = "" if found.waiting else found.id
    match event:
        case e.AuthorWithdrew():
            entry = PoolEntry("withdraws", ref, {}, found.receipt, withdraw=True)
            said = text("say.gone")
        case e.AuthorWrote(text=words):
            readers, everyone = _chosen(event.readers, event.everyone)
            if not words and not readers and not everyone:
                return None, (FieldError("text", text("say.nothing_new")),)
            body = {"text": words, "readers": readers, "everyone": everyone}
            entry = PoolEntry("more", ref, body, found.receipt)
            said = text("say.more_received")
        case e.AuthorObjected(text=words):
            entry = PoolEntry("objects", ref, {"text": words}, found.receipt)
            said = text("say.objection_received")
        case _:
            assert_never(event)
    if found.waiting or state is None:
        return entry, (Show(card(c.Paragraph(said))),)
    if isinstance(event, e.AuthorWithdrew):
        said = text("say.will_be_withdrawn")
    goes = text("say.goes", when=c.Moment(state.next_release))
    return entry, (Show(card(c.Paragraph(said), c.Paragraph(goes))),)


def _concern(found: Authored) -> Concern | None:
    return None if found.state is None else msgspec.json.decode(found.state, type=Concern)


def _unknown_code() -> NeutralCard:
    return card(
        c.Paragraph(text("say.unknown_code")),
        c.buttons(Button(text("button.code"), Look("code"))),
    )


# --- looks --------------------------------------------------------------------------------


def _form_needs(look: Look, viewer: Viewer) -> Facts:
    return (f.About(), f.Roles(), f.Team(), HERE)


def _way(look: Look, viewer: Viewer, known: Known) -> Moments:
    if (closed := _closed(known.state("say", "say", Say), known)) is not None:
        code: Button[Line] = Button(text("button.code"), Look("code", project=viewer.project))
        read: Button[Line] = Button(text("concern.see"), Look("concerns", project=viewer.project))
        return (Show(card(c.Paragraph(closed), c.buttons(code, read))),)
    project = viewer.project
    leads = viewer.may("leader", "deputy", "has_led")
    return (
        Show(
            card(
                c.Heading(text("say.heading")),
                c.Paragraph(text("say.way_leader" if leads else "say.way")),
                c.buttons(
                    Button(text("say.named"), Look("say_named", project=project)),
                    None
                    if leads
                    else Button(text("say.unnamed"), Look("say_unnamed", project=project)),
                    Button(text("button.code"), Look("code", project=project)),
                    Button(text("concern.see"), Look("concerns", project=project)),
                    Button(text("button.read_more"), Look("about_all", project=project)),
                ),
            )
        ),
    )


def _kinds() -> c.Choice[Line]:
    options: tuple[Option[Line], ...] = tuple(
        Option(kind, _kind(kind)) for kind in ("question", "idea", "concern")
    )
    return c.Choice("kind", text("say.field_kind"), options)


def _readers(
    viewer: Viewer, known: Known, already: tuple[Person, ...] = ()
) -> tuple[Option[Line], ...]:
    """The project's own people by name and role, and everybody."""
    options: dict[str, Option[Line]] = {}
    for role in known(f.Roles()):
        if role.status != "confirmed" or role.role not in ("leader", "tr", "amr"):
            continue
        if role.person in (viewer.person, *already, *options):
            continue
        who, what = c.Who(role.person), text(f"say.role_{role.role}")
        label = text("say.reader", who=who, role=what)
        if role.detail and role.role == "tr":
            label = text("say.reader_union", who=who, role=what, union=Words(role.detail))
        options[role.person] = Option(role.person, label)
    return (*options.values(), Option(EVERYONE, text("say.everyone")))


def _who(viewer: Viewer, known: Known) -> c.Choices[Line]:
    """Nobody is chosen beforehand."""
    return c.Choices("readers", text("say.field_readers"), _readers(viewer, known), required=True)


def _consent(known: Known) -> c.Choice[Line] | None:
    if not known.holders("tr", "amr"):
        return None
    options: tuple[Option[Line], ...] = (
        Option("false", text("say.trio_no")),
        Option("true", text("say.trio_yes")),
    )
    return c.Choice("trio", text("say.field_trio"), options, value="false")


def _named_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    if (closed := _closed(known.state("say", "say", Say), known)) is not None:
        return (Show(card(c.Paragraph(closed))),)
    fields: tuple[c.Field[Line] | None, ...] = (
        _kinds(),
        c.TextField("text", text("say.field_text"), long=True),
        _who(viewer, known),
        _consent(known),
        c.Note(text("say.named_note")),
    )
    return (_open("say.named_title", fields, "said_by_name", {"project": viewer.project}),)


def _unnamed_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    state = known.state("say", "say", Say)
    if (closed := _closed(state, known)) is not None:
        return (Show(card(c.Paragraph(closed))),)
    assert state is not None
    n = may_write(known)
    sending: list[Option[Line]] = [
        Option("release", text("say.with_others", when=c.Moment(state.next_release)))
    ]
    if state.next_day < state.next_release:
        when = text("say.early", when=c.Moment(state.next_day))
        sending.append(Option("next_working_day", when, text("say.fewer")))
    understood: tuple[Option[Line], ...] = (Option("true", text("say.understood")),)
    fields: tuple[c.Field[Line] | None, ...] = (
        c.Note(text("say.honest", when=c.Moment(state.next_release))),
        _kinds(),
        c.TextField("text", text("say.field_text"), long=True),
        _who(viewer, known),
        _consent(known),
        c.Choice(
            "sending",
            text("say.field_sending"),
            tuple(sending),
            value="release",
            hint=text("say.may_write", n=c.Count(n)) if n >= FEW else None,
        ),
        c.Choice(
            "understood",
            text("say.field_understood"),
            understood,
            hint=text("say.so_few", n=c.Count(n)),
        )
        if n < FEW
        else None,
    )
    return (_open("say.unnamed_title", fields, "said_unnamed", {"project": viewer.project}),)


def _open(
    title: str,
    fields: tuple[c.Field[Line] | None, ...],
    into: str,
    fixed: dict[str, str],
    submit: str = "button.send",
) -> Open:
    there = tuple(field for field in fields if field is not None)
    return Open(
        c.Form(title=text(title), fields=there, submit=text(submit), into=into, fixed=fixed)
    )


def _code_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    words: c.Field[Line] = c.TextField(
        "words", text("say.field_code"), text("say.code_hint"), limit=60
    )
    note: c.Field[Line] = c.Note(text("say.code_note"))
    return (_open("button.code", (words, note), "look", {"view": "by_code"}, "say.open_code"),)


def _code_needs(look: Look, viewer: Viewer) -> Facts:
    return (ByCode(look.words), f.About(), HERE)


def _by_code(look: Look, viewer: Viewer, known: Known) -> Moments:
    found = known(ByCode(look.words))
    if found is None:
        return (Show(_unknown_code()),)
    one = _concern(found)
    state = known.state("say", "say", Say) if found.project == look.project else None
    today = local(Calendar(), viewer.at).date()
    parts: list[Part[Line] | None] = [
        c.Heading(text("say.you_wrote")),
        c.Quote(Words(str(found.body.get("text", "")))),
    ]
    for more in (*found.body.get("more", ()), *found.later):
        if more["text"]:
            parts.append(c.Quote(Words(str(more["text"]))))
    if found.kind == "said":
        parts.append(c.Small(_reads(found, one)))
    if one is not None:
        parts.append(c.Paragraph(text("concern.stands", status=status_line(one, today))))
        written = {r.id: {k: str(v) for k, v in r.body.items()} for r in found.answers}
        parts.extend(answer_parts(one, written))
        if one.answers:
            parts.append(c.Small(text("say.caution")))
    else:
        parts.append(c.Paragraph(text("say.waits" if found.waiting else "say.is_out")))
        if found.waiting and found.kind == "said" and state is not None:
            goes = state.next_release if found.ref == WEEKLY else None
            parts.append(c.Paragraph(_goes(goes, found.ref)))
    unsent = [(kind, body) for kind, body in found.unsent if kind in ("more", "objects")]
    if unsent:
        parts.append(c.Paragraph(text("say.unsent")))
        parts.extend(c.Quote(Words(str(body["text"]))) for _, body in unsent if body["text"])
        if any(any(_widening(body)) for _, body in unsent):
            parts.append(c.Paragraph(text("say.widening_waits")))
    if any(kind == "withdraws" for kind, _ in found.unsent):
        parts.append(c.Paragraph(text("say.withdrawal_waits")))
    parts.append(_authors_buttons(found, look.words))
    return (Show(card(*parts)),)


def _reads(found: Authored, one: Concern | None) -> Line:
    if one is not None:
        return readers_line(one.readers, one.everyone)
    readers, everyone = _widening(found.body)
    for more in found.body.get("more", ()):
        also, everybody = _widening(more)
        readers, everyone = (*readers, *also), everyone or everybody
    return readers_line(tuple(dict.fromkeys(readers)), everyone)


def _goes(at: datetime | None, day: str) -> Line:
    if at is not None:
        return text("say.goes", when=c.Moment(at))
    return text("say.goes_day", day=c.Day(date.fromisoformat(day)))


def _authors_buttons(found: Authored, code: str) -> Part[Line] | None:
    one = _concern(found)
    project = found.project
    over = one is not None and (
        one.status == "withdrawn" or any(kind == "withdraws" for kind, _ in found.unsent)
    )
    said = found.kind == "said" and not over
    closed = one is not None and one.status == "closed"
    objected = one is not None and (
        one.objected or any(kind == "objects" for kind, _ in found.unsent)
    )
    withdraw = (found.waiting or found.kind == "said") and not over
    return c.buttons(
        Button(text("say.write_more"), _look("write_more", project, code))
        if said and not closed
        else None,
        Button(text("say.object"), _look("object", project, code))
        if said and closed and not objected
        else None,
        Button(text("button.withdraw"), _look("withdraw", project, code)) if withdraw else None,
    )


def _author_needs(look: Look, viewer: Viewer) -> Facts:
    return (ByCode(look.ref), f.About(), f.Roles(), HERE)


def _write_more(look: Look, viewer: Viewer, known: Known) -> Moments:
    return _author_form(look, viewer, known, e.AuthorWrote(code=look.ref))


def _object(look: Look, viewer: Viewer, known: Known) -> Moments:
    return _author_form(look, viewer, known, e.AuthorObjected(code=look.ref, text=""))


def _withdraw(look: Look, viewer: Viewer, known: Known) -> Moments:
    return _author_form(look, viewer, known, e.AuthorWithdrew(code=look.ref))


def _author_form(look: Look, viewer: Viewer, known: Known, event: Authors) -> Moments:
    found = known(ByCode(look.ref))
    if found is None or found.project != look.project:
        return (Show(_unknown_code()),)
    state = known.state("say", "say", Say)
    if (no := _too_late(state, found, event)) is not None:
        return (Show(card(c.Paragraph(no))),)
    fixed = {"code": look.ref, "project": found.project}
    match event:
        case e.AuthorWithdrew():
            key = "say.withdraw_waiting" if found.waiting else "say.withdraw_released"
            return (
                _open("button.withdraw", (c.Note(text(key)),), "author_withdrew", fixed,
                      "button.withdraw"),
            )  # fmt: skip
        case e.AuthorWrote():
            one = _concern(found)
            already = tuple(found.body["readers"]) if one is None else one.readers
            everyone = found.body["everyone"] if one is None else one.everyone
            fields: tuple[c.Field[Line] | None, ...] = (
                c.Note(text("say.more_note")),
                c.TextField("text", text("say.field_text"), long=True, required=False),
                None
                if everyone
                else c.Choices(
                    "readers", text("say.field_more_readers"), _readers(viewer, known, already)
                ),
            )
            return (_open("say.write_more", fields, "author_wrote", fixed),)
        case e.AuthorObjected():
            words: c.Field[Line] = c.TextField("text", text("say.field_text"), long=True)
            note: c.Field[Line] = c.Note(text("say.object_note"))
            return (_open("say.object", (note, words), "author_objected", fixed),)
        case _:
            assert_never(event)


def _view(state: State, slot: str, known: Known) -> NeutralCard:
    raise AssertionError("nothing of this stands in the channel")


CONVERSATION = Conversation(
    name="say",
    state=State,
    needs=needs,
    decide=decide,
    view_needs=nothing,
    view=_view,
    sights={
        "say": Sight(_form_needs, _way),
        "say_named": Sight(_form_needs, _named_form),
        "say_unnamed": Sight(_form_needs, _unnamed_form),
        "code": Sight(nothing, _code_form),
        "by_code": Sight(_code_needs, _by_code),
        "write_more": Sight(_author_needs, _write_more),
        "object": Sight(_author_needs, _object),
        "withdraw": Sight(_author_needs, _withdraw),
    },
    unsigned_needs=unsigned_needs,
    unsigned=unsigned,
)
