"""What Digi remembers: turns, looks, claims and releases, as scripts over named statements.

A script is a generator that yields statements and receives rows; it runs unchanged on either
database and may be tried again as a whole. Every text is sealed by the vault before it is yielded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import msgspec

from dialogs.model import effects as fx
from dialogs.model.calendar import next_within_hours
from dialogs.model.cards import FORMER, UNREADABLE, Paragraph, card, text
from dialogs.model.conversation import Moments
from dialogs.model.effects import Effect, Moment, PoolEntry
from dialogs.model.events import Begun, Drafted, Halted, SignedEvent, Started
from dialogs.model.facts import About, Fact, Prefs, Project, Role, Unreleased, Written
from dialogs.model.records import RECORD_KINDS
from storage.rekey import known_key
from storage.sql import Conflict, Counts, Row, Script, StoreError, together
from storage.tombstones import buried, salted
from storage.transactions.anonymous_pool import Pool
from storage.transactions.facts import (
    Scope,
    channel_of,
    drawn_ids,
    from_us,
    gather,
    known_again,
    known_people,
    opened_prefs,
    opened_project,
    opened_role,
    prefs_of,
    prefs_of_all,
    projects_of,
    to_us,
    whole_project_of,
)
from storage.vault import Unreadable, Vault

DEPTH = 8
NEVER_US = 2**62
NO_BODY = b""
"""Of a letter that cannot be read any more: no body that is written is empty."""
ONCE = "told"
"""What keys of the inbox begin with that say that something has been said once."""
HELD_TRIES = 12
NOTHING: Mapping[Fact[Any], Any] = MappingProxyType({})
TOGETHER = frozenset({"letter_put", "letter_redraw", "member_add", "record_put"})
"""What a turn may write many of, one after the other, and asks nothing of."""
# What takes something out of the pool, or writes it anew.
POOLED = (fx.Publish, fx.Unpool, fx.Refresh, fx.EraseProject)


class TooDeep(StoreError):
    """Dialogs told each other more than eight deep: that is a fault in Digi."""


class NoPool(StoreError):
    """The project has no pool: it was never opened, or it has been erased."""


class Decider(Protocol):
    """What the engine lends a turn: the dialogs, without the store knowing any of them."""

    def route(self, event: SignedEvent) -> tuple[str, str]: ...

    def needs(
        self, dialog: str, state: Written | None, event: SignedEvent
    ) -> tuple[Fact[Any], ...]: ...

    def decide(
        self, dialog: str, state: Written | None, event: SignedEvent, found: Mapping[Fact[Any], Any]
    ) -> tuple[bytes | None, tuple[Effect | Moment, ...]]: ...

    def with_timers(self) -> tuple[str, ...]:
        """The conversations that are told when a project begins and halts, in this order."""


class Turn(msgspec.Struct, frozen=True):
    """One signed event on its way through a transaction."""

    tenant: str
    project: str
    key: str
    event: SignedEvent
    now: datetime
    letter: tuple[str, int] | None = (
        None  # the timer's letter that this turn answers, and its token
    )


Telling: TypeAlias = tuple[Turn, Decider]
"""A turn that belongs to the same transaction, and who decides it."""


class Letter(msgspec.Struct, frozen=True):
    """Something to be said or done later, as the courier holds it."""

    id: str
    tenant: str
    project: str
    place: str
    kind: str
    due: datetime
    body: bytes
    token: int = 0
    attempts: int = 0
    uncertain: bool = False  # it may have arrived already
    twice: bool = False  # a second copy may have arrived as well
    paused: bool = False  # nothing arrives there: this one tries whether that is over
    holder: str = ""  # whose lane it was claimed in


class Claimed(msgspec.Struct, frozen=True):
    """`taken`: the lane was not the holder's before, and is now for a whole lease."""

    letters: list[Letter]
    taken: bool


class Lease(msgspec.Struct, frozen=True):
    """How long a lane is held from now on. `real_us` is the clock of a machine that is alone; where
    several share a database, its server's clock is taken instead."""

    real_us: int
    lease_us: int = 30_000_000


class PostBody(msgspec.Struct, frozen=True):
    dialog: str
    of: str
    slot: str


class SayBody(msgspec.Struct, frozen=True):
    card: msgspec.Raw
    thread: PostBody | None = None


class TimerBody(msgspec.Struct, frozen=True):
    dialog: str
    of: str
    name: str


class BagBody(msgspec.Struct, frozen=True):
    card: msgspec.Raw
    urgency: int


class PostRow(msgspec.Struct, frozen=True):
    id: str
    place: str
    platform_id: str


class Met(msgspec.Struct, frozen=True):
    """What a platform said of a person. Not every platform says all of it with every act."""

    person: str
    name: str = ""
    locale: str = ""
    foreign: bool = False

    def added_to(self, known: Prefs) -> Prefs:
        """What was not said stays as it is known; an id never changes its organisation."""
        return msgspec.structs.replace(
            known, name=self.name or known.name, locale=self.locale or known.locale,
            foreign=self.foreign or known.foreign,
        )  # fmt: skip


