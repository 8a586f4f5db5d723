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

# The shell draws the same pages without the windows around them, in a third of the CPU time.
BROWSERS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
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
REMEDY = "On Debian: sudo apt-get install chromium-headless-shell libatomic1"

CONTRAST = """() => {
  const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const ground = node => {
    for (let at = node; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim()) continue;
    if (node.closest(".skip, .unseen, style, script, noscript")) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort();
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push(`${node.className || node.tagName} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
"""Returns where the contrast of text is below 4.5 (WCAG 1.4.3)."""


def installed() -> Path | None:
    return next((path for path in BROWSERS if path.exists()), None)


@cache
def lacking() -> str:
    """Return what this machine lacks to run a browser; "" if nothing."""
    if installed() is None:
        return f"NOT TESTED: the browser. There is no {' or '.join(map(str, BROWSERS))}. {REMEDY}"
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
            executable_path=str(installed()), args=list(ARGUMENTS)
        )
        yield started
        await started.close()
