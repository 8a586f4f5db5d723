"""The state of a simulated workspace: people, channels, messages, views and a clock."""

from __future__ import annotations

import asyncio
import copy
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Dict = dict[str, Any]
BEGINNING = 1_793_606_400.0
"""2 November 2026 at 08:00 UTC."""


class Clock:
    """A fake clock, which only a test moves, or which follows another clock."""

    def __init__(self, source: Callable[[], float] = lambda: BEGINNING) -> None:
        self._source = source
        self._ahead = 0.0
        self._due: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._count = itertools.count()

    def now(self) -> float:
        return self._source() + self._ahead

    def later(self, seconds: float, what: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._due, (self.now() + seconds, next(self._count), what))

    async def advance(self, seconds: float) -> None:
        """Advance the clock and run everything that becomes due on the way."""
        target = self.now() + seconds
        while True:
            # First let pending tasks run, so that they can register their waits.
            await asyncio.sleep(0)
            if not self._due or self._due[0][0] > target:
                break
            at, _, what = heapq.heappop(self._due)
            self._ahead += max(0.0, at - self.now())
            await what()
        self._ahead += target - self.now()

    async def sleep(self, seconds: float) -> None:
        """Digi's sleep. It moves the time without triggering Slack's timeouts."""
        self._ahead += seconds

    async def until(self, seconds: float) -> None:
        """Wait until the clock has advanced by this many seconds."""
        there = asyncio.Event()

        async def ring() -> None:
            there.set()

        self.later(seconds, ring)
        await there.wait()


@dataclass
class User:
    id: str
    name: str
    locale: str = "da-DK"
    tz: str = "Europe/Copenhagen"
    team: str = ""
    """The person's own workspace, for guests in a shared channel."""
    bot: bool = False
    workflow: bool = False
    """A bot that belongs to a workflow."""
    deleted: bool = False
    guest: bool = False


@dataclass
class Channel:
    id: str
    name: str
    members: list[str] = field(default_factory=list)
    private: bool = False
    archived: bool = False
    im: str = ""
    """The other person of a private chat with the bot."""
    shared: bool = False


@dataclass
class Message:
    ts: str
    channel: str
    text: str
    blocks: list[Dict]
    user: str
    thread_ts: str = ""
    metadata: Dict | None = None
    only_for: str = ""
    """The person who sees an ephemeral message, which is not stored in the channel."""
    deleted: bool = False
    changed: int = 0
    versions: int = 1


@dataclass
class View:
    id: str
    user: str
    body: Dict
    hash: str = ""
    root: str = ""
    previous: str = ""
    typed: dict[tuple[str, str], Dict] = field(default_factory=dict)
    """Typed values by block_id and action_id, in the format of state.values."""
    errors: dict[str, str] = field(default_factory=dict)
    """Errors of the last submission, by block_id."""
    origin: str = ""
    """The channel in which the modal was opened."""


@dataclass
class Workspace:
    team: str = "T0PLEJEN"
    name: str = "Plejen"
    enterprise: str = ""
    org_wide: bool = True
    """Digi is installed for the whole organisation."""
    token: str = "xoxb-1-plejen"
    refresh: str = ""
    expired: bool = False
    """The token has expired; only the refresh token is valid."""
    revoked: bool = False
    uninstalled: bool = False
    bot: str = "U0DIGI"
    bot_id: str = "B0DIGI"
    scopes: set[str] = field(
        default_factory=lambda: {
            "commands",
            "chat:write",
            "users:read",
            "channels:read",
            "groups:read",
            "app_mentions:read",
            "im:write",
        }
    )
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    stacks: dict[str, list[str]] = field(default_factory=dict)
    """Each person's open modals, the top one last."""
    homes: dict[str, View] = field(default_factory=dict)

    @property
    def is_grid(self) -> bool:
        return bool(self.enterprise) and self.org_wide

    def user(self, id: str, name: str, **more: Any) -> User:
        self.users[id] = User(id, name, **more)
        return self.users[id]

    def channel(self, id: str, name: str, members: list[str], **more: Any) -> Channel:
        """Create a channel. The bot is a member only if it is listed."""
        self.channels[id] = Channel(id, name, list(members), **more)
        return self.channels[id]

    def im(self, user: str) -> Channel:
        """Return the private chat of a person and the bot, and create it if necessary."""
        id = f"D{user[1:]}"
        if id not in self.channels:
            self.channels[id] = Channel(id, "directmessage", [user, self.bot], im=user)
        return self.channels[id]

    def message(self, channel: str, ts: str) -> Message | None:
        for message in self.messages:
            if (message.channel, message.ts) == (channel, ts) and not message.deleted:
                return message
        return None

    def top(self, user: str) -> View | None:
        stack = self.stacks.get(user, [])
        return self.views[stack[-1]] if stack else None


def with_ids(blocks: list[Dict], fresh: Callable[[], str]) -> list[Dict]:
    """Return a copy in which every block has a block_id, as Slack returns them."""
    found = copy.deepcopy(blocks)
    for block in found:
        block.setdefault("block_id", fresh())
    return found
