"""What becomes of the states when a person is erased: beyond the name, which storage takes out."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from dialogs import project_cards
from dialogs.agreement import Agreement
from dialogs.cards import FORMER, NeutralCard
from dialogs.concern import Concern
from dialogs.events import Person


def without(dialog: str, body: bytes, person: Person) -> bytes:
    """An agreement has nobody any more and may be taken; what was said by name is withdrawn."""
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
            if said.author == person:
                gone = replace(said, author=FORMER, status="withdrawn", promised=None)
                return msgspec.json.encode(gone)
    return body


def no_longer(role: str) -> NeutralCard:
    return project_cards.no_longer(FORMER, role)
