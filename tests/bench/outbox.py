"""Measures sending the outbox to three channels of each platform, compared to the rate limits."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec

import bot.platforms.teams.rate_limit
from bot.platforms.common.rate_limit import Limits
from bot.platforms.slack.outgoing import IN_A_CHANNEL
from dialogs.model import cards as c
from storage.sql import Script
from storage.transactions.letters import SayBody, put_letter
from storage.transactions.scope import Scope
from storage.transactions.store import Scripts
from tests.bench import slack, teams, town
from tests.bench.contest import Row
from tests.bench.load import Request, load
from tests.bench.process import serving
from tests.bench.progress import Progress

CHANNELS = 3
LETTERS = 24
LEAST = 0.95
PATIENCE = 45.0
_NUMBER = re.compile(r"brev (\d+)\.")


def soonest(limits: Limits, letters: int) -> float:
    """Return the earliest time at which this many messages can have arrived, the first being sent
    at once."""
    at = [0.0]
    for n in range(1, letters):
        at.append(max([at[-1], *(at[n - most] + per for most, per in limits if n >= most)]))
    return at[-1]


class Heard:
    """Records which message arrived where, and when."""

    def __init__(self, told: Progress) -> None:
        self._told = told
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.first = self.last = 0.0
        self.all_there = asyncio.Event()

    def __call__(self, channel: str, words: str) -> None:
        found = _NUMBER.search(words)
        if found is None:
            return
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.numbers[channel].append(int(found[1]))
        there = sum(map(len, self.numbers.values()))
        self._told(f"{there} of {CHANNELS * LETTERS} letters have arrived")
        if there == CHANNELS * LETTERS:
            self.all_there.set()

    @property
    def in_order(self) -> bool:
        return all(numbers == list(range(LETTERS)) for numbers in self.numbers.values())


def letters(scripts: Scripts, copies: town.Copies, first: int, due: object) -> Script[None]:
    for number in range(LETTERS):
        for team in range(first, first + CHANNELS):
            card = c.card(c.Paragraph(c.Words(f"Dette er brev {number}. {town.WORDS}")))
            body = msgspec.json.encode(SayBody(msgspec.Raw(msgspec.json.encode(card))))
            scope = Scope(copies.tenant, copies.project_of(team), scripts.vault)
            place = f"channel:{town.channel_of(team)}"
            yield from put_letter(scope, place, "say", due, body)  # type: ignore[arg-type]


async def rows(folder: Path, told: Progress) -> AsyncIterator[Row]:
    yield await _in_slack(folder / "slack", told)
    yield await _in_teams(folder / "teams", told)


async def _in_slack(folder: Path, told: Progress) -> Row:
    folder.mkdir()
    heard = Heard(told)

    def kind(api: str) -> dict[str, str]:
        return {"kind": "slack", "secret": slack.SECRET, "api": api}

    return await _drained(
        folder, "Slack", slack.web_api(heard), kind, heard, town.TENANT, 1, IN_A_CHANNEL
    )


async def _in_teams(folder: Path, told: Progress) -> Row:
    folder.mkdir()
    heard = Heard(told)
    limits = bot.platforms.teams.rate_limit.IN_A_CONVERSATION
    return await _drained(
        folder,
        "Teams",
        teams.connector(heard),
        lambda _: {"kind": "teams"},
        heard,
        teams.TENANT,
        teams.FIRST,
        limits,
    )


async def _drained(
    folder: Path,
    platform: str,
    service: AbstractAsyncContextManager[str],
    kind: Callable[[str], dict[str, str]],
    heard: Heard,
    tenant: str,
    first: int,
    limits: Limits,
) -> Row:
    home = folder / "digi"
    moment = await town.one_team(home)
    copies = town.Copies(home, tenant, "U" if platform == "Slack" else "u")
    copies.write(range(first, first + CHANNELS))
    async with service as address:
        if platform == "Teams":
            # Teams has to send one activity from each channel first.
            given = {"home": str(home), "moment": moment.isoformat()}
            async with serving("teams", **given) as digi:
                met = _met(address, range(first, first + CHANNELS))
                assert not (await load(digi.port, met, seconds=60)).wrong
        house, _ = await town.house_at(home, moment)
        await house.database.tx(letters, house.scripts, copies, first, moment)
        await house.close()
        async with (
            asyncio.timeout(PATIENCE),
            serving(**kind(address), home=str(home), moment=moment.isoformat()),
        ):
            await heard.all_there.wait()
    took, soon = heard.last - heard.first, soonest(limits, LETTERS)
    order = "in order" if heard.in_order else "OUT OF ORDER"
    return Row(
        f"the outbox drained into {platform}",
        f"{CHANNELS * LETTERS} letters in {took:.1f} s",
        f"the limits allow {soon:.1f} s",
        f"{soon / took:.2f}, {order}",
        f"≥ {LEAST:.2f}, in order",
        soon / took >= LEAST and heard.in_order,
    )


def _met(service: str, channels: range) -> Iterator[Request]:
    for team in channels:
        yield teams.mention(service, team, 1)
