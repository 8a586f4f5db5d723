"""What was said, once it has been released: its ledger, from the reader to the answer.

Wording is read by the persons named when it was written (or by everybody, where the author chose
so), never by a role: whoever gets a role later reads only what is written later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from msgspec.structs import replace

from dialogs.concern.states import (
    HELPERS,
    Answer,
    Concern,
    _ordered,
    answer_parts,
    for_reader,
    may_read,
    open_to_all,
    owed,
    readers_line,
    status_line,
    widened,
)
from dialogs.model import cards as c
from dialogs.model import effects as fx
from dialogs.model import events as e
from dialogs.model import facts as f
from dialogs.model.calendar import at_local, local
from dialogs.model.cards import Button, Line, NeutralCard, Option, Part, Words, card, text
from dialogs.model.conversation import Conversation, Facts, Moments, Sight, Step, by_field
from dialogs.model.effects import Effects, FieldError, Open, Privately, Show
from dialogs.model.events import Look, Person
from dialogs.model.facts import Known, Viewer

PAGE = 6
SHORT = 140
REMINDED = 9


State = Concern


# --- what other conversations may say of it -----------------------------------------------


def may_answer(one: Concern, person: Person, known: Known) -> bool:
    """Whoever was named; what all may read is answered by leader and representatives."""
    if person == one.author:
        return False
    answering = known.holders("leader", "deputy", "tr", "amr")
    return person in one.readers or (one.everyone and person in answering)


def kind_line(one: Concern) -> Line:
    return text(f"concern.kind_{one.kind}")


# --- what happens to it -------------------------------------------------------------------


def needs(state: State | None, event: e.SignedEvent) -> Facts:
    return (f.About(), f.Roles())


def decide(state: State | None, event: e.SignedEvent, known: Known) -> Step:
    if state is None:
        return _new(event) if isinstance(event, e.Released) else (None, (Show(not_here()),))
    match event:
        case e.AuthorAdded():
            return _author_added(state, event)
        case e.Woke():
            return state, _due(state, event, known)
        case e.ConcernSeen() | e.ConcernAnswered() | e.ConcernClosed() | e.TakenToTrio():
            if (no := _refused(state, event.by, known)) is not None:
                return state, (Show(no),)
    match event:
        case e.ConcernSeen():
            return _seen(state, event, known)
        case e.ConcernAnswered():
            return _answered(state, event, known)
        case e.ConcernClosed():
            return _closed(state, event)
        case e.TakenToTrio():
            return _to_trio(state, event, known)
        case _:
            return state, ()


def _new(event: e.Released) -> Step:
    new = Concern(
        id=event.concern,
        kind=event.kind,
        readers=event.readers,
        everyone=event.everyone,
        trio=event.trio,
        release=event.number,
        author=event.author,
    )
    return new, (fx.Post("post"),) if new.posted else ()


def _author_added(state: Concern, event: e.AuthorAdded) -> Step:
    if state.status == "withdrawn":
        return state, ()
    state = widened(state, event.readers, event.everyone)
    match event.what:
        case "widened":
            return state, ()
        case "withdrew":
            after = replace(state, status="withdrawn", promised=None)
            return after, (fx.Cancel("due"), fx.Retract(state.id))
        case "objected":
            if state.objected:
                return state, ()
            return replace(state, status="sent", objected=True, promised=None, promised_by=""), ()
        case "wrote":
            again = state.status in ("answered", "closed")
            return replace(state, more=state.more + 1, status="sent" if again else state.status), ()


def _refused(state: Concern, person: Person, known: Known) -> NeutralCard | None:
    """None where this person may act on it as it stands."""
    if not may_answer(state, person, known):
        if not may_read(state, person):
            return not_here()
        answering = known.holders("leader", "deputy", "tr", "amr")
        if not state.everyone or not answering:
            return card(c.Paragraph(text("concern.others_answer")))
        names = c.Listing(tuple(c.Who(p) for p in answering))
        return card(c.Paragraph(text("concern.who_answers", who=names)))
    if state.status == "withdrawn":
        return card(c.Paragraph(text("concern.is_withdrawn")))
    if state.status == "closed":
        return card(c.Paragraph(text("concern.is_closed")), *answer_parts(state))
    return None


def _seen(state: Concern, event: e.ConcernSeen, known: Known) -> Step:
    today = local(known.project.calendar, event.at).date()
    if event.until is None or event.until < today:
        return state, (FieldError("until", text("concern.past_date")),)
    if state.status == "answered":
        return state, (Show(card(c.Paragraph(text("concern.is_answered")), *answer_parts(state))),)
    after = replace(
        state,
        status="forwarded" if state.status == "forwarded" else "seen",
        promised=event.until,
        promised_by=event.by,
    )
    promised = text("concern.you_promised", day=c.Day(event.until))
    told = text("concern.promised_you", who=c.Who(event.by), day=c.Day(event.until))
    return after, (
        *_remind(known, event.at, event.until),
        *_tell_author(state, c.Paragraph(told), c.Quote(state.words)),
        *_redraw(state),
        Show(card(c.Paragraph(promised))),
    )


def _answered(state: Concern, event: e.ConcernAnswered, known: Known) -> Step:
    today = local(known.project.calendar, event.at).date()
    if (faults := tuple(_faults(event, today))) != ():
        return state, faults
    given = Answer(event.answer, event.id, event.by, until=event.until, on=today)
    stays = event.answer in ("others", "later")
    after = replace(
        state,
        status={"others": "forwarded", "later": "seen"}.get(event.answer, "answered"),
        promised=event.until if stays else None,
        promised_by=event.by if stays else "",
        answers=(*state.answers, given),
    )
    reminder = _remind(known, event.at, event.until) if stays and event.until else None
    parts = answer_parts(replace(after, answers=(given,)))
    effects: list[fx.Effect | fx.Moment] = [
        fx.Record(
            "concern_answer",
            state.id,
            event.id,
            event.by,
            event.at,
            {"text": event.text, "who": event.who},
        ),
        *(reminder or (fx.Cancel("due"),)),
        *_tell_author(state, c.Paragraph(text("concern.answered_you")), c.Quote(state.words),
                      *parts),
    ]  # fmt: skip
    if state.posted:
        effects.append(fx.Redraw("post"))
    elif state.everyone:
        by = c.Who(state.author) if state.author else None
        said = card(
            c.Paragraph(text("concern.answer_to_all", kind=kind_line(state))),
            c.Quote(state.words, by),
            *parts,
        )
        effects.append(fx.Say(said))
    key = "concern.stored_code" if not state.author and not state.everyone else "concern.stored"
    close: Button[Line] = Button(
        text("concern.close"), e.ConcernClosed(project=event.project, concern=state.id)
    )
    effects.append(Show(card(c.Paragraph(text(key)), None if stays else c.buttons(close))))
    return after, tuple(effects)


_REFERENCE = re.compile(
    r"""https?:|ftp:|file:|mailto:|tel:|www\.                  # addresses that say what they are
    | [\w.+-]+@[\w-]+\.\w                                      # mail
    | <[@!#]                                                   # a platform's own references
    | \b[\w-]+\.(?:dk|com|org|net|eu|io|info|app|link|ly|me|gg|se|no|de|uk|me|nu|biz)\b
    | \b[\w-]+\.(?:docx?|xlsx?|pptx?|pdf|txt|csv|odt|png|jpe?g|gif|zip|html?|mp[34])\b
    | \b[a-z]:\\ | \\\\\w | (?:^|\s)[~/]?/\w+/                 # paths
    """,
    re.IGNORECASE | re.VERBOSE,
)


def refers_elsewhere(words: str) -> bool:
    """A link, an address or a file: whoever opens it can be seen opening it."""
    return _REFERENCE.search(words) is not None


def _faults(event: e.ConcernAnswered, today: date) -> Iterable[FieldError]:
    for field, words in (("text", event.text), ("who", event.who)):
        if refers_elsewhere(words):
            yield FieldError(field, text("concern.no_links"))
    if event.answer in ("do", "others") and not event.who:
        yield FieldError("who", text(f"concern.who_missing_{event.answer}"))
    if event.answer != "no" and event.until is None:
        yield FieldError("until", text("concern.date_missing"))
    if event.until is not None and event.until < today:
        yield FieldError("until", text("concern.past_date"))


def _closed(state: Concern, event: e.ConcernClosed) -> Step:
    if not state.answers:
        return state, (Show(card(c.Paragraph(text("concern.answer_first")))),)
    after = replace(state, status="closed", promised=None, promised_by="")
    return after, (
        fx.Cancel("due"),
        *_tell_author(state, c.Paragraph(text("concern.closed_you")), c.Quote(state.words)),
        *_redraw(state),
        Show(card(c.Paragraph(text("concern.now_closed")))),
    )


def _to_trio(state: Concern, event: e.TakenToTrio, known: Known) -> Step:
    if not (state.trio or state.everyone):
        return state, (Show(card(c.Paragraph(text("concern.no_consent")))),)
    if state.in_trio:
        return state, (Show(card(c.Paragraph(text("concern.in_trio")))),)
    trio = known.holders("leader", "tr", "amr")
    new = tuple(p for p in trio if p not in state.readers and p != state.author)
    after = replace(state, in_trio=True, readers=(*state.readers, *new))
    came = text("concern.came_to_trio", who=c.Who(event.by))
    return after, (
        *(
            Privately(p, card(c.Paragraph(came), _list_button(event.project)), urgency=3)
            for p in new
        ),
        Show(card(c.Paragraph(text("concern.now_in_trio")))),
    )


def _due(state: Concern, event: e.Woke, known: Known) -> Effects:
    if not state.waits or state.promised is None or not state.promised_by:
        return ()
    if not known.project.open:
        return ()
    key = "concern.due_forwarded" if state.status == "forwarded" else "concern.due"
    here = {"project": event.project, "ref": state.id}
    reminder = card(
        c.Paragraph(text(key, kind=kind_line(state), day=c.Day(state.promised))),
        c.buttons(
            Button(text("button.reply"), Look("answer_concern", **here)),
            Button(text("button.new_date"), Look("take_concern", **here)),
        ),
    )
    return (Privately(state.promised_by, reminder, urgency=2),)


def _remind(known: Known, at: datetime, day: date) -> Effects:
    when = at_local(known.project.calendar, day, REMINDED)
    return (fx.Timer("due", when),) if when > at else (fx.Cancel("due"),)


def _tell_author(state: Concern, *parts: Part[Line]) -> Effects:
    return (Privately(state.author, card(*parts), now=True),) if state.author else ()


def _redraw(state: Concern) -> Effects:
    return (fx.Redraw("post"),) if state.posted else ()


def _list_button(project: str) -> Part[Line] | None:
    return c.buttons(Button(text("concern.see"), Look("concerns", project=project)))


def not_here() -> NeutralCard:
    """What is not yours and what is not there are answered alike."""
    return card(c.Paragraph(text("concern.not_here")))


# --- the standing post of what was said by name to everybody ------------------------------


def view_needs(state: State, slot: str) -> Facts:
    return (f.About(),)


def view(state: State, slot: str, known: Known) -> NeutralCard:
    project = known.project.id
    if state.status == "withdrawn":
        return card(c.Heading(kind_line(state)), c.Paragraph(text("concern.is_withdrawn")))
    open_still = state.status != "closed"
    return card(
        c.Heading(kind_line(state)),
        c.Quote(state.words, c.Who(state.author)),
        *answer_parts(state),
        c.Small(status_line(state, date.min)),
        c.buttons(Button(text("button.reply"), _look("answer_concern", project, state.id)))
        if open_still
        else None,
    )


def _look(view: e.View, project: str, ref: str) -> Look:
    return Look(view, project=project, ref=ref)


# --- looks --------------------------------------------------------------------------------


def _list_needs(look: Look, viewer: Viewer) -> Facts:
    return (*HELPERS, f.About(), f.Published("said"), f.Records("said"))


def _list(look: Look, viewer: Viewer, known: Known) -> Moments:
    """First what was addressed to the viewer, then what everybody may read."""
    today = local(known.project.calendar, viewer.at).date()
    mine = for_reader(known, viewer.person)
    own = tuple(one for one in known.states("concern", Concern).values()
                if one.author == viewer.person and one not in mine)  # fmt: skip
    rest = tuple(one for one in open_to_all(known) if one not in mine and one not in own)
    found = [*mine, *_ordered(own), *rest]
    if not found:
        say: Button[Line] = Button(text("button.say"), Look("say", project=viewer.project))
        return (Show(card(c.Paragraph(text("concern.none")), c.buttons(say))),)
    texts = {u.id: str(u.body["text"]) for u in known(f.Published("said"))}
    texts |= {r.id: str(r.body["text"]) for r in known(f.Records("said"))}
    if look.ref == "owed":
        waits = {o.concern.id for o in owed(known, viewer.person, today)}
        found = [one for one in found if one.id in waits]
    start = int(look.ref) if look.ref.isdecimal() and int(look.ref) < len(found) else 0
    parts: list[Part[Line] | None] = [c.Heading(text("concern.heading"))]
    if mine:
        parts.append(c.Paragraph(text("concern.for_you", n=c.Count(len(mine)))))
    for one in found[start : start + PAGE]:
        parts.extend(_row(one, _short(texts.get(one.id, "")), viewer, known, today))
    left = len(found) - start - PAGE
    if left > 0:
        more = Look("concerns", project=viewer.project, ref=str(start + PAGE))
        parts.append(c.buttons(Button(text("concern.more", n=c.Count(left)), more)))
    return (Show(card(*parts)),)


def _row(
    one: Concern, words: str, viewer: Viewer, known: Known, today: date
) -> tuple[Part[Line] | None, ...]:
    said = text("concern.row", kind=kind_line(one), status=status_line(one, today))
    if one.status == "withdrawn":
        return (c.Small(said),)
    answer = one.waits and may_answer(one, viewer.person, known)
    return (
        c.Quote(Words(words), c.Who(one.author) if one.author else None),
        c.Small(said),
        c.buttons(
            Button(text("concern.read"), _look("concern", viewer.project, one.id)),
            Button(text("button.reply"), _look("answer_concern", viewer.project, one.id))
            if answer
            else None,
        ),
    )


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= SHORT else line[: SHORT - 1].rstrip() + "…"


def _one_needs(look: Look, viewer: Viewer) -> Facts:
    return (
        f.State("concern", look.ref),
        f.Roles(),
        f.About(),
        f.Published("more", look.ref or "-"),
    )


def _one(look: Look, viewer: Viewer, known: Known) -> Moments:
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
    return (Show(card(*parts)),)


def _acts(one: Concern, viewer: Viewer) -> Part[Line] | None:
    project = viewer.project
    closed = one.status == "closed"
    trio = viewer.may("representative") and (one.trio or one.everyone) and not one.in_trio
    return c.buttons(
        None
        if closed
        else Button(text("button.reply"), _look("answer_concern", project, one.id), "main"),
        Button(text("concern.promise_date"), _look("take_concern", project, one.id))
        if one.waits
        else None,
        Button(text("concern.close"), e.ConcernClosed(project=project, concern=one.id))
        if one.answers and not closed
        else None,
        Button(text("concern.to_trio"), e.TakenToTrio(project=project, concern=one.id))
        if trio and not closed
        else None,
    )


def _act_needs(look: Look, viewer: Viewer) -> Facts:
    return (f.State("concern", look.ref), f.Roles(), f.About())


def _answer_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    one = known.state("concern", look.ref, Concern)
    if one is None:
        return (Show(not_here()),)
    if (no := _refused(one, viewer.person, known)) is not None:
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


def _take_form(look: Look, viewer: Viewer, known: Known) -> Moments:
    one = known.state("concern", look.ref, Concern)
    if one is None:
        return (Show(not_here()),)
    if (no := _refused(one, viewer.person, known)) is not None:
        return (Show(no),)
    return (
        Open(
            c.Form(
                title=text("concern.take_title"),
                fields=(
                    c.Note(text("concern.take_note")),
                    c.DateField("until", text("concern.field_promise"), one.promised,
                                required=True),
                ),
                submit=text("button.save"),
                into="concern_seen",
                fixed={"concern": one.id, "project": known.project.id},
            )
        ),
    )  # fmt: skip


def forgets(state: Concern, person: Person) -> Concern:
    """What was said by name is withdrawn; a promised answer is owed by all who may give it."""
    if state.promised_by == person:
        state = replace(state, promised_by="", promised=None)
    if state.author == person:
        state = replace(state, author=c.FORMER, status="withdrawn", promised=None)
    return state


CONVERSATION = Conversation(
    name="concern",
    state=State,
    events=by_field(
        "concern",
        e.Released,
        e.AuthorAdded,
        e.ConcernSeen,
        e.ConcernAnswered,
        e.ConcernClosed,
        e.TakenToTrio,
    ),
    needs=needs,
    decide=decide,
    view_needs=view_needs,
    view=view,
    sights={
        "concerns": Sight(_list_needs, _list),
        "concern": Sight(_one_needs, _one),
        "answer_concern": Sight(_act_needs, _answer_form),
        "take_concern": Sight(_act_needs, _take_form),
    },
    forgets=forgets,
)
