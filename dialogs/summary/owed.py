"""What waits for somebody's answer, as a list with one way in for each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from dialogs.concern.states import Concern, Owed, owed
from dialogs.model.cards import (
    FORMER,
    Button,
    Count,
    Day,
    Heading,
    Line,
    Listing,
    MatterRow,
    Matters,
    Part,
    Small,
    Who,
    text,
)
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known

SHOWN = 3
CUT = 160
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR = {-1: "summary.yesterday", 0: "summary.today", 1: "summary.tomorrow"}


def waiting_for(person: Person, day: date, known: Known) -> tuple[Owed, ...]:
    """Return the texts that wait: for the leader all, for others those addressed to or promised by
    them."""
    leads = person in known.holders("leader", "deputy")
    return tuple(
        one
        for one in owed(known, person, day)
        if leads or person in (*one.concern.readers, one.concern.promised_by)
    )


def who_owe(known: Known) -> tuple[Person, ...]:
    """Return everybody who owes an answer or an outcome, with or without a role."""
    found: list[Person] = []
    for one in known.states("concern", Concern).values():
        if one.waits:
            found += (one.promised_by,) if one.promised_by else one.readers
        elif one.doing is not None:
            found.append(one.doing.by)
    return tuple(sorted({*found} - {"", FORMER}))


def owed_parts(
    person: Person, day: date, named: Iterable[str], title: Line, known: Known
) -> list[Part[Line] | None]:
    """Return the list of what waits of `named`, below a heading with how many there are. What is
    done stays in it, last, and says so."""
    still = {one.concern.id: one for one in waiting_for(person, day, known)}
    concerns = known.states("concern", Concern)
    waits = [still[id] for id in named if id in still]
    done = [
        one
        for id in named
        if id not in still and (one := concerns.get(id)) is not None and one.status != "withdrawn"
    ]
    if not waits and not done:
        return []
    rows = [_waits(one, person, day, known) for one in waits[:SHOWN]]
    if len(waits) > SHOWN:
        look = Look("concerns", project=known.project.id, ref="owed")
        more = text("summary.more", n=Count(len(waits) - SHOWN))
        rows.append(MatterRow(more, button=Button(text("summary.all_owed"), look)))
    rows += [_done(one, person, day) for one in done[:SHOWN]]
    heading: Line = text("summary.owed", n=Count(len(waits))) if waits else text("summary.all_done")
    return [Small(title), Heading(heading), Matters(tuple(rows))]


def _waits(one: Owed, person: Person, day: date, known: Known) -> MatterRow[Line]:
    here = {"project": known.project.id, "ref": one.concern.id}
    button: Button[Line] = Button(text("button.reply"), Look("answer_concern", **here))
    if one.telling:
        button = Button(text("summary.tell"), Look("concern", **here))
    row = _row(one.concern, person)
    if one.promised is None:
        return replace(row, button=button)
    passed = one.promised < day
    key = ("doing" if one.telling else "promised") + ("_passed" if passed else "")
    chip = text(f"summary.chip_{key}", day=near_day(one.promised, day))
    return replace(row, promise=chip, due="passed" if passed else "soon", button=button)


def _done(one: Concern, person: Person, day: date) -> MatterRow[Line]:
    """Say what became of it. An answer is not always a deed: it may be promised, or not be done."""
    if one.waits and one.promised_by not in ("", person):
        chip = text("summary.chip_other", who=Who(one.promised_by))
    elif one.done_by is not None:
        chip = text("summary.chip_doing", day=near_day(one.done_by, day))
    else:
        chip = text(f"state.concern.{one.status}")
    return replace(_row(one, person), promise=chip, due="done")


def _row(one: Concern, person: Person) -> MatterRow[Line]:
    by: Line = Who(one.author) if one.author else text("summary.unsigned")
    about = text("summary.about", by=by, readers=_readers(one, person))
    return MatterRow(replace(one.words, cut=CUT), text(f"concern.kind_{one.kind}"), about)


def _readers(one: Concern, person: Person) -> Line:
    others = tuple(Who(other) for other in one.readers if other != person)
    if one.everyone:
        return text("summary.read_by_all")
    if not others:
        return text("summary.read_by_you")
    return text("summary.read_by_you_and", who=Listing(others))


def near_day(day: date, today: date) -> Line:
    """Return a date in as few words as can be understood on this day."""
    ahead = (day - today).days
    if ahead in _NEAR:
        return text(_NEAR[ahead])
    if 1 < ahead < 7:
        return text(f"day.{_WEEKDAYS[day.weekday()]}")
    return Day(day, weekday=False)
