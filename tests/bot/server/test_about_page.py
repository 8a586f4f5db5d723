"""The page /om, which an administrator reads before approving Digi."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.server.about import AboutPage
from content import catalogue as content
from dialogs.model.facts import About, Fact, Operator
from storage.vault import Vault
from tests.bot.cli.test_app import Box

OPERATOR = Operator(
    controller="Ærø <Kommune>", contact="dpo@example.dk", whistleblower="https://w.example.dk"
)


async def page(operator: Operator = OPERATOR) -> tuple[str, dict[str, str]]:
    asked: list[Fact[Any]] = []

    async def finds(facts: tuple[Fact[Any], ...]) -> dict[Fact[Any], Any]:
        asked.extend(facts)
        return dict.fromkeys(facts)

    app = web.Application()
    app.add_routes(AboutPage(content.load(), operator, Vault(b"k" * 32), finds).routes())
    async with TestClient(TestServer(app)) as client:
        first = await client.get("/om")
        text = await first.text()
        before = list(asked)
        again = await client.get("/om")
        assert (await again.text(), asked) == (text, before)
        assert set(asked) <= {About()}
        return text, dict(first.headers)


async def test_the_page_says_what_digi_is_and_who_answers_for_it() -> None:
    """It is in Danish and English, with the operator's texts as plain text."""
    text, _ = await page()
    assert text.index('lang="da" id="da"') < text.index('lang="en" id="en"')
    for part in ("Om Digi", "About Digi", "dpo@example.dk", "https://w.example.dk"):
        assert part in text
    assert text.count("Ærø &lt;Kommune&gt;") == 2
    assert "<Kommune>" not in text


async def test_the_page_says_what_the_operator_has_left_out() -> None:
    """An empty setting is named as missing, not left blank."""
    text, _ = await page(Operator())
    phrases = content.load().phrases
    assert phrases["about.not_given"].of("da") in text
    assert phrases["about.not_given"].of("en") in text


async def test_the_page_takes_nothing_from_anywhere_else() -> None:
    """It has no script, image or cookie, and makes no request to another site."""
    text, headers = await page()
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    assert "<script" not in text
    assert "src=" not in text


async def test_a_digi_that_serves_a_platform_serves_the_page(tmp_path: Path) -> None:
    """It is served at the path that the Teams package names."""
    box = Box(tmp_path)
    box.env["DIGI_TEAMS_LOCAL"] = "1"

    async def asked() -> None:
        url = f"http://127.0.0.1:{box.env['DIGI_PORT']}/om"
        async with aiohttp.ClientSession() as http, http.get(url) as found:
            assert (found.status, found.content_type) == (200, "text/html")
            assert "Om Digi" in await found.text()

    with box.running():
        await asyncio.wait_for(asked(), 60)
