"""Promise and reality: what a technology is to give, and whether it did.

At most five promises, each owned by a function, so that somebody answers for it also when people
change. After the project's end they are asked for again, in the project's own look back.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.exercise.states import ALL_RUNS
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import (
    Button,
    Choice,
    Field,
    Form,
    Heading,
    Line,
    Note,
    Option,
    Paragraph,
    Part,
    TextField,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    LookResults,
    Responses,
    Sight,
    Step,
    opens,
    the_only,
)
from dialogs.model.effects import FieldError, Forget, Hand, Open, Record, Redraw, Show, Tell
from dialogs.model.events import Look, Person, SignedEvent
from dialogs.model.facts import About, Known, Rec, Records, Roles, StateOf, Viewer
from dialogs.promise.sheet import promises_document
from dialogs.promise.states import (
    FIELDS,
    MOST,
    OUTCOMES,
    PROMISES,
    PromiseMade,
    Promises,
    Verdict,
    detail_rows,
    gain_line,
    promises_of,
    verdict_parts,
)
from dialogs.question.states import Concluded, one_of

LIMIT = 300
QUESTIONS = ("kerneopgave.3", "fase2.1", "kerneopgave.1")
"""Questions whose conclusion is a promise: the use of saved time, the value of the business case,
the purpose of the technology. The first promise begins with one of them."""
LEADING = ("leader", "deputy", "starter")


# --- decide -------------------------------------------------------------------------------


def needs(state: Promises | None, event: SignedEvent) -> Facts:
    return (About(), Roles())


def decide(state: Promises | None, event: SignedEvent, known: Known) -> Step:
    state = state or Promises()
    match event:
        case e.PromiseWritten():
            return _written(state, event, known)
        case e.PromiseDropped(promise=promise):
            one = state.find(promise)
            if one is None or not known.project.under_way or not _may_change(one, event.by, known):
                return state, (Show(card(Paragraph(text("promise.not_yours")))),)
            rest = tuple(each for each in state.promises if each.id != promise)
            dropped = Show(card(Paragraph(text("promise.dropped"))))
            gone = Forget("promise", id=promise)
            return Promises(promises=rest), (gone, Tell(e.KeepsakeChanged()), dropped)
        case e.PromiseJudged():
            return _judged(state, event, known)
        case _:
            return state, ()


def _may_change(one: PromiseMade, person: Person, known: Known) -> bool:
    """Whoever wrote it, and the leader."""
    return person == one.by or person in known.holders("leader", "deputy")


def _leads(person: Person, known: Known) -> bool:
    led = known.holders("leader", "deputy")
    return person in led or (not led and person == known.project.starter)


def _written(state: Promises, event: e.PromiseWritten, known: Known) -> Step:
    before = state.find(event.promise) if event.promise else None
    if not known.project.under_way:
        return state, (FieldError("", text("promise.closed")),)
    if event.promise and (before is None or not _may_change(before, event.by, known)):
        return state, (FieldError("", text("promise.not_yours")),)
    if before is None and len(state.promises) >= MOST:
        return state, (FieldError("", text("promise.full")),)
    body = {field: str(getattr(event, field)) for field in FIELDS}
    one = PromiseMade(
        id=before.id if before else event.id,
        kind=event.kind if _leads(event.by, known) else before.kind if before else "expected",
        by=before.by if before else event.by,
        on=local(known.project.calendar, event.at).date(),
        fields=tuple(field for field, words in body.items() if words),
        verdicts=before.verdicts if before else (),
    )
    kept = [one if each.id == one.id else each for each in state.promises]
    after = Promises(promises=tuple(kept if before else (*kept, one)))
    return after, (
        Record("promise", "", one.id, one.by, event.at, body),
        Tell(e.KeepsakeChanged()),
        Show(card(Paragraph(text("promise.saved")), buttons(_see(known)))),
    )


def _judged(state: Promises, event: e.PromiseJudged, known: Known) -> Step:
    """Store what became of a promise; saying so again replaces it."""
    one = state.find(event.promise)
    if one is None or known.project.stage != "ended":
        return state, (Show(card(Paragraph(text("promise.asked_later")))),)
    months, id = int(event.months), f"{one.id}-{event.months}"
    said = Verdict(months, event.outcome, event.by, id if event.text else "")
    rest = tuple(each for each in one.verdicts if each.months != months)
    new = replace(one, verdicts=(*rest, said))
    after = Promises(promises=tuple(new if each.id == one.id else each for each in state.promises))
    body = {"text": event.text}
    line = Look("promise_line", project=known.project.id, ref=one.id, words=event.months)
    more: Button[Line] | None = None if event.text else Button(text("promise.write_line"), line)
    return after, (
        Record("verdict", one.id, id, event.by, event.at, body)
        if event.text
        else Forget("verdict", id=id),
        Redraw(f"again:{event.months}", dialog="project", of="project"),
        Tell(e.KeepsakeChanged()),
        Show(card(Paragraph(text("promise.judged")), buttons(more))),
    )


# --- looks --------------------------------------------------------------------------------


def _needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), PROMISES)


def _promises(look: Look, viewer: Viewer, known: Known) -> Responses:
    project, found = known.project, promises_of(known)
    writes = viewer.may(*LEADING, "representative", "facilitator") and project.under_way
    parts: list[Part[Line] | None] = [
        Heading(text("promise.name", name=Words(project.name))),
        Paragraph(text("promise.how")),
    ]
    for one in found:
        mine = writes and (one.by == viewer.person or viewer.may("leader", "deputy"))
        parts += [Paragraph(gain_line(one)), detail_rows(one)]
        parts += [part for said in one.verdicts for part in verdict_parts(said)]
        parts.append(_change(one, project.id) if mine else None)
    if not found:
        parts.append(Paragraph(text("promise.none")))
    write = Button[Line](text("promise.write"), Look("promise", project=project.id), "main")
    sheet = e.FileWanted(project=project.id, view="promise_file")
    parts.append(
        buttons(
            write if writes and len(found) < MOST else None,
            Button(text("promise.get"), sheet) if found else None,
            None
            if project.stage == "draft"
            else Button(text("keepsake.see"), Look("what_stays", project=project.id)),
        )
    )
    return (Show(card(*parts)),)


def _see(known: Known) -> Button[Line]:
    return Button(text("promise.see"), Look("promises", project=known.project.id))


def _change(one: PromiseMade, project: str) -> Part[Line] | None:
    return buttons(
        Button(text("promise.change"), Look("promise", project=project, ref=one.id)),
        Button(
            text("promise.drop"),
            e.PromiseDropped(project=project, promise=one.id),
            confirm=text("promise.drop_confirm"),
        ),
    )


def _form_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        *_needs(look, viewer),
        Records("promise"),
        *(StateOf("question", question) for question in QUESTIONS),
        *(Records("conclusion", question) for question in QUESTIONS),
    )


def _form(look: Look, viewer: Viewer, known: Known) -> Responses:
    project, found = known.project, promises_of(known)
    one = next((each for each in found if each.id == look.ref), None)
    if not project.under_way:
        return (Show(card(Paragraph(text("promise.closed")))),)
    if one is None and len(found) >= MOST:
        return (Show(card(Paragraph(text("promise.full")))),)
    written = next((each for each in known(Records("promise")) if one and each.id == one.id), None)
    body = written.body if written else {"gain": "" if found else _concluded(known)}
    fields: list[Field[Line]] = [Note(text("promise.note"))]
    if viewer.may(*LEADING):
        fields.append(_kind(one))
    fields += [_field(field, str(body.get(field, ""))) for field in FIELDS]
    fixed = {"project": project.id, "promise": one.id if one else ""}
    shown = Form(text("promise.form"), tuple(fields), text("button.save"), "promise_written", fixed)
    return (Open(shown),)


def _kind(one: PromiseMade | None) -> Choice[Line]:
    options = tuple(
        Option[Line](kind, text(f"promise.kind_{kind}"), text(f"promise.kind_hint_{kind}"))
        for kind in ("promised", "expected")
    )
    value = one.kind if one else "promised"
    return Choice("kind", text("promise.field_kind"), options, value=value)


def _field(field: str, value: str) -> TextField[Line]:
    return TextField(
        field,
        text(f"promise.field_{field}"),
        text(f"promise.hint_{field}"),
        long=field == "gain",
        limit=LIMIT,
        required=field in ("gain", "owner"),
        value=Words(value[:LIMIT]) if value else None,
    )


def _concluded(known: Known) -> str:
    """Return the conclusion of the first of these questions that has one."""
    for question in QUESTIONS:
        asked = one_of(known, question)
        if isinstance(asked, Concluded):
            for record in known(Records("conclusion", question)):
                if record.id == asked.conclusion:
                    return str(record.body["text"])
    return ""


def _line_needs(look: Look, viewer: Viewer) -> Facts:
    return (*_needs(look, viewer), Records("verdict"))


def _line_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = next((each for each in promises_of(known) if each.id == look.ref), None)
    said = one.verdict(int(look.words)) if one and look.words.isdigit() else None
    if one is None or said is None or known.project.stage != "ended":
        return (Show(card(Paragraph(text("promise.asked_later")))),)
    written: Rec | None = next((r for r in known(Records("verdict")) if r.id == said.line), None)
    value = str(written.body["text"]) if written else ""
    outcomes = tuple(Option[Line](name, text(f"promise.{name}")) for name in OUTCOMES)
    fields: tuple[Field[Line], ...] = (
        Note(gain_line(one)),
        Choice("outcome", text("promise.field_outcome"), outcomes, value=said.outcome),
        TextField(
            "text",
            text("promise.field_line"),
            limit=LIMIT,
            required=False,
            value=Words(value) if value else None,
        ),
    )
    fixed = {"project": known.project.id, "promise": one.id, "months": look.words}
    shown = Form(text("promise.form_line"), fields, text("button.save"), "promise_judged", fixed)
    return (Open(shown),)


def _file_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), PROMISES, ALL_RUNS)


def _file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    return (Hand(promises_document(viewer.at, known)),)


CONVERSATION = Conversation(
    name="promise",
    state=Promises,
    events=the_only("promise", e.PromiseWritten, e.PromiseDropped, e.PromiseJudged),
    needs=needs,
    decide=decide,
    sights={
        "promises": Sight(_needs, _promises),
        "promise": Sight(_form_needs, _form),
        "promise_line": Sight(_line_needs, _line_form),
        "promise_file": Sight(_file_needs, _file),
    },
    commands={"promises": opens("promises")},
)
