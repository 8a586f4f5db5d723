"""Texts and their authors are found nowhere that Digi leaves data."""

from __future__ import annotations

import base64
import logging
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.vault import Vault
from tests.anonymity import canaries
from tests.anonymity.canaries import (
    NAME,
    PERSON,
    WORDS,
    dresses,
    every_log_line,
    found_in,
    lying,
    metrics_of,
)
from tests.anonymity.crowd import course
from tests.anonymity.hands import running

Screen = Callable[[], str]


@pytest.mark.parametrize(
    ("texts", "people"),
    [(20, 20), pytest.param(200, 40, marks=[pytest.mark.long, pytest.mark.timeout(600)])],
)
async def test_what_was_written_and_who_wrote_it_is_found_nowhere(
    tmp_path: Path,
    figures: Callable[[str], None],
    temporary: Path,
    capfd: pytest.CaptureFixture[str],
    texts: int,
    people: int,
) -> None:
    """Before and after the release, with an answer, a vote and a withdrawal: they are in no
    file, log or output, in no encoding. Neither are codes. Names of the channel's members are
    encrypted."""
    folder = tmp_path / "home"
    screen = ""
    with every_log_line() as lines:

        def nowhere(metrics: str, ballots: list[str]) -> None:
            nonlocal screen
            shown = capfd.readouterr()
            screen += shown.out + shown.err
            sinks = lying(folder, lines, screen, temporary) | {"metrics": [metrics.encode()]}
            assert found_in(sinks, (WORDS, NAME, canaries.ADDRESS, *ballots)) == {}
            # An id with letters that neither URLs nor JSON encode differently.
            same = {dress for dress, it in dresses(PERSON).items() if it == PERSON.encode()}
            assert found_in(sinks, (PERSON,)) == {"database": {f"{PERSON}: {d}" for d in same}}

        crowd = await course(folder, texts, people, nowhere)
        assert len(list((folder / "backups").glob("*.backup"))) > 7
        heaps = b"".join(
            h for heaps in lying(folder, lines, screen, temporary).values() for h in heaps
        )
        for code in crowd.codes:
            assert code.encode() not in heaps
            assert code.replace("-", "").encode() not in heaps
    assert len(crowd.codes) >= texts
    figures(f"{texts} texts by {people} people, {len(heaps)} bytes searched: none")


# --- and would it be found? -------------------------------------------------------------------


def test_control_the_search_finds_a_leak_in_each_dress() -> None:
    """Control: in the middle of other bytes, followed by further text."""
    for stem in (WORDS, NAME, PERSON, canaries.ADDRESS):
        longer = dresses(f"Noget før {stem} og mere bagefter")
        for dress, trace in dresses(stem).items():
            there = {"a sink": [longer.get(dress, trace)]}
            assert found_in(there, (stem,)), (stem, dress)
        for shift in range(3):
            whole = base64.b64encode(b"x" * shift + f"{stem} 017 og mere".encode())
            assert found_in({"a sink": [whole]}, (stem,))


SEEDED = {
    "database": "in a column",
    "log ahead": "not moved into the file yet",
    "shared memory": "in the file beside it",
    "outbox": "in a letter",
    "logs": "at DEBUG",
    "screen": "printed",
    "metrics": "as a figure's label",
    "temporary files": "left there",
    "backups, exports and other files": "in a folder below",
}


@pytest.mark.parametrize("sink", SEEDED, ids=str)
async def test_control_a_leak_in_each_sink_is_found(
    tmp_path: Path,
    temporary: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sink: str,
) -> None:
    """Control: one text is planted in each place, and the search names the place."""
    folder, leak = tmp_path / "home", canaries.words(7)
    with every_log_line() as lines:
        async with running(folder) as played:
            await played.house.database.checkpoint()
            with closing(sqlite3.connect(folder / "digi.db", isolation_level=None)) as conn:
                _plant(sink, leak, folder, temporary, conn)
                if sink == "metrics":
                    monkeypatch.setattr("bot.server.metrics._letters", lambda states: [f"# {leak}"])
                metrics = {"metrics": [(await metrics_of(played.house)).encode()]}
                shown = capfd.readouterr()
                found = found_in(lying(folder, lines, shown.out, temporary) | metrics, (WORDS,))
    assert sink in found, found


def _plant(sink: str, leak: str, folder: Path, temporary: Path, conn: sqlite3.Connection) -> None:
    match sink:
        case "database":
            conn.execute("INSERT INTO meta VALUES ('leak', ?)", (leak,))
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        case "log ahead":
            conn.execute("INSERT INTO meta VALUES ('leak', ?)", (leak,))
        case "shared memory":
            with (folder / "digi.db-shm").open("ab") as file:
                file.write(leak.encode("utf-16-le"))
        case "outbox":
            conn.execute("UPDATE letter SET body = ?", (leak.encode().hex().encode(),))
        case "logs":
            logging.getLogger("digi").debug("sent %s", {"text": leak})
        case "screen":
            print(leak)
        case "metrics":
            pass
        case "temporary files":
            with tempfile.NamedTemporaryFile(delete=False) as left:
                left.write(leak.encode())
        case _:
            (folder / "backups").mkdir()
            (folder / "backups" / "2026-11-05.backup").write_bytes(leak.encode("utf-16-be"))


async def test_control_a_vault_that_does_not_seal_is_found_out(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same course with encryption disabled."""
    monkeypatch.setattr(Vault, "seal", lambda self, plain, *aad: plain)
    monkeypatch.setattr(Vault, "open", lambda self, sealed, *aad: sealed)
    found: set[str] = set()
    voted: set[str] = set()

    def looked(metrics: str, ballots: list[str]) -> None:
        there = lying(tmp_path / "home", (), "", temporary)
        found.update(found_in(there, (WORDS, NAME)))
        voted.update(found_in({"a vote": there["database"]}, ballots))

    await course(tmp_path / "home", 5, 20, looked, sealed=False)
    assert {"database"} <= found
    assert voted
