"""Fifty concurrent users of the real program, and a record of what was confirmed to them.

The program is a process of its own, used over HTTP like the playground's page. It can be killed or
stopped at any time; everything confirmed must exist afterwards, exactly once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from bot.platforms.web.playground.people import CHANNELS, PEOPLE
from tests.bot.cli.test_app import READY, ROOT, Box

CHANNEL = CHANNELS[0].id
PLACE = f"channel:{CHANNEL}"
TEAM = [person.id for person in PEOPLE if (person.role, person.locale) == ("member", "da")]
CODE = re.compile(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]")
GONE = (aiohttp.ClientError, OSError, TimeoutError, json.JSONDecodeError)
IN_FLIGHT = 50
Body = dict[str, Any]


class Sent:
    """A submitted form, and whether it was confirmed."""

    def __init__(self, person: str, text: str, body: Body) -> None:
        self.person, self.text, self.body = person, text, body
        self.code = ""


class Crowd:
    def __init__(self, box: Box, process: asyncio.subprocess.Process, seed: int) -> None:
        self.box = box
        self.chance = random.Random(seed)
        self.token = ""
        self.pid = 0
        self.ends = 0
        self.acknowledged = 0
        self.chatted: dict[str, str] = {}
        self.named: dict[str, Sent] = {}
        self.unnamed: dict[str, Sent] = {}
        """Confirmed unsigned and signed texts."""
        self.unsure: dict[str, tuple[dict[str, Sent], Sent]] = {}
        self.told: Counter[str] = Counter()
        """The messages shown when something could not be saved."""
        self._enough = False
        self._buttons: dict[str, str] = {}
        self._process = process
        self._session: aiohttp.ClientSession | None = None

    # --- the process ----------------------------------------------------------------------

    async def _tells(self, words: str, answers: int) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{words}\n".encode())
        async with asyncio.timeout(READY):
            return [(await self._process.stdout.readline()).decode() for _ in range(answers)]

    async def start(self) -> None:
        said = await self._tells("run", 2)
        [pid] = [line for line in said if line.startswith("pid ")]
        assert any("http://127.0.0.1" in line for line in said), said
        self.pid = int(pid.split()[1])
        port = self.box.env["DIGI_PORT"]
        self._session = aiohttp.ClientSession(
            f"http://127.0.0.1:{port}",
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(READY),
        )
        self.token = (await self.state("oksana"))["token"]

    async def end(self, sign: signal.Signals = signal.SIGKILL) -> int:
        """Wait for the process and return its exit code, or the negative signal number."""
        os.kill(self.pid, sign)
        [said] = await self._tells("wait", 1)
        self.pid = 0
        self.ends += 1
        return int(said.split()[1])

    async def ask(self, path: str, body: Body | None = None) -> Any:
        assert self._session is not None
        headers = {"X-Digi-Token": self.token}
        method = "GET" if body is None else "POST"
        async with self._session.request(method, path, json=body, headers=headers) as answer:
            return json.loads(await answer.read())

    # --- people ---------------------------------------------------------------------------

    async def state(self, person: str) -> Any:
        return await self.ask(f"/play/state?as={person}")

    async def messages(self) -> list[Any]:
        """Return all messages that the leader can see."""
        found: list[Any] = (await self.state("anne"))["messages"]
        return found

    async def types(self, person: str, text: str, key: str = "") -> Any:
        key = key or f"web:{uuid.uuid4()}"
        return await self.ask(
            "/play/type", {"as": person, "place": PLACE, "text": text, "key": key}
        )

    async def presses(self, person: str, token: str) -> Any:
        key = f"web:{uuid.uuid4()}"
        body = {"as": person, "token": token, "key": key, "channel": CHANNEL}
        return await self.ask("/play/press", body)

    async def clock(self, to: str) -> Any:
        return await self.ask("/play/clock", {"as": "anne", "to": to})

    async def begins(self) -> None:
        """Start a project and open the forms to write by name and unsigned."""
        cards = (await self.types("anne", "/digi start Ny plan"))["cards"]
        cards = (await self.presses("anne", token_of(cards, "Jeg er leder")))["cards"]
        await self.presses("anne", token_of(cards, "Vis det i kanalen"))
        cards = (await self.types(TEAM[0], "/digi sig"))["cards"]
        self._buttons = {label: token_of(cards, label) for label in ("Med navn", "Uden navn")}

    # --- acts at random -------------------------------------------------------------------

    async def chats(self) -> None:
        person, key = self.chance.choice(TEAM), f"web:{uuid.uuid4()}"
        text = f"snak {uuid.uuid4()}"
        answer = await self.types(person, text, key)
        if "failed" in answer:
            self.told[answer["failed"]] += 1
        else:
            self.chatted[key] = text
            self.acknowledged += 1

    async def says(self) -> None:
        """Send a signed question with a unique text."""
        await self._fills(
            self.named,
            "Med navn",
            "Hvad nu?",
            {"kind": "question", "readers": ["anne"], "everyone": "false", "trio": "false"},
        )

    async def says_unnamed(self) -> None:
        await self._fills(
            self.unnamed,
            "Uden navn",
            "Uden navn",
            {"kind": "concern", "readers": ["anne", "everyone"], "sending": "release"},
        )

    async def _fills(self, where: dict[str, Sent], label: str, words: str, values: Body) -> None:
        person = self.chance.choice(TEAM)
        form = (await self.presses(person, self._buttons[label]))["form"]
        if form is None:
            return  # the per-person rate limit was reached
        text = f"{words} {uuid.uuid4()}"
        fields = {
            one["id"]: _fitting(one, {**values, "text": text})
            for one in form["fields"]
            if "id" in one
        }
        body = {"as": person, "token": form["token"], "values": fields, "channel": CHANNEL}
        sent = Sent(person, text, body)
        self.unsure[text] = (where, sent)
        for _ in range(self.chance.choice((1, 1, 2))):
            await self._submits(where, sent)

    async def _submits(self, where: dict[str, Sent], sent: Sent) -> None:
        answer = await self.ask("/play/submit", sent.body)
        if "failed" in answer or answer["faults"]:
            said = answer.get("failed") or words(answer["faults"][0]["text"])
            self.told[said] += 1
            return
        if where is self.unnamed:
            code = CODE.search(json.dumps(answer))
            assert code is not None, answer
            assert sent.code in ("", code[0]), "the same form again shows another code"
            sent.code = code[0]
        where[sent.text] = sent
        self.unsure.pop(sent.text, None)
        self.acknowledged += 1

    async def _moves(self) -> None:
        await self.clock(self.chance.choice(("question", "overview", "day", "day")))

    async def _looks(self) -> None:
        await self.types(self.chance.choice(TEAM), "/digi status")

    async def acts_on(self) -> None:
        """Send texts until nobody answers any more, or the number is reached."""
        acts: tuple[Callable[[], Awaitable[None]], ...] = (
            self.chats,
            self.says,
            self.says_unnamed,
            self._looks,
        )
        try:
            while not self._enough:
                await self.chance.choices(acts, (5, 3, 2, 1))[0]()
        except GONE:
            pass

    async def moves_on(self) -> None:
        """Move the clock meanwhile, so that questions, overviews and releases become due."""
        try:
            while not self._enough:
                await self._moves()
                await asyncio.sleep(self.chance.uniform(0.02, 0.2))
        except GONE:
            pass

    async def lives(self, seconds: float, sign: signal.Signals = signal.SIGKILL) -> int:
        """Everybody acts, and the program is ended in the middle. Returns how it ended."""
        tasks = [asyncio.create_task(self.acts_on()) for _ in range(IN_FLIGHT)]
        tasks.append(asyncio.create_task(self.moves_on()))
        before = self.acknowledged
        if self.chance.random() < 0.7:
            while self.acknowledged == before:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.sleep(seconds)
        ended = await self.end(sign)
        await asyncio.gather(*tasks)
        assert self._session is not None
        await self._session.close()
        return ended

    async def lives_through(self, trouble: Callable[[], Awaitable[None]]) -> None:
        """Everybody acts during a fault that the program survives, until everything works again."""
        self._enough = False
        tasks = [asyncio.create_task(self.acts_on()) for _ in range(IN_FLIGHT)]
        tasks.append(asyncio.create_task(self.moves_on()))
        await self.confirms_more()
        await trouble()
        await self.confirms_more()
        self._enough = True
        await asyncio.gather(*tasks)
        self.ends += 1

    async def confirms_more(self) -> None:
        before = self.acknowledged
        async with asyncio.timeout(READY):
            while self.acknowledged == before:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def sends_again(self) -> None:
        """Submit again what was not confirmed."""
        for text, (where, sent) in list(self.unsure.items()):
            await self._submits(where, sent)
            assert text not in self.unsure, "it was refused the second time"

    # --- what must hold -------------------------------------------------------------------

    async def holds(self) -> None:
        # First let the courier deliver everything that is due.
        assert "failed" not in await self.clock("day")
        async with asyncio.timeout(READY):
            # What was written at a weekend is sent on Monday, and with several replicas a killed
            # one's leases have to expire.
            while set(self.named) - set(brought_to(await self.messages())):
                assert "failed" not in await self.clock("day")
                await asyncio.sleep(0.1)
        messages = {m["id"]: m for m in await self.messages()}
        for key, text in self.chatted.items():
            assert messages[key]["text"] == text, "a confirmed message was lost"
        ours = [m for m in messages.values() if m["by"] == "digi"]
        brought = brought_to(ours)
        for text in self.named:
            assert brought[text] == 1, (brought[text], text)
        codes = [sent.code for sent in self.unnamed.values()]
        assert len(set(codes)) == len(codes), "one form, one code"
        for text in self.chance.sample(sorted(self.unnamed), min(3, len(codes))):
            assert text in await self._opens(self.unnamed[text].code), "a code opens nothing"
        heads = Counter(
            head(m) for m in ours if m["place"] == PLACE and not m["thread"] and head(m)
        )
        twice = [(title, n) for title, n in heads.items() if n > 1]
        assert not twice, twice

    async def _opens(self, code: str) -> str:
        """Return what a receipt code shows."""
        form = (await self.types("zofia", "/digi kode"))["form"]
        body = {
            "as": "zofia",
            "token": form["token"],
            "values": {"words": code},
            "channel": CHANNEL,
        }
        return json.dumps(await self.ask("/play/submit", body), ensure_ascii=False)

    async def rings_on(self) -> None:
        """Assert that no timer was lost: the next question, overview and release are still
        planned."""
        time = (await self.state("anne"))["time"]
        assert {"question", "overview", "release"} <= set(time["landmarks"])
        assert all(mark > time["now"] for mark in time["landmarks"].values())

    def figures(self, what: str = "ends") -> str:
        confirmed = len(self.chatted) + len(self.named) + len(self.unnamed)
        return (
            f"{self.ends} {what} with {IN_FLIGHT} in flight, {confirmed} things confirmed"
            f" ({len(self.unnamed)} without a name): 0 lost, 0 twice"
        )


AnyCrowd = TypeVar("AnyCrowd", bound=Crowd)


@asynccontextmanager
async def crowd(box: Box, seed: int, *, tireless: bool = False) -> AsyncIterator[Crowd]:
    """Create a crowd. `tireless` disables the per-person rate limit."""
    words = ("tireless",) if tireless else ()
    async with crowd_of(Crowd, box, seed, *words) as found:
        yield found


@asynccontextmanager
async def crowd_of(
    kind: type[AnyCrowd], box: Box, seed: int, *words: str
) -> AsyncIterator[AnyCrowd]:
    """Create a crowd of a kind, with a program that was given these words (nursery.py)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.nursery",
        *words,
        env=box.env,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    found = kind(box, process, seed)
    try:
        yield found
    finally:
        if found.pid:
            await found.end()
        if found._session is not None:
            await found._session.close()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _fitting(field: Body, values: Body) -> Any:
    value = values.get(field["id"], "")
    if field["type"] in ("people", "choices") and not isinstance(value, list):
        return [value] if value else []
    if field["type"] == "choice" and isinstance(value, list):
        return value[0]
    return value


def token_of(cards: list[Any], label: str) -> str:
    for card in cards:
        for part in card["parts"]:
            for button in part["buttons"] if part["type"] == "buttons" else ():
                if words(button["label"]) == label:
                    return str(button["token"])
    raise AssertionError(f"no button {label}")


def brought_to(messages: list[Any]) -> Counter[str]:
    """Return how often each text was in the letter to its reader; weekly summaries may repeat
    it."""
    return Counter(
        words(m["card"]["parts"][1]["words"])
        for m in messages
        if m["card"] and [part["type"] for part in m["card"]["parts"][:2]] == ["paragraph", "quote"]
    )


def words(spans: list[Body]) -> str:
    return "".join(span.get("name") or span["text"] for span in spans)


def head(message: Body) -> str:
    """Return a message's heading and first text, which are unique in a channel."""
    parts = message["card"]["parts"] if message["card"] else []
    return " / ".join(
        words(part["text"]) for part in parts[:2] if part["type"] in ("heading", "paragraph")
    )
