"""What the weekly overview tells, drawn from the facts: one card, and details for its thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from dialogs.advice.states import MEMORY, for_all, memory, next_of, overview_line
from dialogs.agreement.states import Agreement, overdue, unowned, what
from dialogs.concern.states import HELPERS, Answer, Concern, answer_parts, open_to_all
from dialogs.model.calendar import iso_week, local
from dialogs.model.cards import (
    Button,
    Count,
    Day,
    Heading,
    Kept,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    Quote,
    Said,
    Several,
    Small,
    Text,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Records, States
from dialogs.model.facts import State as StateOf
from dialogs.question.states import Concluded, ToMed, all_of
from dialogs.walk.states import Walk, next_planned, next_question_at, words_of

SHORT = 240
PAGE = 2600
SOON = 7
WHY = Records("not_done")
ON = (
    "digest.on.monday", "digest.on.tuesday", "digest.on.wednesday", "digest.on.thursday",
    "digest.on.friday", "digest.on.saturday", "digest.on.sunday",
)  # fmt: skip


class Overview(Struct, frozen=True, kw_only=True):
    """What has happened that was not told before; `told` is what will have been told by then."""

    concluded: tuple[Concluded | ToMed, ...]
    agreements: tuple[Agreement, ...]
    asked: tuple[Concern, ...]
    concerns: tuple[Concern, ...]
    told: dict[str, str]
    news: str = ""
    came: bool = False  # a concern that was not there before, rather than news of one

    @property
    def anything(self) -> bool:
        return bool(self.news or self.concluded or self.agreements or self.asked or self.concerns)


def overview_facts() -> Facts:
    return (
        About(),
        States("question"),
        States("agreement"),
        *HELPERS,
        WHY,
        StateOf("walk", "walk"),
        MEMORY,
    )


def label(known: Known, at: datetime) -> str:
    """The ISO week, as posts and states are named after it: 2026-W48."""
    year, week = iso_week(known.project.calendar, at)
    return f"{year}-W{week:02}"


# --- what is new --------------------------------------------------------------------------


def found(known: Known, news: str, before: Mapping[str, str], at: datetime) -> Overview:
    """Everything whose mark is another than when it was told last."""
    today = local(known.project.calendar, at).date()
    told = dict(before)
    concluded: list[Concluded | ToMed] = []
    for question in all_of(known).values():
        match question:
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
    read_by_all = [
        one
        for one in open_to_all(known)
        if one.status != "withdrawn"
        and _fresh(told, f"concern:{one.id}", _concern_mark(one, today))
    ]
    read_by_all.sort(key=lambda one: (not one.answers, one.release, one.id))
    return Overview(
        news=news,
        concluded=tuple(sorted(concluded, key=_when)),
        agreements=tuple(agreements),
        asked=tuple(one for one in read_by_all if one.kind != "concern"),
        concerns=tuple(one for one in read_by_all if one.kind == "concern"),
        came=any(
            one.kind == "concern" and f"concern:{one.id}" not in before for one in read_by_all
        ),
        told=told,
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


def _concern_mark(one: Concern, today: date) -> str:
    passed = "passed" if promise_passed(one, today) else ""
    return f"{one.status}:{len(one.answers)}:{one.promised or ''}:{passed}"


def promise_passed(one: Concern, today: date) -> bool:
    return one.promised is not None and one.promised < today and one.waits


# --- the card -----------------------------------------------------------------------------


def overview_card(
    known: Known,
    new: Overview,
    at: datetime,
    advice: Line | None,
    *,
    due: datetime | None = None,
    away: date | None = None,
) -> NeutralCard:
    """As it is at a moment, for the week in which it was due."""
    project = known.project
    _, week = iso_week(project.calendar, due or at)
    today = local(project.calendar, at).date()
    return card(
        Heading(text("digest.title", week=Words(str(week)), name=Words(project.name))),
        None if away is None else Paragraph(text("digest.away", day=Day(away))),
        Paragraph(text("digest.news", news=Kept("news", new.news))) if new.news else None,
        *_reached(new),
        *_agreed(known, new, today),
        *_asked(new),
        *_worried(new, today),
        *_next(known, at),
        None if advice is None else Paragraph(advice),
        buttons(
            Button(text("button.say"), Look("say", project=project.id), "main"),
            Button(text("button.where_are_we"), Look("status", project=project.id)),
        ),
    )


def _reached(new: Overview) -> list[Paragraph[Line]]:
    lines = []
    held = [one for one in new.concluded if isinstance(one, Concluded)]
    sent = [one for one in new.concluded if isinstance(one, ToMed)]
    for key, some in (("digest.reached", held), ("digest.to_med", sent)):
        if some:
            first = text(key, text=Kept("conclusion", some[0].conclusion, cut=SHORT))
            lines.append(Paragraph(_and_rest(first, len(some) - 1)))
    return lines


def _and_rest(first: Text, rest: int) -> Line:
    return Several((first, text("digest.rest"))) if rest else first


def _agreed(known: Known, new: Overview, today: date) -> list[Paragraph[Line]]:
    """How the agreements stand; done ones only in the week after they were."""
    everything = known.states("agreement", Agreement).values()
    taken = [one for one in everything if one.status == "taken"]
    late = [one for one in taken if overdue(one, today)]
    coming = [one.due for one in taken if one.due is not None and one.due >= today]
    lines: list[Line] = []
    if done := sum(one.status == "done" for one in new.agreements):
        lines.append(text("digest.done", n=Count(done)))
    if left := sum(one.status == "not_done" for one in new.agreements):
        lines.append(text("digest.not_done", n=Count(left)))
    if coming:
        next_day = min(coming)
        lines.append(text("digest.due", n=Count(coming.count(next_day)), day=Day(next_day)))
    if late:
        lines.append(text("digest.overdue", n=Count(len(late))))
    if free := sum(unowned(one) for one in everything):
        lines.append(text("digest.free", n=Count(free)))
    return [Paragraph(text("digest.agreements", list=Several(tuple(lines))))] if lines else []


def _asked(new: Overview) -> list[Paragraph[Line]]:
    if not new.asked:
        return []
    first = new.asked[0]
    said: list[Line] = [words(first, SHORT)]
    if first.answers:
        said.append(answer(first.answers[-1], SHORT))
    else:
        said.append(_waits(first))
    if len(new.asked) > 1:
        said.append(text("digest.rest"))
    return [Paragraph(text("digest.asked", list=Several(tuple(said))))]


def _worried(new: Overview, today: date) -> list[Paragraph[Line]]:
    """No figures: how many there are is nobody's to know."""
    if not new.concerns:
        return []
    answered = any(one.answers for one in new.concerns)
    lines: list[Line] = [
        text("digest.concerns_answered" if answered else "digest.concerns")
        if new.came
        else text("digest.concerns_again")
    ]
    if any(promise_passed(one, today) for one in (*new.concerns, *new.asked)):
        lines.append(text("digest.passed"))
    return [Paragraph(Several(tuple(lines)))]


