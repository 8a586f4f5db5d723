"""Writes a project's report as files, for an operator who was asked for it.

The report is what the project's own people get from Digi: it holds only what the channel may read.
Nothing of it is printed or logged.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from bot.clock import Clock
from bot.core.card_references import wanted
from bot.core.localize import Localizer
from bot.documents.files import Drawable, drawables
from bot.server.upkeep import NotThere
from content.model import Catalogue
from dialogs.model.calendar import local
from dialogs.model.effects import Hand
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Viewer
from dialogs.model.files import FinishedFile, NeutralFile
from dialogs.registry import SIGHTS
from storage.database import Database
from storage.sql import Script
from storage.transactions.reading import NamesAndWords
from storage.transactions.store import Scripts
from storage.vault import Vault

LISTED = "`python app.py projects` lists them"


class ReportFiles:
    def __init__(
        self, database: Database, scripts: Scripts, vault: Vault, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._database = database
        self._scripts = scripts
        self._vault = vault
        self._catalogue = catalogue
        self._clock = clock

    async def write(self, project: str, folder: Path) -> str:
        """Write the report in each format, and return where it lies."""
        tenant, project = await self._database.read(self._place, project)
        files = await self._database.read(self._report, tenant, project)
        names = await asyncio.to_thread(_written, drawables(files, self._clock.now()), folder)
        return "\n".join((f"wrote the report of project {project} to {folder}:", *names))

    def _place(self, project: str) -> Script[tuple[str, str]]:
        rows = yield "project_every", {}
        if not rows:
            raise NotThere("there is no project yet: people start one in Digi")
        found = [row for row in rows if row["id"] == project] if project else rows
        if not found:
            raise NotThere(f"there is no project {project}: {LISTED}")
        if len(found) > 1:
            raise NotThere(f"there are {len(found)} projects: name the one you mean; {LISTED}")
        return found[0]["tenant"], found[0]["id"]

    def _report(self, tenant: str, project: str) -> Script[tuple[FinishedFile, ...]]:
        look, viewer = Look("report_file", project=project), Viewer("", at=self._clock.now())
        sight = SIGHTS[look.view]
        found = yield from self._scripts.reading.look(tenant, project, sight.needs(look, viewer))
        if found[About()] is None:
            raise NotThere(f"there is no project {project}: {LISTED}")
        shown = sight.show(look, viewer, Known(self._catalogue, found))
        handed = [one.file for one in shown if isinstance(one, Hand)]
        if not handed:
            raise NotThere(
                f"project {project} is a draft: it has a report once it is shown in its channel"
            )
        people, kept = wanted(handed)
        names: NamesAndWords = yield from self._scripts.reading.names(tenant, project, people, kept)
        return self._finished(tenant, handed[0], names)

    def _finished(
        self, tenant: str, file: NeutralFile, names: NamesAndWords
    ) -> tuple[FinishedFile, ...]:
        project = names.project
        assert project is not None
        localizer = Localizer(
            self._catalogue,
            project.language,
            tenant=tenant,
            mac=self._vault,
            people=names.people,
            words=names.words,
            typed=lambda command: command,
            today=local(project.calendar, self._clock.now()).date(),
            calendar=project.calendar,
            committee=project.committee,
        )
        return localizer.files(file, project.language)


def _written(files: Iterable[Drawable], folder: Path) -> list[str]:
    """Write the files for their owner alone, and return their names."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = []
    for one in files:
        drawn = one.draw()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(folder / one.name, flags, 0o600), "wb") as out:
            out.write(drawn)
        names.append(one.name)
    return names
