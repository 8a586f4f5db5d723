"""Measures the start of Digi with Slack and SQLite, and its memory."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from msgspec import Struct

from tests.bench.contest import Row, ratio
from tests.bench.process import ROOT, START_SECONDS
from tests.bench.progress import Progress
from tests.bench.slack import SECRET, web_api

MEGABYTE = 1024 * 1024
MOST_MORE = 40
SETTLED = 1.0


class Started(Struct, frozen=True):
    seconds: float
    rss: float


async def started(arguments: list[str], env: dict[str, str]) -> Started:
    """Start it, wait until it serves, and return its memory one second later."""
    began = time.perf_counter()
    async with _process(arguments, env) as process:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            said = await process.stdout.readline()
        seconds = time.perf_counter() - began
        assert b"port" in said or b"http://" in said, said
        await asyncio.sleep(SETTLED)
        return Started(seconds, await _rss(process.pid))


@asynccontextmanager
async def _process(
    arguments: list[str], env: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def _rss(pid: int) -> float:
    asked = await asyncio.create_subprocess_exec(
        "ps", "-o", "rss=", "-p", str(pid), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asked.communicate()
    return int(said) * 1024 / MEGABYTE


async def rows(folder: Path, told: Progress, *, rounds: int) -> AsyncIterator[Row]:
    digi: list[Started] = []
    empty: list[Started] = []
    async with web_api() as api:
        env = {
            "DIGI_HOME": str(folder / "home"),
            "DIGI_KEY_FILE": str(folder / "key"),
            "DIGI_PORT": str(_free_port()),
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": api,
        }
        bolt = ["-m", "tests.bench.serve", "bolt", json.dumps({"secret": SECRET, "api": api})]
        await started(["app.py"], env)  # creates the database
        for number in range(rounds):
            told(f"start {number + 1} of {rounds}")
            digi.append(await started(["app.py"], env))
            empty.append(await started(bolt, {}))
    took = ratio([one.seconds for one in digi], [one.seconds for one in empty])
    more = statistics.median(a.rss - b.rss for a, b in zip(digi, empty, strict=True))
    yield Row(
        "start to serving, Slack and SQLite",
        _seconds(digi),
        _seconds(empty),
        str(took),
        "≤ 2 ×",
        took.median <= 2,
    )
    yield Row(
        "memory after start, Slack and SQLite",
        _megabytes(digi),
        _megabytes(empty),
        f"{more:+.0f} MB",
        f"≤ +{MOST_MORE} MB",
        more <= MOST_MORE,
    )


def _seconds(those: list[Started]) -> str:
    return f"{statistics.median(one.seconds for one in those):.2f} s"


def _megabytes(those: list[Started]) -> str:
    return f"{statistics.median(one.rss for one in those):.0f} MB"