def _next(known: Known, at: datetime) -> list[Paragraph[Line]]:
    walk = known.state("walk", "walk", Walk)
    planned = None if walk is None else next_planned(walk, known)
    if walk is None or planned is None or not known.project.running:
        return []
    due = next_question_at(known.project, at)
    day = local(known.project.calendar, due).date()
    words = words_of(planned, known)
    if (day - local(known.project.calendar, at).date()).days <= SOON:
        said = text(ON[day.weekday()], question=words)
    else:
        said = text("digest.next", day=Day(day), question=words)
    trio = known.holders("leader", "tr", "amr") if walk.goes_to_trio(planned) else ()
    if not trio:
        return [Paragraph(said)]
    first = text("digest.trio_first", who=Listing(tuple(Who(p) for p in trio)))
    return [Paragraph(Several((said, first)))]


# --- what it says of one thing ------------------------------------------------------------


def words(one: Concern, cut: int = 0) -> Kept:
    """What was said, or the beginning of it."""
    return replace(one.words, cut=cut)


def answer(one: Answer, cut: int = 0) -> Line:
    said = Kept("concern_answer", one.text, cut=cut)
    match one.kind:
        case "do":
            return text("digest.answer_do", text=said)
        case "no":
            return text("digest.answer_no", text=said)
        case "others":
            return text("digest.answer_others", text=said)
        case "later":
            return text("digest.answer_later", text=said)
        case _:
            assert_never(one.kind)


