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
    buttons,
    card,
    text,
)
from dialogs.model.conversation import Facts, LookResults, Responses
from dialogs.model.documents import document, section
from dialogs.model.effects import Hand, Show
from dialogs.model.events import FileWanted, Look
from dialogs.model.facts import About, EveryProject, Known, MyProjects, Project, Viewer

COUNTED = ("running", "paused", "stopped", "ended")
MONTHS = 3


def load_button(project: str) -> Button[Line]:
    return Button(text("report.load"), Look("change_load", project=project))


def load_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), EveryProject(), MyProjects(viewer.person))


def change_load(look: Look, viewer: Viewer, known: Known) -> Responses:
    project, today, found = _found(viewer, known)
    return (Show(_load_card(project, found, today, known(MyProjects(viewer.person)))),)


def _found(viewer: Viewer, known: Known) -> tuple[Project, date, tuple[Project, ...]]:
    """Return the project, the day, and every project of the workplace in this quarter."""
    project = known.project
    today = local(project.calendar, viewer.at).date()
    found = tuple(one for one in known(EveryProject()) if _meets(one, _first_day(today)))
    return project, today, found


def _quarter(today: date) -> Line:
    return Count((today.month - 1) // MONTHS + 1)


def _year(today: date) -> Line:
    return Words(str(today.year))


def _first_day(today: date) -> date:
    """Return the first day of the quarter."""
    return date(today.year, today.month - (today.month - 1) % MONTHS, 1)


def _meets(project: Project, since: date) -> bool:
    """Return whether the project was under way on this day or later."""
    if project.stage not in COUNTED:
        return False
    ended = project.ended_at
    return ended is None or local(project.calendar, ended).date() >= since


def _here(project: Project, found: tuple[Project, ...]) -> list[Project]:
    """Return those in the same unit; without a unit, those of the same kind of workplace."""
    own = _same(project.unit)
    return [one for one in found if (_same(one.unit) == own if own else _kind(one, project))]


def _counted(
    project: Project, found: tuple[Project, ...], today: date
) -> tuple[Paragraph[Line], ...]:
    """Say how many there are, and of how many it is not known."""
    own, unsaid = _same(project.unit), sum(not _same(one.unit) for one in found)
    where = Words(project.unit) if own else text(f"project.workplace_{project.workplace}")
    said = text(
        "report.load_unit" if own else "report.load_kind",
        n=Count(len(_here(project, found))),
        where=where,
        quarter=_quarter(today),
        year=_year(today),
    )
    return (
        *(() if own else (Paragraph(text("report.load_no_unit")),)),
        Paragraph(said),
        *((Paragraph(text("report.load_unsaid", n=Count(unsaid))),) if own and unsaid else ()),
    )


def _load_card(
    project: Project, found: tuple[Project, ...], today: date, mine: tuple[Project, ...]
) -> NeutralCard:
    others = [one for one in _here(project, found) if one.id != project.id]
    may_know = {one.id for one in mine}
    named = tuple(Words(one.name) for one in others if one.id in may_know)
    rest = len(others) - len(named)
    get = FileWanted(project=project.id, view="change_load_file")
    return card(
        Heading(text("report.load")),
        *_counted(project, found, today),
        Paragraph(text("report.load_named")) if named else None,
        Bullets[Line](named) if named else None,
        Paragraph(text("report.load_rest", n=Count(rest))) if rest else None,
        Small(text("report.load_counts")),
        buttons(Button(text("report.load_get"), get)),
    )


def load_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the figures without the names of other projects: a document is passed on."""
    project, today, found = _found(viewer, known)
    return (
        Hand(
            document(
                title=text("report.load"),
                slug=text("report.load_slug"),
                project=project.name,
                day=today,
                sections=(
                    section(
                        text("report.load_of", quarter=_quarter(today), year=_year(today)),
                        *_counted(project, found, today),
                        Small(text("report.load_counts")),
                        Small(text("report.load_names")),
                    ),
                ),
            )
        ),
    )


def _same(unit: str) -> str:
    """Return a unit's name so that two ways of writing it compare equal."""
    return " ".join(unit.casefold().split())


def _kind(one: Project, project: Project) -> bool:
    return one.workplace == project.workplace
