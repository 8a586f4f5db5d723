"""Removes an erased person from conversation states and records."""

from __future__ import annotations

import msgspec

from dialogs.model.cards import FORMER, NeutralCard, Paragraph, card, text
from dialogs.model.events import Person
from dialogs.project import cards as project_cards
from dialogs.registry import CONVERSATIONS


def without(dialog: str, body: bytes, person: Person) -> bytes:
    conversation = CONVERSATIONS.get(dialog)
    if conversation is None or conversation.forgets is None or person.encode() not in body:
        return body
    state = msgspec.json.decode(body, type=conversation.state)
    return msgspec.json.encode(conversation.forgets(state, person))


def no_longer(role: str) -> NeutralCard:
    """Return the message to the channel. It is the same whether or not anybody had written to that
    person."""
    said = project_cards.no_longer(FORMER, role)
    if role not in ("leader", "tr", "amr"):
        return said
    return card(*said.parts, Paragraph(text("project.reader_gone")))
