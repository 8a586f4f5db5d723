"""What was written, and who wrote it, is found nowhere."""

from __future__ import annotations

import base64
import urllib.parse
from datetime import timedelta
from pathlib import Path

import pytest

from tests.anonymity.hands import CANARY, RELEASED, by_code, every_log_line, running, says


def traces(words: str) -> dict[str, bytes]:
    """The ways in which words are found when they have not been sealed."""
    raw = words.encode()
    found = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "utf-16-le": words.encode("utf-16-le"),
        "utf-16-be": words.encode("utf-16-be"),
        "url": urllib.parse.quote(words).encode(),
        "json": words.encode("unicode_escape"),
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        found[f"base64+{shift}"] = whole[4 * (shift > 0) : len(whole) // 4 * 4 - 4]
    return found


def search(words: str, folder: Path, said: str) -> set[str]:
    heaps = [p.read_bytes() for p in folder.rglob("*") if p.is_file()] + [said.encode()]
    return {name for name, trace in traces(words).items() if any(trace in heap for heap in heaps)}


async def test_what_was_written_is_found_nowhere_unsealed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in the database, its WAL, a log at any level or the screen: before and after the
    release, after an answer, and after a withdrawal. Nor is the code."""
    with every_log_line() as lines:
        async with running(tmp_path) as played:
            code = await says(played, "sofie", CANARY)

            def nowhere() -> None:
                shown = capfd.readouterr()
                said = "\n".join([*lines, shown.out, shown.err])
                for words in (CANARY, code, code.replace("-", "")):
                    assert search(words, tmp_path, said) == set()

            nowhere()
            await played.move(RELEASED)
            nowhere()
            await played.press("anne", "Læs, hvad der er sagt")
            await played.press("anne", "Skriv et svar")
            await played.fill("anne", {"Hvad": "Nej", "Dit": "Det er afgjort."})
            nowhere()
            await by_code(played, "sofie", code, "Træk teksten tilbage")
            await played.fill("sofie", {})
            await played.move(RELEASED + timedelta(days=7))
            nowhere()
        nowhere()


def test_control_the_search_finds_a_leak_in_each_dress(tmp_path: Path) -> None:
    """One leak of every kind, in a file or in a log line."""
    for name, trace in traces(CANARY).items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "digi.db").write_bytes(b"..." + trace + b"...")
        assert name in search(CANARY, folder, "")
    assert "raw" in search(CANARY, tmp_path / "nothing", f"log: {CANARY}")
