"""Loads and validates the content. Digi does not start with an incomplete translation."""

import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from content.counts import COUNTS, WALK
from content.guides import Guides
from content.model import (
    Catalogue,
    Course,
    Item,
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
from content.set_items import phase_item, place_items, question_item, theme_item
from content.texts import Texts, placeholders_of

NOT_OF_THE_SET = ("item", "source", "sources", "late", "short", "guide")

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


class _Reading:
    """Loads one folder with packs on top, and collects the problems."""

    def __init__(self, folder: Path, packs: tuple[Path, ...]) -> None:
        self.folder = folder
        self.problems: list[str] = []
        self.faulty: set[str] = set()  # sets with a faulty text at their top
        self.packs = Packs(packs, self.read, self.say)
        self.checks = Texts(self.say)
        self.guides = Guides(self.checks)

    def catalogue(self) -> Catalogue | None:
        phrases = self.phrases()
        files = self.files(phrases)
        publications = self.publications(files.pop("publications", None))
        known = self.known(files, publications)

        phases = self.items("phases", known, Phase)
        themes = self.items("themes", known, Theme)
        asked = self.items("theme-questions", known, Question)
        asked += self.items("phase-questions", known, Question)
        questions = {question.id: question for question in asked}
        order = self.items("phase-themes", known, Place)
        course = self.course(known.get("phase-themes"), order)
        by_set = {
            "phases": [phase_item(phase) for phase in phases],
            "themes": [theme_item(theme) for theme in themes],
            "theme-questions": [question_item(q) for q in asked if q.theme],
            "phase-questions": [question_item(q) for q in asked if q.phase],
            "phase-themes": place_items(order, questions, phases),
        }
        plain = {id: self.items(id, known, Item) for id in known if id not in by_set}
        self.walk(phases, themes, asked, course, files)
        sets = {id: self.set(id, known, (by_set | plain)[id]) for id in known}
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

    def files(self, phrases: dict[str, Phrase]) -> dict[str, Table]:
        """Load all set files by name and merge the packs."""
        files: dict[str, Table] = {}
        for path in sets_in(self.folder):
            if (data := self.read(path, path.name)) is not None:
                files[path.stem] = data
        self.packs.lay(files, COUNTS)
        if self.packs.own:
            _name_their_own(files, phrases)
        return files

    def known(
        self, files: dict[str, Table], publications: dict[str, Publication]
    ) -> dict[str, Table]:
        """Return the valid sets, in the order of COUNTS; exercises of packs come last."""
        for id in files.keys() - COUNTS.keys() - self.packs.exercises:
            self.say(f"{id}.toml", "", "no set has this name; rename it, or add it to COUNTS")
        for id in WALK:
            if id not in files:
                self.say(f"{id}.toml", "", "the walk needs this file; put it back")
        order = (*COUNTS, *sorted(self.packs.exercises))
        known = {id: files[id] for id in order if id in files and self.shaped(id, files[id])}
        for id, data in known.items():
            self.header(id, data, publications)
        return known

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
            for key, raw in self.checks.flat(name, self.read(path, name) or {}, ""):
                if key in found:
                    self.say(name, key, "another file has this key; keep one of them")
                if self.checks.both(name, key, raw):
                    phrase = self.checks.convert(name, key, raw, Phrase)
                    if phrase is not None:
                        found[key] = phrase
        self.replaced_phrases(found)
        return found

    def replaced_phrases(self, found: dict[str, Phrase]) -> None:
        """Apply the phrases that packs replace. A replacement must have the same placeholders."""
        seen: set[tuple[Path, str]] = set()
        for pack, name, data in self.packs.phrases():
            for key, raw in self.checks.flat(name, data, ""):
                if (pack, key) in seen:
                    self.say(name, key, "another file has this key; keep one of them")
                seen.add((pack, key))
                ours = found.get(key)
                # A list in a pack may bring a heading of its own (part.*).
                if ours is None and not key.startswith("part."):
                    self.say(name, key, "no phrase has this key; copy the key from our phrases")
                elif self.checks.both(name, key, raw) and (
                    phrase := self.checks.convert(name, key, raw, Phrase)
                ):
                    if ours and (odd := placeholders_of(ours) ^ placeholders_of(phrase)):
                        names = ", ".join(f"{{{one}}}" for one in sorted(odd))
                        self.say(name, key, f"{names}: use the same names in braces as ours")
                    found[key] = phrase

    # Set files

    def publications(self, data: Table | None) -> dict[str, Publication]:
        if data is None:
            self.say("publications.toml", "", "the file is missing or unreadable; put it back")
            return {}
        found = {}
        for key, raw in data.items():
            if not isinstance(raw, dict):
                self.say(
                    "publications.toml", key, "this is not a table; give it title and publisher"
                )
            elif self.checks.texts("publications.toml", key, raw):
                made = self.checks.convert(
                    "publications.toml", key, {"key": key, **raw}, Publication
                )
                if made is not None:
                    found[key] = made
        return found

    def shaped(self, id: str, data: Table) -> bool:
        """Check that items are a list of tables and sources a table of tables."""
        items, sources = data.get("item", []), data.get("sources", {})
        sound = isinstance(items, list) and all(isinstance(item, dict) for item in items)
        if not sound:
            self.say(
                f"{id}.toml", "item", "this is not a list of tables; write each under [[item]]"
            )
        if not isinstance(sources, dict):
            self.say(
                f"{id}.toml", "sources", "this is not a table; write each under [sources.name]"
            )
            return False
        return sound

    def header(self, id: str, data: Table, publications: dict[str, Publication]) -> None:
        file = f"{id}.toml"
        count = len(data.get("item", []))
        if data.get("n") != count:
            self.say(file, "n", f"it says {data.get('n')}, and there are {count}; make them agree")
        if not self.packs.folders and count != COUNTS[id]:
            self.say(file, "n", f"there are {count} items; the set has {COUNTS[id]}")
        for name in ("title", "intro", "parts"):
            if not self.checks.texts(file, name, data.get(name, {})):
                self.faulty.add(id)
        for name, raw in data.get("sources", {}).items():
            key = f"sources.{name}"
            if self.checks.texts(file, key, raw):
                source = self.checks.convert(file, key, raw, Source)
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
            if self.checks.texts(file, key, {name: raw[name] for name in raw if name != "source"}):
                self.checks.lengths(file, key, raw)
                made = self.checks.convert(file, key, raw, kind)
                if made is not None:
                    found.append(made)
        return found

    def course(self, data: Table | None, order: list[Place]) -> Course:
        raw = {
            "order": [],
            "late": (data or {}).get("late", {}),
            "short": (data or {}).get("short", {}),
        }
        made = self.checks.convert("phase-themes.toml", "late and short", raw, Course)
        made = made or Course((), {}, {})
        return msgspec.structs.replace(made, order=tuple(order))

    def set(self, id: str, known: dict[str, Table], items: list[Item]) -> Set | None:
        data, file = known[id], f"{id}.toml"
        if id in self.faulty:
            return None
        raw = {name: data[name] for name in data if name not in NOT_OF_THE_SET}
        made = self.checks.convert(file, "the top", {"id": id, "items": [], **raw}, Set)
        if made is None:
            return None
        guide = self.guides.read(file, data["guide"], known) if "guide" in data else None
        return msgspec.structs.replace(made, items=tuple(items), guide=guide)

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
            if place.exercise and place.exercise not in files:
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
            if whole:
                self.guides.references(found, sets)
            file = f"{found.id}.toml"
            used = {name for item in found.items for name in item.parts} | set(found.lists())
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
