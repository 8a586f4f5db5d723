"""The message log of the page: threads, *Mere*, and what waits."""

from __future__ import annotations

import asyncio
import json
from typing import Literal

import pytest
from playwright.async_api import Browser, Route, expect

from bot.platforms.common.ports import Pressed
from dialogs.model import cards as c
from tests.worlds.browser import CONTRAST
from tests.worlds.web_fixtures import CHANNEL, World, words
from tests.worlds.web_page import PLACE, window, write


def button(label: str, style: c.Style = "plain") -> c.Button[c.Spans]:
    return c.Button(words(label), style=style, token=label)


def question(figures: str = "Ingen har svaret endnu.") -> c.FinishedCard:
    """A question as dialogs/question draws it: two rows of three buttons."""
    return c.Card(
        (
            c.Small(words("Kerneopgaven · stillet")),
            c.Heading(words("Hvordan kan teknologien hæve kvaliteten?")),
            c.Paragraph(words(figures)),
            c.Buttons((button("Svar", "main"), button("Svar uden navn"), button("Se svar"))),
            c.Buttons((button("Luk for svar"), button("Vi har talt om det"), button("Kilde"))),
        )
    )


async def test_a_thread_can_be_written_in(world: World, browser: Browser) -> None:
    """A reply appears below its message in every window, and counts as new for others."""
    await world.digi.deliver("q1", "post", question(), channel=CHANNEL)
    await world.digi.deliver("q2", "post", question("1 har svaret."), channel=CHANNEL)
    async with window(browser, world, "anne") as anne, window(browser, world, "mette") as mette:
        await mette.get_by_text("Svar i en tråd").first.click()
        field = mette.get_by_role("textbox", name="Svar i tråden under beskeden fra Digi").first
        await expect(field).to_be_focused()
        await mette.keyboard.type("Ja, i weekenden.")
        await mette.keyboard.press("Enter")
        thread = anne.locator(".thread", has_text="1 svar i tråden")
        await expect(thread.locator(".said")).to_have_text("Ja, i weekenden.")
        await expect(mette.locator(".thread .said")).to_have_text("Ja, i weekenden.")
        await expect(mette.locator(".thread textarea").first).to_have_value("")
        await expect(anne.locator("#log > .message")).to_have_count(2)
    assert [m.thread for m in await world.room.read(PLACE)] == ["", "", "q1"]


async def test_what_is_begun_in_a_thread_stays_when_others_write_there(
    world: World, browser: Browser
) -> None:
    """The text, the focus and the cursor position are kept, for whoever began it alone."""
    await world.digi.deliver("q1", "post", question(), channel=CHANNEL)
    async with window(browser, world, "anne") as page:
        await page.get_by_text("Svar i en tråd").click()
        await page.keyboard.type("Jeg er enig")
        await page.keyboard.press("Home")
        await world.edge.say("r1", PLACE, "mette", "Det er jeg også", "q1")
        await expect(page.locator(".thread .said")).to_have_text("Det er jeg også")
        field = page.locator(".thread textarea")
        await expect(field).to_be_focused()
        await page.keyboard.type("Ja. ")
        await expect(field).to_have_value("Ja. Jeg er enig")
        await page.locator("#people").get_by_role("button", name="Mette Dahl").click()
        await expect(page.locator("#people [aria-current]")).to_contain_text("Mette Dahl")
        await expect(field).to_have_value("")
        await page.locator("#people").get_by_role("button", name="Anne Holm").click()
        await expect(field).to_have_value("Ja. Jeg er enig")


async def test_digi_is_asked_in_a_thread_too(world: World, browser: Browser) -> None:
    """The answer appears below the thread; if sending fails, the text stays in the field."""
    await world.digi.deliver("q1", "post", question(), channel=CHANNEL)
    async with window(browser, world, "anne") as page:
        await page.get_by_text("Svar i en tråd").click()
        await page.keyboard.type("/status")
        await page.keyboard.press("Enter")
        await expect(page.locator(".thread .fault")).to_contain_text("begynder med /digi")
        field = page.locator(".thread textarea")
        await expect(field).to_have_value("/status")
        await field.fill("/digi overblk")
        await page.keyboard.press("Enter")
        await expect(page.locator(".thread + .whisper")).to_contain_text("Jeg kender ikke overblk")
        await expect(field).to_have_value("")


