"""A private message changes in place, alone or in a bag, and what is kept for that is sealed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.platforms.common.ports import DeliveryFailed
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.effects import EraseProject, Keep, Post, Privately, Redraw
from storage.sql import Script
from tests.bot.core.test_courier import Office, at, office
from tests.worlds.house import PROJECT, TENANT, Diary, asked, found, note

__all__ = ["office"]
THURSDAY = at(date(2026, 11, 5), 9)
DONE = "Her er ikke mere, der venter på dig."


def live(state: Diary, slot: str) -> c.NeutralCard:
    """Tell of what waits until a line says that it is done."""
    done = f"done {slot}" in state.lines
    return c.card() if done else note(f"{slot} waits")


async def done(office: Office, slot: str, project: str = PROJECT) -> None:
    """Note in the state that what this slot tells of is done, and draw it again."""
    office.fake.does(Redraw(slot))
    now = office.house.clock.now()
    await office.turn(
        e.NewsGiven(project=project, text=f"done {slot}", by="anne", at=now, id=f"done {slot}")
    )
    office.fake.acts = office.fake.note
    await office.settle()


async def test_a_bag_is_drawn_again_whole_as_its_parts_are_done(office: Office) -> None:
    """The message changes in place: what is done disappears, the rest stays, and nobody is written
    to twice."""
    office.fake.view = live
    await found(office.house, "p2", channel="C2")
    await office.do(Post("one", to="mette", bag=True, urgency=2), Privately("mette", note("fixed")))
    await office.do(Post("two", to="mette", bag=True, urgency=9), project="p2")
    await office.move(THURSDAY)
    assert office.edge.said() == ["one waits fixed two waits"]
    await done(office, "one")
    await done(office, "two", "p2")
    assert office.edge.said()[1:] == ["fixed two waits", "fixed"]
    first, *redrawn = office.edge.parcels
    assert {(p.kind, p.target, p.person) for p in redrawn} == {
        ("update", f"on paper {first.id}", "mette")
    }


async def test_a_bag_of_which_all_is_done_says_so(office: Office) -> None:
    """It cannot be taken back, and it must not go on asking."""
    office.fake.view = live
    await office.do(Post("one", to="mette", bag=True))
    await office.move(THURSDAY)
    await done(office, "one")
    assert office.edge.said() == ["one waits", DONE]


async def test_what_is_done_before_the_bag_goes_is_not_told(office: Office) -> None:
    """A bag that holds nothing else is not sent at all, and counts as no letter of the week."""
    office.fake.view = live
    await office.do(Post("one", to="mette", bag=True))
    await done(office, "one")
    await office.move(THURSDAY)
    assert office.edge.parcels == []
    assert await office.letters() == []
    await office.do(Privately("mette", note("news")))
    await office.move(THURSDAY + timedelta(days=7))
    assert office.edge.said() == ["news"]


async def test_a_later_post_in_the_same_bag_takes_the_place_of_the_first(office: Office) -> None:
    """What was said to one person and changed is replaced."""
    office.fake.view = live
    await office.do(Post("one", to="mette", bag=True))
    await office.do(Post("one", to="mette", bag=True))
    await office.move(THURSDAY)
    assert office.edge.said() == ["one waits"]


async def test_a_message_that_its_reader_has_deleted_stops_nobody(office: Office) -> None:
    """The redraw fails for good, and the next letters go on."""
    office.fake.view = live
    await office.do(Post("one", to="mette"), Post("two", to="mette", bag=True))
    await office.move(THURSDAY)
    for slot in ("one", "two"):
        office.edge.fails = [DeliveryFailed("the message is gone", permanent=True)]
        await done(office, slot)
    await office.do(Post("three", to="mette"))
    await office.settle()
    assert office.edge.said() == ["one waits", "two waits", "three waits"]


async def test_what_is_told_at_once_keeps_its_readers_hours(office: Office) -> None:
    """What is written at ten in the evening is told in the morning, after a break where the reader
    takes one, and at once to whoever acts."""
    office.fake.view = live
    await office.do(Keep("sofie", paused=True, paused_until=date(2026, 11, 11)))
    await office.move(at(date(2026, 11, 2), 22))
    for person in ("mette", "sofie", "anne"):
        await office.do(
            Post(person, to=person), Privately(person, note(f"to {person}"), now=True), by="anne"
        )
    await office.settle()
    assert office.edge.said() == ["anne waits", "to anne"]
    await office.move(at(date(2026, 11, 3), 9))
    assert office.edge.said()[2:] == ["mette waits", "to mette"]
    await office.move(at(date(2026, 11, 12), 9))
    assert office.edge.said()[4:] == ["sofie waits", "to sofie"]


async def test_the_database_does_not_tell_who_reads_which_text(
    office: Office, tmp_path: Path, either: str
) -> None:
    """The row of a private post names neither the dialog, nor the text, nor the slot; the control
    is a post in the channel. A sent bag is as long whatever was in it."""
    office.fake.view = live
    await office.do(Post("one", to="mette", of="text-17"), Post("two", of="text-18"))
    await office.do(Post("one", to="mette", bag=True), Privately("jonas", note("fixed")))
    await office.move(THURSDAY)
    rows = asked(tmp_path / "home", either, "SELECT * FROM post ORDER BY place")
    texts = [" ".join(str(cell) for cell in row if not isinstance(cell, bytes)) for row in rows]
    assert "text-18" in texts[0]
    assert "digest" in texts[0]
    assert not any("text-17" in one or "digest" in one for one in texts[1:])
    assert len(texts) == 3
    bags = asked(tmp_path / "home", either, "SELECT person, body FROM bagged ORDER BY person")
    assert [person for person, _ in bags] == ["jonas", "mette"]
    assert len({len(body) for _, body in bags}) == 1


async def test_what_is_kept_of_a_bag_goes_with_its_person_and_its_project(
    office: Office, tmp_path: Path, either: str
) -> None:
    """A deleted project's part is gone from the message at its next change; a deleted person's
    rows are gone at once, and so is their name in what others were sent."""
    office.fake.view = live
    await found(office.house, "p2", channel="C2")
    card = c.card(c.Paragraph(c.Who("sofie")))
    await office.do(Post("one", to="mette", bag=True), Privately("mette", card))
    await office.do(Privately("mette", note("of p2")), project="p2")
    await office.move(THURSDAY)
    assert office.edge.said() == ["one waits en, jeg ikke kender navnet på of p2"]
    await office.do(EraseProject(), project="p2")
    await office.house.upkeep.erase_person(TENANT, "sofie")
    await done(office, "one")
    assert office.edge.said()[-1] == "en tidligere kollega"
    await office.house.upkeep.erase_person(TENANT, "mette")
    for table in ("bagged", "post"):
        assert asked(tmp_path / "home", either, f"SELECT * FROM {table}") == []


@pytest.mark.parametrize("kind", ["post", "bag"])
async def test_a_damaged_letter_of_a_private_post_is_made_anew(office: Office, kind: str) -> None:
    """Its body can be read from the post's own row."""
    office.fake.view = live
    await office.do(Post("one", to="mette", bag=kind == "bag"))
    await office.house.database.tx(damaged)
    await office.move(THURSDAY)
    assert office.edge.said() == ["one waits"]


def damaged() -> Script[None]:
    rows = yield "letter_all", {}
    for row in rows:
        yield "letter_body", {"id": row["id"], "body": b"damaged"}
