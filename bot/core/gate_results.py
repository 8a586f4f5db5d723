"""What the gate returns: an act that passed, a refusal, or an act whose token was read."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from bot.core.tokens import FormToken
from bot.platforms.common.ports import Sender
from dialogs.model.effects import Response
from dialogs.model.events import Event, Look, Press
from dialogs.model.facts import Prefs, Project, Role, Viewer


class Passed(Struct, frozen=True):
    """What passed the gate: an event or a look, with no more than the engine needs.

    For an unsigned event there is neither viewer nor key: only `form` identifies a second press of
    Send, and only what belongs to a round has a `mark`, a MAC that identifies a second act by the
    same person or, `by_card`, with the same card.
    """

    tenant: str
    project: str
    event: Event | Look
    prefs: Prefs
    viewer: Viewer | None = None
    key: str = ""
    form: str = ""
    mark: str = ""
    by_card: bool = False
    language: str = ""
    people: tuple[Sender, ...] = ()
    about: Project | None = None
    roles: tuple[Role, ...] = ()  # of everybody in the project; not for an unsigned event


class Stopped(Struct, frozen=True):
    """The gate refused, with these words; unless this retries an event that was handled (`key`)."""

    moments: tuple[Response, ...]
    prefs: Prefs
    project: Project | None = None
    key: str = ""
    about: str = ""
    absent: bool = False
    """The person acts in a channel but is not known to be in the project's."""


class IncomingAct(Struct, frozen=True):
    """A delivery after its token was read: the act and its form, or why it is refused."""

    press: Press | None = None
    form: FormToken | None = None
    refused: tuple[Response, ...] = ()


def passed_look(
    tenant: str,
    look: Look,
    prefs: Prefs,
    viewer: Viewer,
    project: Project | None,
    roles: tuple[Role, ...],
) -> Passed:
    return Passed(
        tenant,
        viewer.project,
        msgspec.structs.replace(look, project=viewer.project),
        prefs,
        viewer,
        language=project.language if project else "",
        about=project,
        roles=roles,
    )
