"""What stands on Teams' buttons and in its fields, and how it comes back.

What is written here is read here. Nothing of it is believed: what may be done is in Digi's token.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from dialogs.model import cards as c

CardElement = dict[str, Any]

MARK = "digi"
PREFIX = "f."
"""Before the id of each field, so that it cannot be one of Teams' own names."""
UNPACKED = 200_000
EMPTY_VALUE = "\u2205"
"""A choice must have a value; ours may be empty."""


class PressData(Struct, frozen=True, tag_field="k", tag="p", omit_defaults=True):
    """One of Digi's own tokens. `channel` is where it belongs, if that is elsewhere."""

    token: str
    channel: str = ""


class CommandData(Struct, frozen=True, tag_field="k", tag="w", omit_defaults=True):
    """A button of this platform's own, which is as if one had typed a command."""

    words: str
    channel: str = ""


class ConfirmData(Struct, frozen=True, tag_field="k", tag="a", omit_defaults=True):
    """A press that is asked about first."""

    token: str
    label: str
    question: str
    danger: bool = False
    channel: str = ""


class Held(Struct, frozen=True, tag_field="k", tag="h"):
    """An answer that waits for the person it is for; a further page of one."""

    id: str


class Packed(Struct, frozen=True, tag_field="k", tag="f", omit_defaults=True):
    form: str
    channel: str = ""


class Send(Struct, frozen=True):
    """A filled form, with all that is needed to draw it again."""

    form: OpenForm
    channel: str = ""


class OpenForm(Struct, frozen=True):
    form: c.FinishedForm

    @property
    def token(self) -> str:
        return self.form.token

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(field.id for field in self.form.fields if not isinstance(field, c.Note))


Data = PressData | CommandData | ConfirmData | Held | Send
_Written = PressData | CommandData | ConfirmData | Held | Packed
_forms = msgspec.json.Decoder(c.FinishedForm)


def written_data(data: _Written) -> CardElement:
    return {MARK: msgspec.to_builtins(data)}


def read_data(value: Mapping[str, Any]) -> Data | None:
    """What Digi wrote on the button; None where it was not Digi. Nothing of it is believed: what
    may be done is in the token, which bears a seal."""
    try:
        found: _Written = msgspec.convert(value.get(MARK), _Written)
        if isinstance(found, Packed):
            return Send(OpenForm(_unpacked(found.form)), found.channel)
    except (msgspec.MsgspecError, zlib.error, binascii.Error, ValueError, RecursionError):
        return None
    return found


def packed(form: c.FinishedForm) -> str:
    """No replica has to remember a form that is open somewhere: it goes along."""
    return base64.b64encode(zlib.compress(msgspec.json.encode(form), 9)).decode()


def _unpacked(text: str) -> c.FinishedForm:
    opened = zlib.decompressobj()
    raw = opened.decompress(base64.b64decode(text, validate=True), UNPACKED)
    if opened.unconsumed_tail:
        raise ValueError
    return _forms.decode(raw)


# --- a button of this platform's own --------------------------------------------------------------

_SAY, _HELD = "say:", "held:"


def written_button(data: CommandData | Held) -> str:
    """A button of this platform's own, as a token. Digi's own tokens have no colon."""
    return f"{_SAY}{data.words}" if isinstance(data, CommandData) else f"{_HELD}{data.id}"


def read_button(token: str, channel: str = "") -> PressData | CommandData | Held:
    if token.startswith(_SAY):
        return CommandData(token.removeprefix(_SAY), channel)
    if token.startswith(_HELD):
        return Held(token.removeprefix(_HELD))
    return PressData(token, channel)


# --- fields ---------------------------------------------------------------------------------------


def written_value(value: str) -> str:
    """Several chosen values come back with commas between them."""
    return value.replace("%", "%25").replace(",", "%2C") or EMPTY_VALUE


def read_chosen(value: str) -> str:
    return "" if value == EMPTY_VALUE else value.replace("%2C", ",").replace("%25", "%")


def read_value(form: OpenForm, id: str, value: object) -> str | list[str] | None:
    """What stands in a field, as the form means it."""
    if not isinstance(value, str):
        return None
    field = next(f for f in form.form.fields if not isinstance(f, c.Note) and f.id == id)
    match field:
        case c.Choice():
            return read_chosen(value)
        case c.Choices():
            return [read_chosen(one) for one in value.split(",") if one]
        case c.People(many=many):
            people = [one.strip() for one in value.split(",") if one.strip()]
            people = [one if ":" in one else one.casefold() for one in people]
            return people if many else (people[0] if people else "")
        case _:
            return value
