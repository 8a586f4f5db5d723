"""Shows progress: a bar on a terminal, plain lines everywhere else."""

from __future__ import annotations

from typing import TextIO

_WIDTH = 30


class ProgressLine:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._what = ""

    def at(self, what: str, done: int, of: int) -> None:
        """Show a step on a terminal; elsewhere print a line when a part is finished."""
        if self._terminal:
            if what != self._what and self._what:
                self._out.write("\n")
            filled = _WIDTH if of == 0 else _WIDTH * done // of
            bar = "█" * filled + "·" * (_WIDTH - filled)
            self._out.write(f"\r{what:<14}{bar} {done}/{of}")
        elif done == of:
            self._out.write(f"{what}\t{done}\n")
        self._what = what
        self._out.flush()

    def end(self) -> None:
        if self._terminal and self._what:
            self._out.write("\n")
            self._out.flush()
