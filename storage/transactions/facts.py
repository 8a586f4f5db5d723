"""Answers the facts that dialogs ask for, each with exactly one script."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from dialogs.model import facts as f
from dialogs.model.cards import UNREADABLE
from dialogs.model.records import RECORD_KINDS
from storage.sql import Row, Script
from storage.transactions import keepsakes
from storage.transactions.anonymous_pool import Pool
from storage.transactions.rows import (
    AT_ONCE,
    channel_of,
    numbered,
    opened_project,
    prefs_of,
    project_of,
    projects_of,
    roles_of,
)
from storage.transactions.scope import Scope, from_us, to_us
from storage.vault import Unreadable, code_hash, normalise_code

T = TypeVar("T")


def _about(scope: Scope, fact: f.About) -> Script[f.Project | None]:
    return (yield from project_of(scope))


def _roles(scope: Scope, fact: f.Roles) -> Script[tuple[f.Role, ...]]:
    return (yield from roles_of(scope))


def _team(scope: Scope, fact: f.Team) -> Script[tuple[str, ...]]:
    return (yield from _members(scope, "member_counting"))


def _present(scope: Scope, fact: f.Present) -> Script[tuple[str, ...]]:
    return (yield from _members(scope, "member_all"))


def _present_in(scope: Scope, fact: f.PresentIn) -> Script[tuple[str, ...]]:
    rows = yield "member_all", {"tenant": scope.tenant, "channel": fact.channel}
    return tuple(row["person"] for row in rows)


def _members(scope: Scope, name: str) -> Script[tuple[str, ...]]:
    project = yield from project_of(scope)
    if project is None:
        return ()
    rows = yield name, {"tenant": scope.tenant, "channel": project.channel}
    return tuple(row["person"] for row in rows)


def _prefs(scope: Scope, fact: f.PrefsOf) -> Script[f.Prefs]:
    return (yield from prefs_of(scope.tenant, scope.vault, fact.person))


def _body(scope: Scope, table: str, sealed: bytes, *more: str) -> dict[str, Any]:
    """The body of a list's item; where it is damaged, a text that says so when shown."""
    opened = scope.vault.open_if_whole(sealed, table, scope.tenant, scope.project, *more)
    body: dict[str, Any] = {"text": UNREADABLE} if opened is None else msgspec.json.decode(opened)
    return body


def _rec(scope: Scope, kind: str, row: Row) -> f.Rec:
    body = _body(scope, "record", row["body"], kind, row["id"])
    return f.Rec(row["id"], row["ref"], row["person"], from_us(row["at_us"]), body)


def _records(scope: Scope, fact: f.Records) -> Script[tuple[f.Rec, ...]]:
    if fact.ref:
        rows = yield (
            "records_of_ref",
            {**scope.key, "kind": fact.kind, "ref": fact.ref, "limit": fact.limit},
        )
    else:
        rows = yield "records_of_kind", {**scope.key, "kind": fact.kind, "limit": fact.limit}
    return tuple(_rec(scope, fact.kind, row) for row in rows)


def _records_since(scope: Scope, fact: f.RecordsSince) -> Script[tuple[f.Rec, ...]]:
    rows = yield (
        "records_since",
        {**scope.key, "kind": fact.kind, "since": to_us(fact.since)},
    )
    return tuple(_rec(scope, fact.kind, row) for row in rows)


def _mine(scope: Scope, fact: f.Mine) -> Script[f.Rec | None]:
    rows = yield (
        "record_mine",
        {**scope.key, "kind": fact.kind, "ref": fact.ref, "person": fact.person},
    )
    found = _rec(scope, fact.kind, rows[0]) if rows else None
    # A damaged value is overwritten instead of changed.
    return None if found is None or found.body.get("text") == UNREADABLE else found


def _my_refs(scope: Scope, fact: f.MyRefs) -> Script[frozenset[str]]:
    rows = yield (
        "record_refs_of_person",
        {**scope.key, "kind": fact.kind, "person": fact.person},
    )
    return frozenset(row["ref"] for row in rows)


def _by(scope: Scope, fact: f.By) -> Script[frozenset[str]]:
    rows = yield "record_people", {**scope.key, "kind": fact.kind, "ref": fact.ref}
    return frozenset(row["person"] for row in rows)


def _by_team(scope: Scope, fact: f.ByTeam) -> Script[frozenset[tuple[str, str]]]:
    channel = yield from channel_of(scope)
    rows = yield (
        "record_refs_of_team",
        {**scope.key, "channel": channel or "", "kind": fact.kind},
    )
    return frozenset((row["person"], row["ref"]) for row in rows)


def _how_many(scope: Scope, fact: f.HowMany) -> Script[int]:
    if RECORD_KINDS[fact.kind].counted:
        # A second answer replaces the first; a trigger in the database keeps the count.
        rows = yield "answered", {**scope.key, "ref": fact.ref}
        return int(rows[0]["n"]) if rows else 0
    rows = yield "record_count", {**scope.key, "kind": fact.kind, "ref": fact.ref}
    return int(rows[0]["n"])


