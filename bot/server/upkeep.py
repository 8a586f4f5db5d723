"""Maintenance: completes deletions in files and backups, makes backups, and rotates the key.

It runs in the serving process (each night, and when an operator asks through the control socket),
or in a process of its own if none serves. It sends no messages and knows no platform.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from bot.clock import Clock
from bot.core.dialogs import Dialogs
from bot.log import Log
from bot.server import new_key
from bot.server.backup_files import WORK, beside, cleansed
from bot.server.deletion_proof import Cleansed, file_proof, proof
from bot.server.erasing import erase_in_steps
from bot.server.erasing import finish as finish_erasing
from content.model import Catalogue
from dialogs import forgetting
from dialogs.model.events import RoleDeclined
from storage import plain_ids, rekey, tombstones
from storage.database import Database
from storage.sql import Script, StoreError, Unavailable
from storage.sqlite import backup
from storage.sqlite.driver import Sqlite
from storage.tombstones import Tombstone
from storage.transactions import erasing, erasure_progress, keepsakes
from storage.transactions.deletion import erase_project
from storage.transactions.scope import Scope, to_us
from storage.transactions.store import Scripts
from storage.transactions.turns import Turn
from storage.vault import Vault

STONES_KEPT = timedelta(days=400)
PROOFS = "proofs"
AT_ONCE = 8_000_000
"""The most bytes that an operator's command rewrites while others want to write; a larger database
is rewritten at night.

