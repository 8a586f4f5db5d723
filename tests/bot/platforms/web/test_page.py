"""What a person can do on the page, in a real browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from dialogs.model.cards import (
    Button,
    Buttons,
    Card,
    FactRows,
    Paragraph,
    Quote,
    Quoted,
    Spans,
)
from tests.bot.cli.test_app import free_port
from tests.worlds.web_fixtures import (
    BEGINNING,
    CHANNEL,
    CODE,
    World,
    playground,
    words,
)
from tests.worlds.web_page import HOSTILE, PLACE, window, write


async def test_two_windows_as_two_people_update_each_other(world: World, browser: Browser) -> None:
    """An act in one window appears in the other at once; ephemeral answers and private messages do
    not."""
    async with window(browser, world, "anne") as anne, window(browser, world, "mette") as mette:
        await write(anne, "/digi start Ny omsorgsplatform")
        await expect(mette.get_by_text("Velkommen til forløbet om")).to_be_visible()
        await expect(anne.locator("#places .news")).to_have_text("1 ny")
        await expect(mette.locator("#places .news")).to_have_count(0)
        await expect(mette.locator("#people .news")).to_have_text("1 ny")
        await write(mette, "Godmorgen allesammen")
        await expect(anne.get_by_text("Godmorgen allesammen")).to_be_visible()
        await write(mette, "/digi overblk")
        await expect(mette.locator(".whisper")).to_contain_text("Kun du kan se dette")
        await mette.locator(".message .button.main").click()
        await mette.get_by_label("Svar (skal").fill("Mere tid")
        await mette.locator("dialog .main").click()
        await expect(anne.locator(".thread:not(.new)")).to_contain_text("Mette Dahl har svaret.")
        await expect(anne.locator(".whisper")).to_have_count(0)
        await anne.get_by_role("button", name="Mere").click()
        await anne.get_by_role("button", name="Slet forløbet").click()
        await anne.get_by_role("dialog").get_by_role("button", name="Slet forløbet").click()
        await expect(mette.get_by_text("Forløbet er slettet.")).to_be_visible()
        await anne.get_by_role("button", name="Digi og dig").click()
        await expect(anne.get_by_text("Du er leder i det her forløb.")).to_be_visible()
        await expect(anne.locator("#places .news")).to_have_count(0)


async def test_a_form_with_faults_keeps_what_was_written(world: World, browser: Browser) -> None:
    """Errors are shown below their fields and linked to them for screen readers, and nothing is
    lost."""
    async with window(browser, world, "mette") as page:
        await write(page, "/digi sig")
        text = page.get_by_label("Svar (skal")
        await expect(text).to_be_focused()
        await page.locator("dialog .main").click()
        await expect(page.locator("dialog .wrong")).to_contain_text("Skriv noget her.")
        await text.fill("fejl, som skal rettes. " + "x" * 50)
        await expect(page.locator(".count.over")).to_have_text("13 tegn for meget")
        await text.fill("fejl")
        await page.get_by_label("Overskrift").fill("Det bliver stående")
        await page.get_by_label("Alle, i ugens overblik").check()
        await page.locator("dialog .main").click()
        await expect(page.locator("dialog .wrong")).to_contain_text("Der står fejl i teksten.")
        await expect(text).to_be_focused()
        described = (await text.get_attribute("aria-describedby") or "").split()
        said = [await page.locator(f"[id='{id}']").text_content() for id in described]
        assert "Der står fejl i teksten. Ret det, og send igen." in said
        assert await text.get_attribute("aria-invalid") == "true"
        await expect(text).to_have_value("fejl")
        await expect(page.get_by_label("Overskrift")).to_have_value("Det bliver stående")
        await expect(page.get_by_label("Alle, i ugens overblik")).to_be_checked()
        world.digi.broken = True
        await text.fill("Nu er det rigtigt")
        await page.locator("dialog .main").click()
        await expect(page.locator("dialog [role=alert]")).to_contain_text("Jeg ved ikke")
        await expect(text).to_have_value("Nu er det rigtigt")
        world.digi.broken = False
        await page.locator("dialog .main").click()
        await expect(page.locator("#form")).to_be_hidden()
        await expect(page.locator(".whisper")).to_contain_text("Tak. Dit svar er gemt.")
        assert world.digi.given[0].values == {
            "text": "Nu er det rigtigt",
            "short": "Det bliver stående",
            "kind": "anne",
            "readers": ["all"],
            "who": "",
            "more": [],
            "when": "2026-12-04",
            "hour": "600",
        }


async def _closed_by_escape(page: Page) -> None:
    await page.keyboard.press("Escape")


async def _closed_beside(page: Page) -> None:
    await page.mouse.click(5, 5)


async def _closed_by_button(page: Page) -> None:
    await page.locator("#form").get_by_role("button", name="Fortryd").click()


@pytest.mark.parametrize("close", [_closed_by_escape, _closed_beside, _closed_by_button])
async def test_what_was_written_in_a_form_is_not_lost_by_closing_it(
    world: World, browser: Browser, close: Callable[[Page], Awaitable[None]]
) -> None:
    """An unchanged form closes at once. A changed one asks for confirmation, each time."""
    async with window(browser, world, "mette") as page:
        form, asks = page.locator("#form"), page.locator("#confirm")
        await write(page, "/digi sig")
        await expect(form).to_be_visible()
        await close(page)
        await expect(form).to_be_hidden()
        await write(page, "/digi sig")
        text = page.get_by_label("Svar (skal")
        await text.fill("Vi når det ikke")
        for _ in range(3):
            await close(page)
            await expect(asks).to_contain_text("er ikke sendt")
            await asks.get_by_role("button", name="Skriv videre").click()
            await expect(asks).to_be_hidden()
            await expect(text).to_have_value("Vi når det ikke")
        await close(page)
        await asks.get_by_role("button", name="Luk uden at sende").click()
        await expect(form).to_be_hidden()
        await expect(asks).to_be_hidden()


async def test_a_code_stands_large_and_can_be_copied(world: World, browser: Browser) -> None:
    """It is shown once, in a font without ambiguous characters, with a button to copy it."""
    async with window(browser, world, "mette") as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await write(page, "/digi start")
        await page.get_by_role("button", name="Min kode").click()
        code = page.locator(".whisper .code code")
        await expect(code).to_have_text(CODE)
        style = (
            "element => [getComputedStyle(element).fontFamily, getComputedStyle(element).fontSize]"
        )
        family, size = await code.evaluate(style)
        assert "mono" in family
        assert float(size.removesuffix("px")) >= 20
        await page.get_by_role("button", name="Kopiér").click()
        await expect(page.locator(".whisper .code [role=status]")).to_have_text(
            "Koden er kopieret."
        )
        assert await page.evaluate("navigator.clipboard.readText()") == CODE


async def test_everything_can_be_done_with_the_keyboard_alone(
    world: World, browser: Browser
) -> None:
    """Skip link, commands, a button, a form and Esc: Tab, arrow keys and Enter are enough."""
    async with window(browser, world, "mette") as page:
        keys = page.keyboard
        await keys.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await keys.press("Enter")
        composer = page.locator("#composer-text")
        await expect(composer).to_be_focused()
        await keys.type("/digi s")
        await expect(page.locator("#suggestions li")).to_have_count(4)
        await keys.press("ArrowDown")
        await keys.press("Enter")
        await expect(composer).to_have_value("/digi start ")
        await keys.type("Ny omsorgsplatform")
        await keys.press("Enter")
        answer = page.locator(".message .button.main")
        await expect(answer).to_be_visible()
        await expect(composer).to_be_focused()
        for _ in range(12):
            await keys.press("Shift+Tab")
            if await answer.evaluate("found => found === document.activeElement"):
                break
        await expect(answer).to_be_focused()
        await keys.press("Enter")
        await expect(page.locator("#form")).to_be_visible()
        await keys.press("Escape")
        await expect(page.locator("#form")).to_be_hidden()
        await expect(answer).to_be_focused()
        await keys.press("Enter")
        await expect(page.get_by_label("Svar (skal")).to_be_focused()
        await keys.type("Skrevet uden mus")
        for _ in range(60):
            await keys.press("Tab")
            if await page.evaluate("document.activeElement.matches('dialog .main')"):
                break
        await keys.press("Enter")
        await expect(page.locator(".whisper")).to_be_focused()
        assert world.digi.given[0].values["text"] == "Skrevet uden mus"


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1920])
async def test_no_width_scrolls_sideways(world: World, browser: Browser, width: int) -> None:
    """From the smallest phone to a wide screen, with the longest words, nothing overflows."""
    await world.digi.deliver("q1", "post", world.digi.card, channel=CHANNEL)
    await world.edge.say("s", PLACE, "mette", HOSTILE)
    hostile = FactRows(((words(HOSTILE), words(HOSTILE)),))
    buttons = Buttons((Button(words(HOSTILE), token="a"),))
    await world.digi.deliver("h", "post", Card((hostile, buttons)), channel=CHANNEL)
    async with window(browser, world, "anne", width, 740) as page:
        await expect(page.locator(".message")).to_have_count(3)
        wide = "found => found.scrollWidth - found.clientWidth"
        assert await page.locator("html").evaluate(wide) <= 0
        assert await page.locator("#log").evaluate(wide) <= 0
        await write(page, "/digi sig")
        await expect(page.locator("#form")).to_be_visible()
        assert await page.locator("#form").evaluate(wide) <= 0
        assert await page.locator("#form .fields").evaluate(wide) <= 0


async def test_a_phone_has_a_list_for_people_and_a_drawer_for_the_clock(
    world: World, browser: Browser
) -> None:
    """On a phone everything can be reached, and Esc closes the drawer."""
    async with window(browser, world, "anne", 360, 740) as page:
        await expect(page.locator("#clock")).to_be_hidden()
        await page.locator("#person-select").select_option("oksana")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.get_by_role("button", name="Clock").click()
        await page.get_by_role("button", name="One week on").click()
        await expect(page.locator("#clock-status")).to_have_text(
            "It is now Monday 30 November, 09:00."
        )
        await page.keyboard.press("Escape")
        await expect(page.locator("#clock")).to_be_hidden()
        await page.locator("#place-select").select_option("private:oksana")
        await expect(page.locator("#log")).to_contain_text("It is quiet here so far")


async def test_many_long_names_leave_room_for_their_values_on_a_phone(
    world: World, browser: Browser
) -> None:
    """A list of commands is set in two columns there, a draft with its roles in one."""
    commands = FactRows(tuple((words(f"/digi {n}"), words("Hvor er vi nu?")) for n in range(9)))
    roles = FactRows(
        tuple(
            (words(f"Arbejdsmiljørepræsentant {n}"), words("Jonas Friis (spurgt)"))
            for n in range(9)
        )
    )
    await world.digi.deliver("f", "post", Card((commands, roles)), channel=CHANNEL)
    async with window(browser, world, "anne", 390, 844) as page:
        widths = "found => found.offsetWidth / found.closest('.facts').clientWidth"
        short = await page.locator(".facts").first.locator("dd").first.evaluate(widths)
        long = await page.locator(".facts").last.locator("dd").first.evaluate(widths)
        assert short < 0.9 < long


async def test_a_phones_bar_takes_a_tenth_of_its_height(world: World, browser: Browser) -> None:
    """It shows who and where one is, and the clock, in one row."""
    async with window(browser, world, "anne", 390, 844) as page:
        bar = await page.locator(".left").bounding_box()
        assert bar is not None
        assert bar["height"] <= 84


async def test_at_400_percent_nothing_stands_before_what_was_said(
    world: World, browser: Browser
) -> None:
    """1280 x 1024 at 400 % is 320 x 256: the page scrolls as a whole and shows the newest
    message."""
    async with window(browser, world, "anne", 320, 256) as page:
        await write(page, "/digi start")
        await write(page, "/digi overblk")
        said = page.get_by_text("Jeg kender ikke overblk")
        await expect(said).to_be_in_viewport()
        bar = await page.locator(".left").bounding_box()
        assert bar is not None
        assert bar["y"] + bar["height"] <= 0


SMALL_TARGETS = """() => [...document.querySelectorAll(
    "button, select, summary, textarea, input, label.option, [role=option], #another")]
    .filter((one) => one.offsetParent && !one.closest("label.option > *"))
    .filter((one) => !one.matches("label.option input"))
    .map((one) => [one.textContent || one.id, one.getBoundingClientRect().height])
    .filter(([, height]) => height < 44)"""


@pytest.mark.parametrize("width", [390, 1440])
async def test_everything_that_is_pressed_is_44_pixels_high(
    world: World, browser: Browser, width: int
) -> None:
    """In the channel, in the list of commands and in a form."""
    async with window(browser, world, "anne", width) as page:
        await write(page, "/digi start")
        await page.locator(".message .button.main").click()
        await page.get_by_label("Svar (skal").fill("Mere tid")
        assert await page.evaluate(SMALL_TARGETS) == []
        await page.locator("dialog .main").click()
        await expect(page.locator(".thread summary")).to_be_visible()
        await page.fill("#composer-text", "/digi ")
        await expect(page.locator("#suggestions li")).to_have_count(5)
        assert await page.evaluate(SMALL_TARGETS) == []


async def test_one_whisper_stands_open_and_says_once_whom_it_is_for(
    world: World, browser: Browser
) -> None:
    """Only the newest is open; earlier ones are collapsed to a line until they are opened. A
    receipt code stays open."""
    async with window(browser, world, "anne") as page:
        await write(page, "/digi start")
        await write(page, "/digi overblk")
        await write(page, "/digi statsu")
        label = page.get_by_text("Kun du kan se dette")
        await expect(label).to_have_count(1)
        await expect(page.get_by_text("Jeg kender ikke overblk")).to_be_hidden()
        await page.get_by_text("Vist før: /digi overblk").click()
        await expect(page.get_by_text("Jeg kender ikke overblk")).to_be_visible()
        await page.get_by_role("button", name="Min kode").click()
        await expect(page.get_by_text(CODE)).to_be_visible()
        await expect(page.get_by_text("Jeg kender ikke statsu")).to_be_hidden()
        await write(page, "/digi fortabt")
        await expect(page.get_by_text("Jeg kender ikke fortabt")).to_be_visible()
        await expect(page.get_by_text(CODE)).to_be_visible()
        await expect(label).to_have_count(1)


async def test_the_log_has_no_landmarks_and_the_field_is_a_field(
    world: World, browser: Browser
) -> None:
    """axe rules: `landmark-unique`, `aria-allowed-role`, `heading-order`."""
    async with window(browser, world, "anne") as page:
        await write(page, "/digi overblk")
        await write(page, "/digi start")
        await write(page, "/digi overblk")
        await expect(page.locator("#log").get_by_role("region")).to_have_count(0)
        await expect(
            page.locator("#composer-text[role], #composer-text[aria-expanded]")
        ).to_have_count(0)
        levels = await page.locator("#log h2, #log h3").evaluate_all(
            "all => all.map(h => h.tagName)"
        )
        assert levels[0] == "H2"


@pytest.mark.parametrize(
    ("width", "there"), [(1440, "#places button[aria-current]"), (390, "#person-select")]
)
async def test_one_step_leads_back_from_the_text_field(
    world: World, browser: Browser, width: int, there: str
) -> None:
    """It leads to conversations and people, however long the log between is."""
    async with window(browser, world, "anne", width) as page:
        await write(page, "/digi start")
        await expect(page.locator(".message .button.main")).to_be_visible()
        await page.locator("#composer-text").focus()
        await page.keyboard.press("Shift+Tab")
        await expect(page.locator("#back")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator(there).first).to_be_focused()


async def test_the_clocks_list_holds_nothing_that_has_been(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past events are removed from the list."""

    async def landmarks() -> dict[str, datetime]:
        return {
            "question": BEGINNING - timedelta(hours=1),
            "overview": BEGINNING + timedelta(days=1),
        }

    monkeypatch.setattr(world.clock, "landmarks", landmarks)
    async with window(browser, world, "anne") as page:
        await expect(page.locator("#landmarks")).to_contain_text("Næste overblik")
        await expect(page.locator("#landmarks")).not_to_contain_text("Næste spørgsmål")


