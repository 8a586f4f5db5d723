"""The views of readers: the list of texts, one text, and the forms to answer it."""

from __future__ import annotations

from datetime import date

from dialogs.concern.letters import letter
from dialogs.concern.states import (
    HELPERS,
    Concern,
    _ordered,
    answer_parts,
    for_reader,
    how_it_went,
    may_hand_on,
    may_read,
    open_to_all,
    owed,
    readers_line,
    status_line,
)
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.calendar import local
from dialogs.model.cards import Button, Line, NeutralCard, Option, Part, Words, card, text
from dialogs.model.conversation import Facts, Responses
from dialogs.model.effects import Open, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, Viewer
from dialogs.model.shorten import cut

PAGE = 6


SHORT = 140


def may_answer(one: Concern, person: Person, known: Known) -> bool:
    """Return whether the person may answer: a named reader or, for a text to everybody, the leader
    and representatives."""
    if person == one.author:
        return False
    answering = known.holders("leader", "deputy", "tr", "amr")
    return person in one.readers or (one.everyone and person in answering)


def kind_line(one: Concern) -> Line:
    return text(f"concern.kind_{one.kind}")


def refused(state: Concern, person: Person, known: Known) -> NeutralCard | None:
    """Return why this person cannot act on it now; None if they can."""
    if not may_answer(state, person, known):
        if not may_read(state, person):
            return not_here()
        return card(*answerers(state, known))
    if state.status == "withdrawn":
        return card(c.Paragraph(text("concern.is_withdrawn")))
    if state.status in ("closed", "over"):
        key = "concern.is_closed" if state.status == "closed" else "concern.is_over"
        return card(c.Paragraph(text(key)), *answer_parts(state))
    return None


def answerers(state: Concern, known: Known) -> tuple[Part[Line], ...]:
    """Return who will answer, for a person who does not."""
    answering = known.holders("leader", "deputy", "tr", "amr")
    if not state.everyone or not answering:
        return (c.Paragraph(text("concern.others_answer")),)
    names = c.Listing(tuple(c.Who(p) for p in answering))
    return (c.Paragraph(text("concern.who_answers", who=names)),)


def not_here() -> NeutralCard:
    """Return the answer for a text that does not exist or that the person may not see, which must
    look alike."""
    return card(c.Paragraph(text("concern.not_here")))


def view_needs(state: Concern, slot: str) -> Facts:
    return (f.About(),)


def view(state: Concern, slot: str, known: Known) -> NeutralCard:
    project = known.project.id
    if slot != "post":
        return letter(state, slot, project)
    if state.status == "withdrawn":
        return card(c.Heading(kind_line(state)), c.Paragraph(text("concern.is_withdrawn")))
    open_still = state.status not in ("closed", "over")
    return card(
        c.Heading(kind_line(state)),
        c.Quote(state.words, c.Who(state.author)),
        *answer_parts(state),
        c.Small(text("concern.status", status=status_line(state, date.min))),
        c.buttons(Button(text("button.lead"), _look("concern", project, state.id), "quiet"))
        if open_still
        else None,
    )


def _look(view: e.View, project: str, ref: str) -> Look:
    return Look(view, project=project, ref=ref)


def list_needs(look: Look, viewer: Viewer) -> Facts:
    return (*HELPERS, f.About(), f.Published("said"), f.Records("said"))


def listed(look: Look, viewer: Viewer, known: Known) -> Responses:
    """List the texts addressed to the viewer first, then those that everybody may read."""
    today = local(known.project.calendar, viewer.at).date()
    mine = for_reader(known, viewer.person)
    own = tuple(
        one
        for one in known.states("concern", Concern).values()
        if one.author == viewer.person and one not in mine
    )
    rest = tuple(one for one in open_to_all(known) if one not in mine and one not in own)
    found = [*mine, *_ordered(own), *rest]
    if not found:
        say: Button[Line] = Button(text("button.say"), Look("say", project=viewer.project))
        return (Show(card(c.Paragraph(text("concern.none")), c.buttons(say))),)
    texts = {u.id: str(u.body["text"]) for u in known(f.Published("said"))}
    texts |= {r.id: str(r.body["text"]) for r in known(f.Records("said"))}
    if look.ref == "owed":
        waits = {o.concern.id for o in owed(known, viewer.person, date.max)}
        found = [one for one in found if one.id in waits]
        if not found:
            return (Show(card(c.Paragraph(text("concern.nothing_owed")))),)
    page = look.words or look.ref
    start = int(page) if page.isdecimal() and int(page) < len(found) else 0
    parts: list[Part[Line] | None] = [c.Heading(text("concern.heading"))]
    for_you = sum(one in mine for one in found)
    if for_you and not start:
        parts.append(c.Paragraph(text("concern.for_you", n=c.Count(for_you))))
    for one in found[start : start + PAGE]:
        parts.extend(_row(one, _short(texts.get(one.id, "")), viewer, known, today))
        if look.ref == "owed":
            parts.append(c.buttons(*_without_answer(one, viewer.project)))
    left = len(found) - start - PAGE
    if left > 0:
        more = Look("concerns", viewer.project, look.ref, words=str(start + PAGE))
        parts.append(c.buttons(Button(text("concern.more", n=c.Count(left)), more)))
    return (Show(card(*parts)),)


