"""Lines of a report: several in one cell, and long ones shortened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from dialogs.agreement.states import Agreement, unowned
from dialogs.model.calendar import local
from dialogs.model.cards import Day, Line, Paragraph, Part, Quote, Said, Small, Words, text
from dialogs.model.facts import Known, Project
from dialogs.model.shorten import cut_at_word
from dialogs.question.states import Asked, QuestionState, QuestionWords, SetAside, all_of
from dialogs.results.states import Result

NONE = text("report.nothing_here")


def stacked(lines: Iterable[Line]) -> Line:
    """Return the lines one below the other, for a cell of a table."""
    found = list(lines)
    if not found:
        return NONE
    return reduce(lambda above, below: text("report.below", above=above, below=below), found)


def points(lines: Sequence[Line]) -> Line:
    """Return the lines as points; a single one as it is."""
    if len(lines) < 2:
        return stacked(lines)
    return stacked(text("report.point", line=one) for one in lines)


def quoted(words: Line) -> Line:
    return text("report.quoted", words=words)


def in_a_cell(parts: Iterable[Part[Line]]) -> Line:
    """Return the parts of a card as lines, with what people wrote in quotation marks."""
    lines: list[Line] = []
    for part in parts:
        match part:
            case Paragraph(text=said) | Small(text=said):
                lines.append(said)
            case Quote(words=words, by=None):
                lines.append(quoted(words))
            case Quote(words=words, by=by) if by is not None:
                lines.append(text("report.quoted_by", words=words, who=by))
    return stacked(lines)


def short(words: str, limit: int) -> Line:
    return Words(cut_at_word(words, limit))


def short_title(words: QuestionWords, limit: int) -> Line:
    if words.da == words.en:
        return short(words.da, limit)
    return Said(cut_at_word(words.da, limit), cut_at_word(words.en, limit))


def day_of(one: Result, known: Known) -> Day:
    return Day(local(known.project.calendar, one.at).date(), weekday=False, year=True)


def ended_line(project: Project) -> tuple[Line, ...]:
    """Return the day on which it ended; nothing before that."""
    if project.ended_at is None:
        return ()
    day = Day(local(project.calendar, project.ended_at).date(), year=True)
    return (text("report.ended", day=day),)


def asked_of_team(known: Known) -> list[QuestionState]:
    """Return the questions that the channel knows of, in the order in which they were asked. Needs
    `States("question")`."""
    found = [one for one in all_of(known).values() if not _with_trio_only(one)]
    return sorted(found, key=lambda one: (one.asked_at, one.words.number, one.words.id))


def _with_trio_only(one: QuestionState) -> bool:
    if isinstance(one, SetAside):
        return not one.closed
    return isinstance(one, Asked) and one.with_trio


def is_known(one: Agreement) -> bool:
    """Return whether the channel knows of it: an offer to one person is private until they take
    it."""
    return one.status in ("taken", "done", "not_done") or unowned(one)
