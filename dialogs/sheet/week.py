"""The week's sheet: what a morning meeting needs on paper, and nothing that only some may read."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dialogs.agreement.states import Agreement, overdue, unowned, what
from dialogs.concern.states import HELPERS, Concern, answer_parts, open_to_all
from dialogs.model import cards as c
from dialogs.model.calendar import iso_week, local
from dialogs.model.cards import Bullets, Count, Day, Kept, Line, Paragraph, Quote, Small, Who, text
from dialogs.model.conversation import Facts
from dialogs.model.documents import (
    DataTable,
    NeutralDocument,
    Passage,
    QrCode,
    Section,
    WritingSpace,
    document,
    section,
)
from dialogs.model.facts import About, Known, States
from dialogs.page.states import PAGE, page_address
from dialogs.question.states import (
    Asked,
    Concluded,
    all_of,
    is_open,
    place_of,
    takes_answers,
    title,
    why_line,
)

RECENT = timedelta(days=14)
"""How long an answer or a conclusion stays on the sheet."""
MOST = 8
"""How many answers it holds; the others are in the channel."""
LINES = 4


def week_needs() -> Facts:
    return (About(), States("question"), States("agreement"), *HELPERS, PAGE)


def week_document(at: datetime, known: Known) -> NeutralDocument:
    """Return the sheet as of a time. Nothing on it depends on who asks for it."""
    project = known.project
    today = local(project.calendar, at).date()
    _, week = iso_week(project.calendar, at)
    return document(
        title=text("sheet.week", week=c.Words(str(week))),
        slug=text("sheet.week_slug"),
        project=project.name,
        day=today,
        sections=(_question(known), _agreements(known, today), _answered(known, today)),
    )


# --- this week's question -----------------------------------------------------------------


def _question(known: Known) -> Section[Line]:
    asked, address = _newest(known), page_address(known)
    code = None if address is None else QrCode[Line](text("sheet.without_chat"), address)
    heading = text("sheet.question")
    if not asked:
        return section(heading, Paragraph(text("sheet.no_question")), code)
    return section(
        heading,
        *(_one(asked[0], known) if len(asked) == 1 else _several(asked)),
        code,
        Paragraph(text("sheet.how")),
        WritingSpace(text("sheet.came_up"), LINES),
    )


def _newest(known: Known) -> list[Asked]:
    """Return the question that the team got last; several if they came in one post. One that still
    takes answers goes before one that is closed."""
    found = [s for s in all_of(known).values() if isinstance(s, Asked) and is_open(s)]
    found = [one for one in found if takes_answers(one)] or found
    last = max((one.asked_at for one in found), default=None)
    return sorted((s for s in found if s.asked_at == last), key=lambda s: s.words.number)


def _one(asked: Asked, known: Known) -> tuple[Passage[Line] | None, ...]:
    place = place_of(asked.words, known)
    return (
        None if place is None else Small(place),
        Paragraph(text("sheet.asked", question=title(asked.words))),
        why_line(asked.words),
    )


def _several(asked: list[Asked]) -> tuple[Passage[Line], ...]:
    return (Bullets(tuple(title(one.words) for one in asked), numbered=True),)


# --- agreements ---------------------------------------------------------------------------


def _agreements(known: Known, today: date) -> Section[Line]:
    found = sorted(
        (a for a in known.states("agreement", Agreement).values() if _is_open(a)),
        key=lambda a: (unowned(a), a.due or date.max, a.offered_at, a.id),
    )
    heading = text("sheet.agreements")
    if not found:
        return section(heading, Paragraph(text("sheet.no_agreements")))
    header = (text("sheet.what"), text("sheet.who"), text("sheet.when"))
    rows = tuple(_row(one, today) for one in found)
    return section(heading, DataTable(heading, header, rows))


def _is_open(one: Agreement) -> bool:
    """Return whether the channel knows of it and it is not done; an offer to one person is private
    until they take it."""
    return one.status == "taken" or unowned(one)


def _row(one: Agreement, today: date) -> tuple[Line, ...]:
    """Return what, who and when. As in the overview, nobody is named beside a date that passed."""
    if unowned(one):
        who: Line = text("sheet.nobody_yet")
    else:
        who = text("sheet.unsaid") if overdue(one, today) else Who(one.owner)
    if one.due is None:
        return what(one.id), who, text("sheet.no_date")
    day = Day(one.due)
    return what(one.id), who, text("sheet.passed", day=day) if one.due < today else day


# --- what was answered --------------------------------------------------------------------


def _answered(known: Known, today: date) -> Section[Line]:
    texts = sorted(
        (one for one in open_to_all(known) if (day := _answered_on(one)) and today - day <= RECENT),
        key=lambda one: (_answered_on(one) or date.min, one.id),
        reverse=True,
    )
    parts = [*_reached(known, today)]
    for one in texts[:MOST]:
        parts += _said(one)
    if len(texts) > MOST:
        parts.append(Small(text("sheet.rest", n=Count(len(texts) - MOST))))
    if not parts:
        parts.append(Paragraph(text("sheet.no_answers")))
    return section(text("sheet.answered"), *parts)


def _answered_on(one: Concern) -> date | None:
    """Return the day of the last answer; None for what has none, or was withdrawn."""
    if one.status == "withdrawn" or not one.answers:
        return None
    return one.answers[-1].on


def _said(one: Concern) -> list[Passage[Line]]:
    by = Who(one.author) if one.author else None
    answers = (p for p in answer_parts(one) if isinstance(p, Paragraph | Quote))
    return [Quote(one.words, by), *answers]


def _reached(known: Known, today: date) -> list[Passage[Line]]:
    """Return what the team has arrived at."""
    calendar = known.project.calendar
    found = sorted(
        (
            one
            for one in all_of(known).values()
            if isinstance(one, Concluded)
            and one.conclusion
            and today - local(calendar, one.concluded_at).date() <= RECENT
        ),
        key=lambda one: one.concluded_at,
        reverse=True,
    )
    parts: list[Passage[Line]] = []
    for one in found:
        parts.append(Paragraph(text("sheet.reached", question=title(one.words))))
        parts.append(Quote(Kept("conclusion", one.conclusion)))
    return parts
