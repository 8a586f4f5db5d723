"""The log, as an allow-list: ids of letters and kinds of failures, never texts or people."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import resource
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any

# Libraries that log data passing through them: at INFO, WARNING or DEBUG, or in an exception's
# text.
NOISY = frozenset(
    {
        "adaptivecards",
        "aiohttp",
        "asyncio",
        "botbuilder",
        "botframework",
        "concurrent",
        "httpcore",
        "httpx",
        "msal",
        "msrest",
        "oauthlib",
        "psycopg",
        "requests",
        "requests_oauthlib",
        "slack_bolt",
        "slack_sdk",
        "sqlite_utils",
        "urllib3",
        "websockets",
    }
)
PR_SET_DUMPABLE = 4


class Log:
    def __init__(self, level: str = "info") -> None:
        self._log = logging.getLogger("digi")
        self.failures: list[tuple[str, str]] = []  # the newest, for tests
        self.failed_times = 0
        self._log.setLevel(level.upper())
        self._log.propagate = False
        if not self._log.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            self._log.addHandler(handler)
        redact_libraries()

    def started(self, what: str) -> None:
        self._log.info("%s", what)

    def failed(self, what: str, kind: str, *, letter: str = "") -> None:
        """`kind` is the name of an error's type or a reason of our own, never its text."""
        self.failures = [*self.failures[-99:], (what, kind)]
        self.failed_times += 1
        self._log.warning("%s failed: %s%s", what, kind, f" ({letter})" if letter else "")


# --- libraries ----------------------------------------------------------------------------


def redact_libraries() -> None:
    """Set libraries' loggers to ERROR and empty every record they make, whatever level or handler
    somebody gives them later."""
    if getattr(logging.getLogRecordFactory(), "digi", False):
        return
    made = logging.getLogRecordFactory()

    def redacted(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        if record.name.partition(".")[0] in NOISY:
            error = record.exc_info[0] if record.exc_info else None
            record.msg = error.__name__ if error is not None else "(not written down)"
            record.args = None
            record.exc_info = record.exc_text = record.stack_info = None
        return record

    redacted.digi = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(redacted)
    for name in NOISY:
        noisy = logging.getLogger(name)
        noisy.setLevel(logging.ERROR)
        noisy.propagate = False
        noisy.handlers = [_Named()]


class _Named(logging.Handler):
    """Logs that a library reported something and its type, without the text."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "" if record.msg.startswith("(") else f" {record.msg}"
        print(f"{record.levelname} {record.name}{kind}", file=sys.stderr)


# --- the process --------------------------------------------------------------------------


def close_up() -> None:
    """Keep people's words out of what a crash leaves: no core dump, no memory readable by other
    processes of the user, no error texts in tracebacks."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    unraisable = sys.unraisablehook
    sys.unraisablehook = lambda args: (
        unraisable(args)
        if args.exc_type is KeyboardInterrupt
        else _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    )
    with suppress(RuntimeError):
        asyncio.get_running_loop().set_exception_handler(_in_the_loop)


def _in_the_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, BaseException):
        _uncaught(type(error), error, error.__traceback__)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    print("\n".join((*places(trace), kind.__name__)), file=sys.stderr)


def places(trace: TracebackType | None) -> list[str]:
    """Return the lines of a traceback without the exception's text."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"  {code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found
