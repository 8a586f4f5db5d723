"""The views and forms of a project."""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.keepsake.states import LESSON
from dialogs.model.appointments import Appointment
from dialogs.model.cards import Form, Line, Note, Words, text
from dialogs.model.conversation import Facts, LookResults, Responses, Sight
from dialogs.model.effects import (
    Hand,
    Open,
    Show,
)
from dialogs.model.events import Look
from dialogs.model.facts import (
    About,
    Known,
    Records,
    Roles,
    Viewer,
)
from dialogs.project import (
    cards,
    deleting,
    end_cards,
    end_forms,
    ends,
    forms,
    moving,
    owed,
    readers,
    succession,
)
from dialogs.promise.states import PROMISES, promises_of


def _here(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles())


def _start(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, roles = known(About()), known(Roles())
    if viewer.private and (state is None or state.stage != "draft"):
        return (Show(cards.said("project.start_in_channel")),)
    if state is None or not state.open:
        return (Open(forms.draft(None, (), viewer.channel)),)
    if state.stage != "draft" or viewer.person not in cards.circle(state, roles):
        return (Show(cards.taken(state)),)
    if look.ref == "more":
        return (Open(forms.details(state, roles)),)
    return (Open(forms.draft(state, roles, state.channel)),)


def _draft_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Show(cards.seen_draft(known.project, known(Roles()), viewer.person)),)


def _roles_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    state, roles = known.project, known(Roles())
    return (Show(cards.who_is_who(state, roles, viewer, succession.parts(known, viewer))),)


def _change_roles(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Open(forms.change_roles(known.project, known(Roles()))),)


def _confirm_role(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    asked = {r.role for r in known(Roles()) if r.person == viewer.person and r.status == "asked"}
    if look.ref not in asked:
        return (Show(cards.said("project.not_asked")),)
    return (Open(forms.confirm_role(state, look.ref)),)


def _settings_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Records("leave_out"))


def _settings(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if not state.open:
        return (Show(cards.what_is_true(state)),)
    return (Open(forms.settings(state, known(Records("leave_out")))),)


def _frame(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if not state.open:
        return (Show(cards.what_is_true(state)),)
    phase = int(look.ref) if look.ref in ("1", "2", "3", "4") else state.phase
    return (Open(forms.frame(state, phase)),)


def _pause(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        return (Open(end_forms.pause(state)),)
    return (Show(cards.what_is_true(state)),)


def _not_now_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        return (
            Open(_first(end_forms.not_now(state, _lesson(known)), owed.note(known, viewer.person))),
        )
    return (Show(cards.what_is_true(state)),)


def _stop(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        form = end_forms.stop(state, ends.erased_on(state, viewer.at), _lesson(known))
        return (Open(_first(form, owed.note(known, viewer.person))),)
    return (Show(cards.what_is_true(state)),)


def _end_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), *owed.FACTS, PROMISES, Records(LESSON))


def _leaving_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), *owed.FACTS, Records(LESSON))


def _lesson(known: Known) -> str:
    """Return what was written when the project was laid down before."""
    return next((str(one.body.get("text", "")) for one in known(Records(LESSON))), "")


def _first(form: Form[Line], note: Note[Line] | None) -> Form[Line]:
    """What is owed stands before what one fills in."""
    return form if note is None else replace(form, fields=(note, *form.fields))


def _end(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.stage in ("running", "paused", "not_now"):
        if look.ref != "form":
            return (Show(end_cards.ways_to_end(state, owed.parts(known, viewer.person))),)
        erased, promised = ends.erased_on(state, viewer.at), bool(promises_of(known))
        form = end_forms.end(state, promised, erased, _lesson(known))
        return (Open(_first(form, owed.note(known, viewer.person))),)
    return (Show(cards.what_is_true(state)),)


def _follow_up_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Records("follow_up"))


def _follow_up(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.stage != "ended" or not look.ref.isdigit():
        return (Show(cards.what_is_true(state)),)
    months = int(look.ref)
    return (Open(end_forms.follow_up(state, months, end_cards.follow_up_of(known, months))),)


def _helped_look(look: Look, viewer: Viewer, known: Known) -> Responses:
    state = known.project
    if state.running:
        return (Open(end_forms.helped(state)),)
    return (Show(cards.what_is_true(state)),)


def _decision_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the day of the decision for the calendar."""
    state = known.project
    if state.decision is None:
        return (Show(cards.said("project.no_decision")),)
    return (
        Hand(
            Appointment(
                uid=f"decision-{state.id}",
                title=text("project.decision_title", name=Words(state.name)),
                note=text("project.decision_note"),
                slug=text("project.decision_slug"),
                day=state.decision,
            )
        ),
    )


SIGHTS = {
    "start": Sight(_here, _start),
    "draft": Sight(_here, _draft_look),
    "settings": Sight(_settings_needs, _settings),
    "roles": Sight(succession.look_needs, _roles_look),
    "name_leader": Sight(succession.look_needs, succession.form),
    "move": Sight(moving.look_needs, moving.look),
    "change_roles": Sight(_here, _change_roles),
    "readers": Sight(readers.form_needs, readers.form),
    "frame": Sight(_here, _frame),
    "pause": Sight(_here, _pause),
    "not_now": Sight(_leaving_needs, _not_now_look),
    "stop": Sight(_leaving_needs, _stop),
    "end": Sight(_end_needs, _end),
    "follow_up": Sight(_follow_up_needs, _follow_up),
    "helped": Sight(_here, _helped_look),
    "delete": Sight(deleting.look_needs, deleting.look),
    "confirm_role": Sight(_here, _confirm_role),
    "decision_file": Sight(_here, _decision_file),
}
