"""The page of whoever leads an exercise in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.bot.platforms.web.test_screen_browser import wall
from tests.worlds.browser import CONTRAST
from tests.worlds.screens import Room, a_room, fake_run, let_lead

NOTES = ("own w Ruten bestemmer", "safe b1 Alarmen virker", "safe t Vi lærer det")


@pytest.fixture(autouse=True)
def run_of_an_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch)


async def at(room: Room) -> str:
    await room.write(*NOTES)
    return f"{room.url}/l/{await let_lead(room.house)}"


async def checked(page: Page) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        ".note input:checked", "boxes => boxes.map(box => box.value)"
    )
    return found


@pytest.mark.parametrize("script", [True, False])
async def test_presses_work_with_and_without_javascript(
    tmp_path: Path, browser: Browser, script: bool
) -> None:
    """Also where the browser hides the page's origin, and behind a question."""
    async with (
        a_room(tmp_path / "home") as room,
        wall(browser, await at(room), script=script) as page,
    ):
        await page.get_by_role("button", name="Næste trin").click()
        await expect(page.locator(".told")).to_have_text("Sedlen hænger der")
        await expect(page.locator(".words")).to_have_count(4)
        await page.locator("summary", has_text="Slut øvelsen").click()
        await expect(page.get_by_text("Er I færdige?")).to_be_visible()
        await page.get_by_role("button", name="Slut øvelsen").click()
        await expect(page.locator(".words")).to_have_count(5)
        await page.get_by_role("button", name="Lav en aftale").click()
        await page.get_by_label("Hvad").fill("own b Aftalt")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator(".words")).to_have_count(6)


async def test_a_note_dragged_onto_another_is_put_together_with_it(
    tmp_path: Path, browser: Browser
) -> None:
    """Both are chosen, the name is asked for, and Enter sends."""
    async with a_room(tmp_path / "home") as room, wall(browser, await at(room)) as page:
        await page.locator(".note", has_text="Ruten").drag_to(
            page.locator(".note", has_text="Alarmen")
        )
        assert await checked(page) == ["n0", "n1"]
        await expect(page.get_by_label("Fælles")).to_be_focused()
        await page.keyboard.type("own b Tid")
        await page.keyboard.press("Enter")
        await expect(page.locator(".words", has_text="Tid")).to_be_visible()


async def test_notes_are_put_together_by_the_keyboard_alone(
    tmp_path: Path, browser: Browser
) -> None:
    """What somebody else does meanwhile does not take the choice away."""
    async with a_room(tmp_path / "home") as room, wall(browser, await at(room)) as page:
        for name in ("Ruten", "Vi lærer"):
            for _ in range(30):
                await page.keyboard.press("Tab")
                if await page.locator(".note:focus-within", has_text=name).count():
                    break
            await page.keyboard.press("Space")
        assert await checked(page) == ["n0", "n2"]
        async with page.expect_response(lambda got: got.url.endswith(room.url) or "/l/" in got.url):
            await room.write("own b Imens")
        assert await checked(page) == ["n0", "n2"]
        await page.get_by_label("Fælles").fill("own b Tid")
        await page.keyboard.press("Enter")
        await expect(page.locator(".words", has_text="Imens")).to_be_visible()
        await expect(page.locator(".words", has_text="Tid")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_read_and_hit_easily(tmp_path: Path, browser: Browser, scheme: str) -> None:
    """Contrast, targets of 44 px, and nothing scrolls sideways on a phone."""
    async with (
        a_room(tmp_path / "home") as room,
        wall(browser, await at(room), scheme=scheme) as page,
    ):
        for width in (1024, 320):
            await page.set_viewport_size({"width": width, "height": 700})
            assert await page.evaluate(CONTRAST) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            small = await page.eval_on_selector_all(
                "button, summary, .note label, input[type=text]",
                "all => all.filter(one => one.checkVisibility() && one.offsetHeight < 44)"
                ".map(one => one.outerHTML)",
            )
            assert small == []
