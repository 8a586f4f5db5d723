"""Shows forms and answers in dialogs, and keeps pages and answers that a person may still open."""

from __future__ import annotations

import uuid

from msgspec import Struct

from bot.cache import Cache
from bot.platforms.common.ports import Fault
from bot.platforms.teams import data, draw, forms
from bot.platforms.teams.address_book import Book
from bot.platforms.teams.ports import TeamsReply
from bot.platforms.teams.read import TeamsRequest
from bot.platforms.teams.speech import Speech
from bot.platforms.teams.words import word
from content.language import Language
from dialogs.model import cards as c

NAME_SECONDS = 0.6
HALF_AN_HOUR = 30 * 60.0


class PendingAnswer(Struct, frozen=True):
    """An answer, or further pages of one, that this person may open within half an hour."""

    tenant: str
    person: str
    language: Language
    pages: tuple[draw.TeamsMessage, ...]
    title: str


class Sheets:
    def __init__(self, book: Book, speech: Speech) -> None:
        self._book = book
        self._speech = speech
        self._waiting: Cache[str, PendingAnswer] = Cache(5000, HALF_AN_HOUR)

    async def form(
        self,
        what: TeamsRequest,
        channel: str,
        form: c.FinishedForm,
        language: Language,
        faults: tuple[Fault, ...] = (),
    ) -> TeamsReply:
        people = {
            person
            for field in form.fields
            if isinstance(field, c.People)
            for person in (
                *field.values,
                *str(what.fields.get(f"{data.PREFIX}{field.id}") or "").split(","),
            )
            if person
        }
        where = await self._book.ref(what.tenant, channel) if channel else what.ref
        await self._book.names(
            self._speech.transport, what.tenant, where or what.ref, people, NAME_SECONDS
        )
        drawn = forms.form(
            form,
            language,
            values=what.fields if faults else {},
            faults=[(fault.field, c.plain(fault.text)) for fault in faults],
            names=lambda person: self._book.name(what.tenant, person),
            channel=what.elsewhere(channel),
            message=what.message if self._speech.is_own(what) else "",
        )
        return TeamsReply(draw.dialog(drawn, forms.title_of_form(form), tall=len(form.fields) > 3))

    def page(
        self,
        what: TeamsRequest,
        language: Language,
        pages: tuple[draw.TeamsMessage, ...],
        title: str,
    ) -> TeamsReply:
        """Return the first of several pages in a dialog, with a button to the others."""
        shown = pages[0].card
        if len(pages) > 1:
            waiting = PendingAnswer(what.tenant, what.person, language, pages[1:], title)
            shown = draw.more(pages[0], self._waits(waiting), language)
        return TeamsReply(draw.dialog(shown, title, tall=len(str(shown)) > 3000))

    def held(
        self, what: TeamsRequest, cards: tuple[c.FinishedCard, ...], language: Language
    ) -> str:
        drawn = draw.messages(cards, language, place=draw.CardPlace(inside=True))
        pages = (drawn, *drawn.rest)
        return self._waits(
            PendingAnswer(what.tenant, what.person, language, pages, draw.title_of(cards))
        )

    def _waits(self, waiting: PendingAnswer) -> str:
        id = uuid.uuid4().hex
        self._waiting.put(id, waiting)
        return id

    def waited_for(self, what: TeamsRequest, held: data.Held) -> TeamsReply:
        waiting = self._waiting.get(held.id)
        if waiting is not None and (waiting.tenant, waiting.person) == (what.tenant, what.person):
            return self.page(what, waiting.language, waiting.pages, waiting.title)
        return said(word("no_longer" if waiting is None else "not_yours", language_of(what)))

    def still_there(self, what: TeamsRequest, sent: data.Send, said: str) -> TeamsReply:
        form = sent.form.form
        drawn = forms.form(
            form,
            language_of(what),
            values=what.fields,
            faults=[("", said)],
            names=lambda person: self._book.name(what.tenant, person),
            channel=sent.channel,
            message=sent.message,
        )
        return TeamsReply(draw.dialog(drawn, forms.title_of_form(form)))


def said(text: str) -> TeamsReply:
    """Return a dialog with the adapter's own text."""
    return TeamsReply(draw.dialog(draw.messages((draw.said(text),), "da").card, "Digi"))


def language_of(what: TeamsRequest) -> Language:
    """Return the language of the person's Teams client: English or else Danish."""
    return "en" if what.locale[:2].casefold() == "en" else "da"
