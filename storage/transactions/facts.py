"""Answers the facts that dialogs ask for, each with exactly one script."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from dialogs.model import facts as f
from dialogs.model.cards import UNREADABLE
from dialogs.model.records import RECORD_KINDS
from dialogs.model.roles import of_foreign
from storage.sql import Row, Script
from storage.transactions.anonymous_pool import Pool
from storage.vault import Unreadable, Vault, code_hash, normalise_code

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 8
"""The most people or dialogs that one statement asks for, as parameters :n0, :n1, ..."""
_project = msgspec.json.Decoder(f.Project).decode
_prefs_of = msgspec.json.Decoder(f.Prefs).decode


def to_us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def drawn_ids() -> Iterator[str]:
    """Random ids with a common random prefix: a turn's letters lie side by side in the index, so
    that few of its pages change however large the table is."""
    first = secrets.token_hex(13)
    for number in itertools.count():
        yield f"{first}{number:06x}"


class Scope(msgspec.Struct, frozen=True):
    """The project whose facts are asked for, with what this transaction shares between scripts."""

    tenant: str
    project: str
    vault: Vault
    channels: dict[str, str | None] = {}
    """Channels of projects that this turn has looked up."""
    ids: Iterator[str] = msgspec.field(default_factory=drawn_ids)
    """Ids for the rows that this turn writes."""
    remembers: bool = True
    """Whether to cache what is decrypted. Not for timers: thousands of projects, each read once in
    their hour, would evict what people look at."""

    def open(self, table: str, sealed: bytes, *more: str) -> bytes:
        return self.vault.open(sealed, table, self.tenant, self.project, *more)

    def state(self, sealed: bytes, dialog: str, of: str) -> f.Written:
        return self.read(f.Written, sealed, "state", dialog, of)

    def read(self, made: Callable[[bytes], T], sealed: bytes, table: str, *more: str) -> T:
        if not self.remembers:
            return made(self.open(table, sealed, *more))
        return self.vault.read(made, sealed, table, self.tenant, self.project, *more)

    @property
    def key(self) -> dict[str, str]:
        return {"tenant": self.tenant, "project": self.project}


def channel_of(scope: Scope) -> Script[str | None]:
    """The project's channel; None where there is no project."""
    if scope.project not in scope.channels:
        project = yield from project_of(scope)
        scope.channels[scope.project] = project.channel if project else None
    return scope.channels[scope.project]


def _about(scope: Scope, fact: f.About) -> Script[f.Project | None]:
    return (yield from project_of(scope))


def project_of(scope: Scope) -> Script[f.Project | None]:
    rows = yield "state_get", {**scope.key, "dialog": "project", "id": "project"}
    return opened_project(scope, rows[0]["body"]) if rows else None


def whole_project_of(scope: Scope) -> Script[f.Project | None]:
    """The project; None also where its state is damaged, for callers that can do without."""
    try:
        return (yield from project_of(scope))
    except Unreadable:
        return None


def opened_project(scope: Scope, sealed: bytes) -> f.Project:
    return scope.read(_project, sealed, "state", "project", "project")


def roles_of(scope: Scope) -> Script[tuple[f.Role, ...]]:
    rows = yield "role_all", scope.key
    roles = tuple(opened_role(scope, row["person"], row) for row in rows)
    return (yield from known_again(scope, roles))


ERASED = "led:"


def erased_id(scope: Scope, person: str) -> str:
    """The pseudonym under which it is kept that an erased person has led the project. It is a MAC:
    only somebody with the key can check whether a given id is this one."""
    return ERASED + scope.vault.mac(f"led|{scope.tenant}|{scope.project}|{person}".encode())


