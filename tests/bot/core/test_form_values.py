"""What is written in several like fields becomes a table, with each error at its own field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.form_values import read_values
from bot.core.tokens import EVENTS, read_form
from bot.platforms.common.ports import Fault
from bot.platforms.slack import forms as slack
from bot.platforms.teams import draw as teams_cards
from bot.platforms.teams import forms as teams
from bot.platforms.web.page.draw import PageFrame, form_page
from content import catalogue as content
from content.model import Item
from dialogs.model import cards as c
from dialogs.model.cards import plain
from dialogs.model.effects import FieldError
from dialogs.model.events import Signed
from tests.dialogs.test_cards import TENANT, VAULT, dresser
from tests.worlds import card_validators, slack_limits
from tests.worlds.cards import FORM_TOKEN
from tests.worlds.slack.limits import check
from tests.worlds.teams import limits

LABEL: c.Line = c.text("button.send")
NOTE = 200
KINDS = ("better", "worse", "today")
SCALE = ("agree", "partly", "disagree", "unknown")
CATALOGUE = content.load()
STATEMENTS = CATALOGUE.sets["pitfalls"].items
RUN = "a" * 32


class NotesTried(Signed, frozen=True, tag="notes_tried"):
    run: str
    lane: str = ""
    notes: dict[str, str] = msgspec.field(default_factory=dict)
    answers: dict[str, str] = msgspec.field(default_factory=dict)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EVENTS, "notes_tried", NotesTried)


def notes_form() -> c.NeutralForm:
    """A lane, and two notes for each kind that is open."""
    lanes = tuple(c.Option[c.Line](lane, c.Words(lane)) for lane in ("realistic", "healthy"))
    notes = (
        c.TextField[c.Line](f"notes.{kind}.{n}", LABEL, limit=NOTE, required=False)
        for kind in KINDS
        for n in (1, 2)
    )
    fields: tuple[c.Field[c.Line], ...] = (c.Choice("lane", LABEL, lanes), *notes)
    return c.Form(LABEL, fields, LABEL, "notes_tried", {"project": "p1", "run": RUN})


def survey_form(required: bool = True) -> c.NeutralForm:
    """All statements of a real set, each with a scale of four points."""
    scale = tuple(c.Option[c.Line](point, c.Words(f"{point} på dansk")) for point in SCALE)
    fields = tuple(
        c.Choice(f"answers.{one.id}", _statement(one), scale, required=required)
        for one in STATEMENTS
    )
    fixed = {"project": RUN, "run": RUN, "round": f"{RUN}.12"}
    return c.Form(c.Words("Rundspørge"), fields, LABEL, "notes_tried", fixed)


def _statement(one: Item) -> c.Line:
    assert one.text is not None
    return c.Said(one.text.da, one.text.en)


def sent(form: c.NeutralForm, values: Mapping[str, Any]) -> Any:
    token = read_form(VAULT, TENANT, dresser("da").form(form).token, "anne")
    return read_values(token, values)


def test_like_fields_become_a_table_of_the_event() -> None:
    """By what stands behind the first full stop; what was left empty is not in it."""
    event = sent(
        notes_form(),
        {"lane": "healthy", "notes.better.1": "  Roen ", "notes.worse.2": "Tiden", "notes.x": "y"},
    )
    assert (event.lane, event.run) == ("healthy", RUN)
    assert event.notes == {"better.1": "Roen", "worse.2": "Tiden"}


def test_a_form_in_which_nothing_was_written_has_an_empty_table() -> None:
    """Whether that is too little is for the conversation to say."""
    assert sent(notes_form(), {"lane": "healthy"}).notes == {}


@given(st.lists(st.sampled_from(SCALE), min_size=len(STATEMENTS), max_size=len(STATEMENTS)))
def test_every_answer_of_a_survey_lands_beside_its_statement(answers: list[str]) -> None:
    """None is mistaken for another's, although ids have a full stop in them too."""
    given_by = {one.id: answer for one, answer in zip(STATEMENTS, answers, strict=True)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EVENTS, "notes_tried", NotesTried)
        event = sent(survey_form(), {f"answers.{id}": one for id, one in given_by.items()})
    assert event.answers == given_by


