"""Reads and decrypts single rows: the project, who holds a role, what is known about a person."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dialogs.model import facts as f
from dialogs.model.roles import of_foreign
from storage.sql import Row, Script
from storage.transactions.scope import Scope
from storage.vault import Unreadable, Vault

AT_ONCE = 8
"""The most people or dialogs that one statement asks for, as parameters :n0, :n1, ..."""
_project = msgspec.json.Decoder(f.Project).decode
_prefs_of = msgspec.json.Decoder(f.Prefs).decode


def channel_of(scope: Scope) -> Script[str | None]:
    """The project's channel; None where there is no project."""
    if scope.project not in scope.channels:
        project = yield from project_of(scope)
        scope.channels[scope.project] = project.channel if project else None
    return scope.channels[scope.project]


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


def known_people(tenant: str, asked: Sequence[str]) -> Script[set[str]]:
    """Those in `asked` whom a platform has confirmed to be people before."""
    found: set[str] = set()
    for at in range(0, len(asked), AT_ONCE):
        some = numbered(asked[at : at + AT_ONCE])
        found.update(row["person"] for row in (yield "member_known", {"tenant": tenant, **some}))
    return found


def prefs_of(tenant: str, vault: Vault, person: str) -> Script[f.Prefs]:
    rows = yield "person_get", {"tenant": tenant, "person": person}
    return opened_prefs(tenant, vault, person, rows[0]["body"] if rows else None)


def prefs_of_all(tenant: str, vault: Vault, people: Sequence[str]) -> Script[dict[str, f.Prefs]]:
    """The settings of all of them, many with one statement."""
    found = {person: f.Prefs() for person in people}
    asked = [*found]
    for at in range(0, len(asked), AT_ONCE):
        some = numbered(asked[at : at + AT_ONCE])
        for row in (yield "person_some", {"tenant": tenant, **some}):
            found[row["id"]] = opened_prefs(tenant, vault, row["id"], row["body"])
    return found


def numbered(some: Sequence[str]) -> dict[str, str]:
    return {f"n{n}": some[n] if n < len(some) else "" for n in range(AT_ONCE)}


def opened_prefs(tenant: str, vault: Vault, person: str, sealed: bytes | None) -> f.Prefs:
    if sealed is None:
        return f.Prefs()
    try:
        return vault.read(_prefs_of, sealed, "person", tenant, person)
    except Unreadable:
        return f.Prefs()  # the name is said again with the person's next act


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
