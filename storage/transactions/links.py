"""Makes, resolves and withdraws links. Of a token only its hash is stored.

A token has 160 bits. It is drawn from the link's random id with the vault's secret, as receipt
codes are drawn from a form's id: so that an address can be shown again without being stored, and a
copy of the database alone opens no link.

A screen can also be opened with six digits for some minutes. They are drawn from the same id. What
is stored of them is a hash that only a holder of the key can make: a million codes are soon tried.
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
_CODE = "code"
"""The kind of a row for six digits. No token leads to it; in `look` it has the link's id."""
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


def digits_of(vault: Vault, id: str) -> str:
    """Return the six digits of a screen's link, whose id this is."""
    return f"{int.from_bytes(vault.drawn(b'digits ' + id.encode())) % 1_000_000:06}"


def make_code(
    vault: Vault, tenant: str, project: str, id: str, until: datetime, now: datetime
) -> Script[None]:
    """Let six digits open the screen whose link has this id. Where another screen has the same
    digits at the same time, they open neither."""
    hash = _digits_hash(vault, digits_of(vault, id))
    if (yield "link_get", {"hash": hash, "now": to_us(now)}):
        yield "link_withdraw", {"hash": hash}
        return
    yield "link_drop", {"hash": hash}
    yield (
        "link_put",
        {
            "hash": hash,
            "tenant": tenant,
            "project": project,
            "kind": _CODE,
            "person": "",
            "until": to_us(until),
            "look": id,
        },
    )


def by_digits(vault: Vault, digits: str, now: datetime) -> Script[str]:
    """Return the token of the screen that six digits open; "" for digits that open none."""
    rows = yield "link_get", {"hash": _digits_hash(vault, digits), "now": to_us(now)}
    return token_of(vault, "screen", rows[0]["look"]) if rows else ""


def withdraw_digits(vault: Vault, id: str, now: datetime) -> Script[None]:
    """End the digits of the screen whose link has this id; another screen may have them by now."""
    hash = _digits_hash(vault, digits_of(vault, id))
    rows = yield "link_get", {"hash": hash, "now": to_us(now)}
    if rows and rows[0]["look"] == id:
        yield "link_withdraw", {"hash": hash}


def withdraw(token: str, now: datetime) -> Script[None]:
    """End a link at once, also in a backup that is restored later."""
    hash = _hash(token)
    yield "link_withdraw", {"hash": hash}
    yield from buried("link", hash.hex(), now, done=True)


def withdraw_again(hash: str) -> Script[None]:
    yield "link_withdraw", {"hash": bytes.fromhex(hash)}


def prune(now: datetime) -> Script[None]:
    yield "link_prune", {"before": to_us(now - KEPT)}


def _digits_hash(vault: Vault, digits: str) -> bytes:
    return vault.drawn(b"digits hash " + digits.encode())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
