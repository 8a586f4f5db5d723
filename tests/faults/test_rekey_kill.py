"""The process is killed during a key rotation: everything can be decrypted, and the rotation is
finished later."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import rekey
from storage.vault import read_key
from tests.anonymity.hands import by_code, running, says
from tests.bot.server.test_upkeep import all_that_is_kept, key_of, lively
from tests.worlds.stage import stage

ROOT = Path(__file__).parents[2]
ROTATES = """
import asyncio, sys
from pathlib import Path
from bot.server.build import build
from storage import rekey
rekey.BATCH = 1  # so that it is killed half way more often
async def main():
    folder = Path(sys.argv[1])
    house = await build(folder, edges=lambda *_: [], key_file=folder / "key" / "digi.key")
    print("open", flush=True)
    while True:
        await house.upkeep.rotate_key()
        print("done", flush=True)
asyncio.run(main())
"""


def _killed(folder: Path, after: float) -> int:
    """Rotate the key repeatedly until killed, and return the number of finished rotations."""
    with subprocess.Popen(
        [sys.executable, "-c", ROTATES, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(after)
        process.kill()
        return process.stdout.read().count("done")


async def test_half_a_new_key_is_cleared_away(tmp_path: Path) -> None:
    """Killed while the new key file was written: the next start uses the old key."""
    async with running(tmp_path) as played:
        await lively(played)
    old = read_key(key_of(tmp_path))
    for half in (b"", b"c29tZXRoaW5n"):
        rekey.waiting(key_of(tmp_path)).write_bytes(half)
        async with stage(tmp_path):
            assert not rekey.waiting(key_of(tmp_path)).exists()
    assert read_key(key_of(tmp_path)) == old


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.long)])
async def test_a_new_key_survives_being_killed(
    tmp_path: Path, kills: int, figures: Callable[[str], None]
) -> None:
    """Killed at random moments of repeated rotations: at the next start every row can be decrypted,
    the nightly run finishes the rotation, and a code issued before works."""
    async with running(tmp_path) as played:
        await lively(played)
        code = await says(played, "noor", "Sagt før alle de nye nøgler")
        before = await all_that_is_kept(played, tmp_path)
    chance, done, half, keys = random.Random(20261125), 0, 0, set()
    for _ in range(kills):
        done += _killed(tmp_path, chance.uniform(0.0, 0.4))
        async with stage(tmp_path) as played:
            assert await all_that_is_kept(played, tmp_path) == before
            half += played.house.vault.has_two_keys
            await played.house.upkeep.night()
            assert await all_that_is_kept(played, tmp_path) == before
            assert not rekey.waiting(key_of(tmp_path)).exists()
        keys.add(read_key(key_of(tmp_path)))
    async with stage(tmp_path) as played:
        assert "Sagt før alle" in await by_code(played, "noor", code)
    figures(f"{kills} kills, {half} of them half way, {done} new keys, {len(keys)} of them found")
