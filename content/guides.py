"""Reads and validates the guides of exercises."""

from collections.abc import Iterator
from typing import Any

import msgspec

from content.model import (
    BoardLane,
    Both,
    ExerciseGuide,
    ExerciseStep,
    NoteKind,
    Preparation,
    ScalePoint,
    Set,
    TableColumn,
)
from content.packs import ID, Table
from content.texts import Texts

DOES = (
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
)
# What a card and a form hold on Slack and Teams.
MOST = {"steps": 12, "after": 12, "lanes": 8, "kinds": 4, "columns": 6, "scale": 7, "prepare": 8}
STATEMENTS = 16
# Longer ones do not fit whole into a form of so many statements on Teams.
ANSWER_LENGTH = 30
STATEMENT_NAME_LENGTH = 75
LONGEST = 480

LISTS: dict[str, Any] = {
    "steps": ExerciseStep,
    "after": ExerciseStep,
    "lanes": BoardLane,
    "kinds": NoteKind,
    "columns": TableColumn,
    "scale": ScalePoint,
    "prepare": Preparation,
}
OF_A_SET = ("survey", "table", "exercise")
# The list that a step cannot do without.
NEEDS = (("write", "lanes"), ("survey", "scale"), ("table", "columns"), ("prepare", "prepare"))
# The step that a mechanic cannot do without.
CORE = {"board": "write", "survey": "survey", "table": "table"}


