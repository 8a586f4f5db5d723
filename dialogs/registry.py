"""The registry of all conversations, and look-ups in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from dialogs.advice import decide as advice
from dialogs.agreement import decide as agreement
from dialogs.concern import decide as concern
from dialogs.download import decide as download
from dialogs.exercise import decide as exercise
from dialogs.help import decide as help
from dialogs.home import decide as home
from dialogs.keepsake import decide as keepsake
from dialogs.med import decide as med
from dialogs.model.commands import Empty, Misspelt, Parsed, Recognised
from dialogs.model.conversation import Conversation, Instance, Sight, UnsignedPart
from dialogs.model.events import Begun, Halted, Look, Press, Signed, SignedEvent, Unsigned, Woke
from dialogs.overview import decide as digest
from dialogs.page import decide as page
from dialogs.person import decide as person
from dialogs.project import decide as project
from dialogs.promise import decide as promise
from dialogs.question import decide as question
from dialogs.report import decide as report
from dialogs.results import decide as results
from dialogs.say import decide as say
from dialogs.sheet import decide as sheet
from dialogs.summary import decide as summary
from dialogs.trio import decide as trio
from dialogs.walk import decide as walk

CONVERSATIONS: dict[str, Conversation] = {
    module.CONVERSATION.name: module.CONVERSATION
    for module in (
        project,
        person,
        walk,
        question,
        concern,
        agreement,
        digest,
        summary,
        trio,
        med,
        promise,
        keepsake,
        say,
        results,
        advice,
        exercise,
        page,
        sheet,
        report,
        download,
        help,
        home,
    )
}

SIGHTS: dict[str, Sight] = {
    view: sight
    for conversation in CONVERSATIONS.values()
    for view, sight in conversation.sights.items()
}

ROUTES: dict[type[Signed], tuple[str, Instance]] = {
    event: (conversation.name, instance)
    for conversation in CONVERSATIONS.values()
    for event, instance in conversation.events.items()
}
UNSIGNED: dict[type[Unsigned], UnsignedPart] = {
    event: conversation.unsigned
    for conversation in CONVERSATIONS.values()
    if conversation.unsigned is not None
    for event in conversation.unsigned.events
}
IN_ROUNDS = frozenset(event for event, part in UNSIGNED.items() if event in part.in_rounds)
COMMANDS: dict[str, Callable[[Recognised], Press]] = {
    command: press
    for conversation in CONVERSATIONS.values()
    for command, press in conversation.commands.items()
}
WITH_TIMERS = tuple(one.name for one in CONVERSATIONS.values() if one.has_timers)
PROJECT = ("project", "project")


def route(event: SignedEvent) -> tuple[str, str]:
    """Return the conversation and the instance that decide a signed event."""
    match event:
        case Woke(dialog=dialog, of=of):
            return dialog, of
        case Begun(dialog=dialog) | Halted(dialog=dialog):
            return dialog, dialog
    name, instance = ROUTES[type(event)]
    return name, instance(event)


def pressed_by_words(parsed: Parsed) -> Press:
    """Return the press for a typed command. Text after a private command is already dropped."""
    match parsed:
        case Empty(had_words=had_words):
            return Look("help", ref="words" if had_words else "")
        case Misspelt(nearest=None, had_words=had_words):
            return Look("help", ref="words" if had_words else "unknown")
        case Misspelt(word=word, nearest=nearest, had_words=had_words):
            return Look("unknown", ref=nearest or "", words="" if had_words else word)
        case Recognised(command=command):
            return COMMANDS[command](parsed)
        case _:
            assert_never(parsed)


def opens_pool(event: SignedEvent) -> bool:
    """Return whether deciding this event may open the pool of unsigned texts."""
    if isinstance(event, Woke):
        return CONVERSATIONS[event.dialog].timers_open_pool
    name, _ = route(event)
    return type(event) in CONVERSATIONS[name].opens_pool
