"""Encodes and decodes the `data` of Teams' buttons and the values of form fields.

Nothing in it is trusted: what a button may do is decided by Digi's signed token inside.
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
"""Prefix of each field's id, so that it cannot collide with Teams' own names."""
UNPACKED = 200_000
EMPTY_VALUE = "\u2205"
"""Teams requires a non-empty value for each choice; this stands for our empty one."""


class PressData(Struct, frozen=True, tag_field="k", tag="p", omit_defaults=True):
    """A button with a token of Digi. `channel` is the one it belongs to, if it is shown
    elsewhere."""

    token: str
    channel: str = ""


class CommandData(Struct, frozen=True, tag_field="k", tag="w", omit_defaults=True):
    """A button of the adapter that acts as if its presser had typed the command."""

    words: str
    channel: str = ""


class Held(Struct, frozen=True, tag_field="k", tag="h"):
    """A button that opens a stored answer, or the next page of one."""

    id: str


class Packed(Struct, frozen=True, tag_field="k", tag="f", omit_defaults=True):
    form: str
    channel: str = ""
    message: str = ""


class Send(Struct, frozen=True):
    """A submitted form, with all that is needed to render it again. `message` is the one with the
    button that opened it, which Teams does not name again."""

    form: OpenForm
    channel: str = ""
    message: str = ""


class OpenForm(Struct, frozen=True):
    form: c.FinishedForm

    @property
    def token(self) -> str:
        return self.form.token

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(field.id for field in self.form.fields if not isinstance(field, c.Note))


Data = PressData | CommandData | Held | Send
_Written = PressData | CommandData | Held | Packed
_forms = msgspec.json.Decoder(c.FinishedForm)


def written_data(data: _Written) -> CardElement:
    return {MARK: msgspec.to_builtins(data)}


def read_data(value: Mapping[str, Any]) -> Data | None:
    """Decode a button's data; None if Digi did not write it.

    Nothing in it is trusted: what the button may do is decided by the signed token.
    """
    try:
        found: _Written = msgspec.convert(value.get(MARK), _Written)
        if isinstance(found, Packed):
            return Send(OpenForm(_unpacked(found.form)), found.channel, found.message)
    except (msgspec.MsgspecError, zlib.error, binascii.Error, ValueError, RecursionError):
        return None
    return found


def packed(form: c.FinishedForm) -> str:
    """Compress a form for its own submit button, so that no replica has to remember an open
    form."""
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
    """Encode a button of the adapter as a token. Tokens of Digi contain no colon, so they cannot
    collide."""
    return f"{_SAY}{data.words}" if isinstance(data, CommandData) else f"{_HELD}{data.id}"


def read_button(token: str, channel: str = "") -> PressData | CommandData | Held:
    if token.startswith(_SAY):
        return CommandData(token.removeprefix(_SAY), channel)
    if token.startswith(_HELD):
        return Held(token.removeprefix(_HELD))
    return PressData(token, channel)


# --- fields ---------------------------------------------------------------------------------------


def written_value(value: str) -> str:
    """Encode a choice's value. Teams separates selected values by commas, so these are escaped."""
    return value.replace("%", "%25").replace(",", "%2C") or EMPTY_VALUE


def read_chosen(value: str) -> str:
    return "" if value == EMPTY_VALUE else value.replace("%2C", ",").replace("%25", "%")


def read_value(form: OpenForm, id: str, value: object) -> str | list[str] | None:
    """Decode a submitted value according to its field's type."""
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