class Guides:
    """Reads guides from TOML tables and reports each problem in one line."""

    def __init__(self, checks: Texts) -> None:
        self.checks = checks
        self.say = checks.say

    def read(self, file: str, raw: object, sets: dict[str, Table]) -> ExerciseGuide | None:
        """Read and validate the guide of a set. `sets` are all sets as TOML tables."""
        if not isinstance(raw, dict):
            self.say(file, "guide", "this is not a table; write it under [guide]")
            return None
        given = self._lanes_of_a_set(file, raw, sets)
        sound = self.checks.texts(file, "guide.gives", given.get("gives", {}))
        if "ends_in" in given:
            sound = self.checks.texts(file, "guide.ends_in", given["ends_in"]) and sound
        in_one_line: Table = {name: given[name] for name in ("gives", "ends_in") if name in given}
        self.checks.lengths(file, "guide", in_one_line)
        lists = {name: self._entries(file, name, given.get(name, [])) for name in LISTS}
        rest = {name: value for name, value in given.items() if name not in LISTS}
        made = self.checks.convert(file, "guide", {"steps": [], **rest}, ExerciseGuide)
        if made is None or not sound or any(entries is None for entries in lists.values()):
            return None
        guide: ExerciseGuide = msgspec.structs.replace(
            made, **{name: tuple(entries or ()) for name, entries in lists.items()}
        )
        self._check(file, guide)
        return guide

    def _lanes_of_a_set(self, file: str, raw: Table, sets: dict[str, Table]) -> Table:
        """`lanes` may name a set instead: then its items are the lanes."""
        id = raw.get("lanes")
        if not isinstance(id, str):
            return raw
        if id not in sets:
            self.say(file, "guide.lanes", f"no set is called {id}; correct it")
            return {**raw, "lanes": []}
        fields = ("id", "name", "text")
        items = sets[id].get("item", [])
        return {**raw, "lanes": [{n: i[n] for n in fields if n in i} for i in items]}

    def _entries(self, file: str, name: str, raw: object) -> list[Any] | None:
        """Read one list of a guide. Return None after a problem."""
        if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
            self.say(
                file,
                f"guide.{name}",
                f"this is not a list of tables; write each under [[guide.{name}]]",
            )
            return None
        before = self.checks.problems
        seen: set[str] = set()
        found = [self._entry(file, name, n, entry, seen) for n, entry in enumerate(raw, 1)]
        if len(found) > MOST[name]:
            self.say(
                file, f"guide.{name}", f"there are {len(found)}; there is room for {MOST[name]}"
            )
        return found if self.checks.problems == before else None

    def _entry(self, file: str, name: str, n: int, raw: Table, seen: set[str]) -> Any:
        id = raw.get("id")
        if not isinstance(id, str) or not id:
            self.say(file, f"guide.{name}.{n}", "it has no id; give it one")
            return None
        key = f"guide.{name}.{id}"
        if not ID.fullmatch(id):
            self.say(file, key, "this is no id; use small letters from a to z, digits and hyphens")
        if id in seen:
            self.say(file, key, "this id is used twice; give one of them another")
        seen.add(id)
        for wanted in ("name", "text") if LISTS[name] is ExerciseStep else ("name",):
            if wanted not in raw:
                self.say(file, key, f"it has no {wanted}; write one in Danish and English")
                return None
        does = raw.get("does")
        if LISTS[name] is ExerciseStep and does not in DOES:
            self.say(file, key, f"does is {does or 'missing'}; choose one of {', '.join(DOES)}")
            return None
        if not self.checks.texts(file, key, raw):
            return None
        self.checks.lengths(file, key, raw)
        return self.checks.convert(file, key, raw, LISTS[name])

    # The parts agree with each other

    def _check(self, file: str, guide: ExerciseGuide) -> None:
        if not guide.steps:
            self.say(file, "guide.steps", "there are no steps; write each under [[guide.steps]]")
            return
        for both in {s.id for s in guide.steps} & {s.id for s in guide.after}:
            self.say(file, f"guide.after.{both}", "a step has this id; give one of them another")
        for place, step in _places(guide):
            self._step(file, f"guide.{place}.{step.id}", step, guide)
        if any(phase not in (1, 2, 3, 4) for phase in guide.phases):
            self.say(file, "guide.phases", "the phases are 1, 2, 3 and 4; correct it")
        sides = {point.side for point in guide.scale}
        if guide.scale and not {"yes", "no"} <= sides:
            self.say(
                file, "guide.scale", 'one side is missing; give points the side "yes" and "no"'
            )
        for point in guide.scale:
            self._short(file, f"guide.scale.{point.id}.name", point.name, ANSWER_LENGTH)
        if self._lengths(file, guide):
            for length in guide.lengths:
                self._order(file, "guide.steps", guide.steps_of(length), f" ({length} minutes)")
        if guide.standing:
            return
        if not guide.lengths:
            self.say(file, "guide.lengths", "there are no lengths; write them, as [20, 45, 90]")
        if guide.after:
            self._order(file, "guide.after", guide.after, "", written=True)

    def _step(self, file: str, key: str, step: ExerciseStep, guide: ExerciseGuide) -> None:
        for kind in step.kinds:
            if kind not in {known.id for known in guide.kinds}:
                names = ", ".join(known.id for known in guide.kinds) or "none in [[guide.kinds]]"
                self.say(file, key, f"no kind is called {kind}; there is {names}")
        if step.kinds and step.does != "write":
            self.say(file, key, "only a step that writes has kinds; take them out")
        if step.of and step.does not in OF_A_SET:
            self.say(file, key, "only a survey, a table and an exercise are of a set; take it out")
        if step.does == "exercise" and not step.of:
            self.say(file, key, 'it does not say which; name one, as of = "brainstorm"')
        if step.does == "prepare" and step.minutes:
            self.say(file, key, "it comes before the day; take its minutes out")
        if step.does == "write" and not step.kinds:
            self.say(file, key, 'nothing can be written; name its kinds, as kinds = ["note"]')
        for does, wanted in NEEDS:
            if step.does == does and not getattr(guide, wanted):
                self.say(
                    file, key, f"the guide has no {wanted}; write each under [[guide.{wanted}]]"
                )
        for length, minutes in step.minutes.items():
            if length not in {str(known) for known in guide.lengths}:
                self.say(
                    file,
                    key,
                    f"{length} is no length of the guide; add it to lengths, or take it out",
                )
            elif minutes < 1:
                self.say(file, key, f"{minutes} minutes is too short; leave {length} out instead")

    def _lengths(self, file: str, guide: ExerciseGuide) -> bool:
        before = self.checks.problems
        key = "guide.lengths"
        for several in guide.meetings:
            if several not in {str(known) for known in guide.lengths}:
                self.say(file, "guide.meetings", f"{several} is no length of the guide; correct it")
        for length in guide.lengths:
            given = [step.minutes.get(str(length), 0) for step in guide.steps]
            room = length * guide.meetings.get(str(length), 1)
            if not 1 <= length <= LONGEST:
                self.say(file, key, f"{length} is no length; use 1 to {LONGEST} minutes")
            elif not any(given):
                self.say(
                    file, key, f"no step has minutes for {length}; write them, or take {length} out"
                )
            elif sum(given) > room:
                self.say(file, key, f"the steps take {sum(given)} minutes of {room}; shorten some")
        return self.checks.problems == before

    def _order(
        self, file: str, key: str, steps: tuple[ExerciseStep, ...], of: str, written: bool = False
    ) -> None:
        """Check that a run ends with agreements, and chooses among notes that exist."""
        for step in steps:
            written = written or step.does == "write"
            if step.does in ("dots", "conditions") and not written:
                self.say(
                    file,
                    f"{key}.{step.id}",
                    f"nothing has been written before it{of}; put a step that writes in front",
                )
        if not steps or steps[-1].does != "agree":
            self.say(file, key, f'the last step does not agree{of}; end with does = "agree"')

    def references(self, found: Set, sets: dict[str, Set]) -> None:
        """Check a guide against its set and the other sets."""
        file, guide = f"{found.id}.toml", found.guide
        if found.runs:
            of = sets.get(found.runs)
            if guide is not None or of is None or of.guide is None:
                what = "it has a guide of its own" if guide is not None else "that is no exercise"
                self.say(file, "runs", f"{what}; name an exercise, or take it out")
        if guide is None:
            if found.mechanic:
                self.say(file, "mechanic", "it has no guide; write it under [guide]")
            return
        core = CORE.get(found.mechanic, "")
        if not found.mechanic:
            names = "board, survey, table or workshop"
            self.say(file, "mechanic", f"the guide needs one; write {names}")
        elif core and core not in {step.does for step in guide.steps}:
            self.say(file, "guide.steps", f'a {found.mechanic} needs a step with does = "{core}"')
        for place, step in _places(guide):
            key = f"guide.{place}.{step.id}"
            if step.does == "exercise":
                self._inner(file, key, step, found, sets)
            if step.does not in ("survey", "table"):
                continue
            of = sets.get(step.of or found.id)
            if of is None:
                self.say(
                    file,
                    key,
                    f"no set is called {step.of}; python app.py content lists the names",
                )
            elif not of.items:
                self.say(file, key, f"{of.id} has no items; write each under [[item]]")
            elif step.does == "survey":
                self._statements(file, key, of)

    def _statements(self, file: str, key: str, of: Set) -> None:
        """Check that a form has room for the statements of a survey."""
        if len(of.items) > STATEMENTS:
            room = f"a form has room for {STATEMENTS}"
            self.say(file, key, f"{of.id} has {len(of.items)} statements; {room}")
        for item in of.items:
            if item.name is not None:
                self._short(f"{of.id}.toml", f"{item.id}.name", item.name, STATEMENT_NAME_LENGTH)

    def _short(self, file: str, key: str, words: Both, limit: int) -> None:
        for language, text in (("da", words.da), ("en", words.en)):
            if len(text) > limit:
                problem = f"{language} has {len(text)} characters; shorten it to {limit}"
                self.say(file, key, problem)

    def _inner(
        self, file: str, key: str, step: ExerciseStep, found: Set, sets: dict[str, Set]
    ) -> None:
        """Check the exercise that a step of a workshop runs: that it can be, in the step's time."""
        inner = sets.get(step.of)
        if found.mechanic != "workshop":
            self.say(file, key, "only a workshop runs an exercise; take the step out")
        elif inner is None or inner.guide is None:
            what = f"no exercise is called {step.of}"
            self.say(file, key, f"{what}; python app.py content lists the names")
        elif inner.mechanic == "workshop" or inner.guide.standing:
            self.say(
                file, key, f"{step.of} cannot be a part of a day; name a board, a survey or a table"
            )
        elif inner.guide.audience != "team":
            self.say(file, key, f"{step.of} is for manager, TR and AMR only; name another exercise")
        else:
            at_once = [n for n in inner.guide.lengths if str(n) not in inner.guide.meetings]
            for length, minutes in step.minutes.items():
                if minutes < min(at_once, default=0):
                    self.say(
                        file,
                        key,
                        f"{step.of} takes at least {min(at_once)} minutes; give it so many in "
                        f"{length}, or name a shorter one",
                    )


def _places(guide: ExerciseGuide) -> Iterator[tuple[str, ExerciseStep]]:
    yield from (("steps", step) for step in guide.steps)
    yield from (("after", step) for step in guide.after)
