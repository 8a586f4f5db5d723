"""Prints everything that Digi says in one language as one document for an editor: by conversation
and set, with where each text is met and an example in each placeholder.

What surrounds the texts is in reading.toml, beside this file.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

import content
from content.language import Language
from content.model import Both, Catalogue, ExerciseGuide, Phrase, Set
from content.plain_text import as_people_read_it
from content.texts import PLACEHOLDER, Texts
from dialogs.advice.shelves import ways

ROOT = Path(__file__).parents[2]
WORDS = Path(__file__).with_name("reading.toml")
PHRASES = Path(content.__file__).parent / "phrases"


class ReadingWords(Struct, frozen=True, forbid_unknown_fields=True):
    """What surrounds the texts: headings, where each is met, and examples for placeholders."""

    head: dict[str, Both]
    shown: dict[str, Both]
    guide: dict[str, Both]
    place: dict[str, Both]
    conversation: dict[str, Both]
    example: dict[str, Both]
    own: dict[str, dict[str, Both]]

    def where(self, file: str, language: Language) -> str:
        found = self.conversation.get(file)
        return found.of(language) if found else file

    def filled(self, text: str, file: str, language: Language) -> str:
        """Put an example into each placeholder, or its name if it has none, between ⟨ and ⟩."""
        examples = self.example | self.own.get(file, {})
        return PLACEHOLDER.sub(
            lambda found: (
                f"⟨{examples[found[1]].of(language) if found[1] in examples else found[1]}⟩"
            ),
            text,
        )


def reading_words() -> ReadingWords:
    return msgspec.convert(tomllib.loads(WORDS.read_text(encoding="utf-8")), ReadingWords)


def whole_text(catalogue: Catalogue, language: Language) -> str:
    """Return everything that Digi says in a language."""
    words = reading_words()
    head = {name: both.of(language) for name, both in words.head.items()}
    lines = [f"# {head['title']}", "", head["how"], "", f"# {head['phrases']}"]
    lines += _conversations(catalogue, words, language)
    lines += ["", f"# {head['sets']}"]
    for found in catalogue.sets.values():
        lines += _set(catalogue, found, words, language)
    lines += ["", f"# {head['publications']}", ""]
    for publication in catalogue.publications.values():
        title, by = publication.title.of(language), publication.publisher.of(language)
        lines.append(f"- {title} ({by})")
    return "\n".join(lines) + "\n"


def keys_by_file() -> dict[str, list[str]]:
    """Return the keys of each file of phrases, in its order."""
    texts = Texts(lambda file, key, problem: None)
    return {
        path.stem: [
            key
            for key, _ in texts.flat(path.name, tomllib.loads(path.read_text(encoding="utf-8")), "")
        ]
        for path in sorted(PHRASES.glob("*.toml"))
    }


def _conversations(catalogue: Catalogue, words: ReadingWords, language: Language) -> Iterator[str]:
    shown = shown_as(catalogue, set(words.shown))
    for file, keys in keys_by_file().items():
        yield from ("", f"## {file}", "", words.where(file, language), "")
        for key in keys:
            kind = ", ".join(words.shown[name].of(language) for name in shown.get(key, ()))
            name = f"- `{key}` ({kind})" if kind else f"- `{key}`"
            forms = list(_forms(catalogue.phrase(key), words, language))
            if len(forms) == 1:
                yield f"{name}: {words.filled(forms[0][1], file, language)}"
                continue
            yield f"{name}:"
            for form, text in forms:
                yield f"  - {form}: {words.filled(text, file, language)}"


def _forms(phrase: Phrase, words: ReadingWords, language: Language) -> Iterator[tuple[str, str]]:
    text = phrase.da if language == "da" else phrase.en
    if isinstance(text, str):
        yield "", text
    else:
        yield words.head["one"].of(language), text.one.replace("{n}", "⟨1⟩")
        yield words.head["other"].of(language), text.other


def _set(
    catalogue: Catalogue, found: Set, words: ReadingWords, language: Language
) -> Iterator[str]:
    met: dict[str, list[str]] = {}
    for way in ways(found):
        met.setdefault(way.place, []).append(str(way.phase))
    where = "; ".join(
        words.place[place].of(language).format(", ".join(phases))
        for place, phases in met.items()
        if place != "source"
    )
    where = where or words.head["source_only"].of(language)
    yield from ("", f"## {found.id}", "", words.head["set_met"].of(language).format(where), "")
    yield as_people_read_it(catalogue, found.id, language).rstrip()
    if found.guide is not None:
        yield from _guide(found.guide, words, language)


def _guide(guide: ExerciseGuide, words: ReadingWords, language: Language) -> Iterator[str]:
    def line(kind: str, *texts: Both | None) -> str:
        said = [text.of(language) for text in texts if text is not None]
        return f"- {words.guide[kind].of(language)}: {': '.join(said)}"

    yield ""
    yield line("gives", guide.gives)
    for kind, steps in (("step", guide.steps), ("after", guide.after)):
        for step in steps:
            yield line(kind, step.name, step.text)
            yield from (f"  - {question.of(language)}" for question in step.questions)
    yield from (line("lane", lane.name, lane.text) for lane in guide.lanes)
    yield from (line("kind", kind.name) for kind in guide.kinds)
    yield from (line("column", column.name) for column in guide.columns)
    yield from (line("scale", point.name) for point in guide.scale)


def shown_as(catalogue: Catalogue, parts: set[str]) -> dict[str, list[str]]:
    """Return for each phrase the parts of a card or a form in which the code puts it."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "dialogs").rglob("*.py")):
        for key, part in _named(ast.parse(path.read_text(encoding="utf-8")), "", parts):
            if key in catalogue.phrases and part not in found.setdefault(key, []):
                found[key].append(part)
    return found


def _named(node: ast.AST, part: str, parts: set[str]) -> Iterator[tuple[str, str]]:
    """Iterate over the strings in a syntax tree that are inside one of the parts, with the part."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        part = name if name in parts else part
    if part and isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, part
    for child in ast.iter_child_nodes(node):
        yield from _named(child, part, parts)
