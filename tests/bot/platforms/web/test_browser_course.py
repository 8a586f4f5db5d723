"""The real app in a real browser: a short course by hand, a killed server, and printing."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.bot.cli.test_app import free_port
from tests.waiting import LONG_ENOUGH
from tests.worlds.web_page import write

ROOT = Path(__file__).parents[4]
CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){4}[0-9A-Z]\b")


class Served:
    """`python app.py` started without settings, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "DIGI_HOME": str(home / "data"),
            "DIGI_KEY_FILE": str(home / "key" / "digi.key"),
            "DIGI_PORT": str(self.port),
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DIGI_", "SLACK_"))}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "app.py"),
            env=kept | self.settings,
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with aiohttp.ClientSession() as http:
            for _ in range(round(LONG_ENOUGH / 0.1)):
                try:
                    async with http.get(self.url) as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
        raise AssertionError("Digi was not there")

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    found = Served(tmp_path)
    await found.start()
    yield found
    await found.kill()


@asynccontextmanager
async def windows(browser: Browser, served: Served) -> AsyncIterator[BrowserContext]:
    """Open windows in one browser; a request to another host fails the test."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(LONG_ENOUGH * 1000)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context
    await context.close()
    assert asked
    assert [url for url in asked if not url.startswith(served.url + "/")] == []


async def window(context: BrowserContext, served: Served, person: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{served.url}/?as={person}")
    await expect(page.locator("#person-select option")).to_have_count(15)
    return page


async def press(page: Page, label: str) -> None:
    """Press the newest button with this label, opening *Mere* if necessary."""
    button = page.locator("#log").get_by_role("button", name=label, exact=True)
    more = page.locator("#log .more[aria-expanded=false]")
    # The answer to the press before may still be on its way.
    await expect(button.or_(more).last).to_be_visible()
    if await button.count() == 0:
        await more.last.click()
    await button.last.click()


async def send(page: Page) -> None:
    await page.locator("#form .main").click()
    await expect(page.locator("#form")).to_be_hidden()


async def clock(page: Page, to: str) -> None:
    before = await page.locator("#now").text_content()
    await page.locator(f"[data-clock={to}]").click()
    await expect(page.locator("#now")).not_to_have_text(before or "", timeout=LONG_ENOUGH * 1000)
    await expect(page.locator(f"[data-clock={to}]")).not_to_have_attribute(
        "aria-disabled", "true", timeout=LONG_ENOUGH * 1000
    )


async def begin(anne: Page) -> None:
    """Create a draft with the form, a leader, and the channel."""
    await write(anne, "/digi start")
    await anne.get_by_label("Navn på teknologien").fill("Ny omsorgsplatform")
    await send(anne)
    await press(anne, "Jeg er leder")
    await press(anne, "Vis det i kanalen")
    await expect(anne.get_by_text("Velkommen til forløbet om Ny omsorgsplatform")).to_be_visible()


async def by_keyboard(page: Page, selector: str, back: bool = False) -> None:
    for _ in range(80):
        if await page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


async def answers(page: Page, text: str) -> None:
    """Answer a question with the keyboard only: from the text field to the button and through the
    form."""
    await page.locator("#composer-text").focus()
    await by_keyboard(page, ".message:last-of-type .button.main", back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Dit svar")).to_be_focused()
    await page.keyboard.type(text)
    await by_keyboard(page, "#form .main")
    await page.keyboard.press("Enter")
    await expect(page.locator("#form")).to_be_hidden()


async def says_unnamed(page: Page, text: str) -> str:
    await press(page, "Sig det")
    await press(page, "Uden navn")
    form = page.locator("#form")
    await form.get_by_label("Bekymring").check()
    await form.get_by_label("Din tekst").fill(text)
    await form.get_by_label("Anne Holm").check()
    await form.get_by_label("alle, i ugens overblik").check()
    await send(page)
    received = page.locator(".whisper", has_text="Din kode er")
    await expect(received).to_be_focused()
    shown = await received.inner_text()
    found = CODE.search(shown)
    assert found, shown
    return found[0]


async def heard(page: Page) -> list[str]:
    """Return the text of each message in the channel."""
    return await page.locator("#log .message.digi .card").all_text_contents()


async def test_a_short_course_by_hand_goes_on_after_the_server_was_killed(
    browser: Browser, served: Served
) -> None:
    """Start, question, answer by keyboard, a concern with its code, kill -9, and an overview that
    appears live."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        bodil = await window(context, served, "bodil")
        await begin(anne)
        await clock(anne, "question")
        question = bodil.locator(".message", has_text="vores daglige arbejdsgange bedre")
        await expect(question).to_be_visible()
        await answers(bodil, "Mere ro ved besøgene")
        await expect(question).to_contain_text("1 har svaret med navn.")
        code = await says_unnamed(bodil, "Bliver vi målt på tiden?")

        before = await heard(anne)
        await served.kill()
        await expect(anne.locator("#offline")).to_have_text("Forbindelsen er væk. Jeg prøver igen.")
        await served.start()
        await expect(anne.locator("#offline")).to_be_empty(timeout=LONG_ENOUGH * 1000)
        assert await heard(anne) == before
        await expect(bodil.locator("#offline")).to_be_empty(timeout=LONG_ENOUGH * 1000)
        await expect(bodil.locator(".whisper .code code")).to_have_text(code)
        await write(bodil, "/digi kode")
        await bodil.get_by_label("Din kode").fill(code)
        await send(bodil)
        found = bodil.locator(".whisper", has_text="Det skrev du")
        await expect(found).to_contain_text("Bliver vi målt på tiden?")

        await press(anne, "Led samtalen")
        await press(anne, "Saml op")
        await anne.get_by_label("Hvad nåede I frem til?").fill("Vi prøver det af i to uger.")
        await send(anne)
        await clock(anne, "overview")
        overview = bodil.locator(".message", has_text="Ugens overblik · uge")
        await expect(overview.first).to_be_visible()
        await expect(overview.first).to_contain_text("Bekymringer: Der er kommet nogle.")
        await clock(anne, "week")
        said = await heard(anne)
        for words in (
            "Velkommen til forløbet",
            "vores daglige arbejdsgange bedre",
            "Ugens overblik · uge",
        ):
            told = [one for one in said if words in one]
            assert len(told) == len(set(told))
        assert sum("Velkommen til forløbet" in one for one in said) == 1
        assert [one for one in said if "Bliver vi målt på tiden?" in one]
        await anne.reload()
        await expect(anne.locator("#person-select option")).to_have_count(15)
        assert await heard(anne) == said


