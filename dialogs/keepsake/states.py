"""What of a project outlives its deletion, who chose so, and what others can learn from it.

Two things can: the promises with what became of them, and the lesson that was written at the end.
Neither holds a person. They are copied into keepsakes of the workplace, because the project's own
rows are deleted with it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import msgspec
from msgspec import Struct

from dialogs.model.cards import (
    Button,
    Count,
    Day,
    Heading,
    Line,
    Paragraph,
    Part,
    Quote,
    Words,
    buttons,
    text,
)
from dialogs.model.events import KeptHow, Look, Person, PromiseKind
from dialogs.model.facts import (
    About,
    Fact,
    Keepsake,
    Keepsakes,
    KeepsakesHere,
    Known,
    StateOf,
    Viewer,
    Written,
)

KeepSide = Literal["leader", "representative"]
SIDES: tuple[KeepSide, ...] = ("leader", "representative")
LESSON = "lesson"
"""The id and the kind of the record with the lesson: a project has one."""
KEEPING: Fact[Written | None] = StateOf("keepsake", "keepsake")
"""The fact that `keeping_of` reads."""


class KeepChoice(Struct, frozen=True):
    """What a side chose. It is the side's, so it stands when a leader or a TR is followed by
    another, who can choose otherwise."""

    side: KeepSide
    keep: bool
    by: Person
    on: date


class Keeping(Struct, frozen=True, kw_only=True, tag="keeping"):
    """The state. `sheet` and `lesson` are the ids of the keepsakes that exist now."""

    choices: tuple[KeepChoice, ...] = ()
    sheet: str = ""
    lesson: str = ""

    def choice(self, side: KeepSide) -> KeepChoice | None:
        return next((one for one in self.choices if one.side == side), None)

    @property
    def agreed(self) -> bool:
        return all((one := self.choice(side)) is not None and one.keep for side in SIDES)


def keeping_of(known: Known) -> Keeping:
    return known.state("keepsake", "keepsake", Keeping) or Keeping()


def choosers(side: KeepSide, known: Known) -> tuple[Person, ...]:
    """Return who chooses for a side: the leader, and the TR, or the AMR where there is no TR."""
    if side == "leader":
        return known.holders("leader", "deputy")
    return known.holders("tr") or known.holders("amr")


def side_of(person: Person, known: Known) -> KeepSide | None:
    return next((side for side in SIDES if person in choosers(side, known)), None)


def deleted_line(day: date, known: Known) -> Line:
    """Return when the project is deleted, and what stays then. Needs `KEEPING`."""
    kept = keeping_of(known).agreed
    return text("keepsake.deleted_on" if kept else "project.erased_on", day=Day(day))


# --- what is in a keepsake -----------------------------------------------------------------


class KeptVerdict(Struct, frozen=True):
    months: int
    outcome: KeptHow
    line: str = ""


class KeptPromise(Struct, frozen=True):
    kind: PromiseKind
    fields: dict[str, str]
    verdicts: tuple[KeptVerdict, ...] = ()


class KeptSheet(Struct, frozen=True, kw_only=True):
    """The promises of a project, as they were when it was deleted."""

    name: str
    ended: date | None = None
    promises: tuple[KeptPromise, ...] = ()


class KeptLesson(Struct, frozen=True, kw_only=True):
    """What a project wants others to know, and how it ended."""

    name: str
    workplace: str
    how: Literal["not_now", "stopped", "ended"]
    phase: int
    on: date
    text: str


def body_of(kept: KeptSheet | KeptLesson) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(kept)
    return body


def sheet_in(one: Keepsake) -> KeptSheet:
    return msgspec.convert(one.body, KeptSheet)


def lesson_in(one: Keepsake) -> KeptLesson:
    return msgspec.convert(one.body, KeptLesson)


def lessons_for(known: Known, viewer: Viewer) -> tuple[KeptLesson, ...]:
    """Return the lessons of projects of the same kind as this one; of all kinds where there is no
    project. People of another organisation read none. Needs `About` and `Keepsakes("lesson")`."""
    if viewer.foreign:
        return ()
    project = known(About())
    found = (lesson_in(one) for one in known(Keepsakes("lesson")))
    return tuple(one for one in found if project is None or one.workplace == project.workplace)


def lesson_parts(one: KeptLesson) -> tuple[Part[Line], ...]:
    how = text(f"keepsake.lesson_{one.how}", phase=text(f"project.phase_{one.phase}"))
    head = text("keepsake.lesson_of", name=Words(one.name), how=how, day=Day(one.on, year=True))
    return (Paragraph(head), Quote(Words(one.text)))


SHOWN_FIRST = 2
MOST_SHEETS = 5


def lessons_needs(look: Look, viewer: Viewer) -> tuple[Fact[Any], ...]:
    return (About(), Keepsakes("lesson"), KeepsakesHere("sheet", viewer.person))


def lessons_here(known: Known, viewer: Viewer) -> tuple[Part[Line] | None, ...]:
    """Return the newest lessons of this workplace, and ways to the rest and to the promises of
    projects that were deleted. Needs what `lessons_needs` lists."""
    of, found = viewer.project, lessons_for(known, viewer)
    sheets = known(KeepsakesHere("sheet", viewer.person))
    every: Button[Line] = Button(
        text("keepsake.all", n=Count(len(found))), Look("workplace_lessons", project=of)
    )
    return (
        *(() if viewer.foreign else (Heading(text("keepsake.here")),)),
        None if found or viewer.foreign else Paragraph(text("keepsake.none")),
        *(part for one in found[:SHOWN_FIRST] for part in lesson_parts(one)),
        buttons(every) if len(found) > SHOWN_FIRST else None,
        *_sheets(sheets, of),
    )


def _sheets(sheets: tuple[Keepsake, ...], project: str) -> tuple[Part[Line] | None, ...]:
    if not sheets:
        return ()
    return (
        Paragraph(text("keepsake.before_here")),
        buttons(
            *(
                Button[Line](
                    text("keepsake.kept_promises", name=Words(sheet_in(one).name)),
                    Look("kept_promises", project=project, ref=one.id),
                )
                for one in sheets[:MOST_SHEETS]
            )
        ),
    )
