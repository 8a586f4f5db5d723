"""What an author can see and do with the receipt code of a text."""

from __future__ import annotations

from datetime import date, datetime
from typing import assert_never

from dialogs.concern.states import Concern, answer_parts, readers_line, status_line
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.calendar import Calendar, local
from dialogs.model.cards import Button, Line, NeutralCard, Part, Words, card, text
from dialogs.model.conversation import Facts, Responses, UnsignedStep
from dialogs.model.effects import FieldError, PoolEntry, Show
from dialogs.model.events import Look
from dialogs.model.facts import Authored, ByCode, Known, Viewer
from dialogs.say.forms import chosen, left_out, open_form, reader_options
from dialogs.say.release import widening
from dialogs.say.states import HERE, WEEKLY, SayState

Authors = e.AuthorWrote | e.AuthorObjected | e.AuthorWithdrew


# --- what the author sees -----------------------------------------------------------------


def code_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    words: c.Field[Line] = c.TextField(
        "words", text("say.field_code"), text("say.code_hint"), limit=60
    )
    note: c.Field[Line] = c.Note(text("say.code_note"))
    return (open_form("button.code", (words, note), "look", {"view": "by_code"}, "say.open_code"),)


def code_needs(look: Look, viewer: Viewer) -> Facts:
    return (ByCode(look.words), f.About(), HERE)


def by_code(look: Look, viewer: Viewer, known: Known) -> Responses:
    found = known(ByCode(look.words))
    if found is None:
        return (Show(_unknown_code()),)
    one = _concern(found)
    state = known.state("say", "say", SayState) if found.project == look.project else None
    today = local(Calendar(), viewer.at).date()
    written_first = str(found.body.get("text", ""))
    parts: list[Part[Line] | None] = [
        c.Heading(text("say.you_wrote")),
        # A withdrawn text is deleted, so there is nothing to show.
        c.Quote(Words(written_first)) if written_first else None,
    ]
    for more in (*found.body.get("more", ()), *found.later):
        if more["text"]:
            parts.append(c.Quote(Words(str(more["text"]))))
    if found.kind == "said":
        reads = readers_line(*_readers(found, one))
        parts.append(c.Paragraph(text("say.no_reader")) if _unread(found, one) else c.Small(reads))
    if one is not None:
        if one.status != "over":  # the last answer says so
            parts.append(c.Paragraph(text("concern.stands", status=status_line(one, today))))
        written = {r.id: {k: str(v) for k, v in r.body.items()} for r in found.answers}
        parts.extend(answer_parts(one, written))
        if any(given.kind != "over" for given in one.answers):
            parts.append(c.Small(text("say.caution")))
    else:
        parts.append(c.Paragraph(text("say.waits" if found.waiting else "say.is_out")))
        if found.waiting and found.kind == "said" and state is not None:
            goes = state.next_release if found.ref == WEEKLY else None
            parts.append(c.Paragraph(_goes(goes, found.ref)))
    unsent = [(kind, body) for kind, body in found.unsent if kind in ("more", "objects")]
    if unsent:
        parts.append(c.Paragraph(text("say.unsent")))
        parts.extend(c.Quote(Words(str(body["text"]))) for _, body in unsent if body["text"])
        if any(any(widening(body)) for _, body in unsent):
            parts.append(c.Paragraph(text("say.widening_waits")))
    if any(kind == "withdraws" for kind, _ in found.unsent):
        parts.append(c.Paragraph(text("say.withdrawal_waits")))
    parts.append(_authors_buttons(found, look.words))
    return (Show(card(*parts)),)


def _readers(found: Authored, one: Concern | None) -> tuple[tuple[e.Person, ...], bool]:
    """Return who may read it, and whether everybody may."""
    if one is not None:
        return one.readers, one.everyone
    readers, everyone = widening(found.body)
    for more in found.body.get("more", ()):
        also, everybody = widening(more)
        readers, everyone = (*readers, *also), everyone or everybody
    return tuple(dict.fromkeys(readers)), everyone


def _unread(found: Authored, one: Concern | None) -> bool:
    """Return whether all readers have been erased and the author has not chosen new ones since."""
    chosen_since = any(any(widening(body)) for _, body in found.unsent)
    return not any(_readers(found, one)) and not chosen_since


def _goes(at: datetime | None, day: str) -> Line:
    if at is not None:
        return text("say.goes", when=c.Moment(at))
    return text("say.goes_day", day=c.Day(date.fromisoformat(day)))


def _authors_buttons(found: Authored, code: str) -> Part[Line] | None:
    one = _concern(found)
    project = found.project
    over = one is not None and (
        one.status == "withdrawn" or any(kind == "withdraws" for kind, _ in found.unsent)
    )
    said = found.kind == "said" and not over
    ended = one is not None and one.status == "over"
    closed = ended or (one is not None and one.status == "closed")
    objected = one is not None and (
        one.objected or any(kind == "objects" for kind, _ in found.unsent)
    )
    unread = said and _unread(found, one)
    withdraw = (found.waiting or found.kind == "said") and not over
    return c.buttons(
        Button(
            text("say.choose_reader" if unread else "say.write_more"),
            _look("write_more", project, code),
        )
        if unread or (said and not closed)
        else None,
        Button(text("say.object"), _look("object", project, code))
        if said and closed and not ended and not objected and not unread
        else None,
        Button(text("button.withdraw"), _look("withdraw", project, code)) if withdraw else None,
    )


