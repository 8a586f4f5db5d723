"""A survey of sixteen statements, each as long as a pack may write it, is read whole everywhere."""

from __future__ import annotations

import html
import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.core.localize import Localizer
from bot.platforms.slack import draw as slack
from bot.platforms.slack import forms as slack_forms
from bot.platforms.teams import draw as teams
from bot.platforms.teams import forms as teams_forms
from content import catalogue as content
from content.guides import ANSWER_LENGTH, MOST, STATEMENT_NAME_LENGTH, STATEMENTS
from content.language import Language
from content.model import Both, Catalogue, Set
from content.texts import NOTE_LENGTH
from dialogs.exercise import survey
from dialogs.exercise.states import ExerciseRun, SurveyDone
from dialogs.exercise.survey_results import StatementTally, SurveyCount
from dialogs.model import cards as c
from dialogs.model.effects import Open, Privately
from dialogs.model.events import Look
from dialogs.model.facts import Known, Role, Viewer
from storage.vault import Vault
from tests.dialogs.test_survey import AT, LEADER, TEAM, a_run, what_is_known
from tests.worlds import card_validators, slack_limits
from tests.worlds.slack.limits import check
from tests.worlds.teams import limits

ID = "nordby-status"
LANGUAGES: tuple[Language, ...] = ("da", "en")
CLOSED = date(2026, 11, 30)
THEN = date(2026, 9, 1)


@cache
def _prose() -> str:
    """Return what Digi says itself, so that no text equals another and none is easy to pack."""
    texts = [item.text.da for one in content.load().sets.values() for item in one.items]
    return " ".join(re.sub(r"[*{}]", "", " ".join(texts)).split())


class Pen:
    """Writes texts of a length, each another one."""

    def __init__(self) -> None:
        self._at = 0

    def both(self, length: int) -> str:
        return f"{{ da = {self._text(length)}, en = {self._text(length)} }}"

    def _text(self, length: int) -> str:
        found = _prose()[self._at : self._at + length]
        self._at += length
        assert len(found) == length
        # The first and last character are no space, which would be cut off.
        return json.dumps(f"A{found[1:-1]}z", ensure_ascii=False)


def whole_file(named: bool) -> str:
    """Return the file of a survey with all that there is room for, in fours with a heading each."""
    pen = Pen()
    written = [
        f'mechanic = "survey"\ntitle = {pen.both(60)}\n',
        f"[guide]\nlengths = [20]\ngives = {pen.both(NOTE_LENGTH)}\n",
    ]
    written += [
        f'[[guide.scale]]\nid = "p{n}"\nside = "{side}"\nname = {pen.both(ANSWER_LENGTH)}\n'
        for n, side in enumerate(("yes", "yes", "between", "no", "no", "none", "none"))
    ]
    written += [
        f'[[guide.steps]]\nid = "{does}"\ndoes = "{does}"\nminutes = {{ 20 = 10 }}\n'
        f"name = {pen.both(NOTE_LENGTH)}\ntext = {pen.both(NOTE_LENGTH)}\n"
        for does in ("survey", "agree")
    ]
    for n in range(STATEMENTS):
        written.append(
            f'[[item]]\nid = "s{n}"\nkind = "k{n // 4}"\nrefs = ["{ID}/s{n - n % 4}"]\n'
            f"text = {pen.both(NOTE_LENGTH)}\n"
        )
        if named:
            written.append(f"name = {pen.both(STATEMENT_NAME_LENGTH)}\n")
    return "\n".join(written)


