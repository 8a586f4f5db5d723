"""Who wrote, when and through which door makes no difference to what is stored."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from tests.anonymity.hands import RELEASED, opened, running, says


async def test_the_author_makes_no_difference_to_what_is_stored(
    tmp_path: Path, chance: random.Random
) -> None:
    """Two authors swapped, and one of them through another door: what is stored is the same."""
    worlds = []
    for name, order in (("one", ("sofie", "lars")), ("other", ("lars", "sofie"))):
        chance.seed(7)
        folder = tmp_path / name
        async with running(folder) as played:
            await says(played, order[0], "Den første tekst")
            await says(played, order[1], "Den anden tekst", to="alle")
            await played.move(RELEASED)
            published, states = await opened(played, folder)
            bare = tuple(msgspec.structs.replace(one, receipt=b"") for one in published)
            worlds.append((bare, states))
    assert worlds[0] == worlds[1]
    assert len(worlds[0][0]) == 2
