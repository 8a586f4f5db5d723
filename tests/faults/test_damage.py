"""A damaged value affects only itself, and a damaged file is reported once.

Each encrypted value is damaged as by a failing disk: one of its stored bytes is flipped.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp.test_utils import make_mocked_request

from bot.core.sending import DAMAGED
from bot.platforms.common.ports import Address, Installation, RoomMessage
from bot.server.serve import readyz
from dialogs.model.calendar import Calendar, at_local
from dialogs.model.effects import Effect, Post, Privately, Say, Timer
from storage import rekey
from storage.addresses import Addresses
from storage.installations import Installations
from storage.playground_room import Room
from storage.sql import Damaged, Script
from storage.transactions.people import keep_prefs
from storage.vault import Unreadable
from tests.anonymity.hands import RELEASED, by_code, open_form, running, says
from tests.bot.cli.test_operator import Here, digi
from tests.bot.core.test_courier import Office, office
from tests.bot.server.test_upkeep import lively
from tests.worlds.house import (
    MONDAY,
    PROJECT,
    TENANT,
    a_house,
    asked,
    found,
    note,
)
from tests.worlds.postgres import Server
from tests.worlds.stage import COPENHAGEN, PEOPLE, Stage, stage

__all__ = ["digi", "office"]

UNREADABLE = "er beskadiget og kan ikke læses mere"
WORDS = "(ordene er beskadiget og kan ikke læses mere)"
NEXT_NIGHT = datetime(2026, 11, 3, 3, tzinfo=COPENHAGEN)
NEXT_MORNING = datetime(2026, 11, 3, 10, tzinfo=COPENHAGEN)


def flip(folder: Path, either: str, table: str, where: str = "1 = 1") -> None:
    """Flip a byte in the middle of each of these values."""
    column = next(one.column for one in rekey.TABLES if one.table == table)
    if either:
        at = f"octet_length({column}) / 2"
        flipped = f"set_byte({column}, {at}, get_byte({column}, {at}) # 255)"
        with psycopg.connect(either) as server:
            done = server.execute(f"UPDATE {table} SET {column} = {flipped} WHERE {where}".encode())
            assert done.rowcount
        return
    with closing(sqlite3.connect(folder / "digi.db", timeout=20)) as conn, conn:
        conn.create_function("flipped", 1, _flipped)
        changed = conn.execute(f"UPDATE {table} SET {column} = flipped({column}) WHERE {where}")
        assert changed.rowcount


def _flipped(value: bytes | None) -> bytes | None:
    if value is None:
        return None
    raw = bytearray(value)
    raw[len(raw) // 2] ^= 0xFF
    return bytes(raw)


# --- the courier --------------------------------------------------------------------------


SECOND = "seq = (SELECT max(seq) - 1 FROM letter)"


async def test_a_damaged_message_is_given_up_and_the_others_arrive(
    office: Office, tmp_path: Path, either: str
) -> None:
    """Other letters to its channel are sent too. It becomes a dead letter, and the log names its
    id."""
    await office.do(
        Say(note("1")), Say(note("2")), Say(note("3")), Privately("mette", note("4"), now=True)
    )
    flip(tmp_path / "home", either, "letter", "seq = (SELECT min(seq) + 1 FROM letter)")
    await office.settle()
    assert sorted(office.edge.said()) == ["1", "3", "4"]
    assert await office.letters() == [("say", "dead")]
    assert office.house.log.failures == [("dead", DAMAGED)]


@pytest.mark.parametrize(
    ("effect", "arrives"),
    [(Post("draft"), True), (Timer("bell", MONDAY + timedelta(hours=1)), False)],
    ids=["post", "timer"],
)
async def test_what_a_damaged_letter_is_for_is_found_beside_it(
    office: Office, tmp_path: Path, either: str, effect: Effect, arrives: bool
) -> None:
    """The columns beside it are enough: a timer fires, or its project would stand still, and a
    standing post is drawn."""
    await office.do(effect)
    flip(tmp_path / "home", either, "letter")
    await office.move(MONDAY + timedelta(hours=2))
    assert bool(office.edge.said()) == arrives
    assert [name for name, _ in office.woke()] == ([] if arrives else ["bell"])
    assert await office.letters() == []


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_bag_goes_without_what_is_damaged_in_it(
    office: Office, tmp_path: Path, either: str, place: int
) -> None:
    """This holds for each letter of the bag, including the first, by which the bag is claimed."""
    await office.do(*(Privately("mette", note(str(n))) for n in range(3)))
    flip(tmp_path / "home", either, "letter", f"seq = (SELECT min(seq) + {place} FROM letter)")
    await office.move(at_local(Calendar(), (MONDAY + timedelta(days=3)).date(), 12))
    assert office.edge.said() == [" ".join(str(n) for n in range(3) if n != place)]
    assert await office.letters() == [("bag", "dead")]


@pytest.mark.parametrize("dialog", ["digest", "project"])
async def test_a_post_whose_state_is_damaged_holds_up_nothing(
    office: Office, tmp_path: Path, either: str, dialog: str
) -> None:
    """The state of the post's conversation, or of the project, whose leader then cannot be told."""
    await office.do(Post("draft"), Say(note("behind it")), Privately("mette", note("2"), now=True))
    flip(tmp_path / "home", either, "state", f"dialog = '{dialog}'")
    await office.settle()
    await office.move(MONDAY + timedelta(hours=1))
    said = office.edge.said()
    assert {"behind it", "2"} <= set(said)
    assert {state for _, state in await office.letters()} <= {"dead"}


