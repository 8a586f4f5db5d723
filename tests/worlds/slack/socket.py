"""The simulated Socket Mode: sends the same payloads over a WebSocket that Digi opened."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from aiohttp import WSMsgType, web

from tests.waiting import LONG_ENOUGH
from tests.worlds.slack.state import Dict

if TYPE_CHECKING:
    from tests.worlds.slack.world import SlackWorld

Reason = Literal["warning", "refresh_requested", "link_disabled"]
MOST = 10


class SocketMode:
    def __init__(self, world: SlackWorld) -> None:
        self._world = world
        self._tickets: set[str] = set()
        self._turn = 0
        self._waiting: dict[str, asyncio.Future[Dict]] = {}
        self.connections: list[web.WebSocketResponse] = []
        self._there = asyncio.Event()
        self._wires: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self.opened = 0
        self.strangers: list[Dict] = []
        """Acknowledgements of unknown envelopes, including late ones."""

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/socket/{ticket}", self._connect)

    def ticket(self) -> str:
        ticket = self._world.hex()
        self._tickets.add(ticket)
        return f"ws://127.0.0.1:{self._world.port}/socket/{ticket}"

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        ticket = request.match_info["ticket"]
        if ticket not in self._tickets:
            return web.Response(status=404)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self.connections) >= MOST:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.opened += 1
        hello = {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": {"host": "applink", "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._world.app_id},
        }
        await socket.send_json(hello)
        self.connections.append(socket)
        if request.transport is not None:
            self._wires[socket] = request.transport
        self._there.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and message.data.startswith("{"):
                    self._acknowledged(json.loads(message.data))
        finally:
            self._gone(socket)
        return socket

    def _gone(self, socket: web.WebSocketResponse) -> None:
        """Remove a closed connection."""
        with suppress(ValueError):
            self.connections.remove(socket)
        if not self.connections:
            self._there.clear()

    def _acknowledged(self, ack: Dict) -> None:
        waiting = self._waiting.pop(str(ack.get("envelope_id")), None)
        if waiting is None or waiting.done():
            self.strangers.append(ack)
        else:
            waiting.set_result(ack)

    async def connected(self, seconds: float = LONG_ENOUGH) -> None:
        """Wait until Digi has connected."""
        async with asyncio.timeout(seconds):
            await self._there.wait()

    async def deliver(self, kind: str, payload: Dict, number: int, reason: str) -> Dict:
        """Send an envelope over one of the connections and wait for its acknowledgement."""
        if not self.connections:
            raise ConnectionError("no connection")
        socket = self.connections[self._turn % len(self.connections)]
        self._turn += 1
        id = self._world.hex()
        envelope: Dict = {
            "envelope_id": id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        waiting = self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            await socket.send_json(envelope)
            ack: Dict = await waiting
            return ack
        finally:
            self._waiting.pop(id, None)

    async def say(self, reason: Reason) -> None:
        """Send a disconnect message. A warning comes ten seconds ahead; a refresh closes the
        connection at once."""
        for socket in list(self.connections):
            message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink"}}
            await socket.send_json(message)
            if reason != "warning":
                self._gone(socket)
                await socket.close()

    async def cut(self) -> None:
        """Drop the connection without a close frame, like a network failure."""
        for socket in list(self.connections):
            self._gone(socket)
            if (transport := self._wires.pop(socket, None)) is not None:
                transport.abort()

    async def close(self) -> None:
        for socket in list(self.connections):
            await socket.close()
