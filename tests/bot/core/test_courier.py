"""The courier delivers messages in order, once, within hours, and reports those it cannot
deliver."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from bot.core.leases import LEASE_US
from bot.platforms.common.ports import Delivery, DeliveryFailed, Members, Parcel, Sender
from bot.server.build import House
from dialogs.model import events as e
from dialogs.model.calendar import Calendar, at_local
from dialogs.model.effects import Cancel, Effect, Grant, Keep, Post, Privately, Redraw, Say, Timer
from storage.sql import FOLDER, Script, Unavailable, queries
from storage.transactions.letters import Letter
from storage.transactions.outbox import Claimed
from storage.transactions.turns import Turn
from tests.anonymity.hands import without_padding
from tests.waiting import LONG_ENOUGH
from tests.worlds.house import (
    CHANNEL,
    MONDAY,
    PROJECT,
    TENANT,
    Fake,
    Paper,
    Wall,
    a_house,
    another_courier,
    faked,
    found,
    note,
    words_of,
)

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


class Office:
    """A Digi with one project, a fake conversation, a paper edge and a fake clock."""

    def __init__(self, house: House, edge: Paper, wall: Wall, fake: Fake) -> None:
        self.house, self.edge, self.wall, self.fake = house, edge, wall, fake
        self._count = 0

    async def do(self, *effects: Effect, project: str = PROJECT, by: str = "anne") -> None:
        """Run one turn with these effects."""
        self._count += 1
        self.fake.does(*effects)
        at = self.house.clock.now()
        event = e.NewsGiven(
            project=project, text=f"turn {self._count}", by=by, at=at, id=f"t{self._count}"
        )
        await self.turn(event)
        self.fake.acts = self.fake.note

    async def turn(self, event: e.NewsGiven) -> None:
        await self.house.engine.turn(
            Turn(TENANT, event.project, f"turn:{event.id}", event, event.at)
        )

    async def settle(self) -> None:
        await self.house.courier.settle()

    async def move(self, to: datetime) -> None:
        await self.house.courier.move_to(to)

    async def letters(self) -> list[tuple[str, str]]:
        rows = await self.house.database.read(self.house.scripts.outbox.letters)
        return [(row["kind"], row["state"]) for row in rows]

    async def claim(self, at: datetime | None = None) -> list[Letter]:
        now = at or self.house.clock.now()
        claimed: Claimed = await self.house.database.tx(
            self.house.scripts.outbox.claim, TENANT, now, LEASE_US, 20, self.house.courier.holder
        )
        return claimed.letters

    async def claim_timers(self) -> list[Letter]:
        claimed: list[Letter] = await self.house.database.tx(
            self.house.scripts.outbox.claim_timers,
            self.house.clock.now(),
            LEASE_US,
            20,
            self.house.courier.holder,
        )
        return claimed

    def woke(self) -> list[tuple[str, datetime]]:
        return [(event.name, event.at) for event in self.fake.heard if isinstance(event, e.Woke)]


@pytest.fixture
async def office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either: str
) -> AsyncIterator[Office]:
    fake, edge, wall = faked(monkeypatch, "digest"), Paper(), Wall()
    async with a_house(tmp_path / "home", edge, wall, either) as house:
        await found(house)
        yield Office(house, edge, wall, fake)


@pytest.fixture
def unsure(office: Office) -> Office:
    """An edge that cannot recognise a repeated message, so a retry after an uncertain failure may
    be a duplicate."""
    office.edge.repeats = False
    return office


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=COPENHAGEN)


# --- order --------------------------------------------------------------------------------


async def test_what_is_said_in_a_place_comes_in_the_order_it_was_decided(office: Office) -> None:
    """Ten messages to one channel arrive in the order of their turns."""
    await office.do(*(Say(note(str(n))) for n in range(10)))
    await office.settle()
    assert office.edge.said() == [str(n) for n in range(10)]
    assert await office.letters() == []


async def test_a_held_letter_holds_what_stands_behind_it_and_nothing_else(office: Office) -> None:
    """The channel waits for its first letter; a private chat does not wait for the channel."""
    await office.do(Say(note("1")), Say(note("2")), Privately("mette", note("privately"), now=True))
    office.edge.fails = [DeliveryFailed("busy", retry_after=120)]
    await office.settle()
    assert office.edge.said() == ["privately"]
    await office.move(MONDAY + timedelta(minutes=5))
    assert office.edge.said() == ["privately", "1", "2"]


async def test_the_clock_moves_past_a_letter_that_waits_behind_a_held_one(office: Office) -> None:
    """A letter that cannot be sent yet does not stop the clock."""
    await office.do(Say(note("1")), Say(note("2")))
    office.edge.fails = [DeliveryFailed("busy", retry_after=7200)]
    async with asyncio.timeout(LONG_ENOUGH):
        await office.move(MONDAY + timedelta(hours=1))
    assert office.edge.said() == []
    assert office.house.clock.now() == MONDAY + timedelta(hours=1)


# --- what a platform answers --------------------------------------------------------------


async def test_a_platform_that_says_when_is_taken_at_its_word(office: Office) -> None:
    """The letter is retried exactly when Retry-After has passed."""
    await office.do(Say(note("1")))
    office.edge.fails = [DeliveryFailed("slow down", retry_after=90)]
    await office.move(MONDAY + timedelta(seconds=89))
    assert office.edge.said() == []
    await office.move(MONDAY + timedelta(seconds=90))
    assert office.edge.said() == ["1"]


async def test_what_can_never_arrive_is_dead_and_the_next_goes_on(office: Office) -> None:
    """After a permanent failure the letter is dead and visible to the operator, and the next one is
    sent."""
    await office.do(Say(note("1")), Say(note("2")))
    office.edge.fails = [DeliveryFailed("no such channel", permanent=True)]
    await office.settle()
    assert office.edge.said() == ["2"]
    assert await office.letters() == [("say", "dead")]


async def test_what_may_have_arrived_goes_to_the_channel_once_more_and_is_marked(
    unsure: Office,
) -> None:
    """If the platform cannot recognise duplicates, one more copy is sent and marked, and never a
    third."""
    await unsure.do(Say(note("1")))
    unsure.edge.fails = [
        DeliveryFailed("no answer", uncertain=True),
        DeliveryFailed("busy", retry_after=5),
        DeliveryFailed("no answer", uncertain=True),
    ]
    await unsure.move(MONDAY + timedelta(hours=2))
    assert [(p.again, p.id) for p in unsure.edge.parcels] == [
        (False, unsure.edge.parcels[0].id),
        (True, unsure.edge.parcels[0].id),
    ]
    assert await unsure.letters() == [("say", "dead")]


@pytest.mark.parametrize("standing", [False, True])
async def test_a_private_letter_that_may_have_arrived_is_never_sent_again(
    unsure: Office, *, standing: bool
) -> None:
    """This also holds for a standing post in a private chat."""
    letter = Post("draft", to="mette") if standing else Privately("mette", note("1"), now=True)
    await unsure.do(letter)
    unsure.edge.fails = [DeliveryFailed("no answer", uncertain=True)]
    await unsure.move(MONDAY + timedelta(hours=2))
    assert len(unsure.edge.parcels) == 1
    assert [state for _, state in await unsure.letters()] == ["dead"]


async def test_a_bag_that_may_have_arrived_is_never_sent_again(unsure: Office) -> None:
    """Letters that were added to the bag afterwards are not lost with it."""
    await unsure.do(Privately("mette", note("1")))
    unsure.edge.fails = [DeliveryFailed("no answer", uncertain=True)]
    await unsure.settle()
    await unsure.do(Privately("mette", note("2")))
    await unsure.move(MONDAY + timedelta(days=4))
    assert unsure.edge.said() == ["1", "2"]
    assert await unsure.letters() == [("bag", "dead")]


async def test_a_bag_that_was_on_its_way_at_a_stop_is_not_sent_again_next_time(
    unsure: Office,
) -> None:
    """This also holds if Digi restarts hours later; letters added meanwhile go on their own day."""
    await unsure.do(Privately("mette", note("1")), Privately("mette", note("2")))
    [head] = await unsure.claim()
    assert len(await unsure.house.database.tx(unsure.house.scripts.outbox.bag, head, MONDAY)) == 2
    unsure.wall.at = MONDAY + timedelta(hours=11)
    await unsure.house.database.tx(unsure.house.scripts.outbox.freed)
    await unsure.do(Privately("mette", note("3")))
    await unsure.settle()
    await unsure.move(MONDAY + timedelta(days=4))
    assert unsure.edge.said() == ["3"]
    assert await unsure.letters() == [("bag", "dead")] * 2


async def test_a_letter_that_was_being_sent_at_a_stop_is_the_same_letter_afterwards(
    office: Office,
) -> None:
    """After a crash between delivery and mark, an edge that recognises the letter's id shows one
    message."""
    await office.do(Say(note("1")))
    [letter] = await office.claim()
    await office.house.database.tx(office.house.scripts.outbox.freed)
    await office.settle()
    assert [p.id for p in office.edge.parcels] == [letter.id]
    assert not office.edge.parcels[0].again


async def test_what_was_claimed_and_not_begun_at_a_stop_is_not_uncertain(
    unsure: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twenty claimed letters, the process is killed at the first: the other nineteen are sent as
    certain."""
    people = [f"u{n}" for n in range(20)]
    await unsure.do(*(Privately(person, note(person), now=True) for person in people))

    async def stopped(parcel: Parcel) -> str:
        raise asyncio.CancelledError

    deliver = unsure.edge.deliver
    monkeypatch.setattr(unsure.edge, "deliver", stopped)
    with pytest.raises(asyncio.CancelledError):
        await unsure.settle()
    monkeypatch.setattr(unsure.edge, "deliver", deliver)
    await unsure.house.database.tx(unsure.house.scripts.outbox.freed)
    await unsure.settle()
    assert unsure.edge.said() == people[1:]
    assert await unsure.letters() == [("private", "dead")]


