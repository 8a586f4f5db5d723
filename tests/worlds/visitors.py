"""Somebody without a chat: a phone that opens the page, reads its HTML and sends its forms."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import aiohttp
from aiohttp import web

from bot.platforms.web.page.limits import RequestLimit
from bot.platforms.web.page.server import VisitorPage
from bot.server.build import House
from bot.server.http_server import Hosts, application, runner
from tests.worlds.play import CODE


class Form(HTMLParser):
    """One form of a page: where it goes, its fields, and the options of each by label."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, list[str]] = {}
        self.labels: dict[str, tuple[str, str]] = {}
        self._label = ""
        self._control: tuple[str, str] = ("", "")
        self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        name, value = about.get("name", ""), about.get("value", "")
        if tag == "form":
            self.action = about["action"]
        elif tag == "label":
            self._label = ""
        elif tag == "textarea" and name:
            self._area = name
            self.fields[name] = [""]
        elif tag == "input" and about.get("type") in ("radio", "checkbox"):
            self._control = (name, value)
            self.fields.setdefault(name, [])
            if "checked" in about:
                self.fields[name].append(value)
        elif tag == "input":
            self.fields[name] = [value]

    def handle_data(self, data: str) -> None:
        self._label += data
        if self._area:
            self.fields[self._area][0] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "label" and self._control[0]:
            self.labels[" ".join(self._label.split())] = self._control
            self._control = ("", "")

    def chosen(self, *labels: str) -> None:
        for label in labels:
            name, value = next(v for k, v in self.labels.items() if k.startswith(label))
            self.fields[name] = [*self.fields[name], value]

    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self.fields.items() for value in values]


class Visitor:
    """One phone without cookies. `page` is what it shows."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self.address = address
        self.headers: Mapping[str, str] = {}
        self.status = 0
        self.page = ""

    async def opens(self, query: str = "", language: str = "da") -> str:
        asked = {"Accept-Language": language}
        async with self._session.get(self.address + query, headers=asked) as got:
            return await self._shows(got)

    async def posts(self, query: str, pairs: list[tuple[str, str]]) -> str:
        async with self._session.post(self.address + query, data=aiohttp.FormData(pairs)) as got:
            return await self._shows(got)

    async def _shows(self, got: aiohttp.ClientResponse) -> str:
        self.headers, self.status = got.headers, got.status
        self.page = await got.text()
        assert got.status < 500, self.page  # what was sent would be missing later, without a reason
        return self.page

    async def follows(self, label: str) -> str:
        """Follow the link, or press the button, with this label."""
        for href, text in re.findall(r'<a[^>]* href="([^"]*)"[^>]*>(.*?)</a>', self.page):
            if label in text:
                return await self.opens(html.unescape(href))
        for one in re.findall(r"<form.*?</form>", self.page, re.S):
            if f">{label}</span></button>" in one:
                form = Form(one)
                return await self.posts(form.action, form.pairs())
        raise AssertionError(f"nothing is called {label}: {self.text}")

    @property
    def form(self) -> Form:
        [found] = re.findall(r"<form.*?</form>", self.page, re.S)
        return Form(found)

    async def sends(self, form: Form | None = None) -> str:
        sent = form or self.form
        return await self.posts(sent.action, sent.pairs())

    async def says(self, words: str, *choices: str) -> str:
        """Write a text without a name, and return its code."""
        await self.opens("?v=say_unnamed")
        form = self.form
        form.fields["text"] = [words]
        form.chosen(*(choices or ("Bekymring", "Anne Holm")))
        await self.sends(form)
        return self.code

    @property
    def text(self) -> str:
        """What is read on the page."""
        body = self.page.partition("<body>")[2].replace("<wbr>", "")
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", body)).split())

    @property
    def code(self) -> str:
        found = CODE.search(self.text)
        assert found, self.text
        return found[0]


@asynccontextmanager
async def serving_page(house: House, limit: RequestLimit | None = None) -> AsyncIterator[str]:
    """Serve the page of this Digi; returns the address of the server."""
    phrases = house.catalogue.phrases
    page = VisitorPage(
        house.engine.receive, house.links, lambda language, key: phrases[key].of(language), limit
    )
    app = application(Hosts.named(("127.0.0.1",)))
    app.add_routes(page.routes())
    serving = runner(app)
    await serving.setup()
    site = web.TCPSite(serving, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{serving.addresses[0][1]}"
    finally:
        await serving.cleanup()


@asynccontextmanager
async def visitor(
    house: House, tenant: str, project: str, limit: RequestLimit | None = None
) -> AsyncIterator[Visitor]:
    """A phone at the page of this project, which gets an address of its own."""
    token = await house.links.make("page", tenant, project)
    async with (
        serving_page(house, limit) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield Visitor(session, f"{server}/b/{token}")
