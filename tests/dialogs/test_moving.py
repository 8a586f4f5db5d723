"""A project that moves to another channel: who may, who must not be there, and what goes along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.documents import data
from bot.platforms.common.ports import Delivery, DeliveryFailed, Members, Parcel, Sender
from tests.worlds.house import asked
from tests.worlds.sheets import report, week_sheet
from tests.worlds.stage import CHANNEL, NEW_CHANNEL, PEOPLE, TENANT, Stage, stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh"
anne > tryk "Jeg er leder"
mette > tryk "Jeg er TR"
mette > send
anne > tryk "Vis det i kanalen"
"""
MOVE = """
anne > /digi flyt
anne > tryk "Flyt Ny omsorgsplatform hertil"
anne < "Forløbet er nu i den her kanal."
"""
HERE = ("anne", "mette", "jonas", "ali", "fatima", "peter")


@asynccontextmanager
async def begun(
    folder: Path, either: str = "", team: tuple[str, ...] = HERE
) -> AsyncIterator[Stage]:
    async with stage(folder, team=team, either=either) as played:
        await played.play(BEGUN)
        yield played


async def to_new(played: Stage, *people: str, foreign: str = "") -> None:
    """Everybody looks at the new channel from now on; these people are in it."""
    played.place = NEW_CHANNEL
    there = tuple(Sender(one, PEOPLE[one], foreign=one == foreign) for one in people)
    played.acts += 1
    told = Delivery(TENANT, Sender(""), f"new {played.acts}", Members(there), NEW_CHANNEL)
    await played.house.engine.receive(told)


async def test_a_stranger_in_the_new_channel_would_read_what_was_not_for_them(
    tmp_path: Path,
) -> None:
    """Asked as well as pressed later: the press looks again at who is there."""
    async with begun(tmp_path) as played:
        await to_new(played, *HERE, "karen", "lars")
        await played.play(
            """
            anne > /digi flyt
            anne < "kan ikke flyttes hertil endnu"
            anne < "Karen Dahl og Lars Østergaard"
            anne <! "Flyt Ny omsorgsplatform hertil"
            """
        )
        await to_new(played, *HERE)
        await played.play("anne > /digi flyt")
        await to_new(played, *HERE, "karen")
        await played.play(
            """
            anne > tryk "Flyt Ny omsorgsplatform hertil"
            anne < "kan ikke flyttes hertil endnu"
            kanal <! "hertil"
            """
        )


async def test_many_strangers_are_counted(tmp_path: Path) -> None:
    async with begun(tmp_path, team=("anne", "mette")) as played:
        await to_new(played, *PEOPLE)
        await played.play('anne > /digi flyt\nanne < " og 4 til."')


async def test_somebody_of_another_organisation_neither_moves_it_nor_is_moved_to(
    tmp_path: Path,
) -> None:
    async with begun(tmp_path) as played:
        await to_new(played, *HERE, "omar", foreign="omar")
        await played.play(
            """
            anne > /digi flyt
            anne < "Her i kanalen er der nogen, som ikke er med i det: Omar Said."
            omar > /digi flyt
            omar <! "Ny omsorgsplatform"
            """
        )


async def test_whoever_is_not_in_the_new_channel_keeps_a_role_and_is_told(tmp_path: Path) -> None:
    """What is only theirs they still read; a colleague without a role is no longer part of it."""
    async with begun(tmp_path) as played:
        await to_new(played, "anne", "jonas", "ali", "fatima")
        await played.play(
            """
            anne > /digi flyt
            anne < "Med i forløbet, men ikke i den her kanal: Mette Krogh og Peter Lund."
            anne > tryk "Flyt Ny omsorgsplatform hertil"
            mette < "Anne Holm har flyttet forløbet om Ny omsorgsplatform til en kanal, som du"
            kanal < "TR Mette Krogh"
            mette privat > roller
            mette < "TR Mette Krogh"
            """
        )
        assert "flyttet" not in played.private("peter")
        played.place = CHANNEL
        assert "har flyttet forløbet om Ny omsorgsplatform til en anden" in played.channel()
        await played.play(
            """
            peter privat > status
            peter < "Du er ikke med i noget forløb endnu."
            """
        )


