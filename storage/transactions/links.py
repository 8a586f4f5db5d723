"""Makes, resolves and withdraws links. Of a token only its hash is stored.

A token has 160 bits. It is drawn from the link's random id with the vault's secret, as receipt
codes are drawn from a form's id: so that an address can be shown again without being stored, and a
copy of the database alone opens no link.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timedelta

import msgspec

from dialogs.model.events import Look
from dialogs.model.links import LinkKind, ProjectLink
from storage.sql import Script
from storage.tombstones import buried
from storage.transactions.scope import from_us, to_us
from storage.vault import Vault

KEPT = timedelta(days=1)
"""How long the row of an expired link stays, so that an answer in progress still finds it."""
_BYTES = 20
_TOKEN = re.compile(r"[a-z2-7]{32}")
_NO_HASH = bytes(32)
_look = msgspec.json.Decoder(Look)


def token_of(vault: Vault, kind: LinkKind, id: str) -> str:
    """32 small letters and digits, none of which look alike."""
    drawn = vault.drawn(b"link " + kind.encode() + b" " + id.encode())
    return base64.b32encode(drawn[:_BYTES]).decode().lower()


def make(
    vault: Vault,
    tenant: str,
    project: str,
    kind: LinkKind,
    id: str,
    person: str = "",
    until: datetime | None = None,
    look: Look | None = None,
) -> Script[str]:
    """Store a link and return its token. `id` is random; whoever keeps it can show the address
    again."""
    token = token_of(vault, kind, id)
    yield (
        "link_put",
        {
            "hash": _hash(token),
            "tenant": tenant,
            "project": project,
            "kind": kind,
            "person": person,
            "until": to_us(until) if until else 0,
            "look": "" if look is None else msgspec.json.encode(look).decode(),
        },
    )
    return token


def resolve(token: str, now: datetime) -> Script[ProjectLink | None]:
    """What a token stands for; None alike for one that is withdrawn, has expired or never was. Each
    takes the same one statement."""
    shaped = _TOKEN.fullmatch(token) is not None
    found = {"hash": _hash(token) if shaped else _NO_HASH, "now": to_us(now)}
    rows = yield "link_get", found
    for row in rows:
        until = from_us(row["until_us"]) if row["until_us"] else None
        look = _look.decode(row["look"]) if row["look"] else None
        return ProjectLink(row["kind"], row["tenant"], row["project"], row["person"], until, look)
    return None


def withdraw(token: str, now: datetime) -> Script[None]:
    """End a link at once, also in a backup that is restored later."""
    hash = _hash(token)
    yield "link_withdraw", {"hash": hash}
    yield from buried("link", hash.hex(), now, done=True)


def withdraw_again(hash: str) -> Script[None]:
    yield "link_withdraw", {"hash": bytes.fromhex(hash)}


def prune(now: datetime) -> Script[None]:
    yield "link_prune", {"before": to_us(now - KEPT)}


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
