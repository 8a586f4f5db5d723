"""The state of an agreement, and what other conversations read from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, assert_never

from msgspec import Struct

from dialogs.model.cards import Bullets, Day, Kept, Line, Paragraph, Part, Who, text


class Agreement(Struct, frozen=True, kw_only=True, tag="agreement"):
    """An agreement. It holds once its owner has taken it. `what` is a record of kind
    "agreement"."""

    id: str
    owner: str  # "": nobody, so anybody may take it
    due: date | None
    status: Literal["offered", "taken", "done", "not_done", "declined"]
    offered_at: datetime
    changed_at: datetime
    question: str = ""
    moved: int = 0  # how often the date was changed
    asked: str = ""  # who was asked first, in private; that post remains


def what(id: str) -> Kept:
    return Kept("agreement", id, "what")


def overdue(one: Agreement, today: date) -> bool:
    return one.status == "taken" and one.due is not None and one.due < today


def unowned(one: Agreement) -> bool:
    return not one.owner and one.status in ("offered", "declined")


def as_listed(a: Agreement) -> Line:
    """Return the agreement in one line with its status, as shown below its question."""
    words = what(a.id)
    match a.status:
        case "done":
            return text("question.agreement_state", what=words, state=text("state.agreement.done"))
        case "not_done":
            return text(
                "question.agreement_state", what=words, state=text("state.agreement.not_done")
            )
        case "taken" if a.due is not None:
            return text("question.agreement_due", what=words, who=Who(a.owner), due=Day(a.due))
        case "taken":
            return text("question.agreement", what=words, who=Who(a.owner))
        case "offered" if a.owner:
            return text("question.agreement_asked", what=words, who=Who(a.owner))
        case "offered" | "declined":
            return text("question.agreement_free", what=words)
        case _:
            assert_never(a.status)


def agreed_parts(agreed: tuple[Agreement, ...]) -> tuple[Part[Line], ...]:
    """Return them as a list with its heading, or nothing where there are none."""
    found = tuple(map(as_listed, agreed))
    return (Paragraph(text("question.agreements")), Bullets(found)) if found else ()
