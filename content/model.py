"""The data model of the content, independent of any file format."""

from typing import Literal

from msgspec import Struct

from content.language import Language


class Both(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in Danish and English."""

    da: str
    en: str

    def of(self, language: Language) -> str:
        return self.da if language == "da" else self.en


class Plural(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in singular and plural; the argument `n` selects the form."""

    one: str
    other: str

    def of(self, n: int) -> str:
        return self.one if n == 1 else self.other


class Phrase(Struct, frozen=True, forbid_unknown_fields=True):
    """A phrase that Digi says, with named placeholders."""

    da: str | Plural
    en: str | Plural

    def of(self, language: Language, n: int | None = None) -> str:
        form = self.da if language == "da" else self.en
        if isinstance(form, str):
            return form
        if n is None:
            raise ValueError("a phrase with plural forms needs the argument n")
        return form.of(n)


class Publication(Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    title: Both
    publisher: Both
    address: str = ""
    """Where anybody can read it, as the publications themselves tell; empty if it is not public."""


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """A place in a publication, shown on demand."""

    publication: str
    section: Both
    page: str = ""


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """A theme question (one of 20, with a theme) or a phase question (one of 11, with a phase)."""

    id: str
    text: Both
    why: Both
    source: Source
    theme: str = ""
    phase: int = 0


class Theme(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the four fundamental themes (grundspørgsmål)."""

    id: str
    name: Both
    question: Both
    why: Both
    source: Source


class Phase(Struct, frozen=True, forbid_unknown_fields=True):
    number: int
    name: Both
    what: Both
    involvement: Both
    why: Both
    source: Source


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """The phase in which a question is asked, and whom it is asked."""

    question: str
    phase: int
    trio: bool = False
    exercise: str = ""
    """The id of an exercise that goes with the question."""
    after: Both | None = None
    """What must have happened first."""
    source: Source | None = None


class Course(Struct, frozen=True, forbid_unknown_fields=True):
    """The default order of questions, which a project may change."""

    order: tuple[Place, ...]
    late: dict[int, tuple[str, ...]]
    short: dict[int, tuple[Place, ...]]

    def places(self, phase: int) -> tuple[Place, ...]:
        """Return the places of a phase in the whole course."""
        return tuple(place for place in self.order if place.phase == phase)

    def place(self, question: str) -> Place:
        """Return the place of a question in the whole course. Raises KeyError if it has none."""
        for place in self.order:
            if place.question == question:
                return place
        raise KeyError(question)

    def catch_up(self, phase: int) -> tuple[Place, ...]:
        """Return the questions of earlier phases that a project starting in this phase begins
        with."""
        return tuple(self.place(question) for question in self.late.get(phase, ()))

    def whole(self, phase: int) -> tuple[Place, ...]:
        """Return the whole course of a project that starts in this phase."""
        return self.catch_up(phase) + tuple(p for p in self.order if p.phase >= phase)

    def rest(self, phase: int) -> tuple[Place, ...]:
        """Return the questions of earlier phases that such a project skips."""
        caught = self.late.get(phase, ())
        return tuple(p for p in self.order if p.phase < phase and p.question not in caught)

    def shortened(self, phase: int) -> tuple[Place, ...]:
        """Return the short course of a project that starts in this phase."""
        return self.short.get(phase, ())


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """An item of a set. Fields that a set does not use are empty."""

    id: str
    text: Both
    source: Source
    name: Both | None = None
    more: tuple[Both, ...] = ()
    """Further notes on the text, in order."""
    parts: dict[str, tuple[Both, ...]] = {}
    """Named lists, such as plus and minus, a remedy or the columns of a table. Their headings are
    the phrases part.*"""
    phase: tuple[int, ...] = ()
    """The phases it is suitable for; empty means all."""
    kind: str = ""
    """The group or row it belongs to."""
    across: str = ""
    """The column it belongs to, in sets that form a table."""
    refs: tuple[str, ...] = ()
    """Ids of what it builds on: a question's id, or set/item."""
    minutes: int = 0
    ours: bool = False
    """It is our own interpretation, and is labelled as such."""


class BoardLane(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of a board."""

    id: str
    name: Both
    text: Both | None = None


class NoteKind(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of notes on a board, shown by sign, word and colour."""

    id: str
    name: Both
    sign: Literal["today", "better", "worse", "plain"] = "plain"


class TableColumn(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: Both


class ScalePoint(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to a statement."""

    id: str
    name: Both
    side: Literal["yes", "no", "between", "none"]
    """Which side it counts for; `none` (don't know) is not counted."""


class Preparation(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody gets ready before a workshop, so many days before it."""

    id: str
    name: Both
    text: Both | None = None
    days: int = 7


class ExerciseStep(Struct, frozen=True, forbid_unknown_fields=True):
    """One step of an exercise. `prepare` and `exercise` are steps of workshops."""

    id: str
    does: Literal[
        "read",
        "talk",
        "write",
        "dots",
        "conditions",
        "survey",
        "table",
        "agree",
        "prepare",
        "exercise",
    ]
    name: Both
    text: Both
    """The instruction."""
    minutes: dict[str, int] = {}
    """The minutes by the length of the meeting. A length that is missing leaves the step out; a
    step without minutes is part of every length."""
    kinds: tuple[str, ...] = ()
    """The kinds of notes that are written. All lanes are open."""
    questions: tuple[Both, ...] = ()
    """Questions to inspire, shown with the instruction."""
    of: str = ""
    """The set with the statements of a survey or the rows of a table, where empty means its own; or
    the exercise that is run in this step."""


class ExerciseGuide(Struct, frozen=True, forbid_unknown_fields=True):
    """How an exercise is run, step by step."""

    gives: Both
    """What it gives, in one line."""
    steps: tuple[ExerciseStep, ...]
    lengths: tuple[int, ...] = ()
    """The lengths of a meeting that are offered, in minutes."""
    meetings: dict[str, int] = {}
    """The lengths that take more than one meeting, and how many; otherwise it is one."""
    phases: tuple[int, ...] = ()
    """The phases it is suitable for; empty means all."""
    lanes: tuple[BoardLane, ...] = ()
    kinds: tuple[NoteKind, ...] = ()
    columns: tuple[TableColumn, ...] = ()
    scale: tuple[ScalePoint, ...] = ()
    prepare: tuple[Preparation, ...] = ()
    """What is got ready before a workshop."""
    ends_in: Both | None = None
    """What a workshop is to end in."""
    standing: bool = False
    """It has no end of its own."""
    audience: Literal["team", "trio"] = "team"
    after: tuple[ExerciseStep, ...] = ()
    """The steps of the status, 8 to 12 weeks later."""

    def steps_of(self, length: int) -> tuple[ExerciseStep, ...]:
        """Return the steps of a meeting of this length, in order."""
        return tuple(s for s in self.steps if not s.minutes or str(length) in s.minutes)


class Set(Struct, frozen=True, forbid_unknown_fields=True):
    """A set of the catalogue."""

    id: str
    n: int
    title: Both
    items: tuple[Item, ...]
    intro: Both | None = None
    pack: str = "general"
    mechanic: Literal["", "board", "survey", "table", "workshop"] = ""
    """The mechanic that runs the set, if it is an exercise."""
    guide: ExerciseGuide | None = None
    """How it is run, if it is an exercise."""
    runs: str = ""
    """The exercise to begin instead, if the set only tells how to use another."""
    parts: dict[str, tuple[Both, ...]] = {}
    """Named lists of the whole set, such as what to prepare."""

    def item(self, id: str) -> Item:
        for item in self.items:
            if item.id == id:
                return item
        raise KeyError(f"{self.id}/{id}")

    def lists(self) -> dict[str, tuple[Both, ...]]:
        """Return the named lists of the whole set, with those of its guide."""
        if self.guide is None:
            return self.parts
        steps = (*self.guide.steps, *self.guide.after)
        # An exercise without items is read by its steps.
        shown = () if self.items else self.guide.steps
        found = {
            "steps": tuple(
                Both(f"{s.name.da}: {s.text.da}", f"{s.name.en}: {s.text.en}") for s in shown
            ),
            "lanes": tuple(lane.name for lane in self.guide.lanes),
            "notes": tuple(kind.name for kind in self.guide.kinds),
            "columns": tuple(column.name for column in self.guide.columns),
            "questions": tuple(question for step in steps for question in step.questions),
            "prepare": tuple(_named(one) for one in self.guide.prepare),
            "outcome": () if self.guide.ends_in is None else (self.guide.ends_in,),
        }
        return self.parts | {name: texts for name, texts in found.items() if texts}

    def fitting(self, phase: int) -> tuple[Item, ...]:
        """Return the items that are suitable for a phase."""
        return tuple(item for item in self.items if not item.phase or phase in item.phase)


def _named(one: Preparation) -> Both:
    if one.text is None:
        return one.name
    return Both(f"{one.name.da}: {one.text.da}", f"{one.name.en}: {one.text.en}")


class Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    """All content. `sets` contains every set, including those of the walk."""

    phrases: dict[str, Phrase]
    questions: dict[str, Question]
    themes: tuple[Theme, ...]
    phases: tuple[Phase, ...]
    course: Course
    sets: dict[str, Set]
    publications: dict[str, Publication]

    def phrase(self, key: str) -> Phrase:
        return self.phrases[key]

    def question(self, id: str) -> Question:
        return self.questions[id]

    def theme(self, id: str) -> Theme:
        for theme in self.themes:
            if theme.id == id:
                return theme
        raise KeyError(id)

    def phase(self, n: int) -> Phase:
        for phase in self.phases:
            if phase.number == n:
                return phase
        raise KeyError(n)

    def set(self, id: str) -> Set:
        return self.sets[id]

    def for_workplace(self, workplace: str) -> tuple[Set, ...]:
        """Return the sets for a kind of workplace: general ones and its own."""
        return tuple(s for s in self.sets.values() if s.pack in ("general", workplace))

    def publication(self, key: str) -> Publication:
        return self.publications[key]

    def of_theme(self, id: str) -> tuple[Question, ...]:
        """Return the five questions of a theme, in order."""
        return tuple(q for q in self.questions.values() if q.theme == id)

    def of_phase(self, n: int) -> tuple[Question, ...]:
        """Return the phase questions of a phase, in order."""
        return tuple(q for q in self.questions.values() if q.phase == n)
