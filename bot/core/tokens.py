"""Tokens on Digi's buttons and forms: JSON with a MAC, bound to the workplace.

A token is not secret, but nobody else can make or change one. A form's token is also bound to the
person it was opened for: submitting it again shows the same answer, which can be a receipt code.
"""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from dialogs.model.cards import (
    Choice,
    Choices,
    DateField,
    NeutralForm,
    Note,
    People,
    TextField,
    TimeField,
)
from dialogs.model.events import Look, Person, Press, SignedEvent, UnsignedEvent


class Mac(Protocol):
    def mac(self, data: bytes) -> str: ...

    def check_mac(self, data: bytes, tag: str) -> bool: ...

    def __hash__(self) -> int: ...


class FieldRule(Struct, frozen=True, array_like=True):
    kind: str
    required: bool
    limit: int = 0
    options: tuple[str, ...] = ()


class FormToken(Struct, frozen=True):
    """`owner` is a MAC of the person and the project that the form was opened for; it differs for
    each form, so that without the key two forms of one person have nothing in common."""

    into: str
    fixed: dict[str, str]
    form: str
    rules: dict[str, FieldRule]
    owner: str = ""


class BadToken(Exception):
    """Not ours, from another workplace, or from a Digi that has another key."""


class NotTheirs(Exception):
    """A form that was opened for somebody else."""


_press = msgspec.json.Decoder(Press)
_form = msgspec.json.Decoder(FormToken)
EVENTS: dict[str, type[Any]] = {
    str(t.__struct_config__.tag): t for t in (*SignedEvent.__args__, *UnsignedEvent.__args__)
}
_HIDDEN = frozenset({"by", "at", "id"})


def write_press(mac: Mac, tenant: str, press: Press) -> str:
    if type(press) is Look and not press.words:
        return _write_look(mac, tenant, press)
    return _write_press(mac, tenant, press)


@functools.lru_cache(maxsize=4096)
def _write_look(mac: Mac, tenant: str, look: Look) -> str:
    """Cached, because the same few looks stand on every card. Looks with words or a code are
    not."""
    return _write_press(mac, tenant, look)


def _write_press(mac: Mac, tenant: str, press: Press) -> str:
    body = msgspec.to_builtins(press)
    defaults = _defaults(body["type"])
    body = {
        k: v
        for k, v in body.items()
        if k not in _HIDDEN and (k not in defaults or v != defaults[k])
    }
    return _written(mac, tenant, b"p", msgspec.json.encode(body))


@functools.cache
def _defaults(tag: str) -> dict[str, Any]:
    """Default values, which are left out of a token and filled in when it is read."""
    kind = EVENTS.get(tag, Look)
    return {
        field.name: msgspec.to_builtins(field.default)
        for field in msgspec.structs.fields(kind)
        if field.default is not msgspec.NODEFAULT
    }


def read_press(mac: Mac, tenant: str, token: str) -> Press:
    try:
        press: Press = _press.decode(_read(mac, tenant, b"p", token))
        return press
    except msgspec.MsgspecError:
        raise BadToken from None


def write_form(mac: Mac, tenant: str, form: NeutralForm, form_id: str, person: Person) -> str:
    rules = {}
    for field in form.fields:
        match field:
            case TextField():
                rules[field.id] = FieldRule("text", field.required, field.limit)
            case Choice():
                rules[field.id] = FieldRule(
                    "choice", field.required, 0, tuple(o.value for o in field.options)
                )
            case Choices():
                rules[field.id] = FieldRule(
                    "choices", field.required, 0, tuple(o.value for o in field.options)
                )
            case People():
                rules[field.id] = FieldRule("many" if field.many else "one", field.required)
            case DateField():
                rules[field.id] = FieldRule("date", field.required)
            case TimeField():
                rules[field.id] = FieldRule("time", field.required)
            case Note():
                pass
    return write_token(mac, tenant, FormToken(form.into, form.fixed, form_id, rules), person)


def write_token(mac: Mac, tenant: str, form: FormToken, person: Person) -> str:
    owned = msgspec.structs.replace(form, owner=mac.mac(_owned(tenant, form, person)))
    return _written(mac, tenant, b"f", msgspec.json.encode(owned))


def read_form(mac: Mac, tenant: str, token: str, person: Person) -> FormToken:
    """Raises NotTheirs where the form was opened for another person than this one."""
    try:
        form = _form.decode(_read(mac, tenant, b"f", token))
    except msgspec.MsgspecError:
        raise BadToken from None
    if not form.owner:
        raise BadToken  # opened by a Digi that did not bind its forms to anybody yet
    if not mac.check_mac(_owned(tenant, form, person), form.owner):
        raise NotTheirs
    return form


def _owned(tenant: str, form: FormToken, person: Person) -> bytes:
    whose = (tenant, person, form.fixed.get("project", ""), form.form)
    return b"form owner\0" + msgspec.json.encode(whose)


def _written(mac: Mac, tenant: str, kind: bytes, body: bytes) -> str:
    tag = mac.mac(_bound(tenant, kind, body))
    return base64.urlsafe_b64encode(body).decode().rstrip("=") + "." + tag


def _read(mac: Mac, tenant: str, kind: bytes, token: str) -> bytes:
    text, _, tag = token.rpartition(".")
    try:
        body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise BadToken from None
    if not mac.check_mac(_bound(tenant, kind, body), tag):
        raise BadToken
    return body


def _bound(tenant: str, kind: bytes, body: bytes) -> bytes:
    return kind + b"\0" + tenant.encode() + b"\0" + body
