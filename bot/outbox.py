"""The courier: everything that is said, is said from here; a timer is a letter that comes back.

Letters of one place go in order. A replica holds a workplace's lane by a lease, and in it the
letters it has claimed by a token; whoever lost them can neither send nor mark them. What the
platform may already have is never sent twice unmarked.
"""

from __future__ import annotations

import asyncio
import math
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec

from bot.clock import Clock
from bot.edge import DeliveryFailed, Edge, Parcel
from bot.engine import Engine
from bot.log import Log
from bot.standing import standing
from dialogs import cards as c
from dialogs.calendar import (
    LETTERS_A_WEEK,
    Calendar,
    Hours,
    bag_moment,
    local,
    within_hours,
)
from dialogs.events import Woke
from storage.sql import StoreError
from storage.store import (
    BagBody,
    Database,
    Lease,
    Letter,
    PostBody,
    SayBody,
    Scripts,
    TimerBody,
    Turn,
)

LEASE_US = 60_000_000
LANE_US = 30_000_000
HOUSE_US = 150_000_000
"""Longer than a minute: the same replica keeps the house from one minute to the next."""
KEPT_EVERY = 10.0
ENOUGH = 2 / 3
"""Of a lease: longer than any platform is waited for."""
HOUSE = ""
POOLS_AT_ONCE = 100
AT_ONCE = 20
TIMERS_AT_ONCE = 44
"""More of them where nothing else is due, and where what they decide goes to the disk together."""
TRIES = 30
HELD = timedelta(days=14)
"""So long a message waits for a channel or a workplace; later it would tell of old things."""
RESTS_LONGER = timedelta(minutes=5)
LONGEST_WAIT = 60 * 60.0
NAP = 1.0
SET_BACK = timedelta(seconds=2)
"""Less than this is a clock that is being put right, not one that was set back."""


class _Arrived(msgspec.Struct, frozen=True):
    """What the platform has taken and the store does not know of yet."""

    platform_id: str = ""
    bag: tuple[str, ...] = ()
    day: date = date.min
    paused: bool = False


