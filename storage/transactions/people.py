"""What is known about a person in a workplace: name, language, and settings of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dialogs.model.facts import Prefs
from storage.sql import Script
from storage.transactions.locks import lock_person
from storage.transactions.rows import prefs_of, prefs_of_all
from storage.vault import Vault


class SeenPerson(msgspec.Struct, frozen=True):
    """What a platform reported about a person; some of it may be missing in one request."""

    person: str
    name: str = ""
    locale: str = ""
    foreign: bool = False

    def added_to(self, known: Prefs) -> Prefs:
        """`known` with what was reported now; missing values stay. `foreign` never becomes
        false."""
        return msgspec.structs.replace(
            known,
            name=self.name or known.name,
            locale=self.locale or known.locale,
            foreign=self.foreign or known.foreign,
        )


def keep_prefs(tenant: str, vault: Vault, person: str, prefs: Prefs) -> Script[None]:
    body = vault.seal(msgspec.json.encode(prefs), "person", tenant, person)
    yield "person_put", {"tenant": tenant, "person": person, "body": body}


class KnownPeople:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def strangers(self, tenant: str, people: Sequence[SeenPerson]) -> Script[list[SeenPerson]]:
        """Those about whom something new was reported."""
        known = yield from prefs_of_all(tenant, self._vault, [one.person for one in people])
        return [one for one in people if one.added_to(known[one.person]) != known[one.person]]

    def called(self, tenant: str, people: Sequence[SeenPerson]) -> Script[None]:
        for one in sorted(people, key=lambda one: one.person):
            yield from lock_person(tenant, one.person)
            prefs = yield from prefs_of(tenant, self._vault, one.person)
            if (after := one.added_to(prefs)) != prefs:
                yield from keep_prefs(tenant, self._vault, one.person, after)
