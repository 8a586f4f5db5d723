"""The forms of a project: draft, frame, settings, roles, pauses and ends."""

from __future__ import annotations

from datetime import UTC, datetime

from dialogs.model import cards as c
from dialogs.model.cards import (
    Choice,
    Choices,
    DateField,
    Field,
    Form,
    Line,
    Note,
    Option,
    People,
    TextField,
    TimeField,
    text,
)
from dialogs.model.facts import Frame, Project, Rec, Role
from dialogs.project.cards import WEEKDAYS, holding, rhythm

NAME, LINES, PARAGRAPH = 80, 300, 400
WORKDAYS = 5
KEPT_FOR = (30, 90, 180, 365)
WORKPLACES = ("care", "hospital", "education", "office", "general")
NEW = Project(
    id="",
    name="",
    channel="",
    stage="draft",
    starter="",
    drafted_at=datetime.min.replace(tzinfo=UTC),
)
"""A project with all default settings."""


def options_of(prefix: str, *values: str) -> tuple[Option[Line], ...]:
    return tuple(Option(value, text(f"{prefix}_{value}")) for value in values)


def _days() -> tuple[Option[Line], ...]:
    return tuple(Option(str(n), text(f"day.{WEEKDAYS[n]}")) for n in range(WORKDAYS))


def _words(value: str) -> Line | None:
    return c.Words(value) if value else None


def long_field(
    id: str,
    label: str,
    value: str,
    *,
    limit: int = PARAGRAPH,
    hint: str = "",
    required: bool = False,
) -> TextField[Line]:
    return TextField(
        id,
        text(label),
        text(hint) if hint else None,
        long=True,
        limit=limit,
        required=required,
        value=_words(value),
    )


def _people(id: str, roles: tuple[Role, ...], *names: str) -> People[Line]:
    """Return a people field for a role, with the person who has it or is asked as the initial
    value."""
    found = tuple(r.person for r in holding(roles, *(names or (id,))))
    return People(id, text(f"project.row_{id}"), many=True, values=found)


def _phase(value: int) -> Choice[Line]:
    return Choice(
        "phase",
        text("project.field_phase"),
        options_of("project.phase", "1", "2", "3", "4"),
        value=str(value),
        hint=text("project.field_phase_hint"),
    )


def _frame(frame: Frame) -> tuple[Field[Line], ...]:
    return (
        long_field("fixed", "project.row_fixed", frame.fixed),
        long_field("shape", "project.row_shape", frame.shape),
        long_field("unknown", "project.row_unknown", frame.unknown),
        DateField("unknown_until", text("project.field_unknown_until"), frame.unknown_until),
        Choice(
            "level",
            text("project.row_level"),
            options_of("project.level", "informed", "asked", "decide"),
            value=frame.level,
            hint=text("project.field_level_hint"),
        ),
    )


def _rhythm(state: Project) -> tuple[Field[Line], ...]:
    return (
        Choice(
            "weekday",
            text("project.field_weekday"),
            _days(),
            value=str(state.weekday),
        ),
        TimeField("hour", text("project.field_hour"), state.hour),
        Choice(
            "overview_weekday",
            text("project.field_overview_weekday"),
            _days(),
            value=str(state.overview_weekday),
        ),
        TimeField(
            "overview_hour",
            text("project.field_overview_hour"),
            state.overview_hour,
        ),
        DateField(
            "decision",
            text("project.row_decision"),
            state.decision,
            hint=text("project.field_decision_hint"),
        ),
        DateField(
            "med_deadline",
            text("project.field_med_deadline"),
            state.med_deadline,
            hint=text("project.field_med_deadline_hint"),
        ),
        Choice(
            "language",
            text("project.field_language"),
            options_of("project.language", "da", "en"),
            value=state.language,
        ),
    )


def _committee(state: Project) -> Choice[Line]:
    """What it is called here; wherever Digi names it, it says so."""
    return Choice(
        "committee",
        text("project.field_committee"),
        options_of("committee.choice", "med", "su", "cooperation"),
        value=state.committee,
    )


def _unit(state: Project) -> TextField[Line]:
    return TextField(
        "unit",
        text("project.field_unit"),
        text("project.field_unit_hint"),
        limit=NAME,
        required=False,
        value=_words(state.unit),
    )


def _working_hours(state: Project) -> tuple[Field[Line], ...]:
    start, stop_hour = state.hours

    def hours(first: int) -> tuple[Option[Line], ...]:
        return tuple(
            Option(str(hour), text("person.hour", hour=c.Count(hour)))
            for hour in range(first, first + 24)
        )

    label, until = text("project.field_start"), text("project.field_end")
    return (
        Choice("start", label, hours(0), value=str(start), hint=text("project.field_start_hint")),
        Choice("end", until, hours(1), value=str(stop_hour)),
    )


def draft(
    state: Project | None, roles: tuple[Role, ...], channel: str, name: str = ""
) -> Form[Line]:
    """Return the form of `/digi start`: five fields, of which only the name is required. For an
    existing draft it also has the facilitator. The other settings have defaults, which the form
    lists."""
    leader = holding(roles, "leader")
    return Form(
        title=text("project.draft_form"),
        fields=(
            TextField(
                "name",
                text("project.field_name"),
                text("project.field_name_hint"),
                limit=NAME,
                value=_words(state.name if state else name),
            ),
            long_field("about", "project.field_about", state.about if state else "", limit=LINES),
            People(
                "leader",
                text("project.field_leader"),
                values=tuple(r.person for r in leader[:1]),
                hint=text("project.field_leader_hint"),
            ),
            _people("tr", roles),
            _people("amr", roles),
            *((_people("facilitator", roles),) if state else ()),
            Choice(
                "origin",
                text("project.row_origin"),
                options_of("project.origin", "must", "shape", "own"),
                value=state.origin if state else "shape",
            ),
            *_defaults(state),
        ),
        submit=text("button.save"),
        into="drafted",
        fixed={"project": state.id if state else "", "channel": channel},
    )


