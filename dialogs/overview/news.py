"""Collects the content of an overview: what is new since the last one, and what still waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import assert_never

from msgspec import Struct

from dialogs.agreement.states import Agreement, overdue, unowned
from dialogs.concern.states import Concern, open_to_all
from dialogs.exercise.states import ExerciseRun, every_run, unanswered
from dialogs.model.calendar import local
from dialogs.model.facts import Known
from dialogs.overview.states import Digest
from dialogs.question.states import Concluded, Proposed, ToMed, all_of

SOON = 7
WAITING = ("sent", "seen", "forwarded")


class Standing(Struct, frozen=True):
    """A text that everybody may read, without a final answer, and already mentioned in an earlier
    overview."""

    concern: Concern
    since: str  # the first overview that mentioned it (2026-W45); "" if an older Digi did


class Overview(Struct, frozen=True, kw_only=True):
    """The content of an overview. `told` and `since` are the values to store once it is posted."""

    proposed: tuple[Proposed, ...]  # repeated as long as they are open
    concluded: tuple[Concluded | ToMed, ...]
    exercises: tuple[ExerciseRun, ...]  # begun or ended since the last one
    boards: tuple[ExerciseRun, ...]  # standing boards with a new answer, or with notes without one
    replied: frozenset[str]  # those with a new answer
    agreements: tuple[Agreement, ...]
    asked: tuple[Concern, ...]
    concerns: tuple[Concern, ...]
    standing: tuple[Standing, ...]
    doing: tuple[Concern, ...]  # answered with *We will do it*, outcome not reported
    told: dict[str, str]
    since: dict[str, str]
    news: str = ""
    came: bool = False  # there is a new concern, not only news of an old one

    @property
    def anything(self) -> bool:
        return bool(
            self.news
            or self.proposed
            or self.concluded
            or self.exercises
            or self.boards
            or self.agreements
            or self.asked
            or self.concerns
            or self.standing
            or self.doing
        )


def _concluded(known: Known, told: dict[str, str]) -> list[Concluded | ToMed]:
    """Return the new conclusions, and note in `told` that they are told."""
    return [
        one
        for one in all_of(known).values()
        if isinstance(one, Concluded | ToMed)
        and one.conclusion
        and _fresh(told, f"conclusion:{one.conclusion}", type(one).__name__)
    ]


def found(known: Known, state: Digest, at: datetime, week: str) -> Overview:
    """Return what has changed since the last overview, for the overview of this week."""
    today = local(known.project.calendar, at).date()
    told = dict(state.told)
    proposed = [one for one in all_of(known).values() if isinstance(one, Proposed)]
    concluded = _concluded(known, told)
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
    replied = _replied(known, told)
    return Overview(
        news=state.news,
        proposed=tuple(sorted(proposed, key=lambda one: one.until)),
        concluded=tuple(sorted(concluded, key=_when)),
        exercises=_exercises(known, told),
        boards=_boards(known, replied, today),
        replied=replied,
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


def _exercises(known: Known, told: dict[str, str]) -> tuple[ExerciseRun, ...]:
    """Return the exercises that have begun or ended since the last overview."""
    return tuple(
        run
        for run in every_run(known)
        if run.status in ("running", "done") and _fresh(told, f"exercise:{run.id}", run.status)
    )


def _replied(known: Known, told: dict[str, str]) -> frozenset[str]:
    """Return the standing boards with an answer since the last overview."""
    return frozenset(
        run.id
        for run in every_run(known)
        if run.answers and _fresh(told, f"board:{run.id}", str(len(run.answers)))
    )


def _boards(known: Known, replied: frozenset[str], today: date) -> tuple[ExerciseRun, ...]:
    """Return the standing boards to tell of. What was shown today has had no time to be answered;
    from then on it stands in every overview until it is."""
    return tuple(run for run in every_run(known) if run.id in replied or waits_before(run, today))


def waits_before(run: ExerciseRun, today: date) -> tuple[date, ...]:
    """Return since when notes wait for an answer that were shown before today."""
    return tuple(since for since in unanswered(run).values() if since < today)


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
    """Return what to remember of an agreement; "" if it is only offered to one person, which the
    channel is not told."""
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
    """Return whether it waited, its number of answers and its outcome in the last overview; None if
    it was not mentioned."""
    mark = told.get(f"concern:{one.id}")
    if mark is None:
        return None
    status, answers, *rest = mark.split(":")
    went = rest[0] if rest and rest[0] in ("done", "not_done") else ""
    return status in WAITING, int(answers), went


def _is_news(one: Concern, told: Mapping[str, str]) -> bool:
    """Return whether it changed. A new promised date is no news: it is shown with what still waits
    each time."""
    return _told_as(told, one) != (one.waits, len(one.answers), one.went)


def _since(one: Concern, state: Digest, week: str) -> str:
    """Return the overview that first mentioned it. Time is counted in overviews, because an
    unsigned text has no date."""
    before = _told_as(state.told, one)
    if before is None or not before[0]:
        return week
    return state.since.get(one.id, "")


def _standing(
    read_by_all: list[Concern], since: Mapping[str, str], today: date
) -> tuple[Standing, ...]:
    """Return what waits: overdue promises first, then the longest-waiting texts."""
    waiting = [Standing(one, since[one.id]) for one in read_by_all if one.waits]
    waiting.sort(
        key=lambda one: (not promise_passed(one.concern, today), one.since, one.concern.id)
    )
    return tuple(waiting)


def promise_passed(one: Concern, today: date) -> bool:
    return one.promised is not None and one.promised < today and one.waits
