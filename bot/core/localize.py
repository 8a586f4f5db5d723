"""Localizes cards, forms and files. With localize_lines.py the only place that knows languages and
phrases."""

from __future__ import annotations

import copy
import uuid
from typing import Any, get_args
from zlib import crc32

import msgspec

from bot.core.access import is_for_card, is_for_visitors
from bot.core.localize_lines import LineLocalizer
from bot.core.tokens import write_form, write_press
from content.language import Language
from dialogs.model import appointments, boards_to_print, documents, pictures, posters, screens
from dialogs.model import cards as c
from dialogs.model.events import Look, Press
from dialogs.model.files import FinishedFile, NeutralFile
from dialogs.model.links import CARD_VIEWS, PAGE_VIEWS, page_query
from dialogs.model.picture_sentences import chart_sentence, steps_sentence


class Localizer(LineLocalizer):
    """Localizes cards and forms for one reader.

    `reader` is the person whom a form is opened for; nobody else can send it.
    """

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