async def test_what_comes_while_the_window_stands_open_leaves_the_clocks_list(
    world: World, browser: Browser
) -> None:
    """This also holds if the browser suspended the window meanwhile."""
    async with window(browser, world, "anne") as page:
        await page.clock.install()
        await page.reload()
        await expect(page.locator("#landmarks")).to_contain_text("Næste spørgsmål")
        await page.clock.fast_forward("30:00:00")
        await expect(page.locator("#landmarks")).to_be_empty()


async def test_what_people_write_is_shown_as_they_wrote_it(world: World, browser: Browser) -> None:
    """HTML tags, markdown and mentions are shown literally."""
    quoted: Spans = (Quoted(HOSTILE),)
    await world.digi.deliver("h", "post", Card((Quote(quoted, quoted),)), channel=CHANNEL)
    world.digi.card = Card((Paragraph(quoted),))
    async with window(browser, world, "anne") as page:
        await write(page, HOSTILE)
        await expect(page.locator(".said")).to_have_text(HOSTILE)
        await expect(page.locator("blockquote")).to_have_text(HOSTILE)
        await expect(page.locator("#log img, #log b, #log a")).to_have_count(0)
        assert "broken" not in await page.title()


async def test_starting_over_asks_first_and_clears_every_window(
    world: World, browser: Browser
) -> None:
    """*Begynd forfra* asks for confirmation; then all windows show an empty room and the real
    time."""
    async with window(browser, world, "anne") as anne, window(browser, world, "mette") as mette:
        await write(anne, "Godmorgen")
        await expect(mette.get_by_text("Godmorgen")).to_be_visible()
        await anne.get_by_role("button", name="Begynd forfra").click()
        await anne.keyboard.press("Escape")
        await expect(anne.get_by_text("Godmorgen")).to_be_visible()
        await anne.get_by_role("button", name="Begynd forfra").click()
        await anne.get_by_role("dialog").get_by_role("button", name="Begynd forfra").click()
        for page in (anne, mette):
            await expect(page.locator("#log")).to_contain_text("Her er stille endnu")


async def test_a_window_finds_its_way_back_after_a_restart(browser: Browser) -> None:
    """After a restart of Digi with another token, an open window continues by itself."""
    port = free_port()
    async with AsyncExitStack() as stack:
        async with playground(port) as world:
            page = await stack.enter_async_context(window(browser, world, "anne", breaks=True))
            await write(page, "Før")
            await expect(page.get_by_text("Før")).to_be_visible()
            await page.evaluate("window.same = true")
        await expect(page.locator("#offline")).to_have_text("Forbindelsen er væk. Jeg prøver igen.")
        await page.fill("#composer-text", "Efter")
        async with playground(port, token="another token"):
            await page.press("#composer-text", "Enter")
            await expect(page.locator(".said")).to_have_text("Efter")
            await expect(page.locator("#offline")).to_be_empty()
            assert await page.evaluate("window.same")
