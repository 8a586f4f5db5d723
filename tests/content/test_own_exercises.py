"""A pack adds exercises of its own, one file each, without code."""

from __future__ import annotations

from pathlib import Path

import pytest

from content.catalogue import ContentError, load, table
from content.counts import COUNTS
from content.plain_text import as_people_read_it

HEAD = 'title = { da = "Vagtskifte", en = "Change of shift" }\n'
LANE = '[[guide.lanes]]\nid = "night"\nname = { da = "Nat", en = "Night" }\n'
KIND = '[[guide.kinds]]\nid = "note"\nname = { da = "Seddel", en = "Note" }\n'
COLUMN = '[[guide.columns]]\nid = "who"\nname = { da = "Hvem?", en = "Who?" }\n'
SCALE = "".join(
    f'[[guide.scale]]\nid = "{side}"\nside = "{side}"\nname = {{ da = "{side}", en = "{side}" }}\n'
    for side in ("yes", "no")
)
ITEM = '[[item]]\nid = "calm"\ntext = { da = "Vi når det.", en = "We get it done." }\n'


def guide(*steps: str, lists: str = "") -> str:
    """A guide with steps that end in agreements."""
    written = "".join(
        f'[[guide.steps]]\nid = "{does}"\ndoes = "{does}"\nminutes = {{ 20 = 10 }}\n'
        + ('kinds = ["note"]\n' if does == "write" else "")
        + 'name = { da = "Trin", en = "Step" }\ntext = { da = "Tal.", en = "Talk." }\n'
        for does in (*steps, "agree")
    )
    gives = 'gives = { da = "Ro på.", en = "Calm." }\n'
    return f"[guide]\nlengths = [20]\n{gives}{lists}{written}"


OWN = {
    "board": HEAD + 'mechanic = "board"\n' + guide("write", lists=LANE + KIND),
    "survey": HEAD + 'mechanic = "survey"\n' + guide("survey", lists=SCALE) + ITEM,
    "table": HEAD + 'mechanic = "table"\n' + guide("table", lists=COLUMN) + ITEM,
    "workshop": HEAD + 'mechanic = "workshop"\n' + guide("talk"),
}


def written(pack: Path, text: str, name: str = "exercises/vagtskifte.toml") -> Path:
    """A pack with one file."""
    (pack / name).parent.mkdir(parents=True, exist_ok=True)
    (pack / name).write_text(text, encoding="utf-8")
    return pack


def problems(*packs: Path) -> tuple[str, ...]:
    with pytest.raises(ContentError) as raised:
        load(packs=packs)
    return raised.value.problems


@pytest.mark.parametrize("mechanic", OWN)
def test_a_pack_adds_an_exercise_of_its_own(tmp_path: Path, mechanic: str) -> None:
    """It comes after ours, with the workplace as its source, and can be read."""
    laid = load(packs=(written(tmp_path / "nordby", OWN[mechanic]),))
    found = laid.set("vagtskifte")
    assert found.mechanic == mechanic
    assert found.guide is not None
    assert found.guide.steps[-1].does == "agree"
    assert [id for id, _, _ in table(laid)] == [*COUNTS, "vagtskifte"]
    assert found.n == len(found.items)
    assert all(item.source.publication == "own" for item in found.items)
    assert found in laid.for_workplace("general")
    read = as_people_read_it(laid, "vagtskifte", "da")
    assert read.startswith("Vagtskifte\n")
    assert ("- Trin: Tal.\n" in read) == (not found.items)


def test_a_survey_may_ask_about_a_set_of_ours(tmp_path: Path) -> None:
    """Then the exercise needs no items of its own."""
    text = OWN["survey"].replace(ITEM, "").replace('does = "survey"', 'does = "survey"\nof = "x"')
    laid = load(packs=(written(tmp_path / "p", text.replace('of = "x"', 'of = "guldkorn"')),))
    assert laid.set("vagtskifte").items == ()


def test_a_second_pack_may_change_an_exercise_of_the_first(tmp_path: Path) -> None:
    """It is merged like a set of ours: the statement keeps its source."""
    first = written(tmp_path / "nordby", OWN["survey"])
    second = written(tmp_path / "skoler", ITEM.replace("Vi når det.", "Vi når det hele."))
    found = load(packs=(first, second)).set("vagtskifte")
    assert [item.text.da for item in found.items] == ["Vi når det hele."]
    assert found.guide is not None


def test_an_exercise_can_go_with_a_question(tmp_path: Path) -> None:
    """The place of a question may name an exercise of the pack."""
    pack = written(tmp_path / "p", OWN["board"])
    place = '[[item]]\nquestion = "kerneopgave.1"\nexercise = "vagtskifte"\n'
    written(pack, place, "phase-themes.toml")
    assert load(packs=(pack,)).course.place("kerneopgave.1").exercise == "vagtskifte"
    written(pack, place.replace("skifte", "skift"), "phase-themes.toml")
    assert problems(pack) == (
        "p/phase-themes.toml: kerneopgave.1: no exercise is called vagtskift",
    )


