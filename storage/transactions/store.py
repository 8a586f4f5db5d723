"""All transactions of Digi as scripts: turns, looks, and the claiming and marking of letters.

A script is a generator that yields names of statements (`storage/queries.sql`) with parameters and
receives rows. It runs unchanged on both databases and can be retried as a whole. Every text is
encrypted by the vault before it is yielded.
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
from storage.rekey import known_key, sealing
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
"""The body of a letter that does not decrypt any more; a written body is never empty."""
ONCE = "told"
"""Prefix of inbox keys that record that a message with a `once` name was stored."""
HELD_TRIES = 12
NOTHING: Mapping[Fact[Any], Any] = MappingProxyType({})
TOGETHER = frozenset({"letter_put", "letter_redraw", "member_add", "record_put"})
"""Statements that a turn may execute many times in a row and that return no rows: batched."""
# Effects that rewrite the pool.
POOLED = (fx.Publish, fx.Unpool, fx.Refresh, fx.EraseProject)


class TooDeep(StoreError):
    """Dialogs sent each other events more than eight levels deep: that is a fault in Digi."""


class NoPool(StoreError):
    """The project has no pool: it was never opened, or it has been erased."""


class Decider(Protocol):
    """The dialogs as the engine passes them to a turn; the store knows none of them."""

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
    """One signed event to be decided and stored in one transaction."""

    tenant: str
    project: str
    key: str
    event: SignedEvent
    now: datetime
    letter: tuple[str, int] | None = (
        None  # the timer's letter that this turn answers, and its token
    )


Telling: TypeAlias = tuple[Turn, Decider]
"""A further turn in the same transaction, with its decider."""


class Letter(msgspec.Struct, frozen=True):
    """A message to send or a timer to fire, as the courier claimed it."""

    id: str
    tenant: str
    project: str
    place: str
    kind: str
    due: datetime
    body: bytes
    token: int = 0
    attempts: int = 0
    uncertain: bool = False  # the platform may have it already
    twice: bool = False  # the platform may even have it twice
    paused: bool = False  # its channel refuses messages; this one probes whether that is over
    holder: str = ""  # the replica that claimed it


class Claimed(msgspec.Struct, frozen=True):
    """`taken`: the holder acquired the lane with this claim, for a whole lease."""

    letters: list[Letter]
    taken: bool


class Lease(msgspec.Struct, frozen=True):
    """A lane's lease from now on. `real_us` is this machine's clock and counts on SQLite only; on
    PostgreSQL the server's clock is used, because replicas' clocks differ."""

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
            known, name=self.name or known.name, locale=self.locale or known.locale,
            foreign=self.foreign or known.foreign,
        )  # fmt: skip


class NamesAndWords(msgspec.Struct, frozen=True):
    """People's names and stored words that a card needs when it is put into words."""

    people: dict[str, Prefs]
    words: dict[tuple[str, str, str], str]
    project: Project | None


_moments = msgspec.json.Decoder(tuple[Moment, ...])


