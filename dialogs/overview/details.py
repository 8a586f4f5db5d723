"""Renders one thing at a time for the overview, and the details in its thread."""

from __future__ import annotations

from datetime import date, datetime
from typing import assert_never

from msgspec.structs import replace

from dialogs.agreement.states import Agreement, overdue, what
from dialogs.concern.states import Concern, ConcernAnswer, answer_parts
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Day,
    Heading,
    Kept,
    Line,
    Moment,
    NeutralCard,
    Paragraph,
    Part,
    Quote,
    Said,
    Several,
    Small,
    Who,
    Words,
    card,
    text,
)
from dialogs.model.facts import Known, Records
from dialogs.overview.news import Overview, Standing, promise_passed
from dialogs.question.states import Concluded, Proposed, ToMed

SHORT = 240
FIRST = 3  # how many waiting texts the message itself shows
PAGE_SIZE = 2600
WHY = Records("not_done")

Parts = tuple[Part[Line], ...]


def words(one: Concern, cut: int = 0) -> Kept:
    """Return the text or its beginning."""
    return replace(one.words, cut=cut)


def answer(one: ConcernAnswer, cut: int = 0) -> Line:
    said = Kept("concern_answer", one.text, cut=cut)
    match one.kind:
        case "do":
            return text("digest.answer_do", text=said)
        case "no":
            return text("digest.answer_no", text=said)
        case "others":
            return text("digest.answer_others", text=said)
        case "closed":
            return text("digest.answer_closed", text=said)
        case "over":
            return text("digest.answer_over")
        case "later":
            return text("digest.answer_later", text=said)
        case _:
            assert_never(one.kind)


def waiting_line(one: Concern, today: date | None = None) -> Line:
    """Say that the answer is still to come, and the promised date."""
    if one.promised is not None:
        passed = today is not None and promise_passed(one, today)
        return text("digest.promise_passed" if passed else "digest.promised", day=Day(one.promised))
    first = text("digest.written_again" if written_again(one) else "digest.no_answer")
    return Several((first, text("digest.no_date")))


def written_again(one: Concern) -> bool:
    """Say that the author has added to it since it was answered."""
    return one.status == "sent" and bool(one.answers)


def still_waits(one: Standing, cut: int, today: date) -> Parts:
    concern = one.concern
    lines: list[Line] = []
    if concern.answers:
        lines.append(answer(concern.answers[-1], cut))
    if one.since:
        lines.append(text("digest.since", week=Words(str(int(one.since[-2:])))))
    if concern.promised is None and not written_again(concern):
        lines.append(text("digest.no_date"))
    else:
        lines.append(waiting_line(concern, today))
    by = Who(concern.author) if concern.author else None
    return (Quote(words(concern, cut), by), Small(Several(tuple(lines))))


def still_doing(one: Concern, cut: int, today: date) -> Parts:
    by = Who(one.author) if one.author else None
    due = one.done_by or today
    key = "digest.doing_passed" if due < today else "digest.doing_until"
    return (Quote(words(one, cut), by), Small(text(key, day=Day(due))))


# --- the thread ---------------------------------------------------------------------------


def details(known: Known, new: Overview, at: datetime) -> tuple[NeutralCard, ...]:
    """Return all details, one message per topic, split if it would be long."""
    today = local(known.project.calendar, at).date()
    why = frozenset(rec.id for rec in known(WHY))
    pages: list[NeutralCard] = []
    _pages(pages, "digest.details_proposed", [_proposal(one) for one in new.proposed])
    _pages(pages, "digest.details_reached", [_conclusion(one) for one in new.concluded])
    _pages(
        pages,
        "digest.details_agreements",
        [_agreement(one, why, today) for one in new.agreements],
        size=300,
    )
    _pages(pages, "digest.details_asked", [_said(one, today) for one in new.asked])
    _pages(pages, "digest.details_concerns", [_said(one, today) for one in new.concerns])
    if len(new.standing) > FIRST:
        _pages(
            pages,
            "digest.details_standing",
            [still_waits(one, SHORT, today) for one in new.standing],
            size=2 * SHORT,
        )
    if len(new.doing) > FIRST:
        doing = [still_doing(one, SHORT, today) for one in new.doing]
        _pages(pages, "digest.details_doing", doing, size=2 * SHORT)
    return tuple(pages)


def _pages(pages: list[NeutralCard], title: str, items: list[Parts], *, size: int = 900) -> None:
    each = max(1, PAGE_SIZE // size)
    for start in range(0, len(items), each):
        parts = [part for item in items[start : start + each] for part in item]
        pages.append(card(Heading(text(title)), *parts))


def until_when(one: Proposed) -> Small[Line]:
    if one.released:
        return Small(text("question.holds_from", holds=Moment(one.holds_at or one.until)))
    return Small(text("digest.proposed_until", moment=Moment(one.until)))


def _proposal(one: Proposed) -> Parts:
    by = text("digest.by", who=Who(one.by)) if one.by else None
    question = Said(one.words.da, one.words.en)
    return (
        Paragraph(text("digest.question", question=question)),
        Quote(Kept("conclusion", one.conclusion), by),
        until_when(one),
    )


def _conclusion(one: Concluded | ToMed) -> Parts:
    by = text("digest.by", who=Who(one.by)) if one.by else None
    question = Said(one.words.da, one.words.en)
    return (
        Paragraph(text("digest.question", question=question)),
        Quote(Kept("conclusion", one.conclusion), by),
        *((Small(text("digest.objected")),) if one.objections or one.in_words else ()),
    )


def _agreement(one: Agreement, why: frozenset[str], today: date) -> Parts:
    """Return an agreement's line. The owner is named as long as the date has not passed."""
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
    if not one.answers or promise_passed(one, today) or written_again(one) or _promised_again(one):
        parts.append(Small(waiting_line(one, today)))
    return tuple(parts)


def _promised_again(one: Concern) -> bool:
    """Return a promised date that is not part of the last answer."""
    return one.waits and one.promised not in (None, one.answers[-1].until)