def known_again(
    scope: Scope, roles: tuple[f.Role, ...], *people: str
) -> Script[tuple[f.Role, ...]]:
    """Replace the pseudonyms of erased former leaders by the ids of those who came back (as
    `people`, in the channel, or in another role), and drop the rest."""
    erased = [role for role in roles if role.person.startswith(ERASED)]
    if not erased:
        return roles
    channel = yield from channel_of(scope)
    members = yield "member_all", {"tenant": scope.tenant, "channel": channel or ""}
    here = {*people, *(row["person"] for row in members), *(role.person for role in roles)}
    names = {erased_id(scope, person): person for person in here}
    led = {(names[role.person], role.role) for role in erased if role.person in names}
    rest = [role for role in roles if role not in erased]
    only = led - {(role.person, role.role) for role in rest}
    return (
        *(
            msgspec.structs.replace(role, led=role.led or (role.person, role.role) in led)
            for role in rest
        ),
        *(f.Role(person, role, "was", led=True) for person, role in sorted(only)),
    )


def opened_role(scope: Scope, person: str, row: Row) -> f.Role:
    try:
        detail = scope.read(bytes.decode, row["body"], "role", person, row["role"])
    except Unreadable:
        detail = ""  # who holds it stands beside it
    role = f.Role(person, row["role"], row["status"], detail, bool(row["led"]))
    prefs = row["holder_prefs"]
    foreign = prefs is not None and opened_prefs(scope.tenant, scope.vault, person, prefs).foreign
    return of_foreign(role) if foreign else role


def _roles(scope: Scope, fact: f.Roles) -> Script[tuple[f.Role, ...]]:
    return (yield from roles_of(scope))


def _team(scope: Scope, fact: f.Team) -> Script[tuple[str, ...]]:
    return (yield from _members(scope, "member_counting"))


def _present(scope: Scope, fact: f.Present) -> Script[tuple[str, ...]]:
    return (yield from _members(scope, "member_all"))


def _members(scope: Scope, name: str) -> Script[tuple[str, ...]]:
    project = yield from project_of(scope)
    if project is None:
        return ()
    rows = yield name, {"tenant": scope.tenant, "channel": project.channel}
    return tuple(row["person"] for row in rows)


def known_people(tenant: str, asked: Sequence[str]) -> Script[set[str]]:
    """Those in `asked` whom a platform has confirmed to be people before."""
    found: set[str] = set()
    for at in range(0, len(asked), _AT_ONCE):
        some = _numbered(asked[at : at + _AT_ONCE])
        found.update(row["person"] for row in (yield "member_known", {"tenant": tenant, **some}))
    return found


def prefs_of(tenant: str, vault: Vault, person: str) -> Script[f.Prefs]:
    rows = yield "person_get", {"tenant": tenant, "person": person}
    return opened_prefs(tenant, vault, person, rows[0]["body"] if rows else None)


def prefs_of_all(tenant: str, vault: Vault, people: Sequence[str]) -> Script[dict[str, f.Prefs]]:
    """The settings of all of them, many with one statement."""
    found = {person: f.Prefs() for person in people}
    asked = [*found]
    for at in range(0, len(asked), _AT_ONCE):
        some = _numbered(asked[at : at + _AT_ONCE])
        for row in (yield "person_some", {"tenant": tenant, **some}):
            found[row["id"]] = opened_prefs(tenant, vault, row["id"], row["body"])
    return found


def _numbered(some: Sequence[str]) -> dict[str, str]:
    return {f"n{n}": some[n] if n < len(some) else "" for n in range(_AT_ONCE)}


def opened_prefs(tenant: str, vault: Vault, person: str, sealed: bytes | None) -> f.Prefs:
    if sealed is None:
        return f.Prefs()
    try:
        return vault.read(_prefs_of, sealed, "person", tenant, person)
    except Unreadable:
        return f.Prefs()  # the name is said again with the person's next act


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


def _state(scope: Scope, fact: f.State) -> Script[f.Written | None]:
    rows = yield "state_get", {**scope.key, "dialog": fact.dialog, "id": fact.of}
    return scope.state(rows[0]["body"], fact.dialog, fact.of) if rows else None


def _states(scope: Scope, fact: f.States) -> Script[tuple[f.Stated, ...]]:
    rows = yield "state_all", {**scope.key, "dialog": fact.dialog}
    return _stated(scope, fact.dialog, rows)


