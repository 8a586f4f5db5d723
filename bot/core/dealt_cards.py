"""Who holds a card that was dealt for an exercise: what they may do, and what stands for them."""

from __future__ import annotations

from bot.core.access import is_for_card
from bot.platforms.common.ports import DealtCard
from dialogs.model.events import Look, Press
from dialogs.model.links import CARD_VIEWS, PAGE_VIEWS


def opened(view: str, ref: str, dealt: DealtCard | None) -> Look:
    """Return what an address of a page looks at."""
    if dealt is not None:
        of_card = view if view in CARD_VIEWS else "exercise_card"
        return Look(of_card, ref=dealt.run)  # type: ignore[arg-type]
    return Look(view if view in PAGE_VIEWS else "page", ref=ref)  # type: ignore[arg-type]


def is_of_card(press: Press, dealt: DealtCard) -> bool:
    run = press.ref if isinstance(press, Look) else getattr(press, "run", "")
    return is_for_card(press) and run == dealt.run


def mark_of_card(dealt: DealtCard | None) -> str:
    """Return what stands for a card where a person's id stands for a person."""
    return "" if dealt is None else f":card:{dealt.token}"
