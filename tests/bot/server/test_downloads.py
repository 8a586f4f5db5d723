"""Downloads: given to one person and asked again, and a file only for a press."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import aiohttp
import icalendar
from aiohttp.test_utils import TestServer

from bot.core.tokens import write_press
from bot.platforms.common.ports import Delivery, Members, Pressed, Sender
from bot.platforms.web import downloads
from bot.server.http_server import Hosts, application
from dialogs.model.appointments import Appointment
from dialogs.model.events import HandedOver, Look
from dialogs.model.links import ProjectLink
from storage.sql import Script
from storage.transactions import links
from tests.worlds.house import asked
from tests.worlds.play import PUBLIC_URL
from tests.worlds.sheets import file_desk
from tests.worlds.stage import BEGINNING, CHANNEL, PEOPLE, TENANT, Stage, stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Ret"
anne > udfyld TR="Mette Krogh" AMR="Jonas Friis"
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
anne > /digi aftaler
anne > tryk "Skriv en aftale ned"
anne > udfyld "Hvad har=Spørg leverandøren, og skriv det ned" "Hvem gør=fatima" Hvornår=2026-11-13
fatima > tryk "Jeg tager den"
fatima > tryk "Læg i kalender"
"""


class Desk:
    """Digi with an agreement of Fatima's, and an HTTP server with nothing but downloads."""

    def __init__(self, played: Stage, client: aiohttp.ClientSession, url: str) -> None:
        self.played, self.client, self.url = played, client, url
        self.failures: list[tuple[str, str]] = []

    @property
    def path(self) -> str:
        """The path of the link that Fatima saw last."""
        [found] = re.findall(rf"{PUBLIC_URL}(/d/[a-z2-7]{{32}})", self.played.just("fatima"))
        return str(found)

    async def given(self) -> ProjectLink:
        """What stands behind the link that Fatima saw."""
        found = await self.played.house.links.resolve(self.path.removeprefix("/d/"))
        assert found is not None
        return found

    async def link_for(self, person: str) -> str:
        """Make a link to Fatima's agreement for somebody, and return its path."""
        given, house = await self.given(), self.played.house

        def made() -> Script[str]:
            id = f"another for {person}"
            token = yield from links.make(
                house.vault, TENANT, given.project, "download", id, person, given.until, given.look
            )
            return token

        return f"/d/{await house.database.tx(made)}"

    async def answers(self, path: str) -> tuple[Any, ...]:
        """What a look and a press show, without the date of the answer."""
        status, page, headers = await self.get(path)
        pressed, body, also = await self.post(path)
        shown = [sorted((k, v) for k, v in one.items() if k != "Date") for one in (headers, also)]
        return status, page, pressed, body.decode(), shown

    async def get(self, path: str, **headers: str) -> tuple[int, str, Any]:
        async with self.client.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers

    async def post(self, path: str, choice: str = "ics") -> tuple[int, bytes, Any]:
        async with self.client.post(self.url + path, data={"as": choice}) as answer:
            return answer.status, await answer.read(), answer.headers


@asynccontextmanager
async def desk(tmp_path: Path, course: str = BEGUN, either: str = "") -> AsyncIterator[Desk]:
    async with stage(tmp_path, either=either) as played:
        await played.play(course)
        found = file_desk(played.house)
        app = application(Hosts.named(("127.0.0.1",)))
        failures: list[tuple[str, str]] = []
        app.add_routes(downloads.routes(found, lambda what, why: failures.append((what, why))))
        async with TestServer(app) as server, aiohttp.ClientSession() as client:
            served = Desk(played, client, str(server.make_url("")).rstrip("/"))
            served.failures = failures
            yield served


async def test_a_press_fetches_the_calendar_file(tmp_path: Path, either: str) -> None:
    """The page names the file and its button; the file is private, and its uid holds no person."""
    async with desk(tmp_path, either=either) as served:
        status, page, _ = await served.get(served.path)
        assert status == 200
        assert "Spørg leverandøren, og skriv det ned" in page
        assert "<small>aftale-2026-11-13.ics</small>" in page
        assert '<form method="post"><button name="as" value="ics">Hent til kalenderen' in page
        status, body, headers = await served.post(served.path)
        assert status == 200
        assert headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert 'attachment; filename="aftale-2026-11-13.ics"' in headers["Content-Disposition"]
        event: Any = icalendar.Calendar.from_ical(body).walk("VEVENT")[0]
        assert event["summary"] == "Spørg leverandøren, og skriv det ned"
        assert event["dtstart"].dt == date(2026, 11, 13)
        assert event["class"] == "PRIVATE"
        assert "fatima" not in body.decode().casefold()


