"""Unsigned texts are released by the calendar only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.anonymity.hands import CANARY, open_form, running, says, waiting
from tests.worlds.postgres import either_later
from tests.worlds.stage import COPENHAGEN


async def test_a_release_comes_by_the_calendar_alone(tmp_path: Path, either: str) -> None:
    """No act makes it earlier: moving the overview affects only later releases."""
    async with running(tmp_path, either=either) as played:
        await open_form(played, "sofie")
        assert "torsdag den 5. november" in played.just("sofie")
        await played.type("anne", "indstillinger")
        assert played.form["anne"] is not None or "Ret" in played.just("anne")
        if played.form["anne"] is None:
            await played.press("anne", "Ret")
        await played.fill("anne", {"Ugens overblik": "tirsdag"})
        await open_form(played, "sofie")
        assert "torsdag den 5. november" in played.just("sofie")
        await says(played, "sofie", CANARY)
        await played.move(datetime(2026, 11, 4, 20, tzinfo=COPENHAGEN))
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(datetime(2026, 11, 5, 12, 30, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


@either_later
async def test_two_releases_lie_a_week_apart_though_the_overview_moves(
    tmp_path: Path, either: str
) -> None:
    """Moving the overview to the day after a release does not release a single day's texts."""
    async with running(tmp_path, either=either) as played:
        await played.move(datetime(2026, 11, 4, 12, tzinfo=COPENHAGEN))
        await played.type("anne", "indstillinger")
        if played.form["anne"] is None:
            await played.press("anne", "Ret")
        await played.fill("anne", {"Ugens overblik": "fredag"})
        await played.move(datetime(2026, 11, 5, 9, tzinfo=COPENHAGEN))
        await says(played, "sofie", CANARY)
        assert "fredag den 13. november kl. 7" in played.just("sofie")
        await played.move(datetime(2026, 11, 6, 20, tzinfo=COPENHAGEN))
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(datetime(2026, 11, 13, 8, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


@either_later
async def test_what_was_promised_for_a_day_goes_that_day(tmp_path: Path, either: str) -> None:
    """Saving the settings on that morning does not postpone it."""
    async with running(tmp_path, either=either) as played:
        await says(played, "sofie", CANARY, early=True)
        assert "tirsdag den 3. november kl. 14" in played.just("sofie")
        await played.move(datetime(2026, 11, 3, 10, tzinfo=COPENHAGEN))
        await played.type("anne", "indstillinger")
        if played.form["anne"] is None:
            await played.press("anne", "Ret")
        await played.fill("anne", {"Overblikket kommer": "15:00"})
        await played.move(datetime(2026, 11, 3, 14, 1, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


@either_later
async def test_what_is_to_go_the_next_working_day_lies_over_a_night(
    tmp_path: Path, either: str
) -> None:
    """A text written in the morning is not released on that day."""
    async with running(tmp_path, either=either) as played:
        await played.move(datetime(2026, 11, 3, 10, tzinfo=COPENHAGEN))
        await says(played, "sofie", CANARY, early=True)
        assert "onsdag den 4. november kl. 14" in played.just("sofie")
        await played.move(datetime(2026, 11, 3, 15, tzinfo=COPENHAGEN))
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(datetime(2026, 11, 4, 15, tzinfo=COPENHAGEN))
        assert await waiting(played, tmp_path) == ()


@either_later
async def test_a_way_that_is_no_sooner_is_not_offered(tmp_path: Path, either: str) -> None:
    """On the day before a release, choosing the next working day would only mean fewer other texts
    to hide among."""
    async with running(tmp_path, either=either) as played:
        await open_form(played, "sofie")
        assert "Næste arbejdsdag" in played.just("sofie")
        await played.move(datetime(2026, 11, 4, 10, tzinfo=COPENHAGEN))
        await open_form(played, "sofie")
        assert "torsdag den 5. november kl. 7" in played.just("sofie")
        assert "Næste arbejdsdag" not in played.just("sofie")


@either_later
async def test_a_small_team_is_told_and_waits_two_weeks(tmp_path: Path, either: str) -> None:
    """With fewer than ten writers, every second week. With fewer than five, only after a
    confirmation that the author has read what this means."""
    few = ("anne", "mette", "jonas", "sofie", "lars")
    async with running(tmp_path, team=few, either=either) as played:
        await open_form(played, "sofie")
        assert "torsdag den 12. november" in played.just("sofie")
        assert "Jeg kender kun 4, der kan skrive her uden navn." in played.just("sofie")
        values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
        await played.fill("sofie", values)
        assert "Din tekst er modtaget." not in played.just("sofie")
        assert await waiting(played, tmp_path) == ()
        await played.fill("sofie", {**values, "I er få": "Jeg har læst det"})
        assert "Din tekst er modtaget." in played.just("sofie")
        assert len(await waiting(played, tmp_path)) == 1