class NamesAndWords(msgspec.Struct, frozen=True):
    """What dressing needs to know of people and of words that are kept."""

    people: dict[str, Prefs]
    words: dict[tuple[str, str, str], str]
    project: Project | None


_moments = msgspec.json.Decoder(tuple[Moment, ...])


class Outcome(msgspec.Struct, frozen=True):
    """What a turn answers: moments, whether it was new, whether letters were written."""

    moments: Moments
    fresh: bool
    wrote: bool = False
    pooled: bool = False  # it opened or changed the pool


class Scripts:
    """All transactions, over one vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    # --- turns ----------------------------------------------------------------------------

    def turn(self, turn: Turn, decider: Decider) -> Script[Outcome]:
        return together(self._turn(turn, decider), TOGETHER)

    def _turn(self, turn: Turn, decider: Decider) -> Script[Outcome]:
        tenant = turn.tenant
        yield from _locked(turn)
        if turn.letter is not None:
            # A timer that was moved, cancelled or taken over meanwhile must not ring.
            done = yield "letter_done", {"id": turn.letter[0], "token": turn.letter[1]}
            if not done:
                return Outcome((), False)
        first = yield "inbox_first", {"tenant": tenant, "key": turn.key, "now": to_us(turn.now)}
        if not first:
            yield "inbox_again", {}
            return Outcome((yield from self.answered(tenant, turn.key)) or (), False)

        moments: list[Moment] = []
        queue: deque[tuple[SignedEvent, int]] = deque([(turn.event, 0)])
        count = 0
        pooled = False
        channels: dict[str, str | None] = {}
        ids = drawn_ids()
        while queue:
            event, depth = queue.popleft()
            if depth > DEPTH:
                raise TooDeep(type(event).__name__)
            project = event.project or turn.project
            scope = Scope(tenant, project, self.vault, channels, ids, turn.letter is None)
            dialog, of = decider.route(event)
            rows = yield "state_get", {**scope.key, "dialog": dialog, "id": of}
            before = scope.state(rows[0]["body"], dialog, of) if rows else None
            wanted = decider.needs(dialog, before, event)
            pooled = pooled or any(isinstance(fact, Unreleased) for fact in wanted)
            found = yield from gather(scope, wanted)
            if About() in found:
                about = found[About()]
                channels[project] = about.channel if about else None
            after, effects = decider.decide(dialog, before, event, found)
            if after != before:
                version = rows[0]["version"] if rows else 0
                yield from self._keep_state(scope, dialog, of, version, after)
            for effect in _expanded(effects, decider):
                count += 1
                match effect:
                    case fx.Tell(event=told):
                        told = msgspec.structs.replace(
                            told,
                            project=told.project or project,
                            by=told.by or event.by,
                            at=event.at,
                            id=f"{event.id}.{count}",
                        )
                        queue.append((told, depth + 1))
                    case fx.Show() | fx.Open() | fx.FieldError():
                        moments.append(effect)
                    case _:
                        pooled = pooled or isinstance(effect, POOLED)
                        yield from self._apply(scope, dialog, of, event, turn.now, effect)
        if any(isinstance(m, fx.FieldError) for m in moments):
            # Nothing was decided: the same form may be sent again with other words.
            raise FormRefused(tuple(moments))
        if moments:
            reply = self.vault.seal(msgspec.json.encode(moments), "inbox", tenant, turn.key)
            yield "inbox_answered", {"tenant": tenant, "key": turn.key, "reply": reply}
        return Outcome(tuple(moments), True, wrote=True, pooled=pooled)

    def answered(self, tenant: str, key: str) -> Script[Moments | None]:
        """What was answered to this key; None where nothing with it has been done."""
        rows = yield "inbox_reply", {"tenant": tenant, "key": key}
        if not rows:
            return None
        sealed = rows[0]["reply"]
        if sealed is None:
            return ()
        reply = self.vault.open_if_whole(sealed, "inbox", tenant, key)
        return () if reply is None else _moments.decode(reply)

    def _keep_state(
        self, scope: Scope, dialog: str, of: str, version: int, after: bytes | None
    ) -> Script[None]:
        key = {**scope.key, "dialog": dialog, "id": of}
        if dialog == "project":
            scope.channels.clear()
        if after is None:
            yield "state_drop", key
            return
        body = self._seal(scope, "state", after, dialog, of)
        if version == 0:
            moved = yield "state_new", {**key, "body": body}
        else:
            moved = yield "state_move", {**key, "body": body, "version": version}
        if not moved:
            raise Conflict(f"{dialog}/{of}")

    def _seal(self, scope: Scope, table: str, plain: bytes, *more: str) -> bytes:
        return self.vault.seal(plain, table, scope.tenant, scope.project, *more)

    def _apply(
        self, scope: Scope, dialog: str, of: str, event: SignedEvent, now: datetime, effect: Effect
    ) -> Script[None]:
        match effect:
            case fx.Record():
                assert effect.kind in RECORD_KINDS, f"{effect.kind}: see dialogs/model/records.py"
                body = self._seal(
                    scope, "record", msgspec.json.encode(effect.body), effect.kind, effect.id
                )
                yield "record_put", {
                    **scope.key, "kind": effect.kind, "id": effect.id, "ref": effect.ref,
                    "person": effect.person, "at": to_us(effect.at), "body": body,
                }  # fmt: skip
            case fx.Forget(kind=kind, id=id, ref=ref, person=person):
                if id:
                    yield "record_forget", {**scope.key, "kind": kind, "id": id}
                if ref:
                    yield "record_forget_ref", {**scope.key, "kind": kind, "ref": ref}
                if person:
                    yield "record_forget_person", {**scope.key, "kind": kind, "person": person}
                    yield from buried("mine", salted(scope.tenant, scope.project, person), now)
            case fx.Post():
                yield from self._post(
                    scope, effect.dialog or dialog, effect.of or of, event, effect
                )
            case fx.Redraw():
                yield from self._redraw(
                    scope, effect.dialog or dialog, effect.of or of, event, effect
                )
            case fx.Say():
                yield from self._say(scope, dialog, of, event, now, effect)
            case fx.Privately():
                yield from self._privately(scope, event, now, effect)
            case fx.Timer(name=name, at=at):
                body = msgspec.json.encode(TimerBody(dialog, of, name))
                id = self._timer_id(scope, dialog, of, name)
                yield from self._letter(scope, id, f"timer:{scope.project}", "timer", at, body)
            case fx.Cancel(name=name):
                yield "letter_cancel", {"id": self._timer_id(scope, dialog, of, name)}
            case fx.Grant(person=person, role=role, status=status, detail=detail):
                body = self._seal(scope, "role", detail.encode(), person, role)
                yield "role_put", {
                    **scope.key, "person": person, "role": role, "status": status, "body": body,
                }  # fmt: skip
            case fx.OpenProject(project=project, channel=channel):
                key = {"tenant": scope.tenant, "project": project}
                yield "project_open", {**key, "channel": channel}
                existing = yield "pool_get", key
                if not existing:
                    sealed = Pool().with_room().seal(self.vault, scope.tenant, project)
                    yield "pool_put", {**key, "sealed": sealed}
            case fx.CloseProject():
                yield "project_close", scope.key
            case fx.EraseProject():
                yield from self.erase(scope, now)
            case fx.Retract(id=id):
                yield from self.retract(scope, id)
                yield from buried("published", id, now)
            case fx.Keep():
                yield from self._keep(scope, effect)
            case fx.SetMembers():
                yield from self._set_members(scope.tenant, effect)
            case fx.Publish():
                body = self._seal(scope, "published", msgspec.json.encode(effect.body), effect.id)
                yield "publish", {
                    **scope.key, "id": effect.id, "kind": effect.kind, "ref": effect.ref,
                    "release": effect.release, "receipt": effect.receipt, "body": body,
                }  # fmt: skip
                yield from self._repool(scope, frozenset({effect.entry}), now)
            case fx.Unpool(entries=entries):
                yield from self._repool(scope, frozenset(entries), now)
            case fx.Refresh():
                yield from self._repool(scope, frozenset(), now)
            case fx.Snapshot(audience=audience, release=release, body=content):
                body = self._seal(
                    scope, "snapshot", msgspec.json.encode(content), audience, str(release)
                )
                yield "snapshot_put", {
                    **scope.key, "audience": audience, "release": release, "body": body,
                }  # fmt: skip
            case _:
                raise AssertionError(effect)

    # --- letters --------------------------------------------------------------------------

    def _timer_id(self, scope: Scope, dialog: str, of: str, name: str) -> str:
        return f"timer:{scope.tenant}:{scope.project}:{dialog}:{of}:{name}"

    def letter(
        self, scope: Scope, place: str, kind: str, due: datetime, body: bytes
    ) -> Script[None]:
        yield from self._letter(scope, next(scope.ids), place, kind, due, body)

    def _letter(
        self, scope: Scope, id: str, place: str, kind: str, due: datetime, body: bytes
    ) -> Script[None]:
        sealed = self._seal(scope, "letter", body, id)
        yield "letter_redraw" if kind == "redraw" else "letter_put", {
            "id": id, "tenant": scope.tenant, "project": scope.project, "place": place,
            "kind": kind, "due": to_us(due), "body": sealed,
        }  # fmt: skip

    def _post(
        self, scope: Scope, dialog: str, of: str, event: SignedEvent, effect: fx.Post
    ) -> Script[None]:
        if effect.to == FORMER:
            return
        channel = (yield from channel_of(scope)) or ""
        place = f"person:{effect.to}" if effect.to else f"channel:{channel}"
        id = next(scope.ids)
        yield "post_put", {
            **scope.key, "dialog": dialog, "of": of, "slot": effect.slot, "id": id, "place": place,
        }  # fmt: skip
        body = msgspec.json.encode(PostBody(dialog, of, effect.slot))
        yield from self._letter(scope, id, place, "post", event.at, body)

    def _redraw(
        self, scope: Scope, dialog: str, of: str, event: SignedEvent, effect: fx.Redraw
    ) -> Script[None]:
        yield from self.redraw_post(scope, PostBody(dialog, of, effect.slot), event.at)

    def redraw_post(self, scope: Scope, post: PostBody, at: datetime) -> Script[None]:
        rows = yield (
            "post_get",
            {**scope.key, "dialog": post.dialog, "of": post.of, "slot": post.slot},
        )
        if rows:
            id = f"redraw:{rows[0]['id']}"
            body = msgspec.json.encode(post)
            yield from self._letter(scope, id, rows[0]["place"], "redraw", at, body)

    def _once(self, scope: Scope, once: str, now: datetime) -> Script[bool]:
        if not once:
            return True
        key = once_key(self.vault, scope.tenant, scope.project, once)
        rows = yield "inbox_first", {"tenant": scope.tenant, "key": key, "now": to_us(now)}
        return bool(rows)

    def _say(
        self, scope: Scope, dialog: str, of: str, event: SignedEvent, now: datetime, effect: fx.Say
    ) -> Script[None]:
        if not (yield from self._once(scope, effect.once, now)):
            return
        channel = yield from channel_of(scope)
        if channel is None:
            return
        thread = None
        if effect.thread:
            thread = PostBody(effect.dialog or dialog, effect.of or of, effect.thread)
        body = msgspec.json.encode(SayBody(msgspec.Raw(msgspec.json.encode(effect.card)), thread))
        yield from self._letter(scope, next(scope.ids), f"channel:{channel}", "say", event.at, body)

    def _privately(
        self, scope: Scope, event: SignedEvent, now: datetime, effect: fx.Privately
    ) -> Script[None]:
        if effect.person in ("", FORMER) or not (yield from self._once(scope, effect.once, now)):
            return
        raw = msgspec.Raw(msgspec.json.encode(effect.card))
        body = msgspec.json.encode(BagBody(raw, effect.urgency))
        kind = "private" if effect.now else "bag"
        place = f"person:{effect.person}" if effect.now else f"bag:{effect.person}"
        yield from self._letter(scope, next(scope.ids), place, kind, event.at, body)

    # --- smaller writes -------------------------------------------------------------------

    def _set_members(self, tenant: str, seen: fx.SetMembers) -> Script[None]:
        """A look-up that failed makes nobody unknown who was known before."""
        counting = {*seen.people, *(yield from known_people(tenant, seen.unknown))}
        yield "member_clear", {"tenant": tenant, "channel": seen.channel}
        for person in dict.fromkeys((*seen.people, *seen.unknown)):
            yield "member_add", {
                "tenant": tenant, "channel": seen.channel, "person": person,
                "counts": int(person in counting),
            }  # fmt: skip

    def _keep(self, scope: Scope, effect: fx.Keep) -> Script[None]:
        yield "lock", {"lock": _person_lock(scope.tenant, effect.person)}
        prefs = yield from prefs_of(scope.tenant, self.vault, effect.person)
        prefs = msgspec.structs.replace(
            prefs,
            hours=effect.hours or prefs.hours,
            language=prefs.language if effect.language is None else effect.language,
            paused=prefs.paused if effect.paused is None else effect.paused,
            greeted=prefs.greeted if effect.greeted is None else effect.greeted,
            paused_until=effect.paused_until if effect.paused is not None else prefs.paused_until,
        )
        yield from self.keep_prefs(scope.tenant, effect.person, prefs)
        yield "letter_let_go", {"tenant": scope.tenant, "place": f"bag:{effect.person}"}

    def keep_prefs(self, tenant: str, person: str, prefs: Prefs) -> Script[None]:
        body = self.vault.seal(msgspec.json.encode(prefs), "person", tenant, person)
        yield "person_put", {"tenant": tenant, "person": person, "body": body}

    def strangers(self, tenant: str, people: Sequence[Met]) -> Script[list[Met]]:
        """Those about whom this says anything new."""
        known = yield from prefs_of_all(tenant, self.vault, [one.person for one in people])
        return [one for one in people if one.added_to(known[one.person]) != known[one.person]]

    def called(self, tenant: str, people: Sequence[Met]) -> Script[None]:
        for one in sorted(people, key=lambda one: one.person):
            yield "lock", {"lock": _person_lock(tenant, one.person)}
            prefs = yield from prefs_of(tenant, self.vault, one.person)
            if (after := one.added_to(prefs)) != prefs:
                yield from self.keep_prefs(tenant, one.person, after)

    def _repool(self, scope: Scope, gone: frozenset[str], now: datetime) -> Script[None]:
        rows = yield "pool_get", scope.key
        if not rows:
            return
        pool = Pool.open_if_whole(self.vault, scope.tenant, scope.project, rows[0]["sealed"])
        if pool is None:
            pool = yield from self._pool_lost(scope, now)
        left = pool.without(gone).with_room()
        sealed = left.seal(self.vault, scope.tenant, scope.project)
        yield "pool_put", {**scope.key, "sealed": sealed}

    def _pool_lost(self, scope: Scope, now: datetime) -> Script[Pool]:
        """A damaged pool begins anew, and the channel is told in its hours, whether anything was in
        it or not: nobody knows that. Only where the calendar or somebody by name writes it."""
        if (yield from known_key()) != self.vault.fingerprint():
            raise Unreadable("the pool is sealed with a newer key than this process has")
        project = yield from whole_project_of(scope)
        if project is not None:
            said = msgspec.json.encode(card(Paragraph(text("gate.pool_lost"))))
            body = msgspec.json.encode(SayBody(msgspec.Raw(said)))
            due = next_within_hours(project.calendar, now)
            yield from self.letter(scope, f"channel:{project.channel}", "say", due, body)
        return Pool()

    def erase(self, scope: Scope, now: datetime) -> Script[None]:
        """All of a project, and whom nothing of the workplace knows any more."""
        for table in (
            "project", "state", "record", "role", "pool", "published", "snapshot", "post", "letter",
        ):  # fmt: skip
            yield f"{table}_delete", scope.key
        once = f"{ONCE}:{scope.project}"
        yield "inbox_forget", {"tenant": scope.tenant, "first": f"{once}:", "last": f"{once};"}
        yield "person_unknown", {"tenant": scope.tenant}
        yield from buried("project", scope.project, now)

    def retract(self, scope: Scope, id: str) -> Script[None]:
        """The words of something released are gone; that there was something is not."""
        rows = yield "published_one", {**scope.key, "id": id}
        more = yield "published_of_ref", {**scope.key, "kind": "more", "ref": id}
        for row in (*rows, *more):
            place = ("published", scope.tenant, scope.project, row["id"])
            opened = self.vault.open_if_whole(row["body"], *place)
            body = {} if opened is None else msgspec.json.decode(opened)
            blank = msgspec.json.encode({**body, "text": ""})
            yield "published_body", {
                **scope.key, "id": row["id"],
                "body": self._seal(scope, "published", blank, row["id"]),
            }  # fmt: skip

    # --- unsigned turns -------------------------------------------------------------------

    def unsigned_facts(
        self, tenant: str, project: str, facts: tuple[Fact[Any], ...]
    ) -> Script[dict[Fact[Any], Any]]:
        return (yield from gather(Scope(tenant, project, self.vault), facts))

    def alone(self, tenant: str, project: str) -> Script[None]:
        """From here on no other turn of the project runs until this one is done."""
        yield "lock", {"lock": _project_lock(tenant, project)}

    def put_in_pool(
        self, tenant: str, project: str, entry: PoolEntry, form: str, receipt: bytes, mark: str
    ) -> Script[bool]:
        """Writes the pool's row and nothing else. False where the form was there already, in the
        pool or among what has left it: a form kept open over a release says nothing twice."""
        key = {"tenant": tenant, "project": project}
        yield "lock", {"lock": _project_lock(tenant, project)}
        rows = yield "pool_get", key
        if not rows:
            raise NoPool(project)
        before = Pool.open(self.vault, tenant, project, rows[0]["sealed"])
        left = yield "published_by_receipt", {"tenant": tenant, "receipt": receipt}
        after = before if left else before.add(entry, receipt, form, mark)
        yield "pool_put", {**key, "sealed": after.seal(self.vault, tenant, project)}
        return after is not before

    def pool_as_it_is(self, tenant: str, project: str) -> Script[None]:
        """The statements of `put_in_pool` without an entry: the row is sealed anew."""
        key = {"tenant": tenant, "project": project}
        yield "lock", {"lock": _project_lock(tenant, project)}
        rows = yield "pool_get", key
        yield "published_by_receipt", {"tenant": tenant, "receipt": bytes(32)}
        for row in rows:
            body = self.vault.open(row["sealed"], "pool", tenant, project)
            yield "pool_put", {**key, "sealed": self.vault.seal(body, "pool", tenant, project)}

    # --- looks ----------------------------------------------------------------------------

    def look(
        self,
        tenant: str,
        project: str,
        facts: tuple[Fact[Any], ...],
        already: Mapping[Fact[Any], Any] = NOTHING,
    ) -> Script[dict[Fact[Any], Any]]:
        for fact in facts:
            assert not isinstance(fact, Unreleased), "only a release opens the pool"
        return (yield from gather(Scope(tenant, project, self.vault), facts, already))

    def state_of(self, tenant: str, project: str, dialog: str, of: str) -> Script[Written | None]:
        scope = Scope(tenant, project, self.vault)
        rows = yield "state_get", {**scope.key, "dialog": dialog, "id": of}
        return scope.state(rows[0]["body"], dialog, of) if rows else None

    def all_states(self, tenant: str) -> Script[list[tuple[str, str, bytes]]]:
        """Every state of a workplace: dialog, id, and what it says."""
        rows = yield "state_of_tenant", {"tenant": tenant}
        return [
            (
                row["dialog"],
                row["id"],
                Scope(tenant, row["project"], self.vault).open(
                    "state", row["body"], row["dialog"], row["id"]
                ),
            )
            for row in rows
        ]

    def standing(
        self, tenant: str, project: str, channel: str, person: str
    ) -> Script[tuple[Project | None, tuple[Role, ...], Prefs, bool]]:
        """What the gate asks: the project at hand, its roles, the person, and whether the person
        is among those in the channel."""
        key = {"tenant": tenant, "person": person}
        rows: list[Row] = []
        if project:
            rows = yield "standing_in_project", {**key, "project": project}
        elif channel:
            rows = yield "standing_in_channel", {**key, "channel": channel}
            if not rows:
                last = yield "project_last_of_channel", {"tenant": tenant, "channel": channel}
                for one in last:
                    rows = yield "standing_in_project", {**key, "project": one["id"]}
        if not rows:
            prefs = yield from prefs_of(tenant, self.vault, person)
            return None, (), prefs, not project and bool(channel)
        row = rows[0]
        scope = Scope(tenant, row["id"], self.vault)
        about = opened_project(scope, row["about"])
        prefs = opened_prefs(tenant, self.vault, person, row["prefs"])
        roles = tuple(
            opened_role(scope, one["holder"], one) for one in rows if one["holder"] is not None
        )
        roles = yield from known_again(scope, roles, person)
        return about, roles, prefs, row["there"] is not None

    def projects_of(self, tenant: str, person: str) -> Script[tuple[Project, ...]]:
        return (yield from projects_of(tenant, self.vault, person))

    def names(
        self,
        tenant: str,
        project: str,
        people: tuple[str, ...],
        words: tuple[tuple[str, str, str], ...],
        about: Project | None = None,
    ) -> Script[NamesAndWords]:
        """Names of people and words of records, for dressing; `about` where it is known already."""
        scope = Scope(tenant, project, self.vault)
        prefs = yield from prefs_of_all(tenant, self.vault, people)
        opened = {}
        for kind, id, field in words:
            if kind == "published":
                rows = yield "published_one", {**scope.key, "id": id}
                aad: tuple[str, ...] = ("published", id)
            else:
                rows = yield "record_one", {**scope.key, "kind": kind, "id": id}
                aad = ("record", kind, id)
            if rows:
                place = (aad[0], tenant, project, *aad[1:])
                body = self.vault.open_if_whole(rows[0]["body"], *place)
                opened[kind, id, field] = (
                    UNREADABLE if body is None else str(msgspec.json.decode(body).get(field, ""))
                )
        if about is None or about.id != project:
            about = yield from whole_project_of(scope)
        return NamesAndWords(prefs, opened, about)

    # --- the courier ----------------------------------------------------------------------

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
        """The first due letters of a workplace's places. Its lane is taken where it is free or,
        unless the holder is patient, where another's lease has run out."""
        lane = lane or Lease(to_us(now))
        asked = {
            "tenant": tenant, "now": to_us(now), "until": to_us(now) + lease_us,
            "holder": holder, "real": lane.real_us, "limit": limit,
        }  # fmt: skip
        taken = 0
        rows = yield "letter_claim", asked
        if not rows and not (yield "lane_held", {**asked, "patient": int(patient)}):
            taken = yield from self.take_lane(tenant, holder, lane)
            if taken:
                rows = yield "letter_claim", asked
        return Claimed((yield from self._all_opened(rows, holder)), bool(taken))

    def unclaim(self, letters: Sequence[Letter], now: datetime) -> Script[None]:
        """They were claimed and not begun, and whoever comes next may have them."""
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
        """Due timers in the holder's lanes; where those are few, also in lanes that it takes."""
        lane = lane or Lease(to_us(now))
        asked = {
            "now": to_us(now), "until": to_us(now) + lease_us, "holder": holder,
            "real": lane.real_us,
        }  # fmt: skip
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
        rows = yield "lane_due", {
            "now": to_us(now), "holder": holder, "real": lane.real_us, "patient": int(patient),
        }  # fmt: skip
        return [row["tenant"] for row in rows]

    def keep_lanes(self, idle: Sequence[str], holder: str, lane: Lease) -> Script[list[str]]:
        """Lets go of the idle lanes and renews all others; answers which those are."""
        if idle:
            yield "lane_let_go", [{"tenant": tenant, "holder": holder} for tenant in idle]
        rows = yield (
            "lane_keep",
            {"holder": holder, "real": lane.real_us, "lease": lane.lease_us},
        )
        return [row["tenant"] for row in rows]

    def take_lane(self, tenant: str, holder: str, lane: Lease) -> Script[int]:
        """The token where it is the holder's now, else 0. What another held there is let go."""
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
        """An orderly end: others need not wait for the lease."""
        yield "lane_leave", {"holder": holder}

    def _all_opened(self, rows: list[Row], holder: str) -> Script[list[Letter]]:
        letters = []
        for row in sorted(rows, key=lambda row: (row["due_us"], row["seq"])):
            letters.append((yield from self._opened(row, holder)))
        return letters

    def _opened(self, row: Row, holder: str) -> Script[Letter]:
        scope = Scope(row["tenant"], row["project"], self.vault)
        place = ("letter", scope.tenant, scope.project, row["id"])
        body = self.vault.open_if_whole(row["body"], *place)
        if body is None:
            body = yield from self._body_anew(scope, row)
        return Letter(
            row["id"], row["tenant"], row["project"], row["place"], row["kind"],
            from_us(row["due_us"]), body, row["token"], row["attempts"],
            row["state"] in ("sending", "uncertain"), row["state"] == "uncertain",
            row["state"] == "paused", holder,
        )  # fmt: skip

    def _body_anew(self, scope: Scope, row: Row) -> Script[bytes]:
        """Of a letter whose sealed body is damaged: what a timer is for stands in its id too, and
        what a post shows stands beside its id in another table. All others have `NO_BODY`."""
        id = row["id"]
        match row["kind"]:
            case "timer":
                whose = id.removeprefix(self._timer_id(scope, "", "", "")[:-2])
                dialog, _, rest = whose.partition(":")
                of, _, name = rest.rpartition(":")
                return msgspec.json.encode(TimerBody(dialog, of, name))
            case "post" | "redraw":
                key = {**scope.key, "id": id.removeprefix("redraw:")}
                for post in (yield "post_of_letter", key):
                    body = PostBody(post["dialog"], post["dialog_id"], post["slot"])
                    return msgspec.json.encode(body)
        return NO_BODY

    def sending(self, letter: Letter, lane: Lease | None = None) -> Script[bool]:
        """Said before it goes out, so that a stop in between leaves the truth: it may be there.
        False where the letter or its lane is another's by now."""
        rows = yield "letter_sending", {
            "id": letter.id, "token": letter.token, "holder": letter.holder,
            "real": lane.real_us if lane else 0,
        }  # fmt: skip
        return bool(rows)

    def bag(self, head: Letter, now: datetime, lane: Lease | None = None) -> Script[list[Letter]]:
        """What goes into one letter with the claimed one; where that may have arrived already,
        exactly what was in it then."""
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

    def bag_sent(self, head: Letter, person: str, day: date, ids: tuple[str, ...]) -> Script[None]:
        yield "bagged_put", {
            "tenant": head.tenant, "person": person, "day": day.isoformat(), "id": head.id,
        }  # fmt: skip
        for id in ids:
            yield "letter_cancel", {"id": id}
        yield from self._goes_on(head)

    def sent(self, letter: Letter, platform_id: str) -> Script[bool]:
        """The letter is done; a post is known by the platform's id from now on."""
        rows = yield "letter_done", {"id": letter.id, "token": letter.token}
        if rows and letter.kind == "post":
            yield "post_sent", {
                "tenant": letter.tenant, "project": letter.project, "id": letter.id,
                "platform_id": platform_id,
            }  # fmt: skip
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
        """Try again then: as often as it may have arrived before, and once more where this try
        may have. What is held uses up no more than some of its tries."""
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
        """Nothing arrives: the letter tries again then, and meanwhile its team waits, or where
        nobody of the team could be told, the workplace. Answers whether that is new."""
        team = {"tenant": letter.tenant, "project": letter.project, "whole": int(telling is None)}
        before = letter.paused or (yield "letter_resting", team)
        yield from self.later(letter, at, *failed)
        yield "letter_rest", {**team, "id": letter.id, "until": to_us(until)}
        if telling is not None and not before:
            yield from self.turn(*telling)
        return not before

    def _goes_on(self, letter: Letter) -> Script[None]:
        """Something has arrived where nothing did: the team waits no longer."""
        if letter.paused:
            yield "letter_go_on", {"tenant": letter.tenant, "project": letter.project}

    def tries_again(self, tenant: str) -> Script[None]:
        yield "letter_try_again", {"tenant": tenant}

    def dead(self, letters: tuple[Letter, ...], telling: Telling | None) -> Script[None]:
        """They are given up, and the leader is told where there is a turn for it."""
        given_up = []
        for letter in letters:
            given_up += yield "letter_dead", {"id": letter.id, "token": letter.token}
        if given_up and telling is not None:
            yield from self.turn(*telling)

    def post(self, tenant: str, project: str, body: PostBody) -> Script[PostRow | None]:
        rows = yield "post_get", {
            "tenant": tenant, "project": project, "dialog": body.dialog, "of": body.of,
            "slot": body.slot,
        }  # fmt: skip
        return PostRow(rows[0]["id"], rows[0]["place"], rows[0]["platform_id"]) if rows else None

    def next_due(self, after: datetime) -> Script[datetime | None]:
        rows = yield "letter_next_due", {"now": to_us(after)}
        at = rows[0]["at_us"]
        return None if at is None or at >= NEVER_US else from_us(at)

    def timer(
        self, tenant: str, project: str, dialog: str, of: str, name: str
    ) -> Script[datetime | None]:
        scope = Scope(tenant, project, self.vault)
        id = self._timer_id(scope, dialog, of, name)
        rows = yield "timer_due", {"tenant": tenant, "id": id}
        return from_us(rows[0]["due_us"]) if rows else None

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
        """The holder's clock shows less than it did: what stands in its lanes or was never tried,
        or where it is alone all there is, waits for nothing but timers for their moment."""
        yield "letter_set_back", {
            "now": to_us(now), "since": to_us(since), "by": by // timedelta(microseconds=1),
            "holder": holder, "alone": int(alone),
        }  # fmt: skip

    def freed(self) -> Script[None]:
        """After a stop, where no other process can be alive: nobody holds anything."""
        yield "letter_freed", {}
        yield "lane_freed", {}

    def letter_states(self) -> Script[dict[str, int]]:
        rows = yield "letter_states", {}
        return {row["state"]: row["n"] for row in rows}

    def letters(self) -> Script[list[Row]]:
        return (yield "letter_all", {})

    # --- the house ------------------------------------------------------------------------

    def meta(self, key: str) -> Script[str]:
        rows = yield "meta_get", {"key": key}
        return str(rows[0]["value"]) if rows else ""

    def set_meta(self, key: str, value: str) -> Script[None]:
        yield "meta_set", {"key": key, "value": value}

    def pools(self) -> Script[list[tuple[str, str]]]:
        rows = yield "pool_every", {}
        return [(row["tenant"], row["project"]) for row in rows]

    def rewrite_pool(self, tenant: str, project: str, now: datetime) -> Script[None]:
        yield "lock", {"lock": _project_lock(tenant, project)}
        yield from self._repool(Scope(tenant, project, self.vault), frozenset(), now)

    def prune(self, now: datetime) -> Script[None]:
        """Answers are kept for a day, and that something has happened for two months."""
        yield "inbox_blank", {"before": to_us(now - timedelta(days=1))}
        yield "inbox_prune", {"before": to_us(now - timedelta(days=60))}
        yield "bagged_prune", {"before": (now - timedelta(days=60)).date().isoformat()}

    def clear_tenant(self, tenant: str) -> Script[None]:
        for table in (
            "project", "inbox", "state", "record", "role", "person", "member", "pool", "published",
            "snapshot", "post", "letter", "bagged",
        ):  # fmt: skip
            yield f"clear_{table}", {"tenant": tenant}
        yield "room_clear", {}


