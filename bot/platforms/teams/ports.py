"""The port to Teams' service: a few calls with plain JSON. The implementation hides the SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

from aiohttp import web
from msgspec import Struct

Json = dict[str, Any]
ConversationKind = Literal["personal", "groupChat", "channel"]
AppType = Literal["MultiTenant", "SingleTenant", "UserAssignedMSI"]
"""How the bot is registered with Microsoft."""


class Ref(Struct, frozen=True):
    """Where to post: a conversation, its service URL, and Digi's id there. It names no person."""

    service_url: str
    conversation_id: str
    bot_id: str
    tenant_id: str
    kind: ConversationKind = "personal"


class TeamsReply(Struct, frozen=True):
    """The HTTP response to Teams. An invoke needs a body; everything else only a status."""

    body: Any = None
    status: int = 200


OnActivity = Callable[[Json], Awaitable[TeamsReply]]
"""Handles an authenticated activity, given as unchanged JSON."""


class CallFailed(Exception):
    """A call to Teams failed. `status` is 0 if there was no answer; `arrived` then says whether the
    call may have been executed all the same. `code` is the service's error code."""

    def __init__(
        self,
        status: int,
        code: str = "",
        *,
        retry_after: float | None = None,
        arrived: bool = False,
    ) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.arrived = arrived


class Transport(Protocol):
    async def handle(self, request: web.Request) -> web.Response:
        """Handle POST /api/messages: authenticate the request and pass the raw activity on."""
        ...

    async def send(self, ref: Ref, activity: Json) -> str: ...

    async def update(self, ref: Ref, activity_id: str, activity: Json) -> None: ...

    async def open_private(self, ref: Ref, user_id: str) -> Ref: ...

    async def new_thread(self, ref: Ref, channel_id: str, activity: Json) -> Ref:
        """Start a thread in a channel, and return its conversation. The id ends with that of its
        first message."""
        ...

    async def send_targeted(self, ref: Ref, user_id: str, activity: Json) -> str:
        """Send a message into a shared conversation that only this person sees."""
        ...

    async def update_targeted(self, ref: Ref, activity_id: str, activity: Json) -> None:
        """Replace a message that only one person sees. Teams deletes it after a day."""
        ...

    async def members(self, ref: Ref) -> list[Json]:
        """Return all members of a conversation."""
        ...

    async def close(self) -> None: ...
