"""Localizes cards: the only place that knows languages and phrases."""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, get_args
from zlib import crc32

import msgspec

from bot.core.access import is_for_card, is_for_visitors
from bot.core.card_references import KeptKey
from bot.core.phrase_text import (
    Piece,
    capitalised,
    continuing,
    fixed,
    marked,
    pieces_of,
    styled,
)
from bot.core.tokens import Mac, write_form, write_press
from content.language import Language
from content.model import Catalogue
from dialogs.model import appointments, boards_to_print, documents, pictures, posters, screens
from dialogs.model import cards as c
from dialogs.model.calendar import Calendar, local
from dialogs.model.commands import word_for
from dialogs.model.events import Committee, Look, Press
from dialogs.model.facts import Prefs
from dialogs.model.files import FinishedFile, NeutralFile
from dialogs.model.links import CARD_VIEWS, PAGE_VIEWS, LinkKind, page_query
from dialogs.model.picture_sentences import chart_sentence, steps_sentence
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

AddressOf = Callable[[LinkKind, str], str]
"""Returns the web address of a link by kind and id; empty where Digi has no public address."""


def _nowhere(kind: LinkKind, id: str) -> str:
    return ""


def _no_digits(id: str) -> str:
    return ""


class Localizer:
    """Localizes cards and forms for one reader: the language, people's names, stored words, and how
    commands are typed on the platform.

    `reader` is the person whom a form is opened for; nobody else can send it.
    """

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
        self._today = today
        self._calendar = calendar or Calendar()
        self._reader = reader
        self._committee: Committee = committee
        self._address = address
        self._digits = digits
        self._digits_at = digits_at
        self._on_page = on_page

    # --- cards and forms ------------------------------------------------------------------

    def card(self, card: c.NeutralCard) -> c.FinishedCard:
        return c.Card(tuple(self._part(part) for part in card.parts))

    def document(self, document: documents.NeutralDocument) -> documents.FinishedDocument:
        return documents.finished(document, self.line, self._picture, self.language)

    def screen(self, screen: screens.NeutralScreen) -> screens.FinishedScreen:
        return screens.finished(screen, self.line)

    def _part(self, part: c.Part[c.Line]) -> c.Part[c.Spans]:
        match part:
            case c.Heading(text=text):
                return c.Heading(self.line(text))
            case c.Paragraph(text=text):
                return c.Paragraph(self.line(text))
            case c.Small(text=text):
                return c.Small(self.line(text))
            case c.FactRows(rows=rows):
                return c.FactRows(tuple((self.line(a), self.line(b)) for a, b in rows))
            case c.Quote(words=words, by=by):
                return c.Quote(self.line(words), None if by is None else self.line(by))
            case c.Bullets(items=items, numbered=numbered, to_fill_in=to_fill_in):
                return c.Bullets(tuple(self.line(i) for i in items), numbered, to_fill_in)
            case c.Progress(step=step, of=of, label=label):
                return c.Progress(step, of, self.line(label))
            case c.Buttons(buttons=buttons):
                return c.Buttons(tuple(self._button(b) for b in buttons if self._is_here(b)))
            case c.Matters(items=matters):
                return c.Matters(tuple(self._matter(one) for one in matters))
            case c.Board(columns=columns):
                return c.Board(tuple(self._column(one) for one in columns))
            case c.Grid(columns=columns, rows=cells):
                header = tuple(self.line(one) for one in columns)
                return c.Grid(header, tuple(tuple(self.line(x) for x in row) for row in cells))
            case pictures.Steps() | pictures.Chart():
                return self._picture(part)
        raise AssertionError(part)

    def _picture(self, picture: documents.Picture[c.Line]) -> documents.Picture[c.Spans]:
        if isinstance(picture, pictures.Steps):
            return self._steps(picture)
        return self._chart(picture)

    def _steps(self, picture: pictures.Steps[c.Line]) -> pictures.Steps[c.Spans]:
        sentence = self._ours(steps_sentence(picture))
        return pictures.Steps(
            self._ours(picture.title),
            tuple(
                pictures.NamedStep(
                    self._ours(step.name),
                    step.state,
                    None if step.when is None else self._ours(step.when),
                )
                for step in picture.steps
            ),
            sentence,
            self.line(c.text("picture.now_mark")),
            url=self._picture_url(picture.link, "", c.plain(sentence)),
        )

    def _picture_url(self, link: str, of: str, sentence: str) -> str:
        """Return where the picture can be fetched in this language. The address changes with what
        the picture says, so that no client shows an old one that it has kept."""
        address = self._address("picture", link) if link else ""
        version = crc32(sentence.encode())
        chosen = f"&of={of}" if of else ""
        return f"{address}.png?l={self.language}{chosen}&v={version:x}" if address else ""

    def _chart(self, picture: pictures.Chart[c.Line]) -> pictures.Chart[c.Spans]:
        sentence = self._ours(chart_sentence(picture))
        return pictures.Chart(
            self._ours(picture.title),
            tuple(pictures.Bar(self._ours(bar.label), bar.values) for bar in picture.bars),
            tuple(pictures.Group(self._ours(g.name), g.tone) for g in picture.groups),
            None if picture.unit is None else self._ours(picture.unit),
            sentence,
            url=self._picture_url(picture.link, picture.of, c.plain(sentence)),
        )

    def _ours(self, line: c.Line) -> c.Spans:
        """Return a line of a picture. People's words are refused, because a picture is passed on
        without the rules that hold for them."""
        spans = self.line(line)
        if not c.is_ours(spans):
            raise ValueError("a picture holds only Digi's own words")
        return spans

    def _button(self, button: c.Button[c.Line]) -> c.Button[c.Spans]:
        assert button.press is not None
        return c.Button(
            self.line(button.label),
            None,
            button.style,
            None if button.confirm is None else self.line(button.confirm),
            self._token(button.press),
            isinstance(button.press, Look),
        )

    def _is_here(self, button: c.Button[c.Line]) -> bool:
        """Return whether the button leads anywhere by this door: the page has fewer ways."""
        assert button.press is not None
        press = button.press
        return not self._on_page or is_for_visitors(press) or is_for_card(press)

    def _token(self, press: Press) -> str:
        if self._on_page and isinstance(press, Look) and press.view in PAGE_VIEWS:
            return page_query(press.view, press.ref)
        if self._on_page and isinstance(press, Look) and press.view in CARD_VIEWS:
            # A card is for one exercise, which its address says already.
            return page_query(press.view, "")
        return write_press(self._mac, self._tenant, press)

    def _column(self, one: c.BoardColumn[c.Line]) -> c.BoardColumn[c.Spans]:
        notes = tuple(
            c.BoardNote(self.line(n.words), n.sign, self._maybe(n.kind), self._maybe(n.about))
            for n in one.notes
        )
        under: c.Line | None = None
        if one.rest:
            under = c.text("board.rest" if notes else "board.only_rest", n=c.Count(one.rest))
        elif not notes:
            under = c.text("board.empty")
        return c.BoardColumn(self.line(one.name), notes, one.rest, self._maybe(under))

    def _maybe(self, line: c.Line | None) -> c.Spans | None:
        return None if line is None else self.line(line)

    def _matter(self, one: c.MatterRow[c.Line]) -> c.MatterRow[c.Spans]:
        button = one.button
        return c.MatterRow(
            self.line(one.words),
            self._maybe(one.kind),
            self._maybe(one.about),
            self._maybe(one.promise),
            one.due,
            self._button(button) if button is not None and self._is_here(button) else None,
        )

    def files(self, file: NeutralFile, channel: Language) -> tuple[FinishedFile, ...]:
        """Return the file in the reader's language. Others read a document, so it is in the
        channel's, and what hangs on a wall or is dealt in both."""
        if isinstance(file, appointments.Appointment):
            return (appointments.finished(file, self.line),)
        if isinstance(file, documents.Document):
            return (self._speaking(channel).document(file),)
        in_both = ((self._speaking(language).line, language) for language in get_args(Language))
        if isinstance(file, posters.Poster):
            return tuple(posters.finished(file, line, language) for line, language in in_both)
        return tuple(boards_to_print.finished(file, line, language) for line, language in in_both)

    def _speaking(self, language: Language) -> Localizer:
        other = copy.copy(self)
        other.language = language
        return other

    def form(self, form: c.NeutralForm) -> c.FinishedForm:
        return c.Form(
            self.line(form.title),
            tuple(self._field(field) for field in form.fields),
            self.line(form.submit),
            form.into,
            {},
            write_form(self._mac, self._tenant, form, uuid.uuid4().hex, self._reader),
        )

    def _field(self, field: c.Field[c.Line]) -> c.Field[c.Spans]:
        changes: dict[str, Any] = {}
        for name in ("label", "hint", "text"):
            line = getattr(field, name, None)
            if line is not None:
                changes[name] = self.line(line)
        if isinstance(field, c.TextField) and field.value is not None:
            changes["value"] = self.line(field.value)
        if isinstance(field, c.Choice | c.Choices):
            changes["options"] = tuple(
                c.Option(o.value, self.line(o.label), None if o.hint is None else self.line(o.hint))
                for o in field.options
            )
        finished: c.Field[c.Spans] = msgspec.structs.replace(field, **changes)  # type: ignore[assignment]
        return finished

    # --- lines ----------------------------------------------------------------------------

    def line(self, line: c.Line) -> c.Spans:
        spans = self._spans(line)
        raised = capitalised(spans)
        if raised is not spans and isinstance(line, c.Text | c.Worded):
            return raised if self._said(line).startswith(("{", "**{", "*{")) else spans
        return spans

    def _spans(self, line: c.Line) -> c.Spans:
        match line:
            case c.Text(key=key, args=args):
                return self._text(key, args)
            case c.Worded(args=args):
                return self._filled(pieces_of(self._said(line)), args)
            case c.Said(da=da, en=en):
                return marked(self._own_committee(da if self.language == "da" else en))
            case c.Words(text=text) if text != c.UNREADABLE:
                return (c.Quoted(text),)
            case c.Words():
                return (c.Quoted(self._word("gate.words_unreadable")),)
            case c.Count(n=n):
                return (c.Plain(str(n)),)
            case c.Kept(kind=kind, id=id, field=field, cut=limit):
                kept = self._kept((kind, id, field))
                return (c.Quoted(cut_at_word(kept, limit) if limit else kept),)
            case c.First(person=person) if person != c.FORMER:
                return (c.Quoted(self._first_name(person)),)
            case c.Chat():
                platform = self._tenant.partition(":")[0]
                known = platform if platform in ("slack", "teams") else "other"
                return (c.Plain(self._word(f"platform.{known}")),)
            case c.Who(person=c.FORMER) | c.First():
                return (c.Plain(self._word("person.former")),)
            case c.Who(person=person):
                prefs = self._people.get(person)
                return (c.Mention(person, prefs.name if prefs and prefs.name else person),)
            case c.Day(day=day, weekday=weekday, year=year):
                told = self.day(day, year=year) if weekday else self.date(day, year=year)
                return (c.Plain(told),)
            case c.Moment(at=at):
                return (c.Plain(self.moment(at)),)
            case c.Hour(minutes=minutes):
                return (c.Plain(self.hour(minutes // 60, minutes % 60)),)
            case c.Typed(command=command):
                return (c.Strong(self._typed(word_for(command, self.language))),)
            case c.LinkAddress(kind=kind, id=id):
                url = self._address(kind, id)
                return (c.Link(url, url) if url else c.Plain(self._word("link.no_address")),)
            case c.DigitsAddress():
                url = self._digits_at
                return (c.Link(url, url) if url else c.Plain(self._word("link.no_address")),)
            case c.ScreenCode(id=id):
                digits = self._digits(id)
                return (c.Strong(f"{digits[:3]} {digits[3:]}"),)
            case c.ByDoor(chat=chat, page=page):
                return self._spans(page if self._on_page else chat)
            case c.Listing(items=items):
                return self._listing(items)
            case c.Several(lines=lines):
                return self._several(lines)
        raise AssertionError(line)

    def _kept(self, key: KeptKey) -> str:
        kept = self._words.get(key, "…")
        return self._word("gate.words_unreadable") if kept == c.UNREADABLE else kept

    def _first_name(self, person: str) -> str:
        prefs = self._people.get(person)
        return ((prefs.name if prefs else "").split() or [person])[0]

    def _said(self, line: c.Text | c.Worded) -> str:
        """Return the phrase in this language, with its placeholders."""
        if isinstance(line, c.Text):
            return self._template(line.key, line.args)
        return self._own_committee(line.da if self.language == "da" else line.en)

    def _template(self, key: str, args: Mapping[str, c.Line]) -> str:
        n = args.get("n")
        count = n.n if isinstance(n, c.Count) else None
        said = self._catalogue.phrase(key).of(self.language, count)
        # The section [committee] holds the names themselves.
        return said if key.startswith("committee.") else self._own_committee(said)

    def _text(self, key: str, args: Mapping[str, c.Line]) -> c.Spans:
        if not args and self._committee == "med":
            return fixed(self._catalogue.phrase(key), self.language)
        return self._filled(pieces_of(self._template(key, args)), args)

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
                found.append(piece)
            elif isinstance(piece, str):
                found.extend(continuing(found, self._spans(args[piece])))
            else:
                style, inside = piece
                found.extend(styled(style, self._filled(inside, args)))
        return tuple(found)

    def _listing(self, items: tuple[c.Line, ...]) -> c.Spans:
        last = " og " if self.language == "da" else " and "
        found: list[c.Span] = []
        for i, item in enumerate(items):
            if i:
                found.append(c.Plain(last if i == len(items) - 1 else ", "))
            found.extend(self._spans(item))
        return tuple(found)

    def _several(self, lines: tuple[c.Line, ...]) -> c.Spans:
        found: list[c.Span] = []
        for line in lines:
            if found:
                # People do not always end what they wrote with a full stop.
                open_ended = isinstance(found[-1], c.Quoted) and found[-1].text[-1:].isalnum()
                found.append(c.Plain(". " if open_ended else " "))
            found.extend(self.line(line))
        return tuple(found)

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
        return self._catalogue.phrase(key).of(self.language)
