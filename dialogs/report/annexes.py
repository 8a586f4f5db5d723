"""The annexes of a report: every question, agreement and text that everybody may read, as tables.

Each table is also a list of its own in a spreadsheet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from dialogs.agreement.states import Agreement, overdue, unowned, what
from dialogs.concern.states import Concern, answer_parts, status_line, to_pass_on
from dialogs.model.calendar import local
from dialogs.model.cards import Count, Day, Kept, Line, Paragraph, Quote, Small, Who, Words, text
from dialogs.model.documents import DataTable, Section, section
from dialogs.model.facts import HowManyEach, Known, Records
from dialogs.question.states import (
    Asked,
    Discussed,
    Proposed,
    QuestionState,
    in_words,
    state_word,
    title,
    votes,
)
from dialogs.report.discussed import discussed_rows
from dialogs.report.exercises import exercises_section
from dialogs.report.lines import NONE, asked_of_team, in_a_cell, is_known, quoted, stacked
from dialogs.report.promised import effects_section, promises_section

ANSWERED = HowManyEach("answer")
LESSON_WORDS = Records("lesson")


def annexes(known: Known, today: date) -> tuple[Section[Line], ...]:
    texts = to_pass_on(known)
    asked = [one for one in texts if one.kind != "concern"]
    concerns = [one for one in texts if one.kind == "concern"]
    return (
        _questions(known),
        _agreements(known, today),
        _texts("c", asked, known, today),
        _texts("d", concerns, known, today),
        _written_down(known),
        promises_section(known),
        effects_section(known),
        exercises_section(known, today),
    )


# --- A: questions -----------------------------------------------------------------------------


def _questions(known: Known) -> Section[Line]:
    heading = text("report.annex_a")
    found = asked_of_team(known)
    if not found:
        return section(heading, Paragraph(text("report.no_questions")), new_page=True)
    header = tuple(text(f"report.{one}") for one in ("question", "state", "concluded", "missing"))
    rows = tuple(_question(one, known) for one in found)
    return section(heading, DataTable(heading, header, rows), new_page=True)


def _question(one: QuestionState, known: Known) -> tuple[Line, ...]:
    asked = Day(local(known.project.calendar, one.asked_at).date(), weekday=False, year=True)
    answered = known(ANSWERED).get(one.words.id, 0)
    if isinstance(one, Asked) and not answered and not isinstance(one, Discussed):
        state = text("report.asked", day=asked)
    else:
        state = text("report.state_since", state=state_word(one, answered), day=asked)
    return text("report.title", title=title(one.words)), state, _conclusion(one), _objections(one)


def _conclusion(one: QuestionState) -> Line:
    if isinstance(one, Asked):
        before = one.before if isinstance(one, Discussed) else ""
        return _by("report.before", before) if before else text("report.not_summed_up")
    if not one.conclusion:
        return text("report.without_conclusion")
    key = "report.proposal_by" if isinstance(one, Proposed) else "report.conclusion_by"
    return _by(key, one.conclusion, one.by)


def _by(key: str, conclusion: str, by: str = "") -> Line:
    who: dict[str, Line] = {"who": Who(by)} if by else {}
    return text(key, words=Kept("conclusion", conclusion), **who)


def _objections(one: QuestionState) -> Line:
    """Return how many said that something is missing, or their words; never both."""
    figures = votes(one)
    said = tuple(quoted(Kept("published", id)) for id in in_words(one))
    return stacked((*figures, *said)) if figures or said else NONE


# --- B: agreements ----------------------------------------------------------------------------


def _agreements(known: Known, today: date) -> Section[Line]:
    heading = text("report.annex_b")
    found = sorted(
        (a for a in known.states("agreement", Agreement).values() if is_known(a)),
        key=lambda a: (a.status in ("done", "not_done"), a.due or date.max, a.offered_at, a.id),
    )
    if not found:
        return section(heading, Paragraph(text("report.no_agreements")))
    header = tuple(text(f"report.{one}") for one in ("what", "who", "when", "state"))
    rows = tuple(_agreement(one, today) for one in found)
    return section(heading, DataTable(heading, header, rows))


def _agreement(one: Agreement, today: date) -> tuple[Line, ...]:
    """Return what, who, when and how it stands. Nobody is named beside a date that passed, or
    beside what was not done."""
    late = overdue(one, today)
    who = Who(one.owner) if one.owner and not late and one.status != "not_done" else NONE
    when = NONE if one.due is None else Day(one.due, weekday=False, year=True)
    if unowned(one):
        return what(one.id), who, when, text("report.free")
    if one.status == "taken":
        return what(one.id), who, when, text("report.overdue" if late else "report.under_way")
    key = "done" if one.status == "done" else "not_done"
    return what(one.id), who, when, text(f"state.agreement.{key}")


# --- C and D: what was said to everybody --------------------------------------------------------


def _texts(annex: str, found: Iterable[Concern], known: Known, today: date) -> Section[Line]:
    """Return a table of texts. The line below it always stands there, so that it tells nothing of
    whether there are others."""
    heading = text(f"report.annex_{annex}")
    rows = tuple(_text(one, today) for one in found)
    header = (text("report.said"), text("report.state"), text("report.answers"))
    none = Paragraph[Line](text(f"report.no_texts_{annex}"))
    return section(
        heading,
        DataTable(heading, header, rows) if rows else none,
        Small(text("report.unsigned", n=Count(known.project.threshold))),
    )


def _text(one: Concern, today: date) -> tuple[Line, ...]:
    """Return the words, how they stand, and the answers. Whoever asked is not named: the committee
    needs the matter."""
    answers = [part for part in answer_parts(one) if isinstance(part, Paragraph | Quote)]
    said = in_a_cell(answers) if answers else text("report.no_answer")
    return quoted(one.words), status_line(one, today), said


# --- E: what was written down in full -----------------------------------------------------------


def _written_down(known: Known) -> Section[Line]:
    """Return what the pages before the annexes shorten, in the words that were written: the frame
    of each phase, the committee's discussions, and how it ended."""
    heading = text("report.annex_e")
    rows = written_rows(known)
    if not rows:
        return section(heading, Paragraph(text("report.nothing_written")))
    header = tuple(text(f"report.column_{one}") for one in ("occasion", "about", "words"))
    return section(heading, DataTable(heading, header, tuple(rows)))


def written_rows(known: Known) -> list[tuple[Line, ...]]:
    project = known.project
    rows: list[tuple[Line, ...]] = []
    for number in sorted(project.frames, key=int):
        frame, phase = project.frames[number], text(f"project.phase_{number}")
        parts = (("fixed", frame.fixed), ("shape", frame.shape), ("unknown", frame.unknown))
        rows += [(phase, text(f"project.row_{one}"), Words(said)) for one, said in parts if said]
    ends = [
        (text("report.why_ended"), project.reason),
        (text("project.row_promise"), project.promise),
        (text("project.row_better"), project.better),
        (text("project.row_worse"), project.worse),
        *((text("report.lesson"), str(one.body["text"])) for one in known(LESSON_WORDS)),
    ]
    end = text("report.at_the_end")
    told = [(end, line, Words(said)) for line, said in ends if said]
    return [*rows, *discussed_rows(known), *told]
