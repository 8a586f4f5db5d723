"""One signed event, decided and stored in one transaction, once for its key."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import msgspec

from dialogs.model import effects as fx
from dialogs.model.conversation import Responses
from dialogs.model.effects import Effect, Response
from dialogs.model.events import Begun, Drafted, Halted, ProjectMoved, SignedEvent, Started
from dialogs.model.facts import About, Fact, Unreleased, Written
from storage.sql import Conflict, Script, StoreError, together
from storage.transactions.effects import POOLED, EffectContext, apply, remove_gone
from storage.transactions.facts import gather
from storage.transactions.locks import lock_channel, lock_person, lock_project
from storage.transactions.scope import Scope, drawn_ids, to_us
from storage.vault import Vault

DEPTH = 8
TOGETHER = frozenset({"letter_put", "letter_redraw", "member_add", "record_put"})
"""Statements that a turn may execute many times in a row and that return no rows: batched."""
_moments = msgspec.json.Decoder(tuple[Response, ...])


class TooDeep(StoreError):
    """Dialogs sent each other events more than eight levels deep: that is a fault in Digi."""


class FormRefused(Exception):
    """A form has errors: the transaction is rolled back, and `moments` is the answer."""

    def __init__(self, moments: Responses) -> None:
        super().__init__("refused")
        self.moments = moments


class Decider(Protocol):
    """The dialogs as the engine passes them to a turn; the store knows none of them."""

    def route(self, event: SignedEvent) -> tuple[str, str]: ...

    def needs(
        self, dialog: str, state: Written | None, event: SignedEvent
    ) -> tuple[Fact[Any], ...]: ...

    def decide(
        self, dialog: str, state: Written | None, event: SignedEvent, found: Mapping[Fact[Any], Any]
    ) -> tuple[bytes | None, tuple[Effect | Response, ...]]: ...

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


class TurnOutcome(msgspec.Struct, frozen=True):
    """The result of a turn: the answer, whether the event was new, whether it wrote letters."""

    moments: Responses
    fresh: bool
    wrote: bool = False
    pooled: bool = False  # it opened or changed the pool


class Turns:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def run(self, turn: Turn, decider: Decider) -> Script[TurnOutcome]:
        return together(self._run(turn, decider), TOGETHER)

    def _run(self, turn: Turn, decider: Decider) -> Script[TurnOutcome]:
        ended = yield from self._begin(turn)
        if ended is not None:
            return ended
        course = _Course(turn, decider, self._vault)
        while course.waiting:
            yield from course.handle(*course.waiting.popleft())
        moments = tuple(course.moments)
        if any(isinstance(m, fx.FieldError) for m in moments):
            # Roll back, so that the corrected form can be submitted under the same key.
            raise FormRefused(moments)
        if moments:
            reply = self._vault.seal(msgspec.json.encode(moments), "inbox", turn.tenant, turn.key)
            yield "inbox_answered", {"tenant": turn.tenant, "key": turn.key, "reply": reply}
        return TurnOutcome(moments, True, wrote=True, pooled=course.pooled)

    def _begin(self, turn: Turn) -> Script[TurnOutcome | None]:
        """Lock, and insert the key. An outcome where there is nothing to do (any more)."""
        yield from _locked(turn)
        if turn.letter is not None:
            # A timer that was moved, cancelled or claimed by another replica must not fire.
            done = yield "letter_done", {"id": turn.letter[0], "token": turn.letter[1]}
            if not done:
                return TurnOutcome((), False)
        first = yield (
            "inbox_first",
            {"tenant": turn.tenant, "key": turn.key, "now": to_us(turn.now)},
        )
        if first:
            return None
        yield "inbox_again", {}
        return TurnOutcome((yield from self.answered(turn.tenant, turn.key)) or (), False)

    def answered(self, tenant: str, key: str) -> Script[Responses | None]:
        """The stored answer to this key; None where no event with this key was handled."""
        rows = yield "inbox_reply", {"tenant": tenant, "key": key}
        if not rows:
            return None
        sealed = rows[0]["reply"]
        if sealed is None:
            return ()
        reply = self._vault.open_if_whole(sealed, "inbox", tenant, key)
        return () if reply is None else _moments.decode(reply)


class _Course:
    """One turn under way: the event, and the events that dialogs tell each other because of it."""

    def __init__(self, turn: Turn, decider: Decider, vault: Vault) -> None:
        self._turn = turn
        self._decider = decider
        self._vault = vault
        self._channels: dict[str, str | None] = {}
        self._ids = drawn_ids()
        self._effects = 0
        self.waiting: deque[tuple[SignedEvent, int]] = deque([(turn.event, 0)])
        """Events not yet handled, each with how many others led to it."""
        self.moments: list[Response] = []
        self.pooled = False

    def handle(self, event: SignedEvent, depth: int) -> Script[None]:
        if depth > DEPTH:
            raise TooDeep(type(event).__name__)
        turn, decider = self._turn, self._decider
        project = event.project or turn.project
        scope = Scope(
            turn.tenant, project, self._vault, self._channels, self._ids, turn.letter is None
        )
        dialog, of = decider.route(event)
        rows = yield "state_get", {**scope.key, "dialog": dialog, "id": of}
        before = scope.state(rows[0]["body"], dialog, of) if rows else None
        wanted = decider.needs(dialog, before, event)
        self.pooled = self.pooled or any(isinstance(fact, Unreleased) for fact in wanted)
        found = yield from gather(scope, wanted)
        if About() in found:
            about = found[About()]
            self._channels[project] = about.channel if about else None
        after, effects = decider.decide(dialog, before, event, found)
        if after != before:
            version = rows[0]["version"] if rows else 0
            yield from keep_state(scope, dialog, of, version, after)
        context = EffectContext(scope, dialog, of, event, turn.now)
        for effect in _expanded(effects, decider):
            yield from self._carry_out(effect, context, depth)
        yield from remove_gone(context)

    def _carry_out(
        self, effect: Effect | Response, context: EffectContext, depth: int
    ) -> Script[None]:
        self._effects += 1
        match effect:
            case fx.Tell(event=told):
                told = msgspec.structs.replace(
                    told,
                    project=told.project or context.scope.project,
                    by=told.by or context.event.by,
                    at=context.event.at,
                    id=f"{context.event.id}.{self._effects}",
                )
                self.waiting.append((told, depth + 1))
            case fx.Show() | fx.Open() | fx.FieldError():
                self.moments.append(effect)
            case _:
                self.pooled = self.pooled or isinstance(effect, POOLED)
                yield from apply(context, effect)


def keep_state(
    scope: Scope, dialog: str, of: str, version: int, after: bytes | None
) -> Script[None]:
    key = {**scope.key, "dialog": dialog, "id": of}
    if dialog == "project":
        scope.channels.clear()
    if after is None:
        yield "state_drop", key
        return
    body = scope.seal("state", after, dialog, of)
    if version == 0:
        moved = yield "state_new", {**key, "body": body}
    else:
        moved = yield "state_move", {**key, "body": body, "version": version}
    if not moved:
        raise Conflict(f"{dialog}/{of}")


def _locked(turn: Turn) -> Script[None]:
    event = turn.event
    channel = getattr(event, "channel", "")
    if channel and not (turn.project and not isinstance(event, Started | Drafted | ProjectMoved)):
        # Whether there is a project yet is decided once for each channel.
        yield from lock_channel(turn.tenant, channel)
    if turn.project:
        yield from lock_project(turn.tenant, turn.project)
    else:
        yield from lock_person(turn.tenant, event.by)


def _expanded(
    effects: Sequence[Effect | Response], decider: Decider
) -> Iterator[Effect | Response]:
    """`BeginAll` and `HaltAll` replaced by one `Tell` for each conversation with timers."""
    for effect in effects:
        match effect:
            case fx.BeginAll():
                yield from (fx.Tell(Begun(dialog=dialog)) for dialog in decider.with_timers())
            case fx.HaltAll():
                yield from (fx.Tell(Halted(dialog=dialog)) for dialog in decider.with_timers())
            case _:
                yield effect
