"""The prepared meeting in a real browser: the playground, the wall and the leading page side by
side, each of them the real one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.clock import Clock
from bot.platforms.common.ports import RoomMessage
from bot.platforms.web.playground.courses import COURSES
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.scenario import COPENHAGEN
from bot.server import http_server as server
from bot.server.build import build
from bot.server.http_server import Hosts
from bot.server.playground import PlaygroundClock, add_playground
from bot.server.serve import add_screens, application_of
from storage.database import Database
from storage.playground_room import Room
from storage.vault import Vault
from tests.bot.cli.test_app import free_port
from tests.waiting import LONG_ENOUGH
from tests.worlds.browser import CONTRAST

PACE = 0.2
"""Seconds for each step here: long enough to open the screen while the meeting goes on."""
TABS = 60


@asynccontextmanager
async def playground(folder: Path) -> AsyncIterator[str]:
    """Serve the real playground, with courses that hurry."""
    made: list[tuple[Room[RoomMessage], WebEdge]] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[WebEdge]:
        room = Room(store, vault, RoomMessage)
        made.append((room, WebEdge(room, clock.now)))
        return [made[0][1]]

    port = free_port()
    here = f"http://127.0.0.1:{port}"
    house = await build(folder, edges=edges, key_file=folder / "key" / "digi.key", public_url=here)
    [(room, edge)] = made
    await house.gather_playground()
    app = application_of(house, Hosts.this_machine(port))
    hurrying = {name: replace(course, pace=PACE) for name, course in COURSES.items()}
    add_playground(app, house, room, edge, port, hurrying)
    add_screens(app, house)
    runner = server.runner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield here
        assert not house.log.failures
    finally:
        await runner.cleanup()
        await house.close()


async def window(context: BrowserContext, address: str) -> Page:
    page = await context.new_page()
    await page.goto(address)
    await expect(page.locator("#person-select option")).to_have_count(15)
    return page


async def by_keyboard(page: Page, wanted: Locator) -> None:
    for _ in range(TABS):
        if await wanted.evaluate("found => found === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


async def opens(page: Page, link: str) -> Page:
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name=link).click()
    return await opened.value


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once the notes of the first round were seen on the wall. Until then the meeting does not
    go on to their next look at the clock, however long a busy machine takes to open the wall."""
    seen, moves = asyncio.Event(), PlaygroundClock.move_to

    async def move_to(clock: PlaygroundClock, target: datetime) -> None:
        if f"{target.astimezone(COPENHAGEN):%H:%M}" == "13:21":
            await seen.wait()
        await moves(clock, target)

    monkeypatch.setattr(PlaygroundClock, "move_to", move_to)
    return seen


async def test_the_meeting_is_watched_in_the_channel_and_on_the_wall(
    browser: Browser, tmp_path: Path, seen: asyncio.Event
) -> None:
    """Begun with the keyboard; the links to the screen come by themselves, and wall and leading
    page follow to the agreements. A second press, in any window, is told what is being played."""
    async with playground(tmp_path) as here, await browser.new_context() as context:
        context.set_default_timeout(LONG_ENOUGH * 1000)
        anne = await window(context, f"{here}/?as=anne")
        oksana = await window(context, f"{here}/?as=oksana")
        await expect(anne.locator("#wall")).to_be_empty()
        meeting = anne.locator("#clock [data-course=meeting]")
        await expect(meeting).to_have_text("Spil et møde med storskærm")
        await anne.locator("#composer-text").focus()
        await by_keyboard(anne, meeting)
        await anne.keyboard.press("Enter")
        await expect(anne.locator("#course-line")).to_contain_text(re.compile(r"Trin \d+ af 85"))
        await anne.keyboard.press("Enter")
        await expect(anne.locator("#course-status")).to_contain_text("Mødet bliver spillet lige nu")
        await oksana.locator("#clock [data-course=weeks]").press("Enter")
        status = oksana.locator("#course-status")
        await expect(status).to_contain_text("The meeting is being played right now")

        wall = await opens(anne, "Åbn storskærmen i en ny fane")
        lead = await opens(oksana, "Open the page of whoever leads the exercise")
        assert re.fullmatch(r"/s/[a-z2-7]{32}", wall.url.removeprefix(here))
        assert re.fullmatch(r"/l/[a-z2-7]{32}", lead.url.removeprefix(here))
        await expect(wall.locator(".words", has_text="Jeg bytter selv")).to_be_visible()
        seen.set()
        await expect(wall.locator("body")).to_contain_text("Planen skal kende vores veje")
        await expect(wall.locator("body")).to_contain_text("Torben Skov")
        await expect(lead.locator("body")).to_contain_text("»Kompasset« er slut.")
        await expect(anne.locator("#course-status")).to_contain_text("Mødet er slut.")
        await expect(status).to_contain_text("The meeting is over.")
        await expect(anne.locator("#log")).to_contain_text("Det nåede I frem til: Kompasset")
        await expect(meeting).not_to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_meeting_is_chosen_on_a_phone_and_in_both_themes(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    """At 320 px nothing is wider than the drawer; text has its contrast, links are 44 px high, and
    a press asks first when there is something to delete."""
    async with (
        playground(tmp_path) as here,
        await browser.new_context(
            viewport={"width": 320, "height": 740},
            color_scheme="dark" if scheme == "dark" else "light",
        ) as context,
    ):
        anne = await window(context, f"{here}/?as=anne")
        await anne.get_by_role("button", name="Uret").click()
        button = anne.locator("#clock [data-course=meeting]")
        await button.click()
        for link in await anne.locator("#wall a").all():
            await expect(link).to_be_visible()
        await expect(anne.locator("#wall a")).to_have_count(2)
        for link in await anne.locator("#wall a").all():
            box = await link.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        drawer = anne.locator("#clock")
        assert await drawer.evaluate("found => found.scrollWidth - found.clientWidth") <= 0
        assert await anne.evaluate("document.documentElement.scrollWidth") <= 320
        assert await anne.evaluate(CONTRAST) == []
        await expect(anne.locator("#course-status")).to_contain_text("Mødet er slut.")
        await button.click()
        await expect(anne.locator("#confirm")).to_contain_text("Så spilles mødet fra begyndelsen.")
        await anne.keyboard.press("Escape")
        await expect(anne.locator("#course-status")).to_contain_text("Mødet er slut.")
