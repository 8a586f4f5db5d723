"""What an overview has to tell: what is new since the last one, and what still waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import assert_never

from msgspec import Struct

from dialogs.agreement.states import Agreement, overdue, unowned
from dialogs.concern.states import Concern, open_to_all
from dialogs.model.calendar import local
from dialogs.model.facts import Known
from dialogs.overview.states import Digest
from dialogs.question.states import Concluded, Proposed, ToMed, all_of

SOON = 7
WAITING = ("sent", "seen", "forwarded")


class Standing(Struct, frozen=True):
    """What all may read and nobody has answered for good, told in an earlier overview already."""

    concern: Concern
    since: str  # the first overview it stood in (2026-W45); empty where an older Digi told it


class Overview(Struct, frozen=True, kw_only=True):
    """What has happened that was not told before, and what stands until it is answered. `told` and
    `since` are what the state will keep once this has been told."""

    proposed: tuple[Proposed, ...]  # as long as they stand, told before or not
    concluded: tuple[Concluded | ToMed, ...]
    agreements: tuple[Agreement, ...]
    asked: tuple[Concern, ...]
    concerns: tuple[Concern, ...]
    standing: tuple[Standing, ...]
    doing: tuple[Concern, ...]  # answered with *We will do it*, and not told of how it went
    told: dict[str, str]
    since: dict[str, str]
    news: str = ""
    came: bool = False  # a concern that was not there before, rather than news of one

    @property
    def anything(self) -> bool:
        return bool(
            self.news
            or self.proposed
            or self.concluded
            or self.agreements
            or self.asked
            or self.concerns
            or self.standing
            or self.doing
        )


def found(known: Known, state: Digest, at: datetime, week: str) -> Overview:
    """Everything that has changed since it was told last, for the overview of this week."""
    today = local(known.project.calendar, at).date()
    told = dict(state.told)
    proposed: list[Proposed] = []
    concluded: list[Concluded | ToMed] = []
    for question in all_of(known).values():
        match question:
            case Proposed():
                proposed.append(question)
            case Concluded() | ToMed() if question.conclusion:
                if _fresh(told, f"conclusion:{question.conclusion}", type(question).__name__):
                    concluded.append(question)
            case _:
                pass
    agreements = [
        one
        for one in known.states("agreement", Agreement).values()
        if (mark := _agreement_mark(one, today)) and _fresh(told, f"agreement:{one.id}", mark)
    ]
    read_by_all = [one for one in open_to_all(known) if one.status != "withdrawn"]
    new = [one for one in read_by_all if _is_news(one, state.told)]
    new.sort(key=lambda one: (not one.answers, one.release, one.id))
    told |= {f"concern:{one.id}": _concern_mark(one) for one in read_by_all}
    since = {one.id: _since(one, state, week) for one in read_by_all if one.waits}
    return Overview(
        news=state.news,
        proposed=tuple(sorted(proposed, key=lambda one: one.until)),
        concluded=tuple(sorted(concluded, key=_when)),
        agreements=tuple(agreements),
        asked=tuple(one for one in new if one.kind != "concern"),
        concerns=tuple(one for one in new if one.kind == "concern"),
        came=any(one.kind == "concern" and f"concern:{one.id}" not in state.told for one in new),
        standing=_standing([one for one in read_by_all if one not in new], since, today),
        doing=tuple(
            sorted(
                (one for one in read_by_all if one.done_by and not one.waits and one not in new),
                key=lambda one: (one.done_by or date.max, one.id),
            )
        ),
        told=told,
        since=since,
    )


def _fresh(told: dict[str, str], key: str, mark: str) -> bool:
    new = told.get(key) != mark
    told[key] = mark
    return new


def _when(question: Concluded | ToMed) -> datetime:
    match question:
        case Concluded(concluded_at=at) | ToMed(proposed_at=at):
            return at
        case _:
            assert_never(question)


def _agreement_mark(one: Agreement, today: date) -> str:
    """Empty where the channel has nothing to hear of: it was only offered, to one person."""
    if one.status in ("offered", "declined"):
        return "open" if unowned(one) else ""
    if one.status != "taken":
        return one.status
    if overdue(one, today):
        return "overdue"
    soon = one.due is not None and (one.due - today).days <= SOON
    return f"taken:{one.due}:{'soon' if soon else ''}"


# --- what all may read --------------------------------------------------------------------


def _concern_mark(one: Concern) -> str:
    return f"{one.status}:{len(one.answers)}:{one.went}"


def _told_as(told: Mapping[str, str], one: Concern) -> tuple[bool, int, str] | None:
    """Whether it still waited, how many answers it had and how it went when it was told last."""
    mark = told.get(f"concern:{one.id}")
    if mark is None:
        return None
    status, answers, *rest = mark.split(":")
    went = rest[0] if rest and rest[0] in ("done", "not_done") else ""
    return status in WAITING, int(answers), went


def _is_news(one: Concern, told: Mapping[str, str]) -> bool:
    """A promised date is none: it stands with what still waits, in each overview."""
    return _told_as(told, one) != (one.waits, len(one.answers), one.went)


def _since(one: Concern, state: Digest, week: str) -> str:
    """Counted in overviews, never in days: a text has no time of its own."""
    before = _told_as(state.told, one)
    if before is None or not before[0]:
        return week
    return state.since.get(one.id, "")


def _standing(
    read_by_all: list[Concern], since: Mapping[str, str], today: date
) -> tuple[Standing, ...]:
    """A promise that has passed first, then what has stood longest."""
    waiting = [Standing(one, since[one.id]) for one in read_by_all if one.waits]
    waiting.sort(
        key=lambda one: (not promise_passed(one.concern, today), one.since, one.concern.id)
    )
    return tuple(waiting)


def promise_passed(one: Concern, today: date) -> bool:
    return one.promised is not None and one.promised < today and one.waits
