"""Everything a project has concluded, newest first, with a search for words."""

from __future__ import annotations

from datetime import datetime

from dialogs.agreement.states import Agreement, agreed_parts
from dialogs.exercise.states import (
    ALL_RUNS,
    ExerciseRun,
    agreements_beside,
    agreements_of,
    every_run,
    see_button,
    title_of,
)
from dialogs.med.states import discussion_parts, med_of
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Button,
    Count,
    Day,
    Field,
    Form,
    Heading,
    Kept,
    Line,
    Paragraph,
    Part,
    Quote,
    Small,
    TextField,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.commands import Recognised, folded
from dialogs.model.conversation import Conversation, Facts, Responses, Sight
from dialogs.model.effects import Open, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Records, StateOf, States, Viewer
from dialogs.promise.states import PROMISES, how_they_stand
from dialogs.question.states import Asked, agreed, beside, state_word, title
from dialogs.results.states import Result, results

ON_A_PAGE = 6
"""Rows per page; a question with its conclusion and agreements takes up to six parts."""
LETTERS = 600
"""Characters of a conclusion in the list; *Se svar* shows all of it."""
DISCUSSIONS = 2
LONGEST_SEARCH = 60
EVERY_RECORD = 10_000


def _needs(look: Look, viewer: Viewer) -> Facts:
    written = ("conclusion", "agreement", "exercise_end") if look.words else ()
    return (
        About(),
        States("question"),
        States("agreement"),
        ALL_RUNS,
        PROMISES,
        StateOf("med", "med"),
        *(Records(kind, limit=EVERY_RECORD) for kind in written),
    )


def _results(look: Look, viewer: Viewer, known: Known) -> Responses:
    project, words = known.project, look.words[:LONGEST_SEARCH].strip()
    arrived = results(known)
    hits = _about(words, arrived, known) if words else arrived
    start = int(look.ref) if look.ref.isdigit() else 0
    ended = tuple(run for run in every_run(known) if run.status == "done")
    found: list[Result | ExerciseRun] = [
        *hits,
        *(_runs_about(words, ended, known) if words else ended),
    ]
    found.sort(key=_written_at, reverse=True)
    listed = tuple(one for one in found if isinstance(one, ExerciseRun))
    page, rest = found[start : start + ON_A_PAGE], len(found) - start - ON_A_PAGE
    more = Look("results", project=project.id, ref=str(start + ON_A_PAGE), words=words)
    search: Button[Line] = Button(
        text("results.search"), Look("search_results", project=project.id)
    )
    every: Button[Line] = Button(text("results.every"), Look("results", project=project.id))
    return (
        Show(
            card(
                Heading(text("results.heading", name=Words(project.name))),
                Paragraph(_summary(words, len(found), len(arrived) + len(ended))),
                *(() if words or start else (*_in_committee(known), *how_they_stand(known))),
                *(part for one in page for part in _row(one, listed, known)),
                Small(text("results.and_older", n=Count(rest))) if rest > 0 else None,
                buttons(
                    Button(text("question.show_more"), more, "main") if rest > 0 else None,
                    search if arrived or ended else None,
                    every if words and (arrived or ended) else None,
                ),
            )
        ),
    )


def _in_committee(known: Known) -> list[Paragraph[Line] | Quote[Line]]:
    """Return the committee's latest discussions, newest first, with the line of minute."""
    latest = med_of(known).discussions[-DISCUSSIONS:]
    return [part for one in reversed(latest) for part in discussion_parts(one)]


def _summary(words: str, hits: int, all: int) -> Line:
    if not all:
        return text("results.none")
    if not words:
        return text("results.count", n=Count(all))
    if not hits:
        return text("results.no_match", word=Words(words))
    return text("results.hits", n=Count(hits), word=Words(words))


def _written_at(one: Result | ExerciseRun) -> datetime:
    at = one.at if isinstance(one, Result) else one.ended_at
    assert at is not None
    return at


