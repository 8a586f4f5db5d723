"""Validates texts: both languages exist and have the same placeholders."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from content.model import Phrase
from content.packs import ReportProblem, Table

QUESTION_LENGTH = 200
NOTE_LENGTH = 350

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
MARKED = re.compile(r"\*\*[^*\s](?:[^*]*[^*\s])?\*\*|\*[^*\s](?:[^*]*[^*\s])?\*")

T = TypeVar("T")


def placeholders(text: str) -> set[str]:
    """Return the placeholder names in a text."""
    return set(PLACEHOLDER.findall(text))


class Texts:
    """Reads texts from TOML tables and reports each problem in one line."""

    def __init__(self, report: ReportProblem) -> None:
        self._report = report
        self.problems = 0

    def say(self, file: str, key: str, problem: str) -> None:
        self.problems += 1
        self._report(file, key, problem)

    def flat(self, file: str, data: Table, prefix: str) -> Iterator[tuple[str, Table]]:
        for name, value in data.items():
            key = f"{prefix}{name}"
            if not isinstance(value, dict):
                self.say(file, key, "this is not a phrase; give it da and en")
            elif "da" in value or "en" in value:
                yield key, value
            else:
                yield from self.flat(file, value, f"{key}.")

    def both(self, file: str, key: str, raw: Table) -> bool:
        """Validate a text in both languages."""
        before = self.problems
        for language in ("da", "en"):
            texts = _forms(raw.get(language))
            if not texts:
                self.say(file, key, f"{language} is missing; write it beside the other language")
            for text in texts:
                if not text.strip():
                    self.say(file, key, f"{language} is blank; write the text")
                if "*" in MARKED.sub("", text):
                    self.say(file, key, f"{language} has an unpaired *; close the mark")
                if set("{}") & set(PLACEHOLDER.sub("", text)):
                    self.say(
                        file, key, f"{language} has a brace that is not a {{name}}; correct it"
                    )
        da, en = (
            set[str]().union(*map(placeholders, _forms(raw.get(language))))
            for language in ("da", "en")
        )
        if self.problems == before and da != en:
            odd = ", ".join(f"{{{name}}}" for name in sorted(da ^ en))
            self.say(file, key, f"{odd} is in one language only; use it in both or none")
        return self.problems == before

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

    def convert(self, file: str, key: str, raw: Any, kind: type[T]) -> T | None:
        try:
            return msgspec.convert(raw, kind, str_keys=True)
        except msgspec.ValidationError as error:
            self.say(file, key, f"{error}; correct this field")
            return None


def placeholders_of(phrase: Phrase) -> set[str]:
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
