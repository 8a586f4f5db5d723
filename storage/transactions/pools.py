"""Writes the projects' pool rows: for an unsigned turn, a release, and each night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from dialogs.model.calendar import next_within_hours
from dialogs.model.cards import Paragraph, card, text
from dialogs.model.effects import Pooled
from storage.rekey import known_key, sealing
from storage.sql import Script, StoreError
from storage.transactions.anonymous_pool import Pool, Taken
from storage.transactions.letters import SayBody, put_letter
from storage.transactions.locks import lock_project
from storage.transactions.rows import whole_project_of
from storage.transactions.scope import Scope
from storage.vault import Unreadable, Vault


class NoPool(StoreError):
    """The project has no pool: it was never opened, or it has been erased."""


class Pools:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def put(
        self,
        tenant: str,
        project: str,
        pooled: tuple[Pooled, ...],
        form: str,
        receipt: bytes,
        mark: str,
        *,
        by_card: bool = False,
    ) -> Script[Taken]:
        """Write the pool's row and nothing else; the row is encrypted anew, even where the pool
        stays as it was."""
        scope = Scope(tenant, project, self._vault)
        yield from lock_project(tenant, project)
        rows = yield "pool_get", scope.key
        if not rows:
            raise NoPool(project)
        before = Pool.open(self._vault, tenant, project, rows[0]["sealed"])
        left = yield "published_by_receipt", {"tenant": tenant, "receipt": receipt}
        taken: Taken
        if left:
            after, taken = before, "again"
        else:
            after, taken = before.take(pooled, receipt, form, mark, by_card=by_card)
        yield from _put(scope, after)
        return taken

    def put_as_it_is(self, tenant: str, project: str) -> Script[None]:
        """Execute the statements of `put` without an entry: the row is encrypted anew, so that a
        refusal moves the database's counters like a text."""
        key = {"tenant": tenant, "project": project}
        yield from lock_project(tenant, project)
        rows = yield "pool_get", key
        yield "published_by_receipt", {"tenant": tenant, "receipt": bytes(32)}
        for row in rows:
            body = self._vault.open(row["sealed"], "pool", tenant, project)
            yield "pool_put", {**key, "sealed": self._vault.seal(body, "pool", tenant, project)}

    def every(self) -> Script[list[tuple[str, str]]]:
        rows = yield "pool_every", {}
        return [(row["tenant"], row["project"]) for row in rows]

    def rewrite(self, tenant: str, project: str, now: datetime) -> Script[None]:
        yield from lock_project(tenant, project)
        yield from rewrite_pool(Scope(tenant, project, self._vault), now)


def open_pool(scope: Scope) -> Script[None]:
    """An empty pool, where the project has none."""
    existing = yield "pool_get", scope.key
    if not existing:
        yield from _put(scope, Pool().with_room())


def rewrite_pool(
    scope: Scope, now: datetime, change: Callable[[Pool], Pool] = lambda pool: pool
) -> Script[None]:
    rows = yield "pool_get", scope.key
    if not rows:
        return
    pool = Pool.open_if_whole(scope.vault, scope.tenant, scope.project, rows[0]["sealed"])
    if pool is None:
        pool = yield from _pool_lost(scope, now)
    yield from _put(scope, change(pool).with_room())


def _pool_lost(scope: Scope, now: datetime) -> Script[Pool]:
    """Replace a damaged pool by an empty one and tell the channel, within its hours, that
    unsigned texts may be lost; nobody knows whether there were any. Only scheduled and signed
    turns do this: the message's time must not tell when somebody wrote without a name."""
    if sealing((yield from known_key()) or "") != scope.vault.fingerprint():
        raise Unreadable("the pool is sealed with a newer key than this process has")
    project = yield from whole_project_of(scope)
    if project is not None:
        said = msgspec.json.encode(card(Paragraph(text("gate.pool_lost"))))
        body = msgspec.json.encode(SayBody(msgspec.Raw(said)))
        due = next_within_hours(project.calendar, now)
        yield from put_letter(scope, f"channel:{project.channel}", "say", due, body)
    return Pool()


def _put(scope: Scope, pool: Pool) -> Script[None]:
    sealed = pool.seal(scope.vault, scope.tenant, scope.project)
    yield "pool_put", {**scope.key, "sealed": sealed}