def _unknown_code() -> NeutralCard:
    return card(
        c.Paragraph(text("say.unknown_code")),
        c.buttons(Button(text("button.code"), Look("code"))),
    )


def _look(view: e.View, project: str, ref: str) -> Look:
    return Look(view, project=project, ref=ref)


# --- what the author does -----------------------------------------------------------------


def author_needs(look: Look, viewer: Viewer) -> Facts:
    return (ByCode(look.ref), f.About(), f.Roles(), HERE)


def write_more(look: Look, viewer: Viewer, known: Known) -> Responses:
    return _author_form(look, viewer, known, e.AuthorWrote(code=look.ref))


def objection(look: Look, viewer: Viewer, known: Known) -> Responses:
    return _author_form(look, viewer, known, e.AuthorObjected(code=look.ref, text=""))


def withdrawal(look: Look, viewer: Viewer, known: Known) -> Responses:
    return _author_form(look, viewer, known, e.AuthorWithdrew(code=look.ref))


def _author_form(look: Look, viewer: Viewer, known: Known, event: Authors) -> Responses:
    found = known(ByCode(look.ref))
    if found is None or found.project != look.project:
        return (Show(_unknown_code()),)
    state = known.state("say", "say", SayState)
    if (no := _too_late(state, found, event)) is not None:
        return (Show(card(c.Paragraph(no))),)
    fixed = {"code": look.ref, "project": found.project}
    match event:
        case e.AuthorWithdrew():
            key = "say.withdraw_waiting" if found.waiting else "say.withdraw_released"
            return (
                open_form(
                    "button.withdraw",
                    (c.Note(text(key)),),
                    "author_withdrew",
                    fixed,
                    "button.withdraw",
                ),
            )
        case e.AuthorWrote():
            one = _concern(found)
            already = tuple(found.body["readers"]) if one is None else one.readers
            everyone = found.body["everyone"] if one is None else one.everyone
            fields: tuple[c.Field[Line] | None, ...] = (
                c.Note(text("say.more_note")),
                c.TextField("text", text("say.field_text"), long=True, required=False),
                None
                if everyone
                else c.Choices(
                    "readers",
                    text("say.field_more_readers"),
                    reader_options(viewer, known, already),
                ),
            )
            return (open_form("say.write_more", fields, "author_wrote", fixed),)
        case e.AuthorObjected():
            words: c.Field[Line] = c.TextField("text", text("say.field_text"), long=True)
            note: c.Field[Line] = c.Note(text("say.object_note"))
            return (open_form("say.object", (note, words), "author_objected", fixed),)
        case _:
            assert_never(event)


def by_author(state: SayState | None, event: Authors, known: Known) -> UnsignedStep:
    found = known(ByCode(event.code))
    if found is None or found.project != event.project:
        return (), (Show(_unknown_code()),)
    if (no := _too_late(state, found, event)) is not None:
        return (), (Show(card(c.Paragraph(no))),)
    assert state is not None or found.waiting
    return _done(state, found, event, known)


def _done(state: SayState | None, found: Authored, event: Authors, known: Known) -> UnsignedStep:
    ref = "" if found.waiting else found.id
    match event:
        case e.AuthorWithdrew():
            entry = PoolEntry("withdraws", ref, {}, found.receipt, withdraw=True)
            said = text("say.gone")
        case e.AuthorWrote(text=words):
            readers, everyone = chosen(event.readers, event.everyone)
            if not words and not readers and not everyone:
                return (), (FieldError("text", text("say.nothing_new")),)
            if (no := left_out(readers, known)) is not None:
                return (), (no,)
            body = {"text": words, "readers": readers, "everyone": everyone}
            entry = PoolEntry("more", ref, body, found.receipt)
            said = text("say.more_received")
        case e.AuthorObjected(text=words):
            entry = PoolEntry("objects", ref, {"text": words}, found.receipt)
            said = text("say.objection_received")
        case _:
            assert_never(event)
    if found.waiting or state is None:
        return (entry,), (Show(card(c.Paragraph(said))),)
    if isinstance(event, e.AuthorWithdrew):
        said = text("say.will_be_withdrawn")
    goes = text("say.goes", when=c.Moment(state.next_release))
    return (entry,), (Show(card(c.Paragraph(said), c.Paragraph(goes))),)


def _too_late(state: SayState | None, found: Authored, event: Authors) -> Line | None:
    """Return why the author cannot do this any more; None if they can. A button may be outdated."""
    one = _concern(found)
    if found.kind != "said" and not isinstance(event, e.AuthorWithdrew):
        return text("say.only_withdraw")
    if found.waiting:
        return text("say.not_closed") if isinstance(event, e.AuthorObjected) else None
    if found.kind != "said" or one is None:
        return text("say.released_already")
    if state is None or state.over:
        return text("say.ended")
    kinds = {kind for kind, _ in found.unsent}
    if one.status == "withdrawn" or "withdraws" in kinds:
        return text("say.withdrawn_already")
    if isinstance(event, e.AuthorObjected):
        if one.objected or "objects" in kinds:
            return text("say.objected_already")
        return None if one.status == "closed" else text("say.not_closed")
    if isinstance(event, e.AuthorWrote) and one.status == "closed" and not one.unread:
        return text("say.closed_object")
    return None


def _concern(found: Authored) -> Concern | None:
    return None if found.state is None else found.state.read_as(Concern)
