"""The rows of standing posts: which dialog draws a message, and under which id a platform has it.

Of a post to one person the row is found by a MAC, and what it is about is sealed: otherwise it
would tell in plain text who reads which text.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from storage.sql import Row, Script
from storage.transactions.letters import PostBody, put_letter
from storage.transactions.scope import Scope

PRIVATE = "private"
"""Stands for the dialog of a post to one person."""


def put_post(scope: Scope, post: PostBody, place: str, id: str) -> Script[None]:
    """Store a post that is to be sent; it takes the place of an earlier one in the same slot."""
    key, body = _plain(scope, post), None
    if place.startswith("person:"):
        key = _hidden(scope, post)
        body = scope.vault.seal(msgspec.json.encode(post), "post", *key.values())
    yield "post_put", {**key, "id": id, "place": place, "body": body}


def find_post(scope: Scope, post: PostBody) -> Script[Row | None]:
    for key in (_plain(scope, post), _hidden(scope, post)):
        rows = yield "post_get", key
        if rows:
            return rows[0]
    return None


def body_of(scope: Scope, row: Row) -> PostBody | None:
    """What a row is about; None where it is damaged."""
    key = [str(row[name]) for name in ("tenant", "project", "dialog", "dialog_id", "slot")]
    if row["body"] is None:
        return PostBody(*key[2:])
    opened = scope.vault.open_if_whole(row["body"], "post", *key)
    return None if opened is None else msgspec.json.decode(opened, type=PostBody)


def redraw_post(scope: Scope, post: PostBody, at: datetime) -> Script[None]:
    row = yield from find_post(scope, post)
    if row is not None:
        body, id = msgspec.json.encode(post), f"redraw:{row['id']}"
        yield from put_letter(scope, row["place"], "redraw", at, body, id)


def _plain(scope: Scope, post: PostBody) -> dict[str, str]:
    return {**scope.key, "dialog": post.dialog, "dialog_id": post.of, "slot": post.slot}


def _hidden(scope: Scope, post: PostBody) -> dict[str, str]:
    what = f"post|{scope.tenant}|{scope.project}|{post.dialog}|{post.of}|{post.slot}"
    mac = scope.vault.mac(what.encode())
    return {**scope.key, "dialog": PRIVATE, "dialog_id": mac, "slot": ""}