def _how_many_each(scope: Scope, fact: f.HowManyEach) -> Script[Mapping[str, int]]:
    assert RECORD_KINDS[fact.kind].counted
    rows = yield "answered_each", scope.key
    return {row["ref"]: int(row["n"]) for row in rows}


def _state(scope: Scope, fact: f.StateOf) -> Script[f.Written | None]:
    rows = yield "state_get", {**scope.key, "dialog": fact.dialog, "id": fact.of}
    return scope.state(rows[0]["body"], fact.dialog, fact.of) if rows else None


def _states(scope: Scope, fact: f.States) -> Script[tuple[f.Stated, ...]]:
    rows = yield "state_all", {**scope.key, "dialog": fact.dialog}
    return _stated(scope, fact.dialog, rows)


def _stated(scope: Scope, dialog: str, rows: list[Row]) -> tuple[f.Stated, ...]:
    found = []
    for row in rows:
        id = row["id"]
        try:
            body = scope.read(f.Written, row["body"], "state", dialog, id)
        except Unreadable:
            continue  # damaged items are left out of a list; reading one by itself raises
        found.append(f.Stated(id, body))
    return tuple(found)


def _unnamed(scope: Scope, row: Row) -> f.Unnamed:
    body = _body(scope, "published", row["body"], row["id"])
    return f.Unnamed(row["id"], row["kind"], row["ref"], row["release"], body, row["receipt"])


def _published(scope: Scope, fact: f.Published) -> Script[tuple[f.Unnamed, ...]]:
    if fact.ref:
        rows = yield "published_of_ref", {**scope.key, "kind": fact.kind, "ref": fact.ref}
    else:
        rows = yield "published_of", {**scope.key, "kind": fact.kind}
    return tuple(_unnamed(scope, row) for row in rows)


def _snapshot(scope: Scope, fact: f.SnapshotOf) -> Script[f.Snap | None]:
    rows = yield "snapshot_get", {**scope.key, "audience": fact.audience}
    for row in rows:
        place = (scope.tenant, scope.project, row["audience"], str(row["release"]))
        # The previous snapshot is still true; the next release publishes all of it again.
        body = scope.vault.open_if_whole(row["body"], "snapshot", *place)
        if body is not None:
            return f.Snap(row["audience"], row["release"], msgspec.json.decode(body))
    if rows:
        raise Unreadable("no snapshot opens")
    return None


def _unreleased(scope: Scope, fact: f.Unreleased) -> Script[tuple[f.Waiting, ...]]:
    rows = yield "pool_get", scope.key
    if not rows:
        return ()
    pool = Pool.open_if_whole(scope.vault, scope.tenant, scope.project, rows[0]["sealed"])
    # A release goes on without a damaged pool; writing the pool then replaces it.
    return () if pool is None else pool.drawn(fact.kinds, fact.ref)


def _by_code(scope: Scope, fact: f.ByCode) -> Script[f.Authored | None]:
    """Look a code up. Known and unknown codes take the same path (every pool is opened), so that
    the time taken tells nothing."""
    code = normalise_code(fact.code)
    receipt = code_hash(code) if code else b"\0" * 32
    found: f.Authored | None = None
    unsent: list[tuple[str, dict[str, Any]]] = []
    pools = yield "pool_all", {"tenant": scope.tenant}
    for row in pools:
        pool = Pool.open_if_whole(scope.vault, scope.tenant, row["project"], row["sealed"])
        if pool is None:
            continue
        found = pool.authored(row["project"], receipt) or found
        unsent.extend(pool.spoken_for(receipt))
    rows = yield "published_by_receipt", {"tenant": scope.tenant, "receipt": receipt}
    one = _unnamed(Scope(scope.tenant, rows[0]["project"], scope.vault), rows[0]) if rows else None
    there = Scope(scope.tenant, rows[0]["project"] if rows else scope.project, scope.vault)
    id = one.id if one else "-"
    later = yield "published_of_ref", {**there.key, "kind": "more", "ref": id}
    state = yield "state_get", {**there.key, "dialog": "concern", "id": id}
    answers = yield (
        "records_of_ref",
        {**there.key, "kind": "concern_answer", "ref": id, "limit": 100},
    )
    if one is not None:
        found = f.Authored(
            there.project,
            False,
            one.kind,
            one.ref,
            one.id,
            one.body,
            tuple(_unnamed(there, row).body for row in later),
            receipt,
            tuple(unsent),
            _one_of(there, "concern", id, state),
            tuple(_rec(there, "concern_answer", row) for row in answers),
        )
    return found


def _one_of(scope: Scope, dialog: str, of: str, rows: list[Row]) -> f.Written | None:
    found = _stated(scope, dialog, [{**row, "id": of} for row in rows])
    return found[0].body if found else None


def _my_projects(scope: Scope, fact: f.MyProjects) -> Script[tuple[f.Project, ...]]:
    return (yield from projects_of(scope.tenant, scope.vault, fact.person))


