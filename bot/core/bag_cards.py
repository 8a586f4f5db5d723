"""Draws a bag of private letters as one message, and draws that message again later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from bot.core.views import Views
from content.language import Language
from dialogs.model import cards as c
from storage.database import Database
from storage.transactions.letters import BagBody, BagPart, Letter, PostBody, SentBag
from storage.transactions.outbox import Outbox, PostRow

DONE = c.card(c.Paragraph(c.text("letters.done")))
"""Stands where all that a message told of is done."""


class PackedBag(Struct, frozen=True):
    """A bag as it is to be sent. `parts` is empty unless one of them is a standing post: what
    cannot change is not kept."""

    card: c.FinishedCard
    language: Language
    parts: tuple[BagPart, ...]


class BagCards:
    def __init__(self, database: Database, outbox: Outbox, views: Views) -> None:
        self._database = database
        self._outbox = outbox
        self._views = views

    async def packed(self, letters: Iterable[Letter], person: str) -> PackedBag | None:
        """Return what is in the bag, most urgent first; None where all of it is outdated."""
        opened = [(msgspec.json.decode(one.body, type=BagBody), one) for one in letters]
        opened.sort(key=lambda pair: (pair[0].urgency, pair[1].due))
        tenant, parts = "", []
        for body, one in opened:
            tenant = one.tenant
            if body.post is None or await self._is_newest(one, body.post):
                parts.append(BagPart(one.project, body.card, body.post))
        card, language = await self._drawn(tenant, person, parts)
        if not card.parts:
            return None
        kept = tuple(parts) if any(part.post is not None for part in parts) else ()
        return PackedBag(card, language, kept)

    async def again(
        self, tenant: str, person: str, bag: SentBag
    ) -> tuple[c.FinishedCard, Language]:
        """Return the message as it is to be now."""
        drawn = await self._drawn(tenant, person, bag.parts)
        return drawn if drawn[0].parts else await self._views.dress_card(tenant, "", DONE, person)

    async def _is_newest(self, letter: Letter, body: PostBody) -> bool:
        """Return whether no newer post has taken the place of this one."""
        post: PostRow | None = await self._database.read(
            self._outbox.post, letter.tenant, letter.project, body
        )
        return post is not None and post.id == letter.id

    async def _drawn(
        self, tenant: str, person: str, parts: Iterable[BagPart]
    ) -> tuple[c.FinishedCard, Language]:
        language: Language = "da"
        found: list[c.Part[c.Spans]] = []
        for part in parts:
            neutral: Any = None
            if part.post is None:
                neutral = msgspec.json.decode(part.card, type=c.NeutralCard)
            else:
                neutral = await self._views.draw(tenant, part.project, part.post)
            if neutral is None or not neutral.parts:
                continue
            card, language = await self._views.dress_card(tenant, part.project, neutral, person)
            found.extend(card.parts)
        return c.Card(tuple(found)), language
