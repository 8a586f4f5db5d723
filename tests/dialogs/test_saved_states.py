"""States written by earlier versions can still be loaded and mean the same.

`saved_states/<dialog>.jsonl` has one stored state per line. Lines are added when a state gets a new
shape (`python -m tests.dialogs.test_saved_states coffee` plays the transcripts whose names begin
with "coffee"; without a name all, which takes minutes), and never changed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dialogs.registry import CONVERSATIONS
from tests.worlds.stage import TENANT, stage

FOLDER = Path(__file__).parents[1] / "saved_states"
SAVED = [
    (file.stem, line)
    for file in sorted(FOLDER.glob("*.jsonl"))
    for line in file.read_text(encoding="utf-8").splitlines()
]


def test_every_conversation_with_a_state_has_saved_ones() -> None:
    """Every conversation with state has at least one saved state."""
    keeping = {
        name
        for name, one in CONVERSATIONS.items()
        if one.state is not type(None) and one.state is not None
    }
    missing = sorted(keeping - {name for name, _ in SAVED})
    assert not missing, (
        f"no tests/saved_states/{missing[0]}.jsonl:"
        f" run python -m tests.dialogs.test_saved_states {missing[0]}"
    )


_AT_ONCE = """
import os, sys, threading
from bot.core.engine import know_types
from dialogs.registry import CONVERSATIONS
from dialogs.model.facts import reader
from tests.dialogs.test_saved_states import SAVED

def read(barrier):
    barrier.wait()
    for dialog, line in SAVED:
        reader(CONVERSATIONS[dialog].state).decode(line)

def starts():
    know_types()
    sys.setswitchinterval(1e-6)
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=read, args=(barrier,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

for _ in range(int(sys.argv[1])):
    child = os.fork()
    if not child:
        starts()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("starts", [20, pytest.param(500, marks=pytest.mark.long)])
def test_threads_that_read_at_once_do_not_end_the_process(starts: int) -> None:
    """Four threads decode every kind of state first thing after a start. If the types were not
    prepared, one start in ten would end with a segmentation fault."""
    done = subprocess.run(
        [sys.executable, "-c", _AT_ONCE, str(starts)],
        cwd=FOLDER.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["0"] * starts


@pytest.mark.parametrize(("dialog", "line"), SAVED)
def test_a_saved_state_still_loads(dialog: str, line: str) -> None:
    """It can be decoded, and encoding it again loses nothing. It may gain fields."""
    state = msgspec.json.decode(line, type=CONVERSATIONS[dialog].state)
    again = msgspec.json.decode(msgspec.json.encode(state))
    assert _common(again, msgspec.json.decode(line)) == msgspec.json.decode(line)


def _common(again: Any, saved: Any) -> Any:
    """Return what was encoded again, without the fields that were not there before."""
    if isinstance(again, dict) and isinstance(saved, dict):
        return {key: _common(again[key], value) for key, value in saved.items() if key in again}
    if isinstance(again, list) and isinstance(saved, list) and len(again) == len(saved):
        return [_common(*pair) for pair in zip(again, saved, strict=True)]
    return again


async def _collect(begins: str) -> dict[str, dict[str, bytes]]:
    """Collect one state of each shape, as it is at the end of a transcript."""
    found: dict[str, dict[str, bytes]] = {}
    transcripts = sorted((Path(__file__).parents[1] / "transcripts").glob(f"{begins}*.txt"))
    for transcript in transcripts:
        print(transcript.stem, file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            async with stage(Path(folder)) as played:
                await played.play(transcript.read_text(encoding="utf-8"))
                house = played.house
                rows = await house.database.read(house.scripts.reading.all_states, TENANT)
                for dialog, _, body in rows:
                    shape = msgspec.json.decode(body)
                    key = f"{shape.get('type')} {sorted(shape)} {shape.get('status', '')}"
                    found.setdefault(dialog, {}).setdefault(key, body)
    return found


def main() -> None:
    begins = sys.argv[1] if len(sys.argv) > 1 else ""
    for dialog, states in asyncio.run(_collect(begins)).items():
        file = FOLDER / f"{dialog}.jsonl"
        known = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        shapes = {tuple(sorted(msgspec.json.decode(line))) for line in known}
        new = [
            body.decode()
            for body in states.values()
            if tuple(sorted(msgspec.json.decode(body))) not in shapes or not known
        ]
        if new:
            file.write_text("\n".join([*known, *new]) + "\n", encoding="utf-8")
            print(f"{file.name}: {len(new)} new", file=sys.stderr)


if __name__ == "__main__":
    main()
