"""`app.py report`: an operator who was asked for a report gets it as files, and reads nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.cli.control import Done, Request
from bot.cli.orders import carry_out
from tests.dialogs.test_report import everything_in
from tests.dialogs.test_sheets import ALLOWED, BEGUN, SECRET, words_in
from tests.worlds.sheets import project_of, report
from tests.worlds.stage import Stage, stage


async def ordered(played: Stage, folder: Path, project: str = "") -> Done:
    request = Request("report", {"project": project, "to": str(folder)})
    return await carry_out(played.house, request)


async def test_the_files_hold_what_the_channel_may_read(tmp_path: Path, either: str) -> None:
    """In each format, for their owner alone; what is printed names files and holds no word."""
    async with stage(tmp_path, either=either) as played:
        await played.play(BEGUN + ALLOWED + SECRET)
        folder = tmp_path / "rapport"
        done = await ordered(played, folder, await project_of(played))
        assert done.fine
        first, *names = done.said.splitlines()
        assert first.endswith(f"to {folder}:")
        assert {Path(name).suffix for name in names} == {".docx", ".html", ".csv", ".json"}
        assert sorted(names) == sorted(os.listdir(folder))
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        found = "\n".join(words_in(path.read_bytes()) for path in folder.iterdir())
        assert "Spørg om ruteplanen" in found
        assert "HEMMELIGT" not in found
        for word in ("omsorgsplatform", "ruteplanen", "Anne"):
            assert word not in done.said
        assert words_in((folder / names[0]).read_bytes()) in everything_in(
            await report(played, "ali")
        )


async def test_the_only_project_need_not_be_named(tmp_path: Path) -> None:
    """A second time the files of the same day are replaced."""
    async with stage(tmp_path) as played:
        assert (await ordered(played, tmp_path)).said.startswith("there is no project yet")
        await played.play(BEGUN)
        for _ in range(2):
            assert (await ordered(played, tmp_path / "r")).fine


@pytest.mark.parametrize(
    ("project", "said"),
    [
        ("nobody", "there is no project nobody"),
        ("", "is a draft: it has a report once it is shown"),
    ],
)
async def test_what_cannot_be_written_is_said(tmp_path: Path, project: str, said: str) -> None:
    """An unknown project, and one that its channel has not been shown; no file is made."""
    async with stage(tmp_path) as played:
        await played.play("anne > /digi start Ny omsorgsplatform")
        done = await ordered(played, tmp_path / "r", project)
        assert not done.fine
        assert said in done.said
        assert not (tmp_path / "r").exists()


async def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    """The sentence names the path."""
    (tmp_path / "file").write_text("")
    async with stage(tmp_path) as played:
        await played.play(BEGUN)
        done = await ordered(played, tmp_path / "file")
        assert not done.fine
        assert str(tmp_path / "file") in done.said