@pytest.mark.parametrize("width", [390, 1280])
async def test_a_question_has_one_main_button_two_beside_it_and_the_rest_behind_more(
    world: World, browser: Browser, width: int
) -> None:
    """It can be opened and closed by keyboard, is announced to screen readers, and stays open when
    the card is redrawn."""
    await world.digi.deliver("q1", "post", question(), channel=CHANNEL)
    async with window(browser, world, "mette", width) as page:
        card = page.locator(".card")
        shown = card.get_by_role("button")
        await expect(shown).to_have_text(["Svar", "Svar uden navn", "Se svar", "Mere"])
        more = card.get_by_role("button", name="Mere", exact=True)
        await expect(more).to_have_attribute("aria-expanded", "false")
        await shown.nth(2).focus()
        await page.keyboard.press("Tab")
        await expect(more).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(more).to_have_attribute("aria-expanded", "true")
        controlled = await more.get_attribute("aria-controls")
        rest = page.locator(f"[id='{controlled}']").get_by_role("button")
        await expect(rest).to_have_text(["Luk for svar", "Vi har talt om det", "Kilde"])
        await page.keyboard.press("Tab")
        await expect(rest.first).to_be_focused()
        new = question("1 har svaret.")
        await world.digi.deliver("q1-1", "update", new, target="q1")
        await expect(card).to_contain_text("1 har svaret.")
        await expect(card.get_by_role("button", name="Luk for svar")).to_be_focused()
        await more.press(" ")
        await expect(card.get_by_role("button")).to_have_count(4)


async def test_a_press_counts_once_though_its_button_is_drawn_anew_meanwhile(
    world: World, browser: Browser
) -> None:
    await world.digi.deliver("q1", "post", question(), channel=CHANNEL)
    sent: list[str] = []
    answered = asyncio.Event()

    async def hold(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "")["token"])
        await answered.wait()
        await route.continue_()

    async with window(browser, world, "anne") as page:
        await page.route("**/press", hold)
        await page.get_by_role("button", name="Svar", exact=True).click()
        await expect(page.locator("[aria-busy]")).to_have_count(1)
        await world.digi.deliver("q1-1", "update", question("1 har svaret."), target="q1")
        await expect(page.get_by_text("1 har svaret.")).to_be_visible()
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        await page.get_by_role("button", name="Svar", exact=True).click()
        answered.set()
        await write(page, "/digi hjælp")
        await expect(page.locator(".whisper")).to_contain_text("Jeg kender ikke hjælp.")
    assert sent == ["Svar"]


async def test_a_row_without_a_main_button_is_shown_whole(world: World, browser: Browser) -> None:
    """A row without a main button has no preferred choice, so all are shown."""
    row = c.Buttons(tuple(button(f"Nummer {n}") for n in range(5)))
    await world.digi.deliver("q1", "post", c.Card((row,)), channel=CHANNEL)
    async with window(browser, world, "mette") as page:
        await expect(page.locator(".card").get_by_role("button")).to_have_count(5)


async def test_what_waits_is_a_list_with_one_way_in_for_each(
    world: World, browser: Browser
) -> None:
    """Each item has its text, the promised date and one button; the card has one main button."""
    summary = c.Card(
        (
            c.Heading(words("Uge 49 · kun til dig")),
            c.Paragraph(words("2 venter på dit svar.")),
            c.Quote(words("Bliver der holdt øje med os?")),
            c.Paragraph(words("Du har lovet svar senest fredag.")),
            c.Buttons((button("Skriv et svar", "main"),)),
            c.Quote(words("Må jeg bytte besøg?"), words("Fatima")),
            c.Buttons((button("Skriv et svar", "main"),)),
            c.Paragraph(words("Er der nyt?")),
            c.Buttons((button("Skriv to linjer", "main"),)),
        )
    )
    await world.digi.deliver("p1", "private", summary, person="anne")
    async with window(browser, world, "anne") as page:
        await page.get_by_role("button", name="Digi og dig").click()
        matters = page.get_by_role("listitem").filter(has=page.locator("blockquote"))
        await expect(matters).to_have_count(2)
        await expect(matters.first).to_contain_text("Du har lovet svar senest fredag.")
        await expect(matters.last).to_contain_text("Fatima")
        for one in await matters.all():
            await expect(one.get_by_role("button")).to_have_text("Skriv et svar")
        await expect(page.locator(".card .main")).to_have_text("Skriv to linjer")
        await matters.last.get_by_role("button").click()
        await write(page, "hjælp")
        await expect(page.locator(".whisper")).to_contain_text("Jeg kender ikke hjælp.")
    pressed, _ = (delivery.what for delivery in world.digi.deliveries)
    assert pressed == Pressed("Skriv et svar")


