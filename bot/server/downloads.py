"""Answers downloads: carries out a link's look as the person it was given to, and draws the file.

The look passes the gate like any other: whoever has left the project or lost the role gets what
whoever holds a wrong link gets.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime

from bot.core.tokens import Mac, write_press
from bot.documents.files import Drawable, drawables, title_of
from bot.platforms.common.ports import (
    Delivery,
    FetchedFile,
    FileChoice,
    FilePage,
    Links,
    Pressed,
    Receive,
    Sender,
)
from content.language import Language
from content.model import Catalogue
from dialogs.model.files import FinishedFile

DRAWN_AT_ONCE = 2
"""Threads that may draw at the same time; whoever else wants a file waits."""


class FileDesk:
    """Implements `bot.platforms.common.ports.Downloads`."""

    def __init__(
        self,
        links: Links,
        receive: Receive,
        mac: Mac,
        catalogue: Catalogue,
        now: Callable[[], datetime],
        serves: Callable[[str], bool],
    ) -> None:
        self._links = links
        self._receive = receive
        self._mac = mac
        self._catalogue = catalogue
        self._now = now
        self._serves = serves
        self._drawing = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def page(self, token: str, language: Language) -> FilePage | None:
        found = await self._handed(token)
        if found is None:
            return None
        language, files = found
        ways = drawables(files, self._now())
        how = "download.how" if len(ways) == 1 else "download.how_many"
        return FilePage(
            language,
            title_of(files[0]),
            (self._word(how, language), self._word("download.theirs", language)),
            tuple(FileChoice(one.choice, self._label(one, language), one.name) for one in ways),
        )

    async def fetch(self, token: str, choice: str) -> FetchedFile | None:
        found = await self._handed(token)
        if found is None:
            return None
        for one in drawables(found[1], self._now()):
            if one.choice == choice:
                return await self._drawn(one)
        return None

    def gone(self, language: Language) -> FilePage:
        return self._without_file("download.gone", "download.gone_why", language)

    def failed(self, language: Language) -> FilePage:
        return self._without_file("download.failed", "download.failed_why", language)

    def _without_file(self, title: str, why: str, language: Language) -> FilePage:
        return FilePage(language, self._word(title, language), (self._word(why, language),))

    async def _handed(self, token: str) -> tuple[Language, tuple[FinishedFile, ...]] | None:
        link = await self._links.resolve(token)
        if link is None or link.kind != "download" or link.look is None:
            return None
        if not self._serves(link.tenant):
            return None
        pressed = Pressed(write_press(self._mac, link.tenant, link.look))
        key = f"download:{secrets.token_hex(16)}"
        answer = await self._receive(Delivery(link.tenant, Sender(link.person), key, pressed))
        if answer.undone:
            raise NotAnswered
        return (answer.language, answer.files) if answer.files else None

    async def _drawn(self, one: Drawable) -> FetchedFile:
        async with self._drawing:
            body = await asyncio.to_thread(one.draw)
        return FetchedFile(one.name, one.media_type, body, one.opens)

    def _label(self, one: Drawable, language: Language) -> str:
        label = self._word(f"download.as_{one.way}", language)
        return f"{label}: {one.of}" if one.of else label

    def _word(self, key: str, language: Language) -> str:
        return self._catalogue.phrase(key).of(language)


class NotAnswered(Exception):
    """The database did not answer; another try may succeed."""
