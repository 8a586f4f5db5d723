"""Renders what people see in their own language: posts, cards and names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.clock import Clock
from bot.core.card_references import wanted
from bot.core.dialogs import read_state
from bot.core.localize import Localizer
from bot.platforms.common.ports import Edge
from content.language import Language
from content.model import Catalogue
from dialogs.model import cards as c
from dialogs.model.calendar import Calendar, local
from dialogs.model.events import Person
from dialogs.model.facts import Known, Prefs, Project
from dialogs.model.links import PATHS, LinkKind
from dialogs.registry import CONVERSATIONS
from storage.database import Database
from storage.transactions.letters import PostBody
from storage.transactions.links import digits_of, token_of
from storage.transactions.reading import NamesAndWords, Reading
from storage.vault import Vault


class Views:
    def __init__(
        self,
        database: Database,
        reading: Reading,
        catalogue: Catalogue,
        vault: Vault,
        clock: Clock,
        edges: Sequence[Edge],
        public_url: str | None = None,
    ) -> None:
        self._database = database
        self._reading = reading
        self._catalogue = catalogue
        self._vault = vault
        self._clock = clock
        self._edges = edges
        self._public_url = public_url

    async def draw(self, tenant: str, project: str, post: PostBody) -> c.NeutralCard | None:
        """Return a standing post as its dialog draws it now."""
        state = await self._database.read(
            self._reading.state_of, tenant, project, post.dialog, post.of
        )
        if state is None:
            return None
        conversation = CONVERSATIONS[post.dialog]
        before = read_state(conversation, state)
        found = await self._database.read(
            self._reading.look, tenant, project, conversation.view_needs(before, post.slot)
        )
        return conversation.view(before, post.slot, Known(self._catalogue, found))

    async def dress_card(
        self, tenant: str, project: str, card: c.NeutralCard, person: Person = ""
    ) -> tuple[c.FinishedCard, Language]:
        """Return a letter's card in the language of the channel or the person."""
        people, kept = wanted(card)
        asked = (*people, person) if person else people
        names: NamesAndWords = await self._database.read(
            self._reading.names, tenant, project, asked, kept
        )
        channel = names.project.language if names.project else ""
        language: Language = language_of(
            names.people[person] if person else Prefs(), "", channel, channel=not person
        )
        localizer = self.localizer(tenant, names, language, private=bool(person))
        return localizer.card(card), language

    async def prefs(self, tenant: str, person: Person) -> Prefs:
        names: NamesAndWords = await self._database.read(
            self._reading.names, tenant, "", (person,), ()
        )
        return names.people[person]

    def localizer(
        self,
        tenant: str,
        names: NamesAndWords,
        language: Language,
        reader: Person = "",
        *,
        private: bool,
        on_page: bool = False,
    ) -> Localizer:
        project: Project | None = names.project
        calendar = project.calendar if project else Calendar()
        return Localizer(
            self._catalogue,
            language,
            tenant=tenant,
            mac=self._vault,
            people=names.people,
            words=names.words,
            typed=partial(self.edge_of(tenant).typed, private=private),
            typed_in_channel=partial(self.edge_of(tenant).typed, private=False),
            today=local(calendar, self._clock.now()).date(),
            calendar=calendar,
            reader=reader,
            committee=project.committee if project else "med",
            address=self._address,
            digits=partial(digits_of, self._vault),
            digits_at=f"{self._public_url}/vis" if self._public_url else "",
            on_page=on_page,
        )

    def _address(self, kind: LinkKind, id: str) -> str:
        """Return the web address of a link; empty without DIGI_PUBLIC_URL."""
        if self._public_url is None:
            return ""
        return f"{self._public_url}{PATHS[kind]}{token_of(self._vault, kind, id)}"

    def serves(self, tenant: str) -> bool:
        return any(edge.serves(tenant) for edge in self._edges)

    def edge_of(self, tenant: str) -> Edge:
        return next(edge for edge in self._edges if edge.serves(tenant))


def language_of(prefs: Prefs, locale: str, project: str, *, channel: bool = False) -> Language:
    """Return the channel's language; for a person their own choice, else the platform's, else the
    project's."""
    for said in (project,) if channel else (prefs.language, prefs.locale, locale, project):
        if said[:2] in ("da", "en"):
            return "da" if said[:2] == "da" else "en"
    return "da"
