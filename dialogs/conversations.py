"""All conversations by name, and all sights by theirs."""

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
from dialogs.conversation import Conversation, Sight

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