# --- looks and acts -----------------------------------------------------------------------


async def test_a_damaged_answer_stands_there_as_what_it_is_and_the_others_are_read(
    tmp_path: Path, either: str
) -> None:
    """The damaged answer is shown as unreadable under its author's name; the author can write it
    again, and the question can be summed up."""
    async with running(tmp_path, either=either) as played:
        await played.play(
            """
            anne > /digi næste
            fatima > tryk "Svar"
            fatima > udfyld Dit="Fatimas svar om ruterne"
            peter > tryk "Svar"
            peter > udfyld Dit="Peters svar om tiden"
            """
        )
        flip(tmp_path, either, "record", "kind = 'answer' AND person = 'fatima'")
        await played.press("peter", "Se svar")
        assert "Peters svar om tiden" in played.just("peter")
        assert WORDS in played.just("peter")
        assert "ruterne" not in played.just("peter")
        await played.press("fatima", "Svar")
        await played.fill("fatima", {"Dit": "Fatimas svar, skrevet igen"})
        await played.press("peter", "Se svar")
        assert "Fatimas svar, skrevet igen" in played.just("peter")
        await played.press("anne", "Led samtalen", "daglige arbejdsgange")
        await played.press("anne", "Saml op")
        await played.fill("anne", {"Hvad": "Vi prøver det"})
        assert "Vi prøver det" in played.channel()


@pytest.mark.parametrize("locale", ["da", "en"])
async def test_whoever_asks_for_what_is_damaged_reads_a_true_sentence(
    tmp_path: Path, either: str, locale: Any
) -> None:
    """For a command, a press and a form there is an explanation in the person's language, and
    nothing changes. On the hour the log has the number of damaged values and their table."""
    async with running(tmp_path, either=either) as played:
        await played.play('anne > /digi næste\n peter > tryk "Svar"')
        flip(tmp_path, either, "state")
        played.locale = locale
        said = UNREADABLE if locale == "da" else "is damaged and can no longer be read"
        await played.fill("peter", {"Dit": "Et svar"})
        assert said in played.just("peter")
        for person, words in (("anne", "status"), ("peter", "roller"), ("sofie", "næste")):
            await played.type(person, words)
            assert said in played.just(person), words
        await played.type("sofie", "hjem", private=True)
        assert not asked(tmp_path, either, "SELECT 1 FROM record WHERE kind = 'answer'")
        for hour in (10, 11):
            await played.move(datetime(2026, 11, 2, hour, 30, tzinfo=COPENHAGEN))
        told = [
            kind for what, kind in played.house.log.failures if what == "damaged values of an hour"
        ]
        assert any(kind.startswith("state (") for kind in told)


# --- the pool and its release -------------------------------------------------------------


async def test_a_damaged_pool_begins_anew_by_the_calendar_and_the_channel_is_told(
    tmp_path: Path, either: str
) -> None:
    """Until then unsigned texts are refused with an explanation, and codes of other texts work.
    From the next night on texts are accepted again and released."""
    async with running(tmp_path, either=either) as played:
        await says(played, "noor", "En tekst, der går tabt")
        await played.move(datetime(2026, 11, 2, 10, tzinfo=COPENHAGEN))
        flip(tmp_path, either, "pool")
        await open_form(played, "sofie")
        await played.fill("sofie", {"Hvad": "Bekymring", "Din": "Bliver ikke gemt", "Hvem": "Anne"})
        assert UNREADABLE in played.just("sofie")
        before = asked(tmp_path, either, "SELECT sealed FROM pool")
        await played.move(NEXT_NIGHT)
        assert asked(tmp_path, either, "SELECT sealed FROM pool") != before
        assert "gået tabt" not in played.channel()
        await played.move(NEXT_MORNING)
        assert "Var der skrevet noget uden navn her" in played.channel()
        code = await says(played, "emil", "En ny tekst om vagterne")
        assert "En ny tekst om vagterne" in await by_code(played, "emil", code)
        await played.move(RELEASED)
        assert "En ny tekst om vagterne" in await by_code(played, "emil", code)
        await played.play(
            """
            anne > /digi sig
            anne > tryk "Læs, hvad der er sagt"
            anne < "En ny tekst om vagterne"
            """
        )
        assert played.channel().count("Var der skrevet noget uden navn her") == 1


