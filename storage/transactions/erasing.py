"""Takes a person out of all named rows, and deletes again what tombstones name after a restore.

Only rows that bear a name are touched. What somebody said without one has no author to look for:
it is withdrawn with its code, or deleted with its project.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import Any, Protocol, cast

import msgspec

from dialogs.model.cards import FORMER, NeutralCard
from dialogs.model.facts import Prefs, Role
from dialogs.model.records import DELETABLE_BY_AUTHOR, RECORD_KINDS
from dialogs.model.roles import has_led
from storage.rekey import BATCH, TABLES, Sealed
from storage.sql import Row, Script
from storage.tombstones import Tombstone, buried, is_of, salted
from storage.transactions import keepsakes, links
from storage.transactions.anonymous_pool import Pool
from storage.transactions.deletion import erase_project, retract
from storage.transactions.erasure_progress import Erased, begun, counted, finished
from storage.transactions.letters import SayBody, put_letter
from storage.transactions.locks import lock_project
from storage.transactions.people import keep_prefs
from storage.transactions.posts import body_of, redraw_post
from storage.transactions.rows import erased_id
from storage.transactions.scope import Scope, from_us
from storage.vault import Vault

ALWAYS = frozenset({"project", "published", "link", "keepsake"})
RESTRICTED = frozenset({"concern"})
"""Dialogs whose states say who may read a text."""
OF_THE_MOMENT = tuple(table for table in TABLES if table.table in ("inbox", "room", "bagged"))
_SPACE = re.compile(r"\s")
OTHER = "other"
"""Records of kinds that this code does not know: another version of Digi wrote them."""


class Forgetting(Protocol):
    """What the dialogs know of their own states."""

    def without(self, dialog: str, state: bytes, person: str) -> bytes: ...

    def no_longer(self, role: str) -> NeutralCard: ...


def workplaces_of(person: str) -> Script[tuple[str, ...]]:
    rows = yield "person_every", {}
    return tuple(sorted({row["tenant"] for row in rows if row["id"] == person}))


def seats_of(person: str) -> Script[tuple[tuple[str, str, str], ...]]:
    """Workplace, project and role, where somebody of this id holds one."""
    places = yield from workplaces_of(person)
    found = []
    for tenant in places:
        rows = yield "person_roles", {"tenant": tenant, "person": person}
        found += [(tenant, r["project"], r["role"]) for r in rows if r["status"] == "confirmed"]
    return tuple(found)


def erase_person(
    vault: Vault,
    forgetting: Forgetting,
    tenant: str,
    person: str,
    now: datetime,
    also_in: frozenset[str] = frozenset(),
) -> Script[None]:
    """In one transaction, for a database that nobody is served from: in each project in which a
    row by name speaks of this person, and in these."""
    for project in (yield from projects_of(tenant)):
        also = project[0] in also_in
        yield from erase_in_project(vault, forgetting, tenant, project, person, now, also=also)
    for table in OF_THE_MOMENT:
        after: Row | None = first_of(table, tenant)
        while after is not None:
            after = yield from erase_of_the_moment(vault, table, tenant, person, after)
    yield from erase_in_workplace(tenant, person)
    yield from buried("person", salted(tenant, person), now)


def projects_of(tenant: str) -> Script[tuple[tuple[str, str], ...]]:
    """Id and channel of each."""
    rows = yield "project_every", {}
    return tuple((row["id"], row["channel"]) for row in rows if row["tenant"] == tenant)


def erase_in_project(
    vault: Vault,
    forgetting: Forgetting,
    tenant: str,
    project: tuple[str, str],
    person: str,
    now: datetime,
    *,
    also: bool = False,
) -> Script[Erased]:
    """Done again, it finds nothing left. `also`: where no row by name speaks of the person, too."""
    id, channel = project
    scope = Scope(tenant, id, vault)
    seats = yield "person_roles", {"tenant": tenant, "person": person}
    known = also or any(seat["project"] == id for seat in seats)
    if not (known or (yield from _is_named(scope, person))):
        return Erased()
    # From here on no turn can write down again what it read before.
    yield from lock_project(tenant, id)
    records = yield from _records(scope, person)
    states = yield from _states(forgetting, scope, person)
    letters = yield from _letters(scope, person)
    left, kept = yield from _roles(forgetting, scope, person, channel, now)
    yield from _as_reader(scope, person)
    unnamed = records.pop("", 0) + states + letters
    records["role"] += left
    if records.total() or unnamed or kept:
        yield from _redraw(scope, now)
    return Erased(dict(+records), unnamed, kept)


def erase_in_workplace(tenant: str, person: str) -> Script[None]:
    """What belongs to no project; with this nothing tells any more whom the tombstone means."""
    key = {"tenant": tenant, "person": person}
    for statement in (
        "person_letters",
        "person_posts",
        "person_snapshots",
        "person_bagged",
        "person_leaves",
        "person_delete",
        "person_room",
        "person_links",
    ):
        yield statement, key


# --- in steps, for a database that is served ------------------------------------------------


def first_step(vault: Vault, tenant: str, person: str, now: datetime) -> Script[Tombstone]:
    """The name goes at once. The row stays until the last step: by it a start after a stop knows
    whom the tombstone means."""
    stone = yield from begun(tenant, person, now)
    yield from keep_prefs(tenant, vault, person, Prefs())
    return stone


def project_step(
    vault: Vault,
    forgetting: Forgetting,
    tenant: str,
    project: tuple[str, str],
    person: str,
    now: datetime,
    stone: str,
) -> Script[None]:
    """What goes is counted for the proof in the same transaction."""
    gone = yield from erase_in_project(vault, forgetting, tenant, project, person, now)
    if gone != Erased():
        yield from counted(stone, gone)


def last_step(tenant: str, person: str, stone: str) -> Script[None]:
    yield from erase_in_workplace(tenant, person)
    yield from finished(stone)


def _is_named(scope: Scope, person: str) -> Script[bool]:
    """Whether any row by name speaks of this person. Who may be chosen as a reader has a role, so
    the pool need not be opened to know."""
    id = person.encode()
    for table, *key in (("record", "kind", "id"), ("state", "dialog", "id"), ("letter", "id")):
        rows = yield f"{table}_every", scope.key
        for row in rows:
            opened = _whole(scope, table, row, *(row[name] for name in key))
            if row.get("person") == person or (opened is not None and id in opened):
                return True
    return False


def _whole(scope: Scope, table: str, row: Row, *more: str) -> bytes | None:
    """None where the value is damaged: nobody reads a name in it any more, and it stays as it is;
    what stands beside it in plain text is changed all the same."""
    return scope.open_if_whole(table, row["body"], *more)


def _records(scope: Scope, person: str) -> Script[Counter[str]]:
    found: Counter[str] = Counter()
    rows = yield "record_every", scope.key
    for row in rows:
        kind, id = row["kind"], row["id"]
        known = RECORD_KINDS.get(kind)
        if row["person"] == person and (known is None or known.on_erase == "delete"):
            yield "record_forget", {**scope.key, "kind": kind, "id": id}
            found[kind if known else OTHER] += 1
            continue
        body = _whole(scope, "record", row, kind, id)
        after = body and without_name(body, person)
        if after == body and row["person"] != person:
            continue
        yield (
            "record_put",
            {
                **scope.key,
                "kind": kind,
                "id": id,
                "ref": row["ref"],
                "person": FORMER if row["person"] == person else row["person"],
                "at": row["at_us"],
                "body": row["body"] if after is None else scope.seal("record", after, kind, id),
            },
        )
        found[""] += 1
    return found


def _states(forgetting: Forgetting, scope: Scope, person: str) -> Script[int]:
    """How many were changed, without those of what was said to chosen readers: whom a text was
    for is its author's business. For the same reason each of these is sealed anew, as long as it
    was, so that two copies of the database do not show which of them named this person."""
    changed = 0
    rows = yield "state_every", scope.key
    for row in rows:
        dialog, id = row["dialog"], row["id"]
        before = _whole(scope, "state", row, dialog, id)
        if before is None:
            continue
        after = without_name(forgetting.without(dialog, before, person), person)
        if after == before and dialog not in RESTRICTED:
            continue
        after = after.ljust(len(before))
        yield (
            "reseal_state",
            {
                **scope.key,
                "dialog": dialog,
                "id": id,
                "sealed": scope.seal("state", after, dialog, id),
            },
        )
        changed += dialog not in RESTRICTED
    return changed


def _as_reader(scope: Scope, person: str) -> Script[None]:
    """Out of the readers of what was said without a name, released or not. Nobody takes the place;
    the author sees by code who is left to read, and may choose others.

    The pool and all that was published are sealed anew whoever was meant, and as long as they
    were: that this person was a reader shows nowhere, nor do we count it.
    """
    rows = yield "published_every", scope.key
    for row in rows:
        before = _whole(scope, "published", row, row["id"])
        if before is None:
            continue
        after = without_name(before, person).ljust(len(before))
        sealed = scope.seal("published", after, row["id"])
        yield "published_body", {**scope.key, "id": row["id"], "body": sealed}
    rows = yield "pool_get", scope.key
    for row in rows:
        pool = Pool.open_if_whole(scope.vault, scope.tenant, scope.project, row["sealed"])
        if pool is None:
            continue
        after_all = pool.changed(lambda body: cast("dict[str, Any]", _without(body, person)))
        sealed = after_all.seal(scope.vault, scope.tenant, scope.project)
        yield "pool_put", {**scope.key, "sealed": sealed}


def _letters(scope: Scope, person: str) -> Script[int]:
    changed = 0
    rows = yield "letter_every", scope.key
    for row in rows:
        before = _whole(scope, "letter", row, row["id"])
        if before is not None and (after := without_name(before, person)) != before:
            sealed = scope.seal("letter", after, row["id"])
            yield "letter_body", {"id": row["id"], "body": sealed}
            changed += 1
    return changed


def _roles(
    forgetting: Forgetting,
    scope: Scope,
    person: str,
    channel: str,
    now: datetime,
) -> Script[tuple[int, int]]:
    """Whoever has led stays known as such while the project lives, under a MAC: nobody can be
    forgotten and then fill the pool. The channel hears which seat is empty, and not whose it was.
    """
    gone = kept = 0
    erased = erased_id(scope, person)
    rows = yield "person_roles", {"tenant": scope.tenant, "person": person}
    for row in rows:
        if row["project"] != scope.project:
            continue
        role = row["role"]
        held = row["status"] == "confirmed"
        if has_led(Role(person, role, row["status"], led=bool(row["led"]))):
            yield (
                "role_put",
                {
                    **scope.key,
                    "person": erased,
                    "role": role,
                    "status": "was",
                    "body": scope.seal("role", b"", erased, role),
                },
            )
            kept += 1
        else:
            gone += 1
        yield "role_drop", {**scope.key, "person": person, "role": role}
        if held:
            card = msgspec.json.encode(forgetting.no_longer(role))
            body = msgspec.json.encode(SayBody(msgspec.Raw(card)))
            yield from put_letter(scope, f"channel:{channel}", "say", now, body)
    return gone, kept


def _redraw(scope: Scope, now: datetime) -> Script[None]:
    rows = yield "post_every", scope.key
    for row in rows:
        if (body := body_of(scope, row)) is not None:
            yield from redraw_post(scope, body, now)


def first_of(table: Sealed, tenant: str) -> Row:
    after: Row = dict.fromkeys(table.key, "")
    return {**after, "tenant": tenant} if "tenant" in after else after


def erase_of_the_moment(
    vault: Vault, table: Sealed, tenant: str, person: str, after: Row
) -> Script[Row | None]:
    """Some of what was answered in the last day, of the bags that were sent, and of the messages of
    the pretended workplace: those after this row. Answers with the last of them; None where no
    more follow."""
    rows = yield f"sealed_{table.table}", {**after, "limit": BATCH}
    for row in rows:
        if row.get("tenant", tenant) != tenant:
            return None
        place = table.place(row)
        before = vault.open_if_whole(row[table.column], *place)
        if before is None:
            continue
        if (left := without_name(before, person)) != before:
            named = {name: row[name] for name in table.key}
            sealed = vault.seal(left.ljust(len(before)), *place)
            yield f"reseal_{table.table}", {**named, "sealed": sealed}
    return {name: rows[-1][name] for name in table.key} if len(rows) == BATCH else None


def without_name(body: bytes, person: str) -> bytes:
    """The same JSON where nobody of that name stands: lists lose the person, fields name none."""
    if person.encode() not in body:
        return body
    before = msgspec.json.decode(body)
    after = _without(before, person)
    return body if after == before else msgspec.json.encode(after)


def _without(value: Any, person: str) -> Any:
    match value:
        case dict():
            return {key: _without(one, person) for key, one in value.items() if key != person}
        case list():
            return [_without(one, person) for one in value if one != person]
        case str() if value == person:
            return FORMER
        case str() if person in value and not _SPACE.search(value):
            # An id inside one of ours, like `draft:<person>`. A sentence is somebody's own.
            return re.sub(rf"(?<![\w-]){re.escape(person)}(?![\w-])", FORMER, value)
        case _:
            return value


# --- a restored backup --------------------------------------------------------------------


def heeded(
    vault: Vault, forgetting: Forgetting, found: list[Tombstone], since_us: int
) -> Script[int]:
    """Delete again what was deleted after this moment; answers how many stones were heeded.

    A random id never comes again, so its stone is heeded whenever it was laid. A person may have
    come back since: theirs counts for what is older than it.
    """
    newer = [one for one in found if one.at_us >= since_us or one.kind in ALWAYS]
    people: list[Row] = []
    if any(one.kind in ("person", "mine") for one in newer):
        people = yield "person_every", {}
    for one in newer:
        now = from_us(one.at_us)
        match one.kind:
            case "project":
                rows = yield "project_place", {"id": one.id}
                for row in rows:
                    project = Scope(row["tenant"], one.id, vault)
                    yield from erase_project(project, now)
            case "published":
                rows = yield "published_place", {"id": one.id}
                for row in rows:
                    there = Scope(row["tenant"], row["project"], vault)
                    yield from retract(there, one.id)
            case "person":
                for row in people:
                    if is_of(one.id, row["tenant"], row["id"]):
                        yield from erase_person(vault, forgetting, row["tenant"], row["id"], now)
            case "link":
                yield from links.withdraw_again(one.id)
            case "keepsake":
                yield from keepsakes.discard_again(one.id)
            case "mine":
                yield from _mine_again(one, people)
            case _:
                pass
    return len(newer)


def _mine_again(one: Tombstone, people: list[Row]) -> Script[None]:
    projects = yield "project_every", {}
    for project in projects:
        for row in people:
            who = (project["tenant"], project["id"], row["id"])
            if row["tenant"] == project["tenant"] and is_of(one.id, *who):
                for kind in DELETABLE_BY_AUTHOR:
                    yield (
                        "record_forget_person",
                        {
                            "tenant": project["tenant"],
                            "project": project["id"],
                            "kind": kind,
                            "person": row["id"],
                        },
                    )
