"""What somebody sees of the walk: status, plan, more questions, themes."""

from __future__ import annotations

from dialogs.agreement.states import Agreement
from dialogs.home.states import waiting_needs
from dialogs.model.cards import (
    Choice,
    Form,
    Line,
    Option,
    TextField,
    text,
)
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import (
    Open,
    Show,
)
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, StateOf, States, Viewer
from dialogs.outcomes.states import TABLE_WORDS
from dialogs.question.states import all_of
from dialogs.walk import cards as v
from dialogs.walk import status, themes
from dialogs.walk.states import (
    RUNS,
    Walk,
)

LONGEST = 200


def not_there_yet(known: Known) -> Responses:
    """Answer an event before the project starts, when there is no plan."""
    stopped = v.not_running(known.project)
    return () if stopped is None else (Show(stopped),)


WALK = StateOf("walk", "walk")


def _walk(known: Known) -> Walk | None:
    return known.state("walk", "walk", Walk)


def look_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), WALK)


def questions_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), WALK, States("question"))


def status_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), WALK, *TABLE_WORDS, *waiting_needs(viewer.person))


def _start(look: Look) -> int:
    return int(look.ref) if look.ref.isascii() and look.ref.isdigit() else 0


def status_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    agreements = known.states("agreement", Agreement)
    return (Show(status.status_card(_walk(known), viewer, known, all_of(known), agreements)),)


def plan_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    walk = _walk(known)
    if walk is None:
        return not_there_yet(known)
    runs = viewer.may(*RUNS)
    shown = v.plan_card(walk, known.project, known, runs=runs, start=_start(look))
    return (Show(shown, instead=_start(look) > 0),)


def more_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    walk = _walk(known)
    if walk is None:
        return not_there_yet(known)
    runs = viewer.may(*RUNS)
    shown = v.more_card(walk, known.project, known, runs=runs, start=_start(look))
    return (Show(shown, instead=_start(look) > 0),)


def themes_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    if _walk(known) is None:
        return not_there_yet(known)
    runs = viewer.may(*RUNS)
    if look.ref in {theme.id for theme in known.catalogue.themes}:
        shown = themes.theme_card(known.project, known, look.ref, all_of(known), runs=runs)
        return (Show(shown),)
    unknown = look.words.strip()[:40]
    return (Show(themes.themes_card(known.project, known, runs=runs, unknown=unknown)),)


def add_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    if _walk(known) is None or not known.project.open:
        return not_there_yet(known)
    form: Form[Line] = Form(
        title=text("walk.add.title"),
        fields=(
            TextField(
                "text", text("walk.add.text"), hint=text("walk.add.hint"), long=True, limit=LONGEST
            ),
            Choice(
                "first",
                text("walk.add.first"),
                (
                    Option("team", text("walk.add.team")),
                    Option("trio", text("walk.add.trio")),
                ),
                value="team",
            ),
        ),
        submit=text("button.save"),
        into="plan_added",
        fixed={"project": known.project.id},
    )
    return (Open(form),)
