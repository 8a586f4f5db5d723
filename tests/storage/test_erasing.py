"""An erased person's id is stored nowhere, and does not return with later releases."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bot.platforms.common.ports import Delivery, Members, Sender
from bot.server.backup_files import restore
from dialogs.model import effects as fx
from dialogs.model.cards import FORMER
from storage.plain_ids import DONE
from storage.sql import Script
from storage.transactions.anonymous_pool import Pool
from storage.transactions.erasing import without_name
from storage.transactions.turns import Turn
from tests.anonymity import hands
from tests.anonymity.hands import by_code, bytes_of, dump, open_form, project_of, reading, says
from tests.bot.core.test_engine import news
from tests.bot.server.test_upkeep import all_that_is_kept
from tests.worlds.house import MONDAY, PROJECT, a_house, asked, faked, found, note
from tests.worlds.stage import CHANNEL, COPENHAGEN, PEOPLE, TENANT, Stage, stage

GONE, NAME = "u7kanarie9q", "Kanariefugl Æbelø"
"""A representative whose id and name are unique strings."""
RELEASED = datetime(2026, 11, 9, 12, tzinfo=COPENHAGEN)


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEOPLE, GONE, NAME)


@asynccontextmanager
async def running(folder: Path, either: str) -> AsyncIterator[Stage]:
    """A project in which this person is TR and has left data of every kind."""
    if either:
        hands._postgres[folder] = either
    async with stage(folder, either=either, team=tuple(PEOPLE)) as played:
        await played.play(
            f"""
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Ret"
            anne > udfyld TR="{NAME}" AMR="Jonas Friis"
            anne > tryk "Jeg er leder"
            {GONE} > tryk "Jeg er TR"
            {GONE} > send
            jonas > tryk "Jeg er AMR"
            jonas > send
            anne > tryk "Vis det i kanalen"
            anne > /digi næste
            {GONE} > tryk "Svar"
            {GONE} > udfyld Dit="Mere tid hos borgeren"
            {GONE} > tryk "Sig det"
            {GONE} > tryk "Med navn"
            {GONE} > udfyld Hvad=Idé Din="Vi prøver ruterne først" Hvem="alle"
            {GONE} > /digi trio
            {GONE} > tryk "Tag op næste gang"
            {GONE} > udfyld Hvad="Pauserne kommer op"
            peter > tryk "Sig det"
            peter > tryk "Med navn"
            peter > udfyld Hvad=Spørgsmål Din="Må jeg bytte besøg?" Hvem="{NAME}, alle"
            {GONE} > tryk "Lov en dato"
            {GONE} > udfyld Jeg=2026-12-01
            anne > tryk "Led samtalen" på "daglige arbejdsgange"
            anne > tryk "Saml op"
            anne > udfyld Hvad="Prøv det" "Aftale 1: hvad"="Prøv en rute" "Aftale 1: hvem"={GONE}
            {GONE} > tryk "Jeg tager den"
            """
        )
        yield played


async def where(played: Stage, folder: Path, either: str) -> set[str]:
    """Return where the person's id or name is found: in table columns, in decrypted values, and in
    the files."""
    found = set()
    for table, rows in dump(folder).items():
        if any(
            GONE in str(v) or (isinstance(v, bytes) and GONE.encode() in v)
            for row in rows
            for v in row
        ):
            found.add(f"table {table}")
    for line in (await all_that_is_kept(played, folder)).splitlines():
        if GONE in line or "Kanariefugl" in line:
            found.add(f"sealed: {line[:120]}")
    files = {"the database": bytes_of(folder)}
    files |= {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for name, raw in files.items():
        if any(word.encode() in raw for word in (GONE, NAME)):
            found.add(f"file {name}")
    return found


def pools(played: Stage, folder: Path) -> list[Pool]:
    with reading(folder) as conn:
        rows = conn.execute("SELECT tenant, project, sealed FROM pool").fetchall()
    return [Pool.open(played.house.vault, *row) for row in rows]


def written_to(played: Stage) -> list[str]:
    return [parcel.id for parcel in played.edge.parcels if parcel.person == GONE]


async def test_an_erased_id_is_nowhere_and_in_nothing_that_is_released_later(
    tmp_path: Path, either: str
) -> None:
    """A representative is erased who is a reader of released and of waiting texts, alone and with
    others, also through an author's later addition. Her id is in no column, encrypted or not, does
    not return with later releases, and nothing is sent to her. A form that was open meanwhile does
    not bring her back either."""
    async with running(tmp_path, either) as played:
        out = await says(played, "noor", "Sagt og sendt", to=NAME)
        await says(played, "emil", "Sagt til begge", to=f"{NAME}, Anne Holm")
        await played.house.courier.move_to(RELEASED)
        await says(played, "sofie", "Det venter", to=NAME)
        widened = await says(played, "lars", "Det ventede hos lederen", to="Anne Holm")
        await by_code(played, "lars", widened, "Skriv et svar")
        await played.fill("lars", {"Må": NAME})
        await by_code(played, "noor", out, "Skriv et svar")
        await played.fill("noor", {"Din": "Sagt igen"})
        await open_form(played, "bodil")
        assert {"table inbox", "table snapshot", "table bagged"} & await where(
            played, tmp_path, either
        ) == {"table snapshot", "table bagged"}, "the control: it is there before"
        size = [len(sealed) for (sealed,) in asked(tmp_path, either, "SELECT sealed FROM pool")]

        await played.house.upkeep.erase_person(TENANT, GONE)

        assert await where(played, tmp_path, either) == set()
        assert [
            len(sealed) for (sealed,) in asked(tmp_path, either, "SELECT sealed FROM pool")
        ] == size
        assert [len(pool.entries) for pool in pools(played, tmp_path)] == [3]
        before = len(written_to(played))
        values = {"Hvad": "Bekymring", "Din": "Fra en gammel formular"}
        for chosen in (NAME, f"{NAME}, Anne Holm"):
            await played.fill("bodil", {**values, "Hvem": chosen})
            assert "En af dem, du valgte, er ikke med i forløbet længere." in played.faults["bodil"]
        await played.fill("bodil", {**values, "Hvem": "Anne Holm"})
        assert "Din tekst er modtaget" in played.just("bodil")
        assert await where(played, tmp_path, either) == set()
        for weeks in (1, 2, 4):
            await played.house.courier.move_to(RELEASED + timedelta(weeks=weeks))
            assert await where(played, tmp_path, either) == set()
        assert len(written_to(played)) == before


async def test_the_author_of_a_text_without_a_reader_sees_so_and_chooses_another(
    tmp_path: Path, either: str
) -> None:
    """Before and after the release. Until then nobody can read it, not even the next
    representative; from the next release on the readers are those whom the author has chosen."""
    async with running(tmp_path, either) as played:
        out = await says(played, "noor", "Sagt og sendt", to=NAME)
        await played.house.courier.move_to(RELEASED)
        waits = await says(played, "sofie", "Det venter endnu", to=NAME)
        await played.house.upkeep.erase_person(TENANT, GONE)
        await played.house.courier.settle()
        assert "kan med sin kode vælge en anden læser" in played.channel(since_last_act=True)
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld TR=mette
            mette > tryk "Jeg er TR"
            mette > send
            """
        )
        for person, code in (("noor", out), ("sofie", waits)):
            seen = await by_code(played, person, code)
            assert "så ingen kan læse teksten" in seen
            assert "[Vælg en læser]" in seen
        await by_code(played, "noor", out, "Vælg en læser")
        await played.fill("noor", {"Må": "Jonas Friis"})
        assert "Flere må læse det, når det er sendt." in await by_code(played, "noor", out)
        await by_code(played, "sofie", waits, "Vælg en læser")
        await played.fill("sofie", {"Må": "Anne Holm"})
        assert "Læses af Anne Holm." in await by_code(played, "sofie", waits)
        for person in ("anne", "mette", "jonas"):
            assert "Sagt og sendt" not in await read_by(played, person)
        await played.house.courier.move_to(RELEASED + timedelta(weeks=1))
        found = {who: await read_by(played, who) for who in ("anne", "mette", "jonas", "peter")}
        assert {who for who, seen in found.items() if "Sagt og sendt" in seen} == {"jonas"}
        assert {who for who, seen in found.items() if "Det venter endnu" in seen} == {"anne"}