async def test_the_tr_moves_it_once_the_leader_has_left(tmp_path: Path) -> None:
    async with begun(tmp_path) as played:
        await to_new(played, *HERE)
        await played.play(
            """
            mette > /digi flyt
            mette < "Forløbet om Ny omsorgsplatform kan flyttes af Anne Holm."
            """
        )
        await played.gather(CHANNEL, HERE[1:])
        await played.play(
            """
            fatima > /digi flyt
            fatima < "kan flyttes af Anne Holm og Mette Krogh."
            mette > /digi flyt
            mette > tryk "Flyt Ny omsorgsplatform hertil"
            kanal < "Mette Krogh har flyttet forløbet om Ny omsorgsplatform hertil."
            """
        )


async def test_it_does_not_move_where_digi_does_not_know_who_is_there(tmp_path: Path) -> None:
    async with begun(tmp_path) as played:
        played.place = NEW_CHANNEL
        await played.play(
            """
            anne > /digi flyt
            anne < "Jeg kan ikke se, hvem der er i den her kanal."
            """
        )


async def test_what_was_written_without_a_name_goes_along(tmp_path: Path, either: str) -> None:
    """The pool is not emptied, the code still works, also for whoever is no longer there, and the
    text comes out in the new channel. The move itself brings no text there."""
    async with begun(tmp_path, either) as played:
        await played.play(
            """
            peter > /digi sig
            peter > tryk "Uden navn"
            peter > udfyld Hvad=Spørgsmål "Din tekst"="Hvem passer nattevagten?" "Hvem må læse"=Alle
            peter < kode
            """
        )
        code = played.code
        await to_new(played, *HERE[:-1])
        await played.play(MOVE)
        assert "nattevagten" not in played.channel()
        await played.play(
            f"""
            peter privat > kode
            peter > udfyld "Din kode"={code}
            peter < "Hvem passer nattevagten?"
            ur > til udsendelse
            ur > til overblik
            """
        )
        assert "nattevagten" in played.channel()
        played.place = CHANNEL
        assert "nattevagten" not in played.channel()
        rows = asked(tmp_path, either, "SELECT channel, open FROM project")
        assert [tuple(row) for row in rows] == [(NEW_CHANNEL, 1)]


async def test_it_moves_back_as_well(tmp_path: Path) -> None:
    async with begun(tmp_path) as played:
        await played.play("anne > /digi næste")
        await to_new(played, *HERE)
        await played.play(MOVE)
        played.place = CHANNEL
        await played.play(MOVE)
        posts = [m for m in played.edge.messages.values() if "Svar uden navn" in str(m.card)]
        assert [m.place for m in posts] == [
            f"channel:{CHANNEL}",
            f"channel:{NEW_CHANNEL}",
            f"channel:{CHANNEL}",
        ]


async def test_an_exercise_goes_on_in_the_new_channel(tmp_path: Path) -> None:
    """Its open round takes notes as before, and its post is there; the old one says no more."""
    async with begun(tmp_path) as played:
        await played.play(
            """
            mette > /digi øvelse kompas
            mette > tryk "Begynd"
            mette > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=mette
            mette > tryk "Næste trin"
            mette > tryk "Næste trin"
            fatima > tryk "Skriv sedler"
            fatima > udfyld "Hvor på tavlen"=Realistisk "I dag"="Jeg er alene om natten"
            """
        )
        await to_new(played, *HERE)
        await played.play(MOVE)
        await played.play(
            """
            peter > tryk "Skriv sedler"
            peter > udfyld "Hvor på tavlen"=Realistisk "I dag"="Der er for langt til bilen"
            peter < "Ingen ser, hvad du har skrevet, før runden er lukket."
            ur > til 2026-11-02 09:30
            mette > tryk "Led øvelsen" på "trin 3 af 8"
            mette > tryk "Luk runden"
            mette > tryk "Næste trin"
            kanal < "trin 4 af 8"
            kanal <! "alene om natten"
            """
        )
        played.place = CHANNEL
        assert "trin 3 af 8" in played.channel()
        assert "trin 4 af 8" not in played.channel()


