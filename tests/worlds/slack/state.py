"""What is in a pretended workplace: people, channels, messages, views, and a clock of its own."""

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
    """Stands still until a test moves it, or follows another clock that the test hands in."""

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
        """Go on by so much; what falls due on the way happens then."""
        target = self.now() + seconds
        while True:
            # Whatever is under way comes first, so that it may ask to be woken.
            await asyncio.sleep(0)
            if not self._due or self._due[0][0] > target:
                break
            at, _, what = heapq.heappop(self._due)
            self._ahead += max(0.0, at - self.now())
            await what()
        self._ahead += target - self.now()

    async def sleep(self, seconds: float) -> None:
        """Digi has waited so long; nothing that Slack waits for falls due because of it."""
        self._ahead += seconds

    async def until(self, seconds: float) -> None:
        """Return when the clock has gone on by so much."""
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
    """Another workspace's, for guests from a shared channel."""
    bot: bool = False
    workflow: bool = False
    """A bot made by somebody's workflow."""
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
    """The person on the other side of a private chat with the bot."""
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
    files: list[Dict] = field(default_factory=list)
    only_for: str = ""
    """An ephemeral message is there for one person, and is not in the channel."""
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
    """What the person has filled in, by block_id and action_id, as state.values has it."""
    errors: dict[str, str] = field(default_factory=dict)
    """What stands under the fields since the last submission, by block_id."""
    origin: str = ""
    """The channel it was opened from."""


@dataclass
class Workspace:
    team: str = "T0PLEJEN"
    name: str = "Plejen"
    enterprise: str = ""
    org_wide: bool = True
    """Installed for the whole organisation, where there is one."""
    token: str = "xoxb-1-plejen"
    refresh: str = ""
    expired: bool = False
    """The token's twelve hours are over: only its refresh token helps."""
    revoked: bool = False
    uninstalled: bool = False
    bot: str = "U0DIGI"
    bot_id: str = "B0DIGI"
    scopes: set[str] = field(
        default_factory=lambda: {
            "commands", "chat:write", "users:read", "channels:read", "groups:read",
            "app_mentions:read", "im:write",
        }
    )  # fmt: skip
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    stacks: dict[str, list[str]] = field(default_factory=dict)
    """Each person's open modals, the topmost last."""
    homes: dict[str, View] = field(default_factory=dict)

    @property
    def is_grid(self) -> bool:
        return bool(self.enterprise) and self.org_wide

    def user(self, id: str, name: str, **more: Any) -> User:
        self.users[id] = User(id, name, **more)
        return self.users[id]

    def channel(self, id: str, name: str, members: list[str], **more: Any) -> Channel:
        """The bot is in it only if it is named among the members."""
        self.channels[id] = Channel(id, name, list(members), **more)
        return self.channels[id]

    def im(self, user: str) -> Channel:
        """The private chat of a person and the bot, opened when it is first asked for."""
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
    """A copy in which every block has a block_id, as Slack gives them."""
    found = copy.deepcopy(blocks)
    for block in found:
        block.setdefault("block_id", fresh())
    return found