async def test_an_edge_that_fails_in_a_way_of_its_own_may_have_sent(
    unsure: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception of an edge counts as uncertain, so no private letter is sent
    twice."""

    async def breaks(parcel: Parcel) -> str:
        raise TimeoutError

    monkeypatch.setattr(unsure.edge, "deliver", breaks)
    await unsure.do(Privately("mette", note("1"), now=True))
    await unsure.move(MONDAY + timedelta(hours=1))
    assert await unsure.letters() == [("private", "dead")]


async def test_who_lost_the_lease_can_no_longer_mark_a_letter(office: Office) -> None:
    """With an old token no state change succeeds: sending, sent, later, dead."""
    await office.do(Post("post"))
    [stale] = await office.claim()
    scripts, tx = office.house.scripts, office.house.database.tx
    assert await tx(scripts.outbox.sending, stale)
    [fresh] = await office.claim(MONDAY + timedelta(microseconds=LEASE_US))
    assert (stale.uncertain, fresh.uncertain) == (False, True)
    assert not await tx(scripts.outbox.sending, stale)
    assert not await tx(scripts.outbox.sent, stale, "stale")
    await tx(scripts.outbox.dead, (stale,), None)
    await tx(scripts.outbox.later, stale, MONDAY, False)
    assert await tx(scripts.outbox.sent, fresh, "fresh")
    assert await office.letters() == []


@pytest.mark.parametrize("private", [False, True])
async def test_what_arrived_while_the_store_failed_is_not_said_again(
    unsure: Office, monkeypatch: pytest.MonkeyPatch, *, private: bool
) -> None:
    """A delivered message is remembered in memory until the database has stored it. If Digi is
    stopped before, the database has it as uncertain."""
    tx, failing = unsure.house.database.tx, [True] * 3

    async def fails(script: Any, *args: Any) -> Any:
        if (
            script in (unsure.house.scripts.outbox.sent, unsure.house.scripts.outbox.bag_sent)
            and failing
        ):
            failing.pop()
            raise Unavailable("full")
        return await tx(script, *args)

    monkeypatch.setattr(unsure.house.database, "tx", fails)
    said = (
        (Privately("mette", note("1")), Privately("mette", note("2")))
        if private
        else (Say(note("1 2")),)
    )
    await unsure.do(*said)
    await unsure.settle()
    assert "sending" in {state for _, state in await unsure.letters()}
    await unsure.move(MONDAY + timedelta(minutes=5))
    assert not failing
    assert unsure.edge.said() == ["1 2"]
    assert [parcel.again for parcel in unsure.edge.parcels] == [False]
    assert await unsure.letters() == []


# --- what nobody hears --------------------------------------------------------------------


async def led(office: Office) -> None:
    """Give the project a leader."""
    await office.do(Grant("anne", "leader", "confirmed"))


def shut(where: Literal["channel", "workplace"] = "channel") -> DeliveryFailed:
    return DeliveryFailed(f"not in the {where}", retry_after=3600, held=True, closed=where)


class Shut:
    """An edge that rejects everything in some channels."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self.channels: set[str] = set()
        self.all = False
        self.tried = 0
        deliver = office.edge.deliver

        async def delivers(parcel: Parcel) -> str:
            if self.all or parcel.channel in self.channels:
                self.tried += 1
                raise shut("workplace" if self.all else "channel")
            return await deliver(parcel)

        monkeypatch.setattr(office.edge, "deliver", delivers)


async def test_a_team_whose_channel_is_closed_waits_and_the_others_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its timers wait with its messages, so that weeks of questions do not come at once. The
    leader is told once. When Digi is let in again, what waited comes in order, each timer once
    and late."""
    closed = Shut(office, monkeypatch)
    closed.channels.add(CHANNEL)
    await led(office)
    await found(office.house, "p2", channel="C2")
    await office.do(Say(note("1")), Say(note("2")), Timer("a", MONDAY + timedelta(hours=3)))
    await office.do(Say(note("elsewhere")), Timer("b", MONDAY + timedelta(hours=3)), project="p2")
    await office.move(MONDAY + timedelta(days=3))
    assert office.woke() == [("b", MONDAY + timedelta(hours=3))]
    said = [
        (parcel.person or parcel.channel, words_of(parcel.card)) for parcel in office.edge.parcels
    ]
    assert said[0] == ("C2", "elsewhere") or said[1] == ("C2", "elsewhere")
    [told] = [words for who, words in said if who == "anne"]
    assert "Jeg kan ikke skrive i kanalen" in told
    assert {row["state"] for row in await _rows(office) if row["project"] == PROJECT} == {
        "paused",
        "ready",
    }
    closed.channels.clear()
    tried = closed.tried
    await office.house.engine.receive(
        Delivery(TENANT, Sender(""), "members", Members((Sender("anne"),)), CHANNEL)
    )
    await office.settle()
    assert office.edge.said()[-2:] == ["1", "2"]
    assert closed.tried == tried
    await office.move(office.house.clock.now())
    assert office.woke()[1:] == [("a", MONDAY + timedelta(hours=3))]
    assert await office.letters() == []


async def test_a_leader_hears_once_that_the_channel_is_closed_whatever_the_platform(
    unsure: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This also holds if each attempt is recorded before the call, and again when the channel
    closes a second time."""
    closed = Shut(unsure, monkeypatch)
    await led(unsure)
    for day in (1, 2):
        closed.channels.add(CHANNEL)
        await unsure.do(Say(note(f"{day}")))
        await unsure.move(MONDAY + timedelta(days=day, hours=-3))
        assert len([p for p in unsure.edge.parcels if p.person == "anne"]) == day
        closed.channels.clear()
        await unsure.move(MONDAY + timedelta(days=day, hours=-2))
        assert [p.again for p in unsure.edge.parcels if p.channel] == [False] * day


async def _rows(office: Office) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await office.house.database.read(
        office.house.scripts.outbox.letters
    )
    return rows


async def test_a_workplace_that_took_digi_out_waits_whole_and_comes_back_by_itself(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a revoked token there is one attempt now and then for the whole workplace, not one for
    each letter. Turns are still accepted, and nobody is sent messages about it."""
    closed = Shut(office, monkeypatch)
    closed.all = True
    await led(office)
    for n in range(30):
        await office.do(Privately(f"u{n}", note(f"p{n}"), now=True))
    await office.do(Say(note("c")), Timer("a", MONDAY + timedelta(minutes=30)))
    await office.move(MONDAY + timedelta(hours=1))
    assert closed.tried <= 2 * 7
    assert office.woke() == []
    assert office.edge.parcels == []
    await office.do(Say(note("taken in meanwhile")))
    closed.all = False
    await office.move(MONDAY + timedelta(hours=2))
    assert sorted(office.edge.said()) == sorted(
        [*(f"p{n}" for n in range(30)), "c", "taken in meanwhile"]
    )
    assert office.woke() == [("a", MONDAY + timedelta(minutes=30))]


async def test_a_start_tries_at_once_what_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After replacing the token, an operator restarts Digi and does not have to wait for the next
    retry."""
    closed = Shut(office, monkeypatch)
    closed.all = True
    await office.do(Say(note("1")))
    await office.settle()
    assert await office.letters() == [("say", "paused")]
    closed.all = False
    await office.house.database.tx(office.house.scripts.outbox.freed)
    await office.settle()
    assert office.edge.said() == ["1"]


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (Say(note("1")), "Noget, jeg ville skrive i kanalen, nåede ikke frem"),
        (Privately("mette", note("1"), now=True), "En privat besked til en af jer nåede ikke"),
    ],
)
async def test_what_is_given_up_is_told_to_the_leader_once_a_week(
    office: Office, effect: Effect, words: str
) -> None:
    """It is explained in plain words in the weekly letter; the operator sees each dead letter."""
    await led(office)
    for _ in range(3):
        await office.do(effect)
        office.edge.fails = [DeliveryFailed("no", permanent=True)]
        await office.settle()
    await office.move(MONDAY + timedelta(days=6))
    [told] = office.edge.parcels
    assert (told.person, words_of(told.card).count(words)) == ("anne", 1)
    assert [row["state"] for row in await _rows(office)] == ["dead"] * 3


