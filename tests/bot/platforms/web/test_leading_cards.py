"""What whoever leads does with cards and screens from their own page."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.platforms.web.screen.leading_server import LeadingPage
from bot.server.http_server import Hosts, application, runner
from dialogs.model import events as e
from storage.transactions.links import digits_of, token_of
from tests.worlds.card_holders import BRAINSTORM, presses, run_of, tokens_of
from tests.worlds.stage import Stage, stage
from tests.worlds.visitors import Form

OWN = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def leading(played: Stage) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Serve the leading page of the newest run, to which Ali has just got a link."""
    project, run = await run_of(played.house)
    await presses(played, e.ScreenWanted(project=project, run=run.id))
    _, run = await run_of(played.house)
    token = token_of(played.house.vault, "leading", run.walls[-1].id)
    phrases = played.house.catalogue.phrases
    page = LeadingPage(
        played.house.leading, lambda language, key: phrases[key].of(language), lambda *_: None
    )
    app = application(Hosts.named(("127.0.0.1",)))
    page.add_to(app)
    serving = runner(app)
    await serving.setup()
    site = web.TCPSite(serving, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession(headers=OWN) as session:
            yield session, f"http://127.0.0.1:{serving.addresses[0][1]}/l/{token}"
    finally:
        await serving.cleanup()


def button(page: str, label: str) -> Form:
    for one in re.findall(r"<form.*?</form>", page, re.S):
        if re.search(rf"<button[^>]*>(<span[^>]*>)?{label}<", one):
            return Form(one)
    raise AssertionError(f"nothing is called {label}")


async def sent(session: aiohttp.ClientSession, url: str, form: Form) -> str:
    async with session.post(url, data=aiohttp.FormData(form.pairs())) as got:
        return html.unescape(await got.text())


async def test_cards_are_made_and_fetched_from_the_page(tmp_path: Path) -> None:
    """The answer to the form has the button to fetch them, and the way back."""
    async with stage(tmp_path) as played:
        await played.play(BRAINSTORM)
        async with leading(played) as (session, url):
            page = await (await session.get(url)).text()
            asked = await sent(session, url, button(page, "Udskriv kort"))
            form = button(asked, "Lav kortene")
            form.fields["count"] = ["12"]
            made = await sent(session, url, form)
            assert "12 kort er klar." in made
            assert "Tilbage til øvelsen" in made
            assert len(await tokens_of(played.house)) == 12
            assert "Hent filen her:" in await sent(session, url, button(made, "Hent kortene"))


async def test_a_screen_is_closed_before_its_day_is_over(tmp_path: Path) -> None:
    """All the links and digits of the wall die at once; the link for leading stays."""
    async with stage(tmp_path) as played:
        await played.play(BRAINSTORM)
        house = played.house
        project, run = await run_of(house)
        await presses(played, e.ScreenWanted(project=project, run=run.id), "mette")
        async with leading(played) as (session, url):
            _, run = await run_of(house)
            walls = [one.id for one in run.walls]
            assert len(walls) == 2
            shown = [token_of(house.vault, "screen", id) for id in walls]
            assert all([await house.screens.show(token) for token in shown])
            assert await house.screens.by_digits(digits_of(house.vault, walls[0]))
            page = await (await session.get(url)).text()
            after = await sent(session, url, button(page, "Luk skærmen"))
            assert "Skærmen er lukket." in after
            assert "Luk skærmen<" not in after
            assert [await house.screens.show(token) for token in shown] == [None, None]
            for id in walls:
                assert await house.screens.by_digits(digits_of(house.vault, id)) == ""
            assert (await session.get(url)).status == 200
        await presses(played, e.ScreenWanted(project=project, run=run.id))
        _, run = await run_of(house)
        assert len(run.walls) == 1
        assert await house.screens.show(token_of(house.vault, "screen", run.walls[0].id))


async def test_only_whoever_leads_closes_the_screen(tmp_path: Path) -> None:
    async with stage(tmp_path) as played:
        await played.play(BRAINSTORM)
        project, run = await run_of(played.house)
        await presses(played, e.ScreenWanted(project=project, run=run.id))
        for person in ("fatima", "anne"):
            await presses(played, e.ScreenClosed(project=project, run=run.id), person)
            assert len((await run_of(played.house))[1].walls) == 1
