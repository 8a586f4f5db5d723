"""Carries out what a dialog returned: each kind of effect is stored by exactly one script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from dialogs.model import effects as fx
from dialogs.model.calendar import Calendar, at_local, local, next_within_hours
from dialogs.model.cards import FORMER
from dialogs.model.effects import Effect
from dialogs.model.events import SignedEvent
from dialogs.model.facts import hours_for, on_break
from dialogs.model.records import RECORD_KINDS
from storage.sql import Script
from storage.tombstones import buried, salted
from storage.transactions import keepsakes, links
from storage.transactions.deletion import erase_project, retract
from storage.transactions.letters import (
    LEFT,
    NO_CARD,
    BagBody,
    PostBody,
    SayBody,
    TimerBody,
    once_key,
    put_letter,
    timer_id,
)
from storage.transactions.locks import lock_person
from storage.transactions.people import keep_prefs
from storage.transactions.pools import open_pool, rewrite_pool
from storage.transactions.posts import put_post, redraw_post
from storage.transactions.rows import channel_of, known_people, prefs_of, projects_of
from storage.transactions.scope import Scope, to_us

POOLED = (fx.Publish, fx.Unpool, fx.OpenRound, fx.CloseRound, fx.Refresh, fx.EraseProject)
"""Effects that rewrite the pool."""


class EffectContext(msgspec.Struct, frozen=True):
    """What the effects of one event come from. `gone` collects the pool entries that they remove,
    because each removal rewrites the whole pool: 200 notes would write 50 MB."""

    scope: Scope
    dialog: str
    of: str
    event: SignedEvent
    now: datetime
    gone: set[str] = msgspec.field(default_factory=set)


def apply(context: EffectContext, effect: Effect) -> Script[None]:
    yield from CARRIED_OUT_BY[type(effect)](context, effect)


def remove_gone(context: EffectContext) -> Script[None]:
    """Remove what the effects of this event published or discarded. Called after the last one, so
    that the next event does not find it in the pool."""
    if context.gone:
        yield from rewrite_pool(
            context.scope, context.now, lambda pool: pool.without(frozenset(context.gone))
        )


# --- records ------------------------------------------------------------------------------


def _record(context: EffectContext, effect: fx.Record) -> Script[None]:
    assert effect.kind in RECORD_KINDS, f"{effect.kind}: see dialogs/model/records.py"
    scope, body = context.scope, msgspec.json.encode(effect.body)
    yield (
        "record_put",
        {
            **scope.key,
            "kind": effect.kind,
            "id": effect.id,
            "ref": effect.ref,
            "person": effect.person,
            "at": to_us(effect.at),
            "body": scope.seal("record", body, effect.kind, effect.id),
        },
    )


def _forget(context: EffectContext, effect: fx.Forget) -> Script[None]:
    scope = context.scope
    kind = {**scope.key, "kind": effect.kind}
    if effect.id:
        yield "record_forget", {**kind, "id": effect.id}
    if effect.ref:
        yield "record_forget_ref", {**kind, "ref": effect.ref}
    if effect.person:
        yield "record_forget_person", {**kind, "person": effect.person}
        yield from buried("mine", salted(scope.tenant, scope.project, effect.person), context.now)


# --- letters ------------------------------------------------------------------------------


def _post(context: EffectContext, effect: fx.Post) -> Script[None]:
    if effect.to == FORMER:
        return
    scope = context.scope
    dialog, of = effect.dialog or context.dialog, effect.of or context.of
    channel = (yield from channel_of(scope)) or ""
    place = f"person:{effect.to}" if effect.to else f"channel:{channel}"
    id = next(scope.ids)
    post = PostBody(dialog, of, effect.slot)
    yield from put_post(scope, post, place, id)
    if not effect.to:
        yield from put_letter(scope, place, "post", context.event.at, msgspec.json.encode(post), id)
        return
    due = None if effect.bag else (yield from _in_their_hours(context, effect.to))
    body = msgspec.json.encode(BagBody(NO_CARD, effect.urgency, post))
    yield from _to_person(context, effect.to, due, body, id)


def _redraw(context: EffectContext, effect: fx.Redraw) -> Script[None]:
    post = PostBody(effect.dialog or context.dialog, effect.of or context.of, effect.slot)
    yield from redraw_post(context.scope, post, context.event.at)


def _say(context: EffectContext, effect: fx.Say) -> Script[None]:
    if not (yield from _first_time(context, effect.once)):
        return
    channel = yield from channel_of(context.scope)
    if channel is None:
        return
    place = f"{LEFT}:{effect.left}" if effect.left else f"channel:{channel}"
    thread = None
    if effect.thread:
        thread = PostBody(effect.dialog or context.dialog, effect.of or context.of, effect.thread)
    body = msgspec.json.encode(SayBody(msgspec.Raw(msgspec.json.encode(effect.card)), thread))
    yield from put_letter(context.scope, place, "say", context.event.at, body)


def _privately(context: EffectContext, effect: fx.Privately) -> Script[None]:
    if effect.person in ("", FORMER) or not (yield from _first_time(context, effect.once)):
        return
    raw = msgspec.Raw(msgspec.json.encode(effect.card))
    body = msgspec.json.encode(BagBody(raw, effect.urgency))
    due = None
    if effect.now or effect.soon:
        due = yield from _in_their_hours(context, effect.person, extra=effect.soon)
    yield from _to_person(context, effect.person, due, body)


def _to_person(
    context: EffectContext, person: str, due: datetime | None, body: bytes, id: str = ""
) -> Script[None]:
    """Store a private letter; without a due time in the person's bag."""
    if due is None:
        place, kind, due = f"bag:{person}", "bag", context.event.at
    else:
        place, kind = f"person:{person}", "private"
    yield from put_letter(context.scope, place, kind, due, body, id)


