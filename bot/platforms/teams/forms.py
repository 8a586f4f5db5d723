"""Renders a finished form as the card of a dialog, with submitted values and field errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bot.platforms.teams.data import (
    PREFIX,
    CardElement,
    Packed,
    packed,
    written_data,
    written_value,
)
from bot.platforms.teams.draw import BUTTON, TITLE, WHOLE
from bot.platforms.teams.pieces import (
    CardRow,
    a_row,
    button_rows,
    framed,
    in_rows,
    shown,
    text_lines,
)
from bot.platforms.teams.words import word
from content.language import Language
from dialogs.model import cards as c
from dialogs.model.shorten import cut

FEW = 8
PEOPLE = "graph.microsoft.com/users"
_BEGINNING = re.compile(r"#{1,6}(?= |$)|>|[-+*](?= |$)|-{3}|\d{1,9}[.)](?= |$)|~{3}|`{3}")
_PAIRED = "*_`~"
_DOES = {
    "[": re.compile(r"\](?=[\[(:])"),
    "<": re.compile(r"<[A-Za-z/!?]"),
    "&": re.compile(r"&#?\w+;"),
    "\\": re.compile(r"\\[!-/:-@\[-`{-~]"),
}
"""Characters that are markdown only in front of certain others."""


class _Room(Struct, frozen=True):
    """Maximum lengths of a form's texts."""

    note: int
    label: int
    hint: int
    option: int
    value: int


_ROOMS = (
    _Room(3000, 500, 500, 200, 4000),
    _Room(1500, 300, 200, 120, 4000),
    _Room(600, 120, 80, 80, 4000),
    _Room(200, 75, 0, 75, 1500),
    _Room(60, 40, 0, 30, 400),
    _Room(0, 20, 0, 10, 60),
)
NameOf = Callable[[str], str]


def form(
    form: c.FinishedForm,
    language: Language = "da",
    *,
    values: Mapping[str, Any] | None = None,
    faults: Sequence[tuple[str, str]] = (),
    names: NameOf = lambda person: person,
    channel: str = "",
    message: str = "",
) -> CardElement:
    """Render a form as the card of a dialog.

    `values` are the values submitted before, by Teams' field ids; `faults` are (field id, error
    message). `channel` and `message` come back with the submitted form. The texts are shortened
    step by step until the card fits.
    """
    drawn: CardElement = {}
    for room in _ROOMS:
        short = _shortened(form, room)
        sent = Packed(packed(short), channel, message)
        drawn = _form(short, language, values or {}, faults, names, room, sent)
        if _bytes(drawn) <= WHOLE:
            break
    return drawn


def title_of_form(form: c.FinishedForm) -> str:
    return cut(c.plain(form.title).strip() or "Digi", TITLE)