async def read_by(played: Stage, person: str) -> str:
    await played.type(person, "sig det", private=True)
    await played.press(person, "Læs, hvad der er sagt")
    return played.just(person)


async def test_a_text_that_nobody_reads_may_be_given_a_reader_though_it_was_closed(
    tmp_path: Path,
) -> None:
    """Its reader answered and closed it before being erased. The answer stays without a name, and
    the author can choose another reader."""
    async with running(tmp_path, "") as played:
        code = await says(played, "noor", "Sagt og lukket", to=NAME)
        await played.house.courier.move_to(RELEASED)
        await played.play(
            f"""
            {GONE} privat > sig det
            {GONE} > tryk "Læs, hvad der er sagt"
            {GONE} > tryk "Skriv et svar" på "Sagt og lukket"
            {GONE} > udfyld Hvad="Nej, fordi" Dit="Det kan vi ikke"
            {GONE} > tryk "Luk"
            """
        )
        assert "[Jeg er ikke enig]" in await by_code(played, "noor", code)
        await played.house.upkeep.erase_person(TENANT, GONE)
        seen = await by_code(played, "noor", code)
        assert "Det kan vi ikke (en tidligere kollega)" in seen
        assert "[Jeg er ikke enig]" not in seen
        await by_code(played, "noor", code, "Vælg en læser")
        await played.fill("noor", {"Må": "Anne Holm"})
        await played.house.courier.move_to(RELEASED + timedelta(weeks=1))
        assert "Sagt og lukket" in await read_by(played, "anne")