def _in_their_hours(
    context: EffectContext, person: str, *, extra: bool = False
) -> Script[datetime | None]:
    """When a letter may go that does not wait for the bag: at once to whoever acts, to others at
    the first moment within their own hours."""
    if person == context.event.by:
        return context.event.at
    return (yield from _first_moment(context, person, extra=extra))


def _first_moment(context: EffectContext, person: str, *, extra: bool) -> Script[datetime | None]:
    """The first moment within this person's own hours, after a break of theirs; None where it is to
    go into the bag. `extra` letters are those that a person can turn off."""
    tenant, vault = context.scope.tenant, context.scope.vault
    prefs = yield from prefs_of(tenant, vault, person)
    at = max(context.event.at, context.now)
    if extra and not prefs.soon:
        return None
    if on_break(prefs, local(Calendar(), at).date()):
        if prefs.paused_until is None:
            return None
        at = at_local(Calendar(), prefs.paused_until, 0)
    hours = hours_for(prefs, (yield from projects_of(tenant, vault, person)))
    return next_within_hours(Calendar(), at, hours)


def _first_time(context: EffectContext, once: str) -> Script[bool]:
    """Whether no message with this `once` name was stored before; always without such a name."""
    if not once:
        return True
    scope = context.scope
    key = once_key(scope.vault, scope.tenant, scope.project, once)
    rows = yield "inbox_first", {"tenant": scope.tenant, "key": key, "now": to_us(context.now)}
    return bool(rows)


def _timer(context: EffectContext, effect: fx.Timer) -> Script[None]:
    scope, dialog, of = context.scope, context.dialog, context.of
    body = msgspec.json.encode(TimerBody(dialog, of, effect.name))
    id = timer_id(scope, dialog, of, effect.name)
    yield from put_letter(scope, f"timer:{scope.project}", "timer", effect.at, body, id)


def _cancel(context: EffectContext, effect: fx.Cancel) -> Script[None]:
    id = timer_id(context.scope, context.dialog, context.of, effect.name)
    yield "letter_cancel", {"id": id}


