"""The page for those without a chat in a real browser: a small old phone without JavaScript."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.anonymity.hands import by_code, project_of, running
from tests.worlds.browser import CONTRAST
from tests.worlds.stage import TENANT, Stage
from tests.worlds.visitors import visitor

SMALL = 320
"""CSS pixels: the smallest phone, and what 1,280 pixels are at 400 % zoom (WCAG 1.4.10)."""
VIEWS = ("", "?v=say_unnamed", "?v=code")

RULES = """() => {
  const found = [];
  const say = (rule, node) => found.push(`${rule}: ${node.outerHTML.slice(0, 90)}`);
  const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
  if (new Set(ids).size !== ids.length) found.push("an id twice");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("not one main");
  if (!document.title || !document.documentElement.lang) found.push("no title or language");
  let level = 0;
  for (const node of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(node.tagName[1]);
    if (own > level + 1) say("a heading is skipped", node);
    level = own;
  }
  for (const node of document.querySelectorAll("input:not([type=hidden]), textarea")) {
    if (!node.labels.length && !node.getAttribute("aria-labelledby")) say("no label", node);
    for (const id of (node.getAttribute("aria-describedby") || "").split(" "))
      if (id && !document.getElementById(id)) say("described by nothing", node);
    if (["radio", "checkbox"].includes(node.type) && !node.closest("fieldset > label"))
      say("an option without its group", node);
  }
  for (const node of document.querySelectorAll("fieldset"))
    if (!node.querySelector("legend")?.textContent.trim()) say("a group without a name", node);
  for (const node of document.querySelectorAll("a, button, .option")) {
    const box = node.getBoundingClientRect();
    const inText = node.matches("p > a, li > a");
    if (!node.textContent.trim()) say("without a name", node);
    if (!node.matches(".skip") && !inText && box.height < 44) say("a small target", node);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("it scrolls sideways");
  return found;
}"""


@asynccontextmanager
async def phone(
    browser: Browser, address: str, *, width: int = SMALL, scheme: str = "light", lang: str = "da"
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        viewport={"width": width, "height": 640},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=lang,
        java_script_enabled=False,
    )
    try:
        page = await context.new_page()
        await page.goto(address)
        yield page
        assert await context.cookies() == []
    finally:
        await context.close()


@asynccontextmanager
async def a_page(folder: Path) -> AsyncIterator[tuple[Stage, str]]:
    async with running(folder) as played:
        await played.play("anne > /digi næste")
        async with visitor(played.house, TENANT, project_of(folder)) as found:
            yield played, found.address


async def test_by_keyboard_on_the_smallest_phone_without_javascript(
    tmp_path: Path, browser: Browser
) -> None:
    """One says something, reads it by the code, and answers the week's question; nothing is
    pressed but Tab, space, arrows, Enter and letters."""
    async with a_page(tmp_path) as (played, address), phone(browser, address) as page:
        keys = page.keyboard

        async def to(label: str) -> None:
            for _ in range(40):
                await keys.press("Tab")
                if await page.locator(":focus", has_text=label).count():
                    return
                named = page.get_by_label(label)
                if await named.count() == 1 and await named.and_(page.locator(":focus")).count():
                    return
            raise AssertionError(f"Tab does not lead to {label}")

        await to("Sig det uden navn")
        await keys.press("Enter")
        await expect(page.locator("h1")).to_have_text("Sig det uden navn")
        await to("Spørgsmål")
        await keys.press("ArrowDown")
        await keys.press("ArrowDown")
        await to("Din tekst")
        await keys.type("Vognen mangler om natten")
        await to("Mette Krogh (TR)")
        await keys.press("Space")
        await to("Send")
        await keys.press("Enter")
        await expect(page.locator("h1")).to_have_text("Din tekst er modtaget")
        code = await page.locator(".code").inner_text()
        assert "Vognen mangler om natten" in await by_code(played, "noor", code)
        await to("Til forsiden")
        await keys.press("Enter")
        await to("Læs svaret med din kode")
        await keys.press("Enter")
        await to("Din kode")
        await keys.type(code)
        await keys.press("Enter")
        await expect(page.locator("blockquote")).to_have_text("Vognen mangler om natten")
        await to("Til forsiden")
        await keys.press("Enter")
        await to("Svar på ugens spørgsmål")
        await keys.press("Enter")
        await to("Dit svar")
        await keys.type("Hejsen skal virke")
        await to("Send")
        await keys.press("Enter")
        await expect(page.locator(".code")).to_be_visible()


async def test_the_list_of_faults_has_the_focus_and_leads_to_its_field(
    tmp_path: Path, browser: Browser
) -> None:
    """What was typed is still there."""
    async with a_page(tmp_path) as (_, address), phone(browser, f"{address}?v=say_unnamed") as page:
        await page.get_by_label("Din tekst").fill("مرحبا, det her går galt")
        await page.get_by_role("button", name="Send").click()
        summary = page.locator(".summary")
        await expect(summary).to_be_focused()
        await summary.get_by_role("link", name="Hvem må læse det?").click()
        await expect(page.get_by_label("Anne Holm (leder)")).to_be_focused()
        await expect(page.get_by_label("Din tekst")).to_have_value("مرحبا, det her går galt")
        assert (await page.title()).startswith("Fejl: ")


@pytest.mark.parametrize(("scheme", "lang"), [("light", "da"), ("dark", "en")])
async def test_everybody_can_use_it(
    tmp_path: Path, browser: Browser, scheme: str, lang: str
) -> None:
    """Headings, labels, groups, contrast and the size of targets; nothing scrolls sideways at 320
    pixels, which are 400 % of 1,280, nor in a wide window or written from right to left."""
    async with a_page(tmp_path) as (_, address):
        for width in (SMALL, 1280):
            async with phone(browser, address, width=width, scheme=scheme, lang=lang) as page:
                for view in VIEWS:
                    await page.goto(address + view)
                    await _is_fine(page)
                await page.goto(f"{address}?v=say_unnamed")
                async with page.expect_navigation():
                    await page.locator(".send").click()
                await expect(page.locator(".summary")).to_be_visible()
                await _is_fine(page)
                await page.evaluate("document.documentElement.dir = 'rtl'")
                await _is_fine(page)


async def _is_fine(page: Page) -> None:
    where = page.url.partition("?")[2]
    assert await page.evaluate(RULES) == [], where
    assert await page.evaluate(CONTRAST) == [], where


async def test_control_faults_of_each_kind_are_found(tmp_path: Path, browser: Browser) -> None:
    """Control: the rules see a pale line, a small button, a lost label and a wide picture."""
    async with a_page(tmp_path) as (_, address), phone(browser, address) as page:
        await page.evaluate(
            """() => {
              const main = document.querySelector("main");
              main.insertAdjacentHTML("beforeend",
                "<h4>x</h4><p>bleg</p><input type=text><button>o</button><div>bred</div>");
              main.querySelector("h4 + p").style.color = "#ddd";
              main.querySelector("button + div").style.width = "900px";
            }"""
        )
        found = " ".join(await page.evaluate(RULES))
        for rule in ("skipped", "no label", "small target", "sideways"):
            assert rule in found
        assert await page.evaluate(CONTRAST) != []
