"""Deletes a whole project, or the words of one released text."""

from __future__ import annotations

from datetime import datetime

import msgspec

from storage.sql import Script
from storage.tombstones import buried
from storage.transactions import keepsakes
from storage.transactions.bags import forget_in_bags
from storage.transactions.letters import ONCE
from storage.transactions.scope import Scope


def erase_project(scope: Scope, now: datetime) -> Script[None]:
    """Delete a project, and people of whom no other row of the workplace speaks. What is to
    outlive the project stays, with a date."""
    for table in (
        "project",
        "state",
        "record",
        "role",
        "pool",
        "published",
        "snapshot",
        "post",
        "letter",
        "link",
    ):
        yield f"{table}_delete", scope.key
    yield from keepsakes.project_deleted(scope, now)
    yield from forget_in_bags(scope)
    once = f"{ONCE}:{scope.project}"
    yield "inbox_forget", {"tenant": scope.tenant, "first": f"{once}:", "last": f"{once};"}
    yield "person_unknown", {"tenant": scope.tenant}
    yield from buried("project", scope.project, now)


def retract(scope: Scope, id: str) -> Script[None]:
    """Blank the words of a released text and of its additions; the rows stay."""
    rows = yield "published_one", {**scope.key, "id": id}
    more = yield "published_of_ref", {**scope.key, "kind": "more", "ref": id}
    for row in (*rows, *more):
        opened = scope.open_if_whole("published", row["body"], row["id"])
        body = {} if opened is None else msgspec.json.decode(opened)
        blank = msgspec.json.encode({**body, "text": ""})
        yield (
            "published_body",
            {**scope.key, "id": row["id"], "body": scope.seal("published", blank, row["id"])},
        )