def _waits(one: Concern) -> Line:
    if one.promised is None:
        return text("digest.no_answer")
    return text("digest.promised", day=Day(one.promised))


# --- the thread ---------------------------------------------------------------------------


def details(known: Known, new: Overview, at: datetime) -> tuple[NeutralCard, ...]:
    """All of it, a topic a message, and a new one where a message would be long."""
    today = local(known.project.calendar, at).date()
    why = frozenset(rec.id for rec in known(WHY))
    pages: list[NeutralCard] = []
    _pages(pages, "digest.details_reached", [_conclusion(one) for one in new.concluded])
    _pages(
        pages,
        "digest.details_agreements",
        [_agreement(one, why, today) for one in new.agreements],
        size=300,
    )
    _pages(pages, "digest.details_asked", [_said(one, today) for one in new.asked])
    _pages(pages, "digest.details_concerns", [_said(one, today) for one in new.concerns])
    return tuple(pages)


Parts = tuple[Part[Line], ...]


def _pages(pages: list[NeutralCard], title: str, items: list[Parts], *, size: int = 900) -> None:
    each = max(1, PAGE // size)
    for start in range(0, len(items), each):
        parts = [part for item in items[start : start + each] for part in item]
        pages.append(card(Heading(text(title)), *parts))


def _conclusion(one: Concluded | ToMed) -> Parts:
    by = text("digest.by", who=Who(one.by)) if one.by else None
    question = Said(one.words.da, one.words.en)
    objections = one.objections
    return (
        Paragraph(text("digest.question", question=question)),
        Quote(Kept("conclusion", one.conclusion), by),
        *((Small(text("digest.objected")),) if objections else ()),
    )


def _agreement(one: Agreement, why: frozenset[str], today: date) -> Parts:
    """Who does it is said while it is going well; a date that has passed has no name."""
    match one.status:
        case "offered" | "declined":
            line = text("digest.detail_free")
        case "done":
            line = text("digest.detail_done")
        case "not_done":
            line = text("digest.detail_not_done")
        case "taken" if overdue(one, today):
            line = text("digest.detail_overdue", day=Day(one.due or today))
        case "taken" if one.due is not None:
            line = text("digest.detail_due", who=Who(one.owner), day=Day(one.due))
        case "taken":
            line = text("digest.detail_taken", who=Who(one.owner))
        case _:
            assert_never(one.status)
    told = one.status == "not_done" and one.id in why
    reason = text("digest.because", text=Kept("not_done", one.id))
    return (Quote(what(one.id)), Small(Several((line, reason)) if told else line))


def _said(one: Concern, today: date) -> Parts:
    by = Who(one.author) if one.author else None
    parts: list[Part[Line]] = [Quote(words(one), by)]
    parts += answer_parts(one)
    if promise_passed(one, today) and one.promised is not None:
        parts.append(Small(text("digest.promise_passed", day=Day(one.promised))))
    elif not one.answers or _promised_again(one):
        parts.append(Small(_waits(one)))
    return tuple(parts)


def _promised_again(one: Concern) -> bool:
    """A promise that does not stand in the last answer."""
    return one.waits and one.promised not in (None, one.answers[-1].until)


# --- a piece of advice, a pitfall or a story ----------------------------------------------


def advice(known: Known) -> tuple[Line | None, tuple[str, ...]]:
    """One that fits the phase, and its id as what has been given then."""
    id = next_of(for_all(known), memory(known).seen)
    return (None, ()) if id is None else (overview_line(known.catalogue, id), (id,))
