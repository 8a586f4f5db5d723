"""What came of exercises, as report, APV and promises read it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from content.catalogue import load
from dialogs.exercise.groups import group_rows
from dialogs.exercise.states import ALL_RUNS, ExerciseRun
from dialogs.exercise.survey_results import StatementTally, SurveyCount
from dialogs.med.apv import annex
from dialogs.model.cards import Bullets, Kept, Paragraph, Said, Text, Words, plain, text
from dialogs.model.documents import tables
from dialogs.model.facts import Known, Rec, Records, Stated, StateOf, States
from dialogs.outcomes.states import (
    EVERY,
    chosen_as,
    compass_notes,
    compass_status,
    left_out,
    quality_name,
)
from dialogs.promise.sheet import promises_document
from dialogs.promise.states import asked_again
from tests.worlds.full_report import AT, everything, full_report, written

CATALOGUE = load()


def known(**more: Any) -> Known:
    """The facts of a whole project; `more` are changes to its newest compass."""
    facts = everything()
    newest, *others = (one.body.read_as(ExerciseRun) for one in facts[ALL_RUNS])
    runs = (replace(newest, **more), *others)
    return Known(CATALOGUE, facts | {ALL_RUNS: tuple(Stated(one.id, written(one)) for one in runs)})


def test_a_report_has_what_came_of_each_exercise() -> None:
    """For each of four: the words of its survey, the first three in the order of the dots, and what
    it takes; and once, what the compass says of each quality."""
    found = [(plain(one.name), one) for one in tables(full_report())]
    for name, rows in (
        ("Rundspørgen", 6),
        ("Det valgte holdet at arbejde med", 3),
        ("Hvad der skal", 3),
    ):
        of_each = [one for said, one in found if said.startswith(f"{name}")]
        assert [len(one.rows) for one in of_each] == [rows] * 4, name
    [compass] = [one for said, one in found if said == "Kompasset: hver side af det gode arbejde"]
    assert len(compass.rows) == 6
    assert all("De fleste svarer" in plain(row[3]) for row in compass.rows)
    assert any("•" in plain(row[1]) for row in compass.rows)


def test_the_compass_is_the_latest_that_was_not_dropped() -> None:
    """Its notes are those of its own rounds."""
    of = {note.id.split(".")[0] for one in compass_notes(known()).values() for note in one.worse}
    assert of == {"nr0"}
    dropped = compass_notes(known(status="dropped"))
    assert {note.id.split(".")[0] for one in dropped.values() for note in one.worse} == {"nr1"}


def test_the_status_is_that_of_the_latest_survey_with_a_result() -> None:
    """A word for each quality, and never a figure; a survey with too few answers has none."""
    items = CATALOGUE.set("rasmus").items
    better = SurveyCount(10, tuple(StatementTally(item.id, yes=10) for item in items))
    [before] = known().states("exercise", ExerciseRun)["r0"].surveys
    status = compass_status(known(surveys=(replace(before, count=better),)))
    assert status is not None
    assert set(status.words) == {item.id for item in items}
    assert "10" not in str(status.words)
    without = Known(CATALOGUE, {ALL_RUNS: ()})
    assert compass_status(without) is None


def test_the_promises_sheet_has_the_status_beside_the_promises() -> None:
    """A row for each quality, with a word and no figure; nothing where no stock was taken."""
    made = promises_document(AT, known())
    last = tables(made)[-1]
    status = compass_status(known())
    assert status is not None
    assert last.rows == tuple(
        (quality_name(id, known()), word) for id, word in status.words.items()
    )
    assert len(last.rows) == 6
    without = promises_document(AT, Known(CATALOGUE, everything() | {ALL_RUNS: ()}))
    assert len(tables(without)) == len(tables(made)) - 1


def test_gains_and_drawbacks_are_told_apart_by_what_the_dots_chose() -> None:
    """Of the first three: the notes that say better, those that say worse, and neither for a group
    of both."""
    run = known().states("exercise", ExerciseRun)["r0"]
    assert [kind.id for kind in run.guide.kinds] == ["today", "better", "worse"]
    found = known(groups=(), chosen=("nr0.1", "nr0.2", "nr0.4", "nr0.5"))
    assert chosen_as("better", found) == (Kept("published", "nr0.1"), Kept("published", "nr0.4"))
    assert chosen_as("worse", found) == (Kept("published", "nr0.2"),)
    assert chosen_as("worse", known(chosen=())) == chosen_as("worse", known(status="dropped"))


@pytest.mark.parametrize(("held", "key"), [(True, "apv_suggests"), (False, "apv_nothing")])
def test_what_the_compass_found_suggests_to_look_at_the_apv(held: bool, key: str) -> None:
    """Also where nobody has noted an effect, agreed on anything or written a concern."""
    nothing: dict[Any, Any] = {
        States("agreement"): (),
        States("concern"): (),
        StateOf("med", "med"): None,
        **({} if held else {ALL_RUNS: ()}),
    }
    made = annex(AT, Known(CATALOGUE, everything() | nothing))
    assert made.sections[0].passages[0] == Paragraph(text(f"med.{key}"))
    lists = [part for one in made.sections for part in one.passages if isinstance(part, Bullets)]
    assert len(lists) == (6 if held else 0)
    assert ("nr0." in str(lists)) is held


def test_the_status_stands_beside_what_was_promised() -> None:
    """Below the promises that are asked of again; without a status there is nothing below them."""
    *_, head, status = asked_again(known(), 3)
    assert isinstance(head, Paragraph)
    assert isinstance(status, Bullets)
    assert len(status.items) == 6
    without = asked_again(Known(CATALOGUE, everything() | {ALL_RUNS: ()}), 3)
    assert without == asked_again(known(), 3)[:-2]


# --- the role table -----------------------------------------------------------------------


def table(*rows: tuple[str, str, dict[str, str]]) -> Known:
    """A role table with these rows: id, name of its own, cells."""
    guide = CATALOGUE.set("role-table").guide
    assert guide is not None
    run = ExerciseRun(
        id="t",
        exercise="role-table",
        title_da="Skemaet",
        title_en="The table",
        guide=guide,
        place="meeting",
        minutes="90",
        led_by="ali",
        begun_by="ali",
        begun_at=AT,
        rows={id: f"w{n}" for n, (id, _, _) in enumerate(rows)},
    )
    records = tuple(
        Rec(f"w{n}", "t", "ali", AT, {"row": id, "name": name, "cells": cells})
        for n, (id, name, cells) in enumerate(rows)
    )
    return Known(
        CATALOGUE,
        {
            ALL_RUNS: (Stated("t", written(run)),),
            Records("table_row", limit=EVERY): records,
            Records("table_column", limit=EVERY): (),
        },
    )


def said(line: Any) -> str:
    match line:
        case Text(key=key):
            return key.removeprefix("table.group_")
        case Said(da=da):
            return da
        case Words(text=words):
            return words
    raise AssertionError(line)


def test_without_a_role_table_nothing_is_said_of_groups() -> None:
    """Nor with one that nobody has written in."""
    assert left_out(Known(CATALOGUE, {ALL_RUNS: ()})) is None
    assert left_out(table()) is None


def test_groups_that_the_table_does_not_mention_are_left_out() -> None:
    """A row of their own mentions them, and so does the row that stands ready."""
    found = left_out(
        table(
            ("group-nights", "", {"how": "På overleveringen"}),
            ("added-1", "Vores vikarkorps", {"when": "Hver mandag"}),
            ("employees", "", {"how": "På mødet"}),
        )
    )
    assert found is not None
    assert [said(one) for one in found.unmentioned] == ["cleaning", "trainees", "Fagspecialister"]
    assert found.without_way == ()


def test_a_row_without_how_or_when_has_no_way_in() -> None:
    """What it does is not how it takes part."""
    found = left_out(table(("added-1", "Portørerne", {"what": "Kører senge", "how": ""})))
    assert found is not None
    assert [said(one) for one in found.without_way] == ["Portørerne"]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Natholdet", "nights"),
        ("Aftenvagter", "nights"),
        ("TIMELØNNEDE", "substitutes"),
        ("De rengøringsansvarlige", "cleaning"),
        ("SOSU-elever og studerende", "trainees"),
    ],
)
def test_a_group_is_known_by_how_a_word_begins(name: str, group: str) -> None:
    """And not by letters inside a word."""
    assert f"group-{group}" not in group_rows([name])
    assert len(group_rows([name])) == 3
    assert len(group_rows(["Senatet", "Donationer"])) == 4
