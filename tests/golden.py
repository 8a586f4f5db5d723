"""Golden files: writes everything that Digi sends, stores and decides while the transcripts play.

`python -m tests.golden FOLDER` plays each transcript on paper, in the simulated Slack, in the
simulated Teams and in the browser, and writes one text file for each. Compare the folders of two
versions with `diff -r`: a refactoring must not change them. Random ids are replaced by a counter
and the key is fixed. The clock advances by a second with each line of a transcript, however often
it is read, and stored times are rounded down to ten minutes. Lookups of people and channels run
beside an act, so those of one line are sorted. No deadline is near, however busy the machine is.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import msgspec

from bot.clock import Clock
from bot.core.access import MAY, MAY_LOOK
from bot.core.dialogs import Dialogs
from bot.platforms.web.playground.scenario import ScenarioLine
from content import catalogue as content
from storage.sqlite import driver
from storage.transactions import anonymous_pool as pool
from tests.anonymity import web_hands
from tests.conftest import limits_on_waiting, read_once, unsynced
from tests.waiting import LONG_ENOUGH
from tests.worlds import slack_fixtures, teams_fixtures
from tests.worlds import stage as paper
from tests.worlds.browser_stage import BrowserStage, browser_stage
from tests.worlds.house import kept
from tests.worlds.play import Play
from tests.worlds.slack_fixtures import in_slack
from tests.worlds.stage import BEGINNING, PaperEdge, Stage, stage
from tests.worlds.teams_fixtures import in_teams

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
EDGES = ("paper", "slack", "teams", "browser")

_LOOKUPS = ("auth.", "conversations.", "users.", "Call(method='GET'", "person MembersSeen(")
"""How the entries begin of what runs beside an act: lookups in Slack and Teams, and what Digi notes
of who is in a channel. None of them changes what anybody sees."""

_CUT = [
    (re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d)\d:\d\d(\.\d+)?"), r"\1"),
    (re.compile(r"(datetime\.datetime\((?:\d+, ){4})\d+, [^t]*"), r"\1"),
    (re.compile(r"\b(1[78]\d{4})\d{10}\b"), r"\1"),  # microseconds since 1970
    (re.compile(r"\b(1[78]\d{5})\d{3}\.\d{4,6}\b"), r"\1"),  # Slack's timestamps
    (re.compile(r"\bat=(1[78]\d{8})\.\d+"), r"at=\1"),  # when a simulated platform was called
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1"),
    (re.compile(r"\b\d+\.[0-9a-f]{12}\.([0-9a-f]{32})\b"), r"\1"),  # Slack's trigger ids
]
_RANDOM = re.compile(
    r"(?=[A-Za-z_-]*\d[A-Za-z_-]*\d)[A-Za-z0-9_=-]{20,}"
    r"|\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{12}\b"  # the id of a project
    r"|(?<=-)(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{10}\b"  # of a block in Slack, made from ids
)


class Numbered:
    """Replaces random-looking strings by numbers in order of their first appearance."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        for pattern, cut in _CUT:
            text = pattern.sub(cut, text)
        return _RANDOM.sub(
            lambda found: self._seen.setdefault(found[0], f"«{len(self._seen)}»"), text
        )


@contextmanager
def repeatable() -> Iterator[None]:
    """Let random ids depend on their number, and random bytes and shuffles on one seed."""
    chance, ids = random.Random(7), itertools.count(1)

    def numbered() -> uuid.UUID:
        # Not the number itself: the first digits are the id of a project.
        return uuid.UUID(bytes=sha256(b"%d" % next(ids)).digest()[:16], version=4)

    with ExitStack() as stack:
        for target, value in (
            ("uuid.uuid4", numbered),
            ("secrets.token_hex", lambda size=32: f"{next(ids):0{2 * size}x}"),
            ("secrets.token_bytes", chance.randbytes),
            ("os.urandom", chance.randbytes),
        ):
            stack.enter_context(patch(target, value))
        pool.set_chance(random.Random(7))
        try:
            yield
        finally:
            pool.set_chance(random.SystemRandom())


@contextmanager
def unhurried() -> Iterator[None]:
    """Keep what takes long from deciding anything: no limit is near. Sync no disk, and read the
    catalogue once."""
    with ExitStack() as stack:
        for module, name in limits_on_waiting():
            stack.enter_context(patch.object(module, name, LONG_ENOUGH))
        stack.enter_context(patch("storage.padding.WRITES", 1))
        stack.enter_context(patch.object(content, "load", read_once))
        stack.enter_context(patch("os.fsync", lambda _: None))
        stack.enter_context(patch.object(driver, "connected", unsynced))
        yield


@contextmanager
def clock_of_lines(begins: Callable[[], None]) -> Iterator[None]:
    """Let a second pass with each line of a transcript, and no time between two readings. `begins`
    is called before each line."""
    lines = 0
    line = Play._line

    async def passing(self: Play, read: ScenarioLine) -> None:
        nonlocal lines
        lines += 1
        begins()
        await line(self, read)

    def clock() -> Clock:
        return Clock(real_us=lambda: round(BEGINNING.timestamp() + lines) * 1_000_000)

    with ExitStack() as stack:
        stack.enter_context(patch.object(Play, "_line", passing))
        for place in (paper, slack_fixtures, teams_fixtures, web_hands):
            stack.enter_context(patch.object(place, "slow_clock", clock))
        yield


@contextmanager
def each_line(after: Callable[[], None]) -> Iterator[None]:
    """Call this after each line of a transcript."""
    line = Play._line

    async def then(self: Play, read: ScenarioLine) -> None:
        await line(self, read)
        after()

    with patch.object(Play, "_line", then):
        yield


