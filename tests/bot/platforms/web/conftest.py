"""Fixtures: the small playground, an HTTP client for it, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from playwright.async_api import Browser

from tests.bot.cli.test_app import free_port
from tests.worlds.browser import chromium
from tests.worlds.web_fixtures import (
    World,
    playground,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with playground(free_port()) as served:
        yield served


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started
