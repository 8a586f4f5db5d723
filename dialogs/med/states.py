"""What the committee (MED, SU or samarbejdsudvalg) is to discuss, and what is recorded of it.

The committee's own people decide its agenda. Digi keeps a draft of an item, and what leader or
representative have recorded; if the other side sees it otherwise, both stand.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from dialogs.model.calendar import add_working_days, at_local, local, working_day_on_or_before
from dialogs.model.cards import Day, Kept, Line, Paragraph, Quote, Text, Who, text
from dialogs.model.events import EffectWay, MedLevel, MedView, Person
from dialogs.model.facts import Known, Project

Party = Literal["leader", "representative"]

USUAL_DEADLINE = timedelta(weeks=4)
"""The committee's deadline for items, before the decision, if nobody has entered one."""
GOOD_TIME = 10
"""How many working days before that deadline leader and representatives are told."""
AT_LAST = timedelta(weeks=2)
"""How long before the decision they are told once more."""
MORNING = 8


class OtherView(Struct, frozen=True):
    """How somebody of the other side sees it. `text` is the id of a record of kind
    "med_other"."""

    by: Person
    level: MedView
    text: str


class MedDiscussion(Struct, frozen=True, kw_only=True):
    """*Drøftet den …, på dette niveau*. `id` is also that of a record of kind "med_discussion",
    with the line of minute."""

    id: str
    day: date
    level: MedLevel
    by: Person
    side: Party
    others: tuple[OtherView, ...] = ()

    @property
    def stands(self) -> bool:
        """Return whether nobody of the other side says that it was not discussed."""
        return all(one.level != "not" for one in self.others)


class MedItem(Struct, frozen=True):
    """The draft of an item. `text` is the id of a record of kind "med_item"; `fields` are those
    that were filled in."""

    text: str
    level: MedLevel
    by: Person
    on: date
    fields: tuple[str, ...]


class ApvEffect(Struct, frozen=True):
    """What the technology does to one quality of good work. `id` is also that of a record of kind
    "apv_effect", whose field `agreed` is filled in if `agreed`."""

    id: str
    quality: str  # an item of the set `rasmus`
    way: EffectWay
    agreed: bool


class Med(Struct, frozen=True, kw_only=True, tag="med"):
    """The state of a project toward the committee. `warned_of` are the deadline and the decision of
    which a warning was sent, so that a date that moves is warned of anew."""

    item: MedItem | None = None
    discussions: tuple[MedDiscussion, ...] = ()
    warned_of: tuple[date, ...] = ()
    apv: tuple[ApvEffect, ...] = ()

    @property
    def discussed(self) -> bool:
        return any(one.stands for one in self.discussions)

    def discussion(self, id: str) -> MedDiscussion | None:
        return next((one for one in self.discussions if one.id == id), None)


def med_of(known: Known) -> Med:
    """Return the state. Needs `StateOf("med", "med")`."""
    return known.state("med", "med", Med) or Med()


def level_name(level: MedView) -> Line:
    return text(f"med.level_{level}")


def side_of(known: Known, person: Person) -> Party:
    """Return whom a leader or representative speaks for. Needs `Roles`."""
    elected = known.holders("tr", "amr")
    return "representative" if person in elected else "leader"


def discussion_parts(one: MedDiscussion) -> tuple[Paragraph[Line] | Quote[Line], ...]:
    """Return what was recorded, and beside it how the other side sees it."""
    parts: list[Paragraph[Line] | Quote[Line]] = [
        Paragraph(text("med.discussed", day=Day(one.day), level=level_name(one.level))),
        Quote(Kept("med_discussion", one.id), Who(one.by)),
    ]
    for other in one.others:
        key = "med.seen_not" if other.level == "not" else "med.seen_otherwise"
        told = Text(key, {"who": Who(other.by)})
        if other.level != "not":
            told = text(key, who=Who(other.by), level=level_name(other.level))
        parts += [Paragraph(told), Quote(Kept("med_other", other.text), Who(other.by))]
    return tuple(parts)


# --- the dates ----------------------------------------------------------------------------


def items_deadline(project: Project) -> date | None:
    """Return until when the committee takes items: as entered, or four weeks before the decision;
    None without a decision."""
    if project.decision is None:
        return None
    if project.med_deadline is not None:
        return project.med_deadline
    return working_day_on_or_before(project.calendar, project.decision - USUAL_DEADLINE)


def warnings_at(project: Project, state: Med, at: datetime) -> dict[str, datetime]:
    """Return when to warn of the deadline and of the decision. A warning whose time has passed
    comes on the next working morning, as long as its date is still to come."""
    deadline, decision = items_deadline(project), project.decision
    if deadline is None or decision is None or not project.running or state.discussed:
        return {}
    cal, today = project.calendar, local(project.calendar, at).date()
    soon = add_working_days(cal, today, 1)
    first = max(add_working_days(cal, deadline, -GOOD_TIME), soon)
    last = max(working_day_on_or_before(cal, decision - AT_LAST), soon)
    found = {}
    if first <= deadline and first < last and deadline not in state.warned_of:
        found["deadline"] = at_local(cal, first, MORNING)
    if last <= decision and decision not in state.warned_of:
        found["decision"] = at_local(cal, last, MORNING)
    return found