async def test_a_list_of_what_waits_says_kind_words_promise_and_one_way_in(
    world: World, browser: Browser
) -> None:
    """The way in is described by the words, because many are called the same; the chip says in
    words what its colour says."""
    way = button("Skriv et svar")
    rows = (
        c.MatterRow(
            words("Bliver der holdt øje med os?"),
            words("Bekymring"),
            words("Uden navn · kun du læser det"),
            words("skulle være besvaret i går"),
            "passed",
            way,
        ),
        c.MatterRow(
            words("Må jeg bytte besøg?"), words("Spørgsmål"), None, words("klaret"), "done"
        ),
        c.MatterRow(words("og 2 mere"), button=button("Se dem alle")),
    )
    summary = c.Card((c.Heading(words("3 venter på dit svar.")), c.Matters(rows)))
    await world.digi.deliver("p1", "private", summary, person="anne")
    async with window(browser, world, "anne") as page:
        await page.get_by_role("button", name="Digi og dig").click()
        items = page.locator(".card").get_by_role("listitem")
        await expect(items).to_have_count(3)
        await expect(items.first).to_contain_text("Bekymring")
        await expect(items.first.locator(".chip.passed")).to_have_text("skulle være besvaret i går")
        first = items.first.get_by_role("button", name="Skriv et svar")
        await expect(first).to_have_accessible_description(
            "Bliver der holdt øje med os? Uden navn · kun du læser det"
        )
        await expect(items.nth(1).get_by_role("button")).to_have_count(0)
        await expect(items.nth(1).locator(".chip.done")).to_have_text("klaret")
        await items.last.get_by_role("button", name="Se dem alle").click()
        await write(page, "hjælp")
        await expect(page.locator(".whisper")).to_contain_text("Jeg kender ikke hjælp.")
    pressed, _ = (delivery.what for delivery in world.digi.deliveries)
    assert pressed == Pressed("Se dem alle")


async def test_one_thing_to_do_is_a_button_and_several_are_a_list(
    world: World, browser: Browser
) -> None:
    """Therefore a card never has more than one main button."""
    several = c.Card(
        (
            c.Heading(words("Det, der venter på dig")),
            c.Paragraph(words("2 venter på dit svar.")),
            c.Buttons((button("Læs og svar", "main"),)),
            c.Paragraph(words("Her mangler dit svar.")),
            c.Buttons((button("Svar", "main"), button("Svar uden navn"))),
            c.Quote(words("Prøv en rute")),
            c.Small(words("Aftalen er din.")),
            c.Buttons((button("Klaret"), button("Ny dato"))),
            c.Paragraph(words("Er der nyt?")),
            c.Buttons((button("Skriv to linjer", "main"),)),
        )
    )
    await world.digi.deliver("q1", "post", several, channel=CHANNEL)
    async with window(browser, world, "anne") as page:
        items = page.locator(".card").get_by_role("listitem")
        await expect(items).to_have_count(2)
        await expect(items.first.get_by_role("button")).to_have_text("Læs og svar")
        ways = items.last.get_by_role("button")
        await expect(ways).to_have_text(["Svar", "Svar uden navn"])
        await expect(ways.first).to_have_accessible_description("Her mangler dit svar.")
        await expect(page.locator(".card figure")).to_have_text("Prøv en rute")
        await expect(page.locator(".card .plain")).to_have_text(["Klaret", "Ny dato"])
        await expect(page.locator(".card .main")).to_have_text("Skriv to linjer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_an_answer_stands_whole_above_what_the_author_can_do(
    world: World, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    """A button that concerns one's own text is no way into the leader's words, and takes none of
    their width."""
    reason = "Det bestemmer jeg ikke, men jeg har spurgt dem, der planlægger vagterne. " * 3
    answered = c.Card(
        (
            c.Heading(words("Det skrev du")),
            c.Quote(words("Vi når ikke det, der står på listen.")),
            c.Small(words("Anne Holm må læse det.")),
            c.Paragraph(words("Lederen har svaret:")),
            c.Quote(words(reason), words("Anne Holm")),
            c.Small(words("Skriv ikke noget, der røber dig.")),
            c.Buttons((button("Træk teksten tilbage"),)),
        )
    )
    await world.digi.deliver("q1", "post", answered, channel=CHANNEL)
    async with window(browser, world, "mette", width, 900) as page:
        await page.emulate_media(color_scheme=scheme)
        await expect(page.locator(".matters")).to_have_count(0)
        said = await page.locator(".card figure").last.bounding_box()
        card = await page.locator(".card").bounding_box()
        withdraw = await page.get_by_role("button", name="Træk teksten tilbage").bounding_box()
        assert said
        assert card
        assert withdraw
        assert withdraw["y"] >= said["y"] + said["height"]
        assert said["width"] > 0.85 * card["width"]
        assert card["x"] + card["width"] <= width
        assert await page.evaluate(CONTRAST) == []


async def test_one_line_and_not_two_ends_a_list_in_a_letter(world: World, browser: Browser) -> None:
    """What follows a list in a private letter has a line above it only where the list has none."""
    row = c.MatterRow(words("Kan vi bytte?"), words("Idé"), button=button("Skriv et svar"))
    letter = c.Card(
        (
            c.Small(words("Uge 45")),
            c.Heading(words("1 venter på dit svar.")),
            c.Paragraph(words("2 har svaret.")),
            c.Buttons((button("Se svarene"),)),
            c.Matters((row,)),
            c.Paragraph(words("Der er kommet 1 tekst.")),
            c.Buttons((button("Læs den"),)),
        )
    )
    await world.digi.deliver("q1", "post", letter, channel=CHANNEL)
    async with window(browser, world, "mette", 1280, 900) as page:
        lines = await page.locator(".card > p:not(.small)").evaluate_all(
            "all => all.map(one => getComputedStyle(one).borderTopWidth)"
        )
        assert lines == ["1px", "0px"]
