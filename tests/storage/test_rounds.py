"""Rounds in the pool: who took part is kept apart from what was said, until the round closes."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.model.effects import Mark, Pooled, PoolEntry, Undo
from storage.transactions.anonymous_pool import MARK, OPEN, Pool
from storage.vault import Vault

VAULT = Vault(bytes(32))
ROUND = "run.1"


def mac(person: str) -> str:
    """Return the gate's MAC of a person."""
    return VAULT.mac(f"mark|t|p|{person}".encode())


def notes(*texts: str) -> tuple[Pooled, ...]:
    return (*(PoolEntry("note", ROUND, {"text": text}) for text in texts), Mark(ROUND))


def dots(*chosen: str) -> tuple[Pooled, ...]:
    return PoolEntry("dots", ROUND, {"chosen": chosen}), Mark(ROUND, once=True)


def sends(pool: Pool, person: str, form: str, sent: tuple[Pooled, ...]) -> Pool:
    after, taken = pool.take(sent, f"receipt of {form}".encode(), form, mac(person))
    assert taken == "kept"
    return after


def opened(room: int = 8192) -> Pool:
    return Pool().opened(ROUND, room).with_room()


def kinds(pool: Pool, *wanted: str) -> list[str]:
    return sorted(w.kind for w in pool.drawn(wanted, ROUND))


def kept(pool: Pool) -> list[dict[str, object]]:
    padded = VAULT.open(pool.seal(VAULT, "t", "p"), "pool", "t", "p")
    found: list[dict[str, object]] = msgspec.json.decode(
        padded[4 : 4 + int.from_bytes(padded[:4], "big")]
    )
    return found


def test_several_notes_of_one_form_are_kept_each_by_itself() -> None:
    """Each has its own id and its own hash of the form, and none a receipt: nothing says that one
    person wrote them."""
    pool = sends(opened(), "anne", "form", notes("one", "two", "three"))
    written = [row for row in kept(pool) if row["kind"] == "note"]
    assert len(written) == 3
    assert len({row["id"] for row in written}) == len({row["form"] for row in written}) == 3
    assert {row["receipt"] for row in written} == {""}


@pytest.mark.parametrize("sent", [notes("a", "b"), dots("a"), tuple(reversed(dots("a")))])
def test_a_mark_has_no_field_in_common_with_what_was_said(sent: tuple[Pooled, ...]) -> None:
    """In the sealed row, whichever of them the conversation returns first."""
    rows = kept(sends(opened(), "anne", "form", sent))
    marks = [row for row in rows if row["kind"] == MARK]
    said = [row for row in rows if row["kind"] not in (MARK, OPEN)]
    assert len(marks) == 1
    assert said
    for mark in marks:
        assert {name for name in mark if mark[name]} == {"id", "kind", "ref", "mark"}
        for row in said:
            shared = {name for name in row if row[name] and row[name] == mark[name]}
            assert shared == {"ref"}
    assert not any(row["mark"] for row in said)


def test_the_place_of_a_mark_tells_nothing() -> None:
    """Of 400 pools, the mark stands before the ballot in about half, whatever the order in which
    they came: the row is sorted by random ids."""
    first = 0
    for n in range(400):
        order = [row["kind"] for row in kept(sends(opened(), "anne", f"form {n}", dots("a")))]
        first += order.index(MARK) < order.index("dots")
    assert 140 < first < 260


def test_a_second_act_is_refused_where_one_is_allowed() -> None:
    pool = sends(opened(), "anne", "form 1", dots("a"))
    after, taken = pool.take(dots("b"), b"", "form 2", mac("anne"))
    assert (after, taken) == (pool, "already")
    pool = sends(pool, "bo", "form 3", dots("b"))
    assert kinds(pool, "dots", MARK) == ["dots", "dots", "mark", "mark"]


def test_the_same_form_again_changes_nothing_and_is_no_second_act() -> None:
    for sent in (dots("a"), notes("a", "b")):
        pool = sends(opened(), "anne", "form", sent)
        after, taken = pool.take(sent, b"", "form", mac("anne"))
        assert (after, taken) == (pool, "again")


def test_whoever_writes_twice_counts_once() -> None:
    """There is one mark for each person: how often somebody writes would tell whose most of the
    notes are."""
    pool = sends(opened(), "anne", "form 1", notes("a"))
    pool = sends(pool, "anne", "form 2", notes("b", "c"))
    pool = sends(pool, "bo", "form 3", notes("d"))
    assert kinds(pool, "note", MARK) == ["mark", "mark", "note", "note", "note", "note"]


@pytest.mark.parametrize("ref", ["run.2", ROUND])
def test_a_round_that_is_not_open_takes_nothing(ref: str) -> None:
    """Neither one that was never opened nor one that was closed; the notes go with the mark."""
    pool = opened() if ref != ROUND else opened().closed(ROUND)
    sent = PoolEntry("note", ref, {"text": "a"}), Mark(ref)
    assert pool.take(sent, b"", "form", mac("anne")) == (pool, "closed")
    assert pool.take((Undo(ref, "form"),), b"", "form 2", mac("anne")) == (pool, "closed")


def test_nobody_takes_part_as_nobody() -> None:
    """Whoever the gate gives no MAC for would all be one person."""
    pool = opened()
    assert pool.take(notes("a"), b"", "form", "") == (pool, "closed")


def test_undo_takes_back_one_sending_and_leaves_the_pool_as_if_it_had_never_been() -> None:
    """A second press changes nothing, and what others wrote stays."""
    before = sends(opened(), "bo", "form 1", notes("d"))
    pool = sends(before, "anne", "form 2", notes("a", "b"))
    undo = (Undo(ROUND, "form 2"),)
    once = sends(pool, "anne", "undo 1", undo)
    assert once.entries == before.entries
    assert once.take(undo, b"", "undo 2", mac("anne")) == (once, "again")


