"""The playground's window speaks the language that Digi speaks with whoever is chosen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.platforms.web.playground.sentences import SENTENCES
from tests.bot.platforms.web.test_browser_course import Served, press, send
from tests.bot.platforms.web.test_browser_course import window as real_window
from tests.bot.platforms.web.test_browser_course import windows as real_windows
from tests.worlds.web_fixtures import CHANNEL, World, shown
from tests.worlds.web_page import PLACE, window, write

WORDS = Path(__file__).parents[4] / "bot/platforms/web/playground/static/words.js"

DANISH_LEFT = """() => {
  const left = [];
  const danish = node => /[æøå]|\\b(og|ikke|du|til|fra|svar|besked)\\b/i.test(node);
  const names = [...document.querySelectorAll(".face, .name, #person-select, #place-select")];
  const inEnglish = node => node.closest("[lang]").lang === "en";
  const ours = node => inEnglish(node) && !names.some(one => one.contains(node));
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { data, parentElement } = walk.currentNode;
    if (ours(parentElement) && danish(data.replace(/#\\S+/g, ""))) left.push(data);
  }
  for (const name of ["aria-label", "title", "placeholder", "label"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      const said = node.getAttribute(name).replace(/#\\S+/g, "");
      if (inEnglish(node) && danish(said)) left.push(`${name}: ${said}`);
    }
  }
  return left;
}"""
"""Returns what stands in Danish where the page says that it is English."""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    found = Served(tmp_path)
    await found.start()
    yield found
    await found.kill()


async def speaks(page: Page, language: str) -> None:
    places = {"da": "Samtaler", "en": "Conversations"}[language]
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("#places-title")).to_have_text(places)


async def test_another_language_changes_every_window_of_hers_and_no_draft(
    world: World, browser: Browser
) -> None:
    """What she is writing stays, with the focus and the caret, and so does what Digi and others
    have said, each in its own language. Nobody else's window changes."""
    await world.digi.deliver("q1", "post", shown("Spørgsmål"), channel=CHANNEL)
    await world.edge.say("r1", PLACE, "mette", "Det er jeg også", "q1")
    async with (
        window(browser, world, "anne") as page,
        window(browser, world, "anne") as other,
        window(browser, world, "mette") as mette,
    ):
        await other.fill("#composer-text", "Et udkast, som ikke er sendt")
        field = other.locator(".thread textarea")
        await field.fill("Jeg er enig")
        await other.keyboard.press("Home")
        await write(page, "/digi engelsk")
        for one in (page, other):
            await speaks(one, "en")
            assert await one.evaluate(DANISH_LEFT) == []
        await expect(page.locator(".whisper .label")).to_contain_text("Only you can see this")
        await expect(field).to_be_focused()
        await other.keyboard.type("Ja. ")
        await expect(field).to_have_value("Ja. Jeg er enig")
        await expect(other.locator("#composer-text")).to_have_value("Et udkast, som ikke er sendt")
        await expect(other.locator("#composer-text")).to_have_attribute(
            "placeholder", re.compile("^Type /digi help")
        )
        await expect(other.locator(".thread .said")).to_have_attribute("lang", "da")
        await expect(other.locator(".message .card").first).to_have_attribute("lang", "da")
        await expect(other.locator("#now")).to_contain_text("Monday 23 November")
        await other.fill("#composer-text", "/digi s")
        await expect(other.locator("#suggestions li")).to_contain_text("Where are we now?")
        await speaks(mette, "da")
        await write(page, "/digi dansk")
        await speaks(page, "da")
        await speaks(other, "da")
        await expect(other.locator("#composer-text")).to_have_value("/digi s")


async def test_a_status_and_a_failure_are_said_in_the_language_of_the_window(
    world: World, browser: Browser
) -> None:
    """Also for somebody whose platform speaks another language than she has chosen."""
    world.digi.languages["anne"] = "en"
    async with window(browser, world, "anne", breaks=True) as page:
        await speaks(page, "en")
        await page.locator("[data-clock=day]").click()
        await expect(page.locator("#clock-status")).to_contain_text("It is now Tuesday")
        await page.locator("[data-clock=overview]").click()
        await expect(page.locator("#clock-status")).to_contain_text("No overview is planned yet")
        world.digi.broken = True
        await write(page, "/digi status")
        await expect(page.locator("#composer-fault")).to_contain_text("I do not know whether")
        world.digi.broken = False
        await page.locator("[data-clock=day]").click()
        await expect(page.locator("#clock-status")).to_contain_text("It is now Wednesday")
        await page.fill("#composer-text", "")
        await write(page, "/digi dansk")
        await expect(page.locator("#clock-status")).to_contain_text("Nu er det onsdag")


async def test_what_a_person_writes_is_marked_with_her_language(
    world: World, browser: Browser
) -> None:
    """A screen reader then reads it with the right voice, in every window."""
    async with window(browser, world, "oksana") as page, window(browser, world, "mette") as mette:
        await write(page, "Good morning, all")
        await expect(mette.locator(".said")).to_have_attribute("lang", "en")
        await expect(page.locator("#people")).to_contain_text("Care assistant, days")
        await expect(mette.locator("#people")).to_contain_text("Sosu-assistent, dagvagt")
        await expect(mette.locator("#place-about")).to_have_text("Ny teknologi hos os")
        await expect(page.locator("#place-about")).to_have_text("New technology where we work")


async def test_the_language_that_is_chosen_in_digi_is_that_of_the_window(
    browser: Browser, served: Served
) -> None:
    """From the help to one's hours and language; after a reload it is English still."""
    async with real_windows(browser, served) as context:
        page = await real_window(context, served, "bodil")
        await write(page, "/digi hjælp")
        await press(page, "Dine tider og dit sprog")
        await press(page, "Ret tider og sprog")
        await page.locator("#form").get_by_label("Engelsk").check()
        await send(page)
        await speaks(page, "en")
        await expect(page.locator(".whisper .label").last).to_contain_text("Only you can see this")
        await page.reload()
        await speaks(page, "en")
        await write(page, "/digi help")
        await expect(page.locator(".whisper .card")).to_have_attribute("lang", "en")


def _said(language: str) -> dict[str, str]:
    """Return the words of the page by their key, as they stand in the file."""
    text = WORDS.read_text(encoding="utf-8")
    parts = re.split(r"^  (da|en): \{$", text, flags=re.MULTILINE)
    block = parts[parts.index(language) + 1].split("\n  },")[0]
    return dict(re.findall(r"^    (\w+): (.+),$", block, flags=re.MULTILINE))


def test_a_project_has_one_name_in_each_language() -> None:
    """It is *et forløb* and *a project*, as in everything that Digi says, and never *a course*."""
    danish, english = _said("da"), _said("en")
    assert danish.keys() == english.keys()
    pairs = {key: (danish[key], english[key]) for key in danish}
    pairs |= {f"failed: {key}": (said["da"], said["en"]) for key, said in SENTENCES.items()}
    assert len(pairs) > 120
    assert [key for key, (_, en) in pairs.items() if re.search(r"\bcourses?\b", en, re.I)] == []
    assert [key for key, (da, _) in pairs.items() if re.search(r"\bprojekt", da, re.I)] == []
    for key, (da, en) in pairs.items():
        assert ("forløb" in da.lower()) is ("project" in en.lower()), key