# Each item has ruled space below it, across the page.
ROOM_TO_WRITE = """items => items.map(item => {
  const after = getComputedStyle(item, "::after");
  if (after.content === "none") return 0;
  const across = parseFloat(after.width) >= document.getElementById("sheet").clientWidth * 0.9;
  return across ? parseFloat(after.height) + parseFloat(after.marginTop) : -1;
})"""


async def test_what_is_shown_for_a_meeting_prints_on_one_page(
    browser: Browser, served: Served
) -> None:
    """The question, the minutes and three lines to fill in; the rest of the page is not printed."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        await begin(anne)
        await clock(anne, "question")
        await write(anne, "/digi møde")
        sheet = anne.locator(".whisper").last
        await expect(sheet).to_contain_text("5 minutter to og to")
        await anne.evaluate("window.print = () => { window.asked = true; }")
        await anne.locator("#composer-text").focus()
        for _ in range(20):
            await anne.keyboard.press("Shift+Tab")
            if await anne.evaluate("document.activeElement.textContent") == "Udskriv":
                break
        await anne.keyboard.press("Enter")
        assert await anne.evaluate("window.asked")
        await anne.emulate_media(media="print")
        await expect(anne.locator("#sheet")).to_contain_text("Det er vi enige om:")
        await expect(anne.locator("#sheet")).to_contain_text("Ny omsorgsplatform · tirsdag den")
        lines = await anne.locator("#sheet li").evaluate_all(ROOM_TO_WRITE)
        assert lines[:3] == [0, 0, 0]  # the minutes
        assert len(lines) == 6
        assert all(room > 60 for room in lines[3:])  # in CSS pixels: more than 16 mm each
        await expect(anne.locator("#log")).to_be_hidden()
        buttons = await anne.locator("#sheet .button").all()
        assert buttons
        for button in buttons:
            await expect(button).to_be_hidden()
        paper = await anne.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page[^s]", paper)) == 1
        await anne.emulate_media(media="screen")
        await expect(anne.locator("#sheet")).to_have_count(0)


async def test_while_the_course_plays_each_step_is_told_in_plain_words(
    browser: Browser, served: Served
) -> None:
    """Who presses what, who fills in a form, when the clock moves; not the comments of the
    scenario."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        await anne.evaluate(
            """window.told = [];
            const line = document.getElementById("course-line");
            new MutationObserver(() => window.told.push(line.textContent))
              .observe(line, { childList: true });"""
        )
        await anne.click("#clock [data-course=weeks]")
        for kind in (
            r"[A-Z]\S+ \S+ skriver /digi \S+\.$",
            r"[A-Z]\S+ \S+ trykker på „[^“]+“\.$",
            r"[A-Z]\S+ \S+ udfylder en formular\.$",
            r"uret går frem\.$",
        ):
            # A page that is slow shows the newest step and may leave one out, so any will do.
            await anne.wait_for_function(
                "kind => window.told.some(line => new RegExp(`: ${kind}`).test(line))", arg=kind
            )
        told = " ".join(await anne.evaluate("window.told"))
        assert ">" not in told
        assert "=" not in told


async def test_the_first_form_asks_for_a_name_and_grows_where_one_wants_more(
    browser: Browser, served: Served
) -> None:
    """Five fields and the way on; what is filled in already is not marked as missing."""
    async with windows(browser, served) as context:
        anne = await window(context, served, "anne")
        await write(anne, "/digi start")
        form = anne.locator("#form")
        await expect(form.locator(".required")).to_have_count(1)
        await expect(form.locator(".field").first).to_contain_text("(skal udfyldes)")
        await expect(form.locator(".field")).to_have_count(7)  # TR and AMR, and the way on
        await form.get_by_label("Navn på teknologien").fill("Nyt vagtsystem")
        await form.get_by_label("Jeg vil se dem").check()
        await form.locator(".main").click()
        await expect(form).to_contain_text("Kladden er gemt.")
        await expect(form).to_contain_text("Hvor er I nu?")
        await expect(form.locator(".required")).to_have_count(0)
        await send(anne)
        await expect(anne.locator("#log")).to_contain_text("Kladde: Nyt vagtsystem")
