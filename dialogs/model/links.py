"""Links: addresses that let whoever holds them do one thing in one project."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from dialogs.model.events import Look

LinkKind = Literal["page", "card", "screen", "leading", "picture", "download"]

PATHS: dict[LinkKind, str] = {
    "page": "/b/",
    "card": "/b/",
    "screen": "/s/",
    "leading": "/l/",
    "picture": "/p/",
    "download": "/d/",
}
"""Under which path the token of each kind is answered."""


PAGE_VIEWS = ("page", "say_unnamed", "answer_unnamed", "code")
"""What can be opened on the page by an address; the address of any other view would hold a code."""
CARD_VIEWS = ("exercise_card", "write_notes", "set_dots", "answer_survey")
"""What can be opened on the page of a card that was dealt for an exercise."""


def page_query(view: str, ref: str) -> str:
    """Return the address of a view on the page, as a query."""
    return f"?v={view}&r={ref}" if ref else f"?v={view}"


class ProjectLink(Struct, frozen=True):
    """What a token stands for. `person` is whom it was given to, and empty where it was given to
    nobody in particular; whoever serves it checks that person's role again. `look` is what a
    download gives, to be carried out as that person; of a card it says for which exercise it was
    dealt."""

    kind: LinkKind
    tenant: str
    project: str
    person: str = ""
    until: datetime | None = None
    look: Look | None = None