def _stated(scope: Scope, dialog: str, rows: list[Row]) -> tuple[f.Stated, ...]:
    found = []
    for row in rows:
        # Damaged items are left out of a list; reading one by itself raises.
        with suppress(Unreadable):
            found.append(f.Stated(row["id"], scope.state(row["body"], dialog, row["id"])))
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


def may_see(project: f.Project, roles: tuple[f.Role, ...], person: str) -> bool:
    """Whether a person may see a project: a draft only who began it and who is asked to take a
    role."""
    return (
        project.stage != "draft"
        or project.starter == person
        or any(role.person == person for role in roles)
    )


def projects_of(tenant: str, vault: Vault, person: str) -> Script[tuple[f.Project, ...]]:
    """The open projects whose channel a person is in or has a role in, oldest first."""
    rows = yield "projects_of_person", {"tenant": tenant, "person": person}
    found = []
    damaged = False
    for row in rows:
        there = Scope(tenant, row["id"], vault)
        try:
            project = yield from project_of(there)
        except Unreadable:
            damaged = True
            continue
        roles = yield from roles_of(there)
        if project is not None and may_see(project, roles, person):
            found.append(project)
    if damaged and not found:
        raise Unreadable("no project of this person opens")  # there is one, so none is no answer
    return tuple(sorted(found, key=lambda p: p.drafted_at))


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


def _channel_project(scope: Scope, fact: f.ChannelProject) -> Script[f.Project | None]:
    rows = yield "project_of_channel", {"tenant": scope.tenant, "channel": fact.channel}
    if not rows:
        return None
    return (yield from project_of(Scope(scope.tenant, rows[0]["id"], scope.vault)))


SCRIPTS: dict[type[f.Fact[Any]], Callable[[Scope, Any], Script[Any]]] = {
    f.About: _about,
    f.Roles: _roles,
    f.Team: _team,
    f.Present: _present,
    f.PrefsOf: _prefs,
    f.Records: _records,
    f.RecordsSince: _records_since,
    f.Mine: _mine,
    f.MyRefs: _my_refs,
    f.By: _by,
    f.ByTeam: _by_team,
    f.HowMany: _how_many,
    f.HowManyEach: _how_many_each,
    f.State: _state,
    f.States: _states,
    f.Published: _published,
    f.SnapshotOf: _snapshot,
    f.Unreleased: _unreleased,
    f.ByCode: _by_code,
    f.MyProjects: _my_projects,
    f.InEach: _in_each,
    f.ChannelProject: _channel_project,
}


def _dialog_read_whole(fact: f.Fact[Any]) -> str:
    """The dialog whose states in the project a fact needs all of; "" for other facts."""
    match fact:
        case f.About():
            return "project"
        case f.States(dialog=dialog):
            return dialog
        case f.State(dialog=dialog, of=of) if of == dialog:
            return dialog
        case _:
            return ""


def _states_at_once(scope: Scope, wanted: Iterable[f.Fact[Any]]) -> Script[dict[f.Fact[Any], Any]]:
    """Answer the facts that need all states of a dialog, with one statement for all dialogs."""
    asked = {fact: dialog for fact in wanted if (dialog := _dialog_read_whole(fact))}
    dialogs = list(dict.fromkeys(asked.values()))
    if not 1 < len(dialogs) <= _AT_ONCE:
        return {}
    there: dict[str, list[Row]] = {dialog: [] for dialog in dialogs}
    for row in (yield "state_some", {**scope.key, **_numbered(dialogs)}):
        there[row["dialog"]].append(row)
    return {fact: _answered(scope, fact, there[dialog]) for fact, dialog in asked.items()}


def _answered(scope: Scope, fact: f.Fact[Any], rows: list[Row]) -> Any:
    match fact:
        case f.States(dialog=dialog):
            return _stated(scope, dialog, rows)
        case f.About():
            return opened_project(scope, rows[0]["body"]) if rows else None
        case f.State(dialog=dialog, of=of):
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
