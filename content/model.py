"""The shape of the catalogue. Knows no file format."""

from typing import Literal

from msgspec import Struct

Language = Literal["da", "en"]


class Both(Struct, frozen=True, forbid_unknown_fields=True):
    """The same text in Danish and in English."""

    da: str
    en: str

    def of(self, language: Language) -> str:
        return self.da if language == "da" else self.en


class Plural(Struct, frozen=True, forbid_unknown_fields=True):
    """Two forms of a text; the argument called n picks one."""

    one: str
    other: str

    def of(self, n: int) -> str:
        return self.one if n == 1 else self.other


class Phrase(Struct, frozen=True, forbid_unknown_fields=True):
    """Something Digi says, with bare-name placeholders."""

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


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where something stands; shown on demand."""

    publication: str
    section: Both
    page: str = ""


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the 20 theme questions (with a theme) or the 11 phase questions (with a phase)."""

    id: str
    text: Both
    why: Both
    source: Source
    theme: str = ""
    phase: int = 0


class Theme(Struct, frozen=True, forbid_unknown_fields=True):
    """A grundspørgsmål."""

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
    """Where a question is asked, and of whom."""

    question: str
    phase: int
    trio: bool = False
    exercise: str = ""
    """The id of an exercise that goes with it, where there is one."""
    after: Both | None = None
    """What must have happened first, where something must."""
    source: Source | None = None


class Course(Struct, frozen=True, forbid_unknown_fields=True):
    """The order in which questions are asked; a project may change its own."""

    order: tuple[Place, ...]
    late: dict[int, tuple[str, ...]]
    short: dict[int, tuple[Place, ...]]

    def places(self, phase: int) -> tuple[Place, ...]:
        """What the whole course asks in a phase."""
        return tuple(place for place in self.order if place.phase == phase)

    def place(self, question: str) -> Place:
        """Where the whole course asks a question. KeyError where it does not."""
        for place in self.order:
            if place.question == question:
                return place
        raise KeyError(question)

    def catch_up(self, phase: int) -> tuple[Place, ...]:
        """What a project that starts in a phase takes first from the phases before it."""
        return tuple(self.place(question) for question in self.late.get(phase, ()))

    def whole(self, phase: int) -> tuple[Place, ...]:
        """The whole course of a project that starts in a phase."""
        return self.catch_up(phase) + tuple(p for p in self.order if p.phase >= phase)

    def rest(self, phase: int) -> tuple[Place, ...]:
        """What such a project leaves for those who want more."""
        caught = self.late.get(phase, ())
        return tuple(p for p in self.order if p.phase < phase and p.question not in caught)

    def shortened(self, phase: int) -> tuple[Place, ...]:
        """The short course of a project that starts in a phase."""
        return self.short.get(phase, ())


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """One item of a set; what a set does not need stays empty."""

    id: str
    text: Both
    source: Source
    name: Both | None = None
    more: tuple[Both, ...] = ()
    """Further notes to the text, in order."""
    parts: dict[str, tuple[Both, ...]] = {}
    """Named lists: plus and minus, remedy, the columns of a table. Named by phrases part.*"""
    phase: tuple[int, ...] = ()
    """The phases it fits; none means all."""
    kind: str = ""
    """The group or row it belongs to."""
    across: str = ""
    """The column it belongs to, in sets that are tables of cells."""
    refs: tuple[str, ...] = ()
    """Other things it builds on: a question's id, or set/item."""
    minutes: int = 0
    ours: bool = False
    """Our own reading; said as such."""


class Set(Struct, frozen=True, forbid_unknown_fields=True):
    """A set of the catalogue."""

    id: str
    n: int
    title: Both
    items: tuple[Item, ...]
    intro: Both | None = None
    pack: str = "general"
    mechanic: Literal["", "board", "pulse", "table", "workshop"] = ""
    """What runs it, where it is an exercise."""
    parts: dict[str, tuple[Both, ...]] = {}
    """Named lists that belong to the whole: lanes, kinds of notes, what to prepare."""

    def item(self, id: str) -> Item:
        for item in self.items:
            if item.id == id:
                return item
        raise KeyError(f"{self.id}/{id}")

    def fitting(self, phase: int) -> tuple[Item, ...]:
        """The items that fit a phase."""
        return tuple(item for item in self.items if not item.phase or phase in item.phase)


class Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    """All that Digi knows and says. Every set is in sets, those of the walk too."""

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
        """The sets that a kind of workplace meets: what holds for all, and what holds for it."""
        return tuple(s for s in self.sets.values() if s.pack in ("general", workplace))

    def publication(self, key: str) -> Publication:
        return self.publications[key]

    def of_theme(self, id: str) -> tuple[Question, ...]:
        """A theme's five questions, in order."""
        return tuple(q for q in self.questions.values() if q.theme == id)

    def of_phase(self, n: int) -> tuple[Question, ...]:
        """The phase's own questions, in order."""
        return tuple(q for q in self.questions.values() if q.phase == n)
