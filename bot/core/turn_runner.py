"""Runs one signed event's transaction, and tells those who wait for what it did."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Literal, TypeVar

from bot.clock import Clock
from bot.core.dialogs import Dialogs
from bot.core.listeners import Listeners
from bot.core.release_fence import ReleaseFence
from bot.core.tally import Tally
from dialogs.model.events import Person, Undelivered, Unreached, Woke
from dialogs.registry import opens_pool
from storage.database import Database
from storage.sql import Conflict, Script, StoreError, Unsure
from storage.transactions.letters import Letter
from storage.transactions.turns import Telling, Turn, TurnOutcome, Turns
from storage.vault import Vault

T = TypeVar("T")

ATTEMPTS = 5


class TurnRunner:
    def __init__(
        self,
        database: Database,
        turns: Turns,
        dialogs: Dialogs,
        vault: Vault,
        clock: Clock,
        *,
        fence: ReleaseFence,
        tally: Tally,
        listeners: Listeners,
    ) -> None:
        self._database = database
        self._turns = turns
        self._dialogs = dialogs
        self._vault = vault
        self._clock = clock
        self._fence = fence
        self._tally = tally
        self._listeners = listeners

    async def run(
        self, turn: Turn, script: Callable[[Turn, Dialogs], Script[tuple[TurnOutcome, T]]]
    ) -> T:
        """Run one signed event's transaction, retried as a whole after a conflict."""
        self._tally.turns += 1
        # An event that opens the pool commits alone, and the log is emptied before anybody is told.
        sealed = opens_pool(turn.event)
        run = self._database.tx_sealed if sealed else self._database.tx
        with self._fence.opens(turn.tenant) if sealed else nullcontext():
            for attempt in range(ATTEMPTS):
                try:
                    outcome, more = await run(script, turn, self._dialogs)
                    break
                except Conflict:
                    if attempt == ATTEMPTS - 1:
                        raise
        with after_commit():
            if outcome.pooled and not sealed:
                self._fence.left_traces()
                with suppress(StoreError):
                    await self._fence.empty()
            if outcome.wrote:
                self._listeners.letters_written(turn.tenant)
            self._listeners.changed(turn.tenant, turn.project)
        found: T = more
        return found

    async def woke(self, turn: Turn) -> None:
        """Run a timer's event; nobody waits for its answer."""
        assert isinstance(turn.event, Woke)
        await self.run(turn, self._timer_script)

    async def unreached(self, tenant: str, project: str, person: Person) -> None:
        """Tell the project that a person cannot be reached; it decides who else hears of it."""
        now = self._clock.now()
        once = f"unreached|{tenant}|{project}|{person}|{now.date().isoformat()}"
        key = self._vault.mac(once.encode())
        event = Unreached(project=project, person=person, at=now, id=uuid.uuid4().hex)
        await self.run(Turn(tenant, project, key, event, now), self._timer_script)

    def _timer_script(self, turn: Turn, dialogs: Dialogs) -> Script[tuple[TurnOutcome, None]]:
        return (yield from self._turns.run(turn, dialogs)), None

    def telling(self, letter: Letter, what: Literal["message", "private", "channel"]) -> Telling:
        """Return the turn that tells a project's leader about an undelivered message."""
        at = self._clock.now()
        id = f"undelivered:{letter.id}:{letter.token}"
        event = Undelivered(project=letter.project, at=at, id=id, what=what)
        return Turn(letter.tenant, letter.project, id, event, at), self._dialogs


@contextmanager
def after_commit() -> Iterator[None]:
    """Wraps what follows a commit: a failure becomes Unsure, so that nobody is told that nothing
    was kept."""
    try:
        yield
    except Exception as error:
        raise Unsure(type(error).__name__) from error
