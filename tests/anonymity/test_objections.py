"""Objections to a proposal: whoever summed up reads them at the fixed hour, and nobody learns more
than the authors allow."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.anonymity.hands import CANARY, everything_decided, running
from tests.worlds.postgres import either_later
from tests.worlds.stage import COPENHAGEN, Stage, text_of

QUESTION = "daglige arbejdsgange"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=COPENHAGEN)


async def proposed(played: Stage) -> None:
    await played.play(
        f"""
        anne > /digi næste
        anne > tryk "Led samtalen" på "{QUESTION}"
        anne > tryk "Vi har talt om det"
        anne > udfyld "Hvad nåede"="Ruterne først"
        """
    )


async def objects(played: Stage, person: str, words: str, *, allows: bool) -> None:
    await played.press(person, "Der mangler noget")
    allowed = {"Må alle": "Ja"} if allows else {}
    answer = await played.fill(person, {"Hvad mangler": words, **allowed})
    assert "Din kode er" in "".join(str(card) for card in answer.cards)


async def seen(played: Stage) -> str:
    """Return the channel's messages, and what a person sees who neither wrote nor summed up."""
    found = [played.channel()]
    for words in ("resultater", "status", "spørgsmål"):
        answer = await played.type("peter", words)
        found += [text_of(card) for card in answer.cards]
    answer = await played.press("peter", "Se svar", QUESTION)
    found += [text_of(card) for card in answer.cards]
    return "\n".join(found)


async def test_before_the_fixed_hour_nobody_sees_an_objection(tmp_path: Path, either: str) -> None:
    """Every view and message is the same with and without it, up to the last minute."""
    async with running(tmp_path, either=either) as played:
        await proposed(played)
        await played.move(at(3, 13, 40))
        before = await everything_decided(played, tmp_path, ("anne", "peter"))
        await objects(played, "sofie", CANARY, allows=True)
        await objects(played, "lars", "Køkkenet er ikke med", allows=False)
        await played.move(at(3, 13, 59))
        assert await everything_decided(played, tmp_path, ("anne", "peter")) == before
        await played.move(at(3, 14))
        assert "Køkkenet er ikke med" in played.private("anne")


async def test_where_one_says_no_the_others_see_what_they_see_without_any(
    tmp_path: Path, either: str
) -> None:
    """Of two objections, one may be read only by whoever summed up: neither texts nor a number are
    shown, and the proposal concludes at the same time as one without objections (which always runs
    on SQLite, since the database makes no visible difference)."""
    worlds = []
    for written in (0, 2):
        folder = tmp_path / str(written)
        folder.mkdir()
        async with running(folder, either=either if written else "") as played:
            await proposed(played)
            for n in range(written):
                await objects(played, ("sofie", "lars")[n], f"Det mangler {n}", allows=n == 0)
            shown = []
            for moment in (at(3, 14), at(4, 13, 59), at(4, 14)):
                await played.move(moment)
                shown.append(await seen(played))
            worlds.append(shown)
            told = played.private("anne")
            assert [f"Det mangler {n}" in told for n in range(2)] == [written == 2] * 2
    assert worlds[0] == worlds[1]
    assert "· samlet op" not in "".join(worlds[0][1])
    assert "· samlet op" in "".join(worlds[0][2])


@either_later
async def test_control_words_that_all_may_read_are_seen(tmp_path: Path, either: str) -> None:
    """Control: if both authors agree, the two cases differ: everybody reads both texts, and no
    number."""
    async with running(tmp_path, either=either) as played:
        await proposed(played)
        for person in ("sofie", "lars"):
            await objects(played, person, f"Det mangler {person}", allows=True)
        await played.move(at(3, 14))
        channel = played.channel()
        assert "Det mangler sofie" in channel
        assert "Det mangler lars" in channel
        assert "har uden navn skrevet" not in channel