async def test_looking_changes_nothing_and_draws_nothing(tmp_path: Path) -> None:
    """A program that fetches every address leaves the database as it was."""
    tables = ("link", "inbox", "letter", "state", "record")
    async with desk(tmp_path) as served:
        path = served.path
        before = [asked(tmp_path, "", f"SELECT * FROM {one}") for one in tables]
        for _ in range(3):
            status, page, _ = await served.get(path)
            assert (status, "VCALENDAR" in page) == (200, False)
        async with served.client.head(served.url + path) as answer:
            assert answer.status == 200
        assert [asked(tmp_path, "", f"SELECT * FROM {one}") for one in tables] == before


async def test_a_new_date_moves_the_entry_that_the_calendar_has(tmp_path: Path) -> None:
    """The same link, the same uid, the new day, and a higher sequence."""
    async with desk(tmp_path) as served:
        path = served.path
        _, before, _ = await served.post(path)
        await served.played.play('fatima > tryk "Ny dato"\nfatima > udfyld Hvornår=2026-11-20\n')
        _, after, _ = await served.post(path)
        old: Any = icalendar.Calendar.from_ical(before).walk("VEVENT")[0]
        new: Any = icalendar.Calendar.from_ical(after).walk("VEVENT")[0]
        assert old["uid"] == new["uid"]
        assert (old["sequence"], new["sequence"]) == (0, 1)
        assert new["dtstart"].dt == date(2026, 11, 20)


async def test_over_withdrawn_and_never_made_look_the_same(tmp_path: Path) -> None:
    """The same status, headers and words, for a look and for a press."""
    async with desk(tmp_path) as served:
        path, withdrawn = served.path, await served.link_for("fatima")
        house, project = served.played.house, (await served.given()).project
        assert (await served.get(withdrawn))[0] == 200
        await house.links.withdraw(withdrawn.removeprefix("/d/"))
        page = await house.links.make("page", TENANT, project)
        gone = [await served.answers(one) for one in (withdrawn, f"/d/{page}", "/d/" + "a" * 32)]
        assert (await served.get(path))[0] == 200
        await served.played.move(BEGINNING + timedelta(days=1, hours=1))
        gone.append(await served.answers(path))
        assert (gone[0][0], gone[0][2]) == (404, 404)
        assert "Linket virker ikke længere" in gone[0][1]
        assert gone.count(gone[0]) == len(gone)


async def test_whoever_has_left_gets_nothing(tmp_path: Path) -> None:
    """The gate asks again as the link is used: who is not in the channel any more is refused."""
    async with desk(tmp_path) as served:
        path, engine = served.path, served.played.house.engine
        assert (await served.get(path))[0] == 200
        left = Members(tuple(Sender(one) for one in ("anne", "mette", "jonas", "peter")))
        await engine.receive(Delivery(TENANT, Sender(""), "members left", left, CHANNEL))
        assert await served.answers(path) == await served.answers("/d/" + "a" * 32)


async def test_the_link_of_one_is_not_another_persons(tmp_path: Path) -> None:
    """A link made for Peter to Fatima's agreement gives nothing, though Peter is there."""
    async with desk(tmp_path) as served:
        assert (await served.get(await served.link_for("fatima")))[0] == 200
        theirs = await served.link_for("peter")
        assert await served.answers(theirs) == await served.answers("/d/" + "a" * 32)


