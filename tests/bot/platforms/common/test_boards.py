"""Boards of every size stay within the limits of Slack and Teams, with all that was written."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from bot.platforms.common.ports import Answer
from bot.platforms.slack import draw as slack
from bot.platforms.teams import draw as teams
from bot.platforms.web.page.draw import STYLE, PageFrame, home_or_card
from dialogs.model import cards as c
from dialogs.model.boards import pages, shortened
from tests.bot.platforms.web.test_drawn import luminance
from tests.worlds import card_validators, slack_limits
from tests.worlds.boards import board_of
from tests.worlds.slack.limits import check
from tests.worlds.teams import limits

TEAMS_BYTES = 28 * 1024
SLACK_BLOCKS, SLACK_SECTION = 50, 3000
NOTE = 200
"""Characters that a note may have."""
WRITTEN = (
    "Vi mister roen om morgenen, når ruterne skifter. ",
    "æ",
    '"\\',
    "<!everyone> <@U0123456> & ",
    "*fed* _skrå_ `kode` :smile: ",
    "👩‍👩‍👧",
    "linje\n",
    "{{DATE(2026-11-02T08:00:00Z,SHORT)}} ",
)
PEOPLE = (1, 8, 40)


def finished(notes: int, written: str) -> c.Board[c.Spans]:
    said = (written * NOTE)[:NOTE].strip()
    return board_of(notes, (c.Quoted(said),))


def folded(text: str) -> str:
    """Return the text without white space and without what keeps Teams from reading it."""
    return re.sub(r"[\s\u2060]+", "", text)


def texts(node: Any) -> list[str]:
    """Return every text that stands in a card or a block."""
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in texts(value)]
    if isinstance(node, list):
        return [text for one in node for text in texts(one)]
    return []


def in_slack(card: c.FinishedCard) -> list[str]:
    """Return the texts of all messages that the card becomes, each of which Slack takes."""
    drawn = slack.message(card, "da")
    said: list[str] = []
    for page in (drawn, *drawn.rest):
        check({"text": page.text, "blocks": page.blocks})
        assert slack_limits.of_message(page.text, page.blocks) == []
        assert len(page.blocks) <= SLACK_BLOCKS
        found = texts(page.blocks)
        assert all(len(text) <= SLACK_SECTION for text in found)
        said += found
    return said


def in_teams(card: c.FinishedCard) -> list[str]:
    drawn = teams.messages((card,), "da")
    said: list[str] = []
    for page in (drawn, *drawn.rest):
        assert limits.problems(page.card) == []
        assert card_validators.problems_of_new(page.card) == []
        wide = json.dumps(page.card, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
        assert len(wide) < TEAMS_BYTES
        said += texts(page.card["body"])
    return said


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("notes", [0, *(6 * people for people in PEOPLE), 200])
def test_a_post_with_a_board_is_one_message_in_slack(notes: int, written: str) -> None:
    """Three notes a lane, however many people wrote; Teams may need a second card."""
    card: c.FinishedCard = c.Card((shortened(finished(notes, written)),))
    assert len(slack.message(card, "da").rest) <= 1
    in_slack(card)
    in_teams(card)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_board_of_two_hundred_notes_is_read_whole(written: str) -> None:
    """Where a conversation hands over all of it at once, it goes on in further messages."""
    board = finished(200, written)
    note = folded(c.plain(board.columns[0].notes[0].words))
    for said in (in_slack(c.Card((board,))), in_teams(c.Card((board,)))):
        assert folded(html.unescape("".join(said))).count(note) >= 200


@pytest.mark.parametrize("written", WRITTEN)
def test_a_page_of_a_board_is_shown_in_a_modal_and_a_dialog(written: str) -> None:
    """Whole where people write words; a dialog in Teams goes on where they wrote only signs."""
    for page in pages(finished(200, written)):
        card: c.FinishedCard = c.Card((page,))
        view = slack.sheet((card,), "da", "C1")
        check(view)
        assert slack_limits.of_view(view) == []
        note = folded(c.plain(page.columns[0].notes[0].words))
        notes = sum(len(one.notes) for one in page.columns)
        said = folded(html.unescape("".join(texts(view["blocks"]))))
        assert said.count(note) >= notes
        drawn = teams.messages((card,), "da", place=teams.CardPlace(inside=True))
        assert limits.problems(drawn.card) == []
        assert drawn.rest == () or written in ("æ", "👩‍👩‍👧")


# --- the page of those without a chat -----------------------------------------------------


def page_of(card: c.FinishedCard) -> str:
    frame = PageFrame(lambda language, key: key, "da")
    return home_or_card(frame, Answer(cards=(card,)), home=False)


@pytest.mark.parametrize("written", WRITTEN)
def test_the_page_draws_every_note_as_it_was_written(written: str) -> None:
    """Escaped, with its kind as a word and its sign out of a screen reader's way."""
    board = finished(8, written)
    drawn = page_of(c.Card((board,)))
    words = html.escape(c.plain(board.columns[0].notes[0].words))
    assert drawn.count(f"<bdi>{words}</bdi>") == 8
    assert drawn.count('<li class="worse"><p class="kind"><span aria-hidden="true">▼ </span>') == 2
    assert drawn.count("<section>") == len(board.columns)
    assert "<script" not in drawn


def test_the_words_on_a_note_of_the_page_can_be_read() -> None:
    """A contrast of 4.5 to 1 on the ground of each kind, in light and dark mode."""
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    )
    pairs = [(tone, f"{tone}-soft") for tone in ("better", "worse", "today")]
    pairs += [(ink, on) for ink in ("ink", "muted") for _, on in pairs[:3]]
    pairs += [(ink, "ground") for ink in ("ink", "muted")]
    for theme in (light, dark):
        for ink, on in pairs:
            low, high = sorted((luminance(theme[ink]), luminance(theme[on])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, on)
