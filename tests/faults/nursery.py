"""A process that has imported everything and forks the real program, so that starting takes no
time.

`python -m tests.faults.nursery` reads `run` (answers with the child's pid; the child prints its
address as usual) and `wait` (answers with the child's exit status). Its words: `tireless` disables
the limits of a person, `crowded` adds forty colleagues with a phone each, and `hasty` lets a round
at a meeting be closed after a second.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
from datetime import timedelta

import app
from bot.core import gate
from bot.core.leases import Leases
from bot.server import settings as digi_settings
from content import catalogue
from dialogs.exercise import short_rounds

PHONES = tuple(f"telefon{n:02}" for n in range(40))


def _crowd() -> None:
    from bot.platforms.web.playground import people

    more = tuple(
        people.Colleague(id, id.title(), people.BothLanguages("Vikar", "Temp"), "member", 0)
        for id in PHONES
    )
    people.PEOPLE = (*people.PEOPLE, *more)  # type: ignore[assignment]
    people._PEOPLE.update({one.id: one for one in more})


def main() -> None:
    faulthandler.enable()
    settings = digi_settings.load()
    loaded = catalogue.load(packs=settings.packs)
    catalogue.load = lambda *_, **__: loaded
    if "crowded" in sys.argv:
        _crowd()
    if "hasty" in sys.argv:
        short_rounds.AT_A_MEETING = timedelta(seconds=1)
    import bot.platforms.web.playground.server  # noqa: F401

    if "tireless" in sys.argv:
        gate.ACTS_A_MINUTE = gate.CODES_AN_HOUR = 10**9
    if settings.postgres is not None:
        # A killed replica's lease expires after this time, shortened for the tests.
        Leases.lease.__defaults__ = (500_000,)
        import storage.postgres.driver  # noqa: F401

    gc.freeze()
    child = 0
    for line in sys.stdin:
        match line.strip():
            case "run":
                child = os.fork()
                if not child:
                    code = app.main([])
                    sys.stdout.flush()
                    os._exit(code)
                print("pid", child, flush=True)
            case "wait":
                _, status = os.waitpid(child, 0)
                print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
