"""Starts a real Chromium for tests.

Without a browser, `make test` skips these tests and says so; in CI (variable CI set) they must run.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Browser, async_playwright, expect

from tests.waiting import LONG_ENOUGH

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=LONG_ENOUGH * 1000)
REMEDY = "On Debian: sudo apt-get install chromium libatomic1"


@cache
def lacking() -> str:
    """Return what this machine lacks to run a browser; "" if nothing."""
    if not CHROMIUM.exists():
        return f"NOT TESTED: the browser. {CHROMIUM} is not there. {REMEDY}"
    node, _ = compute_driver_executable()
    driver = subprocess.run([node, "--version"], capture_output=True, check=False)
    if driver.returncode != 0:
        return f"NOT TESTED: the browser. Playwright's driver does not start. {REMEDY}"
    return ""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    if reason := lacking():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(ARGUMENTS)
        )
        yield started
        await started.close()
