"""The control socket answers any request with a sentence, and Digi continues to serve."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.cli.control import LONGEST, SOCKET, Done, Request, ask, listen
from bot.cli.orders import carry_out
from tests.worlds.house import a_house


class Socket(NamedTuple):
    home: Path
    done: list[Request]
    faults: list[dict[str, Any]]
    """Errors that reached the event loop's exception handler, which logs a stack trace."""

    async def says(self, line: bytes, *, end: bool = False) -> Done:
        """Send bytes and return the answer. With `end`, close the writing side afterwards."""
        reader, writer = await asyncio.open_unix_connection(str(self.home / SOCKET))
        try:
            writer.write(line)
            await writer.drain()
            if end:
                writer.write_eof()
            answer = await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
        assert answer.count(b"\n") == 1
        found = json.loads(answer)
        return Done(found["fine"], found["said"])

    async def leaves(self, line: bytes) -> None:
        """Send bytes and disconnect without waiting for the answer."""
        _, writer = await asyncio.open_unix_connection(str(self.home / SOCKET))
        writer.write(line)
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Socket]:
    monkeypatch.chdir(tmp_path)
    async with a_house(tmp_path / "home") as house:
        found = Socket(Path("home"), [], [])

        async def handle(request: Request) -> Done:
            found.done.append(request)
            if request.do == "break":
                raise RuntimeError("kanariefugl")
            return await carry_out(house, request)

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: found.faults.append(context))
        server = await listen(tmp_path / "home", handle)
        yield found
        server.close()
        loop.set_exception_handler(None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\n", "JSON"),
        (b"backup\n", "JSON"),
        (b'{"do":"backup"\n', "JSON"),
        (b"\xff\xfe\x00\n", "UTF-8"),
        (b'{"do":"\xff"}\n', "UTF-8"),
        (b'{"do":"backup","args":{"to":"\\ud800"}}\n', "JSON"),
        (b"[" * 100_000 + b"\n", "object"),
        (b"x" * (LONGEST + 1) + b"\n", "long"),
        (b"x" * (3 * LONGEST), "long"),
        (b"{}\n", "`do`"),
        (b"[]\n", "object"),
        (b'"backup"\n', "object"),
        (b'{"do":7}\n', "$.do"),
        (b'{"do":null}\n', "$.do"),
        (b'{"do":"backup","args":[]}\n', "$.args"),
        (b'{"do":"backup","args":{"to":7}}\n', "$.args"),
        (b'{"do":"backup","now":true}\n', "`now`"),
        (b'{"do":"backup","args":{"to":"/tmp/a\\u0000b"}}\n', "NUL"),
        (b'{"do":"fly"}\n', "fly"),
        (b'{"do":""}\n', "command"),
        (b'{"do":"erase-person"}\n', "person"),
        (b'{"do":"erase-project"}\n', "project"),
        (b'{"do":"unseat","args":{"person":"anne"}}\n', "project"),
        (b'{"do":"erase-person","args":{"person":"nobody"}}\n', "nobody"),
    ],
    ids=lambda held: repr(held[:40]),
)
async def test_a_malformed_request_is_answered_in_words(
    control: Socket, line: bytes, words: str
) -> None:
    """The answer names the mistake, and the next request is served."""
    done = await control.says(line, end=not line.endswith(b"\n"))
    assert not done.fine
    assert words in done.said
    assert "Traceback" not in done.said
    assert (await control.says(b'{"do":"backup"}\n')).fine
    assert control.faults == []


async def test_a_request_that_ends_early_is_not_carried_out(control: Socket) -> None:
    """An incomplete line is not executed, even if it could be parsed; the client gets an answer."""
    done = await control.says(b'{"do":"rotate-key"}', end=True)
    assert not done.fine
    assert "incomplete" in done.said
    done = await control.says(b"", end=True)
    assert not done.fine
    for line in (b"", b'{"do":"rot', b'{"do":"rotate-key"}'):
        await control.leaves(line)
    assert (await control.says(b'{"do":"backup"}\n')).fine
    assert [request.do for request in control.done] == ["backup"]
    assert control.faults == []


async def test_whoever_does_not_wait_for_the_answer_harms_nobody(control: Socket) -> None:
    """A complete request is executed, although nobody reads the answer."""
    await control.leaves(b'{"do":"backup"}\n')
    await control.leaves(b"x" * (LONGEST + 1))
    assert (await control.says(b'{"do":"backup"}\n')).fine
    assert [request.do for request in control.done] == ["backup", "backup"]
    assert control.faults == []


async def test_what_fails_inside_is_answered_by_its_kind(control: Socket) -> None:
    """The answer contains only the error's type; the traceback goes to the log."""
    done = await control.says(b'{"do":"break"}\n')
    assert not done.fine
    assert "RuntimeError" in done.said
    assert "kanariefugl" not in done.said
    assert [type(fault["exception"]) for fault in control.faults] == [RuntimeError]


@pytest.mark.parametrize(
    "answer", [b"", b"what?\n", b'{"fine":1}\n', b"\xff\n", b"x" * LONGEST * 2]
)
async def test_an_answer_that_is_none_is_said_in_words(tmp_path: Path, answer: bytes) -> None:
    """The command reports an answer of another program or version in one sentence."""

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(odd, str(tmp_path / SOCKET))
    done = await ask(tmp_path, Request("backup"))
    server.close()
    assert done is not None
    assert not done.fine
    assert done.said


async def test_a_request_that_is_too_long_is_not_sent(control: Socket) -> None:
    """The command itself rejects it."""
    done = await ask(control.home, Request("unseat", {"person": "x" * LONGEST, "project": "p"}))
    assert done is not None
    assert "long" in done.said
