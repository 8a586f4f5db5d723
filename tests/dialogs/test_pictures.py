"""A picture and the sentence beside it say the same."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.model import cards as c
from dialogs.model.cards import plain
from dialogs.model.pictures import Bar, Chart, Group, NamedStep, Steps
from tests.dialogs.test_cards import dresser
from tests.worlds.pictures import charts, steps

LANGUAGES: st.SearchStrategy[Literal["da", "en"]] = st.sampled_from(["da", "en"])
# Each name is found once only, so that a name inside another does not hide a missing one.
NAMES = st.from_regex(r"[A-ZÆØÅ][a-zæøå]{6,12}", fullmatch=True).map(
    lambda name: c.Said(name, name)
)


def finished(picture: Any, language: Literal["da", "en"]) -> Any:
    [part] = dresser(language).card(c.card(picture)).parts
    return part


def rest_of(sentence: str, shown: list[str]) -> str:
    """Return the sentence without what the picture shows, which it must contain."""
    for one in sorted(shown, key=len, reverse=True):
        assert one in sentence
        sentence = sentence.replace(one, "", 1)
    return sentence


@given(steps(NAMES), LANGUAGES)
def test_the_sentence_names_each_step_and_each_date(
    picture: Any, language: Literal["da", "en"]
) -> None:
    """It has no other figure or name."""
    part = finished(picture, language)
    shown = [plain(part.title), *(plain(step.name) for step in part.steps)]
    shown += [plain(step.when) for step in part.steps if step.when is not None]
    rest = rest_of(plain(part.sentence), shown)
    assert not re.search(r"\d", rest)
    assert len(re.findall(r"\(\)", rest)) == sum(step.when is not None for step in part.steps)


@given(charts(NAMES), LANGUAGES)
def test_the_sentence_has_each_figure_and_each_name_of_a_chart(
    picture: Any, language: Literal["da", "en"]
) -> None:
    """Each bar with the figure of each group and its unit, and no other figure."""
    part = finished(picture, language)
    shown = [plain(part.title)]
    for bar in part.bars:
        shown += [plain(bar.label), *map(str, bar.values)]
        shown += [plain(part.unit)] * len(bar.values) if part.unit is not None else []
        shown += [plain(group.name) for group in part.groups] if len(part.groups) > 1 else []
    assert not re.search(r"\d", rest_of(plain(part.sentence), shown))


def test_the_sentence_says_which_step_is_which() -> None:
    """Behind, now and ahead are told apart by words, not by their order."""
    said = c.Said
    picture = Steps[c.Line](
        said("Trin 2 af 4", "Step 2 of 4"),
        (
            NamedStep(said("Idé", "Idea"), "done", said("til 12. november", "until 12 November")),
            NamedStep(said("Prøve", "Trial"), "now", c.Day(date(2026, 11, 12), weekday=False)),
            NamedStep(said("Køb", "Purchase"), "later"),
            NamedStep(said("Drift", "Operation"), "later"),
        ),
    )
    assert plain(finished(picture, "da").sentence) == (
        "Trin 2 af 4: Prøve (12. november). Bag os: Idé (til 12. november)."
        " Foran os: Køb, så Drift."
    )
    assert plain(finished(picture, "en").sentence) == (
        "Step 2 of 4: Trial (12 November)."
        " Behind us: Idea (until 12 November). Still to come: Purchase, then Operation."
    )


def test_steps_of_what_is_over_say_what_was_not_come_to() -> None:
    said = c.Said
    picture = Steps[c.Line](
        said("De 2 faser", ""),
        (NamedStep(said("Idé", ""), "done"), NamedStep(said("Køb", ""), "later")),
    )
    sentence = "De 2 faser. Bag os: Idé. Vi nåede ikke til: Køb."
    assert plain(finished(picture, "da").sentence) == sentence


def test_the_sentence_of_a_chart_says_whose_figure_each_is() -> None:
    said = c.Said
    picture = Chart[c.Line](
        said("Det, vi skal nå", "What we have to do"),
        (Bar(said("Mening", "Meaning"), (15, 5)), Bar(said("Tid", "Time"), (5, 10))),
        (Group(said("bedre", "better"), "better"), Group(said("værre", "worse"), "worse")),
        said("svar", "answers"),
    )
    assert plain(finished(picture, "da").sentence) == (
        "Det, vi skal nå. Mening: bedre 15 svar og værre 5 svar."
        " Tid: bedre 5 svar og værre 10 svar."
    )


@pytest.mark.parametrize(
    "line", [c.Words("Vi er bange"), c.Who("a"), c.First("a"), c.Kept("x", "y")]
)
def test_a_picture_with_peoples_words_is_refused(line: c.Line) -> None:
    """Also inside a phrase of ours, and wherever they stand in it."""
    inside = c.text("project.has_project", name=line)
    ours = c.Said("Trin", "Step")
    for one in (line, inside):
        for picture in (
            Steps[c.Line](one, ()),
            Steps[c.Line](ours, (NamedStep(one, "now"),)),
            Steps[c.Line](ours, (NamedStep(ours, "now", one),)),
            Chart[c.Line](one, (), ()),
            Chart[c.Line](ours, (Bar(one, (1,)),), (Group(ours),)),
            Chart[c.Line](ours, (Bar(ours, (1,)),), (Group(one),)),
            Chart[c.Line](ours, (Bar(ours, (1,)),), (Group(ours),), one),
        ):
            with pytest.raises(ValueError, match="own words"):
                dresser("da").card(c.card(picture))


def test_a_bar_without_a_figure_for_each_group_is_refused() -> None:
    ours = c.Said("Trin", "Step")
    with pytest.raises(ValueError, match="each group"):
        Chart[c.Line](ours, (Bar(ours, (1, 2)),), (Group(ours),))
    with pytest.raises(ValueError, match="shorter"):
        Chart[c.Line](ours, (Bar(ours, (-1,)),), (Group(ours),))
