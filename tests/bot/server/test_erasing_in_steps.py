"""A person is erased project by project while others write, and a crash in between is repaired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.cli.control import Request
from bot.server.build import House
from bot.server.serve import take_orders
from bot.server.upkeep import HalfErased
from storage import tombstones
from storage.sql import Script, Unavailable
from storage.transactions.scope import to_us
from storage.transactions.turns import Turn
from tests.bot.core.test_engine import news
from tests.worlds.house import MONDAY, TENANT, a_house, asked, faked, found

ANNE = {"person": "anne", "workplace": TENANT}
Between = Callable[[], Awaitable[None]]


async def two_projects(house: House) -> None:
    """Two projects, each with two answers by anne and one by mette."""
    for number, project in enumerate(("p1", "p2")):
        await found(house, project, channel=f"C{number}", team=("anne", "mette"))

        def written(project: str, id: str, person: str) -> Script[None]:
            body = house.vault.seal(b"{}", "record", TENANT, project, "answer", id)
            yield (
                "record_put",
                {
                    "tenant": TENANT,
                    "project": project,
                    "kind": "answer",
                    "id": id,
                    "ref": "",
                    "person": person,
                    "at": to_us(MONDAY),
                    "body": body,
                },
            )

        for id, person in (("a", "anne"), ("b", "anne"), ("c", "mette")):
            await house.database.tx(written, project, id, person)


def left_in(home: Path, either: str) -> set[str]:
    rows = asked(home, either, "SELECT DISTINCT project FROM record WHERE person = 'anne'")
    return {str(project) for (project,) in rows}


def once_half_erased(
    house: House, home: Path, either: str, patch: pytest.MonkeyPatch, does: Between
) -> None:
    """Run this once, after the commit that leaves anne only in the second project."""
    done: list[None] = []
    for name in ("tx", "tx_sealed"):

        def hooked(run: Any) -> Any:
            async def then(*args: Any) -> Any:
                answer = await run(*args)
                if not done and left_in(home, either) == {"p2"}:
                    done.append(None)
                    await does()
                return answer

            return then

        patch.setattr(house.database, name, hooked(getattr(house.database, name)))


async def test_others_write_between_two_projects_of_a_person_who_is_erased(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the second project still names the person, a turn of that project commits and messages
    are sent."""
    faked(monkeypatch, "digest")
    home = tmp_path / "home"
    turns: list[set[str]] = []
    sent: list[set[str]] = []
    sending: list[asyncio.Task[None]] = []
    async with a_house(home, either=either) as house:
        await two_projects(house)

        async def send() -> None:
            async with house.courier._pause.working():
                sent.append(left_in(home, either))

        async def turn() -> None:
            sending.append(asyncio.create_task(send()))
            await house.engine.turn(Turn(TENANT, "p2", "key", news("a"), MONDAY))
            turns.append(left_in(home, either))

        with monkeypatch.context() as patch:
            once_half_erased(house, home, either, patch, turn)
            said = (await take_orders(house, Request("erase-person", ANNE))).said
        await asyncio.gather(*sending)
        assert turns == sent == [{"p2"}]
        assert "Rækker, der er væk: 4 svar." in said
        assert left_in(home, either) == set()
        assert len(asked(home, either, "SELECT 1 FROM record")) == 2


@pytest.mark.parametrize("finished_by", ["the next start", "the same order", "the night"])
async def test_an_erasure_that_was_stopped_between_two_projects_is_finished(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch, finished_by: str
) -> None:
    """The tombstone is stored at once, also beside the database, so that a restored backup erases
    everything. The rest follows at the next start, on the same command, or at night. The proof
    counts both parts, there is one tombstone, and it counts as unsettled until then."""
    home = tmp_path / "home"
    stop = asyncio.CancelledError if finished_by == "the next start" else Unavailable

    async def stopped() -> None:
        raise stop

    async with a_house(home, either=either) as house:
        await two_projects(house)
        with monkeypatch.context() as patch:
            once_half_erased(house, home, either, patch, stopped)
            raised = HalfErased if stop is Unavailable else stop
            with pytest.raises(raised):
                await house.upkeep.erase_person(TENANT, "anne")
        assert left_in(home, either) == {"p2"}
        [stone] = tombstones.read_file(home)
        assert tombstones.is_of(stone.id, TENANT, "anne")
        if finished_by == "the same order":
            await house.upkeep.erase_person(TENANT, "anne")
        elif finished_by == "the night":
            await house.upkeep.night()
    if finished_by == "the next start":
        async with a_house(home, either=either) as house:
            assert left_in(home, either) == set()
            await house.upkeep.night()
    assert left_in(home, either) == set()
    assert asked(home, either, "SELECT id, done FROM tombstone") == [(stone.id, 1)]
    [proof] = (home / "proofs").iterdir()
    assert "Rækker, der er væk: 4 svar." in proof.read_text(encoding="utf-8")
    for table, column in (("person", "id"), ("member", "person")):
        assert ("anne",) not in asked(home, either, f"SELECT {column} FROM {table}")
    assert asked(home, either, "SELECT 1 FROM meta WHERE key LIKE 'erased:%'") == []
