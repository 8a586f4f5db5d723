"""A form works only for the person it was opened for, whoever else obtains it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.anonymity.hands import changed, dump, open_form
from tests.anonymity.test_edges import BEGINS, EDGES
from tests.anonymity.web_hands import WebHands
from tests.worlds.play import CODE, Play
from tests.worlds.slack.hands import SlackHands
from tests.worlds.teams.hands import TeamsHands

NOT_YOURS = "Det kan jeg ikke gøre for dig herfra."
UNNAMED = {"Hvad": "Bekymring", "Din": "Vi mister roen", "Hvem": "Anne Holm"}


def taken(played: Play, person: str) -> Any:
    """Return the form that this person has open, as received from Digi."""
    match played:
        case WebHands():
            return copy.deepcopy(played.open[person])
        case TeamsHands():
            return copy.deepcopy(played.dialogs[person])
        case SlackHands():
            view = played.form(person)
            assert view is not None
            return copy.deepcopy(view.body)
        case _:
            raise AssertionError(played)


def given(played: Play, person: str, form: Any) -> None:
    """Give this person that form, as if it was open."""
    match played:
        case WebHands():
            played.open[person] = copy.deepcopy(form)
        case TeamsHands():
            played.dialogs[person] = copy.deepcopy(form)
        case SlackHands():
            space, user = played.space, played.people[person]
            space.stacks.pop(user, None)
            played.world.open_view(space, user, copy.deepcopy(form), root=None)
        case _:
            raise AssertionError(played)


@pytest.mark.parametrize("edge", EDGES)
async def test_somebody_elses_form_shows_no_code_and_writes_nothing(
    tmp_path: Path, edge: str
) -> None:
    """Before and after its author has sent it; only the author sees the code, and sees it again
    when the form is sent twice."""
    folder = tmp_path / "home"
    async with EDGES[edge](folder, 2) as (played, [author, other, *_]):
        await played.play(BEGINS)
        await open_form(played, author)
        form = taken(played, author)

        async def is_refused() -> None:
            before = dump(folder)
            given(played, other, form)
            await played.fill(other, UNNAMED)
            assert NOT_YOURS in played.just(other)
            assert CODE.search(played.just(other)) is None
            assert changed(before, dump(folder)) == set()

        await is_refused()
        await played.fill(author, UNNAMED)
        code = played.code
        assert code in played.just(author)
        await is_refused()
        given(played, author, form)
        played.code = ""
        await played.fill(author, UNNAMED)
        assert played.code == code


@pytest.mark.parametrize("edge", EDGES)
async def test_what_a_form_by_name_led_to_is_shown_to_its_sender_only(
    tmp_path: Path, edge: str
) -> None:
    """A form's answer is stored so that sending it twice is one act, but only for its person."""
    folder = tmp_path / "home"
    async with EDGES[edge](folder, 2) as (played, [author, other, *_]):
        await played.play(BEGINS)
        await played.press(author, "Sig det")
        await played.press(author, "Med navn")
        form = taken(played, author)
        await played.fill(author, UNNAMED)
        answer = "Det er sendt til"
        assert answer in played.just(author)
        before = dump(folder)
        given(played, other, form)
        await played.fill(other, UNNAMED)
        assert NOT_YOURS in played.just(other)
        assert answer not in played.just(other)
        assert changed(before, dump(folder)) == set()
        given(played, author, form)
        await played.fill(author, UNNAMED)
        assert answer in played.just(author)
