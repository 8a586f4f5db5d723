"""All transactions of Digi as scripts, over one vault.

A script is a generator that yields names of statements (`storage/queries.sql`) with parameters and
receives rows. It runs unchanged on both databases and can be retried as a whole. Every text is
encrypted by the vault before it is yielded.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.sql import Script
from storage.transactions import keepsakes, links
from storage.transactions.outbox import Outbox
from storage.transactions.people import KnownPeople
from storage.transactions.pools import Pools
from storage.transactions.reading import Reading
from storage.transactions.scope import to_us
from storage.transactions.turns import Turns
from storage.vault import Vault


class Scripts:
    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.turns = Turns(vault)
        self.outbox = Outbox(vault, self.turns)
        self.pools = Pools(vault)
        self.people = KnownPeople(vault)
        self.reading = Reading(vault)

    def meta(self, key: str) -> Script[str]:
        rows = yield "meta_get", {"key": key}
        return str(rows[0]["value"]) if rows else ""

    def set_meta(self, key: str, value: str) -> Script[None]:
        yield "meta_set", {"key": key, "value": value}

    def prune(self, now: datetime) -> Script[None]:
        """Delete stored answers and expired links after a day, the keys of handled events after two
        months, and keepsakes on their date."""
        yield "inbox_blank", {"before": to_us(now - timedelta(days=1))}
        yield "inbox_prune", {"before": to_us(now - timedelta(days=60))}
        yield "bagged_prune", {"before": (now - timedelta(days=60)).date().isoformat()}
        yield from links.prune(now)
        yield from keepsakes.prune(now)

    def clear_tenant(self, tenant: str) -> Script[None]:
        for table in (
            "project",
            "inbox",
            "state",
            "record",
            "role",
            "person",
            "member",
            "pool",
            "published",
            "snapshot",
            "post",
            "letter",
            "bagged",
            "link",
            "keepsake",
        ):
            yield f"clear_{table}", {"tenant": tenant}
        yield "room_clear", {}
