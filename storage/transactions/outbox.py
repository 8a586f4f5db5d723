"""The courier's scripts: lanes, claims, and what became of each letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from storage.sql import Row, Script
from storage.transactions.bags import bag_of, put_bag
from storage.transactions.letters import (
    LEAST_URGENT,
    NO_BODY,
    NO_CARD,
    BagBody,
    Letter,
    PostBody,
    SentBag,
    timer_body,
)
from storage.transactions.posts import body_of, find_post
from storage.transactions.scope import Scope, from_us, to_us
from storage.transactions.turns import Telling, Turns
from storage.vault import Vault

NOTHING_KEPT = SentBag()
NEVER_US = 2**62
HELD_TRIES = 12


class Claimed(msgspec.Struct, frozen=True):
    """`taken`: the holder acquired the lane with this claim, for a whole lease."""

    letters: list[Letter]
    taken: bool


class Lease(msgspec.Struct, frozen=True):
    """A lane's lease from now on. `real_us` is this machine's clock and counts on SQLite only; on
    PostgreSQL the server's clock is used, because replicas' clocks differ."""

    real_us: int
    lease_us: int = 30_000_000


class PostRow(msgspec.Struct, frozen=True):
    id: str
    place: str
    platform_id: str


class Outbox:
    def __init__(self, vault: Vault, turns: Turns) -> None:
        self._vault = vault
        self._turns = turns

    def claim(
        self,
        tenant: str,
        now: datetime,
        lease_us: int,
        limit: int,
        holder: str = "",
        lane: Lease | None = None,
        patient: bool = False,
    ) -> Script[Claimed]:
        """Claim due letters of a workplace, of each channel or person only the first. The lane is
        acquired if it is free or, unless `patient`, if another replica's lease has expired."""
        lane = lane or Lease(to_us(now))
        asked = {
            "tenant": tenant,
            "now": to_us(now),
            "until": to_us(now) + lease_us,
            "holder": holder,
            "real": lane.real_us,
            "limit": limit,
        }
        taken = 0
        rows = yield "letter_claim", asked
        if not rows and not (yield "lane_held", {**asked, "patient": int(patient)}):
            taken = yield from self.take_lane(tenant, holder, lane)
            if taken:
                rows = yield "letter_claim", asked
        return Claimed((yield from self._all_opened(rows, holder)), bool(taken))

    def unclaim(self, letters: Sequence[Letter], now: datetime) -> Script[None]:
        """Give back letters that were claimed and not tried."""
        for letter in letters:
            yield "letter_unclaim", {"id": letter.id, "token": letter.token, "now": to_us(now)}

    def claim_timers(
        self,
        now: datetime,
        lease_us: int,
        limit: int,
        holder: str = "",
        lane: Lease | None = None,
        patient: bool = False,
    ) -> Script[list[Letter]]:
        """Claim due timers in the holder's lanes; below the limit, acquire further lanes for
        more."""
        lane = lane or Lease(to_us(now))
        asked = {
            "now": to_us(now),
            "until": to_us(now) + lease_us,
            "holder": holder,
            "real": lane.real_us,
        }
        rows = yield "timer_claim", {**asked, "limit": limit}
        if len(rows) < limit:
            free = yield (
                "timer_lanes",
                {**asked, "limit": limit - len(rows), "patient": int(patient)},
            )
            taken = 0
            for row in sorted(free, key=lambda row: row["tenant"]):
                taken += yield from self.take_lane(row["tenant"], holder, lane)
            if taken:
                rows = rows + (yield "timer_claim", {**asked, "limit": limit - len(rows)})
        return (yield from self._all_opened(rows, holder))

    def timer_waits(self, now: datetime) -> Script[bool]:
        return bool((yield "timer_waits", {"now": to_us(now)}))

    def lanes_due(
        self, now: datetime, holder: str, lane: Lease, patient: bool
    ) -> Script[list[str]]:
        """Workplaces whose letters the holder may claim, the one that has waited longest first."""
        rows = yield (
            "lane_due",
            {"now": to_us(now), "holder": holder, "real": lane.real_us, "patient": int(patient)},
        )
        return [row["tenant"] for row in rows]

    def keep_lanes(self, idle: Sequence[str], holder: str, lane: Lease) -> Script[list[str]]:
        """Release the idle lanes and renew the holder's other leases; returns the renewed ones."""
        if idle:
            yield "lane_let_go", [{"tenant": tenant, "holder": holder} for tenant in idle]
        rows = yield (
            "lane_keep",
            {"holder": holder, "real": lane.real_us, "lease": lane.lease_us},
        )
        return [row["tenant"] for row in rows]

    def take_lane(self, tenant: str, holder: str, lane: Lease) -> Script[int]:
        """Acquire or renew a lane: its fencing token, or 0 where another replica has it. Letters
        that a previous holder had claimed become free."""
        rows = yield "lane_of", {"tenant": tenant}
        before = rows[0]["holder"] if rows else holder
        asked = {"tenant": tenant, "holder": holder, "real": lane.real_us, "lease": lane.lease_us}
        taken = yield "lane_take", asked
        if not taken:
            return 0
        if before != holder:
            yield "letter_taken_over", {"tenant": tenant}
        return int(taken[0]["token"])

    def leave_lanes(self, holder: str) -> Script[None]:
        """At shutdown: release the lanes, so that other replicas need not wait for the leases."""
        yield "lane_leave", {"holder": holder}

    def _all_opened(self, rows: list[Row], holder: str) -> Script[list[Letter]]:
        letters = []
        for row in sorted(rows, key=lambda row: (row["due_us"], row["seq"])):
            letters.append((yield from self._opened(row, holder)))
        return letters

    def _opened(self, row: Row, holder: str) -> Script[Letter]:
        scope = Scope(row["tenant"], row["project"], self._vault)
        place = ("letter", scope.tenant, scope.project, row["id"])
        body = self._vault.open_if_whole(row["body"], *place)
        if body is None:
            body = yield from self._body_anew(scope, row)
        return Letter(
            row["id"],
            row["tenant"],
            row["project"],
            row["place"],
            row["kind"],
            from_us(row["due_us"]),
            body,
            row["token"],
            row["attempts"],
            row["state"] in ("sending", "uncertain"),
            row["state"] == "uncertain",
            row["state"] == "paused",
            holder,
        )

    def _body_anew(self, scope: Scope, row: Row) -> Script[bytes]:
        """Rebuild the body of a letter that does not decrypt: a timer's from its id, a post's from
        the table `post`. Of any other letter it is lost (`NO_BODY`)."""
        id = row["id"]
        match row["kind"]:
            case "timer":
                return timer_body(scope, id)
            case "post" | "redraw" | "bag" | "private":
                key = {**scope.key, "id": id.removeprefix("redraw:")}
                for post in (yield "post_of_letter", key):
                    if (body := body_of(scope, post)) is None:
                        return NO_BODY
                    in_bag = BagBody(NO_CARD, LEAST_URGENT, body)
                    personal = row["kind"] in ("bag", "private")
                    return msgspec.json.encode(in_bag if personal else body)
        return NO_BODY

    def sending(self, letter: Letter, lane: Lease | None = None) -> Script[bool]:
        """Mark a letter as "sending" before the platform is called, so that after a crash it counts
        as uncertain. False where another replica has the letter or its lane by now."""
        rows = yield (
            "letter_sending",
            {
                "id": letter.id,
                "token": letter.token,
                "holder": letter.holder,
                "real": lane.real_us if lane else 0,
            },
        )
        return bool(rows)

    def bag(self, head: Letter, now: datetime, lane: Lease | None = None) -> Script[list[Letter]]:
        """The waiting private letters that go out together with the claimed one; on a retry exactly
        those of the first attempt."""
        key = {"tenant": head.tenant, "place": head.place, "now": to_us(now)}
        rows = yield "letter_bag", key
        if head.uncertain:
            rows = [row for row in rows if row["state"] in ("sending", "uncertain")]
        else:
            yield "letter_bagged", key
        if not (yield from self.sending(head, lane)):
            return []
        letters = []
        for row in rows:
            letters.append((yield from self._opened(row, head.holder)))
        return letters

    def bag_days(self, tenant: str, person: str, since: date) -> Script[tuple[date, ...]]:
        rows = yield (
            "bagged_days",
            {"tenant": tenant, "person": person, "since": since.isoformat()},
        )
        return tuple(date.fromisoformat(row["day"]) for row in rows)

    def bag_waits(self, tenant: str, place: str, at: datetime) -> Script[None]:
        yield "letter_hold", {"tenant": tenant, "place": place, "at": to_us(at)}

    def bag_sent(
        self,
        head: Letter,
        person: str,
        day: date,
        ids: tuple[str, ...],
        bag: SentBag = NOTHING_KEPT,
    ) -> Script[None]:
        """Delete a bag's letters and store what it consisted of; its posts get the platform's
        message id."""
        yield from put_bag(self._vault, head, person, day.isoformat(), bag)
        for id in ids:
            for row in (yield "letter_cancel", {"id": id}):
                yield (
                    "post_sent",
                    {
                        "tenant": head.tenant,
                        "project": row["project"],
                        "id": id,
                        "platform_id": bag.message,
                    },
                )
        yield from self._goes_on(head)

    def bag_outdated(self, ids: tuple[str, ...]) -> Script[None]:
        """Delete a bag's letters unsent: nothing that they tell of is to be told any more."""
        for id in ids:
            yield "letter_cancel", {"id": id}

    def sent_bag(self, tenant: str, person: str, message: str) -> Script[SentBag | None]:
        return (yield from bag_of(self._vault, tenant, person, message))

    def sent(self, letter: Letter, platform_id: str) -> Script[bool]:
        """Delete a delivered letter; of a post, store the platform's message id for later
        updates."""
        rows = yield "letter_done", {"id": letter.id, "token": letter.token}
        if rows and letter.kind in ("post", "private"):
            yield (
                "post_sent",
                {
                    "tenant": letter.tenant,
                    "project": letter.project,
                    "id": letter.id,
                    "platform_id": platform_id,
                },
            )
        if rows and platform_id:
            yield from self._goes_on(letter)
        if not rows:
            yield from self._again(letter, letter.due)
        return bool(rows)

    def _again(self, letter: Letter, at: datetime) -> Script[None]:
        if letter.kind == "redraw":
            yield "letter_again", {"id": letter.id, "token": letter.token, "at": to_us(at)}

    def later(
        self, letter: Letter, at: datetime, uncertain: bool, held: bool = False
    ) -> Script[None]:
        """Schedule the next attempt, and note whether this one may have arrived. Waiting for a
        channel or a workplace (`held`) counts as at most `HELD_TRIES` attempts."""
        ready = "paused" if letter.paused else "ready"
        state = (ready, "sending", "uncertain")[min(letter.uncertain + uncertain, 2)]
        rows = yield (
            "letter_later",
            {
                "id": letter.id,
                "token": letter.token,
                "at": to_us(at),
                "state": state,
                "most": HELD_TRIES if held else letter.attempts,
            },
        )
        if not rows:
            yield from self._again(letter, at)

    def rests(
        self,
        letter: Letter,
        at: datetime,
        until: datetime,
        failed: tuple[bool, bool],
        telling: Telling | None,
    ) -> Script[bool]:
        """The channel or the workplace refuses messages: pause the team (or, without `telling`, the
        workplace) and let this letter probe again at `at`. Returns whether the pause is new."""
        team = {"tenant": letter.tenant, "project": letter.project, "whole": int(telling is None)}
        before = letter.paused or (yield "letter_resting", team)
        yield from self.later(letter, at, *failed)
        yield "letter_rest", {**team, "id": letter.id, "until": to_us(until)}
        if telling is not None and not before:
            yield from self._turns.run(*telling)
        return not before

    def _goes_on(self, letter: Letter) -> Script[None]:
        """End the team's pause, because a message has arrived again."""
        if letter.paused:
            yield "letter_go_on", {"tenant": letter.tenant, "project": letter.project}

    def tries_again(self, tenant: str) -> Script[None]:
        yield "letter_try_again", {"tenant": tenant}

    def dead(self, letters: tuple[Letter, ...], telling: Telling | None) -> Script[None]:
        """Mark letters as dead, and tell the leader if a turn for it is given."""
        given_up = []
        for letter in letters:
            given_up += yield "letter_dead", {"id": letter.id, "token": letter.token}
        if given_up and telling is not None:
            yield from self._turns.run(*telling)

    def post(self, tenant: str, project: str, body: PostBody) -> Script[PostRow | None]:
        row = yield from find_post(Scope(tenant, project, self._vault), body)
        return None if row is None else PostRow(row["id"], row["place"], row["platform_id"])

    def next_due(self, after: datetime) -> Script[datetime | None]:
        rows = yield "letter_next_due", {"now": to_us(after)}
        at = rows[0]["at_us"]
        return None if at is None or at >= NEVER_US else from_us(at)

    def timers(self, tenant: str) -> Script[list[tuple[str, datetime]]]:
        """What will come due in a workplace, soonest first: `dialog:of:name` and when."""
        rows = yield "letter_timers", {"tenant": tenant}
        return [
            (row["id"].removeprefix(f"timer:{tenant}:").partition(":")[2], from_us(row["due_us"]))
            for row in rows
        ]

    def set_back(
        self, now: datetime, since: datetime, by: timedelta, holder: str, alone: bool
    ) -> Script[None]:
        """The holder's clock was set back by `by`: letters in its lanes, and those never tried (on
        SQLite all), no longer wait for a time that has moved away. Timers keep their time."""
        yield (
            "letter_set_back",
            {
                "now": to_us(now),
                "since": to_us(since),
                "by": by // timedelta(microseconds=1),
                "holder": holder,
                "alone": int(alone),
            },
        )

    def freed(self) -> Script[None]:
        """At the start on SQLite, where no other process can be alive: clear all claims and
        lanes."""
        yield "letter_freed", {}
        yield "lane_freed", {}

    def letter_states(self) -> Script[dict[str, int]]:
        rows = yield "letter_states", {}
        return {row["state"]: row["n"] for row in rows}

    def letters(self) -> Script[list[Row]]:
        return (yield "letter_all", {})
