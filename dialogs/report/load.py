"""The change load: how many technology projects meet a unit in the same quarter.

Only readers for the committee see it. It counts projects and tells of no people; a project is named
only to a reader who is in it or has a role in it.
"""

from __future__ import annotations

from datetime import date

from dialogs.model.calendar import local
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Small,
    Words,
    card,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Show
from dialogs.model.events import Look
from dialogs.model.facts import About, EveryProject, Known, MyProjects, Project, Viewer

COUNTED = ("running", "paused", "stopped", "ended")
MONTHS = 3


def load_button(project: str) -> Button[Line]:
    return Button(text("report.load"), Look("change_load", project=project))


def load_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), EveryProject(), MyProjects(viewer.person))


def change_load(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known.project
    today = local(project.calendar, viewer.at).date()
    found = tuple(one for one in known(EveryProject()) if _meets(one, _first_day(today)))
    return (Show(_load_card(project, found, today, known(MyProjects(viewer.person)))),)


def _first_day(today: date) -> date:
    """Return the first day of the quarter."""
    return date(today.year, today.month - (today.month - 1) % MONTHS, 1)


def _meets(project: Project, since: date) -> bool:
    """Return whether the project was under way on this day or later."""
    if project.stage not in COUNTED:
        return False
    ended = project.ended_at
    return ended is None or local(project.calendar, ended).date() >= since


def _load_card(
    project: Project, found: tuple[Project, ...], today: date, mine: tuple[Project, ...]
) -> NeutralCard:
    own = _same(project.unit)
    here = [one for one in found if (_same(one.unit) == own if own else _kind(one, project))]
    others = [one for one in here if one.id != project.id]
    may_know = {one.id for one in mine}
    named = tuple(Words(one.name) for one in others if one.id in may_know)
    rest = len(others) - len(named)
    unsaid = sum(not _same(one.unit) for one in found)
    quarter = Count((today.month - 1) // MONTHS + 1)
    n, year = Count(len(here)), Words(str(today.year))
    where = Words(project.unit) if own else text(f"project.workplace_{project.workplace}")
    key = "report.load_unit" if own else "report.load_kind"
    return card(
        Heading(text("report.load")),
        None if own else Paragraph(text("report.load_no_unit")),
        Paragraph(text(key, n=n, where=where, quarter=quarter, year=year)),
        Paragraph(text("report.load_named")) if named else None,
        Bullets[Line](named) if named else None,
        Paragraph(text("report.load_rest", n=Count(rest))) if rest else None,
        Paragraph(text("report.load_unsaid", n=Count(unsaid))) if own and unsaid else None,
        Small(text("report.load_counts")),
    )


def _same(unit: str) -> str:
    """Return a unit's name so that two ways of writing it compare equal."""
    return " ".join(unit.casefold().split())


def _kind(one: Project, project: Project) -> bool:
    return one.workplace == project.workplace
