"""Answers for a screen: what its link shows now, and how many times that has changed.

Whoever opens the link is nobody in particular. The look that the link stands for is carried out as
for a visitor, and its conversation shows only what everybody in the room may read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bot.clock import Clock
from bot.core.access import VISITORS
from bot.core.card_references import wanted
from bot.core.views import Views, language_of
from bot.platforms.common.ports import ShownScreen
from content.model import Catalogue
from dialogs.model.conversation import Conversation
from dialogs.model.effects import Display
from dialogs.model.events import Look
from dialogs.model.facts import Known, Operator, Prefs, Viewer
from dialogs.model.links import LinkKind, ProjectLink
from dialogs.model.screens import NeutralScreen
from dialogs.registry import CONVERSATIONS
from storage.database import Database
from storage.sql import Script
from storage.transactions import links
from storage.transactions.reading import NamesAndWords, Reading
from storage.vault import Vault


class _OnScreen(Struct, frozen=True):
    link: ProjectLink
    screen: NeutralScreen
    names: NamesAndWords


class ScreenDesk:
    """Implements `bot.platforms.common.ports.Screens`."""

    def __init__(
        self,
        database: Database,
        reading: Reading,
        catalogue: Catalogue,
        vault: Vault,
        clock: Clock,
        views: Views,
        operator: Operator,
        conversations: Mapping[str, Conversation] = CONVERSATIONS,
    ) -> None:
        self._database = database
        self._reading = reading
        self._catalogue = catalogue
        self._vault = vault
        self._clock = clock
        self._views = views
        self._operator = operator
        self._conversation_of = {
            view: conversation
            for conversation in conversations.values()
            for view in conversation.sights
        }

    async def show(self, token: str) -> ShownScreen | None:
        now = self._clock.now()
        found: _OnScreen | None = await self._database.read(self._seen, token, now)
        if found is None:
            return None
        spoken = found.names.project.language if found.names.project else ""
        language = language_of(Prefs(), "", spoken, channel=True)
        localizer = self._views.localizer(
            found.link.tenant, found.names, language, private=False, on_page=True
        )
        return ShownScreen(language, localizer.screen(found.screen), now)

    async def versions(self, tokens: Iterable[str], kind: LinkKind = "screen") -> dict[str, int]:
        found: dict[str, int] = await self._database.read(
            self._counted, tuple(tokens), kind, self._clock.now()
        )
        return found

    def now(self) -> datetime:
        return self._clock.now()

    def look_of(self, link: ProjectLink | None, kind: LinkKind) -> Look | None:
        """Return what a link of this kind looks at; None for any other link."""
        if link is None or link.kind != kind or link.look is None:
            return None
        if link.look.view not in self._conversation_of or not self._views.serves(link.tenant):
            return None
        return replace(link.look, project=link.project)

    async def by_digits(self, digits: str) -> str:
        token: str = await self._database.read(
            links.by_digits, self._vault, digits, self._clock.now()
        )
        return token

    def _seen(self, token: str, now: datetime) -> Script[_OnScreen | None]:
        link = yield from links.resolve(token, now)
        look = self.look_of(link, "screen")
        if link is None or look is None:
            return None
        viewer = Viewer("", VISITORS, now, project=link.project, private=True)
        sight = self._conversation_of[look.view].sights[look.view]
        facts = sight.needs(look, viewer)
        found = yield from self._reading.look(link.tenant, link.project, facts)
        moments = sight.show(look, viewer, Known(self._catalogue, found, self._operator))
        for moment in moments:
            if isinstance(moment, Display):
                names = yield from self._reading.names(
                    link.tenant, link.project, *wanted(moment.screen)
                )
                return _OnScreen(link, moment.screen, names)
        return None

    def _counted(
        self, tokens: tuple[str, ...], kind: LinkKind, now: datetime
    ) -> Script[dict[str, int]]:
        found = {}
        for token in tokens:
            link = yield from links.resolve(token, now)
            look = self.look_of(link, kind)
            if link is not None and look is not None:
                name = self._conversation_of[look.view].name
                found[token] = yield from self._reading.version_of(
                    link.tenant, link.project, name, look.ref or name
                )
        return found
