"""What a run keeps of cards, walls and answers, of exercises in a workshop and what is prepared."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from dialogs.model.events import NoteReply


class InnerRun(Struct, frozen=True):
    """An exercise that is a step of a workshop: a run of its own, or "" if it could not begin."""

    step: str
    run: str
    over: bool = False


class PreparedPart(Struct, frozen=True):
    """Something to prepare that somebody was asked for, as an agreement. `item` is its id in the
    guide."""

    item: str
    agreement: str


class CardSet(Struct, frozen=True):
    """The cards that were dealt for a run. Their links' ids are made of its id, which is random."""

    id: str = ""
    count: int = 0

    @property
    def links(self) -> tuple[str, ...]:
        return tuple(f"{self.id}.{n}" for n in range(self.count))


class WallLink(Struct, frozen=True):
    """A link by which a wall shows this run, and when it ends by itself."""

    id: str
    until: datetime


class AnsweredNotes(Struct, frozen=True, kw_only=True):
    """What was answered on a standing board to a group, or to a note that is in none. The words are
    a record of kind "note_answer"."""

    of: str
    how: NoteReply
    record: str
    on: date
