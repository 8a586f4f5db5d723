"""The forms of an exercise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from content.model import ExerciseStep

from dialogs.exercise.board import board_facts, choice_hints
from dialogs.exercise.cards import lead_card, may_lead
from dialogs.exercise.progress import inner_now, step_of_round
from dialogs.exercise.rounds import DOTS
from dialogs.exercise.standing import to_choose
from dialogs.exercise.states import (
    ExerciseRound,
    ExerciseRun,
    fact_of,
    open_round,
    read_notes,
    run_of,
    title_of,
    waits_line,
)
from dialogs.model import cards as c
from dialogs.model.cards import Field, Form, Line, Note, Option, Said, TextField, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Open, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, Known, Roles, Team, Viewer
from dialogs.model.roles import writers
from dialogs.model.shorten import cut_at_word
from dialogs.question.states import what_is_kept

LONGEST_NOTE = 200
LONGEST_ON_PAPER = 2000
LONGEST_RESULT = 2000
MANY_WRITERS = 15
NOTES_OF_A_KIND = 2
TO_CHOOSE = 20
OPTION = 70


def of_run(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), Team(), fact_of(look.ref))


def with_board(look: Look, viewer: Viewer) -> Facts:
    return (*board_facts(look.ref), Team())


def _said(line: Line) -> Responses:
    return (Show(c.card(c.Paragraph(line))),)


RunFields = tuple[Field[Line] | None, ...]


def _open(
    title: Line, fields: RunFields, into: str, run: str, known: Known, **more: str
) -> Responses:
    there = tuple(field for field in fields if field is not None)
    fixed = {"run": run, "project": known.project.id, **more}
    return (Open(Form(title, there, text("button.send"), into, fixed)),)


# --- notes --------------------------------------------------------------------------------


def _no_round(run: ExerciseRun | None) -> Responses:
    if run is None:
        return _said(text("exercise.gone"))
    return _said(text("exercise.round_closed", title=title_of(run)))


def notes_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Skriv sedler*: without a name, or marked as a leader's."""
    run = run_of(known, look.ref)
    found = open_round(run) if run is not None else None
    if run is None or found is None or step_of_round(run, found).does != "write":
        return _no_round(run)
    step = step_of_round(run, found)
    unnamed = viewer.may("writer", "card")
    if not unnamed and not viewer.may("has_led"):
        return _said(text("gate.not_yours"))
    fields: RunFields = (
        Note(
            _before_notes(run, viewer, known, found) if unnamed else text("exercise.leader_notes")
        ),
        Note(Said(step.text.da, step.text.en)),
        Note(text("exercise.in_groups"))
        if viewer.may("writer") and len(writers(known)) > MANY_WRITERS
        else None,
        lane_field(run),
        *note_fields(run, step),
    )
    into = "notes_written" if unnamed else "leader_notes_written"
    return _open(text("exercise.write_notes"), fields, into, run.id, known, round=found.id)


def _before_notes(run: ExerciseRun, viewer: Viewer, known: Known, round: ExerciseRound) -> Line:
    kept, chat = what_is_kept(known.operator), c.Chat()
    if viewer.may("card"):
        return text("exercise.before_notes_card", kept=kept)
    if round.by_hand:
        return text("exercise.before_notes", kept=kept, chat=chat)
    key = "exercise.before_notes_week" if run.guide.standing else "exercise.before_notes_days"
    return text(key, kept=kept, chat=chat, when=c.Moment(round.closes))


def lane_field(run: ExerciseRun) -> c.Choice[Line] | None:
    lanes = tuple(
        Option[Line](
            one.id,
            Said(one.name.da, one.name.en),
            None if one.text is None else Said(one.text.da, one.text.en),
        )
        for one in run.guide.lanes
    )
    return c.Choice("lane", text("exercise.field_lane"), lanes) if lanes else None


def kinds_of(run: ExerciseRun, step: ExerciseStep | None = None) -> tuple[tuple[str, Line], ...]:
    """Return the kinds of notes that can be written, as ids and names."""
    open = run.guide.kinds
    if step is not None and step.kinds:
        open = tuple(kind for kind in open if kind.id in step.kinds)
    named = tuple((kind.id, Said(kind.name.da, kind.name.en)) for kind in open)
    return named or (("note", text("exercise.note")),)


