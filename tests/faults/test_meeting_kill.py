"""A meeting of forty phones, with the program killed in the middle of it, again and again.

Each phone posts to the served program as the page does, and sends the same form again until it
hears that it was received. One colleague and the wall have a real browser. Every note hangs on the
board once, and every dot counts once, whoever looks.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace
from playwright.async_api import Browser

from bot.platforms.web.playground.people import TENANT
from storage.transactions.anonymous_pool import Entry, Pool
from storage.vault import Vault, read_key
from tests.bot.cli.test_app import READY, Box
from tests.faults.crowd import CHANNEL, GONE, Body, Crowd, crowd_of, token_of, words
from tests.faults.meeting_windows import MeetingWindows, meeting_windows
from tests.faults.nursery import PHONES
from tests.faults.test_kill import on_postgresql
from tests.worlds.browser import chromium
from tests.worlds.house import asked

LEADS = "mette"
T = TypeVar("T")


class Pace(Struct, frozen=True):
    """How long a meeting takes, in seconds: between two sendings of a phone, and between kills."""

    pause: float
    kills: float
    sendings: int


HASTY = Pace(pause=0.4, kills=1.2, sendings=2)
TEN_MINUTES = Pace(pause=40, kills=20, sendings=6)


class FortyPhones(Crowd):
    """A meeting, and what was confirmed to its phones."""

    def __init__(self, box: Box, process: asyncio.subprocess.Process, seed: int) -> None:
        super().__init__(box, process, seed)
        self.up = asyncio.Event()
        self.sessions: list[aiohttp.ClientSession] = []
        self.notes: list[str] = []
        self.dots: dict[str, list[str]] = {}
        self.to_choose: dict[str, str] = {}
        """The words of what dots can be set on."""
        self.repeated = self.answered = 0

    # --- the program, and patience with it ------------------------------------------------

    async def rises(self) -> None:
        await self.start()
        assert self._session is not None
        self.sessions.append(self._session)
        self.up.set()

    async def falls(self) -> None:
        self.up.clear()
        assert await self.end() == -signal.SIGKILL

    async def until_answered(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do the same again until somebody answers."""
        async with asyncio.timeout(READY):
            while True:
                await self.up.wait()
                try:
                    answer = await act()
                except GONE:
                    self.repeated += 1
                    await asyncio.sleep(0.02)
                else:
                    self.answered += 1
                    return answer

    async def until_done(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Do the same again as long as the answer says that nothing is known to be kept."""
        while True:
            answer = await self.until_answered(act)
            if "failed" not in answer and not answer.get("undone"):
                return answer
            self.repeated += 1

    async def submits(self, body: Body) -> Any:
        return await self.until_done(lambda: self.ask("/play/submit", body))

    async def form(self, person: str, token: str) -> Body:
        answer = await self.until_done(lambda: self.presses(person, token))
        assert answer["form"] is not None, f"{person} gets no form but {told(answer)}"
        found: Body = answer["form"]
        return found

    async def button(self, label: str) -> str:
        """Return the newest button of the channel with this label, once it is there."""

        async def find() -> str:
            for message in reversed(await self.messages()):
                with suppress(AssertionError):
                    return token_of([message["card"]] if message["card"] else [], label)
            return ""

        async with asyncio.timeout(READY):
            while not (found := await self.until_answered(find)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return found

    # --- whoever leads --------------------------------------------------------------------

    async def begins_run(self, exercise: str) -> None:
        cards = (await self.types("anne", f"/digi øvelse {exercise}"))["cards"]
        form = (await self.presses("anne", token_of(cards, "Begynd")))["form"]
        values = {"place": "meeting", "minutes": "45", "lead": [LEADS]}
        body = {"as": "anne", "token": form["token"], "values": values, "channel": CHANNEL}
        assert not (await self.submits(body))["faults"]

    async def leads(self, label: str) -> Any:
        """Press a button of *Led øvelsen*, and again if nobody answered. A press that counted
        already has its button no more."""
        while True:
            lead = partial(self.presses, LEADS, await self.button("Led øvelsen"))
            cards = (await self.until_done(lead))["cards"]
            try:
                press = partial(self.presses, LEADS, token_of(cards, label))
            except AssertionError:
                return cards
            answer = await self.until_answered(press)
            if "failed" not in answer and "kan tidligst lukkes" not in told(answer):
                return answer["cards"]
            await asyncio.sleep(0.3)

    # --- the phones -----------------------------------------------------------------------

    async def writes(self, person: str, button: str, pace: Pace) -> None:
        for _ in range(pace.sendings):
            await asyncio.sleep(self.chance.expovariate(1 / pace.pause))
            form = await self.form(person, button)
            fields = [one["id"] for one in form["fields"] if one.get("id", "").startswith("notes.")]
            written = [f"{person} skriver {uuid.uuid4()}" for _ in fields]
            lanes = [one["options"] for one in form["fields"] if one.get("id") == "lane"]
            lane = {"lane": self.chance.choice(lanes[0])["value"]} if lanes else {}
            values = lane | dict(zip(fields, written, strict=True))
            body = {"as": person, "token": form["token"], "values": values, "channel": CHANNEL}
            for _ in range(self.chance.choice((1, 1, 2))):
                answer = await self.submits(body)
                assert "Jeg har 2 sedler fra dig." in told(answer), told(answer)
            self.notes += written

    async def chooses(self, person: str, button: str, pace: Pace) -> None:
        await asyncio.sleep(self.chance.expovariate(1 / pace.pause))
        form = await self.form(person, button)
        [field] = [one for one in form["fields"] if one.get("id") == "chosen"]
        self.to_choose |= {one["value"]: words(one["label"]) for one in field["options"]}
        chosen = self.chance.sample([one["value"] for one in field["options"]], 3)
        body = {
            "as": person,
            "token": form["token"],
            "values": {"chosen": chosen},
            "channel": CHANNEL,
        }
        for _ in range(self.chance.choice((1, 1, 2))):
            answer = await self.submits(body)
            assert "Jeg har dine prikker." in told(answer), told(answer)
        self.dots[person] = sorted(chosen)
        again = await self.form(person, button)
        answer = await self.submits({**body, "token": again["token"]})
        assert "Du har sat dine prikker." in told(answer), told(answer)

    async def reads(self, person: str) -> Counter[str]:
        """Return every note that *Se tavlen* shows somebody, lane by lane and page by page."""
        found = Counter[str]()
        board = await self._sees(person, await self.button("Se tavlen"))
        [drawn] = [part for part in parts_of(board) if part["type"] == "board"]
        for lane in drawn["columns"]:
            cards = await self._sees(person, token_of(board, words(lane["name"])))
            while True:
                found.update(words(p["words"]) for p in parts_of(cards) if p["type"] == "quote")
                try:
                    more = token_of(cards, "Vis flere")
                except AssertionError:
                    break
                cards = await self._sees(person, more)
        return found

    async def _sees(self, person: str, token: str) -> list[Any]:
        answer = await self.until_done(lambda: self.presses(person, token))
        cards: list[Any] = answer["cards"]
        return cards

    async def everybody(self, acts: list[Awaitable[None]], pace: Pace) -> None:
        """Let all of them act while the program is killed and started again.

        It lives until some were answered: where a busy machine takes longer for that than until the
        next kill, nobody would ever come to an end.
        """
        done = asyncio.gather(*acts)
        while not done.done():
            enough = self.answered + self.chance.randint(10, 30)
            await asyncio.wait([done], timeout=self.chance.uniform(0.3, 2) * pace.kills)
            while not done.done() and self.answered < enough:
                await asyncio.wait([done], timeout=0.02)
            if not done.done():
                await self.falls()
                await self.rises()
        await done

    async def closes(self) -> None:
        """Close the round, while the program is killed as it does."""
        closing = asyncio.create_task(self.leads("Luk runden"))
        await asyncio.sleep(self.chance.uniform(0, 0.15))
        await self.falls()
        await self.rises()
        await closing


def told(answer: Any) -> str:
    """Return the sentences of an answer."""
    faults = [words(fault["text"]) for fault in answer["faults"]]
    said = [words(part["text"]) for part in parts_of(answer["cards"]) if "text" in part]
    return "\n".join([*faults, *said])


def parts_of(cards: list[Any]) -> list[Any]:
    return [part for card in cards for part in card["parts"]]


@asynccontextmanager
async def windows_at(
    found: FortyPhones, browser: Browser | None
) -> AsyncIterator[MeetingWindows | None]:
    """Open a colleague's window and the wall of this exercise, where there is a browser."""
    if browser is None:
        yield None
        return
    links = json.dumps(await found.leads("Vis på skærm"))
    [wall] = set(re.findall(r"/s/[a-z2-7]{32}", links))
    here = f"http://127.0.0.1:{found.box.env['DIGI_PORT']}"
    async with meeting_windows(browser, here, wall, found.notes, found.dots) as opened:
        yield opened


# --- what lies there ----------------------------------------------------------------------


class Lying:
    """What the database holds, opened with the key."""

    def __init__(self, box: Box, dsn: str) -> None:
        self.box, self.dsn = box, dsn
        self.vault = Vault(read_key(box.key))

    def waiting(self) -> list[Entry]:
        [(project, sealed)] = asked(
            self.box.home, self.dsn, "SELECT project, sealed FROM pool ORDER BY project"
        )
        return list(Pool.open(self.vault, TENANT, project, sealed).entries)

    def published(self) -> list[str]:
        rows = asked(
            self.box.home, self.dsn, "SELECT project, id, body FROM published WHERE kind = 'note'"
        )
        return [
            msgspec.json.decode(self.vault.open(body, "published", TENANT, project, id))["text"]
            for project, id, body in rows
        ]


async def writes_and_closes(
    found: FortyPhones,
    lying: Lying,
    people: int,
    pace: Pace,
    windows: MeetingWindows | None = None,
) -> None:
    """A round of notes: all that were confirmed are in the pool, and then on the board."""
    before = len(found.notes)
    button = await found.button("Skriv sedler")
    acts: list[Awaitable[None]] = [found.writes(one, button, pace) for one in PHONES[:people]]
    if windows is not None:
        acts.append(windows.writes(pace.sendings, pace.pause, found.chance))
    await found.everybody(acts, pace)
    kinds = Counter(entry.kind for entry in lying.waiting())
    assert (kinds["note"], kinds["mark"]) == (len(found.notes) - before, 2 * len(acts))
    await found.closes()
    assert Counter(lying.published()) == Counter(found.notes)
    if windows is None:
        return
    seen = await asyncio.gather(*(found.reads(person) for person in PHONES))
    assert all(one == Counter(found.notes) for one in seen)
    await windows.found_again()
    await windows.shows_in_chat(Counter(found.notes))
    await windows.shows_on_wall(Counter(found.notes))


async def chooses_and_closes(
    found: FortyPhones, lying: Lying, pace: Pace, windows: MeetingWindows | None
) -> None:
    button = await found.button("Sæt prikker")
    acts: list[Awaitable[None]] = [found.chooses(one, button, pace) for one in PHONES]
    if windows is not None:
        acts.append(windows.chooses(pace.pause, found.chance))
    await found.everybody(acts, pace)
    dots = [sorted(one.body["chosen"]) for one in lying.waiting() if one.kind == "dots"]
    assert sorted(dots) == sorted(found.dots.values())
    assert len(dots) == len(acts)
    await found.closes()
    assert not {one.kind for one in lying.waiting()} & {"dots", "mark", "open"}
    given = Counter(one for chosen in found.dots.values() for one in chosen)
    ranked = sorted(given, key=lambda one: (-given[one], one))
    if windows is not None:
        await windows.found_again()
        await windows.shows_chosen([found.to_choose[one] for one in ranked[:3]])


async def meets(
    box: Box, pace: Pace, seed: int, dsn: str = "", browser: Browser | None = None
) -> str:
    """Two exercises: one in which everybody writes much, and one in which everybody sets dots."""
    hasty = ("hasty",) if pace is HASTY else ()
    async with crowd_of(FortyPhones, box, seed, "tireless", "crowded", *hasty) as found:
        try:
            await found.rises()
            await found.begins()
            lying = Lying(box, dsn)
            await found.begins_run("brainstorm")
            async with windows_at(found, browser) as windows:
                await writes_and_closes(found, lying, len(PHONES), pace, windows)
            await found.leads("Drop øvelsen")
            await found.begins_run("spilleregler")
            await writes_and_closes(found, lying, 8, replace(pace, sendings=1))
            await found.leads("Næste trin")
            await found.leads("Næste trin")
            async with windows_at(found, browser) as windows:
                await chooses_and_closes(found, lying, pace, windows)
        finally:
            for session in found.sessions:
                await session.close()
    return (
        f"{len(PHONES)} phones{' and a browser' if browser is not None else ''}, {found.ends}"
        f" kills, {len(found.notes)} notes and {len(found.dots)} ballots of dots,"
        f" {found.repeated} sent again: none lost, none twice"
    )


@pytest.mark.timeout(3600)
async def test_forty_phones_and_a_browser_lose_no_note_and_no_dot(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """With a kill every second or so, and one as each round is closed."""
    async with chromium() as browser:
        figures(await meets(Box(tmp_path), HASTY, 1, browser=browser))


@pytest.mark.timeout(3600)
async def test_on_postgresql_forty_phones_lose_nothing_either(
    tmp_path: Path, postgres_dsn: str, figures: Callable[[str], None]
) -> None:
    box = await on_postgresql(tmp_path, postgres_dsn)
    figures(await meets(box, HASTY, 2, postgres_dsn))


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_meeting_of_ten_minutes_loses_no_note_and_no_dot(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """The same at the pace of people, with rounds that can be closed after three minutes."""
    async with chromium() as browser:
        figures(await meets(Box(tmp_path), TEN_MINUTES, 3, browser=browser))