Measured on two cores at a load of 6: VACUUM of SQLite's file 8 MB 0.2 s, 16 MB 0.35 s, 23 MB 0.7 s;
VACUUM FULL of PostgreSQL's table 8 MB 0.3 to 0.6 s, 16 MB 0.8 to 1.2 s, 62 MB 2 to 2.8 s.
"""


class NotThere(Exception):
    """Something that the operator named does not exist."""


class NotCleared(StoreError):
    """It was done, but the old data is still in the database's files, because another program has
    them open: end that program and run the command again. The nightly run clears the files too."""


class HalfErased(StoreError):
    """The erasure has begun and is not finished: run the same command again. The next start of Digi
    finishes it too, and so does the nightly run."""


@contextmanager
def _done_at_least() -> Iterator[None]:
    """Convert an error while files are cleared into NotCleared, which says that the deletion itself
    was done."""
    try:
        yield
    except Unavailable as error:
        raise NotCleared(str(error)) from error


class Upkeep:
    def __init__(
        self,
        database: Database,
        scripts: Scripts,
        vault: Vault,
        catalogue: Catalogue,
        clock: Clock,
        log: Log,
        *,
        home: Path,
        key_file: Path,
        backups: Path,
        days: int,
        nightly: bool = False,
        still: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
    ) -> None:
        """`still` pauses the courier around each step of a deletion, so that nothing it deletes is
        being sent."""
        self._database = database
        self._scripts = scripts
        self._vault = vault
        self._catalogue = catalogue
        self._clock = clock
        self._log = log
        self._home = home
        self._key_file = key_file
        self._backups = backups
        self._days = days
        self._nightly = nightly
        self._alone = asyncio.Lock()
        self._still = still
        self._serving = False

    def begin_to_serve(self) -> None:
        """Called when Digi serves: people may write during an operator's command from now on."""
        self._serving = True

    async def night(self) -> None:
        """The nightly run, after the pools were rewritten: clear deleted data from the files, then
        make a backup."""
        async with self._alone:
            try:
                if await new_key.is_half_done(self._database, self._vault):
                    await self._go_on_with_key()
                await finish_erasing(self._database, self._vault, self._clock.now())
                changed = await self._database.read(self._scripts.meta, rekey.UNCLEARED)
                if changed:
                    await asyncio.to_thread(self._drop_copies_of_other_keys)
                if not await self._carry_through() and changed:
                    await self._clear_files()
            finally:
                # PostgreSQL is backed up with its own tools.
                if self._nightly and isinstance(self._database, Sqlite):
                    await self._back_up(None)
                await asyncio.to_thread(self._prune)

    # --- backups --------------------------------------------------------------------------

    async def backup(self, to: Path | None = None) -> Path:
        """Make a backup beside the nightly ones, or at the path that the operator chose."""
        async with self._alone:
            return await self._back_up(to)

    async def _back_up(self, to: Path | None) -> Path:
        if not isinstance(self._database, Sqlite):
            raise Unavailable("PostgreSQL is backed up with its own tools: docs/operations.md")
        if await new_key.is_half_done(self._database, self._vault):
            raise new_key.HalfRotated("no backup was made: it would need both keys")
        at = self._clock.now()
        target = await asyncio.to_thread(self._target, to, at)
        stones = await self._database.read(tombstones.stones)
        with beside(self._home) as folder:
            copy = folder / "copy.db"
            await self._database.copy_to(copy)
            await asyncio.to_thread(backup.make, self._vault, copy, target, at)
        for there in {self._home, target.parent}:
            await asyncio.to_thread(tombstones.add_to_file, there, stones)
        return target

    async def newest_backup(self) -> datetime | None:
        found = await asyncio.to_thread(backup.all_in, self._backups)
        return backup.made_at(found[-1]) if found else None

    def _target(self, to: Path | None, at: datetime) -> Path:
        if to is not None and not to.is_dir():
            if to.exists():
                raise FileExistsError(17, "a backup is never overwritten", str(to))
            return to
        folder = to or self._backups
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return backup.free_name(folder, at)

    def _prune(self) -> None:
        now = self._clock.now()
        backup.prune(self._backups, now, self._days)
        oldest = (now - timedelta(days=self._days)).timestamp()
        for copy in self._copies_before_upgrades():
            if copy.stat().st_mtime < oldest:
                copy.unlink(missing_ok=True)
        for left in self._home.glob(f"{WORK}*"):
            # Left behind by a crash during a backup.
            shutil.rmtree(left, ignore_errors=True)

    def _copies_before_upgrades(self) -> list[Path]:
        return sorted(self._home.glob("*.before-*"))

    async def heed(self) -> int:
        """At startup: apply deletions from the tombstone file that the database does not know, and
        finish half-done erasures. Returns the number of deletions applied.

        A database lacks them if it was restored from an older copy with other tools.
        """
        await asyncio.to_thread(self._forget_marks_in_copies)
        await plain_ids.make_anew(self._database, self._scripts, forgetting, self._clock.now())
        found = await asyncio.to_thread(self._stones_beside)
        known = {(one.kind, one.id) for one in await self._database.read(tombstones.stones)}
        # The database forgets tombstones after a while; the file does not.
        since = to_us(self._clock.now() - STONES_KEPT / 2)
        new = [one for one in found if (one.kind, one.id) not in known and one.at_us >= since]
        if new:
            await self._database.tx_sealed(erasing.heeded, self._vault, forgetting, new, 0)
            await self._database.tx(tombstones.kept, new)
        await finish_erasing(self._database, self._vault, self._clock.now())
        return len(new)

    def _forget_marks_in_copies(self) -> None:
        """Remove who took part in rounds from the copies that were made before upgrades."""
        for copy in self._copies_before_upgrades():
            if copy.name.endswith(("-wal", "-shm")):
                continue
            made = copy.stat()
            try:
                backup.forget_marks(self._vault, copy)
            except sqlite3.Error as error:
                self._log.failed("backup", type(error).__name__)
            # By this time it is deleted some day.
            os.utime(copy, ns=(made.st_atime_ns, made.st_mtime_ns))

    def _stones_beside(self) -> list[Tombstone]:
        return sorted({*tombstones.read_file(self._home), *tombstones.read_file(self._backups)})

    # --- deletions ------------------------------------------------------------------------

    async def workplaces_of(self, person: str) -> tuple[str, ...]:
        found: tuple[str, ...] = await self._database.read(erasing.workplaces_of, person)
        return found

    async def erase_person(self, tenant: str, person: str) -> str:
        """Erase a person's name and named texts, and return the proof."""
        async with self._alone:
            database, vault, now = self._database, self._vault, self._clock.now()
            stone: Tombstone = await database.tx_sealed(
                erasing.first_step, vault, tenant, person, now
            )
            try:
                await asyncio.to_thread(self._put_stones, [stone])
                await erase_in_steps(database, vault, tenant, person, stone, now, still=self._still)
            except StoreError as error:
                raise HalfErased(str(error)) from error
            return await self._carry_through(stone.id)

    async def unseat(self, tenant: str, project: str, person: str, role: str) -> None:
        """End the role of a representative who cannot do so any more. The channel is notified."""
        async with self._alone:
            now = self._clock.now()
            event = RoleDeclined(project=project, by=person, at=now, id=uuid4().hex, role=role)
            turn = Turn(tenant, project, f"unseat:{event.id}", event, now)
            async with self._still():
                await self._database.tx(self._scripts.turns.run, turn, Dialogs(self._catalogue))

    async def seats_of(self, person: str) -> tuple[tuple[str, str, str], ...]:
        """Return (workplace, project, role) for each role that a person holds."""
        found: tuple[tuple[str, str, str], ...] = await self._database.read(
            erasing.seats_of, person
        )
        return found

    async def erase_project(self, project: str) -> str:
        async with self._alone:
            async with self._still():
                gone: int = await self._database.tx_sealed(self._erase_project, project)
            if not gone:
                raise NotThere(
                    f"there is no project {project}: `python app.py projects` lists them"
                )
            return await self._carry_through(project)

    def _erase_project(self, project: str) -> Script[int]:
        """Delete all of it, also what was to outlive it; and that alone where the project is gone
        already."""
        now = self._clock.now()
        rows = yield "project_place", {"id": project}
        for row in rows:
            yield from erase_project(Scope(row["tenant"], project, self._vault), now)
        kept = yield from keepsakes.discard_all_of(project, now)
        if kept and not rows:
            yield from tombstones.buried("project", project, now)
        return len(rows) + kept

    async def _carry_through(self, order: str = "") -> str:
        """Clear what was deleted from free pages, the write-ahead log, copies and backups, and
        return the proof.

        With `order`, the id of a deletion's tombstone, a large database is left to the nightly run.
        """
        new, erased = await self._database.read(erasure_progress.unsettled)
        if not new:
            return ""
        await asyncio.to_thread(self._put_stones, new)
        self._vault.forget()
        if order and await self._is_for_the_night():
            own = [one for one in new if one.id == order]
            return await self._proof(own, erased, None)
        await self._clear_files()
        text = await self._proof(new, erased, await self._cleanse(new))
        await self._database.tx(erasure_progress.settled, new)
        before = to_us(self._clock.now() - STONES_KEPT)
        await self._database.tx(tombstones.forgotten, before)
        return text

    async def _is_for_the_night(self) -> bool:
        """Return whether rewriting the files now would block writers for too long.

        If so, at least the log and old versions of the pools are cleared.
        """
        if not self._serving and self._database.alone:
            return False
        if await self._database.rewritten_at_once() <= AT_ONCE:
            return False
        await self._database.checkpoint()
        return True

    async def _clear_files(self) -> None:
        with _done_at_least():
            await self._database.vacuum()
        await self._database.tx(self._scripts.set_meta, rekey.UNCLEARED, "")
        self._vault.forget()

    async def _proof(
        self,
        stones: list[Tombstone],
        erased: dict[str, erasure_progress.Erased],
        cleansed: Cleansed | None,
    ) -> str:
        kept = await self._database.read(keepsakes.outliving, stones)
        text = proof(self._catalogue, stones, cleansed, self._clock.now(), erased, kept)
        await asyncio.to_thread(file_proof, self._home / PROOFS, self._clock.now(), text)
        return text

    def _put_stones(self, new: Iterable[Tombstone]) -> None:
        found = list(new)
        tombstones.add_to_file(self._home, found)
        if self._backups.is_dir():
            tombstones.add_to_file(self._backups, found)
        for copy in self._copies_before_upgrades():
            copy.unlink(missing_ok=True)

    async def _cleanse(self, stones: list[Tombstone]) -> Cleansed:
        done = left = 0
        for file in await asyncio.to_thread(backup.all_in, self._backups):
            try:
                await cleansed(self._vault, self._scripts, file, stones, self._home)
                done += 1
            except StoreError as error:
                self._log.failed("backup", type(error).__name__)
                left += 1
        return Cleansed(done, left)

    # --- a new key ------------------------------------------------------------------------

    async def rotate_key(self) -> rekey.Rekeyed:
        """Encrypt everything with a new key. Old backups are deleted, since their key is gone."""
        async with self._alone:
            if not await new_key.is_half_done(self._database, self._vault):
                await new_key.begin(self._database, self._vault, self._key_file)
            done = await self._go_on_with_key()
            if await self._is_for_the_night():
                return msgspec.structs.replace(done, cleared=False)
            await self._clear_files()
            return done

    async def _go_on_with_key(self) -> rekey.Rekeyed:
        done = await new_key.go_on(self._database, self._vault, self._key_file)
        if isinstance(self._database, Sqlite):
            await self._back_up(None)
            await asyncio.to_thread(self._drop_copies_of_other_keys)
        return done

    def _drop_copies_of_other_keys(self) -> None:
        ours = self._vault.fingerprint()
        for file in (*backup.all_in(self._backups), *self._copies_before_upgrades()):
            if backup.fingerprint_of(file) != ours:
                file.unlink(missing_ok=True)