FAULTS = {
    "no title": (HEAD, "", "the top: Object missing required field `title`; correct this field"),
    "title in one language": (
        ', en = "Change of shift"',
        "",
        "title: en is missing; write it beside the other language",
    ),
    "no mechanic": (
        'mechanic = "board"\n',
        "",
        "mechanic: the guide needs one; write board, survey, table or workshop",
    ),
    "an unknown mechanic": (
        '"board"',
        '"bord"',
        "the top: Invalid enum value 'bord' - at `$.mechanic`; correct this field",
    ),
    "no guide": (
        OWN["board"][OWN["board"].index("[guide]") :],
        "",
        "guide: an exercise of your own needs one; see docs/packs.md",
    ),
    "no lane": (LANE, "", "guide.steps.write: the guide has no lanes; write each under"),
    "another mechanic's guide": (
        '"board"',
        '"table"',
        'guide.steps: a table needs a step with does = "table"',
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_it_names_pack_file_key_and_remedy(tmp_path: Path, fault: str) -> None:
    """One mistake gives one line."""
    old, new, problem = FAULTS[fault]
    assert old in OWN["board"]
    [line] = problems(written(tmp_path / "p", OWN["board"].replace(old, new, 1)))
    assert line.startswith(f"p/exercises/vagtskifte.toml: {problem}")


INNER = ('does = "talk"', 'does = "exercise"\nof = "brainstorm"')
INNER_FAULTS = {
    "too short": (
        INNER[1],
        "brainstorm takes at least 20 minutes; give it so many in 20, or name a shorter one",
    ),
    "no name": (
        'does = "exercise"',
        'it does not say which; name one, as of = "brainstorm"',
    ),
    "unknown": (
        'does = "exercise"\nof = "brainstrom"',
        "no exercise is called brainstrom; python app.py content lists the names",
    ),
    "a workshop": (
        'does = "exercise"\nof = "digital-talk"',
        "digital-talk cannot be a part of a day; name a board, a survey or a table",
    ),
    "standing": (
        'does = "exercise"\nof = "notice-board"',
        "notice-board cannot be a part of a day; name a board, a survey or a table",
    ),
    "for the trio": (
        'does = "exercise"\nof = "business-case"',
        "business-case is for manager, TR and AMR only; name another exercise",
    ),
    "nothing to prepare": (
        'does = "prepare"',
        "the guide has no prepare; write each under [[guide.prepare]]",
    ),
    "time to prepare": (
        'does = "prepare"',
        "it comes before the day; take its minutes out",
    ),
}


@pytest.mark.parametrize("fault", INNER_FAULTS)
def test_a_fault_in_a_step_of_a_workshop_names_its_remedy(tmp_path: Path, fault: str) -> None:
    """An exercise inside must be there, fit, and have its time; a preparation comes before it."""
    new, problem = INNER_FAULTS[fault]
    pack = written(tmp_path / "p", OWN["workshop"].replace(INNER[0], new, 1))
    assert f"p/exercises/vagtskifte.toml: guide.steps.talk: {problem}" in problems(pack)


def test_only_a_workshop_runs_another_exercise(tmp_path: Path) -> None:
    """A board with one is told so."""
    text = HEAD + 'mechanic = "board"\n' + guide("write", "talk", lists=LANE + KIND)
    text = text.replace("20 = 10", "20 = 6").replace(*INNER, 1)
    assert problems(written(tmp_path / "p", text)) == (
        "p/exercises/vagtskifte.toml: guide.steps.talk: only a workshop runs an exercise; "
        "take the step out",
    )


def test_a_survey_or_a_table_without_items_is_told(tmp_path: Path) -> None:
    """There would be nothing to answer or to fill in."""
    for mechanic in ("survey", "table"):
        text = OWN[mechanic].replace(ITEM, "")
        assert problems(written(tmp_path / "p", text)) == (
            f"p/exercises/vagtskifte.toml: guide.steps.{mechanic}: vagtskifte has no items; "
            "write each under [[item]]",
        )


def test_an_exercise_outside_its_folder_is_told_where_to_go(tmp_path: Path) -> None:
    """Only the folder `exercises` holds new sets; elsewhere a name is probably mistyped."""
    assert problems(written(tmp_path / "p", OWN["board"], "vagtskifte.toml")) == (
        "p/vagtskifte.toml: no set has this name; move it to the folder exercises of your pack",
    )


def test_a_name_that_is_no_id_is_told(tmp_path: Path) -> None:
    """The name of the file is the exercise's id."""
    pack = written(tmp_path / "p", OWN["board"], "exercises/Vagt skifte.toml")
    assert problems(pack) == (
        "p/exercises/Vagt skifte.toml: this is no id; name the file with small letters from a to "
        "z, digits and hyphens",
    )
