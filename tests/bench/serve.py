"""A server in its own process and on its own core: `python -m tests.bench.serve KIND JSON`.

It prints its port as a line of JSON, answers each line on stdin with its CPU time and memory, and
ends when stdin is closed.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Serving = Callable[[Any], Awaitable[int]]


def pinned(core: int) -> None:
    """Pin the process to one core, if the system supports it."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


def memory() -> int:
    """Return the resident memory in bytes, or its maximum if the system does not tell the current
    value."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _served(app: Any) -> int:
    from aiohttp import web

    from bot.server import http_server as server

    runner = server.runner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


async def bolt(given: Any) -> int:
    """Serve an empty command with Bolt only: the upper limit for Slack."""
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    app = AsyncApp(
        signing_secret=given["secret"],
        process_before_response=True,
        client=AsyncWebClient("xoxb-bench", base_url=given["api"]),
    )

    @app.command("/digi")
    async def empty(ack: Any) -> None:
        await ack()

    return await _served(app.web_app("/slack/events"))


async def stock(given: Any) -> int:
    """Serve an empty bot with botbuilder's own adapter, as in its samples."""
    from aiohttp import web
    from botbuilder.core import ActivityHandler
    from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication

    adapter = CloudAdapter(ConfigurationBotFrameworkAuthentication(type("Config", (), {})()))
    bot = ActivityHandler()

    async def messages(request: web.Request) -> web.Response:
        return await adapter.process(request, bot) or web.Response()

    app = web.Application()
    app.router.add_post("/api/messages", messages)
    return await _served(app)


async def mended(given: Any) -> int:
    """Serve an empty bot with botbuilder's adapter and Digi's workarounds."""
    from aiohttp import web

    from bot.platforms.teams.ports import Json, TeamsReply
    from bot.platforms.teams.transport import BotbuilderTransport

    async def empty(activity: Json) -> TeamsReply:
        return TeamsReply()

    app = web.Application()
    transport = BotbuilderTransport(empty, told=_said)
    app.router.add_post("/api/messages", transport.handle)
    return await _served(app)


async def teams(given: Any) -> int:
    """Serve Digi for Teams on this machine. No token is checked, in the baseline neither."""
    from bot.platforms.common.ports import Address
    from bot.platforms.teams.door import TeamsDoor
    from bot.platforms.teams.transport import BotbuilderTransport
    from storage.addresses import Addresses

    def door(store: Any, vault: Any) -> TeamsDoor:
        return TeamsDoor(
            addresses=Addresses(store, vault, Address),
            told=_said,
            local=True,
            transport=lambda on_activity: BotbuilderTransport(on_activity, told=_said),
        )

    return await _digi(given, door)


def _said(what: str, kind: str) -> None:
    print(what, kind, file=sys.stderr)


async def slack(given: Any) -> int:
    """Serve Digi for one Slack workspace over HTTP."""
    from bot.platforms.common.ports import Installation
    from bot.platforms.slack.door import SlackDoor
    from storage.installations import Installations

    def door(store: Any, vault: Any) -> SlackDoor:
        return SlackDoor(
            bot_token="xoxb-bench",
            signing_secret=given["secret"],
            app_token=None,
            client_id=None,
            client_secret=None,
            api_url=given["api"],
            public_url=None,
            installations=Installations(store, vault, Installation),
            told=_said,
            mac=vault.mac,
        )

    return await _digi(given, door)


async def _digi(given: Any, door: Callable[[Any, Any], Any]) -> int:
    import app as digi
    from bot.core import gate
    from bot.platforms.web.page.limits import RequestLimit
    from bot.server import http_server as server
    from bot.server.http_server import Hosts
    from bot.server.serve import loaded, visitor_page
    from tests.bench.town import clock_at, key_of

    # Disable the rate limit: a few hundred people send what tens of thousands would.
    gate.ACTS_A_MINUTE = 10**9
    doors: list[Any] = []

    def edges(store: Any, vault: Any, _: Any) -> list[Any]:
        doors.append(door(store, vault))
        return [doors[0].edge]

    home = Path(given["home"])
    house = await digi.build(
        home,
        edges=edges,
        key_file=key_of(home),
        postgres=given.get("postgres"),
        clock=clock_at(datetime.fromisoformat(given["moment"])),
    )
    served = server.application(Hosts.named(()))
    served.add_routes(doors[0].routes())
    if (most := given.get("on_a_page")) is not None:
        limit = RequestLimit(fewest=most, most=most)
        served.add_routes(visitor_page(house, limit).routes())
    await doors[0].open(house.engine.receive)
    loaded()
    if not given.get("still"):
        house.start()
    return await _served(served)


async def statements(given: Any) -> int:
    """Do not serve, but replay an answer's PostgreSQL statements when told to."""
    from tests.bench.postgres import Replay

    replay = await Replay.open(given["postgres"], Path(given["said"]))
    WORKS.append(replay.run)
    return 0


async def empty_handler(given: Any) -> int:
    """Serve an empty aiohttp handler: the upper limit for the page."""
    from aiohttp import web

    async def empty(_: web.Request) -> web.Response:
        return web.Response(text="Sig det uden navn")

    app = web.Application()
    app.add_routes([web.get("/b/{token}", empty)])
    return await _served(app)


async def page(given: Any) -> int:
    """Serve the page of those without a chat. Its limit of requests is disabled."""
    from bot.platforms.web.page.limits import RequestLimit
    from bot.server import http_server as server
    from bot.server.http_server import Hosts
    from bot.server.serve import loaded, visitor_page
    from tests.bench.town import house_at

    moment = datetime.fromisoformat(given["moment"])
    house, _ = await house_at(Path(given["home"]), moment)
    app = server.application(Hosts.named(()))
    app.add_routes(visitor_page(house, RequestLimit(fewest=10**9, most=10**9)).routes())
    loaded()
    house.start()
    return await _served(app)


KINDS: dict[str, Serving] = {
    "aiohttp": empty_handler,
    "page": page,
    "bolt": bolt,
    "slack": slack,
    "statements": statements,
    "stock": stock,
    "mended": mended,
    "teams": teams,
}
WORKS: list[Callable[[float], Awaitable[list[float]]]] = []
"""Workloads that run for this many seconds when told to, and return the duration of each run."""


async def _main(kind: str, given: Any) -> None:
    port = await KINDS[kind](given)
    print(json.dumps({"port": port}), flush=True)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        if line.startswith(b"work "):
            began = time.perf_counter()
            waited = await WORKS[0](float(line[5:]))
            took = time.perf_counter() - began
            print(json.dumps({"seconds": took, "waited": waited}), flush=True)
            continue
        used = {"cpu": time.process_time(), "rss": memory()}
        print(json.dumps(used), flush=True)


if __name__ == "__main__":
    pinned(0)
    asyncio.run(_main(sys.argv[1], json.loads(sys.argv[2])))
    os._exit(0)