async def test_a_process_with_an_old_key_begins_no_pool_anew(tmp_path: Path, either: str) -> None:
    """Values that it cannot decrypt may be intact for processes with the new key."""
    async with running(tmp_path, either=either) as played:
        flip(tmp_path, either, "pool")
        before = asked(tmp_path, either, "SELECT sealed FROM pool")
        house = played.house
        await house.database.tx(house.scripts.set_meta, "key_fingerprint", "0" * 16)
        [(project,)] = asked(tmp_path, either, "SELECT project FROM pool")
        with pytest.raises(Unreadable):
            await house.database.tx(
                house.scripts.pools.rewrite, TENANT, str(project), house.clock.now()
            )
        assert asked(tmp_path, either, "SELECT sealed FROM pool") == before


# --- any value of any table ---------------------------------------------------------------

OF_A_WORKPLACE = (
    "inbox",
    "state",
    "record",
    "role",
    "person",
    "pool",
    "published",
    "snapshot",
    "letter",
)
LOOKS = (
    "hjælp",
    "status",
    "spørgsmål",
    "grundspørgsmål",
    "fase",
    "aftaler",
    "bekymring",
    "råd",
    "overblik",
    "trio",
    "rapport",
    "roller",
    "plan",
    "indstillinger",
    "om",
    "sig",
)


ON_A_SERVER_BRIEFLY = ("record", "letter")


@pytest.mark.parametrize(
    ("either", "table"),
    [
        *(("sqlite", table) for table in OF_A_WORKPLACE),
        *(
            pytest.param(
                "postgres", table, marks=() if table in ON_A_SERVER_BRIEFLY else pytest.mark.long
            )
            for table in OF_A_WORKPLACE
        ),
    ],
    indirect=["either"],
)
async def test_whatever_is_damaged_digi_goes_on_and_starts_again(
    tmp_path: Path, either: str, table: str
) -> None:
    """All values of a table at once: letters are sent, nights and releases pass, everybody gets an
    answer to everything, a person is erased, the key is rotated, and Digi starts again."""
    async with running(tmp_path, either=either) as played:
        await lively(played)
        await says(played, "noor", "En tekst uden navn")
        await played.move(RELEASED)
        await says(played, "emil", "En tekst, der venter")
        await played.press("lars", "Sig det")
        await played.type("anne", "næste")
        flip(tmp_path, either, table)
        await played.move(RELEASED + timedelta(days=8))
        assert not any(played.house.courier.health._bad.values())
        await _everybody_is_answered(played, "anne", "mette", "peter")
        await played.house.upkeep.erase_person(TENANT, "fatima")
        done = await played.house.upkeep.rotate_key()
        # Some were given up, deleted or replaced meanwhile.
        assert done.damaged or table in ("letter", "inbox", "pool")
        await _everybody_is_answered(played, "peter")
    async with stage(tmp_path, either=either) as again:
        await _everybody_is_answered(again, "peter")


async def _everybody_is_answered(played: Stage, *people: str) -> None:
    for person in people:
        for words in LOOKS:
            await played.type(person, words)
            assert played.just(person).strip(), (person, words)


async def test_what_a_platform_is_spoken_to_with_is_lost_alone(tmp_path: Path, either: str) -> None:
    """A token, an address, a message of the playground: the others still work."""
    async with a_house(tmp_path / "home", either=either) as house:
        store, vault = house.database, house.vault
        installations = Installations(store, vault, Installation)
        addresses, room = Addresses(store, vault, Address), Room(store, vault, RoomMessage)
        for n in ("1", "2"):
            await installations.put(Installation(f"slack:{n}", "xoxb", "B"))
            await addresses.put(Address("teams:t", n, "https://x", "B"))
            await room.put(RoomMessage(n, "channel:C", "", b"{}", MONDAY))
        flip(tmp_path / "home", either, "installation", "tenant = 'slack:1'")
        flip(tmp_path / "home", either, "address", "place = '1'")
        flip(tmp_path / "home", either, "room", "id = '1'")
        assert [one.tenant for one in await installations.all()] == ["slack:2"]
        assert await installations.one("slack:1") is None
        assert [one.place for one in await addresses.all()] == ["2"]
        assert await addresses.one("teams:t", "1") is None
        assert [one.id for one in await room.read("channel:C")] == ["2"]
        assert await room.one("1") is None


