"""Simulated users of the playground, who do everything over HTTP like a browser."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.clock import Clock
from bot.documents.pictures import picture_svg
from bot.platforms.common.ports import RoomMessage
from bot.platforms.web.playground.edge import WebEdge
from bot.platforms.web.playground.people import CHANNELS, TENANT
from bot.platforms.web.playground.server import TOKEN, add_routes
from bot.server import http_server as server
from bot.server.build import House, build
from bot.server.http_server import Hosts
from bot.server.playground import PlaygroundClock, command_help
from bot.server.serve import application_of
from storage.database import Database
from storage.playground_room import Room
from storage.vault import Vault
from tests.worlds.play import CODE, PUBLIC_URL, Play
from tests.worlds.stage import slow_clock

PLACE = CHANNELS[0].id
PAGE_TOKEN = "a token of this run"
Json = Any


class WebHands(Play):
    def __init__(self, house: House, http: aiohttp.ClientSession, url: str) -> None:
        super().__init__(house, TENANT)
        self.http, self.url = http, url
        self.shown: dict[str, Json] = {}
        self.open: dict[str, Json] = {}
        self.seen: defaultdict[str, list[str]] = defaultdict(list)
        self.room: list[Json] = []
        """The room's content after the last act, as its author sees it."""
        self.mark = 0
        """The sequence number of its newest message before the act."""

    async def see(self, person: str) -> Json:
        """Load what a window loads when it is opened."""
        async with self.http.get(f"{self.url}/play/state", params={"as": person}) as response:
            assert response.status == 200
            room = await response.json()
        self.room = room["messages"]
        self.seen[person].append(_words(self.room))
        return room

    async def type(self, person: str, words: str, *, private: bool = False) -> Json:
        place = f"private:{person}" if private else f"channel:{PLACE}"
        text = words if words.startswith("/digi") else f"/digi {words}"
        return await self._post("type", person, place=place, text=text, key=_key())

    async def press(self, person: str, label: str, near: str = "") -> Json:
        room = await self.see(person)
        newest = sorted(room["messages"], key=lambda message: -message["seq"])
        for thing in (self.shown.get(person), *newest):
            for button in _buttons(thing):
                if _words(button["label"]) == label and near in _words(thing):
                    token = button["token"]
                    return await self._post("press", person, token=token, key=_key(), channel=PLACE)
        raise AssertionError(f"{person} sees no button {label!r}")

    async def fill(self, person: str, values: dict[str, str]) -> Json:
        form = self.open[person]
        filled = {
            field["id"]: self._value(field, values) for field in form["fields"] if "id" in field
        }
        return await self._post("submit", person, token=form["token"], values=filled, channel=PLACE)

    def _value(self, field: Json, values: dict[str, str]) -> Json:
        label = _words(field["label"]).casefold()
        said = next((v for k, v in values.items() if label.startswith(k.casefold())), None)
        if said is None:
            return field.get("values", field.get("value")) or ""
        if "options" not in field:
            return said
        chosen = [
            option["value"]
            for option in field["options"]
            if _words(option["label"]).casefold().startswith(said.casefold())
        ]
        assert chosen, (said, field)
        return chosen if field["type"] == "choices" else chosen[0]

    async def _post(self, path: str, person: str, **body: Json) -> Json:
        self.house.engine._gate._acts.clear()
        self._marks()
        async with self.http.post(
            f"{self.url}/play/{path}", json={"as": person, **body}, headers={TOKEN: PAGE_TOKEN}
        ) as response:
            assert response.status == 200, await response.text()
            answer = await response.json()
        assert "failed" not in answer, answer
        self.shown[person] = answer
        if answer.get("form"):
            self.open[person] = answer["form"]
        if found := CODE.search(_words(answer.get("cards", ()))):
            self.code = found[0]
        self.seen[person].append(_words(answer))
        await self.house.courier.settle()
        await self.see(person)
        return answer

    async def move(self, to: datetime) -> None:
        self._marks()
        await self.house.courier.move_to(to)
        await self.see("anne")

    def _marks(self) -> None:
        self.mark = max((message["seq"] for message in self.room), default=0)

    def channel(self, *, since_last_act: bool = False) -> str:
        return "\n".join(
            _words(message)
            for message in self.room
            if message["place"] == f"channel:{PLACE}"
            and (not since_last_act or message["seq"] > self.mark)
        )

    def just(self, person: str) -> str:
        return _words(self.shown.get(person))

    def ever(self, person: str) -> str:
        return "\n".join(self.seen[person])


def _key() -> str:
    return f"web:{uuid.uuid4()}"


def _buttons(thing: Json) -> Iterator[Json]:
    if isinstance(thing, dict):
        if "token" in thing and "label" in thing:
            yield thing
        for value in thing.values():
            yield from _buttons(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from _buttons(value)


def _words(thing: Json) -> str:
    """Return all texts in a JSON value, in order."""
    if isinstance(thing, dict):
        return "".join(
            value if key in ("text", "name") and isinstance(value, str) else _words(value)
            for key, value in thing.items()
        )
    if isinstance(thing, list | tuple):
        return "".join(_words(value) for value in thing)
    return ""


@asynccontextmanager
async def in_browser(folder: Path) -> AsyncIterator[WebHands]:
    """Serve the playground as `make run` does, with a fake clock and another port."""
    made: list[tuple[Room[RoomMessage], WebEdge]] = []

    def edges(store: Database, vault: Vault, clock: Clock) -> list[WebEdge]:
        room = Room(store, vault, RoomMessage)
        made.append((room, WebEdge(room, clock.now)))
        return [made[0][1]]

    key = folder.parent / f"{folder.name}.key"
    house = await build(
        folder, edges=edges, clock=slow_clock(), key_file=key, public_url=PUBLIC_URL
    )
    [(room, edge)] = made
    held = PlaygroundClock(TENANT, house)
    await house.gather_playground()
    # The page is served only under its own port.
    site_port = _free_port()
    app = application_of(house, Hosts.this_machine(site_port))
    runner = server.runner(app, shutdown_timeout=0.1)
    add_routes(
        app,
        house.engine.receive,
        room,
        edge,
        held,
        port=site_port,
        token=PAGE_TOKEN,
        commands=lambda language: command_help(house, language),
        draw=picture_svg,
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", site_port).start()
    try:
        async with aiohttp.ClientSession() as http:
            yield WebHands(house, http, f"http://127.0.0.1:{site_port}")
    finally:
        await runner.cleanup()
        await house.close()


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
