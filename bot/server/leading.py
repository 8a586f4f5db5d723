"""Answers for the page of whoever leads an exercise.

What is pressed there passes the gate like anything else, as the person whom the link was given to:
their role is looked up at each press, and whoever does not lead any more gets what whoever holds a
wrong link gets.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from bot.core.tokens import BadToken, read_press, write_press
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    LedAct,
    LedScreen,
    Links,
    Pressed,
    Receive,
    Sender,
    Submitted,
)
from bot.server.downloads import NotAnswered
from bot.server.screens import ScreenDesk
from dialogs.model.cards import Card
from dialogs.model.events import Look
from dialogs.model.facts import Team
from dialogs.model.links import ProjectLink
from storage.database import Database
from storage.sql import Script
from storage.transactions.reading import NamesAndWords, Reading
from storage.vault import Vault

NamedPeople = tuple[tuple[str, str], ...]


class LeadingDesk:
    """Implements `bot.platforms.common.ports.Leading`."""

    def __init__(
        self,
        database: Database,
        reading: Reading,
        vault: Vault,
        links: Links,
        screens: ScreenDesk,
        receive: Receive,
    ) -> None:
        self._database = database
        self._reading = reading
        self._vault = vault
        self._links = links
        self._screens = screens
        self._receive = receive

    async def look(self, token: str) -> LedScreen | None:
        link = await self._link(token)
        if link is None:
            return None
        answer = await self._seen(link)
        if answer.screen is None:
            return None
        shown = answer.cards[0] if answer.cards else Card(())
        now = self._screens.now()
        return LedScreen(answer.language, answer.screen, shown, answer.form, now)

    async def act(self, token: str, what: Pressed | Submitted) -> LedAct | None:
        link = await self._link(token)
        if link is None or (await self._seen(link)).screen is None:
            return None
        answer = await self._receive(self._delivery(link, what))
        people: NamedPeople = ()
        if answer.form is not None or answer.faults:
            people = await self._database.read(self._people, link)
        return LedAct(answer, self._looks(link, what), people)

    async def versions(self, tokens: Iterable[str]) -> dict[str, int]:
        return await self._screens.versions(tokens, "leading")

    async def _link(self, token: str) -> ProjectLink | None:
        link = await self._links.resolve(token)
        served = link is not None and self._screens.look_of(link, "leading") is not None
        return link if served else None

    async def _seen(self, link: ProjectLink) -> Answer:
        """Return what whoever leads has before them, without a screen if they do not lead."""
        look = self._screens.look_of(link, "leading")
        assert look is not None
        pressed = Pressed(write_press(self._vault, link.tenant, look))
        answer = await self._receive(self._delivery(link, pressed))
        if answer.undone:
            raise NotAnswered
        return answer

    def _delivery(self, link: ProjectLink, what: Pressed | Submitted) -> Delivery:
        key = f"leading:{secrets.token_hex(16)}"
        return Delivery(link.tenant, Sender(link.person), key, what)

    def _looks(self, link: ProjectLink, what: Pressed | Submitted) -> bool:
        if isinstance(what, Submitted):
            return False
        try:
            return isinstance(read_press(self._vault, link.tenant, what.token), Look)
        except BadToken:
            return False

    def _people(self, link: ProjectLink) -> Script[NamedPeople]:
        found = yield from self._reading.look(link.tenant, link.project, (Team(),))
        team: tuple[str, ...] = found[Team()]
        names: NamesAndWords = yield from self._reading.names(link.tenant, link.project, team, ())
        named = ((person, names.people[person].name or person) for person in team)
        return tuple(sorted(named, key=lambda one: one[1]))
