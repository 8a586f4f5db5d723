"""Overviews over two years and after an absence, with a moved clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dialogs.model.calendar import Calendar, is_working_day
from tests.worlds.stage import BEGINNING, CHANNEL, COPENHAGEN, TENANT, Stage, stage, text_of

WEEKS = 104
NEWS = "Nyt i uge"


async def running(found: Stage) -> None:
    for line in (
        "anne > /digi start Ny omsorgsplatform",
        'anne > tryk "Jeg er leder"',
        'anne > tryk "Vis det i kanalen"',
    ):
        await found.play(line)


async def gives_news(found: Stage, words: str) -> None:
    await found.type("anne", "/digi overblik")
    await found.press("anne", "Skriv to linjer")
    await found.fill("anne", {"Hvad bør": words})


def overviews(found: Stage) -> list[tuple[datetime, str]]:
    """Return when each overview was posted to the channel, and its text."""
    return [
        (at.astimezone(COPENHAGEN), text_of(parcel.card))
        for at, parcel in zip(found.edge.at, found.edge.parcels, strict=True)
        if parcel.kind == "post"
        and parcel.channel == CHANNEL
        and text_of(parcel.card).startswith("Ugens overblik")
    ]


def monday(week: int) -> datetime:
    """Return Monday 9:00 of a week, counted from the beginning."""
    return datetime.combine(BEGINNING.date() + timedelta(weeks=week), BEGINNING.time(), COPENHAGEN)


@pytest.mark.parametrize(
    "either",
    ["sqlite", pytest.param("postgres", marks=[pytest.mark.long, pytest.mark.timeout(1200)])],
    indirect=True,
)
async def test_two_years_have_one_overview_for_each_week_with_news(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    either: str,
    figures: Callable[[str], None],
) -> None:
    """Each week with news has one, on a working day at 13:00 local time, and other weeks have
    none."""
    # The rate limit uses real time, which a moved clock does not affect.
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 10_000)
    monkeypatch.setattr("bot.core.gate.CODES_AN_HOUR", 10_000)
    told = {week for week in range(WEEKS) if week % 5 != 4}
    async with stage(tmp_path, team=("anne",), either=either) as found:
        await running(found)
        for week in range(WEEKS):
            if week in told:
                await gives_news(found, f"{NEWS} {week}.")
            await found.move(monday(week + 1))
        posted = overviews(found)
    expected = {monday(week).isocalendar()[:2] for week in told}
    assert Counter(at.isocalendar()[:2] for at, _ in posted) == Counter(expected)
    for week, (at, said) in zip(sorted(told), posted, strict=True):
        assert (at.hour, at.minute) == (13, 0)
        assert is_working_day(Calendar(), at.date())
        assert at.weekday() <= 3
        assert f"{NEWS} {week}." in said
        assert len(said) < 3000
    early = [at.date() for at, _ in posted if at.weekday() < 3]
    assert date(2026, 12, 23) in early, "24 December 2026 is a Thursday"
    assert date(2027, 5, 5) in early, "6 May 2027 is Ascension Day"
    offsets = {at.utcoffset() for at, _ in posted}
    assert offsets == {timedelta(hours=1), timedelta(hours=2)}, "both sides of a change"
    pieces = [line for _, said in posted for line in said.splitlines()]
    advice = [line for line in pieces if line.startswith(("Et råd:", "Hold øje med:"))]
    first = advice[: len(set(advice))]
    assert len(set(first)) == len(first), "none comes again before all have been seen"
    figures(f"{WEEKS} weeks, {len(told)} with news: {len(posted)} overviews, one each")


SATURDAY, MONDAY, THURSDAY = (2026, 11, 28, 3), (2026, 11, 30, 9), (2026, 11, 26, 13)


@pytest.mark.parametrize(
    ("either", "back"),
    [
        ("sqlite", SATURDAY),
        ("sqlite", MONDAY),
        ("sqlite", THURSDAY),
        ("postgres", SATURDAY),
        pytest.param("postgres", MONDAY, marks=pytest.mark.long),
        pytest.param("postgres", THURSDAY, marks=pytest.mark.long),
    ],
    indirect=["either"],
)
async def test_after_three_weeks_away_there_is_one_overview_that_says_so(
    tmp_path: Path, either: str, back: tuple[int, int, int, int]
) -> None:
    """Everything that became due is one message, within working hours, and the next week is
    normal."""
    async with stage(tmp_path, team=("anne",), either=either) as found:
        await running(found)
        await gives_news(found, f"{NEWS} 0.")
        await found.move(monday(1))
        assert len(overviews(found)) == 1
        await gives_news(found, f"{NEWS} 1.")
        # The clock advances while Digi is stopped.
        found.house.clock.move_to(round(datetime(*back, tzinfo=COPENHAGEN).timestamp() * 1_000_000))
        await found.house.courier.settle()
        await found.move(datetime(2026, 11, 30, 12, tzinfo=COPENHAGEN))
        posted = overviews(found)
        assert len(posted) == 2
        at, said = posted[-1]
        assert "Jeg har ikke kunnet skrive siden torsdag den 12. november." in said
        assert f"{NEWS} 1." in said
        assert is_working_day(Calendar(), at.date())
        assert 8 <= at.hour < 16
        await gives_news(found, f"{NEWS} 2.")
        await found.move(monday(5))
        assert len(overviews(found)) == 3
        assert "Jeg har ikke kunnet skrive" not in overviews(found)[-1][1]


@pytest.mark.parametrize(
    "either", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)], indirect=True
)
async def test_a_rhythm_changed_within_a_week_gives_that_week_no_second_overview(
    tmp_path: Path, either: str
) -> None:
    """There is one overview per week, whichever day it is moved to."""
    async with stage(tmp_path, team=("anne",), either=either) as found:
        await running(found)
        await gives_news(found, f"{NEWS} 0.")
        await found.move(datetime(2026, 11, 5, 14, tzinfo=COPENHAGEN))
        await found.type("anne", "/digi indstillinger")
        await found.fill("anne", {"Ugens overblik": "fredag"})
        await gives_news(found, f"{NEWS} 1.")
        await found.move(monday(1))
        assert len(overviews(found)) == 1
        await found.move(monday(2))
        assert [at.weekday() for at, _ in overviews(found)] == [3, 4]
        marks = await found.house.landmarks(TENANT)
        assert marks["overview"].astimezone(COPENHAGEN).weekday() == 4