def note_fields(run: ExerciseRun, step: ExerciseStep) -> tuple[TextField[Line], ...]:
    return tuple(
        TextField(
            f"notes.{kind}.{n}",
            text("exercise.field_note" if n == 1 else "exercise.field_note_again", kind=name),
            limit=LONGEST_NOTE,
            required=False,
        )
        for kind, name in kinds_of(run, step)
        for n in range(1, NOTES_OF_A_KIND + 1)
    )


def paper_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Skriv papirsedler ind*: one note a line."""
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    fields: RunFields = (
        Note(text("exercise.paper_note")),
        lane_field(run),
        *(
            TextField(
                f"notes.{kind}",
                name,
                hint=text("exercise.one_a_line"),
                long=True,
                limit=LONGEST_ON_PAPER,
                required=False,
            )
            for kind, name in kinds_of(run)
        ),
    )
    return _open(text("exercise.paper"), fields, "paper_notes_written", run.id, known)


def not_leading(run: ExerciseRun | None) -> Responses:
    if run is None:
        return _said(text("exercise.gone"))
    return _said(text("exercise.who_leads", who=c.Who(run.led_by)))


# --- dots ---------------------------------------------------------------------------------


def dots_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    found = open_round(run) if run is not None else None
    if run is None or found is None or step_of_round(run, found).does != "dots":
        return _no_round(run)
    if viewer.may("has_led"):
        return _said(text("exercise.leader_sets_no_dots"))
    if not viewer.may("writer", "card"):
        return _said(text("gate.not_yours"))
    options = to_choose(run, known)
    if not options:
        return _said(text("exercise.nothing_to_choose"))
    if len(options) > TO_CHOOSE and not viewer.may("card"):
        return _said(text("exercise.too_many_to_choose", n=c.Count(TO_CHOOSE)))
    fields: RunFields = (
        Note(text("exercise.before_dots", n=c.Count(DOTS))),
        c.Choices(
            "chosen",
            text("exercise.field_dots", n=c.Count(DOTS)),
            _options(options, choice_hints(run, known)),
            required=True,
        ),
    )
    return _open(text("exercise.set_dots"), fields, "dots_set", run.id, known, round=found.id)


# --- for whoever leads --------------------------------------------------------------------


def lead(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    return (Show(lead_card(run, known.project.id)),)


def _options(
    notes: Iterable[tuple[str, str]], hints: Mapping[str, Line] = {}
) -> tuple[Option[Line], ...]:
    return tuple(
        Option(id, c.Words(cut_at_word(words, OPTION)), hints.get(id)) for id, words in notes
    )


def _pickable(run: ExerciseRun, known: Known) -> list[tuple[str, str]]:
    """Return the notes that can be chosen. Those in no group come first: a form has room for a
    few."""
    notes = sorted(read_notes(run, known), key=lambda note: bool(note.group))
    return [
        (note.id, note.words)
        for note in notes
        if note.words and not note.why_down and note.origin != "leader"
    ]


def _to_group(run: ExerciseRun, known: Known) -> list[tuple[str, str]]:
    """Return the notes that can be put together; on a standing board those without an answer."""
    notes = _pickable(run, known)
    return [one for one in notes if one[0] in run.waits] if run.guide.standing else notes


def group_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Saml sedler*: choose notes, and what they have in common."""
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    notes = _to_group(run, known)
    if not notes:
        return _said(text("exercise.no_notes_yet"))
    start = int(look.words) if look.words.isdigit() else 0
    page = notes[start : start + TO_CHOOSE]
    rest = len(notes) - start - len(page)
    hints = choice_hints(run, known)
    fields: RunFields = (
        Note(text("exercise.group_more", n=c.Count(rest))) if rest > 0 else None,
        c.Choices("notes", text("exercise.field_notes"), _options(page, hints), required=True),
        _group_name(),
    )
    return _open(text("exercise.group"), fields, "notes_grouped", run.id, known)


