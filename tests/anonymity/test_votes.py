"""One vote per person requires remembering voters; that memory is in the pool and is deleted with
the round."""

from __future__ import annotations

import hmac
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dialogs.model.effects import PoolEntry
from dialogs.model.figures import shown
from storage.transactions.anonymous_pool import ROUND, Pool
from storage.vault import Vault
from tests.anonymity.hands import RELEASED, dump, instances, project_of, running
from tests.worlds.house import asked
from tests.worlds.stage import TENANT

VAULT = Vault(bytes(32))
PEOPLE = tuple(f"person {n}" for n in range(12))


def mark(person: str, question: str = "q1") -> str:
    """Return the gate's MAC of a person, whose key is on the server too."""
    return VAULT.mac(f"mark|t|p|{question}|{person}".encode())


def vote(pool: Pool, person: str, form: str, question: str = "q1") -> Pool:
    entry = PoolEntry("fits", question, {}, one_each=True)
    return pool.add(entry, form.encode().ljust(32), form, mark(person, question))


def test_one_each_and_the_last_one_counts() -> None:
    """A second vote of the same person replaces the first; others are kept."""
    pool = Pool()
    for n, person in enumerate((*PEOPLE, *PEOPLE, PEOPLE[0])):
        pool = vote(pool, person, f"form {n}")
    assert len(pool.drawn(("fits",), "q1")) == len(PEOPLE)


def test_a_round_that_is_over_knows_nobody() -> None:
    """While it runs, the key and the pool reveal who voted. After its votes were removed neither
    they nor the pool do, because the secret of the round's hashes is deleted."""
    pool = Pool()
    for n, person in enumerate(PEOPLE):
        pool = vote(pool, person, f"form {n}")
    running = _kept(pool)
    assert _known(running) == set(PEOPLE)
    votes = pool.drawn(("fits",), "q1")
    over = pool.without(frozenset(v.entry for v in votes))
    assert over.entries == ()
    assert not any(mark(person) in msgspec.json.encode(votes).decode() for person in PEOPLE)
    assert _known(_kept(over)) == set()


def _known(entries: list[dict[str, str]]) -> set[str]:
    """Return what is learned with the pool and the key by trying every person."""
    secrets = [e["mark"] for e in entries if e["kind"] == ROUND]
    marks = {e["mark"] for e in entries if e["kind"] != ROUND}
    return {
        person
        for person in PEOPLE
        for secret in secrets
        if _nullifier(secret, mark(person)) in marks
    }


def _kept(pool: Pool) -> list[dict[str, str]]:
    return _opened(VAULT, pool.seal(VAULT, "t", "p"), "t", "p")


def _opened(vault: Vault, sealed: bytes, tenant: str, project: str) -> list[dict[str, str]]:
    padded = vault.open(sealed, "pool", tenant, project)
    found: list[dict[str, str]] = msgspec.json.decode(
        padded[4 : 4 + int.from_bytes(padded[:4], "big")]
    )
    return found


async def test_a_round_played_is_remembered_while_it_runs_and_by_nobody_afterwards(
    tmp_path: Path, either: str
) -> None:
    """In the stored row three have voted, one of them twice; when the proposal concludes, neither
    votes nor the secret are left in it, and nothing else was added."""
    async with running(tmp_path, either=either) as played:
        vault, project = played.house.vault, project_of(tmp_path)

        def kept() -> list[dict[str, str]]:
            [(sealed,)] = asked(tmp_path, either, "SELECT sealed FROM pool")
            return _opened(vault, sealed, TENANT, project)

        await played.type("anne", "næste")
        [question] = instances(tmp_path)["question"]
        await played.press("bodil", "Svar")
        await played.fill("bodil", {"Dit svar": "Pauserne"})
        await played.press("anne", "Led samtalen")
        await played.press("anne", "Saml op")
        await played.fill("anne", {"Hvad": "Vi prøver det af"})
        for person in ("sofie", "lars", "emil", "sofie"):
            await played.press(person, "Det passer")
        votes = [entry for entry in kept() if entry["kind"] == "fits"]
        [secret] = [entry["mark"] for entry in kept() if entry["kind"] == ROUND]
        marks = {
            person: vault.mac(f"mark|{TENANT}|{project}|{question}|{person}".encode())
            for person in ("sofie", "lars", "emil", "noor")
        }
        known = {
            person
            for person, of in marks.items()
            if _nullifier(secret, of) in {vote["mark"] for vote in votes}
        }
        assert (len(votes), known) == (3, {"sofie", "lars", "emil"})
        await played.move(RELEASED)
        assert not [entry for entry in kept() if entry["kind"] in ("fits", ROUND)]
        rows = repr(dump(tmp_path))
        assert secret not in rows
        assert not [of for of in marks.values() if of in rows or _nullifier(secret, of) in rows]


def _nullifier(secret: str, mark: str) -> str:
    return hmac.digest(bytes.fromhex(secret), mark.encode(), "sha256").hex()


def test_two_rounds_share_no_secret() -> None:
    """Comparing two rounds does not show who voted in both; one ends, the other continues."""
    pool = vote(vote(Pool(), PEOPLE[0], "a", "q1"), PEOPLE[0], "b", "q2")
    marks = [e.mark for e in pool.entries if e.kind == "fits"]
    assert len(set(marks)) == 2
    first = [e.id for e in pool.entries if e.kind == "fits" and e.ref == "q1"]
    left = pool.without(frozenset(first))
    assert {(e.kind, e.ref) for e in left.entries} == {("fits", "q2"), (ROUND, "fits:q2")}
    again = vote(left, PEOPLE[0], "c", "q1")
    assert not {e.mark for e in again.entries if e.ref == "q1"} & set(marks)


def test_what_is_no_vote_has_no_mark() -> None:
    """No hash of the author is stored for unsigned texts."""
    entry = PoolEntry("said", "release", {"text": "ord"})
    [kept] = Pool().add(entry, bytes(32), "form", mark(PEOPLE[0])).entries
    assert kept.mark == ""


@given(st.integers(0, 400), st.integers(0, 60), st.integers(3, 12))
def test_figures_differ_by_nothing_or_by_enough(n: int, may: int, enough: int) -> None:
    """One person who joins, leaves or withdraws changes no figure by less than the threshold."""
    here = shown(n, may, enough)
    assert here == 0 or (enough <= here <= n and may - here >= enough)
    for other in range(max(0, n - 4), n + 5):
        step = abs(shown(other, may, enough) - here)
        assert step == 0 or step >= enough