class Courier:
    def __init__(
        self, database: Database, scripts: Scripts, engine: Engine, clock: Clock, log: Log
    ) -> None:
        self._database = database
        self._scripts = scripts
        self._engine = engine
        self._clock = clock
        self._log = log
        self.holder = secrets.token_hex(8)
        self._went = clock.monotonic()
        self._freed = not database.alone  # where others are alive, what they hold is theirs
        self._used: dict[str, float] = {}
        self._in_hand: frozenset[str] = frozenset()
        self._ours: dict[str, float] = {}
        """How long a lane is surely ours, by the monotonic clock."""
        self._misses = 0
        self._shaken = -math.inf
        """When the store was last away."""
        self._keeps_house = False
        self._one_at_a_time = asyncio.Lock()
        self._arrived: dict[str, tuple[Letter, _Arrived]] = {}
        self._refused: dict[str, Letter] = {}
        """What did surely not arrive, as it was before the try that the store has not heard of."""
        self._resting: set[str] = set()
        self._looked = datetime.min.replace(tzinfo=UTC)
        self._night = date.min
        self._hour: datetime | None = None
        self._checkpointed = datetime.min.replace(tzinfo=UTC)
        self.nightly: Callable[[], Awaitable[None]] | None = None
        """What else there is to do each night, once the pools have been rewritten."""

    async def run(self) -> None:
        """Until cancelled: deliver what is due, sleep until something is, look once a second."""
        keeping = asyncio.create_task(standing("lanes", self._keep_lanes, self._log.failed))
        try:
            await standing("courier", self._run, self._log.failed)
        finally:
            keeping.cancel()
            with suppress(Exception):
                await self._database.tx(self._scripts.leave_lanes, self.holder)

    async def _run(self) -> None:
        while True:
            async with self._one_at_a_time:
                worked = await self._tries()
            if worked:
                continue
            self._engine.letters_written.clear()
            nap = await self._nap()
            with suppress(TimeoutError):
                async with asyncio.timeout(nap):
                    await self._engine.letters_written.wait()

    async def _tries(self) -> int:
        """One round with all that belongs to it; nothing where the store is away."""
        try:
            if not self._freed:
                await self._database.tx(self._scripts.freed)
                self._freed = True
            if self._misses:
                await self._mark_what_arrived()
            await self._housekeeping()
            worked = await self._round()
        except Exception as error:
            self._misses += 1
            self._shaken = self._clock.monotonic()
            if _told(self._misses):
                self._log.failed("courier", type(error).__name__)
            return 0
        self._went = self._clock.monotonic()
        self._misses = 0
        return worked

    def idle(self) -> float:
        """Seconds since the last round that went well."""
        return self._clock.monotonic() - self._went

    async def _nap(self) -> float:
        """Until the next letter comes due, and no longer than a second."""
        now = self._clock.now()
        try:
            due = await self._database.read(self._scripts.next_due, now)
        except StoreError:
            return NAP
        return NAP if due is None else min(NAP, (due - now).total_seconds())

    def still(self) -> asyncio.Lock:
        """While this is held nothing is claimed or sent."""
        return self._one_at_a_time

    async def settle(self) -> None:
        """Until nothing is due."""
        async with self._one_at_a_time:
            while await self._round():
                pass

    async def move_to(self, target: datetime) -> None:
        """Step the clock to each due moment up to the target; at each, drain until quiet."""
        async with self._one_at_a_time:
            while await self._round():
                pass
            while True:
                due = await self._database.read(self._scripts.next_due, self._clock.now())
                if due is None or due > target:
                    break
                await self._set_clock(due)
                await self._housekeeping()
                while await self._round():
                    pass
            if target > self._clock.now():
                await self._set_clock(target)
            await self._housekeeping()

    async def _set_clock(self, at: datetime) -> None:
        try:
            offset = self._clock.move_to(_us(at))
        except ValueError:
            return  # the moment has come by itself meanwhile
        await self._database.tx(self._scripts.set_meta, "clock_offset_us", str(offset))

    # --- lanes ----------------------------------------------------------------------------

    def _lease(self, lease_us: int = LANE_US) -> Lease:
        return Lease(self._clock.real_us(), lease_us)

    async def _keep_lanes(self) -> None:
        """The lanes in use stay ours also while a platform is slow to answer."""
        while True:
            await asyncio.sleep(KEPT_EVERY)
            since = self._clock.monotonic() - LANE_US / 1_000_000
            self._used = {tenant: at for tenant, at in self._used.items() if at >= since}
            for tenant in self._in_hand | self._used.keys():
                with suppress(Exception):  # the round meets the same trouble, and tells of it
                    await self._keep(tenant)

    async def _keep(self, tenant: str) -> bool:
        """The lane is ours for a whole lease from now on; False where it is another's."""
        asked, lease = self._clock.monotonic(), self._lease()
        kept = bool(await self._database.tx(self._scripts.take_lane, tenant, self.holder, lease))
        self._ours[tenant] = asked + lease.lease_us / 1_000_000 if kept else -math.inf
        return kept

    async def _may_begin(self, tenant: str) -> bool:
        """What is begun now ends before the lane can be another's, as long as nothing freezes."""
        left = self._ours.get(tenant, -math.inf) - self._clock.monotonic()
        return left > ENOUGH * self._lease().lease_us / 1_000_000 or await self._keep(tenant)

    def _patient(self) -> bool:
        """While the store was away nobody could keep a lane. Whoever was speaking then has the
        first word now, and knows what arrived."""
        return self._clock.monotonic() - self._shaken < LANE_US / 1_000_000

    # --- one round ------------------------------------------------------------------------

    async def _look_at_the_clock(self) -> None:
        """Somebody may have set it back since the last look."""
        now, last = self._clock.now(), self._looked
        by = last - now
        if by > timedelta(0):
            # What was written between then and this look comes after what was written before.
            since = now
            if by > SET_BACK:
                since = now - SET_BACK
                self._log.failed("clock", f"set back by {round(by.total_seconds())} seconds")
            await self._database.tx(
                self._scripts.set_back, now, since, by, self.holder, self._database.alone
            )
        self._looked = now

    def begins_again(self) -> None:
        """The playground's clock is real again, and nothing is left of before."""
        self._looked = datetime.min.replace(tzinfo=UTC)

    async def _round(self) -> int:
        await self._look_at_the_clock()
        letters: list[Letter] = await self._database.tx(
            self._scripts.claim, self._clock.now(), LEASE_US, AT_ONCE, self.holder, self._lease(),
            TIMERS_AT_ONCE, self._patient(),
        )  # fmt: skip
        if self._engine.traces and letters:
            # What was released may be read nowhere before the log of its writing is empty.
            if not await self._database.checkpoint():
                return 0
            self._engine.traces = False
        self._resting.clear()
        self._used.update((letter.tenant, self._clock.monotonic()) for letter in letters)
        self._in_hand = frozenset(letter.tenant for letter in letters)
        # Timers stand in different places and wait for nobody: what they decide is stored together.
        await _all(*(self._one(one) for one in letters if one.kind == "timer"))
        for letter in letters:
            if letter.kind != "timer" and not self._rests_now(letter):
                await self._one(letter)
        self._in_hand = frozenset()
        return len(letters)

    def _rests_now(self, letter: Letter) -> bool:
        """Whether an earlier letter of this round has found that nothing arrives there."""
        return letter.tenant in self._resting

    async def _one(self, letter: Letter) -> None:
        if (before := self._refused.get(letter.id)) is not None:
            letter = msgspec.structs.replace(letter, uncertain=before.uncertain, twice=before.twice)
        try:
            if letter.id in self._arrived:
                await self._mark(letter, self._arrived[letter.id][1])
                return
            match letter.kind:
                case "timer":
                    await self._rings(letter)
                case "bag":
                    await self._bag(letter)
                case _:
                    await self._says(letter)
        except DeliveryFailed as failure:
            await self._failed(letter, failure)
        except Exception as error:
            # A fault in one letter must not hold up the others; it is tried again, then shown.
            if _told(letter.attempts):
                self._log.failed("letter", type(error).__name__, letter=letter.id)
            arrived = letter.id in self._arrived
            await self._failed(letter, DeliveryFailed(type(error).__name__, uncertain=arrived))

    async def _mark_what_arrived(self) -> None:
        """Before anybody else can think that it is still to be said."""
        for letter, arrived in list(self._arrived.values()):
            await self._mark(letter, arrived)

    async def _mark(self, letter: Letter, arrived: _Arrived) -> None:
        """Kept in mind until the store has it too: its failing makes nobody hear a thing twice."""
        if letter.kind != "redraw":
            self._arrived[letter.id] = letter, arrived
        letter = msgspec.structs.replace(letter, paused=arrived.paused)
        if letter.kind == "bag":
            person = letter.place.partition(":")[2]
            await self._database.tx(
                self._scripts.bag_sent, letter, person, arrived.day, arrived.bag
            )
        else:
            await self._database.tx(self._scripts.sent, letter, arrived.platform_id)
        self._arrived.pop(letter.id, None)
        if letter.paused:
            self._log.started(f"a team goes on ({letter.id})")

    async def _rings(self, letter: Letter) -> None:
        body = msgspec.json.decode(letter.body, type=TimerBody)
        woke = Woke(
            project=letter.project, at=letter.due, id=f"{letter.id}@{_us(letter.due)}",
            dialog=body.dialog, of=body.of, name=body.name, came=self._clock.now(),
        )  # fmt: skip
        await self._engine.woke(
            Turn(
                letter.tenant,
                letter.project,
                f"{letter.id}@{_us(letter.due)}",
                woke,
                self._clock.now(),
                (letter.id, letter.token),
            )
        )

    async def _says(self, letter: Letter) -> None:
        parcel = await self._parcel(letter)
        if parcel is None:
            await self._database.tx(self._scripts.sent, letter, "")
            return
        edge = self._engine.edge_of(letter.tenant)
        if letter.uncertain and not edge.repeats and parcel.kind != "update":
            # A private message never again; one in the channel once more, and marked.
            if parcel.kind == "private" or letter.twice:
                await self._dies("uncertain", letter)
                return
            parcel = msgspec.structs.replace(parcel, again=True)
        if not edge.repeats:
            if not await self._may_begin(letter.tenant):
                return
            if not await self._database.tx(self._scripts.sending, letter, self._lease()):
                return
            parcel = self._in_time(parcel)
        await self._mark(letter, _Arrived(await _delivered(edge, parcel), paused=letter.paused))

    def _in_time(self, parcel: Parcel) -> Parcel:
        """Where others may speak too, it says until when nobody else does."""
        if self._database.alone:
            return parcel
        return msgspec.structs.replace(parcel, until=self._ours[parcel.tenant])

    async def _parcel(self, letter: Letter) -> Parcel | None:
        """None where there is nothing to say any more."""
        tenant, project = letter.tenant, letter.project
        where, _, who = letter.place.partition(":")
        person = who if where == "person" else ""
        target = ""
        kind: Literal["post", "update", "thread", "private"]
        match letter.kind:
            case "post" | "redraw":
                body = msgspec.json.decode(letter.body, type=PostBody)
                post = await self._database.read(self._scripts.post, tenant, project, body)
                neutral = await self._engine.draw(tenant, project, body)
                if post is None or neutral is None:
                    return None
                if letter.kind == "redraw":
                    if letter.id != f"redraw:{post.id}" or not post.platform_id:
                        return None
                    target = post.platform_id
                elif letter.id != post.id:
                    return None
                kind = "update" if letter.kind == "redraw" else "post"
            case "say":
                said = msgspec.json.decode(letter.body, type=SayBody)
                neutral = msgspec.json.decode(said.card, type=c.NeutralCard)
                kind = "post"
                if said.thread is not None:
                    post = await self._database.read(
                        self._scripts.post, tenant, project, said.thread
                    )
                    if post is not None and post.platform_id:
                        target, kind = post.platform_id, "thread"
            case "private":
                bag = msgspec.json.decode(letter.body, type=BagBody)
                neutral = msgspec.json.decode(bag.card, type=c.NeutralCard)
                kind = "private"
            case _:
                raise AssertionError(letter.kind)
        card, language = await self._engine.dress_card(tenant, project, neutral, person)
        if person and kind == "post":
            kind = "private"
        return Parcel(
            id=letter.id, tenant=tenant, kind=kind, card=card, language=language,
            channel=who if where == "channel" else "", person=person, target=target,
        )  # fmt: skip

    # --- the bag of private letters -------------------------------------------------------

    async def _bag(self, letter: Letter) -> None:
        """One letter with everything that waits for a person, at most twice a week."""
        tenant, person = letter.tenant, letter.place.partition(":")[2]
        now = self._clock.now()
        calendar = Calendar()
        if letter.uncertain:
            # It was on its way once: what came of that is settled first.
            await self._empty(letter, person, now, calendar)
            return
        prefs = await self._engine.prefs(tenant, person)
        monday = local(calendar, now).date() - timedelta(days=local(calendar, now).weekday())
        days = await self._database.read(self._scripts.bag_days, tenant, person, monday)
        held = letter.due
        if prefs.paused and prefs.paused_until is not None:
            resumes = datetime.combine(prefs.paused_until, datetime.min.time(), now.tzinfo)
            held = max(held, resumes)
        elif prefs.paused:
            held = now + timedelta(days=7)
        moment = bag_moment(calendar, held, prefs.hours, days)
        if moment <= now and not self._may_still(calendar, now, prefs.hours, days):
            moment = bag_moment(calendar, now, prefs.hours, days)
        if moment <= now:
            await self._empty(letter, person, now, calendar)
        else:
            await self._database.tx(self._scripts.bag_waits, tenant, letter.place, moment)

    @staticmethod
    def _may_still(calendar: Calendar, now: datetime, hours: Hours, days: tuple[date, ...]) -> bool:
        """Whether a bag whose moment has come, or was missed a while ago, may go now."""
        today = local(calendar, now).date()
        return (
            within_hours(calendar, now, hours) and today not in days and len(days) < LETTERS_A_WEEK
        )

    async def _empty(self, letter: Letter, person: str, now: datetime, calendar: Calendar) -> None:
        if not await self._may_begin(letter.tenant):
            return
        letters: list[Letter] = await self._database.tx(
            self._scripts.bag, letter, now, self._lease()
        )
        if not letters:
            return
        opened = [(msgspec.json.decode(one.body, type=BagBody), one) for one in letters]
        opened.sort(key=lambda pair: (pair[0].urgency, pair[1].due))
        language: Literal["da", "en"] = "da"
        parts: list[c.Part[c.Spans]] = []
        for body, one in opened:
            neutral = msgspec.json.decode(body.card, type=c.NeutralCard)
            card, language = await self._engine.dress_card(one.tenant, one.project, neutral, person)
            parts.extend(card.parts)
        parcel = Parcel(
            id=f"bag:{letter.id}", tenant=letter.tenant, kind="private",
            card=c.Card(tuple(parts)), language=language, person=person,
        )  # fmt: skip
        edge = self._engine.edge_of(letter.tenant)
        if letter.uncertain and not edge.repeats:
            await self._dies("uncertain", *letters)
            return
        try:
            await _delivered(edge, self._in_time(parcel))
        except DeliveryFailed as failure:
            await self._failed(letter, failure, *letters)
            return
        ids = tuple(one.id for one in letters)
        await self._mark(
            letter, _Arrived(bag=ids, day=local(calendar, now).date(), paused=letter.paused)
        )

    # --- when it goes wrong ---------------------------------------------------------------

    async def _failed(self, letter: Letter, failure: DeliveryFailed, *bag: Letter) -> None:
        if not failure.uncertain:
            self._refused[letter.id] = letter
        await self._put_off(letter, failure, bag)
        self._refused.pop(letter.id, None)
        if failure.unreachable:
            await self._unreached(*(bag or (letter,)))

    async def _put_off(
        self, letter: Letter, failure: DeliveryFailed, bag: tuple[Letter, ...]
    ) -> None:
        held = failure.held and self._clock.now() - letter.due < HELD
        # A timer never dies: whatever it would have set going again would be lost with it.
        # What has arrived is not dead because the store fails to hear of it.
        mortal = letter.kind != "timer" and letter.id not in self._arrived and not held
        if mortal and (failure.permanent or failure.held or letter.attempts >= TRIES):
            await self._dies(failure.reason, *(bag or (letter,)))
            return
        wait = failure.retry_after
        if wait is None:
            wait = min(LONGEST_WAIT, 2.0 ** min(letter.attempts, 12)) * random.uniform(0.5, 1.0)
        at = self._clock.now() + timedelta(seconds=wait)
        whole = failure.closed == "workplace"
        if whole or (failure.closed == "channel" and letter.place.startswith("channel:")):
            await self._rest(letter, at, (failure.uncertain, held), failure.reason, whole=whole)
        else:
            await self._database.tx(self._scripts.later, letter, at, failure.uncertain, held)

    async def _rest(
        self,
        letter: Letter,
        at: datetime,
        failed: tuple[bool, bool],
        reason: str,
        *,
        whole: bool,
    ) -> None:
        """Nothing arrives there: the team's timers wait with its letters, so that what comes due
        meanwhile is told once when it is over, as after a time away; the others go on."""
        telling = None if whole else self._engine.telling(letter, "channel")
        new = await self._database.tx(
            self._scripts.rests, letter, at, at + RESTS_LONGER, failed, telling
        )
        if whole:
            self._resting.add(letter.tenant)
        if new:
            whose = "workplace" if whole else "team"
            self._log.started(f"a {whose} waits: {reason} ({letter.id})")

    async def _dies(self, reason: str, *letters: Letter) -> None:
        """For the operator in the log and among the letters, for the leader in plain words."""
        [letter, *_] = letters
        self._log.failed("dead", reason, letter=letter.id)
        telling = None
        if letter.project and letter.kind != "redraw":
            private = letter.place.partition(":")[0] != "channel"
            telling = self._engine.telling(letter, "private" if private else "message")
        await self._database.tx(self._scripts.dead, letters, telling)
        self._engine.letters_written.set()

    async def _unreached(self, *letters: Letter) -> None:
        """Each project that had something to say to this person hears of it, once a day."""
        for tenant, project, place in {(one.tenant, one.project, one.place) for one in letters}:
            where, _, person = place.partition(":")
            if project and where in ("person", "bag"):
                await self._engine.unreached(tenant, project, person)

    # --- what happens by the clock --------------------------------------------------------

    async def _housekeeping(self) -> None:
        """Each full minute the log is emptied; each night all pools are rewritten. Of several
        replicas one keeps the house."""
        now = self._clock.now()
        minute = now.replace(second=0, microsecond=0)
        if minute != self._checkpointed:
            self._keeps_house = bool(
                await self._database.tx(
                    self._scripts.take_lane, HOUSE, self.holder, self._lease(HOUSE_US)
                )
            )
            self._checkpointed = minute
            self._scripts.vault.fade()
            if self._keeps_house:
                await self._database.checkpoint()
        hour = minute.replace(minute=0)
        if hour != self._hour and self._hour is not None:
            # Not at their moment: that would be a clock for those who write without a name.
            for kind, times in self._engine.failures.items():
                self._log.failed("presses and forms of an hour", f"{kind} ({times})")
            self._engine.failures.clear()
        self._hour = hour
        night = (now - timedelta(hours=2)).date()
        if night != self._night and self._keeps_house:
            await self._rewrite_pools(night.isoformat())
            await self._database.tx(self._scripts.prune, now)
            self._night = night
            if self.nightly is not None:
                await self.nightly()

    async def _rewrite_pools(self, night: str) -> None:
        """Once each night, whether anybody wrote or not."""
        # Kept in the store: a night that Digi slept through is made good at the start.
        if await self._database.read(self._scripts.meta, "pools_rewritten") == night:
            return
        pools = await self._database.read(self._scripts.pools)
        for first in range(0, len(pools), POOLS_AT_ONCE):
            some = pools[first : first + POOLS_AT_ONCE]
            await asyncio.gather(
                *(self._database.tx(self._scripts.rewrite_pool, *pool) for pool in some)
            )
        await self._database.tx_sealed(self._scripts.set_meta, "pools_rewritten", night)


async def _all(*works: Awaitable[None]) -> None:
    """Until each has ended; what one of them raised is raised then."""
    for ended in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


async def _delivered(edge: Edge, parcel: Parcel) -> str:
    try:
        return await edge.deliver(parcel)
    except DeliveryFailed:
        raise
    except Exception as error:
        # The edge did not say what came of it.
        raise DeliveryFailed(type(error).__name__, uncertain=True) from error


def _told(times: int) -> bool:
    """The 1st, 2nd, 4th, 8th time: often enough to be seen, and no flood."""
    return times & (times - 1) == 0


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
