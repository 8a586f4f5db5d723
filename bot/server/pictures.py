"""Draws the pictures that a link leads to: the phases of its project, as they are now, and the
results of its surveys."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from bot.core.localize import Localizer
from bot.documents.pictures import picture_png
from bot.platforms.common.ports import Links
from bot.server.build import House
from content.language import Language
from dialogs.exercise import survey
from dialogs.exercise.states import ALL_RUNS
from dialogs.model.calendar import local
from dialogs.model.cards import Line, card
from dialogs.model.documents import Picture
from dialogs.model.facts import About, Known, Project, StateOf
from dialogs.model.pictures import Chart, Steps
from dialogs.walk.states import Walk, phase_steps

WALK = StateOf("walk", "walk")
_drawn = lru_cache(maxsize=64)(picture_png)


class ProjectPictures:
    """Implements `bot.platforms.web.pictures.Pictures`. One picture is drawn at a time, in a
    thread; whoever else wants one waits."""

    def __init__(self, house: House, links: Links) -> None:
        self._house = house
        self._links = links
        self._drawing = asyncio.Semaphore(1)

    async def png(self, token: str, of: str, language: Language) -> bytes | None:
        link = await self._links.resolve(token)
        house = self._house
        if link is None or link.kind != "picture" or not house.views.serves(link.tenant):
            return None
        needs = (About(), WALK, ALL_RUNS) if of else (About(), WALK)
        facts = await house.database.read(
            house.scripts.reading.look, link.tenant, link.project, needs
        )
        known = Known(house.catalogue, facts)
        project = known(About())
        if project is None:
            return None
        chosen = _chosen(project, of, known)
        if chosen is None:
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
        [picture] = localizer.card(card(chosen)).parts
        assert isinstance(picture, Steps | Chart)
        async with self._drawing:
            return await asyncio.to_thread(_drawn, picture)


def _chosen(project: Project, of: str, known: Known) -> Picture[Line] | None:
    """Return the picture of the survey round `of`, or of the phases; None if there is none."""
    if of:
        return survey.chart_of(of, known)
    return phase_steps(project, known.state("walk", "walk", Walk), known)