@contextmanager
def decisions(write: Callable[[str], None]) -> Iterator[None]:
    """Record each decision: the conversation, the event, the state after it and the effects."""
    decide = Dialogs.decide

    def noted(self: Dialogs, dialog: str, state: Any, event: Any, found: Any) -> Any:
        after, effects = decide(self, dialog, state, event, found)
        state_after = [f"  = {after.decode()}"] if isinstance(after, bytes) else []
        told = [f"  + {effect!r}" for effect in effects]
        write("\n".join([f"{dialog} {event!r}", *state_after, *told]))
        return after, effects

    with patch.object(Dialogs, "decide", noted):
        yield


def _plain(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, sort_keys=True, indent=1)


async def _on_paper(script: str, folder: Path, write: Callable[[str], None]) -> None:
    async with stage(folder) as played:
        heard = Stage._act

        async def act(self: Stage, person: str, what: Any, **more: Any) -> Any:
            answer = await heard(self, person, what, **more)
            write(f"{person}: {_plain(answer)}")
            return answer

        sent = PaperEdge.deliver

        async def deliver(self: PaperEdge, parcel: Any) -> str:
            write(f"sent: {_plain(parcel)}")
            return await sent(self, parcel)

        with patch.object(Stage, "_act", act), patch.object(PaperEdge, "deliver", deliver):
            await played.play(script)
        house = played.house
        for row in await house.database.read(house.scripts.reading.all_states, played.tenant):
            write(f"state: {row!r}")
        for table, *columns in kept(folder):
            write(f"row: {table} {[c for c in columns if not isinstance(c, bytes)]}")


async def _in_slack(script: str, folder: Path, write: Callable[[str], None]) -> None:
    async with in_slack(folder, holds_back=False) as place:
        await _with_calls(place, script, write, _as_json)


async def _in_teams(script: str, folder: Path, write: Callable[[str], None]) -> None:
    async with in_teams(folder, holds_back=False) as place:
        await _with_calls(place, script, write, repr)


def _as_json(call: Any) -> str:
    return f"{call.method}: {json.dumps(call.args, ensure_ascii=False, indent=1)}"


async def _with_calls(
    place: Any, script: str, write: Callable[[str], None], as_text: Callable[[Any], str]
) -> None:
    """Play the script, and write after each line what the platform was called with.

    Somebody has asked for help before: Digi then knows who is in the channel. Otherwise it would
    look that up beside the first act, and end before it or after it.
    """

    def told() -> None:
        for call in place.world.calls:
            write(as_text(call))
        place.world.calls.clear()

    with each_line(told):
        await place.hands.play("peter > /digi hjælp")
        await place.hands.play(script)


async def _in_browser(script: str, folder: Path, write: Callable[[str], None]) -> None:
    """Write every answer, and of what a window loads what no window has shown before."""
    heard = BrowserStage.read
    shown: set[str] = set()

    async def read(self: BrowserStage, response: aiohttp.ClientResponse) -> bytes:
        said = await heard(self, response)
        url, found = response.url, json.loads(said)
        write(f"{url.path} {url.query_string}")
        if url.path != "/play/state":
            write(_plain(found))
            return said
        messages = found.pop("messages")
        for text in map(_plain, [*messages, *({key: found[key]} for key in found)]):
            if text not in shown:
                shown.add(text)
                write(text)
        return said

    async with browser_stage(folder) as played:
        with patch.object(BrowserStage, "read", read):
            await played.play(script)


_PLAYED = {"paper": _on_paper, "slack": _in_slack, "teams": _in_teams, "browser": _in_browser}


def played(transcript: Path, edge: str) -> str:
    """Return all that happened, as text that is equal for two runs of the same code."""
    lines: list[list[str]] = [[]]
    numbered = Numbered()

    def write(text: str) -> None:
        lines[-1].append(text)

    with (
        repeatable(),
        unhurried(),
        clock_of_lines(lambda: lines.append([])),
        decisions(write),
        tempfile.TemporaryDirectory() as folder,
    ):
        home = Path(folder) / "home"
        for key in (home / "key" / "digi.key", Path(folder) / "home.key"):
            key.parent.mkdir(parents=True, exist_ok=True)
        script = transcript.read_text(encoding="utf-8")
        asyncio.run(_PLAYED[edge](script, home, write))
    return numbered("\n".join(itertools.chain.from_iterable(map(in_order, lines)))) + "\n"


def in_order(entries: Iterable[str]) -> list[str]:
    """Put the lookups of a line first, sorted, and leave the others in their order."""
    lookups: list[str] = []
    others: list[str] = []
    for entry in entries:
        (lookups if entry.startswith(_LOOKUPS) else others).append(entry)
    return [*sorted(lookups), *others]


def access() -> str:
    """Return who may do what, by the stored names of events and looks."""
    acts = [(kind.__struct_config__.tag, sorted(who)) for kind, who in MAY.items()]
    looks = [(look, sorted(who)) for look, who in MAY_LOOK.items()]
    return "\n".join(f"{name}: {who}" for name, who in sorted([*acts, *looks], key=str)) + "\n"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "access.txt").write_text(access(), encoding="utf-8")
    only = sys.argv[2:]
    for transcript in TRANSCRIPTS:
        for edge in EDGES:
            if only and not any(one in f"{transcript.stem}.{edge}" for one in only):
                continue
            text = played(transcript, edge)
            (folder / f"{transcript.stem}.{edge}.txt").write_text(text, encoding="utf-8")
            print(transcript.stem, edge, sha256(text.encode()).hexdigest()[:12], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
