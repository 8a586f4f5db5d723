"""The state of a text and its answers, and who may read it, answer it or see its status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from dialogs.model import cards as c
from dialogs.model import facts as f
from dialogs.model.cards import Button, Line, Part, Words, text
from dialogs.model.conversation import Facts
from dialogs.model.events import HowItWent, Look, Matter, Person
from dialogs.model.facts import Known


class Outcome(Struct, frozen=True):
    """The outcome of the answer *We will do it* with the id `answer`. `text` is the id of a record
    of kind "concern_answer"."""

    answer: str
    kind: Literal["done", "not_done", "moved"]
    by: str
    text: str = ""
    until: date | None = None  # the new date


class ConcernAnswer(Struct, frozen=True):
    """An answer. `text` is the id of a record of kind "concern_answer", whose field `who` names who
    is meant."""

    # closed: without an answer, with a reason; over: the project ended first
    kind: Literal["do", "no", "others", "later", "closed", "over"]
    text: str
    by: str
    who: str = ""
    until: date | None = None
    on: date | None = None


class Concern(Struct, frozen=True, kw_only=True, tag="concern"):
    """A text, signed or unsigned.

    Its words are in `published` (unsigned) or in a record of kind "said" (signed), under the same
    id. It has no time of its own: only the number of the release, and the days of what readers did.
    """

    id: str
    kind: Matter
    readers: tuple[str, ...]
    everyone: bool
    release: int = 0
    author: str = ""  # only for a signed text
    status: Literal["sent", "seen", "answered", "forwarded", "closed", "withdrawn", "over"] = "sent"
    promised: date | None = None
    promised_by: str = ""
    answers: tuple[ConcernAnswer, ...] = ()
    objected: bool = False  # the author has used the one objection to a closing
    in_trio: bool = False
    more: int = 0  # how many times the author has added to it
    outcomes: tuple[Outcome, ...] = ()  # oldest first; the last one of an answer counts
    trio: bool = False  # the author lets a representative share it with leader, TR and AMR
    handed_by: dict[str, str] = {}  # to whom it was handed on, and by whom

    @property
    def waits(self) -> bool:
        """Return whether a final answer is still owed."""
        return self.status in ("sent", "seen", "forwarded")

    @property
    def doing(self) -> ConcernAnswer | None:
        """Return the answer *We will do it* while its outcome is not reported."""
        if self.status in ("closed", "withdrawn", "over") or not self.answers:
            return None
        last = self.answers[-1]
        return last if last.kind == "do" and not self.went else None

    @property
    def done_by(self) -> date | None:
        """Return the promised date of an outcome that is not reported yet."""
        if (doing := self.doing) is None:
            return None
        told = self.told_of(doing)
        return told[-1].until if told else doing.until

    @property
    def went(self) -> Literal["", "done", "not_done"]:
        """Return the reported outcome of the last answer; "" if there is none."""
        told = self.told_of(self.answers[-1]) if self.answers else ()
        return told[-1].kind if told and told[-1].kind != "moved" else ""

    def told_of(self, answer: ConcernAnswer) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.answer == answer.text)

    @property
    def unread(self) -> bool:
        """Return whether all readers have been erased. Nobody replaces them automatically, but the
        author can choose others with the code."""
        return not self.readers and not self.everyone

    @property
    def words(self) -> c.Kept:
        return c.Kept("said" if self.author else "published", self.id)

    @property
    def posted(self) -> bool:
        """Return whether it is posted in the channel: signed, to everybody, and not a concern."""
        return bool(self.author) and self.everyone and self.kind != "concern"


class Owed(Struct, frozen=True):
    concern: Concern
    promised: date | None
    overdue: bool
    telling: bool = False  # the outcome is owed, not an answer


HELPERS: Facts = (f.States("concern"), f.SnapshotOf("all"), f.Roles())
"""The facts that the next three functions read."""


def open_to_all(known: Known) -> tuple[Concern, ...]:
    """Return what everybody may read, newest release first: signed texts, and unsigned ones in the
    snapshot."""
    snap = known(f.SnapshotOf("all"))
    shown = {item["id"] for item in snap.body["items"]} if snap else set()
    return _ordered(
        one
        for one in known.states("concern", Concern).values()
        if one.everyone and (one.author or one.id in shown)
    )


def to_pass_on(known: Known) -> tuple[Concern, ...]:
    """Return what everybody may read, for a document that goes further than the channel: texts
    without a name only if there are as many of them as the threshold, so that no single one stands
    before others. Needs `HELPERS` and `About`."""
    found = [one for one in open_to_all(known) if one.status != "withdrawn"]
    enough = sum(not one.author for one in found) >= known.project.threshold
    return tuple(one for one in found if one.author or enough)


def for_reader(known: Known, person: Person) -> tuple[Concern, ...]:
    """Return the texts addressed to this person, newest release first."""
    return _ordered(
        one for one in known.states("concern", Concern).values() if person in one.readers
    )


def owed(known: Known, person: Person, day: date) -> tuple[Owed, ...]:
    """Return the texts for which this person owes an answer or an outcome, earliest promise first.

    Texts to everybody are owed by the leader until somebody has promised an answer.
    """
    found: list[Owed] = []
    leads = person in (known.holders("leader") or known.holders("deputy"))
    for one in known.states("concern", Concern).values():
        named = person in one.readers or (one.everyone and not one.readers and leads)
        mine = person == one.promised_by if one.promised_by else named and person != one.author
        if one.waits and mine:
            late = one.promised is not None and one.promised < day
            found.append(Owed(one, one.promised, late))
        elif not one.waits and one.doing is not None and one.done_by and one.done_by <= day:
            by = one.doing.by
            if by == person or (by == c.FORMER and leads):
                found.append(Owed(one, one.done_by, one.done_by < day, telling=True))
    found.sort(key=lambda o: (o.promised or date.max, *_place(o.concern)))
    return tuple(found)


def may_hand_on(one: Concern) -> bool:
    """Only what was said by name, and not to some alone, unless the author has agreed to others."""
    return one.waits and bool(one.author) and (one.everyone or one.trio)


def may_read(one: Concern, person: Person) -> bool:
    return one.everyone or person in one.readers or person == one.author


def status_line(one: Concern, today: date) -> Line:
    """Return the status in words, with the promised date and whether it has passed."""
    status: Line = (
        text("concern.withdrawn")
        if one.status == "withdrawn"
        else text(f"state.concern.{one.status}")
    )
    if one.waits and one.promised is not None:
        key = "concern.promise_passed" if one.promised < today else "concern.promise"
        return text(key, status=status, day=c.Day(one.promised))
    if one.done_by is not None:
        key = "concern.doing_passed" if one.done_by < today else "concern.doing"
        return text(key, status=status, day=c.Day(one.done_by))
    return status


def answer_parts(
    one: Concern, written: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[Part[Line], ...]:
    """Return the answers, oldest first. `written` has their texts if they cannot be looked up."""
    parts: list[Part[Line]] = []
    for given in one.answers:
        who: Line = c.Kept("concern_answer", given.text, "who")
        said: Line = c.Kept("concern_answer", given.text)
        if written is not None:
            body = written.get(given.text, {})
            who, said = Words(body.get("who", "")), Words(body.get("text", ""))
        args: dict[str, Line] = {}
        if given.kind in ("do", "others"):
            args["who"] = who
        if given.until is not None:
            args["day"] = c.Day(given.until)
        parts.append(c.Paragraph(c.Text(f"concern.answer_{given.kind}", args)))
        parts.append(c.Quote(said, c.Who(given.by)))
        for outcome in one.told_of(given):
            parts.extend(_outcome_parts(outcome, written))
    return tuple(parts)


def _outcome_parts(
    one: Outcome, written: Mapping[str, Mapping[str, str]] | None
) -> tuple[Part[Line], ...]:
    day: dict[str, Line] = {} if one.until is None else {"day": c.Day(one.until)}
    told = c.Paragraph[Line](c.Text(f"concern.went_{one.kind}", day))
    if not one.text:
        return (told,)
    said: Line = c.Kept("concern_answer", one.text)
    if written is not None:
        said = Words(written.get(one.text, {}).get("text", ""))
    return told, c.Quote(said, c.Who(one.by))


def _ordered(found: Iterable[Concern]) -> tuple[Concern, ...]:
    return tuple(sorted(found, key=_place))


def _place(one: Concern) -> tuple[int, str]:
    """Return its place in a list: the newest release first."""
    return -one.release, one.id


def widened(one: Concern, readers: tuple[Person, ...], everyone: bool) -> Concern:
    """Return the concern with further readers, as its author allowed; nobody else can."""
    new = tuple(p for p in readers if p not in one.readers)
    return replace(one, readers=(*one.readers, *new), everyone=one.everyone or everyone)


def readers_line(readers: tuple[Person, ...], everyone: bool) -> Line:
    if everyone:
        return text("concern.read_by_all")
    if not readers:
        return text("concern.read_by_nobody")
    return text("concern.read_by", who=c.Listing(tuple(c.Who(p) for p in readers)))


def how_it_went(one: Concern, project: str) -> tuple[Button[Line], ...]:
    """Return the three buttons to report the outcome of *We will do it*."""
    done = HowItWent(project=project, concern=one.id, outcome="done")
    return (
        Button(text("concern.button_done"), done, "main"),
        Button(text("concern.button_not_done"), Look("went_not_done", project=project, ref=one.id)),
        Button(text("button.new_date"), Look("went_moved", project=project, ref=one.id)),
    )
