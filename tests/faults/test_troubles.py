"""Problems with the database are reported before anything is confirmed, and end without help.

A full disk, a read-only, locked or damaged file, or one of a newer Digi: people keep their text,
reads continue, and the operator gets one line.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import app
from bot.platforms.common.ports import Delivery, Sender, TypedText
from content import catalogue
from storage.sql import Script, Unavailable
from storage.transactions.anonymous_pool import Entry, Pool
from tests.bot.cli.test_app import READY, ROOT, Box
from tests.faults.crowd import crowd
from tests.faults.lossy import Disk, on_lossy_disk
from tests.worlds.play import CODE
from tests.worlds.stage import CHANNEL, TENANT, Stage, stage

NOT_SAVED = "Det blev ikke gemt. Din tekst står her endnu. Prøv igen om et øjeblik."
NOT_DONE = "Det lykkedes ikke. Der er ikke ændret noget. Prøv igen om et øjeblik."
UNSURE = (
    "Jeg ved ikke, om det blev gemt. Din tekst står her endnu. Send den igen om et øjeblik."
    " Den bliver kun gemt én gang."
)
WRITES = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
ur > til spørgsmål
"""
SAYS = """
sofie > tryk "Sig det"
sofie > tryk "Uden navn"
"""
SAID = {"Hvad": "Bekymring", "Din": "Vi mister roen om morgenen", "Hvem": "Anne Holm"}


@pytest.fixture(autouse=True)
def _one_catalogue(monkeypatch: pytest.MonkeyPatch, kindly: Callable[[], None]) -> None:
    kindly()
    loaded = catalogue.load()
    monkeypatch.setattr("content.catalogue.load", lambda **_: loaded)


# --- while it runs ------------------------------------------------------------------------


@contextmanager
def full(disk: Disk, folder: Path) -> Iterator[None]:
    disk.full = True
    yield
    disk.full = False


@contextmanager
def readonly(disk: Disk, folder: Path) -> Iterator[None]:
    disk.readonly = True
    yield
    disk.readonly = False


