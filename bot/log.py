"""The log is an allow-list: ids of letters, names of outcomes, never words or people."""

from __future__ import annotations

import logging
import sys

NOISY = (
    "aiohttp", "asyncio", "slack_bolt", "slack_sdk", "botbuilder", "botframework", "msrest",
    "msal", "urllib3", "sqlite_utils", "psycopg",
)  # fmt: skip


class Log:
    def __init__(self, level: str = "info") -> None:
        self._log = logging.getLogger("digi")
        self.failures: list[tuple[str, str]] = []  # the newest, for /metrics and for tests
        self._log.setLevel(level.upper())
        self._log.propagate = False
        if not self._log.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            self._log.addHandler(handler)
        for name in NOISY:
            # No level that anybody sets makes these print bodies.
            noisy = logging.getLogger(name)
            noisy.setLevel(logging.ERROR)
            noisy.propagate = False
            noisy.handlers = [_Redacted()]

    def started(self, what: str) -> None:
        self._log.info("%s", what)

    def failed(self, what: str, kind: str, *, letter: str = "") -> None:
        """`kind` is the name of an error's type or a reason of our own, never its text."""
        self.failures = [*self.failures[-99:], (what, kind)]
        self._log.warning("%s failed: %s%s", what, kind, f" ({letter})" if letter else "")


class _Redacted(logging.Handler):
    """Says that a library complained, and of what kind; not what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        print(f"{record.levelname} {record.name} {kind}".rstrip(), file=sys.stderr)
