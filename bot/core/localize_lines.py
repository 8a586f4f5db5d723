"""Localizes lines: phrases, names, dates and stored words, as spans."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from bot.core.card_references import KeptKey
from bot.core.phrase_text import (
    Piece,
    capitalised,
    closing,
    continuing,
    fixed,
    marked,
    pieces_of,
    styled,
)
from bot.core.tokens import Mac
from content.language import Language
from content.model import Catalogue
from dialogs.model import cards as c
from dialogs.model.calendar import Calendar, local
from dialogs.model.commands import word_for
from dialogs.model.events import Committee
from dialogs.model.facts import Prefs
from dialogs.model.links import LinkKind
from dialogs.model.shorten import cut_at_word

_SEVERAL = re.compile(r"\bSU\b|samarbejdsudvalg|cooperation committee")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

_PLACEHOLDERS = ("{", "**{", "*{")
"""How a phrase begins that begins with a placeholder."""

AddressOf = Callable[[LinkKind, str], str]
"""Returns the web address of a link by kind and id; empty where Digi has no public address."""


def _nowhere(kind: LinkKind, id: str) -> str:
    return ""


def _no_digits(id: str) -> str:
    return ""


_LAST: Mapping[str, Mapping[str, str]] = {
    "da": {"and": "og", "or": "eller"},
    "en": {"and": "and", "or": "or"},
}


class LineLocalizer:
    """Localizes lines for one reader: the language, people's names, stored words, and how commands
    are typed on the platform."""

    def __init__(
        self,
        catalogue: Catalogue,
        language: Language,
        *,
        tenant: str,
        mac: Mac,
        people: Mapping[str, Prefs],
        words: Mapping[KeptKey, str],
        typed: Callable[[str], str],
        typed_in_channel: Callable[[str], str] | None = None,
        today: date,
        calendar: Calendar | None = None,
        reader: str = "",
        committee: Committee = "med",
        address: AddressOf = _nowhere,
        digits: Callable[[str], str] = _no_digits,
        digits_at: str = "",
        on_page: bool = False,
    ) -> None:
        self._catalogue = catalogue
        self.language: Language = language
        self._tenant = tenant
        self._mac = mac
        self._people = people
        self._words = words
        self._typed = typed
        self._typed_in_channel = typed_in_channel or typed
        self._today = today
        self._calendar = calendar or Calendar()
        self._reader = reader
        self._committee: Committee = committee
        self._address = address
        self._digits = digits
        self._digits_at = digits_at
        self._on_page = on_page

    def line(self, line: c.Line) -> c.Spans:
        if isinstance(line, _WITH_ARGS) and line.args:
            said = self._said(line)
            spans = self._filled(pieces_of(said), line.args)
            # A sentence that begins with a date begins with a capital letter.
            return capitalised(spans) if said.startswith(_PLACEHOLDERS) else spans
        return self._spans(line)

    def _spans(self, line: c.Line) -> c.Spans:
        return _SPANS[type(line)](self, line)

    # --- phrases ----------------------------------------------------------------------------

    def _text(self, line: c.Text) -> c.Spans:
        if not line.args and self._committee == "med":
            return fixed(self._catalogue.phrases[line.key], self.language)
        return self._filled(pieces_of(self._template(line)), line.args)

    def _worded(self, line: c.Worded) -> c.Spans:
        return self._filled(pieces_of(self._said(line)), line.args)

    def _said(self, line: c.Text | c.Worded) -> str:
        """Return the phrase in this language, with its placeholders."""
        if isinstance(line, c.Text):
            return self._template(line)
        return self._own_committee(line.da if self.language == "da" else line.en)

    def _template(self, line: c.Text) -> str:
        n = line.args.get("n")
        count = n.n if isinstance(n, c.Count) else None
        said = self._catalogue.phrases[line.key].of(self.language, count)
        # The section [committee] holds the names themselves.
        if self._committee == "med" or line.key.startswith("committee."):
            return said
        return self._own_committee(said)

    def _own_committee(self, said: str) -> str:
        """Return a phrase with the workplace's own name of the committee, unless it tells several
        kinds apart."""
        if self._committee == "med" or "MED" not in said or _SEVERAL.search(said):
            return said
        for form in ("the", "a", "short"):
            told = self._word(f"committee.med_{form}")
            own = self._word(f"committee.{self._committee}_{form}")
            said = re.sub(rf"\b{told}\b", own, said)
        return said

    def _filled(self, pieces: tuple[Piece, ...], args: Mapping[str, c.Line]) -> c.Spans:
        found: list[c.Span] = []
        for piece in pieces:
            if isinstance(piece, c.Plain):
                found += closing(found, piece)
            elif isinstance(piece, str):
                found += continuing(found, self._spans(args[piece]))
            else:
                style, inside = piece
                found += styled(style, self._filled(inside, args))
        return tuple(found)

    def _listing(self, line: c.Listing) -> c.Spans:
        items = line.items
        last = f" {_LAST[self.language][line.last]} "
        found: list[c.Span] = []
        for i, item in enumerate(items):
            if i:
                found.append(c.Plain(last if i == len(items) - 1 else ", "))
            found.extend(self._spans(item))
        return tuple(found)

    def _several(self, several: c.Several) -> c.Spans:
        found: list[c.Span] = []
        for line in several.lines:
            if found:
                # People do not always end what they wrote with a full stop.
                open_ended = isinstance(found[-1], c.Quoted) and found[-1].text[-1:].isalnum()
                found.append(c.Plain(". " if open_ended else " "))
            found.extend(self.line(line))
        return tuple(found)

    def _by_door(self, line: c.ByDoor) -> c.Spans:
        return self._spans(line.page if self._on_page else line.chat)

    # --- what people wrote, and people ------------------------------------------------------

    def _words_of(self, line: c.Words) -> c.Spans:
        if line.text == c.UNREADABLE:
            return (c.Quoted(self._word("gate.words_unreadable")),)
        return (c.Quoted(line.text),)

    def _kept_words(self, line: c.Kept) -> c.Spans:
        kept = self._words.get((line.kind, line.id, line.field), "…")
        if kept == c.UNREADABLE:
            kept = self._word("gate.words_unreadable")
        return (c.Quoted(cut_at_word(kept, line.cut) if line.cut else kept),)

    def _who(self, line: c.Who) -> c.Spans:
        if line.person == c.FORMER:
            return (c.Plain(self._word("person.former")),)
        return (c.Mention(line.person, self._name(line.person) or self._word("person.nameless")),)

    def _first(self, line: c.First) -> c.Spans:
        if line.person == c.FORMER:
            return (c.Plain(self._word("person.former")),)
        [first, *_] = self._name(line.person).split() or [self._word("person.nameless")]
        return (c.Quoted(first),)

    def _name(self, person: str) -> str:
        """Return a person's name; "" if the platform has not told it, as Teams does not for
        somebody outside the channel."""
        prefs = self._people.get(person)
        return prefs.name if prefs else ""

    # --- what Digi knows --------------------------------------------------------------------

    def _catalogue_text(self, line: c.Said) -> c.Spans:
        return marked(self._own_committee(line.da if self.language == "da" else line.en))

    def _count(self, line: c.Count) -> c.Spans:
        return (c.Plain(str(line.n)),)

    def _chat(self, line: c.Chat) -> c.Spans:
        platform = self._tenant.partition(":")[0]
        known = platform if platform in ("slack", "teams") else "other"
        return (c.Plain(self._word(f"platform.{known}")),)

    def _command(self, line: c.Typed) -> c.Spans:
        typed = self._typed_in_channel if line.in_channel else self._typed
        return (c.Strong(typed(word_for(line.command, self.language))),)

    def _link(self, line: c.LinkAddress) -> c.Spans:
        return self._at(self._address(line.kind, line.id))

    def _digits_link(self, line: c.DigitsAddress) -> c.Spans:
        return self._at(self._digits_at)

    def _at(self, url: str) -> c.Spans:
        return (c.Link(url, url) if url else c.Plain(self._word("link.no_address")),)

    def _screen_code(self, line: c.ScreenCode) -> c.Spans:
        digits = self._digits(line.id)
        return (c.Strong(f"{digits[:3]} {digits[3:]}"),)

    def _day(self, line: c.Day) -> c.Spans:
        told = self.day if line.weekday else self.date
        return (c.Plain(told(line.day, year=line.year)),)

    def _moment(self, line: c.Moment) -> c.Spans:
        return (c.Plain(self.moment(line.at)),)

    def _hour(self, line: c.Hour) -> c.Spans:
        return (c.Plain(self.hour(line.minutes // 60, line.minutes % 60)),)

    # --- dates ----------------------------------------------------------------------------

    def day(self, day: date, *, year: bool = False) -> str:
        """Return a date in words: torsdag den 26. november; with the year if asked for or if it is
        a different one."""
        weekday = self._word(f"day.{_DAYS[day.weekday()]}")
        return f"{weekday}{' den' if self.language == 'da' else ''} {self.date(day, year=year)}"

    def date(self, day: date, *, year: bool = False) -> str:
        """Return a date without its weekday: 26. november."""
        month = self._word(f"month.{_MONTHS[day.month - 1]}")
        told = f" {day.year}" if year or day.year != self._today.year else ""
        dot = "." if self.language == "da" else ""
        return f"{day.day}{dot} {month}{told}"

    def moment(self, at: datetime) -> str:
        wall = local(self._calendar, at)
        return f"{self.day(wall.date())} {self.hour(wall.hour, wall.minute)}"

    def hour(self, hour: int, minute: int) -> str:
        if self.language == "da":
            return f"kl. {hour}.{minute:02}" if minute else f"kl. {hour}"
        return f"at {hour}:{minute:02}"

    def _word(self, key: str) -> str:
        return self._catalogue.phrases[key].of(self.language)


_WITH_ARGS = (c.Text, c.Worded)
_SPANS: dict[type[Any], Callable[[Any, Any], c.Spans]] = {
    c.Text: LineLocalizer._text,
    c.Worded: LineLocalizer._worded,
    c.Listing: LineLocalizer._listing,
    c.Several: LineLocalizer._several,
    c.ByDoor: LineLocalizer._by_door,
    c.Words: LineLocalizer._words_of,
    c.Kept: LineLocalizer._kept_words,
    c.Who: LineLocalizer._who,
    c.First: LineLocalizer._first,
    c.Said: LineLocalizer._catalogue_text,
    c.Count: LineLocalizer._count,
    c.Chat: LineLocalizer._chat,
    c.Typed: LineLocalizer._command,
    c.LinkAddress: LineLocalizer._link,
    c.DigitsAddress: LineLocalizer._digits_link,
    c.ScreenCode: LineLocalizer._screen_code,
    c.Day: LineLocalizer._day,
    c.Moment: LineLocalizer._moment,
    c.Hour: LineLocalizer._hour,
}
