"""Plays transcripts in the playground: everything goes over HTTP, as from the page."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import aiohttp
import msgspec
import pytest

from bot.platforms.common.ports import Answer, Pressed, Submitted, TypedText
from bot.platforms.web.playground import people, server
from bot.platforms.web.playground.people import TENANT, BothLanguages, Colleague
from bot.platforms.web.playground.server import TOKEN
from bot.platforms.web.playground.wire import Shown
from bot.server.build import House
from dialogs.model import cards as c
from tests.anonymity.web_hands import PAGE_TOKEN, PLACE, in_browser
from tests.worlds.stage import PEOPLE, Message, PaperEdge, Stage


class State(msgspec.Struct):
    """What the stage reads of a window's state."""

    messages: list[Shown]
    letters: dict[str, list[int]]
    """The numbers of the messages in each private chat."""


class BrowserStage(Stage):
    """Acts with POST requests. Its `edge` holds what the windows of all people showed last."""

    def __init__(
        self,
        house: House,
        http: aiohttp.ClientSession,
        url: str,
        locale: Literal["da", "en"],
        people: Mapping[str, str],
    ) -> None:
        super().__init__(house, PaperEdge(), locale, people=people)
        self.tenant = TENANT
        self.http, self.url = http, url
        self.place = PLACE
        self._letters: dict[str, list[int]] = {}

    async def go(self, *, new: bool) -> None:
        self.place = people.CHANNELS[new].id

    async def send(
        self, person: str, what: TypedText | Pressed | Submitted, *, private: bool
    ) -> Answer:
        channel = "" if private else self.place
        place = people.private_place(person) if private else people.channel_place(self.place)
        key = f"web:{uuid.uuid4()}"
        match what:
            case TypedText(words):
                path, body = "type", {"place": place, "text": f"/digi {words}", "key": key}
            case Pressed(token):
                path, body = "press", {"token": token, "channel": channel, "key": key}
            case Submitted(token, values):
                body = {"token": token, "channel": channel}
                return await self._post("submit", person, body | {"values": values})
        return await self._post(path, person, body)

    async def _post(self, path: str, person: str, body: Mapping[str, object]) -> Answer:
        # A transcript acts faster than a person may.
        self.house.engine._gate._acts.clear()
        async with self.http.post(
            f"{self.url}/play/{path}", json={"as": person, **body}, headers={TOKEN: PAGE_TOKEN}
        ) as response:
            said = await self.read(response)
        assert b'"failed"' not in said, said
        answer = msgspec.json.decode(said, type=Answer)
        await self.house.courier.settle()
        await self.look()
        return answer

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        said = await response.read()
        assert response.status == 200, said
        return said

    async def move(self, to: datetime) -> None:
        await super().move(to)
        await self.look()

    async def look(self) -> None:
        """Load again the windows of those for whom something is new in their private chat."""
        anybody, *_ = self.people
        letters = await self._load(anybody)
        for person, numbers in letters.items():
            if numbers != self._letters.get(person):
                await self._load(person)
        self._letters = letters

    async def _load(self, person: str) -> dict[str, list[int]]:
        async with self.http.get(f"{self.url}/play/state", params={"as": person}) as response:
            state = msgspec.json.decode(await self.read(response), type=State)
        for shown in state.messages:
            card = shown.card or c.FinishedCard((c.Paragraph((c.Plain(shown.text),)),))
            message = Message(shown.id, shown.place, card, shown.thread)
            message.changed = shown.seq
            self.edge.messages[shown.id] = message
            self.edge.ticks = max(self.edge.ticks, shown.seq)
        return state.letters


@asynccontextmanager
async def browser_stage(
    folder: Path, locale: Literal["da", "en"] = "da", named: Mapping[str, str] = PEOPLE
) -> AsyncIterator[BrowserStage]:
    """Serve the playground with the people of the transcripts."""
    there = tuple(
        Colleague(id, name, BothLanguages("", ""), "member", 0, locale)
        for id, name in named.items()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "PEOPLE", there)
        patch.setattr(server, "PEOPLE", there)
        patch.setattr(people, "_PEOPLE", {person.id: person for person in there})
        async with in_browser(folder) as served:
            yield BrowserStage(served.house, served.http, served.url, locale, named)
            assert not served.house.log.failures