def _row(
    one: Concern, words: str, viewer: Viewer, known: Known, today: date
) -> tuple[Part[Line] | None, ...]:
    said = text("concern.row", kind=kind_line(one), status=status_line(one, today))
    if one.status == "withdrawn":
        return (c.Small(said),)
    mine = may_answer(one, viewer.person, known)
    answer = one.waits and mine
    tell = not one.waits and one.doing is not None and mine
    return (
        c.Quote(Words(words), c.Who(one.author) if one.author else None),
        c.Small(said),
        c.buttons(
            Button(text("concern.read"), _look("concern", viewer.project, one.id)),
            Button(text("button.reply"), _look("answer_concern", viewer.project, one.id))
            if answer
            else None,
            *(how_it_went(one, viewer.project) if tell else ()),
        ),
    )


def _without_answer(one: Concern, project: str) -> tuple[Button[Line] | None, ...]:
    """Return the buttons to end the wait for a text other than by an answer."""
    return (
        Button(text("concern.close_why"), _look("close_concern", project, one.id))
        if one.waits
        else None,
        Button(text("concern.hand_on"), _look("hand_on", project, one.id))
        if may_hand_on(one)
        else None,
    )


def _short(words: str) -> str:
    return cut(" ".join(words.split()), SHORT)


def one_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        f.StateOf("concern", look.ref),
        f.Roles(),
        f.About(),
        f.Published("more", look.ref or "-"),
    )


def one_card(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = known.state("concern", look.ref, Concern)
    if one is None or not may_read(one, viewer.person):
        return (Show(not_here()),)
    today = local(known.project.calendar, viewer.at).date()
    if one.status == "withdrawn":
        return (Show(card(c.Heading(kind_line(one)), c.Paragraph(text("concern.is_withdrawn")))),)
    parts: list[Part[Line] | None] = [
        c.Heading(kind_line(one)),
        c.Quote(one.words, c.Who(one.author) if one.author else None),
    ]
    for more in known(f.Published("more", look.ref)):
        key = "concern.objection" if more.body.get("objection") else "concern.later_words"
        parts.append(c.Paragraph(text(key)))
        parts.append(c.Quote(c.Kept("published", more.id)))
    parts.extend(answer_parts(one))
    parts.append(c.Small(text("concern.stands", status=status_line(one, today))))
    parts.append(c.Small(readers_line(one.readers, one.everyone)))
    if may_answer(one, viewer.person, known):
        parts.append(_acts(one, viewer))
    elif one.posted and one.status not in ("closed", "over"):
        parts += answerers(one, known)
    return (Show(card(*parts)),)


def _acts(one: Concern, viewer: Viewer) -> Part[Line] | None:
    project = viewer.project
    closed = one.status in ("closed", "over")
    trio = viewer.may("representative") and (one.trio or one.everyone) and not one.in_trio
    told = one.doing is None
    return c.buttons(
        *(() if told else how_it_went(one, project)),
        None
        if closed
        else Button(
            text("button.reply"),
            _look("answer_concern", project, one.id),
            "main" if told else "plain",
        ),
        Button(text("concern.promise_date"), _look("take_concern", project, one.id))
        if one.waits
        else None,
        Button(text("concern.close"), e.ConcernClosed(project=project, concern=one.id))
        if one.answers and told and not closed and not one.waits
        else None,
        *_without_answer(one, project),
        Button(text("concern.to_trio"), e.TakenToTrio(project=project, concern=one.id))
        if trio and not closed
        else None,
    )


def act_needs(look: Look, viewer: Viewer) -> Facts:
    return (f.StateOf("concern", look.ref), f.Roles(), f.About())


def answer_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = known.state("concern", look.ref, Concern)
    if one is None:
        return (Show(not_here()),)
    if (no := refused(one, viewer.person, known)) is not None:
        return (Show(no),)
    kinds = ("do", "no", "others", "later")
    options: tuple[Option[Line], ...] = tuple(
        Option(kind, text(f"concern.choose_{kind}"), text(f"concern.hint_{kind}")) for kind in kinds
    )
    return (
        Open(
            c.Form(
                title=text("concern.answer_title"),
                fields=(
                    c.Note(one.words),
                    c.Choice("answer", text("concern.field_answer"), options),
                    c.TextField(
                        "text", text("concern.field_text"), text("concern.no_links"), long=True
                    ),
                    c.TextField("who", text("concern.field_who"), limit=100, required=False),
                    c.DateField("until", text("concern.field_until")),
                ),
                submit=text("button.send"),
                into="concern_answered",
                fixed={"concern": one.id, "project": known.project.id},
            )
        ),
    )


def take_form(look: Look, viewer: Viewer, known: Known) -> Responses:
    one = known.state("concern", look.ref, Concern)
    if one is None:
        return (Show(not_here()),)
    if (no := refused(one, viewer.person, known)) is not None:
        return (Show(no),)
    return (
        Open(
            c.Form(
                title=text("concern.take_title"),
                fields=(
                    c.Note(text("concern.take_note")),
                    c.DateField(
                        "until", text("concern.field_promise"), one.promised, required=True
                    ),
                ),
                submit=text("button.save"),
                into="concern_seen",
                fixed={"concern": one.id, "project": known.project.id},
            )
        ),
    )