# --- errors, at their field ---------------------------------------------------------------


def faults_of(form: c.NeutralForm, values: Mapping[str, Any]) -> list[str]:
    found = sent(form, values)
    assert isinstance(found, tuple)
    assert all(isinstance(fault, FieldError) for fault in found)
    return [fault.field for fault in found]


def test_a_note_may_have_two_hundred_characters() -> None:
    """One more is an error at its own field, and at no other."""
    fits = {"lane": "healthy", "notes.better.2": "æ" * NOTE}
    assert sent(notes_form(), fits).notes == {"better.2": "æ" * NOTE}
    assert faults_of(notes_form(), {**fits, "notes.worse.1": "æ" * (NOTE + 1)}) == ["notes.worse.1"]


def test_a_statement_without_an_answer_is_an_error_at_that_statement() -> None:
    """So is an answer that is not on the scale; nobody can send another one than was offered."""
    answers = {f"answers.{one.id}": "agree" for one in STATEMENTS}
    third, fourth = (f"answers.{one.id}" for one in STATEMENTS[2:4])
    assert faults_of(survey_form(), {**answers, third: "", fourth: "strongly"}) == [third, fourth]
    assert sent(survey_form(required=False), {third: "agree"}).answers == {
        STATEMENTS[2].id: "agree"
    }


def finished(form: c.NeutralForm, language: Literal["da", "en"] = "da") -> c.FinishedForm:
    return dresser(language).form(form)


def test_each_edge_shows_an_error_at_its_field() -> None:
    """Slack by the id of the block, Teams above the field, the page beside it and in its
    summary."""
    form, wrong = finished(survey_form()), f"answers.{STATEMENTS[7].id}"
    blocks = [block for block in slack.form(form, "da")["blocks"] if block["type"] == "input"]
    assert blocks[7]["block_id"] == wrong
    body = teams.form(form, "da", faults=[(wrong, "Vælg en af dem.")])["body"]
    [at] = [n for n, one in enumerate(body) if "Vælg en af dem." in str(one)]
    assert body[at + 1]["id"].endswith(wrong)
    frame = PageFrame(lambda language, key: key, "da")
    page = form_page(frame, form, (Fault(wrong, (c.Plain("Vælg en af dem."),)),))
    assert f'href="#x-{wrong}"' in page
    assert page.count(f'id="x-{wrong}"') == 1
    assert f'aria-describedby="x-{wrong}-error"' in page


# --- a survey of sixteen statements -------------------------------------------------------


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_survey_of_sixteen_statements_is_one_form_in_each_edge(
    language: Literal["da", "en"],
) -> None:
    """Sixteen choices with each statement in full, within the limits of Slack and Teams."""
    form = finished(survey_form(), language)
    statements = [plain(field.label) for field in form.fields if isinstance(field, c.Choice)]
    assert len(statements) == 16
    assert len(form.token) < FORM_TOKEN
    view = slack.form(form, language, "C0123456789", "https://hooks.slack.com/actions/" + "x" * 60)
    check(view)
    assert slack_limits.of_view(view) == []
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    assert [block["label"]["text"] for block in inputs] == statements
    assert {block["element"]["type"] for block in inputs} == {"radio_buttons"}
    card = teams.form(form, language, channel="19:" + "x" * 60)
    assert limits.problems(card) == []
    choices = [one for one in card["body"] if one["type"] == "Input.ChoiceSet"]
    assert [one["label"] for one in choices] == statements
    page = form_page(PageFrame(lambda language, key: key, language), form)
    assert page.count("<fieldset") == 16


def test_microsofts_validators_accept_a_survey_and_the_notes_of_a_board() -> None:
    """Also as a card that comes back with an error and what was chosen."""
    card_validators.needed()
    for form in (finished(survey_form()), finished(notes_form())):
        assert card_validators.problems(teams.form(form, "da")) == []
        first = next(field.id for field in form.fields if not isinstance(field, c.Note))
        again = teams.form(form, "da", faults=[(first, "Vælg en af dem.")])
        assert card_validators.problems(again) == []
    assert teams_cards.WHOLE < 28 * 1024
