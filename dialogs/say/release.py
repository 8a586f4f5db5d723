"""A release: which texts leave the pool, and what each audience may know of them from then on."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dialogs.concern.states import Concern, widened
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.cards import Button, NeutralCard, card, text
from dialogs.model.effects import Effect, Privately, Publish
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, Waiting

ROOM = 2900  # characters of one published text, with additions made before the release


def released(
    waiting: tuple[Waiting, ...], number: int, event: e.Woke, known: Known, *, everybody: bool
) -> tuple[Effect, ...]:
    concerns = dict(known.states("concern", Concern))
    effects: list[Effect] = []
    came: Counter[Person] = Counter()
    new: list[Concern] = []
    # By random ids, so that the order of rows reveals nothing.
    for w in sorted((w for w in waiting if w.kind == "said"), key=lambda w: w.new_id):
        one = _from_pool(w, number)
        new.append(one)
        came.update(one.readers)
        effects.extend((*_published(w, number), _tell_released(one, number)))
    went_on: set[Person] = set()
    by_receipt = {u.receipt: u.id for u in known(f.Published("said"))}
    later = [(w, w.ref or by_receipt.get(w.author, "")) for w in waiting if w.kind != "said"]
    gone = {of for w, of in later if w.kind == "withdraws"}
    for w, of in sorted(later, key=lambda pair: pair[0].new_id):
        found = concerns.get(of)
        if found is None or found.status == "withdrawn":
            effects.append(fx.Unpool((w.entry,)))
            continue
        effects.extend(_went_on(w, found, number, withdrawn=of in gone))
        if of not in gone:
            concerns[of] = widened(found, *widening(w.body))
            went_on.update(concerns[of].readers)
    unnamed = [one for one in concerns.values() if not one.author] + new
    if everybody or new:
        effects.extend(_snapshots(unnamed, number, known))
    for person in sorted({*came, *went_on}):
        said = _came(came[person], person in went_on, event.project)
        once = f"release:{number}:{person}"
        # Whoever chose the next working day accepted less cover, so their readers are notified at
        # once.
        effects.append(Privately(person, said, soon=not everybody, urgency=3, once=once))
    return tuple(effects)


def _tell_released(one: Concern, number: int) -> fx.Tell:
    return fx.Tell(
        e.Released(
            concern=one.id,
            kind=one.kind,
            readers=one.readers,
            everyone=one.everyone,
            trio=one.trio,
            number=number,
        )
    )


def _from_pool(w: Waiting, number: int) -> Concern:
    one = Concern(
        id=w.new_id,
        kind=w.body["kind"],
        readers=tuple(w.body["readers"]),
        everyone=w.body["everyone"],
        trio=w.body["trio"],
        release=number,
    )
    for more in w.body.get("more", ()):
        one = widened(one, *widening(more))
    return one


def widening(body: dict[str, Any]) -> tuple[tuple[Person, ...], bool]:
    return tuple(body.get("readers", ())), bool(body.get("everyone", False))


def _published(w: Waiting, number: int) -> tuple[Publish, ...]:
    """Return the publication of a text, including additions that its author made before the
    release."""
    whole = str(w.body["text"])
    rest: list[str] = []
    for more in w.body.get("more", ()):
        if not more["text"]:
            continue
        joined = f"{whole}\n\n{more['text']}"
        if len(joined) <= ROOM and not rest:
            whole = joined
        else:
            rest.append(more["text"])
    body = {key: w.body[key] for key in ("kind", "readers", "everyone", "trio")}
    first = Publish(w.entry, w.new_id, "said", "", number, {**body, "text": whole}, w.receipt)
    return (
        first,
        *(
            Publish(w.entry, f"{w.new_id}-{n}", "more", w.new_id, number, {"text": words})
            for n, words in enumerate(rest, 1)
        ),
    )


def _went_on(w: Waiting, one: Concern, number: int, *, withdrawn: bool) -> tuple[Effect, ...]:
    if w.kind == "withdraws":
        told = e.AuthorAdded(concern=one.id, what="withdrew")
        return fx.Unpool((w.entry,)), fx.Tell(told)
    if withdrawn:
        return (fx.Unpool((w.entry,)),)
    readers, everyone = widening(w.body)
    if not w.body["text"]:
        told = e.AuthorAdded(concern=one.id, what="widened", readers=readers, everyone=everyone)
        return fx.Unpool((w.entry,)), fx.Tell(told)
    objects = w.kind == "objects"
    told = e.AuthorAdded(
        concern=one.id,
        what="objected" if objects else "wrote",
        readers=readers,
        everyone=everyone,
    )
    body: dict[str, Any] = {"text": w.body["text"], "objection": objects}
    return Publish(w.entry, w.new_id, "more", one.id, number, body), fx.Tell(told)


def _snapshots(unnamed: list[Concern], number: int, known: Known) -> tuple[fx.Snapshot, ...]:
    """Return a snapshot for each audience: what it may know about unsigned texts. Nobody learns
    that there was a text to somebody else."""
    readers = {p for one in unnamed for p in one.readers}
    audiences = sorted({*readers, *known.holders("leader", "tr", "amr")})
    return (
        _snapshot("all", [one for one in unnamed if one.everyone], number, known),
        *(
            _snapshot(person, [one for one in unnamed if person in one.readers], number, known)
            for person in audiences
        ),
    )


def _snapshot(audience: str, read: list[Concern], number: int, known: Known) -> fx.Snapshot:
    items = [
        {"id": one.id, "kind": one.kind, "release": one.release}
        for one in sorted(read, key=lambda one: (one.release, one.id))
    ]
    new = sum(one.release == number for one in read)
    body = {"release": number, "items": items, "shown": new >= known.project.threshold}
    return fx.Snapshot(audience, number, body)


def _came(new: int, went_on: bool, project: str) -> NeutralCard:
    return card(
        c.Paragraph(text("say.came", n=c.Count(new))) if new else None,
        c.Paragraph(text("say.went_on")) if went_on else None,
        c.buttons(Button(text("concern.see"), Look("concerns", project=project))),
    )
