"""What of a draft no conversation shows: what a button asks first, and buttons of older drafts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from content.catalogue import load
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.effects import Effects, Grant, Show
from dialogs.model.facts import About, Known, Project, Role, Roles
from dialogs.project import cards
from dialogs.project.decide import decide

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
DRAFT = Project(
    id="p", name="Ny omsorgsplatform", channel="C", stage="draft", starter="peter", drafted_at=AT
)
ASKED = (Role("anne", "leader", "asked"), Role("mette", "tr", "asked"))


def shown(by: str, roles: tuple[Role, ...], *, leads: bool) -> tuple[Project, Effects]:
    facts: dict[Any, Any] = {About(): DRAFT, Roles(): roles}
    event = e.ShownInChannel(project="p", by=by, at=AT, id="x", leads=leads)
    after, effects = decide(DRAFT, event, Known(load(), facts))
    return after, effects


def show_buttons(card: c.NeutralCard) -> list[c.Button[c.Line]]:
    return [
        button
        for part in card.parts
        if isinstance(part, c.Buttons)
        for button in part.buttons
        if isinstance(button.press, e.ShownInChannel)
    ]


def test_showing_asks_whoever_leads_for_their_yes_before_it_is_pressed() -> None:
    """The named leader, and whoever started where nobody is named; nobody whose yes is not due."""
    named = show_buttons(cards.draft(DRAFT, ASKED, "anne"))
    alone = show_buttons(cards.draft(DRAFT, (), "peter"))
    other = show_buttons(cards.draft(DRAFT, ASKED, "peter"))
    for [button] in (named, alone):
        assert button.press == e.ShownInChannel(project="p", leads=True)
        assert button.confirm == c.text("project.show_as_leader")
    assert [(b.press, b.confirm) for b in other] == [(e.ShownInChannel(project="p"), None)]


def test_a_press_that_was_not_asked_makes_nobody_leader() -> None:
    """An older draft's button brings the question, in the place of that draft."""
    after, effects = shown("anne", ASKED, leads=False)
    assert after.stage == "draft"
    [show] = effects
    assert isinstance(show, Show)
    assert show.instead
    assert [b.press for b in show_buttons(show.card)] == [e.ShownInChannel(project="p", leads=True)]


def test_a_yes_to_leading_counts_only_from_whoever_may_lead() -> None:
    """Not from a representative who is asked, nor from the starter where another is named."""
    for person in ("mette", "peter"):
        after, effects = shown(person, ASKED, leads=True)
        assert after.stage == "draft"
        assert not [effect for effect in effects if isinstance(effect, Grant)]
    after, effects = shown("anne", ASKED, leads=True)
    assert after.stage == "running"
    assert Grant("anne", "leader", "confirmed") in effects


def test_whoever_has_not_said_yes_to_their_own_role_does_not_show_it() -> None:
    """A leader has said yes; a representative who is only asked answers first."""
    roles = (Role("anne", "leader", "confirmed"), Role("mette", "tr", "asked"))
    after, effects = shown("mette", roles, leads=False)
    assert after.stage == "draft"
    assert effects == (Show(cards.said("project.answer_first")),)
