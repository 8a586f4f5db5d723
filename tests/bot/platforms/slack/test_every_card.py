"""Every card and form of the real conversations is rendered for Slack with the longest and worst
texts."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.platforms.slack import draw, forms
from dialogs.model import cards as c
from dialogs.model.pictures import Chart
from tests.worlds import slack_limits
from tests.worlds.cards import Dressed
from tests.worlds.slack.limits import check
from tests.worlds.stage import stage

TRANSCRIPTS = sorted((Path(__file__).parents[3] / "transcripts").glob("*.txt"))
SOME = (
    "advice_checklist",
    "agreement_life",
    "exercise_compass",
    "person_own_hours",
    "project_settings",
    "say_unnamed",
    "walk_short",
)
LONGEST = 3000
WORST = (
    "Vi mister roen om morgenen, når ruterne skifter. ",
    "æ",
    '"\\',
    "<!everyone> <@U0123456> & ",
    "*fed* _skrå_ `kode` :smile: ",
    "👩‍👩‍👧",
    "linje\n",
    "> citat\n\n",
)
# Not each of the conversations played shows one of these; test_draw.py draws any.
PARTS = {part.__origin__ for part in typing.get_args(c.Part)} - {Chart, c.Grid}
FIELDS = {field.__origin__ for field in typing.get_args(c.Field)}


def _with_words(node: Any, words: str, most: int = LONGEST) -> Any:
    """Return the card or form with these texts in place of all people's texts."""
    said = (words * (most // len(words) + 1))[:most].strip()
    match node:
        case c.Quoted():
            return c.Quoted(said)
        case c.Mention():
            return c.Mention(node.person, said[:80])
        case c.TextField() if node.value is not None:
            value = _with_words(node.value, words, node.limit)
            return _each(msgspec.structs.replace(node, value=None), words, most, value=value)
        case c.People():
            ids = tuple(f"U0{person.upper()}" for person in node.values)
            return _each(node, words, most, values=ids)
        case c.Option():
            return _each(node, words, 80)
        case msgspec.Struct():
            return _each(node, words, most)
        case tuple():
            return tuple(_with_words(one, words, most) for one in node)
        case _:
            return node


def _each(node: Any, words: str, most: int, **more: Any) -> Any:
    changed = {
        name: _with_words(getattr(node, name), words, most)
        for name in node.__struct_fields__
        if isinstance(getattr(node, name), msgspec.Struct | tuple)
    }
    return msgspec.structs.replace(node, **{**changed, **more})


def _shape(node: Any) -> str:
    """Return a key that ignores people's texts and tokens."""
    bare = _with_words(node, "-", 1)
    return re.sub(r"token='[^']*'", "", repr(bare))


def _drawn(thing: Any, again: bool) -> Iterator[tuple[str, list[str]]]:
    """Render it everywhere it can appear in Slack, and return the problems."""
    if isinstance(thing, c.Form):
        view = forms.form(thing, "da", "C0123456")
        check(view)
        yield "modal", slack_limits.of_view(view)
        return
    message = draw.message(thing, "da", again=again)
    for page in (message, *message.rest, *(draw.marked_again(p, "en") for p in message.rest)):
        check({"text": page.text, "blocks": page.blocks})
        yield "message", slack_limits.of_message(page.text, page.blocks)
    for view in (draw.sheet((thing,), "en", "C1"), draw.home((thing,), "da")):
        check(view)
        yield "view", slack_limits.of_view(view)


@pytest.mark.parametrize(
    ("stems", "all_words"),
    [
        pytest.param(SOME, False, id="some"),
        pytest.param(
            tuple(path.stem for path in TRANSCRIPTS),
            True,
            marks=[pytest.mark.long, pytest.mark.timeout(1800)],
            id="all",
        ),
    ],
)
async def test_every_card_and_form_is_drawn_with_any_words(
    tmp_path: Path,
    dressed: Dressed,
    figures: Callable[[str], None],
    stems: tuple[str, ...],
    all_words: bool,
) -> None:
    """Slack accepts them as a message, a reply in a thread, a modal and a Home tab."""
    seen: dict[str, Any] = {}
    parts: set[type] = set()
    fields: set[type] = set()
    for path in TRANSCRIPTS:
        if path.stem not in stems:
            continue
        async with stage(tmp_path / path.stem) as played:
            await played.play(path.read_text(encoding="utf-8"))
        for card in dressed.cards:
            parts.update(type(part) for part in card.parts)
            seen.setdefault(_shape(card), card)
        for form in dressed.forms:
            fields.update(type(field) for field in form.fields)
            seen.setdefault(_shape(form), form)
        dressed.forget()
    drawn = 0
    for at, thing in enumerate(seen.values()):
        words = WORST if all_words else (WORST[at % len(WORST)],)
        for variant in (
            _with_words(thing, "ord", 3),
            *(_with_words(thing, each) for each in words),
        ):
            for where, problems in _drawn(variant, again=bool(at % 2)):
                drawn += 1
                assert problems == [], (where, variant)
    assert parts >= PARTS
    assert fields == FIELDS
    figures(f"{len(seen)} cards and forms, drawn {drawn} times")
