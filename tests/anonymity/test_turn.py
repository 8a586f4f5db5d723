"""An unsigned act changes the pool's row and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dialogs.model.effects import PoolEntry
from storage.vault import code_hash
from tests.anonymity.hands import (
    CANARY,
    RELEASED,
    by_code,
    changed,
    dump,
    every_log_line,
    everything_decided,
    files,
    look,
    open_form,
    project_of,
    running,
    says,
    says_by_name,
    waiting,
    wal_size,
)
from tests.worlds.postgres import either_later, places_later
from tests.worlds.stage import TENANT


async def test_an_unsigned_submission_changes_the_pools_row_and_no_other_byte(
    tmp_path: Path, either: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Write, extend and withdraw: one row changes, no other file, no log message, and the
    write-ahead log is empty."""
    async with running(tmp_path, either=either) as played:
        capfd.readouterr()
        code = ""
        for act in ("say", "write", "withdraw"):
            match act:
                case "say":
                    await open_form(played, "sofie")
                    values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
                case "write":
                    await by_code(played, "sofie", code, "Skriv et svar")
                    values = {"Din": "og mere"}
                case _:
                    await by_code(played, "sofie", code, "Træk teksten tilbage")
                    values = {}
            before, there = dump(tmp_path), files(tmp_path)
            with every_log_line() as lines:
                await played.fill("sofie", values)
            assert changed(before, dump(tmp_path)) == {"pool"}, act
            assert files(tmp_path) == there
            assert wal_size(tmp_path) == 0
            assert [line for line in lines if not line.startswith("asyncio")] == []
            code = code or played.code
        assert capfd.readouterr() == ("", "")


async def test_an_unnamed_answer_changes_the_pools_row_and_no_other_byte(
    tmp_path: Path, either: str
) -> None:
    """Answer, withdraw by code, and *Det passer*: one row each, invisible until the question is
    closed."""
    async with running(tmp_path, either=either) as played:
        await played.type("anne", "næste")
        seen = await everything_decided(played, tmp_path)
        before = dump(tmp_path)
        await played.press("sofie", "Svar uden navn")
        await played.fill("sofie", {"Dit svar": CANARY})
        code = played.code
        assert changed(before, dump(tmp_path)) == {"pool"}
        assert await everything_decided(played, tmp_path) == seen
        await by_code(played, "sofie", code, "Træk teksten tilbage")
        await played.fill("sofie", {})
        assert "Teksten er væk." in played.just("sofie")
        assert await waiting(played, tmp_path) == ()
        assert changed(before, dump(tmp_path)) == {"pool"}

        await played.press("lars", "Svar uden navn")
        await played.fill("lars", {"Dit svar": "Kun mit svar"})
        await played.press("bodil", "Svar")
        await played.fill("bodil", {"Dit svar": "Pauserne"})
        await played.press("anne", "Led samtalen")
        await played.press("anne", "Saml op")
        await played.fill("anne", {"Hvad": "Vi prøver det af"})
        before = dump(tmp_path)
        await played.press("sofie", "Det passer")
        assert changed(before, dump(tmp_path)) == {"pool"}
        assert wal_size(tmp_path) == 0


@either_later
async def test_control_a_named_submission_is_seen_by_the_same_eyes(
    tmp_path: Path, either: str
) -> None:
    """Control: the comparison finds records, states, letters and a write-ahead log."""
    async with running(tmp_path, either=either) as played:
        before = dump(tmp_path)
        await says_by_name(played, "sofie", CANARY)
        assert {"record", "state", "inbox"} <= changed(before, dump(tmp_path))
        assert either or wal_size(tmp_path) > 0
        with every_log_line() as lines:
            played.house.log.failed("something", "Fault")
        assert lines


@either_later
async def test_the_same_form_sent_again_shows_the_same_code(tmp_path: Path, either: str) -> None:
    """Pressing Send again is the same act; another form is another act."""
    async with running(tmp_path, either=either) as played:
        await open_form(played, "sofie")
        form = played.form["sofie"]
        values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
        codes = []
        for _ in range(2):
            played.form["sofie"] = form
            await played.fill("sofie", values)
            codes.append(played.code)
        assert codes[0] == codes[1]
        assert len(await waiting(played, tmp_path)) == 1

        assert await says(played, "sofie", CANARY) != codes[0]
        assert len(await waiting(played, tmp_path)) == 2


