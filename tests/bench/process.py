"""Runs servers as processes beside the measuring one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.bench.load import Slice

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 60.0


class Used(Struct, frozen=True):
    cpu: float
    rss: int


class Server:
    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    async def used(self) -> Used:
        assert self._process.stdin is not None
        self._process.stdin.write(b"?\n")
        said = await _line(self._process)
        return Used(float(said["cpu"]), int(said["rss"]))

    async def works(self, seconds: float) -> Slice:
        """Let the server run its own workload, without requests."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"work {seconds}\n".encode())
        said = await _line(self._process)
        return Slice(float(said["seconds"]), said["waited"], [])


async def _line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        return json.loads(await process.stdout.readline() or '{"stopped": true}')


@asynccontextmanager
async def serving(kind: str, **given: Any) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.serve",
        kind,
        json.dumps(given),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        said = await _line(process)
        assert "port" in said, f"the server {kind} did not start"
        yield Server(process, int(said["port"]))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