def _defaults(state: Project | None) -> tuple[Field[Line], ...]:
    """Return a summary of the settings under *Flere valg*, and the option to open them."""
    shown = state or NEW
    start, stop_hour = shown.hours
    lines: tuple[Line, ...] = (
        text("project.so_phase", phase=text(f"project.phase_{shown.phase}")),
        text("project.so_workplace", kind=text(f"project.workplace_{shown.workplace}")),
        rhythm(shown),
        text("project.so_hours", start=c.Count(start), end=c.Count(stop_hour)),
        text("project.so_length", length=text(f"project.length_{shown.length}")),
        text("project.so_kept", kept=text("project.retention", n=c.Count(shown.retention_days))),
    )
    return (
        Note(text("project.more_note")),
        *(Note(line) for line in lines),
        Choices("more", text("project.more"), (Option("more", text("project.more_yes")),)),
    )


def details(state: Project, roles: tuple[Role, ...]) -> Form[Line]:
    """Return the form *Flere valg*, with the settings that the first form leaves at their
    defaults."""
    return Form(
        title=text("project.more"),
        fields=(
            Note(text("project.draft_note")),
            _phase(state.phase),
            Choice(
                "workplace",
                text("project.field_workplace"),
                options_of("project.workplace", *WORKPLACES),
                value=state.workplace,
            ),
            _unit(state),
            _committee(state),
            _people("facilitator", roles),
            *_frame(state.frame),
            *_rhythm(state),
            *_working_hours(state),
            Choice(
                "length",
                text("project.row_length"),
                options_of("project.length", "whole", "short"),
                value=state.length,
                hint=text("project.field_length_hint"),
            ),
            Choice(
                "retention",
                text("project.row_retention"),
                tuple(
                    Option(str(days), text("project.retention", n=c.Count(days)))
                    for days in KEPT_FOR
                ),
                value=str(state.retention_days),
                hint=text("project.field_retention_hint"),
            ),
        ),
        submit=text("button.save"),
        into="draft_detailed",
        fixed={"project": state.id},
    )


def frame(state: Project, phase: int) -> Form[Line]:
    return Form(
        title=text("project.frame_form"),
        fields=(
            Note(text("project.frame_note", phase=text(f"project.phase_{phase}"))),
            *_frame(state.frames.get(str(phase), Frame())),
        ),
        submit=text("button.save"),
        into="frame_set",
        fixed={"project": state.id, "phase": str(phase)},
    )


def settings(state: Project, left_out: tuple[Rec, ...]) -> Form[Line]:
    days_off = ", ".join(f"{day.day}.{day.month}.{day.year}" for day in state.days_off)
    said: Field[Line] | None = None
    if left_out:
        said = Note(text("project.left_out", what=c.Words(str(left_out[-1].body["text"]))))
    return Form(
        title=text("project.settings_form"),
        fields=(
            *((said,) if said else ()),
            long_field("about", "project.field_about", state.about, limit=LINES),
            Choice(
                "every_weeks",
                text("project.field_every_weeks"),
                options_of("project.every_weeks", "1", "2"),
                value=str(state.every_weeks),
            ),
            *_rhythm(state),
            *_working_hours(state),
            _unit(state),
            _committee(state),
            TextField(
                "days_off",
                text("project.field_days_off"),
                text("project.field_days_off_hint"),
                limit=PARAGRAPH,
                required=False,
                value=_words(days_off),
            ),
        ),
        submit=text("button.save"),
        into="settings_changed",
        fixed={"project": state.id},
    )


def change_roles(state: Project, roles: tuple[Role, ...]) -> Form[Line]:
    fields: list[Field[Line]] = [
        Note(text("project.roles_form_note")),
        People(
            "leader",
            text("project.row_leader"),
            values=tuple(r.person for r in holding(roles, "leader") if r.status == "confirmed"),
        ),
        People(
            "deputy",
            text("project.row_deputy"),
            values=tuple(r.person for r in holding(roles, "deputy")),
            hint=text("project.field_deputy_hint"),
        ),
    ]
    # A representative leaves the role by their own press, so only a vacant one can be filled here.
    for seat in ("tr", "amr"):
        if not any(r.status == "confirmed" for r in holding(roles, seat)):
            fields.append(_people(seat, roles))
    fields.append(_people("facilitator", roles))
    return Form(
        title=text("project.roles_form"),
        fields=tuple(fields),
        submit=text("button.save"),
        into="roles_changed",
        fixed={"project": state.id},
    )


def confirm_role(state: Project, role: str) -> Form[Line]:
    """A TR speaks for a union; an AMR for everyone in the group, so an AMR is not asked."""
    union: Field[Line] = TextField(
        "union",
        text("project.field_union"),
        text("project.field_union_hint"),
        limit=40,
        required=False,
    )
    note: Field[Line] = Note(text(f"project.asks_{role}"))
    return Form(
        title=text(f"project.confirm_{role}"),
        fields=(note, union) if role == "tr" else (note,),
        submit=text(f"project.i_am_{role}"),
        into="role_confirmed",
        fixed={"project": state.id, "role": role},
    )
