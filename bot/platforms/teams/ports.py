"""What a way to Teams is: a few calls with plain JSON. Only its maker knows which SDK does them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

from aiohttp import web
from msgspec import Struct

Json = dict[str, Any]
ConversationKind = Literal["personal", "groupChat", "channel"]


class Ref(Struct, frozen=True):
    """Where one speaks: a conversation, the service it is at, and who we are there. No person."""

    service_url: str
    conversation_id: str
    bot_id: str
    tenant_id: str
    kind: ConversationKind = "personal"


class TeamsReply(Struct, frozen=True):
    """What Teams is told at once: an invoke has a body, everything else only a status."""

    body: Any = None
    status: int = 200


OnActivity = Callable[[Json], Awaitable[TeamsReply]]
"""An activity whose sender has proved to be Teams, as it came."""


class CallFailed(Exception):
    """A call to Teams did not do. `status` is 0 where there was no answer, and `arrived` says
    whether it may have done all the same. `code` is the service's own short name for it."""

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
        """POST /api/messages: let in who proves to be Teams, and hand the raw activity on."""
        ...

    async def send(self, ref: Ref, activity: Json) -> str: ...

    async def update(self, ref: Ref, activity_id: str, activity: Json) -> None: ...

    async def open_private(self, ref: Ref, user_id: str) -> Ref: ...

    async def new_thread(self, ref: Ref, channel_id: str, activity: Json) -> Ref:
        """The thread's conversation; its id ends with the id of the message that begins it."""
        ...

    async def send_targeted(self, ref: Ref, user_id: str, activity: Json) -> str:
        """Into a shared conversation, and only this person sees it."""
        ...

    async def members(self, ref: Ref) -> list[Json]:
        """Everybody in a conversation."""
        ...

    async def close(self) -> None: ...
