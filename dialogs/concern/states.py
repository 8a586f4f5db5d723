"""What a text and its answers are, and who may read, answer or see a status of them."""

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
    """What became of *We will do it*, the answer with this id. `text` is the id of a record of kind
    "concern_answer"."""

    answer: str
    kind: Literal["done", "not_done", "moved"]
    by: str
    text: str = ""
    until: date | None = None  # the new date


class Answer(Struct, frozen=True):
    """`text` is the id of a record of kind "concern_answer"; who is meant lies there too, as the
    field `who`."""

    kind: Literal["do", "no", "others", "later"]
    text: str
    by: str
    who: str = ""
    until: date | None = None
    on: date | None = None


class Concern(Struct, frozen=True, kw_only=True, tag="concern"):
    """One thing said, with or without a name. Its words lie in `published` (without a name; same
    id) or in a record of kind "said" (with a name; same id). It carries no time of its own: only
    the number of the release, and the days of what readers did."""

    id: str
    kind: Matter
    readers: tuple[str, ...]
    everyone: bool
    release: int = 0
    author: str = ""  # only where it was said by name
    status: Literal["sent", "seen", "answered", "forwarded", "closed", "withdrawn"] = "sent"
    promised: date | None = None
    promised_by: str = ""
    answers: tuple[Answer, ...] = ()
    objected: bool = False  # the author has used the one objection to a closing
    in_trio: bool = False
    more: int = 0  # how many times the author has written again
    outcomes: tuple[Outcome, ...] = ()  # oldest first; the last one of an answer counts
    trio: bool = False  # the author lets a representative take it to leader, TR and AMR

    @property
    def waits(self) -> bool:
        """Somebody still owes a last word on it."""
        return self.status in ("sent", "seen", "forwarded")

    @property
    def doing(self) -> Answer | None:
        """The answer *We will do it*, as long as nobody has told how it went."""
        if self.status in ("closed", "withdrawn") or not self.answers:
            return None
        last = self.answers[-1]
        return last if last.kind == "do" and not self.went else None

    @property
    def done_by(self) -> date | None:
        """By when it is to be done, where it has been promised and not told of."""
        if (doing := self.doing) is None:
            return None
        told = self.told_of(doing)
        return told[-1].until if told else doing.until

    @property
    def went(self) -> Literal["", "done", "not_done"]:
        """How it went with the last answer, where that has been told."""
        told = self.told_of(self.answers[-1]) if self.answers else ()
        return told[-1].kind if told and told[-1].kind != "moved" else ""

    def told_of(self, answer: Answer) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.answer == answer.text)

    @property
    def unread(self) -> bool:
        """Whoever could read it has been erased. Nobody takes their place, but the author, who has
        the code, may choose others."""
        return not self.readers and not self.everyone

    @property
    def words(self) -> c.Kept:
        return c.Kept("said" if self.author else "published", self.id)

    @property
    def posted(self) -> bool:
        """Said by name to everybody: it stands in the channel, and its answer with it."""
        return bool(self.author) and self.everyone and self.kind != "concern"


class Owed(Struct, frozen=True):
    concern: Concern
    promised: date | None
    overdue: bool
    telling: bool = False  # what is owed is how it went


HELPERS: Facts = (f.States("concern"), f.SnapshotOf("all"), f.Roles())
"""The facts that the three helpers below read."""


def open_to_all(known: Known) -> tuple[Concern, ...]:
    """What everybody may read, newest release first: by name at once, else from the snapshot."""
    snap = known(f.SnapshotOf("all"))
    shown = {item["id"] for item in snap.body["items"]} if snap else set()
    return _ordered(
        one
        for one in known.states("concern", Concern).values()
        if one.everyone and (one.author or one.id in shown)
    )


def for_reader(known: Known, person: Person) -> tuple[Concern, ...]:
    """What was addressed to this person by name, newest release first."""
    return _ordered(
        one for one in known.states("concern", Concern).values() if person in one.readers
    )


def owed(known: Known, person: Person, day: date) -> tuple[Owed, ...]:
    """What waits for this person's answer, or for how it went; what was promised first comes first.
    What all may read and nobody has promised to answer is the leader's."""
    found = []
    leads = person in (known.holders("leader") or known.holders("deputy"))
    for one in _ordered(known.states("concern", Concern).values()):
        named = person in one.readers or (one.everyone and not one.readers and leads)
        mine = person == one.promised_by if one.promised_by else named and person != one.author
        if one.waits and mine:
            late = one.promised is not None and one.promised < day
            found.append(Owed(one, one.promised, late))
        elif not one.waits and one.doing is not None and one.done_by and one.done_by <= day:
            by = one.doing.by
            if by == person or (by == c.FORMER and leads):
                found.append(Owed(one, one.done_by, one.done_by < day, telling=True))
    return tuple(sorted(found, key=lambda o: o.promised or date.max))


def may_read(one: Concern, person: Person) -> bool:
    return one.everyone or person in one.readers or person == one.author


def status_line(one: Concern, today: date) -> Line:
    """Where it stands, in words, with the promised date and whether that has passed."""
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
    """The answers, oldest first; `written` brings their words where they cannot be looked up."""
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
    return tuple(sorted(found, key=lambda one: (-one.release, one.id)))


def widened(one: Concern, readers: tuple[Person, ...], everyone: bool) -> Concern:
    """The author alone may let more people read it."""
    new = tuple(p for p in readers if p not in one.readers)
    return replace(one, readers=(*one.readers, *new), everyone=one.everyone or everyone)


def readers_line(readers: tuple[Person, ...], everyone: bool) -> Line:
    if everyone:
        return text("concern.read_by_all")
    if not readers:
        return text("concern.read_by_nobody")
    return text("concern.read_by", who=c.Listing(tuple(c.Who(p) for p in readers)))


def how_it_went(one: Concern, project: str) -> tuple[Button[Line], ...]:
    """The three ways to tell what became of *We will do it*."""
    done = HowItWent(project=project, concern=one.id, outcome="done")
    return (
        Button(text("concern.button_done"), done, "main"),
        Button(text("concern.button_not_done"), Look("went_not_done", project=project, ref=one.id)),
        Button(text("button.new_date"), Look("went_moved", project=project, ref=one.id)),
    )


def ways_on(one: Owed, project: str) -> tuple[Button[Line], ...]:
    """What whoever owes it can press."""
    if one.telling:
        return how_it_went(one.concern, project)
    look = Look("answer_concern", project=project, ref=one.concern.id)
    return (Button(text("button.reply"), look, "main"),)
