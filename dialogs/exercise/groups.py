"""Groups that are easily left out of the role table.

They are rows of the table that nobody has to think of; a row with a name of its own for the same
group takes their place.
"""

from __future__ import annotations

from collections.abc import Iterable

from dialogs.model.cards import Line, text

ROLE_TABLE = "role-table"
GROUPS = {
    "nights": ("nat", "aften", "night", "evening"),
    "substitutes": ("vikar", "afløs", "timeløn", "substitut", "temp"),
    "cleaning": ("rengør", "køkken", "service", "clean", "kitchen"),
    "trainees": ("elev", "lærling", "stud", "train", "apprent"),
}
"""The groups, and how words that name them begin."""
_ROW = "group-"


def is_group(row: str) -> bool:
    return row.startswith(_ROW)


def group_rows(added: Iterable[str]) -> dict[str, Line]:
    """Return the rows of the groups that none of these names means."""
    words = [word for name in added for word in name.casefold().split()]
    return {
        f"{_ROW}{group}": text(f"table.group_{group}")
        for group, beginnings in GROUPS.items()
        if not any(word.startswith(beginnings) for word in words)
    }