@contextmanager
def held(disk: Disk, folder: Path) -> Iterator[None]:
    """Another program has an open write transaction."""
    with closing(sqlite3.connect(folder / "digi.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


Trouble = Callable[[Disk, Path], AbstractContextManager[None]]


@pytest.mark.parametrize("trouble", [full, readonly, held])
async def test_trouble_is_said_before_anything_is_confirmed_and_passes_by_itself(
    trouble: Trouble, tmp_path: Path
) -> None:
    """No code is shown, the form keeps its text, and reads are answered. Afterwards the same form
    is accepted once, and delayed messages are sent."""
    disk = Disk()
    with nullcontext() if trouble is held else on_lossy_disk(disk):
        async with stage(tmp_path) as played:
            await played.play(WRITES)
            await played.play(SAYS)
            form = played.form["sofie"]
            settle = played.house.courier.settle

            async def tries() -> None:
                with suppress(Unavailable):
                    await settle()

            played.house.courier.settle = tries  # type: ignore[method-assign]
            with trouble(disk, tmp_path):
                for _ in range(2):
                    await played.fill("sofie", SAID)
                    assert played.faults["sofie"] == NOT_SAVED
                    assert not CODE.search(played.just("sofie"))
                    assert played.form["sofie"] is form
                await played.type("mette", "/digi status")
                assert "Ny omsorgsplatform" in played.just("mette")
                asked = len(played.edge.messages)
                await played.type("anne", "/digi næste")
                assert NOT_DONE in played.just("anne")
            codes = set()
            for _ in range(2):
                played.form["sofie"] = form
                await played.fill("sofie", SAID)
                codes.add(played.code)
            assert len(codes) == 1
            await played.type("anne", "/digi næste")
            await played.move(played.house.clock.now() + timedelta(hours=1))
            assert len(played.edge.messages) > asked
            assert len(await pooled(played)) == 1


@pytest.mark.parametrize("log", ["empty", "with a row"])
async def test_what_is_refused_because_somebody_reads_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    """Another program has an open read transaction: the author is told that the text was not saved,
    which is true. Named acts continue, and the same form is accepted afterwards."""
    monkeypatch.setattr("storage.sqlite.writer._LOG_SECONDS", 0.1)
    async with stage(tmp_path) as played:
        await played.play(WRITES)
        await played.play(SAYS)
        form = played.form["sofie"]
        if log == "empty":
            assert await played.house.database.checkpoint()
        with closing(sqlite3.connect(tmp_path / "digi.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM pool").fetchall()
            await played.fill("sofie", SAID)
            assert played.faults["sofie"] == NOT_SAVED
            assert await pooled(played) == ()
            await played.type("anne", "/digi næste")
            assert NOT_DONE not in played.just("anne")
        played.form["sofie"] = form
        await played.fill("sofie", SAID)
        assert CODE.search(played.code)
        assert len(await pooled(played)) == 1


async def test_what_stands_is_not_called_unsaved_because_its_answer_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an internal error behind the commit, nobody is told that nothing was saved. The same
    form submitted again shows the code, and the text exists once."""
    async with stage(tmp_path) as played:
        await played.play(WRITES)
        await played.play(SAYS)
        form = played.form["sofie"]
        with monkeypatch.context() as patched:
            patched.setattr(played.house.engine, "_answer", lambda *_: 1 / 0)
            await played.fill("sofie", SAID)
        assert played.faults["sofie"] == UNSURE
        assert len(await pooled(played)) == 1
        played.form["sofie"] = form
        await played.fill("sofie", SAID)
        assert CODE.search(played.code)
        assert len(await pooled(played)) == 1


async def test_what_may_be_on_the_disk_is_not_called_unsaved(tmp_path: Path) -> None:
    """The result of fsync is unknown, so Digi says that it does not know."""
    disk = Disk()
    with on_lossy_disk(disk):
        async with stage(tmp_path) as played:
            await played.play(WRITES)
            await played.play('lars > tryk "Svar"')
            form = played.form["lars"]
            disk.unsynced = True
            await played.fill("lars", {"Dit": "Vi får mere tid"})
            disk.unsynced = False
            assert played.faults["lars"] == UNSURE
            played.form["lars"] = form
            await played.fill("lars", {"Dit": "Vi får mere tid"})
            assert "Dit svar er gemt" in played.just("lars")


async def pooled(played: Stage) -> tuple[Entry, ...]:
    """Return the unsigned texts in the pool."""
    house = played.house
    [project] = await house.database.read(house.scripts.reading.projects_of, TENANT, "anne")

    def look() -> Script[bytes]:
        rows = yield "pool_get", {"tenant": TENANT, "project": project.id}
        return bytes(rows[0]["sealed"])

    return Pool.open(house.vault, TENANT, project.id, await house.database.read(look)).entries


async def test_the_courier_gets_over_a_full_disk_and_does_not_flood_the_log(
    tmp_path: Path,
) -> None:
    """It resumes when there is space; meanwhile the log has a line now and then, not each
    second."""
    disk = Disk()
    with on_lossy_disk(disk), pytest.MonkeyPatch.context() as patched:
        for wait in ("timers.NAP", "housekeeping.EVERY"):
            patched.setattr(f"bot.core.{wait}", 0.001)
        async with stage(tmp_path) as played:
            await played.play(WRITES)
            sender = Sender("anne", "Anne Holm", "da")
            await played.house.engine.receive(
                Delivery(TENANT, sender, "next", TypedText("næste"), CHANNEL)
            )
            before = len(played.edge.parcels)
            disk.full = True
            tries = 0
            tx = played.house.database.tx

            async def counted(script: Any, *args: Any) -> Any:
                nonlocal tries
                tries += 1
                return await tx(script, *args)

            patched.setattr(played.house.database, "tx", counted)
            running = asyncio.create_task(played.house.courier.run())
            async with asyncio.timeout(READY):
                while tries < 70:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                disk.full = False
                while len(played.edge.parcels) == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            told = played.house.log.failures
    # The 1st, 2nd, 4th, 8th failure of each loop are logged, however many there are.
    assert 1 <= told.count(("courier", "Unavailable")) <= 3 * tries.bit_length()


async def test_a_served_digi_gets_over_a_disk_that_takes_nothing_more(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """The files of the real program may not grow for a while: refusals are reported, confirmed acts
    exist, and it continues without a restart."""
    async with crowd(Box(tmp_path), 3) as found:
        await found.start()
        await found.begins()
        for _ in range(6):
            await found.chats()
            await found.says()
        resource.prlimit(found.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        before = found.acknowledged
        for _ in range(6):
            await found.chats()
            await found.says()
            await found.says_unnamed()
        assert found.acknowledged == before
        assert len((await found.state("anne"))["messages"]) > 0
        resource.prlimit(
            found.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        unheard = len(found.unsure)
        assert unheard == 12
        await found.sends_again()
        await found.holds()
        figures(f"{unheard} forms refused while nothing could be written, and once there after it")


# --- at the start -------------------------------------------------------------------------


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A Digi that has run: its home and its environment."""
    found = Box(tmp_path)
    for name, value in found.env.items():
        monkeypatch.setenv(name, value)
    asyncio.run(made(found))
    return found


async def made(box: Box) -> None:
    house = await app.build(box.home, edges=lambda *_: [], key_file=box.key)
    await house.close()


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    """Assert that `python app.py run` exits with 1, and return its one-line message."""
    assert app.main(["run"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_a_database_that_another_program_holds_is_said(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lock of another tool that opened the file, not Digi's own lock."""
    with closing(sqlite3.connect(box.database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        said = refused(capsys)
    assert str(box.database) in said
    assert "locked" in said
    assert "try again" in said


def test_a_database_of_a_newer_digi_is_said_and_left_alone(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its migrations say that this version is too old for it."""
    with closing(sqlite3.connect(box.database)) as conn, conn:
        conn.execute("INSERT INTO migration VALUES ('9999_later', 1)")
        conn.execute("UPDATE meta SET value = '9999' WHERE key = 'oldest_code'")
    before = box.database.read_bytes()
    assert "newer Digi" in refused(capsys)
    assert box.database.read_bytes() == before


def test_a_damaged_page_is_said_with_the_way_back(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is repaired or replaced; the message names an existing command."""
    raw = bytearray(box.database.read_bytes())
    raw[4096 * 3 : 4096 * 8] = bytes(4096 * 5)
    box.database.write_bytes(raw)
    said = refused(capsys)
    assert "damaged" in said
    assert "python app.py restore" in said
    assert box.database.read_bytes() == raw


def test_a_lost_database_is_not_made_anew_beside_its_log(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the write-ahead log exists without its database, an operator has to look first."""
    box.database.rename(box.home / "elsewhere")
    Path(f"{box.database}-wal").write_bytes(b"something")
    assert "gone or empty" in refused(capsys)
    assert not box.database.exists()


_AS_NOBODY = """
import asyncio, os, sys
import app, bot.platforms.web.playground.server, storage.playground_room
asyncio.run(asyncio.to_thread(int))  # what is imported late could not be read any more
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
sys.exit(app.main(["run"]))
"""


@pytest.mark.parametrize("what", ["key", "lock", "database"])
def test_what_may_not_be_read_or_written_is_named(what: str) -> None:
    """Each file that Digi needs is made inaccessible; as root, the test runs Digi as `nobody`."""
    with TemporaryDirectory() as folder:
        # `nobody` must be able to reach the files; pytest makes its folders private.
        Path(folder).chmod(0o755)
        box = Box(Path(folder))
        asyncio.run(made(box))
        files = {"key": box.key, "lock": Path(f"{box.database}.lock"), "database": box.database}
        for file in files.values():
            file.chmod(0o666)
        for place in (box.home, box.key.parent):
            place.chmod(0o777)
        files[what].chmod(0o000 if what == "key" else 0o444)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY],
            env=box.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=READY,
            check=False,
        )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert str(files[what]) in line
