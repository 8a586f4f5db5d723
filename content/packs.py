"""Merges packs (a workplace's own content) into ours as raw TOML tables, before validation, so that
the same checks apply to both."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

ID = re.compile(r"[a-z0-9][a-z0-9-]*")
Table = dict[str, Any]
ReportProblem = Callable[[str, str, str], None]
Read = Callable[[Path, str], Table | None]

OWN = "own"
"""The id of the publication and source for what a workplace wrote itself."""

# Code refers to these items one by one: a pack may change their texts, not their number.
FIXED = ("phases", "themes", "start-kinds", "involvement-levels", "rasmus")
EXERCISES = "exercises"
"""The folder of a pack with exercises of its own."""
QUESTIONS = ("theme-questions", "phase-questions")
ORDER = "phase-themes"
PHASES = (1, 2, 3, 4)
_ID = {"phases": "number", ORDER: "question"}


def sets_in(folder: Path) -> list[Path]:
    """Return the set files in a folder and its subfolders, sorted by name, without phrase files."""
    phrases = folder / "phrases"
    return [path for path in _files_in(folder) if phrases not in path.parents]


def phrases_in(folder: Path) -> list[Path]:
    """Return the phrase files of a folder, which may have subfolders too, sorted by name."""
    return _files_in(folder / "phrases")


def _files_in(folder: Path) -> list[Path]:
    """Leave out what editors and version control keep in folders whose names begin with a dot."""
    found = (
        path
        for path in folder.rglob("*.toml")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return sorted(found, key=lambda path: (path.stem, path))


class Packs:
    """Merges packs into our tables, and remembers which pack set what, so that a problem names the
    right file."""

    def __init__(self, folders: tuple[Path, ...], read: Read, say: ReportProblem) -> None:
        self.folders = folders
        self.read = read
        self.say = say
        self.laid: dict[tuple[str, str], str] = {}
        """Which file of a pack set a key of one of our files; the key "" stands for any other."""
        self.gone: set[str] = set()
        self.exercises: set[str] = set()
        """The ids of the exercises that packs added."""
        self.own = False

    def file(self, name: str, key: str) -> str:
        """Return the file for a problem: that of the pack which set the key, if one did."""
        mine = [
            laid
            for file, laid in self.laid
            if file == name and (not laid or key == laid or key.startswith(f"{laid}."))
        ]
        return self.laid[name, max(mine, key=len)] if mine else name

    def _one_of_each(self, folder: Path, paths: list[Path], under: str = "") -> list[Path]:
        """Refuse a second file of the same name in one pack: nobody could say which one counts."""
        kept: dict[str, Path] = {}
        for path in paths:
            first = kept.setdefault(path.name, path)
            if first != path:
                name = f"{under}{path.name}"
                self.laid[name, ""] = _path(folder, path)
                self.say(name, "", f"{_path(folder, first)} has this name too; keep one of them")
        return list(kept.values())

    # Phrases

    def phrases(self) -> Iterator[tuple[Path, str, Table]]:
        """Iterate over the phrase files of all packs: the pack, the file's name and its content."""
        for folder in self.folders:
            for path in self._one_of_each(folder, phrases_in(folder), "phrases/"):
                name = f"phrases/{path.name}"
                self.laid[name, ""] = _path(folder, path)
                yield folder, name, self.read(path, name) or {}

    # Sets

    def lay(self, files: dict[str, Table], sets: Collection[str]) -> None:
        """Merge all packs in order; a later pack overrides an earlier one."""
        for folder in self.folders:
            # The order is merged last, because it may name questions that the pack has just added.
            found = self._one_of_each(folder, sets_in(folder))
            paths = sorted(found, key=lambda path: path.stem == ORDER)
            if not paths and not phrases_in(folder):
                self.say(folder.name, "", "nothing here is for Digi; see docs/packs.md")
            for path in paths:
                self.laid[path.name, ""] = _path(folder, path)
                over = self.read(path, path.name)
                if over is None:
                    continue
                for key in over:
                    self.laid[path.name, key] = _path(folder, path)
                if path.stem == "publications":
                    files[path.stem] = files.get(path.stem, {}) | over
                elif path.stem in sets or folder / EXERCISES in path.parents:
                    self._start_exercise(files, path.stem, over, sets)
                    if path.stem in files:
                        self.lay_set(files, path.stem, over, _path(folder, path))
                else:
                    self._unknown(path, over)
        if self.folders:
            self._forget(files)

    def _start_exercise(
        self, files: dict[str, Table], id: str, over: Table, sets: Collection[str]
    ) -> None:
        """Add an empty set for an exercise of the pack's own, to lay the file over."""
        if id in sets or id in files:
            return
        file = f"{id}.toml"
        if not ID.fullmatch(id):
            self.say(
                file,
                "",
                "this is no id; name the file with small letters from a to z, digits and hyphens",
            )
        elif "guide" not in over:
            self.say(file, "guide", "an exercise of your own needs one; see docs/packs.md")
        else:
            self.exercises.add(id)
            files[id] = {"item": []}

    def _unknown(self, path: Path, over: Table) -> None:
        where = "python app.py content lists the names"
        if "guide" in over:
            where = f"move it to the folder {EXERCISES} of your pack"
        self.say(path.name, "", f"no set has this name; {where}")

    def lay_set(self, files: dict[str, Table], id: str, over: Table, path: str) -> None:
        file, base, over = f"{id}.toml", files[id], dict(over)
        leave_out = self._ids(file, over, "leave_out")
        order = self._ids(file, over, "order")
        given = over.pop("item", [])
        sources = over.pop("sources", {})
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            self.say(file, "item", "this is not a list of tables; write each under [[item]]")
            return
        if not isinstance(sources, dict):
            self.say(file, "sources", "this is not a table; write each under [sources.name]")
            return
        base["sources"] = base.get("sources", {}) | sources
        items = {_key(id, item): item for item in base["item"]}
        self._lay_items(files, id, given, items, path)
        self._leave_out(id, leave_out, items)
        for key in order:
            if key not in items:
                self.say(file, "order", f"{key} is not in this set; correct it")
        first = [items.pop(key) for key in dict.fromkeys(order) if key in items]
        if leave_out and not first and not items:
            self.say(file, "leave_out", "nothing is left; keep at least one")
        base |= over
        base["item"] = [*first, *items.values()]
        base["n"] = len(base["item"])

    def _lay_items(
        self,
        files: dict[str, Table],
        id: str,
        given: list[Table],
        items: dict[str, Table],
        path: str,
    ) -> None:
        file = f"{id}.toml"
        seen: set[str] = set()
        for number, item in enumerate(given, 1):
            key = _key(id, item)
            self.laid[file, key] = path
            if not key:
                self.say(file, f"item {number}", f"it has no {_ID.get(id, 'id')}; give it one")
            elif key in seen:
                self.say(file, key, "this id is used twice; give one of them another")
            elif key in items:
                items[key] = items[key] | item
            elif id in FIXED:
                self.say(file, key, "nothing can be added to this set; change the words of ours")
            else:
                items[key] = self._new(files, id, key, item)
            seen.add(key)

    def _leave_out(self, id: str, keys: list[str], items: dict[str, Table]) -> None:
        file = f"{id}.toml"
        for key in keys:
            if id in FIXED:
                self.say(file, "leave_out", f"{key} cannot be left out; change its words instead")
            elif id == ORDER:
                self.say(file, "leave_out", f"leave {key} out in the file of the question itself")
            elif items.pop(key, None) is None:
                self.say(file, "leave_out", f"{key} is not in this set; correct it")
            else:
                self.gone.add(key if id in QUESTIONS else f"{id}/{key}")

    def _new(self, files: dict[str, Table], id: str, key: str, given: Table) -> Table:
        """Add a workplace's own item. A question is also placed last in its phase."""
        item = dict(given)
        if "source" not in item:
            item["source"] = OWN
            self.own = True
        if id not in QUESTIONS:
            return item
        phase = item.pop("asked_in", item.get("phase"))
        trio = item.pop("trio", False)
        if phase not in PHASES:
            self.say(f"{id}.toml", key, "say when it is asked: asked_in = 1, 2, 3 or 4")
        if not isinstance(trio, bool):
            self.say(f"{id}.toml", key, "trio is true or false; correct it")
        if ORDER in files:
            order = files[ORDER]
            # Place it also after a problem, so that one mistake is reported once.
            at = phase if phase in PHASES else 1
            order["item"].append({"question": key, "phase": at, "trio": trio is True})
            order["n"] = len(order["item"])
        return item

    def _ids(self, file: str, over: Table, name: str) -> list[str]:
        found = over.pop(name, [])
        if isinstance(found, list) and all(isinstance(id, str) for id in found):
            return found
        self.say(file, name, 'this is no list of ids; write it as ["one", "another"]')
        return []

    def _forget(self, files: dict[str, Table]) -> None:
        """Remove a dropped item from the order and from all references."""
        order = files.get(ORDER, {})
        for key in ("late", "short"):
            for phase, places in order.get(key, {}).items():
                order[key][phase] = [p for p in places if _question(p) not in self.gone]
        for id, data in files.items():
            items = data.get("item", [])
            if id == ORDER:
                data["item"] = [item for item in items if item.get("question") not in self.gone]
                data["n"] = len(data["item"])
            for item in items:
                if "refs" in item:
                    item["refs"] = [ref for ref in item["refs"] if ref not in self.gone]


def _path(folder: Path, file: Path) -> str:
    """Return the path of a file as whoever wrote the pack knows it."""
    return (folder.name / file.relative_to(folder)).as_posix()


def _key(id: str, item: Table) -> str:
    return str(item.get(_ID.get(id, "id"), ""))


def _question(place: object) -> object:
    return place.get("question") if isinstance(place, dict) else place