async def test_erasing_tells_nothing_of_what_was_written_without_a_name(
    tmp_path: Path, either: str, empty_dsn: str
) -> None:
    """Every pool, published text and state is encrypted anew with the same length, and the proof is
    the same, whether or not there are texts to the erased person. So neither two copies of the
    database nor the proof reveal whom a text was for."""
    said = []
    for to, address in ((NAME, either), ("Jonas Friis", either and empty_dsn)):
        folder = tmp_path / to.partition(" ")[0]
        async with running(folder, address) as played:
            await says(played, "noor", "Sagt og sendt", to=to)
            await played.house.courier.move_to(RELEASED)
            await says(played, "sofie", "Det venter", to=to)
            before = restricted(folder)
            proof = await played.house.upkeep.erase_person(TENANT, GONE)
            after = restricted(folder)
        said.append("\n".join(line for line in proof.splitlines() if "Mærke: " not in line))
        assert [len(one) for one in before] == [len(one) for one in after]
        assert not set(before) & set(after)
        assert len(after) == 5  # a pool, a released text, and three states
    assert said[0].partition("# Proof")[0] == said[1].partition("# Proof")[0]


def restricted(folder: Path) -> list[bytes]:
    """Return the encrypted values about texts, in order of their keys."""
    with reading(folder) as conn:
        return [
            bytes(sealed)
            for sql in (
                "SELECT sealed FROM pool ORDER BY project",
                "SELECT body FROM published ORDER BY id",
                "SELECT body FROM state WHERE dialog = 'concern' ORDER BY id",
            )
            for (sealed,) in conn.execute(sql).fetchall()
        ]


async def test_whoever_has_led_stays_refused_after_being_erased_and_has_no_id_there(
    tmp_path: Path, either: str
) -> None:
    """Having led is stored under a MAC, without the id. Whoever returns with that id may not write
    without a name, counts toward no threshold, and that stays so after being asked to lead again
    and declining."""
    async with hands.running(tmp_path, team=tuple(PEOPLE), either=either) as played:
        await played.play(
            f"""
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Stedfortræder="{NAME}"
            {GONE} > tryk "Jeg er stedfortræder"
            """
        )
        before = await may_write(played)
        said = await played.house.upkeep.erase_person(TENANT, GONE)
        assert "har ledet 1 forløb" in said
        assert await where(played, tmp_path, either) == set()
        await played.house.courier.settle()
        assert "En tidligere kollega er ikke længere" in played.channel(since_last_act=True)
        assert await may_write(played) == before
        await here_again(played)
        assert await may_write(played) == before
        await refused(played)
        await played.play(
            f"""
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Stedfortræder="{NAME}"
            {GONE} > tryk "Jeg er ikke stedfortræder"
            """
        )
        await refused(played)
        assert await may_write(played) == before
        await played.house.upkeep.erase_person(TENANT, GONE)
        assert await where(played, tmp_path, either) == set()
        await here_again(played)
        await refused(played)


async def may_write(played: Stage) -> str:
    await open_form(played, "noor")
    found = re.search(r"Her kan mindst \d+ skrive uden navn", played.just("noor"))
    assert found
    return found[0]


async def here_again(played: Stage, *people: str) -> None:
    there = tuple(Sender(person, PEOPLE[person], "da") for person in people or PEOPLE)
    key = f"members:again:{played.acts}"
    delivery = Delivery(TENANT, Sender(""), key, Members(there), CHANNEL)
    await played.house.engine.receive(delivery)


async def refused(played: Stage) -> None:
    await played.press(GONE, "Sig det")
    assert "[Med navn]" in played.just(GONE)
    assert "[Uden navn]" not in played.just(GONE)


