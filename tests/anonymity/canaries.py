"""Canary strings: each stands for one person, name, address or text, and is searched for wherever
data may be stored.

Each begins with the stem of its kind, so that one search for the stem, in all encodings, finds any
of them.
"""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.server.build import House
from bot.server.metrics import Metrics
from tests.worlds.files import contents, files_below

PERSON = "fuglekender"
NAME = "Ålborgfuglen Søs"
ADDRESS = "redekasse"
WORDS = "Kanariefuglen på 4. sal sagde"
CODES = "receipt codes"

Sinks = dict[str, list[bytes]]


def person(n: int) -> str:
    return f"{PERSON}{n:03}"


def name(n: int) -> str:
    return f"{NAME} {n:03}"


def address(n: int) -> str:
    return f"{ADDRESS}{n:03}@kommune.example"


def words(n: int) -> str:
    return f"{WORDS} {n:03}"


def points(n: int) -> str:
    """Return the answers of one person to six statements, which nobody else gives (meeting.py)."""
    return "".join("bswu"[n // 4**place % 4] for place in range(5, -1, -1))


def spelled(ballot: object) -> list[str]:
    """Return the inside of a ballot as JSON and as Python spell it."""
    tight = json.dumps(ballot, separators=(",", ":"))
    return [text[1:-1] for text in (tight, json.dumps(ballot), repr(ballot))]


def dresses(stem: str) -> dict[str, bytes]:
    """Return the encodings in which unencrypted text may be found."""
    raw = stem.encode()
    found = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "utf-16-le": stem.encode("utf-16-le"),
        "utf-16-be": stem.encode("utf-16-be"),
        "url": urllib.parse.quote(stem).encode(),
        "form": urllib.parse.quote_plus(stem).encode(),
        "escaped": stem.encode("unicode_escape"),
        "json": json.dumps(stem)[1:-1].encode(),
        "json in json": json.dumps(json.dumps(stem))[3:-3].encode(),
        "json in url": urllib.parse.quote(json.dumps(stem)[1:-1]).encode(),
        "json in form": urllib.parse.quote_plus(json.dumps(stem)[1:-1]).encode(),
        "plain json in form": urllib.parse.quote_plus(stem).encode(),
    }
    for shift in range(3):
        # In the base64 of a longer text, the middle appears in one of three alignments.
        whole = base64.b64encode(b"\0" * shift + raw)
        middle = whole[4 * (shift > 0) : len(whole) // 4 * 4 - 4]
        found[f"base64+{shift}"] = middle
        found[f"base64url+{shift}"] = middle.translate(bytes.maketrans(b"+/", b"-_"))
    return found


BETWEEN = b"\xff\0\xff"
"""Stands in no text that is searched for, so nothing is found across two heaps."""


def found_in(sinks: Sinks, stems: Iterable[str]) -> dict[str, set[str]]:
    """Return which stem is found in which sink, and in which encoding."""
    found: dict[str, set[str]] = {}
    joined = {sink: BETWEEN.join(heaps) for sink, heaps in sinks.items()}
    for stem in stems:
        for dress, trace in dresses(stem).items():
            for sink, heap in joined.items():
                if trace in heap:
                    found.setdefault(sink, set()).add(f"{stem}: {dress}")
    return found


def lying(folder: Path, lines: Iterable[str], screen: str, temporary: Path) -> Sinks:
    """Return everything that Digi leaves behind, by its place."""

    def named(*endings: str) -> list[Path]:
        return [path for path in folder.rglob("*") if path.name.endswith(endings)]

    known = {*named("digi.db"), *named("-wal"), *named("-shm")}
    return {
        "database": contents(named("digi.db")),
        "log ahead": contents(named("-wal")),
        "shared memory": contents(named("-shm")),
        "outbox": [_outbox(folder)],
        **around(folder, lines, screen, temporary, known),
    }


def around(
    folder: Path, lines: Iterable[str], screen: str, temporary: Path, known: Iterable[Path] = ()
) -> Sinks:
    """Return the files and output that lie beside the database."""
    known = set(known)
    return {
        "logs": [line.encode("utf-8", "surrogatepass") for line in lines],
        "screen": [screen.encode("utf-8", "surrogatepass")],
        "temporary files": contents(files_below(temporary)),
        "backups, exports and other files": contents(
            p for p in files_below(folder) if p not in known
        ),
    }


async def metrics_of(house: House) -> str:
    """Return the current output of GET /metrics."""
    metrics = Metrics(
        house.database.read, house.scripts, house.tally, house.courier, house.upkeep, house.log
    )
    return "".join([line async for line in metrics._lines()])


def _outbox(folder: Path) -> bytes:
    with closing(sqlite3.connect(f"{(folder / 'digi.db').as_uri()}?mode=ro", uri=True)) as conn:
        rows = conn.execute("SELECT * FROM letter").fetchall()
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


@contextmanager
def every_log_line(note: Callable[[], None] = lambda: None) -> Iterator[list[str]]:
    """Capture every message to any logger at any level, including those that the logger's level
    would drop.

    `note` is called for each, except the connection pool's INFO messages, which come for each read
    and each second.
    """
    lines: list[str] = []
    enabled, handle = logging.Logger.isEnabledFor, logging.Logger.handle
    plain = logging.Formatter()

    def asked(logger: logging.Logger, level: int) -> bool:
        return True

    def heard(logger: logging.Logger, record: logging.LogRecord) -> None:
        if not logger.filter(record):
            return
        if not record.name.startswith("psycopg") or record.levelno >= logging.ERROR:
            note()
        lines.append(f"{record.name} {record.levelname} {plain.format(record)} {record.args}")
        if enabled(logger, record.levelno):
            handle(logger, record)

    logging.Logger.isEnabledFor = asked  # type: ignore[method-assign,assignment]
    logging.Logger.handle = heard  # type: ignore[method-assign,assignment]
    try:
        yield lines
    finally:
        logging.Logger.isEnabledFor = enabled  # type: ignore[method-assign]
        logging.Logger.handle = handle  # type: ignore[method-assign]
