"""The editions of a report that were made for the committee, and who has seen them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from dialogs.model.events import Person
from dialogs.model.facts import Known, StateOf

REPORT = StateOf("report", "report")


class Seat(Struct, frozen=True):
    """A representative as they were then."""

    person: Person
    role: Literal["tr", "amr"]
    detail: str = ""


class SeenBy(Struct, frozen=True):
    """That a representative has seen an edition. `remark` is the id of a record of kind
    "edition_remark"; "" if they had none."""

    seat: Seat
    at: datetime
    remark: str = ""


class Edition(Struct, frozen=True, kw_only=True):
    """An edition. The document is in the record of kind "edition" with its id, and never changes;
    what representatives say of it stands beside it."""

    id: str
    number: int
    made_at: datetime
    by: Person
    seats: tuple[Seat, ...] = ()
    seen: tuple[SeenBy, ...] = ()

    def seen_by(self, person: Person) -> bool:
        return any(one.seat.person == person for one in self.seen)


class Reports(Struct, frozen=True, kw_only=True, tag="report"):
    """All editions, oldest first."""

    editions: tuple[Edition, ...] = ()

    def edition(self, id: str) -> Edition | None:
        return next((one for one in self.editions if one.id == id), None)


def reports_of(known: Known) -> Reports:
    """Return the editions. Needs `REPORT`."""
    return known.state("report", "report", Reports) or Reports()
