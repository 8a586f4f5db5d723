"""A meeting with a screen: people write in the chat, and the wall and whoever leads look on in a
real browser, with a restart of Digi in the middle."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from bot.clock import Clock
from bot.server.http_server import Hosts, application
from bot.server.serve import add_screens
from tests.bot.cli.test_app import free_port
from tests.bot.platforms.web.test_screen_browser import wall
from tests.worlds.play import PUBLIC_URL
from tests.worlds.stage import Stage, slow_clock, stage

BEGUN = """
anne > /digi start
anne > udfyld Navn="Ny omsorgsplatform" "Flere valg"="Jeg vil"
anne > udfyld "Hvor er I"=2
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld TR=mette Tovholder=ali
mette > tryk "Jeg er TR"
mette > send
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
ali > /digi øvelse kompas
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
ali > tryk "Led øvelsen" på "trin 1 af 8"
ali > tryk "Vis på skærm"
"""
PHONES = ("fatima", "peter", "sofie", "lars", "bodil", "emil")
LANES = ("Realistisk", "Anerkendt", "Selvstændigt", "Meningsfyldt", "Udviklende", "Sundt")


@asynccontextmanager
async def digi(folder: Path, port: int, clock: Clock, before: Stage | None) -> AsyncIterator[Stage]:
    """Start Digi and serve its screens. After a restart the chat shows what it showed before."""
    async with stage(folder, clock=clock) as played:
        if before is not None:
            played.edge.messages |= before.edge.messages
            played.edge.ticks, played.acts = before.edge.ticks, before.acts
        app = application(Hosts.named(("127.0.0.1",)))
        add_screens(app, played.house)
        async with TestServer(app, port=port):
            yield played


def written_by(person: str) -> tuple[str, str]:
    return f"{person} skriver først", f"{person} skriver igen"


async def write(played: Stage, person: str) -> None:
    first, second = written_by(person)
    lane = LANES[PHONES.index(person)]
    await played.press(person, "Skriv sedler")
    await played.fill(person, {"Hvor på": lane, "I dag": first, "I dag, en": second})
    assert "Jeg har 2 sedler fra dig." in played.just(person)


async def presses(page: Page, label: str) -> None:
    await page.get_by_role("button", name=label, exact=True).click()


async def test_a_meeting_with_a_restart_in_it_loses_no_note(
    tmp_path: Path, browser: Browser
) -> None:
    """Whoever leads takes the steps on their own page; the wall, opened by its six digits, follows
    by itself and shows no note before the round is closed, and each of them after. A note without a
    name changes nothing that the wall asks for. Notes are put together by dragging."""
    port, clock = free_port(), slow_clock()
    here = f"http://127.0.0.1:{port}"
    running = AsyncExitStack()
    async with running, AsyncExitStack() as windows:
        played = await running.enter_async_context(digi(tmp_path, port, clock, None))
        await played.play(BEGUN)
        told = played.just("ali")
        [leads] = re.findall(rf"{PUBLIC_URL}(/l/[a-z2-7]{{32}})", told)
        [digits] = re.findall(r"\d{3} \d{3}", told)
        on_wall = await windows.enter_async_context(wall(browser, f"{here}/vis"))
        await on_wall.get_by_label("Kode").fill(digits)
        await presses(on_wall, "Vis skærmen")
        lead = await windows.enter_async_context(wall(browser, here + leads))
        heading = await on_wall.locator("h1").inner_text()
        for _ in range(2):
            await presses(lead, "Næste trin")
        await expect(on_wall.locator("h1")).to_have_text("I dag")
        assert heading != "I dag"
        await expect(on_wall.locator(".waits")).to_contain_text("Skriv jeres sedler i chatten.")
        await expect(on_wall.locator(".clock")).to_have_text(re.compile(r"^(10:00|9:\d\d)$"))
        await played.house.courier.settle()
        token = on_wall.url.rpartition("/")[2]
        before = await played.house.screens.versions([token])
        for person in PHONES[:3]:
            await write(played, person)
        assert await played.house.screens.versions([token]) == before, "a note is no change"
        await running.aclose()
        await expect(on_wall.locator("#away")).to_be_visible()
        again = await running.enter_async_context(digi(tmp_path, port, clock, played))
        for person in PHONES[3:]:
            await write(again, person)
        await expect(on_wall.locator("#away")).to_be_hidden()
        await expect(on_wall.locator(".words")).to_have_count(0)
        await again.move(again.house.clock.now() + timedelta(minutes=4))
        await lead.goto(here + leads)
        await lead.locator("summary", has_text="Luk runden").click()
        await presses(lead, "Luk runden")
        await expect(on_wall.locator(".words")).to_have_count(12)
        shown = await on_wall.locator(".words").all_inner_texts()
        assert sorted(shown) == sorted(one for who in PHONES for one in written_by(who))
        for text in ("fatima skriver", "peter skriver"):
            await expect(on_wall.locator(".note.today", has_text=text)).to_have_count(2)
        await lead.locator(".note", has_text="peter skriver først").drag_to(
            lead.locator(".note", has_text="fatima skriver først")
        )
        await lead.keyboard.type("Fælles sag")
        await lead.keyboard.press("Enter")
        await expect(on_wall.locator(".group")).to_have_text(["Fælles sag", "Fælles sag"])
        assert leads not in await on_wall.content()
