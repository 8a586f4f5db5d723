"""The picture of a project's phases is fetched by its link, as it is now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bot.documents.pictures import picture_png
from bot.platforms.common.ports import Delivery, Sender, TypedText
from bot.platforms.web import pictures
from bot.platforms.web.page import limits
from bot.server.http_server import Hosts, application
from bot.server.pictures import ProjectPictures
from dialogs.model.cards import Spans
from dialogs.model.pictures import Chart, Steps
from tests.worlds.play import PUBLIC_URL
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, stage

BEGUN = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Vis det i kanalen"
"""
CROWD = tuple(f"p{n}" for n in range(20))
SURVEY = """
anne > /digi start
anne > udfyld Navn="Ny omsorgsplatform" "Flere valg"="Jeg vil"
anne > udfyld "Hvor er I"=4
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld TR=mette Tovholder=ali
mette > tryk "Jeg er TR"
mette > send
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
ali > /digi øvelse rasmus
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=45 "Hvem leder"=ali
ur > til 2026-11-03 09:01
"""
ANSWERED = """
{one} > tryk "Svar på rundspørgen"
{one} > udfyld Realistisk=Bedre Anerkendt=Bedre Selvstændigt=Bedre Meningsfyldt=Bedre \
Udviklende=Bedre Sundt=Bedre
"""
CLOSED = """
ur > til 2026-11-03 09:10
ali > tryk "Led øvelsen" på "trin 1 af"
ali > tryk "Luk runden"
"""
FORWARD = """
anne > /digi fase
anne > udfyld "Hvem har"="Vi har"
"""
Fetched = tuple[int, bytes, dict[str, str]]


class PictureHouse:
    def __init__(self, played: Stage, http: aiohttp.ClientSession, url: str) -> None:
        self.played, self._http, self._url = played, http, url
        self._looks = 0

    async def shown(self) -> Steps[Spans]:
        """Return the steps that Fatima sees in the status."""
        self._looks += 1
        act = Delivery(
            TENANT, Sender("fatima"), f"look-{self._looks}", TypedText("status"), CHANNEL
        )
        answer = await self.played.house.engine.receive(act)
        [steps] = [part for card in answer.cards for part in card.parts if isinstance(part, Steps)]
        return steps

    async def result(self) -> Chart[Spans]:
        """Return the result of the survey in the channel's latest message that has one."""
        charts = [
            part
            for message in self.played.edge.messages.values()
            for part in message.card.parts
            if isinstance(part, Chart)
        ]
        return charts[-1]

    async def get(self, url: str) -> Fetched:
        path = url.removeprefix(PUBLIC_URL)
        async with self._http.get(self._url + path) as answer:
            kept = {k: v for k, v in answer.headers.items() if k not in ("Date", "Server")}
            return answer.status, await answer.read(), kept


@asynccontextmanager
async def served(tmp_path: Path, begun: str = BEGUN) -> AsyncIterator[PictureHouse]:
    async with stage(tmp_path, team=tuple(PEOPLE)) as played:
        await played.play(begun)
        app = application(Hosts.named(("127.0.0.1",)))
        app.add_routes(pictures.routes(ProjectPictures(played.house, played.house.links)))
        async with TestServer(app) as server, aiohttp.ClientSession() as http:
            yield PictureHouse(played, http, str(server.make_url("")).rstrip("/"))


async def test_the_address_in_a_status_gives_the_picture_that_stands_there(tmp_path: Path) -> None:
    """In the language of who looked, and never to be stored on the way."""
    async with served(tmp_path) as house:
        steps = await house.shown()
        assert steps.url.startswith(f"{PUBLIC_URL}/p/")
        status, png, headers = await house.get(steps.url)
        assert status == 200
        assert png == picture_png(steps)
        assert headers["Content-Type"] == "image/png"
        assert headers["Cache-Control"] == "no-store"
        status, english, _ = await house.get(steps.url.replace("l=da", "l=en"))
        assert status == 200
        assert english != png


async def test_the_address_changes_with_the_picture_and_the_old_one_shows_the_new(
    tmp_path: Path,
) -> None:
    """A client that keeps pictures asks again, and an older message shows no old phase."""
    async with served(tmp_path) as house:
        before = await house.shown()
        await house.played.play(FORWARD)
        after = await house.shown()
        assert before.url != after.url
        assert (await house.get(before.url))[1] == (await house.get(after.url))[1]
        assert (await house.get(before.url))[1] == picture_png(after)


async def test_a_link_that_was_withdrawn_is_answered_like_none(tmp_path: Path) -> None:
    """And like a link of another kind, whatever stands behind the token."""
    async with served(tmp_path) as house:
        url = (await house.shown()).url
        token = url.removeprefix(f"{PUBLIC_URL}/p/").partition(".")[0]
        links = house.played.house.links
        found = await links.resolve(token)
        assert found is not None
        page = await links.make("page", TENANT, found.project)
        await links.withdraw(token)
        answers = [await house.get(f"/p/{one}.png") for one in (token, page, "a" * 32, "x")]
        assert answers == [answers[0]] * 4
        assert answers[0][:2] == (404, b"")


async def test_guessing_is_refused_before_the_database_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that was fetched before is still given."""
    monkeypatch.setattr(limits, "NOWHERE", 20)
    async with served(tmp_path) as house:
        url = (await house.shown()).url
        assert (await house.get(url))[0] == 200
        for n in range(limits.NOWHERE):
            await house.get(f"/p/nowhere-{n}.png")
        assert (await house.get("/p/nowhere.png"))[0] == 429
        assert (await house.get(url))[0] == 200


async def test_the_address_of_a_result_gives_its_picture_and_no_other_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands in the channel, in both languages; another round leads nowhere."""
    for one in CROWD:
        monkeypatch.setitem(PEOPLE, one, one)
    async with served(tmp_path, SURVEY) as house:
        for one in CROWD:
            await house.played.play(ANSWERED.format(one=one))
        await house.played.play(CLOSED)
        chart = await house.result()
        status, png, _ = await house.get(chart.url)
        assert status == 200
        assert png == picture_png(chart)
        assert (await house.get(chart.url.replace("l=da", "l=en")))[1] not in (png, b"")
        status, phases, _ = await house.get(chart.url.partition("?")[0])
        assert (status, phases) == (200, picture_png(await house.shown()))
        address, _, round = chart.url.partition("&of=")
        for other in ("x", "..", round.partition("&")[0] + "9", "%00", "a" * 2000):
            assert (await house.get(f"{address}&of={other}"))[0] == 404
