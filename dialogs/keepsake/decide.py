"""What of a project stays when it is deleted: leader and TR choose, and the lesson for others.

Nothing stays unless both sides chose so, and either can take it back as long as the project exists.
What is kept is written again whenever the promises or the lesson change.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.keepsake.cards import lesson_form, lessons_page, stays_card
from dialogs.keepsake.sheet import sheet_card, sheet_document
from dialogs.keepsake.states import (
    KEEPING,
    LESSON,
    KeepChoice,
    Keeping,
    KeepSide,
    KeptLesson,
    KeptPromise,
    KeptSheet,
    KeptVerdict,
    body_of,
    choosers,
    keeping_of,
    side_of,
)
from dialogs.model import events as e
from dialogs.model.calendar import local
from dialogs.model.cards import Button, Line, Paragraph, Who, Words, buttons, card, text
from dialogs.model.conversation import (
    Conversation,
    Facts,
    LookResults,
    Responses,
    Sight,
    Step,
    the_only,
)
from dialogs.model.effects import (
    Discard,
    Effects,
    Forget,
    Hand,
    Open,
    Preserve,
    Privately,
    Record,
    Say,
    Show,
)
from dialogs.model.events import KeepsakeKind, Look, SignedEvent
from dialogs.model.facts import (
    About,
    Keepsake,
    Keepsakes,
    KeepsakesHere,
    Known,
    Rec,
    Records,
    Roles,
    Viewer,
)
from dialogs.promise.states import FIELDS, PROMISES, PromiseMade, promises_of

LESSONS = Records(LESSON)


def needs(state: Keeping | None, event: SignedEvent) -> Facts:
    return (About(), Roles(), PROMISES, Records("promise"), Records("verdict"), LESSONS)


def decide(state: Keeping | None, event: SignedEvent, known: Known) -> Step:
    state = state or Keeping()
    match event:
        case e.KeepChosen():
            return _chosen(state, event, known)
        case e.LessonWritten():
            after, effects = _with_lesson(state, event, event.text, known)
            told = text("keepsake.lesson_saved" if event.text else "keepsake.lesson_gone")
            return after, (*effects, Show(card(Paragraph(told))))
        case e.KeepsakeChanged():
            return _kept_current(state, event, _lesson(known), known)
        case e.LessonLeft(text=words):
            return _with_lesson(state, event, words, known)
        case _:
            return state, ()


# --- the choice ---------------------------------------------------------------------------


def _chosen(state: Keeping, event: e.KeepChosen, known: Known) -> Step:
    side, keep = side_of(event.by, known), event.keep == "yes"
    if side is None or known.project.stage == "draft":
        return state, (Show(card(Paragraph(text("keepsake.who_chooses")))),)
    before = state.choice(side)
    new = KeepChoice(side, keep, event.by, local(known.project.calendar, event.at).date())
    rest = tuple(one for one in state.choices if one.side != side)
    after = replace(state, choices=(*rest, new))
    effects: Effects = ()
    if state.agreed and not after.agreed:
        effects = tuple(Discard(id) for id in (state.sheet, state.lesson) if id)
        after = replace(after, sheet="", lesson="")
    after, kept = _kept_current(after, event, _lesson(known), known)
    changed = before is None or before.keep != keep
    return after, (
        *effects,
        *kept,
        *(_told(state, after, event, side, known) if changed else ()),
        Show(card(Paragraph(text(f"keepsake.chose_{event.keep}")), buttons(_see(known)))),
    )


def _told(
    before: Keeping, after: Keeping, event: e.KeepChosen, side: KeepSide, known: Known
) -> Effects:
    """Tell the other side what was chosen, and the channel what comes of it."""
    other: KeepSide = "representative" if side == "leader" else "leader"
    wants = text(f"keepsake.told_{event.keep}", who=Who(event.by), name=Words(known.project.name))
    told = card(Paragraph(wants), buttons(_see(known)))
    said: Effects = ()
    if before.agreed != after.agreed:
        said = (Say(card(Paragraph(text(f"keepsake.said_{event.keep}")), buttons(_see(known)))),)
    return (*(Privately(one, told, urgency=4) for one in choosers(other, known)), *said)


def _see(known: Known) -> Button[Line]:
    return Button(text("keepsake.see"), Look("what_stays", project=known.project.id))


# --- what is kept -------------------------------------------------------------------------


def _with_lesson(
    state: Keeping, event: e.LessonWritten | e.LessonLeft, words: str, known: Known
) -> tuple[Keeping, Effects]:
    after, kept = _kept_current(state, event, words, known)
    if not words:
        return after, (Forget("lesson", id=LESSON), *kept)
    return after, (Record("lesson", "", LESSON, event.by, event.at, {"text": words}), *kept)


def _kept_current(
    state: Keeping, event: SignedEvent, words: str, known: Known
) -> tuple[Keeping, Effects]:
    """Write the keepsakes as they should be now, or delete what should not be there."""
    sheet = _sheet(known) if state.agreed and promises_of(known) else None
    sheet_id, sheets = _kept("sheet", sheet, state.sheet, state, event)
    lesson = _kept_lesson(event, words, known)
    lesson_id, lessons = _kept("lesson", lesson, state.lesson, state, event)
    return replace(state, sheet=sheet_id, lesson=lesson_id), (*sheets, *lessons)


def _kept(
    kind: KeepsakeKind,
    kept: KeptSheet | KeptLesson | None,
    id: str,
    state: Keeping,
    event: SignedEvent,
) -> tuple[str, Effects]:
    """Return the id of what is kept now, "" where nothing is, and what makes it so."""
    if kept is None:
        return "", ((Discard(id),) if id else ())
    id = id or f"{event.id}-{kind}"
    return id, (Preserve(kind, id, body_of(kept), outlives=state.agreed),)


def _lesson(known: Known) -> str:
    return next((str(one.body.get("text", "")) for one in known(LESSONS)), "")


def _kept_lesson(event: SignedEvent, words: str, known: Known) -> KeptLesson | None:
    """Return the lesson as others read it: not of a project that is going on."""
    project = known.project
    if not words or project.stage not in ("not_now", "stopped", "ended"):
        return None
    return KeptLesson(
        name=project.name,
        workplace=project.workplace,
        how=project.stage,
        phase=project.phase,
        on=local(project.calendar, project.ended_at or event.at).date(),
        text=words,
    )


def _sheet(known: Known) -> KeptSheet:
    project = known.project
    ended = project.ended_at
    return KeptSheet(
        name=project.name,
        ended=local(project.calendar, ended).date() if ended else None,
        promises=tuple(_promise(one, known) for one in promises_of(known)),
    )


def _promise(one: PromiseMade, known: Known) -> KeptPromise:
    written = _body(known(Records("promise")), one.id)
    lines = known(Records("verdict"))
    return KeptPromise(
        kind=one.kind,
        fields={field: str(written.get(field, "")) for field in FIELDS if written.get(field)},
        verdicts=tuple(
            KeptVerdict(said.months, said.outcome, str(_body(lines, said.line).get("text", "")))
            for said in sorted(one.verdicts, key=lambda said: said.months)
        ),
    )


def _body(records: tuple[Rec, ...], id: str) -> dict[str, object]:
    return next((one.body for one in records if one.id == id), {})


# --- looks --------------------------------------------------------------------------------


def _stays_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Roles(), KEEPING, LESSONS)


def _stays(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Show(stays_card(keeping_of(known), _lesson(known), known, viewer)),)


def _lesson_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    return (Open(lesson_form(known.project, _lesson(known))),)


def _lessons_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), Keepsakes("lesson"))


def _lessons(look: Look, viewer: Viewer, known: Known) -> Responses:
    start = int(look.ref) if look.ref.isdigit() else 0
    return (Show(lessons_page(known, viewer, start)),)


def _sheet_needs(look: Look, viewer: Viewer) -> Facts:
    return (KeepsakesHere("sheet", viewer.person),)


def _sheet_at(look: Look, viewer: Viewer, known: Known) -> Keepsake | None:
    found = known(KeepsakesHere("sheet", viewer.person))
    return next((one for one in found if one.id == look.ref), None)


def _kept_sheet(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = _sheet_at(look, viewer, known)
    return (Show(card(Paragraph(text("keepsake.gone"))) if one is None else sheet_card(one)),)


def _sheet_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    one = _sheet_at(look, viewer, known)
    if one is None:
        return (Show(card(Paragraph(text("keepsake.gone")))),)
    return (Hand(sheet_document(viewer.at, one)),)


CONVERSATION = Conversation(
    name="keepsake",
    state=Keeping,
    events=the_only("keepsake", e.KeepChosen, e.LessonWritten, e.LessonLeft, e.KeepsakeChanged),
    needs=needs,
    decide=decide,
    sights={
        "what_stays": Sight(_stays_needs, _stays),
        "lesson": Sight(_stays_needs, _lesson_form),
        "workplace_lessons": Sight(_lessons_needs, _lessons),
        "kept_promises": Sight(_sheet_needs, _kept_sheet),
        "kept_promises_file": Sight(_sheet_needs, _sheet_file),
    },
)
