"""Draws the picture that a link leads to: the phases of its project, as they are now."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from bot.core.localize import Localizer
from bot.documents.pictures import picture_png
from bot.platforms.common.ports import Links
from bot.server.build import House
from content.language import Language
from dialogs.model.calendar import local
from dialogs.model.cards import card
from dialogs.model.facts import About, Known, StateOf
from dialogs.model.pictures import Steps
from dialogs.walk.states import Walk, phase_steps

WALK = StateOf("walk", "walk")
_drawn = lru_cache(maxsize=64)(picture_png)


class PhasePictures:
    """Implements `bot.platforms.web.pictures.Pictures`. One picture is drawn at a time, in a
    thread; whoever else wants one waits."""

    def __init__(self, house: House, links: Links) -> None:
        self._house = house
        self._links = links
        self._drawing = asyncio.Semaphore(1)

    async def png(self, token: str, language: Language) -> bytes | None:
        link = await self._links.resolve(token)
        house = self._house
        if link is None or link.kind != "picture" or not house.views.serves(link.tenant):
            return None
        facts = await house.database.read(
            house.scripts.reading.look, link.tenant, link.project, (About(), WALK)
        )
        known = Known(house.catalogue, facts)
        project = known(About())
        if project is None:
            return None
        localizer = Localizer(
            house.catalogue,
            language,
            tenant=link.tenant,
            mac=house.vault,
            people={},
            words={},
            typed=str,
            today=local(project.calendar, house.clock.now()).date(),
            calendar=project.calendar,
        )
        steps = phase_steps(project, known.state("walk", "walk", Walk), known)
        [picture] = localizer.card(card(steps)).parts
        assert isinstance(picture, Steps)
        async with self._drawing:
            return await asyncio.to_thread(_drawn, picture)
