"""All conversations, one row each, and what is looked up in them."""

from __future__ import annotations

from dialogs import (
    advice,
    agreement,
    concern,
    digest,
    help,
    home,
    person,
    project,
    question,
    say,
    summary,
    trio,
    walk,
)
from dialogs.conversation import Conversation, Instance, Sight
from dialogs.events import Begun, Halted, Signed, SignedEvent, Woke

CONVERSATIONS: dict[str, Conversation] = {
    module.CONVERSATION.name: module.CONVERSATION
    for module in (
        project, person, walk, question, say, concern, agreement, digest, summary, trio, advice,
        help, home,
    )
}  # fmt: skip

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
PROJECT = ("project", "project")


def route(event: SignedEvent) -> tuple[str, str]:
    """The conversation that a signed event belongs to, and the instance of it."""
    match event:
        case Woke(dialog=dialog, of=of):
            return dialog, of
        case Begun(dialog=dialog) | Halted(dialog=dialog):
            return dialog, dialog
    name, instance = ROUTES[type(event)]
    return name, instance(event)
