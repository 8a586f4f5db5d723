"""Digi: `python app.py` serves it, `python app.py --help` says what else it does."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # while this is loaded

import sys

from bot.cli.commands import main
from bot.server.build import House, build

__all__ = ["House", "build", "main"]

if __name__ == "__main__":
    sys.exit(main())
