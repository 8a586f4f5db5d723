"""What a project promised and expected, and what became of it. Owned by a function, not by a
name."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from dialogs.model import events as e
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    FactRows,
    Kept,
    Line,
    Paragraph,
    Part,
    Quote,
    Several,
    Who,
    buttons,
    text,
)
from dialogs.model.events import AfterMonths, KeptHow, Look, Person, PromiseKind
from dialogs.model.facts import Fact, Known, StateOf, Written
from dialogs.outcomes.states import status_lines

FIELDS = ("gain", "whom", "when", "seen", "freed", "side", "owner")
MOST = 5
OUTCOMES: tuple[KeptHow, ...] = ("kept", "partly", "not", "unclear")
AFTER: dict[int, AfterMonths] = {3: "3", 6: "6", 12: "12"}
PROMISES: Fact[Written | None] = StateOf("promise", "promise")
"""The fact that `promises_of` reads."""


class Verdict(Struct, frozen=True):
    """What was said of a promise some months after the end. `line` is the id of a record of kind
    "verdict"; empty without one."""

    months: int
    outcome: KeptHow
    by: Person
    line: str = ""


class PromiseMade(Struct, frozen=True, kw_only=True):
    """`id` is also that of a record of kind "promise"; `fields` are those of it that were filled
    in. *Lovet* is what the leader answers for, *forventet* what others count on."""

    id: str
    kind: PromiseKind
    by: Person
    on: date
    fields: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()

    def verdict(self, months: int) -> Verdict | None:
        return next((one for one in self.verdicts if one.months == months), None)


class Promises(Struct, frozen=True, kw_only=True, tag="promises"):
    """The state: at most five promises, in the order in which they were written."""

    promises: tuple[PromiseMade, ...] = ()

    def find(self, id: str) -> PromiseMade | None:
        return next((one for one in self.promises if one.id == id), None)


def promises_of(known: Known) -> tuple[PromiseMade, ...]:
    """Return the promises, those that the leader made first. Needs `PROMISES`."""
    state = known.state("promise", "promise", Promises) or Promises()
    return tuple(sorted(state.promises, key=lambda one: one.kind != "promised"))


def gain_line(one: PromiseMade) -> Line:
    """Return a promise in one line: what it is, and which function owns it."""
    return text(
        f"promise.line_{one.kind}",
        gain=Kept("promise", one.id, "gain"),
        owner=Kept("promise", one.id, "owner"),
    )


def detail_rows(one: PromiseMade) -> FactRows[Line] | None:
    """Return for whom, when, how one sees it, the freed time and the side effect."""
    rows = tuple(
        (text(f"promise.field_{field}"), Kept("promise", one.id, field))
        for field in one.fields
        if field not in ("gain", "owner")
    )
    return FactRows[Line](rows) if rows else None


def outcome_line(verdict: Verdict) -> Line:
    """Return what was said of a promise, without who said it."""
    after = text("promise.after", n=Count(verdict.months))
    return text(f"report.judged_{verdict.outcome}", after=after)


def latest(one: PromiseMade) -> Verdict | None:
    return max(one.verdicts, key=lambda verdict: verdict.months, default=None)


def how_they_stand(known: Known) -> tuple[Part[Line] | None, ...]:
    """Return each promise in a line with what was last said of it. Needs `About` and `PROMISES`."""
    found = promises_of(known)
    if not found:
        return ()
    lines: list[Line] = []
    for one in found:
        said = latest(one)
        lines.append(Several((gain_line(one), *((outcome_line(said),) if said else ()))))
    see: Button[Line] = Button(text("promise.see"), Look("promises", project=known.project.id))
    return (Paragraph(text("promise.title")), Bullets(tuple(lines)), buttons(see))


def verdict_parts(verdict: Verdict) -> tuple[Part[Line], ...]:
    told = text(
        f"promise.was_{verdict.outcome}",
        n=text("promise.after", n=Count(verdict.months)),
        who=Who(verdict.by),
    )
    line = (Quote[Line](Kept("verdict", verdict.line), Who(verdict.by)),) if verdict.line else ()
    return (Paragraph(told), *line)


def asked_again(known: Known, months: int) -> tuple[Part[Line] | None, ...]:
    """Return each promise with the buttons to say what became of it, and what was said."""
    project = known.project.id
    parts: list[Part[Line] | None] = []
    for one in promises_of(known):
        said = one.verdict(months)
        parts += [Paragraph(gain_line(one)), detail_rows(one)]
        parts += () if said is None else verdict_parts(said)
        line = Look("promise_line", project=project, ref=one.id, words=str(months))
        parts.append(
            buttons(
                *(
                    Button[Line](
                        text(f"promise.{outcome}"),
                        e.PromiseJudged(
                            project=project, promise=one.id, months=AFTER[months], outcome=outcome
                        ),
                    )
                    for outcome in OUTCOMES
                    if said is None or said.outcome != outcome
                ),
                None if said is None else Button(text("promise.write_line"), line),
            )
        )
    status = status_lines(known)
    if status:
        parts += [Paragraph(status[0]), Bullets(status[1:])]
    return tuple(parts)
