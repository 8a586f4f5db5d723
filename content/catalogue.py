"""Loads and validates the content. Digi does not start with an incomplete translation."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from content.model import (
    Both,
    Catalogue,
    Course,
    Item,
    Language,
    Phase,
    Phrase,
    Place,
    Publication,
    Question,
    Set,
    Source,
    Theme,
)
from content.packs import OWN, Packs, Table, sets_in

# The number of items in each set. It follows from the publications, so it is not configurable.
COUNTS = {
    "phases": 4,
    "phase-questions": 11,
    "themes": 4,
    "theme-questions": 20,
    "phase-themes": 31,
    "phase-practice": 38,
    "process-kinds": 2,
    "complexity": 5,
    "start-kinds": 2,
    "involvement-levels": 3,
    "involvement-advice": 10,
    "involvement-principles-education": 9,
    "core-task-advice": 4,
    "change-advice": 5,
    "leader-values": 4,
    "head-of-library-advice": 10,
    "competence-principles": 3,
    "recommendations": 4,
    "insights": 12,
    "communication-steps": 3,
    "feedback-culture": 3,
    "rasmus": 6,
    "guldkorn": 6,
    "education-themes": 4,
    "education-questions": 12,
    "education-effects": 18,
    "education-actions": 23,
    "technology-kinds-education": 5,
    "side-effects": 6,
    "traits": 3,
    "work-conditions": 3,
    "data-ethics": 10,
    "competence-wheel": 12,
    "competence-levels": 3,
    "business-case": 6,
    "pitfalls": 16,
    "implementation-traps-education": 4,
    "roles": 4,
    "role-table": 6,
    "change-roles": 4,
    "technology-forum": 1,
    "duties": 7,
    "compass": 6,
    "now-future": 5,
    "workshop": 4,
    "relations": 4,
    "ground-rules": 3,
    "work-changes": 4,
    "status-review": 4,
    "notice-board": 3,
    "roles-exercise": 1,
    "goals": 6,
    "context-differences": 8,
    "technology-examples": 5,
    "work-dimensions": 3,
    "core-task-nuances": 3,
    "influence-room": 3,
    "proportionality": 3,
    "forum-levels": 2,
    "early-contact": 4,
    "pilot-tests": 4,
    "education-risks": 10,
    "professional-changes": 3,
    "education-relations": 4,
    "education-core-task": 4,
    "digital-talk": 3,
    "communication-reflection": 3,
    "courage": 10,
    "cases": 3,
}

WALK = (
    "phases",
    "phase-questions",
    "themes",
    "theme-questions",
    "phase-themes",
    "rasmus",
    "start-kinds",
    "involvement-levels",
    "roles",
    "involvement-advice",
    "pitfalls",
)

NOT_OF_THE_SET = ("item", "source", "sources", "late", "short")

QUESTION_LENGTH = 200
NOTE_LENGTH = 350

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
WORD = re.compile(r"\w+")
SENTENCE_END = re.compile(r"[.?:]")
MARKED = re.compile(r"\*\*[^*\s](?:[^*]*[^*\s])?\*\*|\*[^*\s](?:[^*]*[^*\s])?\*")

T = TypeVar("T")


class ContentError(Exception):
    """The content is invalid. Each line names the file, the key and the remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(folder: Path | None = None, packs: tuple[Path, ...] = ()) -> Catalogue:
    """Load and validate a folder with packs on top. Raises ContentError with all problems.

    The folder is validated without packs first, so that any further problem is in a pack.
    """
    catalogue = _read(folder or Path(__file__).parent, ())
    return _read(folder or Path(__file__).parent, packs) if packs else catalogue


def _read(folder: Path, packs: tuple[Path, ...]) -> Catalogue:
    reading = _Reading(folder, packs)
    catalogue = reading.catalogue()
    if reading.problems or catalogue is None:
        raise ContentError(reading.problems)
    return catalogue


def table(catalogue: Catalogue) -> list[tuple[str, int, int]]:
    """Return for each set its id and the number of its items in Danish and in English."""
    return [
        (
            set.id,
            sum(bool(item.text.da.strip()) for item in set.items),
            sum(bool(item.text.en.strip()) for item in set.items),
        )
        for set in catalogue.sets.values()
    ]


def lix(texts: Iterable[str]) -> float:
    """Return the LIX readability score: words per sentence plus the percentage of words longer than
    six letters."""
    found = list(texts)
    words = [word for text in found for word in WORD.findall(text)]
    # A line of a list counts as a sentence even without a full stop.
    sentences = sum(max(1, len(SENTENCE_END.findall(text))) for text in found)
    long = sum(len(word) > 6 for word in words)
    return len(words) / sentences + 100 * long / len(words)