async def test_what_is_settled_stays_in_the_old_channel_as_it_was(tmp_path: Path) -> None:
    """Whoever stays behind reads nothing new there, and the new channel is not filled with it."""
    async with begun(tmp_path) as played:
        await played.play(
            """
            peter > /digi sig
            peter > tryk "Med navn"
            peter > udfyld Hvad=Spørgsmål Din="Må jeg bytte besøg?" Hvem="Anne Holm, alle"
            anne > tryk "Led samtalen" på "Må jeg bytte besøg?"
            anne > tryk "Skriv et svar"
            anne > udfyld Hvad="Nej" Dit="Ruterne ligger fast."
            kanal < "Ruterne ligger fast."
            """
        )
        await to_new(played, *HERE)
        await played.play(MOVE)
        assert "Må jeg bytte besøg?" not in played.channel()
        await played.play(
            """
            anne > tryk "Læs" på "Må jeg bytte besøg?"
            anne > tryk "Luk"
            anne < "Nu er sagen lukket."
            """
        )
        assert "Må jeg bytte besøg?" not in played.channel()
        played.place = CHANNEL
        [post] = [text for text in played.channel().split("\n\n") if "Må jeg bytte besøg?" in text]
        assert "Lukket" not in post


async def test_what_an_archived_channel_refused_comes_in_the_new_one(tmp_path: Path) -> None:
    """The question waits while the old channel is closed. That the old channel cannot be told holds
    nothing up, and nobody is bothered with it."""
    async with begun(tmp_path) as played:
        deliver = played.edge.deliver

        async def refuses(parcel: Parcel) -> str:
            if parcel.channel == CHANNEL:
                raise DeliveryFailed("is_archived", held=True, closed="channel", retry_after=3600)
            return await deliver(parcel)

        played.edge.deliver = refuses  # type: ignore[method-assign]
        await played.play(
            """
            anne > /digi næste
            mette > /digi roller
            mette > tryk "Jeg er ikke længere TR her"
            """
        )
        await to_new(played, *HERE)
        assert "Svar uden navn" not in played.channel()
        before = played.private("anne")
        await played.play(MOVE)
        assert played.channel().count("[Svar] [Svar uden navn]") == 1
        assert played.channel().count("Mette Krogh er ikke længere TR i forløbet.") == 1
        await played.play(
            """
            ur > en uge
            ur > en uge
            ur > en uge
            kanal < "Svar uden navn"
            """
        )
        assert played.private("anne").count("Jeg kan ikke skrive i kanalen") == before.count(
            "Jeg kan ikke skrive i kanalen"
        )


async def test_the_documents_of_an_archived_channel_can_still_be_fetched(tmp_path: Path) -> None:
    """Its people are who they were when it was closed. The platform takes no post there, and an
    answer to one person is none."""
    async with begun(tmp_path) as played:
        before = data.draw(await report(played, "peter"))

        async def refuses(parcel: Parcel) -> str:
            raise DeliveryFailed("is_archived", held=True, closed="channel", retry_after=3600)

        played.edge.deliver = refuses  # type: ignore[method-assign]
        await played.play("anne > /digi næste")
        assert "Svar uden navn" not in played.channel()
        found = await report(played, "peter")
        assert "Spørgsmålene" in str(found.sections)
        assert data.draw(found) != before  # the question that was asked meanwhile is in it
        assert (await week_sheet(played, "ali")).sections
        await played.play('anne > /digi rapport\nanne < "Rapport"')


async def test_a_project_that_is_over_stays_where_it_is(tmp_path: Path) -> None:
    async with begun(tmp_path) as played:
        await to_new(played, *HERE)
        await played.play("anne > /digi flyt")
        played.place = CHANNEL
        await played.play(
            """
            anne > /digi afslut
            anne > tryk "Slut forløbet"
            anne > udfyld "Hvorfor slutter"="Platformen er i drift"
            """
        )
        played.place = NEW_CHANNEL
        await played.play(
            """
            anne > /digi flyt
            anne < "Du er ikke med i noget forløb, der kan flyttes hertil."
            kanal <! "hertil"
            """
        )