def _expanded(effects: Sequence[Effect | Moment], decider: Decider) -> Iterator[Effect | Moment]:
    """`BeginAll` and `HaltAll` replaced by one `Tell` for each conversation with timers."""
    for effect in effects:
        match effect:
            case fx.BeginAll():
                yield from (fx.Tell(Begun(dialog=dialog)) for dialog in decider.with_timers())
            case fx.HaltAll():
                yield from (fx.Tell(Halted(dialog=dialog)) for dialog in decider.with_timers())
            case _:
                yield effect


def once_key(vault: Vault, tenant: str, project: str, once: str) -> str:
    """What is said once is often said once to each person: a MAC tells nobody to whom."""
    return f"{ONCE}:{project}:{vault.mac(f'once|{tenant}|{project}|{once}'.encode())}"


# The locks: turns of one project, or of one person without a project, come one after the other,
# also where several replicas serve one database. A project is always locked before a person.


def _project_lock(tenant: str, project: str) -> str:
    return f"project|{tenant}|{project}"


def _person_lock(tenant: str, person: str) -> str:
    return f"person|{tenant}|{person}"


def _locked(turn: Turn) -> Script[None]:
    event = turn.event
    channel = getattr(event, "channel", "")
    if channel and not (turn.project and not isinstance(event, Started | Drafted)):
        # Whether there is a project yet is decided once for each channel.
        yield "lock", {"lock": f"channel|{turn.tenant}|{channel}"}
    if turn.project:
        yield "lock", {"lock": _project_lock(turn.tenant, turn.project)}
    else:
        yield "lock", {"lock": _person_lock(turn.tenant, event.by)}