# --- projects and people ------------------------------------------------------------------


def _grant(context: EffectContext, effect: fx.Grant) -> Script[None]:
    scope = context.scope
    yield (
        "role_put",
        {
            **scope.key,
            "person": effect.person,
            "role": effect.role,
            "status": effect.status,
            "body": scope.seal("role", effect.detail.encode(), effect.person, effect.role),
        },
    )


def _open_project(context: EffectContext, effect: fx.OpenProject) -> Script[None]:
    scope = Scope(context.scope.tenant, effect.project, context.scope.vault)
    yield "project_open", {**scope.key, "channel": effect.channel}
    yield from open_pool(scope)


def _move_project(context: EffectContext, effect: fx.MoveProject) -> Script[None]:
    scope = context.scope
    moved = {
        **scope.key,
        "channel": effect.channel,
        "before": f"channel:{effect.before}",
        "after": f"channel:{effect.channel}",
    }
    yield "project_open", {**scope.key, "channel": effect.channel}
    yield "keepsake_moved", moved
    yield "post_left", moved
    yield "post_to_channel", moved
    yield "letter_to_channel", moved
    # The new channel may take what the old one refused.
    yield "letter_go_on", scope.key


def _close_project(context: EffectContext, effect: fx.CloseProject) -> Script[None]:
    yield "project_close", context.scope.key


def _preserve(context: EffectContext, effect: fx.Preserve) -> Script[None]:
    scope, body = context.scope, msgspec.json.encode(effect.body)
    channel = yield from channel_of(scope)
    yield (
        "keepsake_put",
        {
            **scope.key,
            "id": effect.id,
            "channel": channel or "",
            "kind": effect.kind,
            "outlives": int(effect.outlives),
            "at": to_us(context.event.at),
            "body": scope.vault.seal(body, keepsakes.TABLE, scope.tenant, effect.id),
        },
    )


def _discard(context: EffectContext, effect: fx.Discard) -> Script[None]:
    yield from keepsakes.discard(context.scope.tenant, effect.id, context.now)


def _erase_project(context: EffectContext, effect: fx.EraseProject) -> Script[None]:
    yield from erase_project(context.scope, context.now)


def _keep(context: EffectContext, effect: fx.Keep) -> Script[None]:
    tenant, vault = context.scope.tenant, context.scope.vault
    yield from lock_person(tenant, effect.person)
    prefs = yield from prefs_of(tenant, vault, effect.person)
    prefs = msgspec.structs.replace(
        prefs,
        hours=effect.hours or prefs.hours,
        language=prefs.language if effect.language is None else effect.language,
        paused=prefs.paused if effect.paused is None else effect.paused,
        greeted=prefs.greeted if effect.greeted is None else effect.greeted,
        soon=prefs.soon if effect.soon is None else effect.soon,
        paused_until=effect.paused_until if effect.paused is not None else prefs.paused_until,
    )
    yield from keep_prefs(tenant, vault, effect.person, prefs)
    bag = f"bag:{effect.person}"
    # What was to go to this person later goes by what they want now.
    later = {"tenant": tenant, "place": f"person:{effect.person}", "now": to_us(context.now)}
    due = yield from _first_moment(context, effect.person, extra=True)
    if due is None:
        yield "letter_into_bag", {**later, "bag": bag}
    else:
        yield "letter_moved", {**later, "due": to_us(due)}
    yield "letter_let_go", {"tenant": tenant, "place": bag}


def _set_members(context: EffectContext, effect: fx.SetMembers) -> Script[None]:
    """Replace a channel's members. A failed look-up keeps people counted who were counted
    before."""
    channel = {"tenant": context.scope.tenant, "channel": effect.channel}
    known = yield from known_people(context.scope.tenant, effect.unknown)
    counting = {*effect.people, *known}
    yield "member_clear", channel
    for person in dict.fromkeys((*effect.people, *effect.unknown)):
        yield "member_add", {**channel, "person": person, "counts": int(person in counting)}


