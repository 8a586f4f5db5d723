"""Two windows of a real browser at a meeting while the program is killed: a colleague's, who writes
in the conversation with everybody else, and the wall's.

Neither is ever loaded anew. Both have to find the program again by themselves.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from playwright.async_api import Browser, Locator, Page, TimeoutError, expect

from tests.waiting import LONG_ENOUGH

BODIL = "bodil"
A_MOMENT = 3000
"""Milliseconds after which somebody presses again because nothing has happened. Each time they wait
twice as long: a busy machine may take longer than that for a press."""


class OpenPage:
    """A page, how often it was loaded, and how often its line to the program was lost."""

    def __init__(self, page: Page, line: str) -> None:
        self.page, self.loaded, self.lost = page, 0, 0
        self._line = line
        page.set_default_timeout(LONG_ENOUGH * 1000)
        page.on("load", lambda _: self._loads())
        page.on("requestfailed", lambda request: self._loses(request.url))

    def _loads(self) -> None:
        self.loaded += 1

    def _loses(self, url: str) -> None:
        self.lost += self._line in url


class MeetingWindows:
    """Adds what was confirmed on the page to what was confirmed to the phones."""

    def __init__(
        self, chat: OpenPage, wall: OpenPage, notes: list[str], dots: dict[str, list[str]]
    ) -> None:
        self.chat, self.wall = chat, wall
        self.notes, self.dots = notes, dots
        self.log, self.form = chat.page.locator("#log"), chat.page.locator("#form")

    async def writes(self, sendings: int, pause: float, chance: random.Random) -> None:
        for _ in range(sendings):
            await asyncio.sleep(chance.expovariate(1 / pause))
            await self._opens_form("Skriv sedler")
            written = [f"{BODIL} skriver {uuid.uuid4()}" for _ in range(2)]
            lanes = self.form.locator("input[type=radio]")
            await lanes.nth(chance.randrange(await lanes.count())).check()
            for field, words in zip(await self._fields(), written, strict=True):
                await field.fill(words)
            await self._sends("Jeg har 2 sedler fra dig.")
            self.notes += written

    async def _fields(self) -> list[Locator]:
        return await self.form.locator("input[type=text], textarea").all()

    async def chooses(self, pause: float, chance: random.Random) -> None:
        await asyncio.sleep(chance.expovariate(1 / pause))
        await self._opens_form("Sæt prikker")
        boxes = await self.form.locator("input[type=checkbox]").all()
        chosen = chance.sample(boxes, 3)
        for box in chosen:
            await box.check()
        values = [await box.input_value() for box in chosen]
        await self._sends("Jeg har dine prikker.")
        self.dots[BODIL] = sorted(values)

    async def _opens_form(self, label: str) -> None:
        """Press the button until its form opens. Each press waits for its answer."""
        button = self.log.get_by_role("button", name=label, exact=True).last
        moment = A_MOMENT
        while not await self.form.is_visible():
            with suppress(TimeoutError):
                async with self.chat.page.expect_request("**/play/press", timeout=moment) as asked:
                    await button.click(timeout=moment)
                await (await asked.value).response()
                await self.form.wait_for(timeout=moment)
            moment *= 2

    async def _sends(self, told: str) -> None:
        """Press *Send* until the form closes; what was filled in stays in it meanwhile."""
        moment = A_MOMENT
        while await self.form.is_visible():
            with suppress(TimeoutError):
                await self.form.locator(".main").click(timeout=moment)
                await self.form.wait_for(state="hidden", timeout=moment)
            moment *= 2
        await expect(self.log.locator(".whisper").last).to_contain_text(told)

    # --- what both show ---------------------------------------------------------------------

    async def found_again(self) -> None:
        """Both lost the program and found it again."""
        await expect(self.chat.page.locator("#offline")).to_be_empty()
        await expect(self.wall.page.locator("#away")).to_be_hidden()
        for one in (self.chat, self.wall):
            assert one.lost, f"{one.page.url} never lost the program"
            assert one.loaded == 1, f"{one.page.url} was loaded {one.loaded} times"

    async def shows_on_wall(self, notes: Counter[str]) -> None:
        """The wall has every note, in the lanes as they are opened one by one."""
        page, shown = self.wall.page, Counter[str]()
        await expect(page.locator(".words").first).to_be_visible()
        here = page.url
        for rest in [
            await one.get_attribute("href") for one in await page.locator(".rest a").all()
        ]:
            await page.goto(f"{here}{rest}")
            shown.update(await page.locator(".words").all_inner_texts())
        await page.goto(here)
        assert shown == notes

    async def shows_in_chat(self, notes: Counter[str]) -> None:
        """*Se tavlen* has every note, lane by lane and page by page."""
        shown = Counter[str]()
        await self._shown("Se tavlen", self.log)
        answer = self.log.locator(".whisper").last
        for lane in await answer.locator(".board h4").all_text_contents():
            await self._shown(lane, answer)
            shown.update(await answer.locator("blockquote").all_inner_texts())
            while await answer.get_by_role("button", name="Vis flere").count():
                await self._shown("Vis flere", answer)
                shown.update(await answer.locator("blockquote").all_inner_texts())
            await self._shown("Hele tavlen", answer)
        assert shown == notes

    async def _shown(self, label: str, within: Locator) -> None:
        answers = self.log.locator(".whisper")
        before = await answers.count()
        await within.get_by_role("button", name=label, exact=True).last.click()
        await expect(answers).to_have_count(before + 1)

    async def shows_chosen(self, words: list[str]) -> None:
        """Both show what the dots chose, in order."""
        await expect(self.log.locator("ol").last.locator("li")).to_have_text(words)
        ranks = self.wall.page.locator(".note:has(.rank)")
        await expect(ranks).to_have_count(len(words))
        for n, text in enumerate(words, 1):
            await expect(ranks.filter(has_text=text).locator(".rank")).to_have_text(str(n))


@asynccontextmanager
async def meeting_windows(
    browser: Browser, here: str, wall: str, notes: list[str], dots: dict[str, list[str]]
) -> AsyncIterator[MeetingWindows]:
    """Open both at this address; `wall` is the path of the wall's link."""
    context = await browser.new_context(locale="da", viewport={"width": 1280, "height": 800})
    try:
        chat = OpenPage(await context.new_page(), "/play/live")
        await chat.page.goto(f"{here}/?as={BODIL}")
        shown = OpenPage(await context.new_page(), "/events")
        await shown.page.goto(here + wall)
        yield MeetingWindows(chat, shown, notes, dots)
    finally:
        await context.close()
