"""Tokens of buttons and forms are read back unchanged, or rejected."""

from __future__ import annotations

import base64
import string
from datetime import UTC, date, datetime
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.tokens import (
    EVENTS,
    BadToken,
    FormToken,
    NotTheirs,
    read_form,
    read_press,
    write_form,
    write_press,
)
from dialogs.model import cards as c
from dialogs.model import events as e
from storage.vault import Vault
from tests.worlds.cards import FORM_TOKEN, PRESS_TOKEN

VAULT = Vault(b"k" * 32)
OTHER = Vault(b"x" * 32)
TENANT = "test:arbejdsplads"
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))
STAMPED = {"by": "", "at": e.EPOCH, "id": ""}


def presses(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Return an event of this type as a dialog makes it, not stamped yet."""
    fields = {
        field.name: _values(field.type)
        for field in msgspec.structs.fields(kind)
        if field.name not in STAMPED
    }
    return st.builds(kind, **fields)


def _values(kind: Any) -> st.SearchStrategy[Any]:
    if kind is str:
        return TEXT
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(0, 1439)
    if kind is datetime:
        return st.just(datetime(2026, 11, 2, tzinfo=UTC))
    if kind == date | None:
        return st.none() | DATES
    if kind == int | None:
        return st.none() | st.integers(0, 1439)
    if kind == tuple[str, ...]:
        return st.lists(TEXT, max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(st.text("abc.1", min_size=1, max_size=9), TEXT, max_size=3)
    if get_origin(kind) is tuple:
        return st.lists(_values(get_args(kind)[0]), max_size=2).map(tuple)
    return st.sampled_from(get_args(kind))


KINDS: list[type[Any]] = [*EVENTS.values(), e.Look]
PRESSES = st.one_of([presses(kind) for kind in KINDS])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_press_comes_back_as_it_was(kind: type[Any]) -> None:
    """For each event type, with any values: each sort of field is in several of the types."""

    @settings(max_examples=25)
    @given(presses(kind))
    def holds(press: e.Press) -> None:
        assert read_press(VAULT, TENANT, write_press(VAULT, TENANT, press)) == press

    holds()


@given(PRESSES)
def test_a_button_of_another_workplace_or_another_key_is_not_read(press: e.Press) -> None:
    """The MAC covers the workplace and depends on the key."""
    token = write_press(VAULT, TENANT, press)
    with pytest.raises(BadToken):
        read_press(VAULT, "test:et andet sted", token)
    with pytest.raises(BadToken):
        read_press(OTHER, TENANT, token)
    with pytest.raises(BadToken):
        read_form(VAULT, TENANT, token, "anne")


@given(PRESSES, st.data())
def test_a_changed_character_spoils_a_token(press: e.Press, data: st.DataObject) -> None:
    """Changing any single character makes the token invalid."""
    token = write_press(VAULT, TENANT, press)
    at = data.draw(st.integers(0, len(token) - 1))
    letters = string.ascii_letters + string.digits + "-_"
    other = data.draw(st.sampled_from([x for x in letters if x != token[at]]))
    changed = token[:at] + other + token[at + 1 :]
    try:
        read = read_press(VAULT, TENANT, changed)
    except BadToken:
        return
    # The last letter of base64 has bits that are not used.
    assert read == press


@given(st.text())
def test_no_text_from_outside_is_taken_for_a_token(text: str) -> None:
    """Any text is either a valid token or rejected."""
    with pytest.raises(BadToken):
        read_press(VAULT, TENANT, text)
    with pytest.raises(BadToken):
        read_form(VAULT, TENANT, text, "anne")


@given(st.dictionaries(TEXT, TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_what_a_form_is_for_comes_back_as_it_was(fixed: dict[str, str], values: list[str]) -> None:
    """Fixed values, the form's id and its validation rules."""
    label = c.text("button.send")
    form: c.NeutralForm = c.Form(
        title=label,
        fields=(
            c.TextField("text", label, limit=1500),
            c.Choice("choice", label, tuple(c.Option(v, label) for v in values), required=False),
            c.Choices("choices", label, tuple(c.Option(v, label) for v in values)),
            c.People("one", label, required=True),
            c.People("many", label, many=True),
            c.DateField("day", label),
            c.TimeField("time", label),
            c.Note(label),
        ),
        submit=label,
        into="answered",
        fixed=fixed,
    )
    token = write_form(VAULT, TENANT, form, "a1", "anne")
    read = read_form(VAULT, TENANT, token, "anne")
    assert (read.into, read.fixed, read.form) == ("answered", fixed, "a1")
    kinds = {id: rule.kind for id, rule in read.rules.items()}
    assert kinds == {
        "text": "text",
        "choice": "choice",
        "choices": "choices",
        "one": "one",
        "many": "many",
        "day": "date",
        "time": "time",
    }
    assert read.rules["choice"].options == tuple(values)
    for tenant, vault in (("test:andre", VAULT), (TENANT, OTHER)):
        with pytest.raises(BadToken):
            read_form(vault, tenant, token, "anne")


FORM: c.NeutralForm = c.Form(
    c.text("button.send"), (), c.text("button.send"), "paused", {"project": "p1"}
)


@given(TEXT, TEXT)
def test_a_form_is_read_for_its_own_person_only(person: str, other: str) -> None:
    """This holds within the same workplace too, and the token does not contain the person."""
    token = write_form(VAULT, TENANT, FORM, "a1", f"U{person}")
    assert read_form(VAULT, TENANT, token, f"U{person}").form == "a1"
    for somebody in (f"U{other}", person, ""):
        if somebody != f"U{person}":
            with pytest.raises(NotTheirs):
                read_form(VAULT, TENANT, token, somebody)


def test_two_forms_of_one_person_have_nothing_in_common() -> None:
    """Without the key, nobody can tell that the same person opened both."""
    one, two = (_said(write_form(VAULT, TENANT, FORM, id, "U0ANNE")) for id in ("a1", "a2"))
    assert one["owner"] != two["owner"]
    assert "U0ANNE" not in str(one)
    assert {name for name in one if one[name] == two[name]} == {"into", "fixed", "rules"}


def test_a_form_that_belongs_to_nobody_is_too_old() -> None:
    """Forms of earlier versions were not bound to a person, and have to be opened again."""
    body = msgspec.json.encode(FormToken("paused", {"project": "p1"}, "a1", {}))
    tag = VAULT.mac(b"f\0" + TENANT.encode() + b"\0" + body)
    token = base64.urlsafe_b64encode(body).decode().rstrip("=") + "." + tag
    with pytest.raises(BadToken):
        read_form(VAULT, TENANT, token, "anne")


def _said(token: str) -> dict[str, Any]:
    body = token.rpartition(".")[0]
    found: dict[str, Any] = msgspec.json.decode(
        base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    )
    return found


@given(PRESSES)
def test_nobody_is_named_on_a_button(press: e.Press) -> None:
    """Person, time and project are stamped by the gate; a token cannot carry them."""
    if isinstance(press, e.Signed):
        stamped = msgspec.structs.replace(
            press, by="anne", at=datetime(2026, 1, 1, tzinfo=UTC), id="forged"
        )
        read = read_press(VAULT, TENANT, write_press(VAULT, TENANT, stamped))
        assert read == press


def test_the_largest_tokens_stay_small() -> None:
    """Buttons with long ids and forms with many fields stay within the platforms' limits."""
    id = "x" * 64
    press = e.AgreementTaken(project=id[:32], agreement=f"{id}:{id}")
    assert len(write_press(VAULT, TENANT, press)) < PRESS_TOKEN
    label: c.Line = c.text("button.send")
    fields = tuple(c.TextField(f"a_long_name_{n}", label) for n in range(22))
    fixed = {"project": id, "question": id}
    form: c.NeutralForm = c.Form(label, fields, label, "drafted", fixed)
    assert len(write_form(VAULT, TENANT, form, "f" * 32, "p" * 128)) < FORM_TOKEN


def test_a_token_is_no_secret_and_says_only_what_it_must() -> None:
    """Default values are left out, so that a button's token stays short."""
    short = write_press(VAULT, TENANT, e.Look("help"))
    assert len(short) < 80