class FormRefused(Exception):
    """A form needs another look: the transaction is undone and the moments are the answer."""

    def __init__(self, moments: Moments) -> None:
        super().__init__("refused")
        self.moments = moments


class Database(Protocol):
    """One of the two databases. Where it is `alone`, no other process serves it.

    `tx` may be grouped with others into one commit. `tx_sealed` has left nothing behind in a
    write-ahead log when it returns, and raises LogHeld with nothing written where it could not;
    `traces` says that it did leave something, because somebody began to read in the moment of the
    commit, and that it is still there. `read` writes nothing.
    """

    @property
    def alone(self) -> bool: ...

    @property
    def damaged(self) -> bool:
        """Damage to the files has been met since the start."""
        ...

    @property
    def traces(self) -> bool: ...

    async def tx(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def tx_sealed(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def tx_settled(
        self, script: Callable[..., Script[Any]], *args: Any, settled: Callable[[bool], None]
    ) -> Any:
        """Like `tx_sealed`; `settled` hears whether it stands before anything else is written."""
        ...

    async def read(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def vacuum(self) -> None:
        """Nothing that was deleted or written over is left in the files."""
        ...

    async def rewritten_at_once(self) -> int:
        """So many bytes `vacuum` rewrites while nobody can write to them: the whole file, or the
        largest table."""
        ...

    async def checkpoint(self) -> bool: ...

    async def clear(self) -> bool:
        """What a `tx_sealed` does after its commit, tried once: False where a reader holds it."""
        ...

    async def probe(self) -> None:
        """What a `tx_sealed` does before its transaction, tried once."""
        ...

    def counts(self) -> Counts:
        """How far the counters are that `tx_sealed` raises and a copy of the files shows."""
        ...

    async def close(self) -> None: ...