def test_the_secret_of_buttons_and_codes_is_restored_and_never_drawn_anew(digi: Here) -> None:
    """Otherwise every button and code would become invalid: Digi does not start, and says what to
    restore."""
    digi.home.mkdir()
    assert digi("key").returncode == 0
    assert digi("backup").returncode == 0
    flip(digi.home, "", "secret")
    done = digi("backup")
    assert done.returncode == 1
    assert "python app.py restore" in done.stderr


# --- the doctor ---------------------------------------------------------------------------


async def test_the_doctor_opens_everything_once_and_names_what_does_not_open(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints table and row but no content for each damaged value, and nothing if all are
    intact."""
    box = Here(tmp_path, monkeypatch, capsys)
    async with running(tmp_path, either=either) as played:
        await lively(played)
        await says(played, "noor", "En tekst uden navn")
        for n in range(450):
            await played.house.database.tx(_person, played, f"p{n:03}")
    env = {
        "DIGI_HOME": str(tmp_path),
        "DIGI_KEY_FILE": str(tmp_path / "key" / "digi.key"),
        "DIGI_DATABASE": either,
    }
    said = (await asyncio.to_thread(box, "check", "--deep", **env)).stdout
    [fine] = [line for line in said.splitlines() if line.startswith("sealed")]
    whole = sum(
        int(asked(tmp_path, either, f"SELECT count({one.column}) FROM {one.table}")[0][0])
        for one in rekey.TABLES
    )
    assert fine == f"sealed\tfine\tall {whole} values can be decrypted"
    flip(tmp_path, either, "person", "id IN ('p000', 'p200', 'p449')")
    flip(tmp_path, either, "pool")
    flip(tmp_path, either, "record", "kind = 'answer' AND person = 'fatima'")
    done = await asyncio.to_thread(box, "check", "--deep", **env)
    assert done.returncode == 1
    lines = [
        line.split("\t")[1:3] for line in done.stdout.splitlines() if line.startswith("sealed")
    ]
    [(project,)] = asked(tmp_path, either, "SELECT project FROM pool")
    assert [line for line in lines if line[0] == "person"] == [
        ["person", f"{TENANT} {id}"] for id in ("p000", "p200", "p449")
    ]
    assert ["pool", f"{TENANT} {project}"] in lines
    assert len(lines) == 5
    assert "ruterne" not in done.stdout
    assert not any(name in done.stdout for name in PEOPLE.values())


def _person(played: Stage, id: str) -> Script[None]:
    sealed = played.house.vault.seal(b"{}", "person", TENANT, id)
    yield "person_put", {"tenant": TENANT, "person": id, "body": sealed}


# --- damage to the file -------------------------------------------------------------------


async def test_damage_that_is_met_while_serving_is_told_once_and_readyz_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported by a timer, not when it is found; what can still be read is served."""
    monkeypatch.setattr("bot.server.build.DAMAGE_SECONDS", 0.01)
    async with a_house(tmp_path / "home") as house:
        await found(house)
        await house.database.checkpoint()
        ready = readyz(house)
        request = make_mocked_request("GET", "/readyz")
        assert (await ready(request)).status == 200
        path = tmp_path / "home" / "digi.db"
        sql = "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'published' AND rootpage > 0"
        raw = bytearray(path.read_bytes())
        for (page,) in asked(tmp_path / "home", "", sql):
            raw[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
        path.write_bytes(raw)
        house.start()
        assert (await ready(request)).status == 200
        for _ in range(3):
            with pytest.raises(Damaged):
                await house.database.read(_published)
        while not house.damaged:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        answer = await ready(request)
        assert answer.status == 503
        assert "docs/operations.md" in (answer.text or "")
        assert [what for what, _ in house.log.failures].count("database") == 1
        assert await house.database.read(house.scripts.meta, "oldest_code")


def _published() -> Script[Any]:
    return (yield "published_of", {"tenant": TENANT, "project": PROJECT, "kind": "said"})


async def test_damage_that_a_server_reports_is_remembered_too(
    tmp_path: Path, postgres_server: Server
) -> None:
    """This is PostgreSQL's error for a page with a wrong checksum."""
    dsn = postgres_server.dsn(postgres_server.take())
    async with a_house(tmp_path / "home", either=dsn) as house:
        assert not house.database.damaged
        with psycopg.connect(dsn, autocommit=True) as server:
            server.execute(
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE"
                " EXCEPTION 'invalid page' USING ERRCODE = 'data_corrupted'; END $$"
            )
            server.execute(
                "CREATE TRIGGER broken BEFORE INSERT ON person EXECUTE FUNCTION broken()"
            )
        with pytest.raises(Damaged):
            await house.database.tx(keep_prefs, TENANT, house.vault, "anne", _prefs())
        assert house.database.damaged


def _prefs() -> Any:
    from dialogs.model.facts import Prefs

    return Prefs(name="Anne")