def _about(words: str, arrived: tuple[Result, ...], known: Known) -> tuple[Result, ...]:
    """Return the questions in whose text, conclusion or agreements all of these words occur."""
    conclusions = _texts("conclusion", "text", known)
    agreements = _texts("agreement", "what", known)
    agreed_on: dict[str, list[str]] = {}
    for one in known.states("agreement", Agreement).values():
        agreed_on.setdefault(one.question, []).append(agreements.get(one.id, ""))

    def written(one: Result) -> tuple[str, ...]:
        question = one.question.words
        said = conclusions.get(one.conclusion, "")
        return question.da, question.en, said, *agreed_on.get(question.id, ())

    return tuple(one for one in arrived if _occur(words, written(one)))


def _runs_about(
    words: str, ended: tuple[ExerciseRun, ...], known: Known
) -> tuple[ExerciseRun, ...]:
    """Return the exercises in whose title, result or agreements all of these words occur."""
    results_of = _texts("exercise_end", "text", known)
    agreements = _texts("agreement", "what", known)

    def written(run: ExerciseRun) -> tuple[str, ...]:
        agreed_on = (agreements.get(one.id, "") for one in agreements_of(run, known))
        return run.title_da, run.title_en, results_of.get(run.result, ""), *agreed_on

    return tuple(run for run in ended if _occur(words, written(run)))


def _occur(words: str, texts: tuple[str, ...]) -> bool:
    written = folded("\n".join(texts))
    return all(word in written for word in folded(words).split())


def _texts(kind: str, field: str, known: Known) -> dict[str, str]:
    return {r.id: r.body[field] for r in known(Records(kind, limit=EVERY_RECORD))}


def _run_row(
    run: ExerciseRun, listed: tuple[ExerciseRun, ...], known: Known
) -> tuple[Part[Line] | None, ...]:
    day = Day(local(known.project.calendar, _written_at(run)).date())
    return (
        Paragraph(text("results.row_exercise", title=title_of(run), day=day)),
        Quote(Kept("exercise_end", run.result, cut=LETTERS)),
        Small(text(f"workshop.result_{run.reached}")) if run.reached else None,
        *agreed_parts(agreements_beside(run, listed, known)),
        buttons(see_button(run, known.project.id)),
    )


def _row(
    one: Result | ExerciseRun, listed: tuple[ExerciseRun, ...], known: Known
) -> tuple[Part[Line] | None, ...]:
    return _question_row(one, known) if isinstance(one, Result) else _run_row(one, listed, known)


def _question_row(one: Result, known: Known) -> tuple[Part[Line] | None, ...]:
    state = one.question
    question = title(state.words)
    by: Line
    match state:
        case Asked():
            head = text("results.row_again", title=question)
            by = text("question.before")
        case _:
            day = Day(local(known.project.calendar, one.at).date())
            head = text("results.row", title=question, state=state_word(state), day=day)
            by = text("question.written_by", who=Who(state.by))
    see = Look("see_answers", project=known.project.id, ref=state.words.id)
    return (
        Paragraph(head),
        Quote(Kept("conclusion", one.conclusion, cut=LETTERS), by),
        *beside(state),
        *agreed(state.words.id, known),
        buttons(Button(text("button.see_answers"), see)),
    )


def _search(look: Look, viewer: Viewer, known: Known) -> Responses:
    word: Field[Line] = TextField("words", text("results.field_word"), limit=LONGEST_SEARCH)
    fixed = {"view": "results", "project": known.project.id}
    return (Open(Form(text("results.search"), (word,), text("results.open"), "look", fixed)),)


def _search_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def _typed(typed: Recognised) -> Look:
    return Look("results", words=typed.rest)


CONVERSATION = Conversation(
    name="results",
    sights={
        "results": Sight(_needs, _results),
        "search_results": Sight(_search_needs, _search),
    },
    commands={"results": _typed},
)
