"""A workplace's own content, laid over ours while it is still tables, so one set of checks does."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

Table = dict[str, Any]
ReportProblem = Callable[[str, str, str], None]
Read = Callable[[Path, str], Table | None]

OWN = "own"
"""The publication and source of what a workplace wrote itself."""

# Dialogs know these items one by one: their words may change, their number may not.
FIXED = ("phases", "themes", "start-kinds", "involvement-levels", "rasmus")
QUESTIONS = ("theme-questions", "phase-questions")
ORDER = "phase-themes"
PHASES = (1, 2, 3, 4)
_ID = {"phases": "number", ORDER: "question"}


def sets_in(folder: Path) -> list[Path]:
    """The files of sets in a folder and below it, by name; those of phrases are not among them."""
    phrases = folder / "phrases"
    found = (path for path in folder.rglob("*.toml") if phrases not in path.parents)
    return sorted(found, key=lambda path: path.stem)


class Packs:
    """Lays packs over our tables and keeps who laid what, so that a fault is named where it is."""

    def __init__(self, folders: tuple[Path, ...], read: Read, say: ReportProblem) -> None:
        self.folders = folders
        self.read = read
        self.say = say
        self.laid: dict[tuple[str, str], str] = {}
        self.gone: set[str] = set()
        self.own = False

    def file(self, name: str, key: str) -> str:
        """A file as a problem names it: with its pack, where a pack laid the key or the file."""
        mine = [
            laid
            for file, laid in self.laid
            if file == name and (not laid or key == laid or key.startswith(f"{laid}."))
        ]
        return f"{self.laid[name, max(mine, key=len)]}/{name}" if mine else name

    # Phrases

    def phrases(self) -> Iterator[tuple[Path, str, Table]]:
        """Each file of phrases: its pack, its name and what stands in it."""
        for folder in self.folders:
            for path in sorted((folder / "phrases").glob("*.toml")):
                name = f"phrases/{path.name}"
                self.laid[name, ""] = folder.name
                yield folder, name, self.read(path, name) or {}

    # Sets

    def lay(self, files: dict[str, Table], sets: Collection[str]) -> None:
        """Lay every pack in turn; the last one has the last word."""
        for folder in self.folders:
            # The order comes last: it may name questions that the pack has just added.
            paths = sorted(sets_in(folder), key=lambda path: path.stem == ORDER)
            if not paths and not list((folder / "phrases").glob("*.toml")):
                self.say(folder.name, "", "nothing here is for Digi; see docs/packs.md")
            for path in paths:
                self.laid[path.name, ""] = folder.name
                over = self.read(path, path.name)
                if over is None:
                    continue
                if path.stem == "publications":
                    files[path.stem] = files.get(path.stem, {}) | over
                elif path.stem not in sets:
                    self.say(
                        path.name,
                        "",
                        "no set has this name; python app.py content lists the names",
                    )
                elif path.stem in files:
                    self.lay_set(files, path.stem, over, folder.name)
        if self.folders:
            self._forget(files)

    def lay_set(self, files: dict[str, Table], id: str, over: Table, pack: str) -> None:
        file, base, over = f"{id}.toml", files[id], dict(over)
        leave_out = self._ids(file, over, "leave_out")
        order = self._ids(file, over, "order")
        given = over.pop("item", [])
        sources = over.pop("sources", {})
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            self.say(file, "item", "this is no list of tables; write each under [[item]]")
            return
        if not isinstance(sources, dict):
            self.say(file, "sources", "this is no table; write each under [sources.name]")
            return
        base["sources"] = base.get("sources", {}) | sources
        items = {_key(id, item): item for item in base["item"]}
        seen: set[str] = set()
        for number, item in enumerate(given, 1):
            key = _key(id, item)
            self.laid[file, key] = pack
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
        for key in leave_out:
            if id in FIXED:
                self.say(file, "leave_out", f"{key} cannot be left out; change its words instead")
            elif id == ORDER:
                self.say(file, "leave_out", f"leave {key} out in the file of the question itself")
            elif items.pop(key, None) is None:
                self.say(file, "leave_out", f"{key} is not in this set; correct it")
            else:
                self.gone.add(key if id in QUESTIONS else f"{id}/{key}")
        for key in order:
            if key not in items:
                self.say(file, "order", f"{key} is not in this set; correct it")
        first = [items.pop(key) for key in dict.fromkeys(order) if key in items]
        if not first and not items:
            self.say(file, "leave_out", "nothing is left; keep at least one")
        base |= over
        base["item"] = [*first, *items.values()]
        base["n"] = len(base["item"])

    def _new(self, files: dict[str, Table], id: str, key: str, given: Table) -> Table:
        """An item of the workplace's own; a question is given its place, last in its phase."""
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
            # After a fault it still has a place, so that one fault is one line.
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
        """What was left out is not asked and not pointed to."""
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


def _key(id: str, item: Table) -> str:
    return str(item.get(_ID.get(id, "id"), ""))


def _question(place: object) -> object:
    return place.get("question") if isinstance(place, dict) else place