PROMISED = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
sofie > tryk "Sig det"
sofie > tryk "Uden navn"
sofie > udfyld Hvad=Bekymring Din="Vi mister roen" "Hvem må læse=Anne Holm (leder), alle"
sofie < kode
ur > til 2026-11-05 14:00
anne > tryk "Læs, hvad der er sagt"
anne > tryk "Læs"
anne > tryk "Lov en dato"
anne > udfyld Jeg=2026-11-11
ur > til 2026-11-09 14:00
sofie privat > kode
sofie > udfyld Din="{kode}"
anne > tryk "Skriv et svar"
anne > udfyld Hvad="Vi gør det" Dit="Vi mødes hver morgen." Hvem="Anne" Senest=2026-11-20
ur > til 2026-11-12 14:00
sofie privat > kode
sofie > udfyld Din="{kode}"
"""


async def test_a_promise_to_a_text_without_a_name_is_in_no_calendar(tmp_path: Path) -> None:
    """Whoever had it in a calendar of their own might be taken for its author: no card that tells
    of the promise has the button, and no look hands over an appointment for that text."""
    async with desk(tmp_path, PROMISED) as served:
        played, house = served.played, served.played.house
        for person in ("anne", "sofie"):
            assert "onsdag den 11. november" in played.ever(person)
            assert "fredag den 20. november" in played.ever(person)
        assert "Læg i kalender" not in "".join(played.ever(person) for person in PEOPLE)
        [(project,)] = asked(tmp_path, "", "SELECT id FROM project")
        [(text,)] = asked(tmp_path, "", "SELECT id FROM published")
        for view in get_args(HandedOver):
            token = write_press(house.vault, TENANT, Look(view, project=project, ref=text))
            for person in ("anne", "sofie"):
                sent = Delivery(TENANT, Sender(person), f"{view} {person}", Pressed(token))
                handed = (await house.engine.receive(sent)).files
                assert not [one for one in handed if isinstance(one, Appointment)], view


async def test_page_and_file_are_strict(tmp_path: Path) -> None:
    """No script, no other site, no cookie, no cache, no referrer, and not in a search engine."""
    async with desk(tmp_path) as served:
        _, page, on_page = await served.get(served.path)
        _, _, on_file = await served.post(served.path)
        _, _, on_nothing = await served.get("/d/nothing")
        for headers in (on_page, on_file, on_nothing):
            assert headers["Cache-Control"] == "no-store"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "noindex" in headers["X-Robots-Tag"]
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src '")
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert "Set-Cookie" not in headers
        assert not re.search(r"<script|<link|<img|\son\w+=|\sstyle=", page)


async def test_the_page_speaks_the_persons_language(tmp_path: Path) -> None:
    """Whoever has chosen English gets English; without a file, the browser's language decides."""
    async with desk(tmp_path) as served:
        path = served.path
        _, gone, _ = await served.get("/d/x", **{"Accept-Language": "en-GB,en"})
        assert 'lang="en"' in gone
        assert "There is no file here" in gone
        _, danish, _ = await served.get(path, **{"Accept-Language": "en"})
        await served.played.play(
            'fatima > /digi hjælp\nfatima > tryk "Dine tider og dit sprog"\n'
            'fatima > tryk "Ret tider og sprog"\nfatima > udfyld Sprog=Engelsk\n'
        )
        _, english, _ = await served.get(path, **{"Accept-Language": "da"})
        assert "Hent til kalenderen" in danish
        assert "Download it for your calendar" in english


async def test_a_choice_that_is_none_gives_no_file(tmp_path: Path) -> None:
    async with desk(tmp_path) as served:
        for choice in ("", "docx", "../ics", "ics\x00"):
            assert (await served.post(served.path, choice))[0] == 404
        assert served.failures == []


POSTER = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
anne > /digi qr
anne > tryk "Åbn siden"
anne > tryk "Vis plakaten"
"""


async def test_the_poster_opens_in_the_browser_with_the_code_of_the_page(tmp_path: Path) -> None:
    """On both papers and in both languages, its one style sheet allowed by hash; with a new link
    the same download has the new code, and with a closed page it is over."""
    async with desk(tmp_path, POSTER) as served:
        played = served.played
        [path] = re.findall(rf"{PUBLIC_URL}(/d/\S+)", played.just("anne"))
        _, page, _ = await served.get(path)
        assert "Plakat: Ny omsorgsplatform" in page
        assert page.count("<button") == 4
        [first] = re.findall(rf"{PUBLIC_URL}(/b/[a-z2-7]+)", "".join(played.seen["anne"]))
        for choice in ("a4_da", "a5_da", "a4_en", "a5_en"):
            status, body, headers = await served.post(path, choice)
            assert status == 200
            assert headers["Content-Disposition"].startswith("inline")
            assert first in body.decode().replace("<wbr>", "")
            [style] = re.findall(r"<style>(.*?)</style>", body.decode(), re.DOTALL)
            known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"style-src 'sha256-{known}';" in headers["Content-Security-Policy"]
        await played.play('anne > /digi qr\nanne > tryk "Nyt link"\n')
        _, body, _ = await served.post(path, "a4_da")
        assert first not in body.decode().replace("<wbr>", "")
        await played.play('anne > /digi qr\nanne > tryk "Luk siden"\n')
        assert await served.answers(path) == await served.answers("/d/" + "a" * 32)


async def test_too_many_requests_are_refused_before_the_database_is_read(tmp_path: Path) -> None:
    """A flood on one link leaves the others, and its owner's own acts, as they were."""
    async with desk(tmp_path) as served:
        path, other = served.path, await served.link_for("fatima")
        for _ in range(downloads.ON_A_LINK):
            assert (await served.get(path))[0] == 200
        assert (await served.get(path))[0] == 429
        assert (await served.post(path))[0] == 429
        assert (await served.get(other))[0] == 200
