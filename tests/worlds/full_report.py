"""The report of a project in which everything has been used, as far as it goes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from bot.core.localize import Localizer
from content import catalogue as content
from content.language import Language
from content.model import Catalogue
from dialogs.agreement.states import Agreement
from dialogs.concern.states import HELPERS, Concern, ConcernAnswer
from dialogs.exercise.states import ALL_RUNS, ExerciseRound, ExerciseRun, NoteGroup, SurveyDone
from dialogs.exercise.survey_results import StatementTally, SurveyCount
from dialogs.med.states import ApvEffect, Med, MedDiscussion, MedItem
from dialogs.model import facts as f
from dialogs.model.documents import FinishedDocument
from dialogs.outcomes.states import EVERY, NOTES, WRITTEN
from dialogs.page.states import PAGE, PublicPage
from dialogs.promise.states import FIELDS, PROMISES, PromiseMade, Promises, Verdict
from dialogs.question.states import Concluded, QuestionWords
from dialogs.report.annexes import ANSWERED
from dialogs.report.discussed import MINUTES, OTHER_VIEWS
from dialogs.report.page_one import ITEMS
from dialogs.report.promised import EFFECT_WORDS, PROMISE_WORDS, VERDICT_WORDS
from dialogs.report.whole import report_document, report_needs
from dialogs.walk.states import Walk
from storage.vault import Vault

AT = datetime(2026, 11, 26, 10, tzinfo=UTC)
ANSWERS, CONCERNS, AGREEMENTS, QUESTIONS = 200, 30, 60, 31
EXERCISES, NOTES_EACH = 4, 60
SAID = "Vi mister roen om morgenen, når planen bliver ændret, efter at vi er kørt. "


def full_report(language: Language = "da") -> FinishedDocument:
    """Return the report of a project with 31 concluded questions, 200 answers, 30 concerns and 60
    agreements, and with everything on page one written as long as it can be."""
    neutral = report_document(AT, known())
    people = {one: f.Prefs(name=name) for one, name in (("anne", "Anne Holm"), ("mette", "Mette"))}
    localizer = Localizer(
        known().catalogue,
        language,
        tenant="web:x",
        mac=Vault(b"k" * 32),
        people=people,
        words=_Everything(),
        typed=lambda command: f"/digi {command}",
        today=AT.date(),
    )
    return localizer.document(neutral)


@cache
def known() -> f.Known:
    return f.Known(_catalogue(), everything())


@cache
def _catalogue() -> Catalogue:
    return content.load()


class _Everything(dict[Any, str]):
    """Each text that people wrote."""

    def get(self, key: Any, default: Any = None) -> str:
        kind, id, _ = key
        return f"{id}: {SAID * 4}" if kind == "conclusion" else f"{id}: {SAID * 2}"


def everything() -> dict[f.Fact[Any], Any]:
    """Return the facts of that project."""
    long = SAID * 8
    frames = {str(n): f.Frame(long, long, long, date(2027, 1, 14)) for n in range(1, 5)}
    project = f.Project(
        id="p",
        name="Ny omsorgsplatform",
        channel="c",
        stage="running",
        starter="anne",
        drafted_at=AT - timedelta(weeks=40),
        started_at=AT - timedelta(weeks=40),
        about=SAID * 2,
        phase=4,
        frames=frames,
        decision=date(2027, 2, 1),
        better=long,
        worse=long,
    )
    found: dict[f.Fact[Any], Any] = {
        f.About(): project,
        f.Roles(): (f.Role("anne", "leader", "confirmed"),),
        f.States("question"): _questions(),
        f.States("agreement"): _agreements(),
        f.States("concern"): _concerns(),
        f.SnapshotOf("all"): f.Snap(
            "all", 1, {"items": [{"id": f"c{n}"} for n in range(CONCERNS)]}
        ),
        ANSWERED: {f"q{n}": ANSWERS // QUESTIONS for n in range(QUESTIONS)},
        f.StateOf("walk", "walk"): written(Walk(plan=(), phases=((1, AT), (4, AT)))),
        f.StateOf("med", "med"): written(_med()),
        ITEMS: (f.Rec("item", "", "anne", AT, {"what": long}),),
        MINUTES: tuple(f.Rec(f"d{n}", "", "anne", AT, {"text": long}) for n in range(4)),
        OTHER_VIEWS: (),
        PROMISES: written(_promises()),
        f.Records("lesson"): (f.Rec("lesson", "", "anne", AT, {"text": long}),),
        PROMISE_WORDS: tuple(
            f.Rec(f"p{n}", "", "anne", AT, dict.fromkeys(FIELDS, long)) for n in range(5)
        ),
        VERDICT_WORDS: tuple(
            f.Rec(f"p{n}-12", f"p{n}", "anne", AT, {"text": long}) for n in range(5)
        ),
        EFFECT_WORDS: tuple(
            f.Rec(f"e{n}", "", "anne", AT, {"text": long, "agreed": long}) for n in range(6)
        ),
        ALL_RUNS: tuple(f.Stated(one.id, written(one)) for one in _runs()),
        **_notes(),
        PAGE: written(PublicPage()),
    }
    assert set(report_needs()) | set(HELPERS) <= found.keys()
    return found


def written(state: Any) -> f.Written:
    return f.Written(msgspec.json.encode(state))


def _questions() -> tuple[f.Stated, ...]:
    """Every other one has objections in words, and every third as a figure."""
    title = "Hvad betyder teknologien for samarbejdet med dem, som vi er her for, og med hinanden?"
    return tuple(
        f.Stated(
            f"q{n}",
            written(
                Concluded(
                    words=QuestionWords(f"q{n}", title, title + " (in English)"),
                    asked_at=AT - timedelta(weeks=n + 1),
                    by="anne",
                    conclusion=f"k{n}",
                    concluded_at=AT - timedelta(weeks=n),
                    objections=0 if n % 2 else 5,
                    in_words=("i1", "i2", "i3") if n % 2 else (),
                    fits=10,
                )
            ),
        )
        for n in range(QUESTIONS)
    )


def _agreements() -> tuple[f.Stated, ...]:
    return tuple(
        f.Stated(
            f"a{n}",
            written(
                Agreement(
                    id=f"a{n}",
                    owner="mette",
                    due=AT.date() + timedelta(days=n - 20),
                    status="taken" if n % 3 else "done",
                    offered_at=AT,
                    changed_at=AT,
                )
            ),
        )
        for n in range(AGREEMENTS)
    )


def _concerns() -> tuple[f.Stated, ...]:
    """All that everybody may read; half of them wait for a promised answer."""
    return tuple(
        f.Stated(
            f"c{n}",
            written(
                Concern(
                    id=f"c{n}",
                    kind="concern" if n % 3 else "question",
                    readers=(),
                    everyone=True,
                    release=1,
                    status="answered" if n % 2 else "seen",
                    promised=None if n % 2 else AT.date() + timedelta(days=n - 10),
                    answers=(ConcernAnswer("no", f"s{n}", "anne"),) if n % 2 else (),
                )
            ),
        )
        for n in range(CONCERNS)
    )


def _med() -> Med:
    item = MedItem("item", "influence", "anne", AT.date(), ("what",))
    talked = tuple(
        MedDiscussion(id=f"d{n}", day=AT.date(), level="information", by="anne", side="leader")
        for n in range(4)
    )
    qualities = ("recognised", "independent")
    apv = tuple(ApvEffect(f"e{n}", qualities[n % 2], "worse", True) for n in range(6))
    return Med(item=item, discussions=talked, apv=apv)


def _promises() -> Promises:
    return Promises(
        promises=tuple(
            PromiseMade(
                id=f"p{n}",
                kind="expected" if n % 2 else "promised",
                by="anne",
                on=AT.date(),
                fields=FIELDS,
                verdicts=(Verdict(12, "partly", "mette", f"p{n}-12"),),
            )
            for n in range(5)
        )
    )


def _runs() -> tuple[ExerciseRun, ...]:
    """Each is a compass with one round whose notes the channel may read, a choice, what it takes,
    and a survey in which everybody has answered."""
    compass = _catalogue().set("compass")
    assert compass.guide is not None
    writing = next(step for step in compass.guide.steps if step.does == "write")
    return tuple(
        ExerciseRun(
            id=f"r{n}",
            exercise=compass.id,
            title_da="Kompasset",
            title_en="The compass",
            guide=compass.guide,
            place="meeting",
            minutes="90",
            led_by="mette",
            begun_by="mette",
            begun_at=AT - timedelta(weeks=n + 1),
            status="done",
            rounds=(
                ExerciseRound(
                    id=f"r{n}.1",
                    step=writing.id,
                    opened_at=AT,
                    earliest=AT,
                    closes=AT,
                    shown="shown",
                ),
            ),
            ended_at=AT - timedelta(weeks=n),
            groups=(NoteGroup(f"g{n}", (f"nr{n}.1", f"nr{n}.4")),),
            chosen=(f"g{n}", f"nr{n}.2", f"nr{n}.5"),
            surveys=(
                SurveyDone(round=f"r{n}.2", of="rasmus", closed_on=AT.date(), count=_count()),
            ),
            result=f"x{n}",
            receivers=("leader", "committee"),
        )
        for n in range(EXERCISES)
    )


def _count() -> SurveyCount:
    """Return a count of answers of which a word and a bar come for each statement."""
    items = _catalogue().set("rasmus").items
    tallies = (
        StatementTally(item.id, 8 * n, ANSWERS - 16 * n, 8 * n) for n, item in enumerate(items)
    )
    return SurveyCount(ANSWERS, tuple(tallies))


def _notes() -> dict[f.Fact[Any], Any]:
    """Return the notes of all exercises, spread over the lanes."""
    written: dict[f.Fact[Any], Any] = {f.Records(kind, limit=EVERY): () for kind in WRITTEN}
    written[f.Records("note_group", limit=EVERY)] = tuple(
        f.Rec(f"g{n}", f"r{n}", "mette", AT, {"text": SAID}) for n in range(EXERCISES)
    )
    written[f.Records("condition", limit=EVERY)] = tuple(
        f.Rec(f"o{n}.{m}", f"r{n}", "mette", AT, {"note": f"g{n}", "when": when, "text": SAID})
        for n in range(EXERCISES)
        for m, when in enumerate(("before", "during", "after"))
    )
    written[NOTES] = tuple(
        f.Unnamed(
            f"n{run.id}.{n}",
            "note",
            run.rounds[0].id,
            1,
            {
                "lane": run.guide.lanes[n % len(run.guide.lanes)].id,
                "kind": run.guide.kinds[n % len(run.guide.kinds)].id,
                "text": SAID,
            },
        )
        for run in _runs()
        for n in range(NOTES_EACH)
    )
    return written
