"""Sends one letter: dresses it, calls its platform, and stores the outcome.

A message that the platform may already have is repeated marked as a possible duplicate, or not at
all.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from bot.clock import Clock
from bot.core.bag_cards import DONE, BagCards
from bot.core.health import is_reported
from bot.core.leases import LaneLost, Leases
from bot.core.listeners import Listeners
from bot.core.pause import Pause
from bot.core.release_fence import ReleaseFence
from bot.core.turn_runner import TurnRunner
from bot.core.views import Views
from bot.log import Log
from bot.platforms.common.ports import DeliveryFailed, Edge, Parcel
from dialogs.model import cards as c
from dialogs.model.calendar import (
    LETTERS_A_WEEK,
    Calendar,
    Hours,
    bag_moment,
    local,
    within_hours,
)
from dialogs.model.facts import hours_for
from storage.database import Database
from storage.transactions.letters import LEFT, NO_BODY, BagBody, Letter, PostBody, SayBody, SentBag
from storage.transactions.outbox import Outbox
from storage.transactions.reading import Reading
from storage.vault import Unreadable

TRIES = 30
HELD = timedelta(days=14)
"""How long a message waits for a channel or workplace that refuses it; later it would be stale."""
RESTS_LONGER = timedelta(minutes=5)
LONGEST_WAIT = 60 * 60.0
CALL_SECONDS = 120.0
"""A limit for calls that never end; every edge has a shorter timeout of its own."""
SLOW = 2.0
"""Seconds; a workplace whose last call took longer is served in the slow queue of `lanes`."""
SHOWN_LATER = 5.0
DAMAGED = "it is damaged and cannot be read any more"


class _Arrived(msgspec.Struct, frozen=True):
    """A message that the platform accepted and whose letter is not marked as sent yet."""

    platform_id: str = ""
    letters: tuple[str, ...] = ()
    bag: SentBag = SentBag()
    day: date = date.min
    paused: bool = False


class LetterSender:
    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        reading: Reading,
        clock: Clock,
        log: Log,
        *,
        views: Views,
        turns: TurnRunner,
        fence: ReleaseFence,
        listeners: Listeners,
        leases: Leases,
        pause: Pause,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._reading = reading
        self._clock = clock
        self._log = log
        self._views = views
        self._turns = turns
        self._fence = fence
        self._listeners = listeners
        self._leases = leases
        self._pause = pause
        self._bags = BagCards(database, outbox, views)
        self._arrived: dict[str, tuple[Letter, _Arrived]] = {}
        self._refused: dict[str, Letter] = {}
        """Letters that certainly did not arrive, as they were before an attempt that is not
        stored."""
        self.slow: set[str] = set()
        """Workplaces whose last call took longer than `SLOW`."""

    async def send(self, letter: Letter) -> bool:
        """Send a letter; False where nothing more can be sent in this workplace for now."""
        if (before := self._refused.get(letter.id)) is not None:
            letter = msgspec.structs.replace(letter, uncertain=before.uncertain, twice=before.twice)
        try:
            if letter.id in self._arrived:
                await self._mark(letter, self._arrived[letter.id][1])
            elif letter.body == NO_BODY:
                await self._dies(DAMAGED, letter)
            elif letter.kind == "bag":
                return await self._bag(letter)
            else:
                await self._says(letter)
        except LaneLost:
            return False
        except DeliveryFailed as failure:
            return await self._failed(letter, failure)
        except Exception as error:
            # An error in one letter must not block others: it is retried, and logged now and then.
            if is_reported(letter.attempts):
                self._log.failed("letter", type(error).__name__, letter=letter.id)
            arrived = letter.id in self._arrived
            damaged = isinstance(error, Unreadable)
            unknown = DeliveryFailed(type(error).__name__, uncertain=arrived, permanent=damaged)
            return await self._failed(letter, unknown)
        return True

    async def mark_arrived(self, *, but: Collection[str] = ()) -> None:
        """Mark letters as sent that platforms accepted while the database was away, before another
        replica sends them again. Skips workplaces in `but`, whose own tasks do it."""
        for letter, arrived in list(self._arrived.values()):
            if letter.tenant not in but:
                await self._mark(letter, arrived)

    async def _mark(self, letter: Letter, arrived: _Arrived) -> None:
        """Mark a letter as sent. It is remembered until the database has it too, so that a failure
        here sends nothing twice."""
        if letter.kind != "redraw":
            self._arrived[letter.id] = letter, arrived
        letter = msgspec.structs.replace(letter, paused=arrived.paused)
        if letter.kind == "bag":
            person = letter.place.partition(":")[2]
            await self._database.tx(
                self._outbox.bag_sent, letter, person, arrived.day, arrived.letters, arrived.bag
            )
        else:
            await self._database.tx(self._outbox.sent, letter, arrived.platform_id)
        self._arrived.pop(letter.id, None)
        if letter.paused:
            self._log.started(f"a team goes on ({letter.id})")

    # --- one message ------------------------------------------------------------------------

    async def _says(self, letter: Letter) -> None:
        parcel = await self._parcel(letter)
        if parcel is None:
            await self._database.tx(self._outbox.sent, letter, "")
            return
        edge = self._views.edge_of(letter.tenant)
        if letter.uncertain and not edge.repeats and parcel.kind != "update":
            # Never repeat a private message; repeat one in the channel once, marked as a duplicate.
            if parcel.kind == "private" or letter.twice:
                await self._dies("uncertain", letter)
                return
            parcel = msgspec.structs.replace(parcel, again=True)
        await self._may_show(letter)
        if not edge.repeats:
            await self._leases.may_begin(letter.tenant)
            if not await self._database.tx(self._outbox.sending, letter, self._leases.lease()):
                return
            parcel = self._in_time(parcel)
        await self._mark(letter, _Arrived(await self._deliver(edge, parcel), paused=letter.paused))

    async def _may_show(self, letter: Letter) -> None:
        if not await self._fence.may_show(letter.tenant):
            raise DeliveryFailed("the log is not empty", held=True, retry_after=SHOWN_LATER)

    def _in_time(self, parcel: Parcel) -> Parcel:
        """Set until when our lease holds, so that the edge sends nothing after it (replicas
        only)."""
        if self._database.alone:
            return parcel
        return msgspec.structs.replace(parcel, until=self._leases.until(parcel.tenant))

    async def _deliver(self, edge: Edge, parcel: Parcel) -> str:
        began = self._clock.monotonic()
        try:
            async with self._pause.calling(), asyncio.timeout(CALL_SECONDS):
                return await edge.deliver(parcel)
        except DeliveryFailed:
            raise
        except Exception as error:
            # The edge failed without saying whether the message arrived.
            raise DeliveryFailed(type(error).__name__, uncertain=True) from error
        finally:
            slow = self._clock.monotonic() - began > SLOW
            (self.slow.add if slow else self.slow.discard)(parcel.tenant)

    async def _parcel(self, letter: Letter) -> Parcel | None:
        """The message as an edge gets it; None where it is outdated."""
        where, _, who = letter.place.partition(":")
        person = who if where == "person" else ""
        found = await self._content(letter)
        if found is None:
            return None
        neutral, target, kind = found
        if kind == "update" and person and (bag := await self._bag_again(letter, person, target)):
            return bag
        card, language = await self._views.dress_card(
            letter.tenant, letter.project, neutral, person
        )
        return Parcel(
            id=letter.id,
            tenant=letter.tenant,
            kind="private" if person and kind == "post" else kind,
            card=card,
            language=language,
            channel=who if where in ("channel", LEFT) else "",
            person=person,
            target=target,
        )

    async def _content(
        self, letter: Letter
    ) -> tuple[c.NeutralCard, str, Literal["post", "update", "thread", "private"]] | None:
        """A letter's card, the platform's id of the message to update or to reply to, and how to
        send it; None where it is outdated."""
        match letter.kind:
            case "post" | "redraw":
                body = msgspec.json.decode(letter.body, type=PostBody)
                drawn = await self._drawn(letter, body)
                kind: Literal["post", "update"] = "update" if letter.kind == "redraw" else "post"
                return None if drawn is None else (*drawn, kind)
            case "say":
                said = msgspec.json.decode(letter.body, type=SayBody)
                neutral = msgspec.json.decode(said.card, type=c.NeutralCard)
                if said.thread is not None:
                    post = await self._database.read(
                        self._outbox.post, letter.tenant, letter.project, said.thread
                    )
                    if post is not None and post.platform_id:
                        return neutral, post.platform_id, "thread"
                return neutral, "", "post"
            case "private":
                bag = msgspec.json.decode(letter.body, type=BagBody)
                if bag.post is not None:
                    drawn = await self._drawn(letter, bag.post)
                    return None if drawn is None else (*drawn, "private")
                return msgspec.json.decode(bag.card, type=c.NeutralCard), "", "private"
            case _:
                raise AssertionError(letter.kind)

    async def _drawn(self, letter: Letter, body: PostBody) -> tuple[c.NeutralCard, str] | None:
        """Draw a post, and return it with the platform's id of the message to update; None if the
        letter is outdated."""
        tenant, project = letter.tenant, letter.project
        post = await self._database.read(self._outbox.post, tenant, project, body)
        neutral = await self._views.draw(tenant, project, body)
        if post is None or neutral is None:
            return None
        if letter.kind == "redraw":
            current = letter.id == f"redraw:{post.id}" and post.platform_id
            return (neutral if neutral.parts else DONE, post.platform_id) if current else None
        return (neutral, "") if letter.id == post.id and neutral.parts else None

    async def _bag_again(self, letter: Letter, person: str, target: str) -> Parcel | None:
        """The whole bag that a changed post was sent in, drawn again; None if it was sent alone."""
        bag: SentBag | None = await self._database.read(
            self._outbox.sent_bag, letter.tenant, person, target
        )
        if bag is None:
            return None
        card, language = await self._bags.again(letter.tenant, person, bag)
        return Parcel(
            id=letter.id,
            tenant=letter.tenant,
            kind="update",
            card=card,
            language=language,
            person=person,
            target=bag.message,
        )

    # --- the bag of private letters -------------------------------------------------------

    async def _bag(self, letter: Letter) -> bool:
        """One letter with everything that waits for a person, at most twice a week."""
        tenant, person = letter.tenant, letter.place.partition(":")[2]
        now = self._clock.now()
        calendar = Calendar()
        if letter.uncertain:
            # A previous attempt is unresolved: settle that one first.
            return await self._empty(letter, person, now, calendar)
        prefs = await self._views.prefs(tenant, person)
        monday = local(calendar, now).date() - timedelta(days=local(calendar, now).weekday())
        days = await self._database.read(self._outbox.bag_days, tenant, person, monday)
        held = letter.due
        if prefs.paused and prefs.paused_until is not None:
            resumes = datetime.combine(prefs.paused_until, datetime.min.time(), now.tzinfo)
            held = max(held, resumes)
        elif prefs.paused:
            held = now + timedelta(days=7)
        hours = prefs.hours
        if hours is None:
            mine = await self._database.read(self._reading.projects_of, tenant, person)
            hours = hours_for(prefs, mine)
        moment = bag_moment(calendar, held, hours, days)
        if moment <= now and not self._may_still(calendar, now, hours, days):
            moment = bag_moment(calendar, now, hours, days)
        if moment <= now:
            return await self._empty(letter, person, now, calendar)
        await self._database.tx(self._outbox.bag_waits, tenant, letter.place, moment)
        return True

    @staticmethod
    def _may_still(calendar: Calendar, now: datetime, hours: Hours, days: tuple[date, ...]) -> bool:
        """Whether a bag that is due, or overdue, may be sent now."""
        today = local(calendar, now).date()
        return (
            within_hours(calendar, now, hours) and today not in days and len(days) < LETTERS_A_WEEK
        )

    async def _empty(self, letter: Letter, person: str, now: datetime, calendar: Calendar) -> bool:
        await self._leases.may_begin(letter.tenant)
        letters: list[Letter] = await self._database.tx(
            self._outbox.bag, letter, now, self._leases.lease()
        )
        lost = [one for one in letters if one.body == NO_BODY]
        if lost:
            await self._dies(DAMAGED, *lost)
        letters = [one for one in letters if one.body != NO_BODY]
        if not letters:
            return True
        ids = tuple(one.id for one in letters)
        packed = await self._bags.packed(letters, person)
        if packed is None:
            await self._database.tx(self._outbox.bag_outdated, ids)
            return True
        parcel = Parcel(
            id=f"bag:{letter.id}",
            tenant=letter.tenant,
            kind="private",
            card=packed.card,
            language=packed.language,
            person=person,
        )
        edge = self._views.edge_of(letter.tenant)
        if letter.uncertain and not edge.repeats:
            await self._dies("uncertain", *letters)
            return True
        try:
            await self._may_show(letter)
            message = await self._deliver(edge, self._in_time(parcel))
        except DeliveryFailed as failure:
            return await self._failed(letter, failure, *letters)
        sent = SentBag(message, packed.parts) if packed.parts else SentBag()
        day = local(calendar, now).date()
        await self._mark(letter, _Arrived("", ids, sent, day, letter.paused))
        return True

    # --- when it goes wrong ---------------------------------------------------------------

    async def _failed(self, letter: Letter, failure: DeliveryFailed, *bag: Letter) -> bool:
        """Handle a failed attempt; False where the whole workplace accepts nothing."""
        if not failure.uncertain:
            self._refused[letter.id] = letter
        closed = await self._put_off(letter, failure, bag)
        self._refused.pop(letter.id, None)
        if failure.unreachable:
            await self._unreached(*(bag or (letter,)))
        return not closed

    async def _put_off(
        self, letter: Letter, failure: DeliveryFailed, bag: tuple[Letter, ...]
    ) -> bool:
        """Retry later, give up, or pause the team or workplace; True if the workplace pauses."""
        held = failure.held and self._clock.now() - letter.due < HELD
        # A message that arrived is not given up because marking it failed.
        mortal = letter.id not in self._arrived and not held
        if mortal and (failure.permanent or failure.held or letter.attempts >= TRIES):
            await self._dies(failure.reason, *(bag or (letter,)))
            return False
        wait = failure.retry_after
        at = self._clock.now() + (
            backoff(letter.attempts) if wait is None else timedelta(seconds=wait)
        )
        whole = failure.closed == "workplace"
        if whole or (failure.closed == "channel" and letter.place.startswith("channel:")):
            await self._rest(letter, at, (failure.uncertain, held), failure.reason, whole=whole)
        else:
            await self._database.tx(self._outbox.later, letter, at, failure.uncertain, held)
        return whole

    async def _rest(
        self,
        letter: Letter,
        at: datetime,
        failed: tuple[bool, bool],
        reason: str,
        *,
        whole: bool,
    ) -> None:
        """Pause a team, or a whole workplace, whose platform refuses messages: letters and timers
        wait. Afterwards the team gets one summary of what came due, as after an outage."""
        telling = None if whole else self._turns.telling(letter, "channel")
        try:
            new = await self._database.tx(
                self._outbox.rests, letter, at, at + RESTS_LONGER, failed, telling
            )
        except Unreadable:  # the team's own state: nobody can be told, and nobody else waits
            await self._database.tx(self._outbox.later, letter, at, *failed)
            return
        if new:
            whose = "workplace" if whole else "team"
            self._log.started(f"a {whose} waits: {reason} ({letter.id})")

    async def _dies(self, reason: str, *letters: Letter) -> None:
        """Give letters up: the operator finds them in the log and in `outbox`, the leader is
        told."""
        [letter, *_] = letters
        self._log.failed("dead", reason, letter=letter.id)
        telling = None
        if letter.project and letter.kind != "redraw" and not letter.place.startswith(f"{LEFT}:"):
            private = letter.place.partition(":")[0] != "channel"
            telling = self._turns.telling(letter, "private" if private else "message")
        try:
            await self._database.tx(self._outbox.dead, letters, telling)
        except Unreadable:  # the team's own state: the leader cannot be told
            await self._database.tx(self._outbox.dead, letters, None)
        self._listeners.letters_written(letter.tenant)

    async def _unreached(self, *letters: Letter) -> None:
        """Tell each project that had a letter for an unreachable person so, at most once a day."""
        for tenant, project, place in {(one.tenant, one.project, one.place) for one in letters}:
            where, _, person = place.partition(":")
            if project and where in ("person", "bag"):
                await self._turns.unreached(tenant, project, person)


def backoff(attempts: int) -> timedelta:
    """Twice as long after each try, with jitter."""
    seconds = min(LONGEST_WAIT, 2.0 ** min(attempts, 12)) * random.uniform(0.5, 1.0)
    return timedelta(seconds=seconds)