def _in_each(scope: Scope, fact: f.InEach) -> Script[tuple[dict[f.Fact[Any], Any], ...]]:
    mine = yield from projects_of(scope.tenant, scope.vault, fact.person)
    found = []
    for project in mine[: fact.limit]:
        there = Scope(scope.tenant, project.id, scope.vault)
        with suppress(Unreadable):
            found.append((yield from gather(there, fact.facts)))
    return tuple(found)


def _every_project(scope: Scope, fact: f.EveryProject) -> Script[tuple[f.Project, ...]]:
    rows = yield "state_of_every_project", {"tenant": scope.tenant}
    found = []
    for row in rows:
        # A damaged project is left out, as from any list.
        with suppress(Unreadable):
            project = opened_project(Scope(scope.tenant, row["project"], scope.vault), row["body"])
            if project.started_at is not None:
                found.append(project)
    return tuple(sorted(found, key=lambda one: (one.started_at, one.id)))


def _channel_project(scope: Scope, fact: f.ChannelProject) -> Script[f.Project | None]:
    rows = yield "project_of_channel", {"tenant": scope.tenant, "channel": fact.channel}
    if not rows:
        return None
    return (yield from project_of(Scope(scope.tenant, rows[0]["id"], scope.vault)))


def _keepsakes(scope: Scope, fact: f.Keepsakes) -> Script[tuple[f.Keepsake, ...]]:
    return (yield from keepsakes.of_kind(scope.tenant, scope.vault, fact.kind))


def _keepsakes_here(scope: Scope, fact: f.KeepsakesHere) -> Script[tuple[f.Keepsake, ...]]:
    return (yield from keepsakes.of_person(scope.tenant, scope.vault, fact.kind, fact.person))


SCRIPTS: dict[type[f.Fact[Any]], Callable[[Scope, Any], Script[Any]]] = {
    f.About: _about,
    f.Roles: _roles,
    f.Team: _team,
    f.Present: _present,
    f.PresentIn: _present_in,
    f.PrefsOf: _prefs,
    f.Records: _records,
    f.RecordsSince: _records_since,
    f.Mine: _mine,
    f.MyRefs: _my_refs,
    f.By: _by,
    f.ByTeam: _by_team,
    f.HowMany: _how_many,
    f.HowManyEach: _how_many_each,
    f.StateOf: _state,
    f.States: _states,
    f.Published: _published,
    f.SnapshotOf: _snapshot,
    f.Unreleased: _unreleased,
    f.ByCode: _by_code,
    f.MyProjects: _my_projects,
    f.InEach: _in_each,
    f.EveryProject: _every_project,
    f.ChannelProject: _channel_project,
    f.Keepsakes: _keepsakes,
    f.KeepsakesHere: _keepsakes_here,
}


def _dialog_read_whole(fact: f.Fact[Any]) -> str:
    """The dialog whose states in the project a fact needs all of; "" for other facts."""
    match fact:
        case f.About():
            return "project"
        case f.States(dialog=dialog):
            return dialog
        case f.StateOf(dialog=dialog, of=of) if of == dialog:
            return dialog
        case _:
            return ""


def _states_at_once(scope: Scope, wanted: Iterable[f.Fact[Any]]) -> Script[dict[f.Fact[Any], Any]]:
    """Answer the facts that need all states of a dialog, with one statement for all dialogs."""
    asked = {fact: dialog for fact in wanted if (dialog := _dialog_read_whole(fact))}
    dialogs = list(dict.fromkeys(asked.values()))
    if not 1 < len(dialogs) <= AT_ONCE:
        return {}
    there: dict[str, list[Row]] = {dialog: [] for dialog in dialogs}
    for row in (yield "state_some", {**scope.key, **numbered(dialogs)}):
        there[row["dialog"]].append(row)
    return {fact: _answered(scope, fact, there[dialog]) for fact, dialog in asked.items()}


def _answered(scope: Scope, fact: f.Fact[Any], rows: list[Row]) -> Any:
    match fact:
        case f.States(dialog=dialog):
            return _stated(scope, dialog, rows)
        case f.About():
            return opened_project(scope, rows[0]["body"]) if rows else None
        case f.StateOf(dialog=dialog, of=of):
            return scope.state(rows[0]["body"], dialog, of) if rows else None
        case _:
            raise AssertionError(fact)


def gather(
    scope: Scope,
    wanted: tuple[f.Fact[Any], ...],
    already: Mapping[f.Fact[Any], Any] = MappingProxyType({}),
) -> Generator[tuple[str, Any], list[Row], dict[f.Fact[Any], Any]]:
    """Answer all these facts; `already` holds answers that this transaction knows already."""
    states = yield from _states_at_once(scope, (fact for fact in wanted if fact not in already))
    known = {**already, **states}
    found: dict[f.Fact[Any], Any] = {}
    for fact in wanted:
        if fact not in found:
            found[fact] = (
                known[fact] if fact in known else (yield from SCRIPTS[type(fact)](scope, fact))
            )
    return found