def readability(catalogue: Catalogue) -> dict[str, float]:
    """Return the LIX score of each set's running text in Danish, without names, which are
    headings."""
    return {
        set.id: lix(
            text.da
            for item in set.items
            for text in (item.text, *item.more, *(t for part in item.parts.values() for t in part))
        )
        for set in catalogue.sets.values()
    }


def as_people_read_it(catalogue: Catalogue, set_id: str, language: Language) -> str:
    """Return a set as plain text with its sources."""
    found = catalogue.set(set_id)
    lines = [found.title.of(language)]
    if found.intro:
        lines += ["", found.intro.of(language)]
    lines += _parts(catalogue, found.parts, language, "")
    for number, item in enumerate(found.items, 1):
        lines.append("")
        name = item.name.of(language) if item.name else ""
        name = f"{name} " if name.endswith("?") else f"{name}: " if name else ""
        kind = catalogue.phrases.get(f"kind.{item.kind}")
        after = f" ({kind.of(language)})" if kind else ""
        lines.append(f"{number}. {name}{item.text.of(language)}{after}")
        lines += [f"   {note.of(language)}" for note in item.more]
        lines += _parts(catalogue, item.parts, language, "   ")
        ours = f" · {catalogue.phrase('own.reading').of(language)}" if item.ours else ""
        lines.append(f"   {source_line(catalogue, item.source, language)}{ours}")
    return "\n".join(lines) + "\n"


def source_line(catalogue: Catalogue, source: Source, language: Language) -> str:
    """Format a source, without the word for "source" in front."""
    title = catalogue.publication(source.publication).title.of(language)
    page = f", s. {source.page}" if source.page and language == "da" else ""
    page = f", p. {source.page}" if source.page and language == "en" else page
    return f"{title} · {source.section.of(language)}{page}"


def _parts(
    catalogue: Catalogue, parts: dict[str, tuple[Both, ...]], language: Language, indent: str
) -> list[str]:
    lines = []
    for name, texts in parts.items():
        lines.append(f"{indent}{catalogue.phrase(f'part.{name}').of(language)}")
        lines += [f"{indent}- {text.of(language)}" for text in texts]
    return lines


def placeholders(text: str) -> set[str]:
    """Return the placeholder names in a text."""
    return set(PLACEHOLDER.findall(text))