def _bytes(card: CardElement) -> int:
    return len(json.dumps(card, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _form(
    form: c.FinishedForm,
    language: Language,
    values: Mapping[str, Any],
    faults: Sequence[tuple[str, str]],
    names: NameOf,
    room: _Room,
    sent: Packed,
) -> CardElement:
    known = {field.id for field in form.fields if not isinstance(field, c.Note)}
    rows: list[CardRow] = []
    for id, said in faults:
        if id not in known:
            rows += _fault(said, language)
    for field in form.fields:
        if isinstance(field, c.Note):
            rows += in_rows(text_lines(field.text), "Medium")
            continue
        for id, said in faults:
            if id == field.id:
                rows += _fault(said, language)
        rows += _input(field, language, values, names, room)
    submit = cut(c.plain(form.submit).strip() or "OK", BUTTON)
    send = {
        "type": "Action.Submit",
        "title": submit,
        "style": "positive",
        "data": written_data(sent),
    }
    rows += button_rows([send])
    spoken = [c.plain(form.title), *(said for _, said in faults)]
    return framed(rows, "\n".join(spoken), language)


def _fault(said: str, language: Language) -> Iterator[CardRow]:
    """Render an error message. It starts with words, so that it does not depend on colour alone."""
    text = f"{word('look_again', language)} {cut(said, 500)}"
    yield from in_rows(text_lines((c.Plain(text),), color="Attention", weight="Bolder"), "Medium")


def _input(
    field: c.Field[c.Spans],
    language: Language,
    values: Mapping[str, Any],
    names: NameOf,
    room: _Room,
) -> Iterator[CardRow]:
    assert not isinstance(field, c.Note)
    element = _element(field, language, names)
    label = c.plain(field.label).strip() or "…"
    if element is None:
        said = f"{label}\n{word('nothing_to_choose', language)}"
        yield from in_rows(text_lines((c.Plain(said),)), "Medium")
        return
    element["id"] = f"{PREFIX}{field.id}"
    element["label"] = shown(label)
    stood = values.get(element["id"])
    if isinstance(stood, str):
        element["value"] = cut(stood, room.value)
        if isinstance(field, c.People):
            element["choices"] = _people([p for p in stood.split(",") if p], names)
    if field.required and not element.get("value"):
        # A field with a default is not marked as required; the gate rejects an empty one.
        element["isRequired"] = True
        element["errorMessage"] = word("missing", language)
    yield a_row(element, label)
    if field.hint is not None:
        yield from in_rows(text_lines(field.hint, size="Small"), "Small")


def _element(field: c.Field[c.Spans], language: Language, names: NameOf) -> CardElement | None:
    match field:
        case c.TextField(long=long, limit=limit, value=value):
            element: CardElement = {
                "type": "Input.Text",
                "isMultiline": long,
                "maxLength": max(limit, 1),
            }
            if value is not None and (begun := c.plain(value)):
                element["value"] = begun
            return element
        case c.Choice(options=options, value=value):
            return _choosing(options, (value,) if value else (), many=False)
        case c.Choices(options=options, values=values):
            return _choosing(options, values, many=True)
        case c.People(many=many, values=values):
            chosen = [person for person in values if person]
            return {
                "type": "Input.ChoiceSet",
                "isMultiSelect": many,
                "style": "filtered",
                "choices": _people(chosen, names),
                "choices.data": {"type": "Data.Query", "dataset": PEOPLE},
                "placeholder": word("somebody", language),
                **({"value": ",".join(chosen)} if chosen else {}),
            }
        case c.DateField(value=day):
            return {"type": "Input.Date", **({"value": day.isoformat()} if day else {})}
        case c.TimeField(value=minutes):
            if minutes is None:
                return {"type": "Input.Time"}
            hour, minute = divmod(minutes, 60)
            return {"type": "Input.Time", "value": f"{hour:02}:{minute:02}"}
    raise AssertionError(field)


def _people(chosen: Sequence[str], names: NameOf) -> list[CardElement]:
    return [{"title": names(person) or person, "value": person} for person in chosen]


def _choosing(
    options: Sequence[c.Option[c.Spans]], chosen: Sequence[str], *, many: bool
) -> CardElement | None:
    if not options:
        return None
    listed = many or len(options) <= FEW
    element: CardElement = {
        "type": "Input.ChoiceSet",
        "isMultiSelect": many,
        "style": "expanded" if listed else "compact",
        "wrap": True,
        "choices": [
            {"title": _option(option, listed=listed), "value": written_value(option.value)}
            for option in options
        ],
    }
    begun = [written_value(o.value) for o in options if o.value in chosen]
    if begun:
        element["value"] = ",".join(begun if many else begun[:1])
    return element


def _option(option: c.Option[c.Spans], *, listed: bool) -> str:
    """Return the label of an option. Teams parses markdown in expanded choices, but not in a
    drop-down."""
    label = c.plain(option.label).strip() or "…"
    hint = c.plain(option.hint).strip() if option.hint is not None else ""
    said = " ".join(shown(f"{label} · {hint}" if hint else label).split())
    return _unread(said) if listed else said


def _unread(text: str) -> str:
    """Escape markdown in a line.

    Only characters that would have an effect are escaped: some Teams clients parse no markdown here
    and would show the backslashes.
    """
    signs = {sign for sign in _PAIRED if text.count(sign) > 1}
    signs |= {sign for sign, does in _DOES.items() if does.search(text)}
    begun = _BEGINNING.match(text)
    first = begun.end() - 1 if begun else -1
    return "".join(
        f"\\{sign}" if sign in signs or at == first else sign for at, sign in enumerate(text)
    )


def _shortened(form: c.FinishedForm, room: _Room) -> c.FinishedForm:
    return c.Form(
        _cut(form.title, TITLE),
        tuple(
            _short_field(field, room)
            for field in form.fields
            if room.note or not isinstance(field, c.Note)
        ),
        _cut(form.submit, BUTTON),
        form.into,
        {},
        form.token,
    )


def _short_field(field: c.Field[c.Spans], room: _Room) -> c.Field[c.Spans]:
    replace = msgspec.structs.replace
    if isinstance(field, c.Note):
        return replace(field, text=_cut(field.text, room.note))
    changes: dict[str, Any] = {"label": _cut(field.label, room.label)}
    if field.hint is not None:
        changes["hint"] = _cut(field.hint, room.hint) if room.hint else None
    if isinstance(field, c.TextField) and field.value is not None:
        changes["value"] = _cut(field.value, min(room.value, max(field.limit, 1)))
    if isinstance(field, c.Choice | c.Choices):
        changes["options"] = tuple(
            c.Option(
                option.value,
                _cut(option.label, room.option),
                _cut(option.hint, room.option) if option.hint is not None and room.hint else None,
            )
            for option in field.options
        )
    found: c.Field[c.Spans] = replace(field, **changes)
    return found


def _cut(spans: c.Spans, limit: int) -> c.Spans:
    whole = c.plain(spans)
    return spans if len(whole) <= limit else (c.Plain(cut(whole, max(limit, 1))),)