@either_later
async def test_a_form_kept_open_over_a_release_says_nothing_twice(
    tmp_path: Path, either: str
) -> None:
    """Sent again after its text was released, it shows the same code and adds nothing."""
    async with running(tmp_path, either=either) as played:
        await open_form(played, "sofie")
        form = played.form["sofie"]
        values = {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"}
        await played.fill("sofie", values)
        code = played.code
        assert len(await waiting(played, tmp_path)) == 1
        await played.move(RELEASED)
        assert len(await waiting(played, tmp_path)) == 0

        played.form["sofie"] = form
        await played.fill("sofie", values)
        assert played.code == code
        assert len(await waiting(played, tmp_path)) == 0


@either_later
async def test_more_words_sent_twice_are_kept_once(tmp_path: Path, either: str) -> None:
    """An addition by code is identified by its form too, before and after the release."""
    async with running(tmp_path, either=either) as played:
        code = await says(played, "sofie", CANARY)
        for released in (False, True):
            if released:
                await played.move(RELEASED)
            await by_code(played, "sofie", code, "Skriv et svar")
            form = played.form["sofie"]
            for _ in range(2):
                played.form["sofie"] = form
                await played.fill("sofie", {"Din": "og mere"})
            [entry] = await waiting(played, tmp_path)
            assert released or len(entry.body["more"]) == 1
        await played.move(RELEASED + timedelta(days=7))
        assert (await by_code(played, "sofie", code)).count("og mere") == 2


@either_later
async def test_a_withdrawal_that_crosses_the_release_is_not_lost(
    tmp_path: Path, either: str
) -> None:
    """It was decided while the text was in the pool and written after its release: it takes effect
    at the next one."""
    async with running(tmp_path, either=either) as played:
        code = await says(played, "sofie", CANARY)
        await played.move(RELEASED)
        house, project = played.house, project_of(tmp_path)
        late = PoolEntry("withdraws", "", {}, code_hash(code), withdraw=True)
        await house.database.tx_sealed(
            house.scripts.pools.put, TENANT, project, (late,), "a form", b"", ""
        )
        assert "trukket tilbage" not in await look(played, "anne", "concerns", project)
        await played.move(RELEASED + timedelta(days=7))
        assert "trukket tilbage" in await look(played, "anne", "concerns", project)
        assert await waiting(played, tmp_path) == ()


@places_later
async def test_what_is_withdrawn_before_the_release_leaves_no_trace(
    tmp_path: Path, places: Callable[[], str]
) -> None:
    """After the release nothing differs from a run without it; its code opens nothing."""
    shapes = {}
    for world in ("never", "withdrawn", "sent"):
        folder = tmp_path / world
        async with running(folder, either=places()) as played:
            if world != "never":
                code = await says(played, "sofie", CANARY)
                if world == "withdrawn":
                    await by_code(played, "sofie", code, "Træk teksten tilbage")
                    await played.fill("sofie", {})
                    assert await waiting(played, folder) == ()
                    assert "Jeg finder intet" in await by_code(played, "sofie", code)
            await played.move(RELEASED)
            found = dump(folder)
            sizes = {len(row[-1]) for row in found["pool"]}
            shapes[world] = {name: len(rows) for name, rows in found.items()}, sizes
    # A person who only acts by code is stored nowhere; the tables of the two runs are equal.
    assert shapes["withdrawn"] == shapes["never"]
    assert shapes["sent"] != shapes["never"]


@either_later
async def test_what_crosses_a_closing_is_refused_and_not_lost_in_silence(
    tmp_path: Path, either: str
) -> None:
    """It was decided while the question was open and written after it was closed: the author is
    told and keeps the text in the form, and nothing stays in the pool. The row is written all the
    same, so that the database's counters do not distinguish a refusal from a text."""
    async with running(tmp_path, either=either) as played:
        await played.type("anne", "næste")
        await played.press("sofie", "Svar uden navn")
        engine, close, before = played.house.engine, False, dump(tmp_path)
        put = engine._run_unsigned_turn

        async def crossed(passed: Any) -> Any:
            nonlocal close, before
            if not close:
                close = True
                await played.press("anne", "Led samtalen")
                await played.press("anne", "Luk for svar")
                before = dump(tmp_path)
            return await put(passed)

        engine._run_unsigned_turn = crossed  # type: ignore[method-assign]
        await played.fill("sofie", {"Dit svar": CANARY})
        assert close
        assert "Der er lukket for svar" in played.faults["sofie"]
        assert changed(before, dump(tmp_path)) == {"pool"}
        assert played.form["sofie"] is not None
        assert await waiting(played, tmp_path) == ()