def grouping_form(run: ExerciseRun, known: Known) -> c.NeutralForm | None:
    """Return the form of the leading page, which shows all notes at once; None without notes."""
    notes = _to_group(run, known)
    if not notes:
        return None
    fields: tuple[Field[Line], ...] = (
        c.Choices("notes", text("exercise.field_notes"), _options(notes), required=True),
        _group_name(),
    )
    fixed = {"run": run.id, "project": known.project.id}
    return Form(text("exercise.group"), fields, text("button.send"), "notes_grouped", fixed)


def _group_name() -> TextField[Line]:
    return TextField(
        "name",
        text("exercise.field_group"),
        hint=text("exercise.field_group_hint"),
        limit=80,
        required=False,
    )


def take_down_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    notes = _pickable(run, known)
    if not notes:
        return _said(text("exercise.no_notes_yet"))
    options = _options(notes[: TO_CHOOSE * 5], choice_hints(run, known))
    fields: RunFields = (
        Note(text("exercise.take_down_note")),
        c.Choice("note", text("exercise.field_note_down"), options),
        TextField(
            "reason",
            text("exercise.field_reason"),
            hint=text("exercise.field_reason_hint"),
            limit=LONGEST_NOTE,
        ),
    )
    return _open(text("exercise.take_down"), fields, "note_taken_down", run.id, known)


def condition_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    words = dict(to_choose(run, known)) | dict(_pickable(run, known))
    first = [(id, words[id]) for id in run.chosen if id in words]
    notes = first or _pickable(run, known)[: TO_CHOOSE * 5]
    options = _options(notes, choice_hints(run, known))
    fields: RunFields = (
        c.Choice(
            "when",
            text("exercise.field_when"),
            tuple(
                Option[Line](one, text(f"exercise.heading_{one}"))
                for one in ("before", "during", "after")
            ),
        ),
        TextField("text", text("exercise.field_condition"), long=True, limit=LONGEST_NOTE),
        c.Choice("note", text("exercise.field_for_note"), options, required=False)
        if notes
        else None,
    )
    return _open(text("exercise.condition"), fields, "condition_written", run.id, known)


def agree_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    fields: RunFields = (
        TextField("what", text("exercise.field_what"), limit=LONGEST_NOTE),
        c.People("who", text("exercise.field_who")),
        c.DateField("due", text("exercise.field_due")),
    )
    return _open(text("exercise.agree"), fields, "exercise_agreed", run.id, known)


def _reached(run: ExerciseRun) -> RunFields:
    """Ask whether a workshop ended in what it was to end in."""
    ends = run.guide.ends_in
    if ends is None or not run.workshop:
        return ()
    options = tuple(
        Option[Line](one, text(f"workshop.reached_{one}")) for one in ("yes", "partly", "no")
    )
    return (
        Note(text("workshop.ends_in", what=Said(ends.da, ends.en))),
        c.Choice("reached", text("workshop.field_reached"), options),
    )


def end_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Slut øvelsen*: what they arrived at, who gets it, and the next look at it."""
    run = run_of(known, look.ref)
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    now = inner_now(run)
    if now is not None:
        return _said(text("workshop.inner_first"))
    result = TextField[Line](
        "text",
        text("exercise.field_result"),
        hint=text("exercise.field_result_hint"),
        long=True,
        limit=LONGEST_RESULT,
    )
    if run.within:
        # Who gets it, and the next look at it, belong to the workshop.
        fields: RunFields = (Note(text("workshop.inner_result")), result)
        return _open(text("exercise.end"), fields, "exercise_ended", run.id, known)
    waiting = waits_line(run)
    fields = (
        Note(waiting) if waiting is not None else None,
        *_reached(run),
        result,
        c.Choices(
            "receivers",
            text("exercise.field_receivers"),
            (
                Option[Line]("leader", text("exercise.to_leader")),
                Option[Line]("committee", text(f"exercise.to_{known.project.committee}")),
            ),
        ),
        c.DateField(
            "look_again", text("exercise.field_look_again"), hint=text("exercise.look_again_hint")
        ),
    )
    return _open(text("exercise.end"), fields, "exercise_ended", run.id, known)