@pytest.fixture(scope="module", params=[False, True], ids=["texts", "names-and-texts"])
def catalogue(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Catalogue:
    pack = tmp_path_factory.mktemp("nordby")
    (pack / "exercises").mkdir()
    (pack / "exercises" / f"{ID}.toml").write_text(whole_file(request.param), encoding="utf-8")
    found = content.load(packs=(pack,))
    guide = found.set(ID).guide
    assert guide is not None
    assert (len(found.set(ID).items), len(guide.scale)) == (STATEMENTS, MOST["scale"])
    return found


def localizer(catalogue: Catalogue, language: Language) -> Localizer:
    return Localizer(
        catalogue,
        language,
        tenant="web:x",
        mac=Vault(b"k" * 32),
        people={},
        words={},
        typed=lambda command: f"/digi {command}",
        today=CLOSED,
        address=lambda kind, id: "https://digi.example.dk/b/abcdefghijklmnopqrstuvwxyz234567",
    )


def words_of(one: Set, language: Language, *, of_forms: bool) -> list[str]:
    """Return what must stand there: each statement, and in a form also what explains it."""
    said: list[Both] = [item.name or item.text for item in one.items]
    if of_forms:
        assert one.guide is not None
        said += [item.text for item in one.items]
        said += [point.name for point in one.guide.scale]
        said.append(one.guide.steps[0].text)
    return [both.da if language == "da" else both.en for both in said]


def folded(text: str) -> str:
    """Return the text without white space, escapes, and what keeps Teams from reading it."""
    return re.sub(r"[\s\u2060\\]+", "", html.unescape(text))


def texts(node: Any) -> list[str]:
    """Return every text that stands in a card, a view or a block."""
    if isinstance(node, dict):
        own = [node[name] for name in ("text", "label", "title") if isinstance(node.get(name), str)]
        inner = [value for name, value in node.items() if name != "data"]
        return own + [text for value in inner for text in texts(value)]
    if isinstance(node, list):
        return [text for one in node for text in texts(one)]
    return []


def stands_in(words: list[str], drawn: list[Any]) -> None:
    said = folded("".join(text for one in drawn for text in texts(one)))
    missing = [text for text in words if folded(text) not in said]
    assert missing == []


def in_slack(card: c.FinishedCard, language: Language) -> list[Any]:
    message = slack.message(card, language)
    pages = [message, *message.rest]
    for page in pages:
        check({"text": page.text, "blocks": page.blocks})
        assert slack_limits.of_message(page.text, page.blocks) == []
    return [page.blocks for page in pages]


def in_teams(card: c.FinishedCard, language: Language, *, inside: bool) -> list[Any]:
    drawn = teams.messages((card,), language, place=teams.CardPlace(inside=inside))
    pages = [drawn.card, *(page.card for page in drawn.rest)]
    for page in pages:
        assert limits.problems(page) == []
        assert card_validators.problems(page) == []
    return pages


def closed(catalogue: Catalogue) -> tuple[ExerciseRun, SurveyDone, Known]:
    """Return a survey that forty have answered, and in which every word has changed."""

    def done(on: date, *, changed: bool) -> SurveyDone:
        tallies = tuple(
            StatementTally(f"s{n}", yes=0 if changed else 35, no=35 if changed else 0, between=5)
            for n in range(STATEMENTS)
        )
        return SurveyDone(
            round="r.1", of=ID, closed_on=on, count=SurveyCount(40, tallies), team=TEAM
        )

    before = a_run(catalogue, ID, id="b", surveys=(done(THEN, changed=False),))
    now = done(CLOSED, changed=True)
    run = a_run(catalogue, ID, surveys=(now,))
    return run, now, what_is_known(catalogue, before, run)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_of_sixteen_statements_is_taken_whole(
    catalogue: Catalogue, language: Language
) -> None:
    """Slack's and Microsoft's validators take it, and no statement or answer is cut short."""
    known = what_is_known(catalogue, a_run(catalogue, ID))
    viewer = Viewer("p3", frozenset({"writer"}))
    [shown] = survey.answer_survey(Look("answer_survey", project="p", ref="r"), viewer, known)
    assert isinstance(shown, Open)
    form = localizer(catalogue, language).form(shown.form)
    words = words_of(catalogue.set(ID), language, of_forms=True)

    view = slack_forms.form(form, language, "C0123456", "https://hooks.slack.com/" + "x" * 80)
    check(view)
    assert slack_limits.of_view(view) == []
    assert [block["type"] for block in view["blocks"]].count("input") == STATEMENTS
    stands_in(words, [view["blocks"]])

    faults = [("answers.s15", c.plain(form.title))]
    values = {f"f.answers.s{n}": "p6" for n in range(STATEMENTS)}
    for card in (
        teams_forms.form(form, language, channel="19:x@thread.tacv2"),
        teams_forms.form(form, language, values=values, faults=faults, channel="19:x@thread.tacv2"),
    ):
        assert limits.problems(card) == []
        assert card_validators.problems(card) == []
        asked = [one for one in limits.elements(card) if one["type"] == "Input.ChoiceSet"]
        assert len(asked) == STATEMENTS
        stands_in(words, [card["body"]])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_result_of_sixteen_statements_is_taken_whole(
    catalogue: Catalogue, language: Language
) -> None:
    """As a post, and in a modal and a dialog: the words, the picture, and what has changed."""
    run, done, known = closed(catalogue)
    card = localizer(catalogue, language).card(survey.survey_card(run, done, known))
    assert [type(part).__name__ for part in card.parts].count("Chart") == 1
    words = words_of(catalogue.set(ID), language, of_forms=False)
    stands_in(words, in_slack(card, language))
    for inside in (False, True):
        stands_in(words, in_teams(card, language, inside=inside))
    view = slack.sheet((card,), language, "C1")
    check(view)
    assert slack_limits.of_view(view) == []
    stands_in(words, [view["blocks"]])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_representatives_see_first_is_taken_whole(
    catalogue: Catalogue, language: Language
) -> None:
    """All sixteen statements in the private message of the day before."""
    run = a_run(catalogue, ID, rounds=())
    known = what_is_known(catalogue, run, roles=(LEADER, Role("p1", "tr", "confirmed")))
    found = survey.previewed(run, run.guide.steps[0], AT, known)
    assert found is not None
    [told] = [one for one in found[1] if isinstance(one, Privately)]
    card = localizer(catalogue, language).card(told.card)
    words = words_of(catalogue.set(ID), language, of_forms=False)
    stands_in(words, in_slack(card, language))
    stands_in(words, in_teams(card, language, inside=False))


def test_a_survey_that_would_be_cut_short_is_told(tmp_path: Path) -> None:
    """A longer answer or a longer name of a statement is a fault of the pack."""
    text = whole_file(named=True)
    faults = (
        (r'(id = "p3"\nside = "no"\nname = \{ da = ")', "guide.scale.p3.name", ANSWER_LENGTH),
        (r'(refs = \["nordby-status/s4"\]\ntext.*\n\nname = \{ da = ")', "", STATEMENT_NAME_LENGTH),
    )
    (tmp_path / "exercises").mkdir()
    for pattern, key, length in faults:
        longer, found = re.subn(pattern, r"\1x", text, count=1)
        assert found == 1
        (tmp_path / "exercises" / f"{ID}.toml").write_text(longer, encoding="utf-8")
        with pytest.raises(content.ContentError) as raised:
            content.load(packs=(tmp_path,))
        [line] = raised.value.problems
        assert line.endswith(
            f"{key or 's4.name'}: da has {length + 1} characters; shorten it to {length}"
        )
