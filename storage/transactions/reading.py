"""Reads for looks, for the gate, and for putting a card into words. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from dialogs.model.cards import UNREADABLE
from dialogs.model.facts import Fact, Prefs, Project, Role, Unreleased, Written
from storage.sql import Row, Script
from storage.transactions.facts import gather
from storage.transactions.rows import (
    known_again,
    opened_prefs,
    opened_project,
    opened_role,
    prefs_of,
    prefs_of_all,
    projects_of,
    whole_project_of,
)
from storage.transactions.scope import Scope
from storage.vault import Vault

NOTHING: Mapping[Fact[Any], Any] = MappingProxyType({})


class NamesAndWords(msgspec.Struct, frozen=True):
    """People's names and stored words that a card needs when it is put into words."""

    people: dict[str, Prefs]
    words: dict[tuple[str, str, str], str]
    project: Project | None


class Reading:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def unsigned_facts(
        self, tenant: str, project: str, facts: tuple[Fact[Any], ...]
    ) -> Script[dict[Fact[Any], Any]]:
        return (yield from gather(Scope(tenant, project, self._vault), facts))

    def look(
        self,
        tenant: str,
        project: str,
        facts: tuple[Fact[Any], ...],
        already: Mapping[Fact[Any], Any] = NOTHING,
    ) -> Script[dict[Fact[Any], Any]]:
        for fact in facts:
            assert not isinstance(fact, Unreleased), "only a release opens the pool"
        return (yield from gather(Scope(tenant, project, self._vault), facts, already))

    def state_of(self, tenant: str, project: str, dialog: str, of: str) -> Script[Written | None]:
        scope = Scope(tenant, project, self._vault)
        rows = yield "state_get", {**scope.key, "dialog": dialog, "id": of}
        return scope.state(rows[0]["body"], dialog, of) if rows else None

    def version_of(self, tenant: str, project: str, dialog: str, of: str) -> Script[int]:
        """Return how many times a state has changed; 0 where there is none."""
        key = {"tenant": tenant, "project": project, "dialog": dialog, "id": of}
        rows = yield "state_version", key
        return rows[0]["version"] if rows else 0

    def all_states(self, tenant: str) -> Script[list[tuple[str, str, bytes]]]:
        """Every state of a workplace: dialog, id, and what it says."""
        rows = yield "state_of_tenant", {"tenant": tenant}
        return [
            (
                row["dialog"],
                row["id"],
                Scope(tenant, row["project"], self._vault).open(
                    "state", row["body"], row["dialog"], row["id"]
                ),
            )
            for row in rows
        ]

    def standing(
        self, tenant: str, project: str, channel: str, person: str
    ) -> Script[tuple[Project | None, tuple[Role, ...], Prefs, bool]]:
        """What the gate needs in one read: the project, its roles, the person's settings, and
        whether the person is in the channel."""
        key = {"tenant": tenant, "person": person}
        rows: list[Row] = []
        if project:
            rows = yield "standing_in_project", {**key, "project": project}
        elif channel:
            rows = yield "standing_in_channel", {**key, "channel": channel}
            if not rows:
                last = yield "project_last_of_channel", {"tenant": tenant, "channel": channel}
                for one in last:
                    rows = yield "standing_in_project", {**key, "project": one["id"]}
        if not rows:
            prefs = yield from prefs_of(tenant, self._vault, person)
            return None, (), prefs, not project and bool(channel)
        row = rows[0]
        scope = Scope(tenant, row["id"], self._vault)
        about = opened_project(scope, row["about"])
        prefs = opened_prefs(tenant, self._vault, person, row["prefs"])
        roles = tuple(
            opened_role(scope, one["holder"], one) for one in rows if one["holder"] is not None
        )
        roles = yield from known_again(scope, roles, person)
        return about, roles, prefs, row["there"] is not None

    def projects_of(self, tenant: str, person: str) -> Script[tuple[Project, ...]]:
        return (yield from projects_of(tenant, self._vault, person))

    def names(
        self,
        tenant: str,
        project: str,
        people: tuple[str, ...],
        words: tuple[tuple[str, str, str], ...],
        about: Project | None = None,
    ) -> Script[NamesAndWords]:
        """Names of people and words of records, for dressing; `about` where it is known already."""
        scope = Scope(tenant, project, self._vault)
        prefs = yield from prefs_of_all(tenant, self._vault, people)
        opened = {}
        for kind, id, field in words:
            if kind == "published":
                rows = yield "published_one", {**scope.key, "id": id}
                aad: tuple[str, ...] = ("published", id)
            else:
                rows = yield "record_one", {**scope.key, "kind": kind, "id": id}
                aad = ("record", kind, id)
            if rows:
                place = (aad[0], tenant, project, *aad[1:])
                body = self._vault.open_if_whole(rows[0]["body"], *place)
                opened[kind, id, field] = (
                    UNREADABLE if body is None else str(msgspec.json.decode(body).get(field, ""))
                )
        if about is None or about.id != project:
            about = yield from whole_project_of(scope)
        return NamesAndWords(prefs, opened, about)