class _Reading:
    """Loads one folder with packs on top, and collects the problems."""

    def __init__(self, folder: Path, packs: tuple[Path, ...]) -> None:
        self.folder = folder
        self.problems: list[str] = []
        self.packs = Packs(packs, self.read, self.say)

    def catalogue(self) -> Catalogue | None:
        phrases = self.phrases()
        files: dict[str, Table] = {}
        for path in sets_in(self.folder):
            if (data := self.read(path, path.name)) is not None:
                files[path.stem] = data
        self.packs.lay(files, COUNTS)
        if self.packs.own:
            _name_their_own(files, phrases)
        publications = self.publications(files.pop("publications", None))
        for id in files.keys() - COUNTS.keys():
            self.say(f"{id}.toml", "", "no set has this name; rename it, or add it to COUNTS")
        for id in WALK:
            if id not in files:
                self.say(f"{id}.toml", "", "the walk needs this file; put it back")
        known = {id: files[id] for id in COUNTS if id in files and self.shaped(id, files[id])}
        for id, data in known.items():
            self.header(id, data, publications)

        phases = self.items("phases", known, Phase)
        themes = self.items("themes", known, Theme)
        asked = self.items("theme-questions", known, Question)
        asked += self.items("phase-questions", known, Question)
        questions = {question.id: question for question in asked}
        order = self.items("phase-themes", known, Place)
        course = self.course(known.get("phase-themes"), order)
        plain = {
            id: self.items(id, known, Item)
            for id in known
            if id not in ("phases", "themes", "theme-questions", "phase-questions", "phase-themes")
        }

        self.walk(phases, themes, asked, course, files)
        by_set = plain | {
            "phases": [_phase_item(phase) for phase in phases],
            "themes": [_theme_item(theme) for theme in themes],
            "theme-questions": [_question_item(q) for q in asked if q.theme],
            "phase-questions": [_question_item(q) for q in asked if q.phase],
            "phase-themes": _place_items(order, questions, phases),
        }
        sets = {id: self.set(id, known[id], by_set[id]) for id in known}
        whole = {id: set for id, set in sets.items() if set is not None}
        self.references(whole, questions, phrases)
        if self.problems:
            return None
        return Catalogue(
            phrases=phrases,
            questions=questions,
            themes=tuple(themes),
            phases=tuple(phases),
            course=course,
            sets=whole,
            publications=publications,
        )

    def say(self, file: str, key: str, problem: str) -> None:
        file = self.packs.file(file, key)
        self.problems.append(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")

    def read(self, path: Path, name: str) -> Table | None:
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.say(name, "", f"this is not TOML in UTF-8 ({error}); correct that line")
            return None

    # Phrases

    def phrases(self) -> dict[str, Phrase]:
        found: dict[str, Phrase] = {}
        for path in sorted((self.folder / "phrases").glob("*.toml")):
            name = f"phrases/{path.name}"
            for key, raw in self.flat(name, self.read(path, name) or {}, ""):
                if key in found:
                    self.say(name, key, "another file has this key; keep one of them")
                if self.both(name, key, raw):
                    phrase = self.convert(name, key, raw, Phrase)
                    if phrase is not None:
                        found[key] = phrase
        self.replaced_phrases(found)
        return found

    def replaced_phrases(self, found: dict[str, Phrase]) -> None:
        """Apply the phrases that packs replace. A replacement must have the same placeholders."""
        seen: set[tuple[Path, str]] = set()
        for pack, name, data in self.packs.phrases():
            for key, raw in self.flat(name, data, ""):
                if (pack, key) in seen:
                    self.say(name, key, "another file has this key; keep one of them")
                seen.add((pack, key))
                ours = found.get(key)
                # A list in a pack may bring a heading of its own (part.*).
                if ours is None and not key.startswith("part."):
                    self.say(name, key, "no phrase has this key; copy the key from our phrases")
                elif self.both(name, key, raw) and (phrase := self.convert(name, key, raw, Phrase)):
                    if ours and (odd := _placeholders_of(ours) ^ _placeholders_of(phrase)):
                        names = ", ".join(f"{{{one}}}" for one in sorted(odd))
                        self.say(name, key, f"{names}: use the same names in braces as ours")
                    found[key] = phrase

    def flat(self, file: str, data: Table, prefix: str) -> Iterator[tuple[str, Table]]:
        for name, value in data.items():
            key = f"{prefix}{name}"
            if not isinstance(value, dict):
                self.say(file, key, "this is not a phrase; give it da and en")
            elif "da" in value or "en" in value:
                yield key, value
            else:
                yield from self.flat(file, value, f"{key}.")

    # Texts in both languages

    def both(self, file: str, key: str, raw: Table) -> bool:
        """Validate a text in both languages."""
        before = len(self.problems)
        for language in ("da", "en"):
            texts = _forms(raw.get(language))
            if not texts:
                self.say(file, key, f"{language} is missing; write it beside the other language")
            for text in texts:
                if not text.strip():
                    self.say(file, key, f"{language} is blank; write the text")
                if "*" in MARKED.sub("", text):
                    self.say(file, key, f"{language} has a * without its partner; close the mark")
                if set("{}") & set(PLACEHOLDER.sub("", text)):
                    self.say(file, key, f"{language} has a brace that is no {{name}}; correct it")
        da, en = (
            set[str]().union(*map(placeholders, _forms(raw.get(language))))
            for language in ("da", "en")
        )
        if len(self.problems) == before and da != en:
            odd = ", ".join(f"{{{name}}}" for name in sorted(da ^ en))
            self.say(file, key, f"{odd} stands in one language only; use it in both or none")
        return len(self.problems) == before

    def texts(self, file: str, key: str, raw: object) -> bool:
        """Validate all texts below a key."""
        if isinstance(raw, dict):
            if "da" in raw or "en" in raw:
                return self.both(file, key, raw)
            parts = [(f"{key}.{name}", raw[name]) for name in raw]
        elif isinstance(raw, list):
            parts = [(f"{key}.{i}", part) for i, part in enumerate(raw, 1)]
        else:
            return True
        # A list, so that every part is validated, also after a problem.
        sound = [self.texts(file, name, part) for name, part in parts]
        return all(sound)

    def lengths(self, file: str, key: str, raw: Table) -> None:
        for name, both in _texts_in(raw):
            question = name == "question" or (name == "text" and "-questions" in file)
            limit = QUESTION_LENGTH if question else NOTE_LENGTH
            for language in ("da", "en"):
                text = both.get(language)
                if isinstance(text, str) and len(text) > limit:
                    self.say(
                        file,
                        f"{key}.{name}",
                        f"{language} has {len(text)} characters; shorten it to {limit}",
                    )

    # Set files

    def publications(self, data: Table | None) -> dict[str, Publication]:
        if data is None:
            self.say("publications.toml", "", "the file is missing or unreadable; put it back")
            return {}
        found = {}
        for key, raw in data.items():
            if not isinstance(raw, dict):
                self.say("publications.toml", key, "this is no table; give it title and publisher")
            elif self.texts("publications.toml", key, raw):
                made = self.convert("publications.toml", key, {"key": key, **raw}, Publication)
                if made is not None:
                    found[key] = made
        return found

    def shaped(self, id: str, data: Table) -> bool:
        """Check that items are a list of tables and sources a table of tables."""
        items, sources = data.get("item", []), data.get("sources", {})
        sound = isinstance(items, list) and all(isinstance(item, dict) for item in items)
        if not sound:
            self.say(f"{id}.toml", "item", "this is no list of tables; write each under [[item]]")
        if not isinstance(sources, dict):
            self.say(f"{id}.toml", "sources", "this is no table; write each under [sources.name]")
            return False
        return sound

    def header(self, id: str, data: Table, publications: dict[str, Publication]) -> None:
        file = f"{id}.toml"
        count = len(data.get("item", []))
        if data.get("n") != count:
            self.say(file, "n", f"it says {data.get('n')}, and there are {count}; make them agree")
        if count != COUNTS[id] and not self.packs.folders:
            self.say(file, "n", f"there are {count} items; the set has {COUNTS[id]}")
        for name in ("title", "intro", "parts"):
            self.texts(file, name, data.get(name, {}))
        for name, raw in data.get("sources", {}).items():
            key = f"sources.{name}"
            if self.texts(file, key, raw):
                source = self.convert(file, key, raw, Source)
                if source is not None and source.publication not in publications:
                    self.say(
                        file,
                        key,
                        f"no publication is called {source.publication}; see publications.toml",
                    )

    def items(self, id: str, known: dict[str, Table], kind: type[T]) -> list[T]:
        data = known.get(id, {})
        file = f"{id}.toml"
        sources = data.get("sources", {})
        seen: set[str] = set()
        found: list[T] = []
        for number, given in enumerate(data.get("item", []), 1):
            raw = dict(given)
            key = str(raw.get("id") or raw.get("number") or raw.get("question") or f"item {number}")
            if key in seen:
                self.say(file, key, "this id is used twice; give one of them another")
            seen.add(key)
            if "source" in data:
                raw.setdefault("source", data["source"])
            if "source" in raw:
                if not isinstance(raw["source"], str) or raw["source"] not in sources:
                    self.say(file, key, f"no source is called {raw['source']}; add it to sources")
                    continue
                raw["source"] = sources[raw["source"]]
            if self.texts(file, key, {name: raw[name] for name in raw if name != "source"}):
                self.lengths(file, key, raw)
                made = self.convert(file, key, raw, kind)
                if made is not None:
                    found.append(made)
        return found

    def convert(self, file: str, key: str, raw: Any, kind: type[T]) -> T | None:
        try:
            return msgspec.convert(raw, kind, str_keys=True)
        except msgspec.ValidationError as error:
            self.say(file, key, f"{error}; correct this field")
            return None

    def course(self, data: Table | None, order: list[Place]) -> Course:
        raw = {
            "order": [],
            "late": (data or {}).get("late", {}),
            "short": (data or {}).get("short", {}),
        }
        made = self.convert("phase-themes.toml", "late and short", raw, Course)
        made = made or Course((), {}, {})
        return msgspec.structs.replace(made, order=tuple(order))

    def set(self, id: str, data: Table, items: list[Item]) -> Set | None:
        raw = {name: data[name] for name in data if name not in NOT_OF_THE_SET}
        made = self.convert(f"{id}.toml", "the top", {"id": id, "items": [], **raw}, Set)
        return msgspec.structs.replace(made, items=tuple(items)) if made is not None else None

    # Consistency between files

    def walk(
        self,
        phases: list[Phase],
        themes: list[Theme],
        asked: list[Question],
        course: Course,
        files: dict[str, Table],
    ) -> None:
        numbers = {phase.number for phase in phases}
        names = {theme.id for theme in themes}
        ids: set[str] = set()
        for question in asked:
            if question.id in ids:
                self.say("phase-questions.toml", question.id, "this id is used twice; change one")
            ids.add(question.id)
            if bool(question.theme) == bool(question.phase):
                self.say(
                    "theme-questions.toml", question.id, "give it a theme or a phase, not both"
                )
            elif question.theme and question.theme not in names:
                self.say(
                    "theme-questions.toml", question.id, f"no theme is called {question.theme}"
                )
            elif question.phase and question.phase not in numbers:
                self.say("phase-questions.toml", question.id, f"there is no phase {question.phase}")
        placed = [place.question for place in course.order]
        file = "phase-themes.toml"
        for place in (*course.order, *(p for some in course.short.values() for p in some)):
            if place.question not in ids:
                self.say(file, place.question, "no question has this id; correct it")
            if place.phase not in numbers:
                self.say(file, place.question, f"there is no phase {place.phase}; correct it")
            if place.exercise and place.exercise not in COUNTS:
                self.say(file, place.question, f"no exercise is called {place.exercise}")
        for phase, questions in course.late.items():
            for id in questions:
                if id not in placed or course.place(id).phase >= phase:
                    self.say(file, f"late.{phase}", f"{id} is not asked before; take it out")
        for id in sorted(ids - set(placed)):
            self.say(file, id, "this question has no place; give it one")

    def references(
        self, sets: dict[str, Set], questions: dict[str, Question], phrases: dict[str, Phrase]
    ) -> None:
        everything = set(questions) | {f"{s.id}/{i.id}" for s in sets.values() for i in s.items}
        # After another problem an item may be missing only because it could not be loaded.
        whole = not self.problems
        for found in sets.values():
            file = f"{found.id}.toml"
            used = {name for item in found.items for name in item.parts} | set(found.parts)
            for name in sorted(used):
                if f"part.{name}" not in phrases:
                    self.say(file, name, f"no phrase is called part.{name}; add it to phrases")
            for item in found.items:
                for ref in item.refs:
                    if whole and ref not in everything:
                        self.say(file, item.id, f"nothing is called {ref}; correct it")


def _name_their_own(files: dict[str, Table], phrases: dict[str, Phrase]) -> None:
    """Add the default source for items that a workplace wrote itself, unless its pack defines
    one."""
    title, section = (
        {"da": phrases[key].of("da"), "en": phrases[key].of("en")}
        for key in ("own.publication", "own.section")
    )
    files["publications"].setdefault(OWN, {"title": title, "publisher": title})
    for data in files.values():
        if any(item.get("source") == OWN for item in data.get("item", [])):
            data["sources"].setdefault(OWN, {"publication": OWN, "section": section})


def _placeholders_of(phrase: Phrase) -> set[str]:
    forms = (phrase.da,) if isinstance(phrase.da, str) else (phrase.da.one, phrase.da.other)
    return set[str]().union(*map(placeholders, forms))


def _forms(value: object) -> list[str]:
    """Return a text as a list, or its plural forms."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for text in value.values() if isinstance(text, str)]
    return []


def _texts_in(raw: Table) -> Iterator[tuple[str, Table]]:
    for name, value in raw.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and name != "source":
                if "da" in part:
                    yield name, part
                else:
                    yield from _texts_in(part)


def _phase_item(phase: Phase) -> Item:
    return Item(
        id=f"fase{phase.number}",
        name=phase.name,
        text=phase.what,
        more=(phase.involvement, phase.why),
        phase=(phase.number,),
        source=phase.source,
    )


def _theme_item(theme: Theme) -> Item:
    return Item(
        id=theme.id,
        name=theme.name,
        text=theme.question,
        more=(theme.why,),
        source=theme.source,
    )


def _question_item(question: Question) -> Item:
    return Item(
        id=question.id,
        text=question.text,
        more=(question.why,),
        kind=question.theme,
        phase=(question.phase,) if question.phase else (),
        source=question.source,
    )


def _place_items(
    order: list[Place], questions: dict[str, Question], phases: list[Phase]
) -> list[Item]:
    names = {phase.number: phase.name for phase in phases}
    return [
        Item(
            id=place.question,
            name=names[place.phase],
            text=questions[place.question].text,
            more=(place.after,) if place.after else (),
            kind="trio" if place.trio else "team",
            phase=(place.phase,),
            refs=(place.question,),
            source=place.source or questions[place.question].source,
            ours=True,
        )
        for place in order
        if place.question in questions and place.phase in names
    ]