async def test_an_erasure_by_an_earlier_version_is_finished_at_the_start(
    tmp_path: Path, either: str
) -> None:
    """It left the id among the readers of texts and as a former leader. If the person has returned
    since, their new data is kept."""
    async with running(tmp_path, either) as played:
        await says(played, "noor", "Sagt og sendt", to=NAME)
        await played.house.courier.move_to(RELEASED)
        await says(played, "sofie", "Det venter", to=f"{NAME}, Jonas Friis")
        left = {
            table: asked(tmp_path, either, f"SELECT * FROM {table}")
            for table in ("pool", "published")
        }
        for person in (GONE, "peter"):
            await played.house.upkeep.erase_person(TENANT, person)
        await here_again(played, "anne", "peter")
        await hands.says_by_name(played, "peter", "Peter er her igen")
        vault, project = played.house.vault, project_of(tmp_path)
        detail = vault.seal(b"", "role", TENANT, project, GONE, "deputy")

        def earlier() -> Script[None]:
            for row in left["pool"]:
                yield "pool_put", dict(zip(("tenant", "project", "sealed"), row, strict=True))
            for row in left["published"]:
                yield (
                    "published_body",
                    {"tenant": row[0], "project": row[1], "id": row[2], "body": row[-1]},
                )
            yield (
                "role_put",
                {
                    "tenant": TENANT,
                    "project": project,
                    "person": GONE,
                    "role": "deputy",
                    "status": "was",
                    "body": detail,
                },
            )
            yield "meta_set", {"key": DONE, "value": ""}

        await played.house.database.tx(earlier)
        assert "table role" in await where(played, tmp_path, either)
    there = tuple(person for person in PEOPLE if person != GONE)
    async with stage(tmp_path, either=either, team=there) as played:
        await played.house.upkeep.night()
        assert await where(played, tmp_path, either) == set()
        assert "Peter er her igen" in await all_that_is_kept(played, tmp_path)
        assert [len(pool.entries) for pool in pools(played, tmp_path)] == [1]


async def test_a_backup_from_before_brings_no_reader_back(tmp_path: Path) -> None:
    """This holds for a backup of Digi, which is rewritten, and for one stored elsewhere."""
    away = tmp_path / "away"
    away.mkdir()
    async with running(tmp_path, "") as played:
        await says(played, "noor", "Sagt og sendt", to=NAME)
        await played.house.courier.move_to(RELEASED)
        await says(played, "sofie", "Det venter", to=NAME)
        elsewhere = await played.house.upkeep.backup(away)
        ours = await played.house.upkeep.backup()
        await played.house.upkeep.erase_person(TENANT, GONE)
        vault = played.house.vault
    there = tuple(person for person in PEOPLE if person != GONE)
    for file in (ours, elsewhere):
        places = (tmp_path / "digi.db", tmp_path, tmp_path / "backups")
        await restore(vault, file, *places, over=True)
        for week in (1, 2):
            async with stage(tmp_path, team=there) as played:
                await played.house.courier.move_to(RELEASED + timedelta(weeks=week))
                assert await where(played, tmp_path, "") == set()
                assert not written_to(played)


async def test_a_letter_on_its_way_while_its_reader_is_erased_leaves_no_day(
    tmp_path: Path, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message may arrive, but the date of writing to that person is not stored any more.
    Messages to an erased person are not sent."""
    fake = faked(monkeypatch, "digest")
    async with a_house(tmp_path / "home", either=either) as house:
        await found(house, roles=(fx.Grant(GONE, "tr", "confirmed"),), team=("anne", GONE))
        fake.does(
            fx.Privately(GONE, note("x")),
            fx.Privately(FORMER, note("x"), now=True),
            fx.Post("post", to=FORMER),
        )
        await house.engine.turn(Turn(TENANT, PROJECT, "key", news("a"), MONDAY))
        assert asked(tmp_path / "home", either, "SELECT place FROM letter") == [(f"bag:{GONE}",)]
        scripts = house.scripts
        at = MONDAY + timedelta(hours=1)
        claimed = await house.database.tx(
            scripts.outbox.claim, TENANT, at, 60_000_000, 20, "somebody"
        )
        [head] = claimed.letters
        await house.upkeep.erase_person(TENANT, GONE)
        await house.database.tx(scripts.outbox.bag_sent, head, GONE, at.date(), (head.id,))
        assert asked(tmp_path / "home", either, "SELECT * FROM bagged") == []


def test_an_id_is_taken_out_of_longer_ids_and_of_no_sentence() -> None:
    """It is removed from lists, keys and fields. Texts from people are not changed."""
    before = {
        "people": ["ali", "anne"],
        "owner": "ali",
        "slot": "draft:ali",
        "by": {"ali": 1, "anne": 2},
        "id": "kvalitet.1",
        "text": "spørg ali om det",
    }
    after = msgspec.json.decode(without_name(msgspec.json.encode(before), "ali"))
    assert after == {
        "people": ["anne"],
        "owner": FORMER,
        "slot": f"draft:{FORMER}",
        "by": {"anne": 2},
        "id": "kvalitet.1",
        "text": "spørg ali om det",
    }
