"""The conversations behind the interface that a turn's script uses (`Decider`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bot.core.tokens import EVENTS
from content.model import Catalogue
from dialogs.model.cards import NeutralCard
from dialogs.model.conversation import Conversation
from dialogs.model.effects import Effect, Response
from dialogs.model.events import SignedEvent
from dialogs.model.facts import Fact, Known, Written, reader
from dialogs.registry import CONVERSATIONS, WITH_TIMERS, route
from storage.transactions.letters import BagBody, PostBody, SayBody, TimerBody


class Dialogs:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def route(self, event: SignedEvent) -> tuple[str, str]:
        return route(event)

    def with_timers(self) -> tuple[str, ...]:
        return WITH_TIMERS

    def needs(
        self, dialog: str, state: Written | None, event: SignedEvent
    ) -> tuple[Fact[Any], ...]:
        conversation = CONVERSATIONS[dialog]
        return conversation.needs(read_state(conversation, state), event)

    def decide(
        self, dialog: str, state: Written | None, event: SignedEvent, found: Mapping[Fact[Any], Any]
    ) -> tuple[bytes | None, tuple[Effect | Response, ...]]:
        conversation = CONVERSATIONS[dialog]
        before = read_state(conversation, state)
        after, effects = conversation.decide(before, event, Known(self._catalogue, found))
        if after is before:
            return state, effects
        return None if after is None else msgspec.json.encode(after), effects


def read_state(conversation: Conversation, state: Written | None) -> Any:
    return None if state is None else state.read_as(conversation.state)


def know_types() -> None:
    """Build all msgspec decoders now: msgspec analyses a type at its first use, and two threads
    that do so at once crash the process."""
    for conversation in CONVERSATIONS.values():
        reader(conversation.state)
    for kind in (*EVENTS.values(), NeutralCard, BagBody, PostBody, SayBody, TimerBody):
        reader(kind)
