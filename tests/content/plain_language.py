"""Rules that a machine can check in what Digi says, and the few places that may break them.

Each rule takes one text in one language and yields what is wrong with it. A rule gives few false
alarms rather than many finds: what it cannot tell from the words, it leaves to a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from content.language import Language
from content.model import Both, Catalogue, Plural, Source


class Said(NamedTuple):
    """A text of the content in one language; `place` is its key, or its set and item."""

    place: str
    language: Language
    text: str


def everything(catalogue: Catalogue) -> Iterator[tuple[Said, Said]]:
    """Iterate over all texts that people read, Danish and English side by side."""
    for key, phrase in catalogue.phrases.items():
        da, en = (
            (form.one, form.other) if isinstance(form, Plural) else (form,)
            for form in (phrase.da, phrase.en)
        )
        for number in range(max(len(da), len(en))):
            yield (
                Said(key, "da", da[min(number, len(da) - 1)]),
                Said(key, "en", en[min(number, len(en) - 1)]),
            )
    for found in catalogue.sets.values():
        for place, both in _texts(found, found.id):
            yield Said(place, "da", both.da), Said(place, "en", both.en)


def _texts(value: object, place: str) -> Iterator[tuple[str, Both]]:
    if isinstance(value, Both):
        yield place, value
    elif isinstance(value, Source):
        return  # titles and sections are the publication's own words
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            part = getattr(value, name)
            if isinstance(part, Both | Struct | tuple | dict):
                yield from _texts(part, f"{place}.{name}")
    elif isinstance(value, tuple):
        for number, part in enumerate(value, 1):
            yield from _texts(part, f"{place}.{getattr(part, 'id', number)}")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{place}.{name}")


# --- words --------------------------------------------------------------------------------

# What we do not write, and what to write instead.
RULED_OUT: dict[Language, dict[str, str]] = {
    "da": {
        r"implementer(?!ing)\w*": "indføre, tage i brug",  # *Implementering* is a phase's name
        r"evaluer\w*": "vurdere, se på igen",
        r"tiltag\w*": "what is done",
        r"proces(?:sen|ser|serne)?": "forløb, or what happens",
        r"feedback\w*": "svar",
        r"input": "svar, forslag",
        r"workshop\w*": "øvelse, møde",
        r"foretag\w*": "the verb itself",
        r"afholde\w*": "holde",
        r"vedrørende|ift\.|mhp\.|ifm\.": "om, til, med",
        r"udrul\w*": "indføre",
        r"håndter\w*": "tage sig af",
        r"det digitale(?! (?:værktøj|system|område)\w*)": "teknologien, digitaliseringen",
        r"venter (?:du|I|de) (?:af|jer)": "regne med, forvente",
        r"rører? ved": "påvirke",
        r"gået over datoen": "skulle have været klaret",
        r"medarbejdervalgt\w*": "medarbejderrepræsentant",
        r"driften(?= kan| har)": "dem, der driver serveren",
        r"regnestykke\w*": "businesscase, beregning",
        r"\w+\((?:er|e|r)\)": "the plural that is right",
    },
    "en": {
        r"leaders?": "manager",
        r"everybody|anybody": "everyone, anyone",
        r"relations? (?:with|to) (?:the )?citizens?": "relationship",
        r"close for answers": "close the question",
        r"stands? (?:in|here|there|beside|at|open|first|above|below)": "is, says",
        r"lies? (?:in|here|there|under|with)": "is",
        r"the sum behind": "calculation",
        r"must or may": "have to or choose to",
        r"shall": "will, should",
        r"feel free": "you can",
        r"(?:answer(?:s|ed)?|text|said|anything|concerns|written) by name": "with a name",
        r"reads? along": "read the report",
        r"fetch": "download, get",
        r"last deadlines?": "deadline",
        r"at \{hour\}": "{hour}, which says *at* itself",
    },
}
# Places that may: the place begins with the first, and the words are the second.
ALLOWED = (
    ("promise.hint_owner", "leader"),  # a team leader is a function at many workplaces
)


def ruled_out(said: Said) -> Iterator[str]:
    """Yield the words that we do not use."""
    for pattern, instead in RULED_OUT[said.language].items():
        for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", said.text, re.IGNORECASE):
            if not any(said.place.startswith(p) and found[0] == w for p, w in ALLOWED):
                yield f"{found[0]}: write {instead}"


# --- Danish sentences ---------------------------------------------------------------------

SENTENCE = re.compile(r"(?<=[.?!:])\s+|\n")
_DET_DER = re.compile(r"\bdet, der\b", re.IGNORECASE)


def det_der_twice(said: Said) -> Iterator[str]:
    """Yield the sentences with more than one *det, der*: name the noun instead."""
    for sentence in SENTENCE.split(said.text):
        if said.language == "da" and len(_DET_DER.findall(sentence)) > 1:
            yield f"det, der twice: {sentence}"


_SUBJECT = r"(?:jeg|du|I|vi|de|den|det|der|man|alle|ingen|nogen|nogle|TR|AMR|Digi|lederen|ledelsen)"
_HV = r"(?:hvem|hvad|hvor|hvornår|hvordan|hvorfor|hvilken|hvilket|hvilke)"
_TELL = r"(?:se|skriv|sig|spørg|ved|vide|fortæl|læs|vælg|viser|tænk|aftal|undersøg|beskriv)"
# Each pattern finds where a clause begins without its comma; the first group is the word before.
CLAUSES = (
    re.compile(rf"(\S+) at {_SUBJECT} \w"),
    re.compile(r"(\S+) (?:fordi|hvis|selvom|medmindre) \w"),
    re.compile(rf"(\S+) (?:når|mens) {_SUBJECT} \w"),
    re.compile(rf"\b({_TELL}) {_HV} \w", re.IGNORECASE),
    re.compile(r"\b(dem|de|alle|nogen|noget|ingen|intet|enhver) der \w", re.IGNORECASE),
    re.compile(r"\b(dem|alle|nogen|noget|ingen|intet) som \w", re.IGNORECASE),
    re.compile(r"\b((?i:alt|dem|noget|intet)) (?:jeg|du|I|vi) \w"),
)
# After these no comma comes before a clause: *også når*, *uden at*, *vi når*.
JOINED = frozenset(
    """og eller men også kun især selv bare lige allerede først undtagen end fx ikke dér uden for så
    efter trods vi jeg du de man kan som til i""".split()  # noqa: SIM905
)
# Not clauses, though they look like them.
NOT_CLAUSES = re.compile(r"dem som \d|noget som mennesker")


def comma_missing(said: Said) -> Iterator[str]:
    """Yield where a subordinate clause begins without a comma, as far as the words tell."""
    if said.language == "en":
        return
    for pattern in CLAUSES:
        for found in pattern.finditer(NOT_CLAUSES.sub("", said.text)):
            before = found[1]
            opened = re.search(r"[,;:.?!–»*}(]$", before)
            around = said.text[max(0, found.start() - 20) : found.end() + 20]
            if not opened and before.lower() not in JOINED:
                yield f"comma before the clause: {around}"


# --- the same promises --------------------------------------------------------------------

_NUMBERS: dict[Language, str] = {
    "da": "to tre fire fem seks syv otte ni ti elleve tolv",
    "en": "two three four five six seven eight nine ten eleven twelve",
}
_DAYS: dict[Language, str] = {
    "da": "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "en": "monday tuesday wednesday thursday friday saturday sunday",
}
# Without March and May, which are other words too.
_MONTHS: dict[Language, str] = {
    "da": "januar februar april juni juli august september oktober november december",
    "en": "january february april june july august september october november december",
}
_FIGURE = re.compile(r"\d+(?:[.:]\d+)*|[^\W\d_]+")


def figures(said: Said) -> set[str]:
    """Return the figures, weekdays and months of a text in a form common to both languages."""
    language = said.language
    known = {word: str(n) for n, word in enumerate(_NUMBERS[language].split(), 2)}
    known |= {"femte": "5", "fifth": "5", "twice": "2"}
    known |= dict(zip(_DAYS[language].split(), _DAYS["en"].split(), strict=True))
    known |= dict(zip(_MONTHS[language].split(), _MONTHS["en"].split(), strict=True))
    text = re.sub(r"\{\w+\}(?::00)?", "", said.text.lower())
    for pairs in ("to og to", "1:1", "one to one"):
        text = text.replace(pairs, "")
    found: set[str] = set()
    for word in _FIGURE.findall(text):
        if word[0].isdigit():
            found.add(word.removesuffix(":00").removesuffix(".00").replace(":", "."))
        elif word in known:
            found.add(known[word])
    return found


def promises_differ(da: Said, en: Said) -> Iterator[str]:
    """Yield the figures and dates that only one language has."""
    for odd in sorted(figures(da) ^ figures(en)):
        yield f"{odd} is in one language only: {da.text} / {en.text}"
