"""Writes the proof of a deletion: a short document in Danish and English that names nobody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from content.language import Language
from content.model import Catalogue
from storage.tombstones import Tombstone
from storage.transactions.erasure_progress import Erased


class Cleansed(Struct, frozen=True):
    """What was done to the backups after a deletion."""

    backups: int = 0
    left: int = 0  # number of backups that could not be opened


def proof(
    catalogue: Catalogue,
    stones: Iterable[Tombstone],
    cleansed: Cleansed | None,
    at: datetime,
    erased: Mapping[str, Erased],
    kept: Mapping[str, datetime],
) -> str:
    """Return the proof as Markdown, Danish first.

    Without `cleansed`, the proof says that the files are still to be cleared. `erased` has the
    counts for people, by the tombstone's id; `kept` says until when something outlives a project.
    """
    found = tuple(stones)
    people = tuple(erased[one.id] for one in found if one.id in erased)
    return "\n\n".join(
        _in(catalogue, language, found, cleansed, at, people, kept) for language in ("da", "en")
    )


def _in(
    catalogue: Catalogue,
    language: Language,
    stones: tuple[Tombstone, ...],
    cleansed: Cleansed | None,
    at: datetime,
    erased: tuple[Erased, ...],
    kept: Mapping[str, datetime],
) -> str:
    def said(key: str, **args: object) -> str:
        return catalogue.phrase(f"proof.{key}").of(language).format(**args)

    lines = [said("day", day=at.date().isoformat())]
    for one in erased:
        lines += _of_person(one, said)
    if erased:
        lines.append(said("person_kept"))
    for stone in stones:
        if stone.kind == "project":
            lines.append(said("project", id=stone.id))
            if stone.id in kept:
                until = kept[stone.id].date().isoformat()
                lines.append(said("kept", id=stone.id, until=until))
    gone = sum(one.kind == "keepsake" for one in stones)
    if gone:
        lines.append(said("kept_gone", n=gone))
    own = sum(one.kind in ("published", "mine") for one in stones)
    if own:
        lines.append(said("other", n=own))
    if any(one.kind not in ("project", "keepsake") for one in stones):
        lines.append(said("named_only"))
    if cleansed is None:
        lines.append(said("tonight"))
    else:
        lines.append(said("files"))
        lines.append(said("backups", n=cleansed.backups, left=cleansed.left))
    lines.append(said("copies"))
    lines += [said("stone", id=one.id) for one in stones if one.kind in ("project", "person")]
    title = said("title" if cleansed is not None else "title_first")
    return f"# {title}\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def file_proof(folder: Path, at: datetime, text: str) -> None:
    """Write the proof into a new file named by the date."""
    folder.mkdir(mode=0o700, exist_ok=True)
    first = folder / f"{at:%Y-%m-%d}.md"
    number, path = 1, first
    while path.exists():
        number += 1
        path = first.with_name(f"{first.stem}-{number}.md")
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(text)


def _of_person(one: Erased, said: Callable[..., str]) -> list[str]:
    lines = [said("person")]
    what = ", ".join(f"{n} {said(f'kind_{kind}')}" for kind, n in one.gone.items())
    lines.append(said("gone", what=what) if what else said("nothing"))
    if one.unnamed:
        lines.append(said("without", n=one.unnamed))
    # Always the same sentence: whether anybody wrote to this person without a name stays secret.
    lines.append(said("reader"))
    if one.led:
        lines.append(said("led", n=one.led))
    return lines