def test_whoever_undoes_one_of_two_sendings_is_not_counted_until_they_write_again() -> None:
    """The pool does not know that another sending was theirs too."""
    pool = sends(opened(), "anne", "form 1", notes("a"))
    pool = sends(pool, "anne", "form 2", notes("b"))
    pool = sends(pool, "anne", "undo", (Undo(ROUND, "form 2"),))
    assert kinds(pool, "note", MARK) == ["note"]
    pool = sends(pool, "anne", "form 3", notes("c"))
    assert kinds(pool, "note", MARK) == ["mark", "note", "note"]


def test_undo_of_somebody_else_takes_no_mark_of_theirs() -> None:
    """A form that is not known leaves everything as it is."""
    pool = sends(opened(), "anne", "form 1", notes("a"))
    assert pool.take((Undo(ROUND, "form 9"),), b"", "undo", mac("anne")) == (pool, "again")


def test_a_sending_can_leave_a_mark_in_two_rounds_and_undo_takes_both() -> None:
    """One round may stand for a whole exercise, to count who wrote in any of its rounds."""
    both = Mark(ROUND), Mark("run")
    before = opened().opened("run", 4096)
    pool = sends(before, "anne", "form", (PoolEntry("note", ROUND, {"text": "a"}), *both))
    assert [e.ref for e in pool.entries if e.kind == MARK] == [ROUND, "run"]
    undo = Undo(ROUND, "form"), Undo("run", "form")
    assert sends(pool, "anne", "undo", undo).entries == before.entries


def test_whoever_undid_their_dots_sets_them_anew() -> None:
    pool = sends(opened(), "anne", "form 1", dots("a"))
    pool = sends(pool, "anne", "undo", (Undo(ROUND, "form 1"),))
    pool = sends(pool, "anne", "form 2", dots("b"))
    assert [w.body["chosen"] for w in pool.drawn(("dots",), ROUND)] == [("b",)]


def test_a_closed_round_leaves_what_was_said_and_nothing_of_whom() -> None:
    """Nor anything of the form, whose id is in the button that undoes the sending."""
    pool = sends(opened(), "anne", "form 1", notes("a", "b"))
    over = pool.closed(ROUND)
    assert {e.kind for e in over.entries} == {"note"}
    assert {(e.mark, e.receipt, e.form) for e in over.entries} == {("", b"", b"")}


@pytest.mark.parametrize(("asked", "room"), [(1, 8192), (8192, 8192), (20_000, 20_000)])
def test_a_round_that_is_opened_twice_keeps_its_secret(asked: int, room: int) -> None:
    """Otherwise whoever voted before could vote again. It gets more room, as for cards that are
    dealt meanwhile, and never less."""
    pool = sends(opened(), "anne", "form 1", dots("a")).opened(ROUND, asked)
    assert [e.body for e in pool.entries if e.kind == OPEN] == [{"room": room}]
    assert pool.take(dots("b"), b"", "form 2", mac("anne"))[1] == "already"
    with_room = pool.with_room()
    assert len(with_room.seal(VAULT, "t", "p")) >= room


def test_the_mark_of_a_card_says_that_it_is_one_and_what_was_said_does_not() -> None:
    """So that cards are counted apart; also in a backup, which does not say which card it was."""
    pool = sends(opened(), "anne", "form 1", dots("a"))
    pool, taken = pool.take(dots("b"), b"", "form 2", mac(":card:x"), by_card=True)
    assert taken == "kept"
    again = pool.take(dots("c"), b"", "form 3", mac(":card:x"), by_card=True)
    assert again == (pool, "already")
    for kept in (pool, pool.unmarked()):
        marks = [e.body for e in kept.entries if e.kind == MARK]
        assert sorted(map(str, marks)) == ["{'card': True}", "{}"]
        said = [e.body for e in kept.entries if e.kind == "dots"]
        assert sorted(map(str, said)) == ["{'chosen': ('a',)}", "{'chosen': ('b',)}"]
    assert not any(e.mark for e in pool.unmarked().entries)


def test_two_rounds_do_not_tell_who_took_part_in_both() -> None:
    pool = opened().opened("run.2", 8192)
    pool = sends(pool, "anne", "form 1", notes("a"))
    pool = sends(pool, "anne", "form 2", (PoolEntry("note", "run.2", {}), Mark("run.2")))
    assert len({e.mark for e in pool.entries if e.kind == MARK}) == 2
    assert {e.ref for e in pool.closed("run.2").entries if e.kind in (OPEN, MARK)} == {ROUND}


@given(st.lists(st.sampled_from(["anne", "bo", "cecilie"]), max_size=12), st.randoms())
def test_the_pool_does_not_grow_while_a_round_is_open(
    people: list[str], chance: random.Random
) -> None:
    """Neither while notes come in, nor when the calendar rewrites the row in between; it shrinks
    when the round is closed and its notes have left."""
    pool = opened(room=60_000)
    size = len(pool.seal(VAULT, "t", "p"))
    assert size > 60_000
    for n, person in enumerate(people):
        pool = sends(pool, person, f"form {n}", notes(*(str(m) * 200 for m in range(6))))
        if chance.random() < 0.3:
            pool = pool.with_room()
        assert len(pool.seal(VAULT, "t", "p")) == size
    over = pool.closed(ROUND).with_room()
    gone = frozenset(w.entry for w in over.drawn(("note",), ROUND))
    assert len(over.without(gone).with_room().seal(VAULT, "t", "p")) < 20_000