class Outcome(msgspec.Struct, frozen=True):
    """The result of a turn: the answer, whether the event was new, whether it wrote letters."""

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
            # A timer that was moved, cancelled or claimed by another replica must not fire.
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
            # Roll back, so that the corrected form can be submitted under the same key.
            raise FormRefused(tuple(moments))
        if moments:
            reply = self.vault.seal(msgspec.json.encode(moments), "inbox", tenant, turn.key)
            yield "inbox_answered", {"tenant": tenant, "key": turn.key, "reply": reply}
        return Outcome(tuple(moments), True, wrote=True, pooled=pooled)

    def answered(self, tenant: str, key: str) -> Script[Moments | None]:
        """The stored answer to this key; None where no event with this key was handled."""
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
        """Replace a channel's members. A failed look-up keeps people counted who were counted
        before."""
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

    def strangers(self, tenant: str, people: Sequence[SeenPerson]) -> Script[list[SeenPerson]]:
        """Those about whom something new was reported."""
        known = yield from prefs_of_all(tenant, self.vault, [one.person for one in people])
        return [one for one in people if one.added_to(known[one.person]) != known[one.person]]

    def called(self, tenant: str, people: Sequence[SeenPerson]) -> Script[None]:
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
        """Replace a damaged pool by an empty one and tell the channel, within its hours, that
        unsigned texts may be lost; nobody knows whether there were any. Only scheduled and signed
        turns do this: the message's time must not tell when somebody wrote without a name."""
        if sealing((yield from known_key()) or "") != self.vault.fingerprint():
            raise Unreadable("the pool is sealed with a newer key than this process has")
        project = yield from whole_project_of(scope)
        if project is not None:
            said = msgspec.json.encode(card(Paragraph(text("gate.pool_lost"))))
            body = msgspec.json.encode(SayBody(msgspec.Raw(said)))
            due = next_within_hours(project.calendar, now)
            yield from self.letter(scope, f"channel:{project.channel}", "say", due, body)
        return Pool()

    def erase(self, scope: Scope, now: datetime) -> Script[None]:
        """Delete a project, and people of whom no other row of the workplace speaks."""
        for table in (
            "project", "state", "record", "role", "pool", "published", "snapshot", "post", "letter",
        ):  # fmt: skip
            yield f"{table}_delete", scope.key
        once = f"{ONCE}:{scope.project}"
        yield "inbox_forget", {"tenant": scope.tenant, "first": f"{once}:", "last": f"{once};"}
        yield "person_unknown", {"tenant": scope.tenant}
        yield from buried("project", scope.project, now)

    def retract(self, scope: Scope, id: str) -> Script[None]:
        """Blank the words of a released text and of its additions; the rows stay."""
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
        """Lock the project until the end of this transaction."""
        yield "lock", {"lock": _project_lock(tenant, project)}

    def put_in_pool(
        self, tenant: str, project: str, entry: PoolEntry, form: str, receipt: bytes, mark: str
    ) -> Script[bool]:
        """Write the pool's row and nothing else. False where this form was submitted before: its
        entry is in the pool, or was released while the form stayed open."""
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
        """Execute the statements of `put_in_pool` without an entry: the row is encrypted anew, so
        that a refusal moves the database's counters like a text."""
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
        """What the gate needs in one read: the project, its roles, the person's settings, and
        whether the person is in the channel."""
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
        """Claim due letters of a workplace, of each channel or person only the first. The lane is
        acquired if it is free or, unless `patient`, if another replica's lease has expired."""
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
        """Rebuild the body of a letter that does not decrypt: a timer's from its id, a post's from
        the table `post`. Of any other letter it is lost (`NO_BODY`)."""
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
        """Mark a letter as "sending" before the platform is called, so that after a crash it counts
        as uncertain. False where another replica has the letter or its lane by now."""
        rows = yield "letter_sending", {
            "id": letter.id, "token": letter.token, "holder": letter.holder,
            "real": lane.real_us if lane else 0,
        }  # fmt: skip
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

    def bag_sent(self, head: Letter, person: str, day: date, ids: tuple[str, ...]) -> Script[None]:
        yield "bagged_put", {
            "tenant": head.tenant, "person": person, "day": day.isoformat(), "id": head.id,
        }  # fmt: skip
        for id in ids:
            yield "letter_cancel", {"id": id}
        yield from self._goes_on(head)

    def sent(self, letter: Letter, platform_id: str) -> Script[bool]:
        """Delete a delivered letter; of a post, store the platform's message id for later
        updates."""
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
            yield from self.turn(*telling)
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
        """The holder's clock was set back by `by`: letters in its lanes, and those never tried (on
        SQLite all), no longer wait for a time that has moved away. Timers keep their time."""
        yield "letter_set_back", {
            "now": to_us(now), "since": to_us(since), "by": by // timedelta(microseconds=1),
            "holder": holder, "alone": int(alone),
        }  # fmt: skip

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
        """Delete stored answers after a day, and the keys of handled events after two months."""
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
    """The inbox key of a message that is sent once. It is a MAC, because `once` often holds the id
    of the person it went to."""
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
    """A form has errors: the transaction is rolled back, and `moments` is the answer."""

    def __init__(self, moments: Moments) -> None:
        super().__init__("refused")
        self.moments = moments


class Database(Protocol):
    """A database driver: SQLite (`alone`: one process serves the file) or PostgreSQL.

    `tx` runs a script as a transaction, perhaps in one commit with others. `tx_sealed` runs it
    alone and empties the write-ahead log before it returns; if a reader keeps the log from being
    emptied it raises LogHeld and writes nothing. A reader that begins during the commit can still
    keep the log: then `traces` is true until the log is empty. `read` cannot write.
    """

    @property
    def alone(self) -> bool: ...

    @property
    def damaged(self) -> bool:
        """Whether damage to the database files was found since the start."""
        ...

    @property
    def traces(self) -> bool: ...

    async def tx(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def tx_sealed(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def tx_settled(
        self, script: Callable[..., Script[Any]], *args: Any, settled: Callable[[bool], None]
    ) -> Any:
        """Like `tx_sealed`; calls `settled` with whether it was committed before any other
        write."""
        ...

    async def read(self, script: Callable[..., Script[Any]], *args: Any) -> Any: ...

    async def vacuum(self) -> None:
        """Rewrite the files so that nothing deleted or overwritten is left in them."""
        ...

    async def rewritten_at_once(self) -> int:
        """So many bytes `vacuum` rewrites while nobody can write to them: the whole file, or the
        largest table."""
        ...

    async def checkpoint(self) -> bool: ...

    async def clear(self) -> bool:
        """Empty the log as `tx_sealed` does after its commit, in one attempt: False if a reader
        prevents it."""
        ...

    async def probe(self) -> None:
        """Check for readers as `tx_sealed` does before its transaction, in one attempt."""
        ...

    def counts(self) -> Counts:
        """The database's own counters that `tx_sealed` raises and that a copy of the files
        shows."""
        ...

    async def close(self) -> None: ...
