"""*Udskriv tavlen*: the board on paper holds what can be read, and nothing before."""

from __future__ import annotations

from pathlib import Path

from bot.core.tokens import write_press
from bot.platforms.common.ports import Pressed
from dialogs.model.boards_to_print import BoardToPrint
from dialogs.model.cards import Spans, plain
from dialogs.model.events import Look
from tests.worlds.sheets import project_of
from tests.worlds.stage import TENANT, Stage, stage

COMPASS = Path(__file__).parents[1] / "transcripts" / "exercise_compass.txt"


def until(line: str) -> str:
    """Return the transcript of the compass up to this line."""
    before, found, _ = COMPASS.read_text(encoding="utf-8").partition(f"\n{line}\n")
    assert found
    return before


async def printed(played: Stage) -> BoardToPrint[Spans]:
    house = played.house
    rows = await house.database.read(house.scripts.reading.all_states, TENANT)
    run = next(id for dialog, id, _ in rows if dialog == "exercise")
    look = Look("board_file", project=await project_of(played), ref=run)
    played.acts += 1
    press = Pressed(write_press(house.vault, TENANT, look))
    answer = await played.send("ali", press, private=True)
    return next(file for file in answer.files if isinstance(file, BoardToPrint))


async def test_the_printed_board_has_what_can_be_read(tmp_path: Path) -> None:
    """Before the round is closed it has empty lanes to write in, afterwards the notes."""
    async with stage(tmp_path) as played:
        await played.play(
            until("# No micro-rounds: the earliest time was fixed when the round opened.")
        )
        board = await printed(played)
        assert [plain(lane.name) for lane in board.lanes][:2] == ["Realistisk", "Anerkendt"]
        assert not any(lane.notes for lane in board.lanes)
        assert {kind.sign for kind in board.kinds} == {"today", "better", "worse"}

    async with stage(tmp_path / "later") as played:
        await played.play(until("# A note is taken down with a reason that everybody reads."))
        lanes = {plain(lane.name): lane.notes for lane in (await printed(played)).lanes}
        words = [plain(note.words) for note in lanes["Realistisk"]]
        assert "Telefonen ringer hele tiden" in words
        assert words[-1] == "Planen ændres for tit"  # the leader's comes last
