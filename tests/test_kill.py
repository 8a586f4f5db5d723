"""Killed at any point and started again: nothing confirmed is lost, nothing is said twice.

The real program in a process of its own, driven over HTTP as its page drives it.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bot.web.people import CHANNELS, PEOPLE
from tests.test_app import READY, ROOT, Box

CHANNEL = CHANNELS[0].id
PLACE = f"channel:{CHANNEL}"
TEAM = [person.id for person in PEOPLE if (person.role, person.locale) == ("member", "da")]
CODE = re.compile(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]")
GONE = (OSError, http.client.HTTPException, json.JSONDecodeError)


class Killed:
    """A playground that is killed and started again, and what it has confirmed."""

    def __init__(self, box: Box, seed: int) -> None:
        self.box = box
        self.chance = random.Random(seed)
        self.token = ""
        self.kills = 0
        self.chats: dict[str, str] = {}
        self.said: set[str] = set()
        self.codes: dict[str, str] = {}
        """By its code, what was said without a name."""
        self.unsure: list[tuple[str, str, dict[str, Any]]] = []
        self.process: subprocess.Popen[str] | None = None

    # --- the process ----------------------------------------------------------------------

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            env=self.box.env, cwd=self.box.home.parent, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert "http://127.0.0.1" in self.process.stdout.readline()
        self.token = self.state("anne")["token"]

    def kill(self) -> None:
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(READY)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        port = int(self.box.env["DIGI_PORT"])
        talk = http.client.HTTPConnection("127.0.0.1", port, timeout=READY)
        try:
            headers = {"X-Digi-Token": self.token, "Content-Type": "application/json"}
            talk.request(method, path, None if body is None else json.dumps(body), headers)
            return json.loads(talk.getresponse().read())
        finally:
            talk.close()

    # --- people ---------------------------------------------------------------------------

    def state(self, person: str) -> Any:
        return self.ask("GET", f"/play/state?as={person}")

    def types(self, person: str, text: str, key: str = "") -> Any:
        key = key or f"web:{uuid.uuid4()}"
        body = {"as": person, "place": PLACE, "text": text, "key": key}
        return self.ask("POST", "/play/type", body)

    def presses(self, person: str, card_s: list[Any], label: str) -> Any:
        token = next(
            button["token"]
            for card in card_s
            for part in card["parts"]
            if part["type"] == "buttons"
            for button in part["buttons"]
            if words(button["label"]) == label
        )
        key = f"web:{uuid.uuid4()}"
        body = {"as": person, "token": token, "key": key, "channel": CHANNEL}
        return self.ask("POST", "/play/press", body)

    def begins(self) -> None:
        """A project is in the channel."""
        cards = self.types("anne", "/digi start Ny plan")["cards"]
        self.presses("anne", cards, "Jeg er leder")
        self.presses("anne", cards, "Vis det i kanalen")

    # --- acts at random -------------------------------------------------------------------

    def chats_on(self) -> None:
        person, key = self.chance.choice(TEAM), f"web:{uuid.uuid4()}"
        text = f"snak {uuid.uuid4()}"
        answer = self.types(person, text, key)
        if "failed" not in answer:
            self.chats[key] = text

    def says(self) -> None:
        """A question by name, with words that stand nowhere else; sent twice now and then."""
        person = self.chance.choice(TEAM)
        cards = self.types(person, "/digi sig")["cards"]
        form = self.presses(person, cards, "Med navn")["form"]
        text = f"Hvad nu? {uuid.uuid4()}"
        values: dict[str, Any] = {
            "kind": "question", "text": text, "readers": ["anne"], "everyone": "false",
            "trio": "false",
        }  # fmt: skip
        values = {field["id"]: _fitting(field, values) for field in form["fields"] if "id" in field}
        body = {"as": person, "token": form["token"], "values": values, "channel": CHANNEL}
        self.unsure.append((text, person, body))
        for _ in range(self.chance.choice((1, 1, 2))):
            answer = self.ask("POST", "/play/submit", body)
            if "failed" not in answer and not answer["faults"]:
                self.said.add(text)
                self.unsure = [one for one in self.unsure if one[0] != text]

    def says_unnamed(self) -> None:
        """A concern without a name, and the code that was shown for it."""
        person = self.chance.choice(TEAM)
        cards = self.types(person, "/digi sig")["cards"]
        form = self.presses(person, cards, "Uden navn")["form"]
        text = f"Uden navn {uuid.uuid4()}"
        values = {
            "kind": "concern", "text": text, "readers": ["anne", "everyone"], "sending": "release",
        }  # fmt: skip
        body = {"as": person, "token": form["token"], "values": values, "channel": CHANNEL}
        for _ in range(self.chance.choice((1, 2))):
            if code := CODE.search(json.dumps(self.ask("POST", "/play/submit", body))):
                self.codes[code[0]] = text

    def opens(self, code: str) -> str:
        """What the code brings."""
        form = self.types("anne", "/digi kode")["form"]
        values = {"words": code}
        body = {"as": "anne", "token": form["token"], "values": values, "channel": CHANNEL}
        return json.dumps(self.ask("POST", "/play/submit", body), ensure_ascii=False)

    def clock(self) -> None:
        to = self.chance.choice(("question", "overview", "day", "day", "week"))
        self.ask("POST", "/play/clock", {"as": "anne", "to": to})

    def goes_on(self) -> None:
        """Until it is killed, somewhere in the middle of something."""
        assert self.process is not None
        pid = self.process.pid
        killer = threading.Timer(self.chance.uniform(0.02, 0.7), os.kill, (pid, signal.SIGKILL))
        killer.start()
        try:
            while True:
                self.chance.choice((self.chats_on, self.says, self.says_unnamed, self.clock))()
        except GONE:
            pass
        finally:
            killer.join()
        self.kill()
        self.kills += 1

    def sends_again(self) -> None:
        """What people did not hear of, they send again."""
        for text, _, body in list(self.unsure):
            answer = self.ask("POST", "/play/submit", body)
            assert not answer.get("faults"), answer
            assert "failed" not in answer, answer
            self.said.add(text)
        self.unsure.clear()

    # --- what must hold -------------------------------------------------------------------

    def holds(self) -> None:
        # A step of the clock lets everything that is due be delivered first.
        assert "failed" not in self.ask("POST", "/play/clock", {"as": "anne", "to": "day"})
        messages = {m["id"]: m for m in self.state("anne")["messages"]}
        for key, text in self.chats.items():
            assert messages[key]["text"] == text
        ours = [m for m in messages.values() if m["by"] == "digi"]
        # The letter that brings it to its reader; the week's summaries may name it again.
        brought = Counter(
            words(m["card"]["parts"][1]["words"])
            for m in ours
            if [part["type"] for part in m["card"]["parts"][:2]] == ["paragraph", "quote"]
        )
        shown = " ".join(said(m) for m in ours)
        for text in self.said:
            assert text in shown, "a confirmed question was lost"
            assert brought[text] == 1, (brought[text], text)
        assert len(set(self.codes.values())) == len(self.codes), "one form, one code"
        for code in self.chance.sample(sorted(self.codes), min(3, len(self.codes))):
            assert self.codes[code] in self.opens(code), "a code opens nothing"
        heads = Counter(
            head(m) for m in ours if m["place"] == PLACE and not m["thread"] and head(m)
        )
        twice = [(title, n) for title, n in heads.items() if n > 1]
        assert not twice, twice

    def rings_on(self) -> None:
        """No timer was lost: the next question, overview and release are still to come."""
        marks = self.state("anne")["time"]["landmarks"]
        assert {"question", "overview", "release"} <= set(marks)
        assert all(mark > self.state("anne")["time"]["now"] for mark in marks.values())


def _fitting(field: dict[str, Any], values: dict[str, Any]) -> Any:
    value = values.get(field["id"], "")
    if field["type"] in ("people", "choices") and not isinstance(value, list):
        return [value] if value else []
    if field["type"] == "choice" and isinstance(value, list):
        return value[0]
    return value


def words(spans: list[dict[str, Any]]) -> str:
    return "".join(span.get("name") or span["text"] for span in spans)


def said(message: dict[str, Any]) -> str:
    return json.dumps(message["card"], ensure_ascii=False)


def head(message: dict[str, Any]) -> str:
    """The title and the words under it: what no two messages of a channel share."""
    parts = message["card"]["parts"] if message["card"] else []
    return " / ".join(
        words(part["text"]) for part in parts[:2] if part["type"] in ("heading", "paragraph")
    )


def survive(folder: Path, seed: int, kills: int) -> None:
    world = Killed(Box(folder), seed)
    try:
        world.start()
        world.begins()
        while world.kills < kills:
            world.goes_on()
            world.start()
            world.sends_again()
            world.holds()
        world.ask("POST", "/play/clock", {"as": "anne", "to": "week"})
        world.holds()
        world.rings_on()
        assert world.said
        assert world.codes
    finally:
        if world.process is not None:
            world.kill()


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_confirmed_is_lost_and_nothing_said_twice(tmp_path: Path, seed: int) -> None:
    """Ten kills while people write and the clock moves."""
    survive(tmp_path, seed, 5)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_hundred_kills_lose_nothing_either(tmp_path: Path) -> None:
    """The same, a hundred times."""
    survive(tmp_path, 3, 100)
