"""Parses what a person typed to Digi: a command in either language, a misspelt one, or other text.

Text after a private command is dropped here, so that no later code can store it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import Literal

from content.language import Language
from msgspec import Struct

Argument = Literal["", "title", "theme", "exercise", "whom", "search"]
Whom = Literal["me", "project"]


class Command(Struct, frozen=True):
    """A command with its names; the first one of each language is shown."""

    name: str
    da: tuple[str, ...]
    en: tuple[str, ...]
    argument: Argument = ""
    private: bool = False


class Recognised(Struct, frozen=True, tag="known"):
    """A recognised command and the text after it, which is dropped for a private command."""

    command: str
    rest: str = ""
    had_words: bool = False


class Misspelt(Struct, frozen=True, tag="misspelt"):
    """An unknown word, the most similar name and its command. `lang` is set if only that name
    belongs to one language."""

    word: str
    nearest: str | None = None
    command: str | None = None
    lang: Language | None = None
    had_words: bool = False


class Empty(Struct, frozen=True, tag="empty"):
    """No command: nothing at all, or (`had_words`) a text that is not meant as one."""

    had_words: bool = False


Parsed = Recognised | Misspelt | Empty

COMMANDS: tuple[Command, ...] = (
    Command("start", ("start",), ("start",), "title"),
    Command("status", ("status",), ("status",)),
    Command("next", ("næste",), ("next",)),
    Command("questions", ("spørgsmål", "svar"), ("questions", "answer", "answers")),
    Command("theme", ("grundspørgsmål",), ("theme",), "theme"),
    Command("meeting", ("møde",), ("meeting",)),
    Command("sheet", ("ark", "ugens ark"), ("sheet", "week sheet")),
    Command("phase", ("fase",), ("phase",)),
    Command("say", ("sig", "sig det", "bekymring"), ("say", "say it", "concern"), private=True),
    Command(
        "code", ("kode", "min kode", "kvittering"), ("code", "my code", "receipt"), private=True
    ),
    Command("exercise", ("øvelse",), ("exercise",), "exercise"),
    Command("agreements", ("aftaler",), ("agreements",)),
    Command("advice", ("råd",), ("advice",)),
    Command("example", ("eksempel", "historie"), ("example", "story")),
    Command(
        "digest",
        ("overblik", "opsamling", "resumé", "ugens overblik", "uge", "opsummering"),
        ("digest", "overview", "weekly", "summary"),
    ),
    Command("trio", ("trio",), ("trio",)),
    Command("results", ("resultater",), ("results",), "search"),
    Command("report", ("rapport",), ("report",)),
    Command("med", ("med-udvalg", "med"), ("med",)),
    Command("promises", ("løfter",), ("promises",)),
    Command("roles", ("roller", "leder", "tovholder"), ("roles", "leader", "facilitator")),
    Command("plan", ("plan",), ("plan",)),
    Command("move", ("flyt",), ("move",)),
    Command("source", ("kilde",), ("source",)),
    Command("lessons", ("erfaringer",), ("lessons",)),
    Command("settings", ("indstillinger",), ("settings",)),
    Command("pause", ("pause",), ("pause",), "whom"),
    Command("resume", ("fortsæt",), ("resume",), "whom"),
    Command("qr", ("qr", "side", "opslag"), ("qr", "page", "poster")),
    Command("about", ("om",), ("about",)),
    Command("delete", ("slet",), ("delete",)),
    Command("end", ("afslut",), ("end",)),
    Command("help", ("hjælp",), ("help",)),
)

_THEMES: Mapping[str, tuple[str, ...]] = {
    "kerneopgave": ("1", "kerneopgave", "kerne", "core task", "core"),
    "opgaveloesning": (
        "2",
        "opgaveløsning",
        "løsning af opgaven",
        "doing the work",
        "work",
        "solving the task",
    ),
    "kompetenceudvikling": (
        "3",
        "kompetenceudvikling",
        "kompetence",
        "kompetencer",
        "udvikling af kompetencer",
        "competence",
        "developing competence",
        "skills development",
        "competence development",
        "skills",
    ),
    "inddragelse": ("4", "inddragelse", "medinddragelse", "involvement", "involve"),
}

_WHOM: Mapping[str, Whom] = {
    "mig": "me",
    "me": "me",
    "myself": "me",
    "forloeb": "project",
    "forloebet": "project",
    "forlob": "project",
    "forlobet": "project",
    "project": "project",
    "projekt": "project",
    "projektet": "project",
}

_BY_NAME = {command.name: command for command in COMMANDS}

# A longer text is conversation, for which a suggestion would be annoying.
_WORDS = 4
_LETTERS = 40
_BEGINNING = 4

# Accents are kept: without its accent, the Danish résumé would be the English command resume.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "æ": ("æ", "ae", "ä", "a", "e"),
    "ø": ("ø", "oe", "ö", "o"),
    "å": ("å", "aa", "a"),
    "-": ("-", " ", ""),
    " ": (" ", "-", ""),
}
_PLAIN = str.maketrans({"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa"})
_FILLERS = frozenset(
    [
        "grundspørgsmål",
        "grundspørgsmålet",
        "nr",
        "nummer",
        "number",
        "om",
        "spørgsmål",
        "tema",
        "temaet",
        "the",
        "theme",
    ]
)

# What may precede a command: spaces, slashes, punctuation, mentions, Digi's name.
_ADDRESS = re.compile(
    r"(?:<@[^<>]{1,100}>|<at\b[^<>]{0,100}>[^<>]{0,100}</at>|<(?!@|at\b)"
    r"|digi(?![^\W_])|[^\w<]|_)*",
    re.IGNORECASE,
)
_HEAD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PART = re.compile(r"[^\W\d_]+")
_SECOND = re.compile(r"\s+[^\W\d_]+")
_WORD = re.compile(r"[^\W_]+")
# Direction marks and zero-width characters, which are invisible and copied along.
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def parse(text: str) -> Parsed:
    """Parse a text typed to Digi, after `/digi`, after `@Digi` or in the private chat."""
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    text = _ADDRESS.sub("", text, count=1)
    words = len(text.split())
    head = _HEAD.match(text)
    if head is None:
        return Empty(had_words=words > 0)
    for end in _ends(text, head):
        command = _commands().get(_folded(text[:end]))
        if command is not None:
            return _known(command, text[end:], words)
    return _unknown(head[0], text[head.end() :], words)


def theme_of(rest: str) -> str | None:
    """Return the id of the theme (grundspørgsmål) that was named by word or number."""
    said = _squashed(rest)
    if not said or len(said) > _LETTERS:
        return None
    names = _theme_names()
    if said in names:
        return names[said]
    near = [
        (distance, theme)
        for name, theme in names.items()
        if len(name) > 5 and (distance := _distance(said, name)) <= _limit(said, name)
    ]
    if near:
        return min(near)[1]
    begun = {
        theme
        for name, theme in names.items()
        if min(len(name), len(said)) >= _BEGINNING
        and (name.startswith(said) or said.startswith(name))
    }
    return begun.pop() if len(begun) == 1 else None


def whom_of(rest: str) -> Whom | None:
    """Return whether a pause is for oneself or for the project; None if the text does not say."""
    first = _WORD.search(_folded(rest))
    return None if first is None else _WHOM.get(first[0].translate(_PLAIN))


def folded(text: str) -> str:
    """Normalize a text for searching: lower case, æøå replaced."""
    return _folded(text).translate(_PLAIN)


def word_for(command: str, lang: Language) -> str:
    """Return the command's name that is shown in a language."""
    found = _BY_NAME[command]
    return found.da[0] if lang == "da" else found.en[0]


