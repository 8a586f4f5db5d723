"""Votes: one each needs a memory, which lies in the pool and is gone when the round is."""

from __future__ import annotations

import hmac

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dialogs.effects import PoolEntry
from dialogs.figures import shown
from storage.pool import ROUND, Pool
from storage.vault import Vault

VAULT = Vault(bytes(32))
PEOPLE = tuple(f"person {n}" for n in range(12))


def mark(person: str, question: str = "q1") -> str:
    """What the gate makes of a person, with a key that whoever has the server has too."""
    return VAULT.mac(f"mark|t|p|{question}|{person}".encode())


def vote(pool: Pool, person: str, form: str, question: str = "q1") -> Pool:
    entry = PoolEntry("fits", question, {}, one_each=True)
    return pool.add(entry, form.encode().ljust(32), form, mark(person, question))


def test_one_each_and_the_last_one_counts() -> None:
    """A second press of the same person takes the place of the first; others' stay."""
    pool = Pool()
    for n, person in enumerate((*PEOPLE, *PEOPLE, PEOPLE[0])):
        pool = vote(pool, person, f"form {n}")
    assert len(pool.drawn(("fits",), "q1")) == len(PEOPLE)


def test_a_round_that_is_over_knows_nobody() -> None:
    """While it runs, the key and the pool tell who has voted. Once its votes have left, neither
    they nor what was taken out of it do: the secret they were hashed with is nowhere."""
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
    """What somebody with the pool and the key can find out: they try every person."""
    secrets = [e["mark"] for e in entries if e["kind"] == ROUND]
    marks = {e["mark"] for e in entries if e["kind"] != ROUND}
    return {
        person
        for person in PEOPLE
        for secret in secrets
        if hmac.digest(bytes.fromhex(secret), mark(person).encode(), "sha256").hex() in marks
    }


def _kept(pool: Pool) -> list[dict[str, str]]:
    sealed = pool.seal(VAULT, "t", "p")
    padded = VAULT.open(sealed, "pool", "t", "p")
    found: list[dict[str, str]] = msgspec.json.decode(
        padded[4 : 4 + int.from_bytes(padded[:4], "big")]
    )
    return found


def test_two_rounds_share_no_secret() -> None:
    """That somebody voted in both cannot be seen by comparing them; one ends, the other goes on."""
    pool = vote(vote(Pool(), PEOPLE[0], "a", "q1"), PEOPLE[0], "b", "q2")
    marks = [e.mark for e in pool.entries if e.kind == "fits"]
    assert len(set(marks)) == 2
    first = [e.id for e in pool.entries if e.kind == "fits" and e.ref == "q1"]
    left = pool.without(frozenset(first))
    assert {(e.kind, e.ref) for e in left.entries} == {("fits", "q2"), (ROUND, "fits:q2")}
    again = vote(left, PEOPLE[0], "c", "q1")
    assert not {e.mark for e in again.entries if e.ref == "q1"} & set(marks)


def test_what_is_no_vote_has_no_mark() -> None:
    """Texts without a name are remembered by nobody's hash."""
    entry = PoolEntry("said", "release", {"text": "ord"})
    [kept] = Pool().add(entry, bytes(32), "form", mark(PEOPLE[0])).entries
    assert kept.mark == ""


@given(st.integers(0, 400), st.integers(0, 60), st.integers(3, 12))
def test_figures_differ_by_nothing_or_by_enough(n: int, may: int, enough: int) -> None:
    """One who joins, leaves or withdraws moves no figure by less than the threshold."""
    here = shown(n, may, enough)
    assert here == 0 or (enough <= here <= n and may - here >= enough)
    for other in range(max(0, n - 4), n + 5):
        step = abs(shown(other, may, enough) - here)
        assert step == 0 or step >= enough
