"""Reads the files of a server that is running and may delete some of them meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path


def files_below(place: Path) -> Iterator[Path]:
    """Yield the files of a folder and of all below it, or the file itself."""
    if not place.is_dir():
        yield place
    for folder, _, names in os.walk(place):  # unlike rglob, it passes over a folder that has gone
        for name in names:
            yield Path(folder, name)


def contents(paths: Iterable[Path]) -> list[bytes]:
    """Read the files, without those that are gone."""
    found = []
    for path in paths:
        with suppress(FileNotFoundError):
            if path.is_file():
                found.append(path.read_bytes())
    return found