def usage(command: str, lang: Language) -> str:
    """Return how a command is typed on platforms with slash commands."""
    return f"/digi {word_for(command, lang)}"


def _ends(text: str, head: re.Match[str]) -> Iterator[int]:
    """Return the positions at which a command's name may end: after two words, after one, at the
    first hyphen."""
    if second := _SECOND.match(text, head.end()):
        yield second.end()
    yield head.end()
    if part := _PART.match(text):
        yield part.end()


def _known(command: Command, tail: str, words: int) -> Recognised | Empty:
    rest = " ".join(tail.split()).lstrip(" .,:;!?-–")
    if not _WORD.search(rest):
        rest = ""
    if command.private:
        return Recognised(command.name, had_words=bool(rest))
    if not command.argument and words > _WORDS:
        return Empty(had_words=True)
    return Recognised(command.name, rest)


def _unknown(typed: str, tail: str, words: int) -> Misspelt | Empty:
    # Text with digits or punctuation may be a code or an address, and is not repeated.
    inside = _WORD.search(tail.split(maxsplit=1)[0]) if tail and not tail[0].isspace() else None
    if (
        inside
        or words > _WORDS
        or len(typed) > _LETTERS
        or typed.count("-") > 1
        or not typed.replace("-", "").isalpha()
    ):
        return Empty(had_words=True)
    had_words = _WORD.search(tail) is not None
    near = _nearest(_folded(typed))
    if near is None:
        return Misspelt(typed, had_words=had_words)
    command, name = near
    return Misspelt(typed, name, command.name, _language(command, name), had_words)


def _nearest(typed: str) -> tuple[Command, str] | None:
    """Return the name with the smallest edit distance, or the only one with this beginning."""
    near = [
        # Of equally similar names, prefer the one with the same letters in another order.
        (distance, sorted(spelling) != sorted(typed), place)
        for place, (spelling, _, _) in enumerate(_spellings())
        if abs(len(spelling) - len(typed)) <= (limit := _limit(spelling, typed))
        and (distance := _distance(spelling, typed)) <= limit
    ]
    if near:
        _, command, name = _spellings()[min(near)[-1]]
        return command, name
    begun = {
        name: command
        for spelling, command, name in _spellings()
        if len(typed) >= _BEGINNING and spelling.startswith(typed)
    }
    if len({command.name for command in begun.values()}) != 1:
        return None
    name, command = next(iter(begun.items()))
    return command, name


def _language(command: Command, name: str) -> Language | None:
    if name in command.da and name in command.en:
        return None
    return "da" if name in command.da else "en"


@cache
def _spellings() -> tuple[tuple[str, Command, str], ...]:
    """Return each spelling of each name; the names that are shown come first."""
    names = [
        (place, command, name)
        for command in COMMANDS
        for spoken in (command.da, command.en)
        for place, name in enumerate(spoken)
    ]
    names.sort(key=lambda each: each[0])
    return tuple(
        ("".join(letters), command, name)
        for _, command, name in names
        for letters in product(*(_SPELLINGS.get(letter, (letter,)) for letter in name))
    )


@cache
def _commands() -> Mapping[str, Command]:
    return {spelling: command for spelling, command, _ in reversed(_spellings())}


@cache
def _theme_names() -> Mapping[str, str]:
    return {_squashed(name): theme for theme, names in _THEMES.items() for name in names}


def _squashed(text: str) -> str:
    words = _WORD.findall(_folded(text))
    return "".join(word for word in words if word not in _FILLERS).translate(_PLAIN)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def _limit(one: str, other: str) -> int:
    """Return the maximum edit distance for a word of this length."""
    length = min(len(one), len(other))
    return (length > 2) + (length > 5) + (length > 9)


def _distance(one: str, other: str) -> int:
    """Return the Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, another in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
