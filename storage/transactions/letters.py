"""Letters: what is to be sent or fired later, and how a turn writes it down."""

from __future__ import annotations

from datetime import datetime

import msgspec

from storage.sql import Script
from storage.transactions.scope import Scope, to_us
from storage.vault import Vault

NO_BODY = b""
"""The body of a letter that does not decrypt any more; a written body is never empty."""
NO_CARD = msgspec.Raw(b"null")
LEAST_URGENT = 5
LEFT = "left"
"""Prefix of the place of a message for a channel that its project has left."""
ONCE = "told"
"""Prefix of inbox keys that record that a message with a `once` name was stored."""


class Letter(msgspec.Struct, frozen=True):
    """A message to send or a timer to fire, as the courier claimed it."""

    id: str
    tenant: str
    project: str
    place: str
    kind: str
    due: datetime
    body: bytes
    token: int = 0
    attempts: int = 0
    uncertain: bool = False  # the platform may have it already
    twice: bool = False  # the platform may even have it twice
    paused: bool = False  # its channel refuses messages; this one probes whether that is over
    holder: str = ""  # the replica that claimed it


class PostBody(msgspec.Struct, frozen=True):
    dialog: str
    of: str
    slot: str


class SayBody(msgspec.Struct, frozen=True):
    card: msgspec.Raw
    thread: PostBody | None = None


class TimerBody(msgspec.Struct, frozen=True):
    dialog: str
    of: str
    name: str


class BagBody(msgspec.Struct, frozen=True):
    """One letter of a bag: a fixed card, or a standing post that is drawn as the bag is sent."""

    card: msgspec.Raw
    urgency: int
    post: PostBody | None = None


class BagPart(msgspec.Struct, frozen=True):
    """A part of a bag that was sent, as it is needed to draw the whole message again."""

    project: str
    card: msgspec.Raw
    post: PostBody | None = None


class SentBag(msgspec.Struct, frozen=True):
    """A bag that was sent. `message` is the platform's id of it; empty where no part of it can
    change, because then nothing of it is kept."""

    message: str = ""
    parts: tuple[BagPart, ...] = ()


def timer_id(scope: Scope, dialog: str, of: str, name: str) -> str:
    return f"timer:{scope.tenant}:{scope.project}:{dialog}:{of}:{name}"


def timer_body(scope: Scope, id: str) -> bytes:
    """The body of the timer with this id."""
    whose = id.removeprefix(timer_id(scope, "", "", "")[:-2])
    dialog, _, rest = whose.partition(":")
    of, _, name = rest.rpartition(":")
    return msgspec.json.encode(TimerBody(dialog, of, name))


def put_letter(
    scope: Scope, place: str, kind: str, due: datetime, body: bytes, id: str = ""
) -> Script[None]:
    """Store a letter, under a new id unless one is given."""
    id = id or next(scope.ids)
    yield (
        "letter_redraw" if kind == "redraw" else "letter_put",
        {
            "id": id,
            "tenant": scope.tenant,
            "project": scope.project,
            "place": place,
            "kind": kind,
            "due": to_us(due),
            "body": scope.seal("letter", body, id),
        },
    )


def once_key(vault: Vault, tenant: str, project: str, once: str) -> str:
    """The inbox key of a message that is sent once. It is a MAC, because `once` often holds the id
    of the person it went to."""
    return f"{ONCE}:{project}:{vault.mac(f'once|{tenant}|{project}|{once}'.encode())}"
