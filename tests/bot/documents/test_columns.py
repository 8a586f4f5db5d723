"""How wide the columns of a table are, in every format that has pages."""

from __future__ import annotations

import pytest

from bot.documents.plain import column_shares
from dialogs.model.cards import Plain, Spans
from dialogs.model.documents import DataTable

LONG = "Vi mister roen om morgenen, når planen bliver ændret, efter at vi er kørt."


def said(*words: str) -> tuple[Spans, ...]:
    return tuple((Plain(one),) for one in words)


def shares(header: tuple[str, ...], *rows: tuple[str, ...]) -> list[float]:
    found = column_shares(
        DataTable((Plain("Navn"),), said(*header), tuple(said(*row) for row in rows))
    )
    assert sum(found) == pytest.approx(1)
    return found


def test_most_of_the_page_goes_to_the_column_in_which_most_is_written() -> None:
    """One long remark does not take the room of sixty notes; what is short stays in one line."""
    header = ("Felt", "Seddel", "Om sedlen")
    rows = [("Sundt og sikkert", LONG, "") for _ in range(60)]
    lane, note, about = shares(header, *rows, ("Realistisk", LONG, f"i gruppen »{LONG}«"))
    assert note > 3 * about
    assert about > 0.15
    assert len("Sundt og sikkert") / 95 < lane < 0.25


def test_the_word_of_a_header_stays_in_one_piece() -> None:
    """Its letters are bold, and so wider than those of the rows."""
    _, short = shares(("Spørgsmål", "Indvendinger"), (LONG, "–"))
    assert short * 95 >= 1.25 * len("Indvendinger")


def test_a_word_without_an_end_does_not_take_the_page() -> None:
    link, words = shares(("Link", "Ord"), ("x" * 400, LONG))
    assert link < 0.85
    assert words > 0.15


def test_short_columns_share_the_page() -> None:
    """A table of names reaches from margin to margin, and an empty one has room for its header."""
    assert shares(("Hvem", "Hvad"), ("Anne", "Anne")) == [0.5, 0.5]
    assert shares(("Hvem", "Hvad")) == [0.5, 0.5]