async def test_a_private_chat_that_is_gone_is_no_reason_for_the_team_to_wait(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure in a private chat does not pause the team; only a channel does."""
    await office.do(Privately("mette", note("1"), now=True), Timer("a", MONDAY))
    office.edge.fails = [shut()]
    await office.settle()
    assert office.woke() == [("a", MONDAY)]


# --- standing posts -----------------------------------------------------------------------


async def test_redraws_become_one_and_wait_for_their_post(office: Office) -> None:
    """A post is rendered when it is sent; five changes after it become one redraw."""
    await office.do(Post("post"), Redraw("post"), Redraw("post"))
    await office.settle()
    assert [p.kind for p in office.edge.parcels] == ["post", "update"]
    for _ in range(5):
        await office.do(Redraw("post"))
    await office.settle()
    kinds = [p.kind for p in office.edge.parcels]
    assert kinds == ["post", "update", "update"]
    assert office.edge.parcels[-1].target == f"on paper {office.edge.parcels[0].id}"
    assert office.edge.said()[-1].endswith("turn 6")


async def test_a_redraw_of_what_never_arrived_is_nothing(office: Office) -> None:
    """A dead post, or one that was replaced, takes its redraws with it."""
    office.edge.fails = [DeliveryFailed("gone", permanent=True)]
    await office.do(Post("post"), Redraw("post"))
    await office.settle()
    assert office.edge.parcels == []
    await office.do(Redraw("post"))
    await office.do(Post("post"), Redraw("post"))
    await office.settle()
    assert [p.kind for p in office.edge.parcels] == ["post", "update"]


async def test_what_is_said_in_a_thread_comes_after_its_post(office: Office) -> None:
    """The reply is sent in the post's thread, by the platform's id of the message."""
    await office.do(Post("post"), Say(note("details"), thread="post"))
    await office.settle()
    first, second = office.edge.parcels
    assert (second.kind, second.target) == ("thread", f"on paper {first.id}")


async def test_what_is_said_once_is_said_once(office: Office) -> None:
    """Two turns that both post this week's overview post it once."""
    for _ in range(2):
        await office.do(
            Say(note("overview"), once="overview:2026-W45"),
            Privately("mette", note("reminder"), now=True, once="r1"),
        )
    await office.settle()
    assert sorted(office.edge.said()) == ["overview", "reminder"]


# --- timers -------------------------------------------------------------------------------


async def test_a_timer_that_was_moved_rings_at_its_new_moment_only(office: Office) -> None:
    """Setting a timer with the same name moves it, and a cancelled timer does not fire."""
    await office.do(
        Timer("a", MONDAY + timedelta(hours=1)), Timer("b", MONDAY + timedelta(hours=1))
    )
    await office.do(Timer("a", MONDAY + timedelta(hours=3)), Cancel("b"))
    await office.move(MONDAY + timedelta(days=1))
    assert office.woke() == [("a", MONDAY + timedelta(hours=3))]


async def test_a_timer_moved_while_it_was_about_to_ring_rings_once(office: Office) -> None:
    """A courier that had claimed the timer before it was moved, even to the same time, cannot fire
    it."""
    await office.do(Timer("a", MONDAY))
    [held] = await office.claim_timers()
    await office.do(Timer("a", MONDAY))
    await _ring(office, held)
    assert office.woke() == []
    await office.settle()
    assert office.woke() == [("a", MONDAY)]


async def _ring(office: Office, letter: Letter) -> None:
    woke = e.Woke(project=PROJECT, at=letter.due, id="x", dialog="digest", of="digest", name="a")
    key = f"{letter.id}@{round(letter.due.timestamp() * 1_000_000)}"
    await office.house.turns.woke(
        Turn(TENANT, PROJECT, key, woke, MONDAY, (letter.id, letter.token))
    )


async def test_two_couriers_who_race_ring_a_timer_once(office: Office) -> None:
    """Each letter is claimed by one courier; one that was frozen past its lease does nothing."""
    house = office.house
    other = another_courier(house)
    await office.do(
        *(Timer(f"t{n:02}", MONDAY + timedelta(minutes=n)) for n in range(20)),
        *(Say(note(str(n))) for n in range(10)),
    )
    office.wall.at = MONDAY + timedelta(hours=1)
    await asyncio.gather(*(courier.settle() for courier in (house.courier, other) * 3))
    assert office.woke() == [(f"t{n:02}", MONDAY + timedelta(minutes=n)) for n in range(20)]
    assert office.edge.said() == [str(n) for n in range(10)]


async def test_a_frozen_courier_that_wakes_after_its_lease_rings_nothing(office: Office) -> None:
    """Its token is outdated, so the turn is not even started."""
    await office.do(Timer("a", MONDAY))
    [frozen] = await office.claim_timers()
    office.wall.at = MONDAY + timedelta(microseconds=LEASE_US)
    await office.settle()
    await _ring(office, frozen)
    assert office.woke() == [("a", MONDAY)]


async def test_a_timer_whose_dialog_fails_is_tried_again(office: Office) -> None:
    """The failed attempt leaves nothing, and the retry has the time at which the timer was due."""

    def fails(*_: object) -> None:
        raise RuntimeError

    await office.do(Timer("a", MONDAY))
    office.fake.acts = fails  # type: ignore[assignment]
    await office.settle()
    assert await office.letters() == [("timer", "ready")]
    office.fake.acts = office.fake.note
    office.fake.heard.clear()
    await office.move(MONDAY + timedelta(hours=1))
    assert office.woke() == [("a", MONDAY)]


async def test_a_clock_moved_over_three_weeks_steps_through_what_is_due(office: Office) -> None:
    """Events are fired in order, each with the time it was due, and the clock shows that time."""
    seen: list[tuple[datetime, datetime]] = []

    def weekly(state: object, event: e.Woke, known: object) -> object:
        seen.append((event.at, office.house.clock.now()))
        return state, (Timer("weekly", event.at + timedelta(days=7)), Say(note(str(event.at))))

    await office.do(
        Timer("weekly", MONDAY + timedelta(days=3)), Timer("late", MONDAY + timedelta(days=20))
    )
    office.fake.acts = weekly  # type: ignore[assignment]
    await office.move(MONDAY + timedelta(weeks=3))
    days = [3, 10, 17, 20]
    assert [due for due, _ in seen] == [MONDAY + timedelta(days=n) for n in days]
    assert all(now == due for due, now in seen)
    assert len(office.edge.parcels) == 4
    assert office.house.clock.now() == MONDAY + timedelta(weeks=3)


async def test_a_moved_clock_survives_a_restart(office: Office) -> None:
    """The clock does not fall back to real time."""
    await office.move(MONDAY + timedelta(days=9))
    offset = await office.house.database.read(office.house.scripts.meta, "clock_offset_us")
    assert int(offset) == timedelta(days=9) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
async def test_half_past_two_happens_once_on_both_days_of_the_change(
    office: Office, day: date, utc: datetime
) -> None:
    """In October it is the first of the two; in March it is half past three."""
    due = at_local(Calendar(), day, 2, 30)
    assert due == utc
    office.wall.at = utc - timedelta(hours=12)
    await office.do(Timer("night", due))
    for half_hours in range(60):
        await office.move(utc - timedelta(hours=12) + timedelta(minutes=30 * half_hours))
    assert office.woke() == [("night", utc)]


# --- the bag ------------------------------------------------------------------------------

FRIDAY = date(2026, 11, 6)


async def test_a_person_hears_from_digi_twice_a_week_at_most(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bag goes on working days within hours, and contains everything that waited."""
    sent: list[tuple[datetime, str]] = []

    deliver = office.edge.deliver

    async def noted(parcel: Parcel) -> str:
        sent.append((office.house.clock.now().astimezone(COPENHAGEN), parcel.person))
        return await deliver(parcel)

    monkeypatch.setattr(office.edge, "deliver", noted)
    for day in range(28):
        for hour in (0, 7, 13):
            await office.move(MONDAY + timedelta(days=day, hours=hour))
            await office.do(Privately("mette", note(f"{day}.{hour}")))
    await office.move(MONDAY + timedelta(days=60))
    words = " ".join(office.edge.said()).split()
    assert sorted(words) == sorted(f"{day}.{hour}" for day in range(28) for hour in (0, 7, 13))
    weeks = [moment.isocalendar()[:2] for moment, _ in sent]
    assert max(weeks.count(week) for week in weeks) <= 2
    assert all(moment.weekday() < 5 and 8 <= moment.hour < 16 for moment, _ in sent)
    assert len({moment.date() for moment, _ in sent}) == len(sent)


async def test_a_bag_is_emptied_by_a_clock_that_nobody_steers(office: Office) -> None:
    """A courier that looks a moment after the hour still sends it."""
    await office.do(Privately("mette", note("1")))
    office.wall.at = MONDAY + timedelta(minutes=1)
    await office.do(Privately("sofie", note("2")))
    await office.settle()
    assert office.edge.said() == ["1"]
    office.wall.at = at(date(2026, 11, 5), 9) + timedelta(seconds=1)
    await office.settle()
    assert office.edge.said() == ["1", "2"]


async def test_a_bag_whose_hour_was_missed_goes_as_soon_as_it_may(office: Office) -> None:
    """Later that day it is sent within hours; after hours it waits for the next of its days."""
    office.wall.at = at(date(2026, 11, 3), 10)
    await office.do(Privately("mette", note("1")), Privately("ali", note("2")))
    await office.settle()
    office.wall.at = at(date(2026, 11, 5), 11)
    await office.settle()
    assert sorted(office.edge.said()) == ["1", "2"]
    await office.do(Privately("jonas", note("3")))
    office.wall.at = at(date(2026, 11, 9), 19)
    await office.settle()
    assert len(office.edge.said()) == 2
    await office.move(at(date(2026, 11, 12), 9))
    assert len(office.edge.said()) == 3


async def test_one_letter_brings_all_projects_most_urgent_first(office: Office) -> None:
    """The most urgent letter comes first, whichever project it is from."""
    await found(office.house, "p2", channel="C2")
    office.wall.at = at(date(2026, 11, 3), 10)
    await office.do(Privately("mette", note("later"), urgency=7))
    await office.do(Privately("mette", note("soon"), urgency=1), project="p2")
    await office.do(Privately("mette", note("some day"), urgency=9))
    await office.move(at(date(2026, 11, 5), 9))
    assert office.edge.said() == ["soon later some day"]
    assert office.edge.parcels[0].person == "mette"


async def test_the_bag_goes_within_a_persons_own_hours(office: Office) -> None:
    """Evening and night staff have hours of their own."""
    await office.do(Keep("linh", hours=(15, 23)), Keep("samira", hours=(22, 6)))
    office.wall.at = at(date(2026, 11, 3), 10)
    await office.do(Privately("linh", note("evening")), Privately("samira", note("night")))
    moments: dict[str, datetime] = {}
    for half_hours in range(24 * 2 * 7):
        await office.move(at(date(2026, 11, 3), 10) + timedelta(minutes=30 * half_hours))
        for parcel in office.edge.parcels:
            moments.setdefault(parcel.person, office.house.clock.now().astimezone(COPENHAGEN))
    assert moments["linh"] == at(date(2026, 11, 5), 16)
    assert moments["samira"] == at(date(2026, 11, 5), 23)


async def test_the_bag_goes_within_the_projects_hours_where_one_has_set_none(
    office: Office,
) -> None:
    """It is sent an hour into the project's hours; a person's own hours take precedence."""
    await found(office.house, "p2", channel="C2", team=("tine", "linh"), hours=(5, 13))
    await office.do(Keep("linh", hours=(15, 23)), project="p2")
    office.wall.at = at(date(2026, 11, 3), 10)
    await office.do(Privately("tine", note("early")), Privately("linh", note("late")), project="p2")
    await office.move(at(date(2026, 11, 5), 5, 59))
    assert office.edge.said() == []
    await office.move(at(date(2026, 11, 5), 6))
    assert office.edge.said() == ["early"]
    await office.move(at(date(2026, 11, 5), 16))
    assert office.edge.said() == ["early", "late"]


async def test_pause_mig_holds_the_bag_back(office: Office) -> None:
    """It waits until the chosen date, or until the person resumes."""
    await office.do(
        Keep("mette", paused=True, paused_until=date(2026, 11, 10)), Keep("ali", paused=True)
    )
    office.wall.at = at(date(2026, 11, 3), 10)
    await office.do(Privately("mette", note("1")), Privately("ali", note("2")))
    await office.move(at(date(2026, 11, 10), 12))
    assert office.edge.said() == []
    await office.move(at(date(2026, 11, 12), 12))
    assert office.edge.said() == ["1"]
    await office.do(Keep("ali", paused=False))
    await office.move(at(date(2026, 11, 16), 9))
    assert office.edge.said() == ["1", "2"]


async def test_nobody_is_written_to_at_christmas(office: Office) -> None:
    """24 December 2026 is a Thursday; the letter comes the day before."""
    office.wall.at = at(date(2026, 12, 22), 10)
    await office.do(Privately("mette", note("before")))
    await office.move(at(date(2026, 12, 23), 9))
    assert office.edge.said() == ["before"]
    await office.do(Privately("mette", note("after")))
    await office.move(at(date(2026, 12, 27), 23, 59))
    assert office.edge.said() == ["before"]
    await office.move(at(date(2026, 12, 28), 9))
    assert office.edge.said() == ["before", "after"]


# --- the night, and the courier itself ----------------------------------------------------


async def test_pools_are_rewritten_each_night_also_after_a_night_asleep(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It happens whether anybody wrote or not, so that comparing copies of two days reveals
    nothing."""
    without_padding(monkeypatch)  # SQLite and padding rewrite some pages each minute

    async def sealed() -> bytes:
        rows = await office.house.database.read(_pool)
        return bytes(rows[0]["sealed"])

    def _pool() -> Script[list[Any]]:
        return (yield "pool_get", {"tenant": TENANT, "project": PROJECT})

    await office.move(MONDAY + timedelta(minutes=1))
    first = await sealed()
    await office.move(MONDAY + timedelta(hours=2))
    assert await sealed() == first
    # Digi was stopped over the night: a new courier starts in the morning.
    house = office.house
    office.wall.at = MONDAY + timedelta(hours=22)
    await house.database.tx(house.scripts.outbox.leave_lanes, house.courier.holder)
    morning = another_courier(house)
    await morning.move_to(house.clock.now())
    second = await sealed()
    assert second != first
    await house.database.tx(house.scripts.outbox.leave_lanes, morning.holder)
    again = another_courier(house)
    await again.move_to(house.clock.now())
    assert await sealed() == second


async def test_the_courier_goes_on_by_itself(office: Office) -> None:
    """A new letter wakes it, and a failing database does not stop it."""
    house = office.house
    failing = [RuntimeError(), RuntimeError()]
    real = house.database.tx

    async def tx(script: Any, *args: Any) -> Any:
        if script == house.scripts.outbox.freed and failing:
            raise failing.pop()
        return await real(script, *args)

    house.database.tx = tx  # type: ignore[method-assign]
    running = asyncio.create_task(house.courier.run())
    try:
        await office.do(Say(note("hello")))
        async with asyncio.timeout(LONG_ENOUGH):
            while not office.edge.parcels:  # noqa: ASYNC110 - it happens in another thread
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert office.edge.said() == ["hello"]
    assert office.edge.parcels[0].channel == CHANNEL


@pytest.mark.parametrize("waiting", [1_000, 100_000])
def test_a_claim_looks_at_no_letter_that_waits(waiting: int) -> None:
    """A hundred thousand timers of later days do not slow down a claim or a step of the clock."""
    with contextlib.closing(sqlite3.connect(":memory:")) as conn:
        for file in sorted((FOLDER / "migrations").glob("*.sql")):
            conn.executescript(file.read_text("utf-8"))
        conn.execute("INSERT INTO lane VALUES ('t', 'me', 1, 2)")
        conn.executemany(
            "INSERT INTO letter VALUES (?, 't', 'p', ?, ?, 'ready', ?, ?, ?, 0, 0, x'')",
            [
                (f"{kind}{n}", f"{kind}:{n % 1000}", kind, due, n, due)
                for n in range(waiting)
                for kind in ("timer", "bag")
                for due in [10 if n < 100 else 2**50 + n]
            ],
        )
        steps = [0]

        def step() -> int:
            steps[0] += 1
            return 0

        conn.set_progress_handler(step, 100)
        asked = {
            "now": 2**40,
            "until": 2**41,
            "limit": 20,
            "holder": "me",
            "real": 1,
            "tenant": "t",
        }
        said = queries()
        assert len(conn.execute(said["letter_claim"], asked).fetchall()) == 20
        assert len(conn.execute(said["timer_claim"], asked).fetchall()) == 20
        conn.execute(said["letter_next_due"], asked).fetchall()
        conn.execute(said["timer_waits"], asked).fetchall()
    # Hundreds of instructions for each due letter, and none for others.
    assert steps[0] < 400


@pytest.mark.parametrize("elsewhere", [10, 10_000])
def test_a_claim_looks_at_no_letter_of_another_workplace(elsewhere: int) -> None:
    """Waiting timers do not slow down letters, nor letters that cannot be sent timers."""
    with contextlib.closing(sqlite3.connect(":memory:")) as conn:
        for file in sorted((FOLDER / "migrations").glob("*.sql")):
            conn.executescript(file.read_text("utf-8"))
        conn.execute("INSERT INTO lane VALUES ('t', 'me', 1, 2)")
        conn.executemany(
            "INSERT INTO letter VALUES (?, ?, 'p', ?, ?, 'ready', 1, ?, 1, 0, 0, x'')",
            [
                *((f"l{n}", "other", f"channel:{n}", "say", n) for n in range(elsewhere)),
                ("mine", "t", "channel:1", "say", elsewhere),
                ("timer", "t", "timer:p", "timer", elsewhere + 1),
            ],
        )
        steps = [0]

        def step() -> int:
            steps[0] += 1
            return 0

        conn.set_progress_handler(step, 100)
        asked = {"now": 9, "until": 99, "limit": 20, "holder": "me", "real": 1, "tenant": "t"}
        for name in ("letter_claim", "timer_claim"):
            assert len(conn.execute(queries()[name], asked).fetchall()) == 1
    assert steps[0] < 20