# --- what was written without a name ------------------------------------------------------


def _publish(context: EffectContext, effect: fx.Publish) -> Script[None]:
    scope = context.scope
    yield (
        "publish",
        {
            **scope.key,
            "id": effect.id,
            "kind": effect.kind,
            "ref": effect.ref,
            "release": effect.release,
            "receipt": effect.receipt,
            "body": scope.seal("published", msgspec.json.encode(effect.body), effect.id),
        },
    )
    context.gone.add(effect.entry)


def _retract(context: EffectContext, effect: fx.Retract) -> Script[None]:
    yield from retract(context.scope, effect.id)
    yield from buried("published", effect.id, context.now)


def _unpool(context: EffectContext, effect: fx.Unpool) -> Script[None]:
    context.gone.update(effect.entries)
    yield from ()


def _open_round(context: EffectContext, effect: fx.OpenRound) -> Script[None]:
    yield from rewrite_pool(
        context.scope, context.now, lambda pool: pool.opened(effect.ref, effect.room)
    )


def _close_round(context: EffectContext, effect: fx.CloseRound) -> Script[None]:
    yield from rewrite_pool(context.scope, context.now, lambda pool: pool.closed(effect.ref))


def _refresh(context: EffectContext, effect: fx.Refresh) -> Script[None]:
    yield from rewrite_pool(context.scope, context.now)


def _snapshot(context: EffectContext, effect: fx.Snapshot) -> Script[None]:
    scope, body = context.scope, msgspec.json.encode(effect.body)
    yield (
        "snapshot_put",
        {
            **scope.key,
            "audience": effect.audience,
            "release": effect.release,
            "body": scope.seal("snapshot", body, effect.audience, str(effect.release)),
        },
    )


# --- links --------------------------------------------------------------------------------


def _make_link(context: EffectContext, effect: fx.MakeLink) -> Script[None]:
    scope = context.scope
    yield from links.make(
        scope.vault,
        scope.tenant,
        scope.project,
        effect.kind,
        effect.id,
        effect.person,
        effect.until,
        effect.look,
    )


def _make_code(context: EffectContext, effect: fx.MakeCode) -> Script[None]:
    scope = context.scope
    yield from links.make_code(
        scope.vault, scope.tenant, scope.project, effect.link, effect.until, context.now
    )


def _withdraw_link(context: EffectContext, effect: fx.WithdrawLink) -> Script[None]:
    token = links.token_of(context.scope.vault, effect.kind, effect.id)
    yield from links.withdraw(token, context.now)
    if effect.kind == "screen":
        yield from links.withdraw_digits(context.scope.vault, effect.id, context.now)


CARRIED_OUT_BY: dict[type[Effect], Callable[[EffectContext, Any], Script[None]]] = {
    fx.Record: _record,
    fx.Forget: _forget,
    fx.Post: _post,
    fx.Redraw: _redraw,
    fx.Say: _say,
    fx.Privately: _privately,
    fx.Timer: _timer,
    fx.Cancel: _cancel,
    fx.Grant: _grant,
    fx.OpenProject: _open_project,
    fx.MoveProject: _move_project,
    fx.CloseProject: _close_project,
    fx.Preserve: _preserve,
    fx.Discard: _discard,
    fx.EraseProject: _erase_project,
    fx.Keep: _keep,
    fx.SetMembers: _set_members,
    fx.Publish: _publish,
    fx.Retract: _retract,
    fx.Unpool: _unpool,
    fx.OpenRound: _open_round,
    fx.CloseRound: _close_round,
    fx.Refresh: _refresh,
    fx.Snapshot: _snapshot,
    fx.MakeLink: _make_link,
    fx.MakeCode: _make_code,
    fx.WithdrawLink: _withdraw_link,
}
"""For each kind of effect but `Tell`, `BeginAll` and `HaltAll`, which `turns.py` makes events of.
A test holds this table against the kinds there are."""
