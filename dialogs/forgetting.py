"""What becomes of the states when a person is erased: beyond the name, which storage takes out."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from dialogs import project_cards
from dialogs.agreement import Agreement
from dialogs.cards import FORMER, NeutralCard, Paragraph, card, text
from dialogs.concern import Concern
from dialogs.events import Person


def without(dialog: str, body: bytes, person: Person) -> bytes:
    """An agreement has nobody any more and may be taken; what was said by name is withdrawn; an
    answer that was promised is owed by all who may give it again."""
    if person.encode() not in body:
        return body
    match dialog:
        case "agreement":
            agreed = msgspec.json.decode(body, type=Agreement)
            if agreed.owner == person:
                free = "offered" if agreed.status == "taken" else agreed.status
                return msgspec.json.encode(replace(agreed, owner="", asked="", status=free))
        case "concern":
            said = msgspec.json.decode(body, type=Concern)
            if said.promised_by == person:
                said = replace(said, promised_by="", promised=None)
            if said.author == person:
                said = replace(said, author=FORMER, status="withdrawn", promised=None)
            return msgspec.json.encode(said)
    return body


def no_longer(role: str) -> NeutralCard:
    """What the channel hears, the same whether anything was written to that person or not."""
    said = project_cards.no_longer(FORMER, role)
    if role not in ("leader", "tr", "amr"):
        return said
    return card(*said.parts, Paragraph(text("project.reader_gone")))
