"""Reads a submitted form: returns its event, or the errors of its fields.

A form can have several like fields, as many as there are statements or kinds of notes: what is
written in the fields `answers.1` and `answers.2` is found in the event's table `answers`, by `1`
and `2`. A field that was left empty is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from bot.core.tokens import EVENTS, FieldRule, FormToken
from bot.normalize import clean
from dialogs.model.cards import Line, Words, text
from dialogs.model.effects import FieldError
from dialogs.model.events import Event, Look

LONGEST = 3000
YEARS = range(2000, 2101)
_ID = re.compile(r"[\w.:@|+-]{1,128}", re.ASCII)


def read_values(
    form: FormToken, values: Mapping[str, Any]
) -> Event | Look | tuple[FieldError, ...]:
    found: dict[str, Any] = {}
    faults: list[FieldError] = []
    for id, rule in form.rules.items():
        value, fault = _read(rule, values.get(id))
        if fault is not None:
            faults.append(FieldError(id, fault))
        table, _, name = id.partition(".")
        if name:
            rows = found.setdefault(table, {})
            if value:
                rows[name] = value
        elif value is not None or rule.kind != "time":
            found[id] = value
    if faults:
        return tuple(faults)
    kind = Look if form.into == "look" else EVENTS[form.into]
    whole = {"type": form.into, **found, **form.fixed}
    try:
        return msgspec.convert(whole, kind, strict=False)
    except msgspec.ValidationError:
        return (FieldError("", text("gate.old_form")),)


def _read(rule: FieldRule, value: Any) -> tuple[Any, Line | None]:
    """Return the value of a field, and its error if it is invalid."""
    match rule.kind:
        case "text":
            return _read_text(rule, value)
        case "choice" | "one":
            one = value if isinstance(value, str) else (value or [""])[0]
            wrong = (rule.required and not one) or (one and not _known(rule, one))
            return one, text("gate.field_choose") if wrong else None
        case "choices" | "many":
            many = [value] if isinstance(value, str) and value else list(value or ())
            wrong = (rule.required and not many) or not all(_known(rule, v) for v in many)
            return many, text("gate.field_choose") if wrong else None
        case "date":
            day = _date(value)
            wrong = (rule.required and not value) or (value and day is None)
            return day, text("gate.field_date") if wrong else None
        case "time":
            minutes = _minutes(value)
            wrong = (rule.required and not value) or (value and minutes is None)
            return minutes, text("gate.field_time") if wrong else None
        case _:
            raise AssertionError(rule.kind)


def _read_text(rule: FieldRule, value: Any) -> tuple[str, Line | None]:
    words = clean(value) if isinstance(value, str) else ""
    if rule.required and not words:
        return words, text("gate.field_missing")
    if len(words) > min(rule.limit, LONGEST):
        return words, text("gate.field_long", limit=Words(str(rule.limit)))
    return words, None


def _known(rule: FieldRule, value: str) -> bool:
    """Return whether a value is one of the options, or has the form of a person's id."""
    if rule.kind in ("choice", "choices"):
        return value in rule.options
    return _ID.fullmatch(value) is not None


def _date(value: object) -> date | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
    return day if day is not None and day.year in YEARS else None


def _minutes(value: object) -> int | None:
    if not isinstance(value, str) or not value.strip():
        return None
    if ":" in value or "." in value:
        hour, _, minute = value.replace(".", ":").partition(":")
        if hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60:
            return int(hour) * 60 + int(minute)
        return None
    return int(value) if value.isdigit() and int(value) < 24 * 60 else None
