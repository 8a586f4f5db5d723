"""Unsigned answers, votes and objections to a question: validated, and stored in the pool."""

from __future__ import annotations

from dialogs.model import events as e
from dialogs.model.cards import (
    ByDoor,
    Paragraph,
    Words,
    card,
    text,
)
from dialogs.model.conversation import (
    Facts,
    Responses,
    UnsignedStep,
)
from dialogs.model.effects import (
    FieldError,
    PoolEntry,
    Show,
)
from dialogs.model.facts import About, Known, Roles, StateOf, Team
from dialogs.question.cards import as_it_is, told
from dialogs.question.forms import (
    too_few,
)
from dialogs.question.states import (
    one_of,
    takes_answers,
    takes_objections,
)


def unsigned_facts(event: e.UnsignedEvent) -> Facts:
    match event:
        case e.AnsweredUnnamed(question=question) | e.Missing(question=question):
            return (About(), Roles(), Team(), StateOf("question", question))
        case e.Fits(question=question):
            return (StateOf("question", question),)
        case _:
            return ()


def unsigned(event: e.UnsignedEvent, known: Known) -> UnsignedStep:
    match event:
        case e.AnsweredUnnamed(question=question, text=words, understood=understood):
            state = one_of(known, question)
            if not takes_answers(state):
                return (), (FieldError("", as_it_is(state)),)
            if not understood and too_few(known):
                return (), (FieldError("understood", text("question.understand_first")),)
            return (PoolEntry("answer", question, {"text": words}),), _code(
                "question.code_answer", "page.keep_code_answer"
            )
        case e.Missing(question=question, text=words, shared=shared, understood=understood):
            state = one_of(known, question)
            if not takes_objections(state):
                return (), (FieldError("", as_it_is(state)),)
            if not understood and too_few(known):
                return (), (FieldError("understood", text("question.understand_first")),)
            body = {"text": words, "shared": shared}
            return (PoolEntry("objection", question, body),), _code(
                "question.code_missing", "question.code_missing"
            )
        case e.Fits(question=question):
            state = one_of(known, question)
            if not takes_objections(state):
                return (), told(state, event.project)
            entry = PoolEntry("fits", question, {}, one_each=True)
            return (entry,), (Show(card(Paragraph(text("question.noted")))),)
        case _:
            raise AssertionError(event)


def votes_lost(event: e.UnsignedEvent) -> Responses:
    """The answer where a backup brought the votes back without the memory of who had voted."""
    return (Show(card(Paragraph(text("question.votes_lost")))),)


def _code(after: str, on_page: str) -> Responses:
    # The engine inserts the receipt code, which nobody else ever sees.
    code = Words("…")
    received = ByDoor(text("question.code", code=code), text("page.received", code=code))
    return (Show(card(Paragraph(received), Paragraph(ByDoor(text(after), text(on_page))))),)
