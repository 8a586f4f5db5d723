"""The guides of exercises: what they hold, and how a fault in one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from content.catalogue import ContentError, load
from content.model import Catalogue

GUIDE = """
[guide]
lengths = [20]
gives = { da = "Ro.", en = "Calm." }
lanes = [{ id = "one", name = { da = "En", en = "One" } }]
kinds = [{ id = "note", name = { da = "Seddel", en = "Note" } }]
columns = [{ id = "what", name = { da = "Hvad?", en = "What?" } }]

[[guide.scale]]
id = "yes"
side = "yes"
name = { da = "Ja", en = "Yes" }

[[guide.scale]]
id = "no"
side = "no"
name = { da = "Nej", en = "No" }

[[guide.steps]]
id = "write"
does = "write"
kinds = ["note"]
minutes = { 20 = 15 }
name = { da = "Skriv", en = "Write" }
text = { da = "Skriv.", en = "Write." }

[[guide.steps]]
id = "agree"
does = "agree"
minutes = { 20 = 5 }
name = { da = "Aftal", en = "Agree" }
text = { da = "Aftal.", en = "Agree." }
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def laid(folder: Path, text: str) -> Path:
    """A pack that gives the compass another guide."""
    folder.mkdir()
    (folder / "compass.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_compass_is_whole(catalogue: Catalogue) -> None:
    """Six circles with the definitions of RASMUS, its steps in order, and the minutes of its
    source."""
    found = catalogue.set("compass").guide
    assert found is not None
    rasmus = catalogue.set("rasmus").items
    assert [(lane.id, lane.name, lane.text) for lane in found.lanes] == [
        (item.id, item.name, item.text) for item in rasmus
    ]
    assert [(step.does, step.kinds) for step in found.steps] == [
        ("talk", ()),
        ("read", ()),
        ("write", ("today",)),
        ("write", ("better", "worse")),
        ("read", ()),
        ("dots", ()),
        ("conditions", ()),
        ("agree", ()),
    ]
    assert [step.minutes["90"] for step in found.steps] == [5, 5, 10, 15, 15, 5, 20, 15]
    assert found.meetings == {"20": 3}
    assert "Forestil jer, at den bliver indført" in found.steps[0].text.da
    assert [point.side for point in found.scale] == ["yes", "between", "no", "none"]
    assert [(step.does, step.of) for step in found.after] == [
        ("survey", "rasmus"),
        ("talk", ""),
        ("talk", ""),
        ("agree", ""),
    ]


def test_a_guide_without_faults_is_read(tmp_path: Path) -> None:
    """A pack may give an exercise of ours a guide of its own."""
    found = load(packs=(laid(tmp_path / "p", GUIDE),)).set("compass").guide
    assert found is not None
    assert [lane.id for lane in found.lanes] == ["one"]
    assert found.steps_of(20) == found.steps


def test_a_length_leaves_out_the_steps_without_minutes_for_it(tmp_path: Path) -> None:
    """A step without any minutes is part of every length."""
    text = GUIDE.replace("[20]", "[20, 45]").replace("{ 20 = 5 }", "{ 20 = 5, 45 = 5 }")
    talk = (
        '[[guide.steps]]\nid = "talk"\ndoes = "talk"\nminutes = { 45 = 20 }\n'
        'name = { da = "A", en = "A" }\ntext = { da = "A.", en = "A." }\n'
    )
    always = talk.replace("talk", "always", 1).replace("minutes = { 45 = 20 }\n", "")
    text = text.replace("[[guide.steps]]", f"{always}\n{talk}\n[[guide.steps]]", 1)
    found = load(packs=(laid(tmp_path / "p", text),)).set("compass").guide
    assert found is not None
    assert [step.id for step in found.steps_of(20)] == ["always", "write", "agree"]
    assert [step.id for step in found.steps_of(45)] == ["always", "talk", "agree"]


WRITE = '[[guide.steps]]\nid = "write"\ndoes = "write"\nkinds = ["note"]\nminutes = { 20 = 15 }\n'
FAULTS = {
    "no table": (GUIDE, "guide = 3\n", "guide: this is not a table; write it under [guide]"),
    "one language": (
        'gives = { da = "Ro.", en = "Calm." }',
        'gives = { da = "Ro." }',
        "guide.gives: en is missing; write it beside the other language",
    ),
    "an unknown field": (
        "[guide]\n",
        "[guide]\ncolour = 3\n",
        "guide: Object contains unknown field `colour`; correct this field",
    ),
    "no list": (
        "lanes = [{",
        "lanes = 3\n[guide.x]\ny = [{",
        "guide.lanes: this is not a list of tables; write each under [[guide.lanes]]",
    ),
    "lanes of no set": (
        'lanes = [{ id = "one", name = { da = "En", en = "One" } }]',
        'lanes = "rasmuss"',
        "guide.lanes: no set is called rasmuss; correct it",
    ),
    "no id": (
        'id = "write"\n',
        "",
        "guide.steps.1: it has no id; give it one",
    ),
    "an id with letters of our own": (
        'id = "write"',
        'id = "Øv"',
        "guide.steps.Øv: this is no id; use small letters from a to z, digits and hyphens",
    ),
    "an id twice": (
        'id = "no"',
        'id = "yes"',
        "guide.scale.yes: this id is used twice; give one of them another",
    ),
    "no text": (
        'text = { da = "Skriv.", en = "Write." }\n',
        "",
        "guide.steps.write: it has no text; write one in Danish and English",
    ),
    "a long text": (
        'text = { da = "Skriv.", en',
        f'text = {{ da = "{"Skriv. " * 60}", en',
        "guide.steps.write.text: da has 420 characters; shorten it to 350",
    ),
    "a step of no known sort": (
        'does = "write"',
        'does = "sing"',
        "guide.steps.write: does is sing; choose one of read, talk, write, dots, conditions, "
        "survey, table, agree, prepare, exercise",
    ),
    "an unknown kind": (
        'kinds = ["note"]',
        'kinds = ["note", "nota"]',
        "guide.steps.write: no kind is called nota; there is note",
    ),
    "kinds where nothing is written": (
        'does = "agree"\n',
        'does = "agree"\nkinds = ["note"]\n',
        "guide.steps.agree: only a step that writes has kinds; take them out",
    ),
    "nothing to write": (
        'kinds = ["note"]\n',
        "",
        'guide.steps.write: nothing can be written; name its kinds, as kinds = ["note"]',
    ),
    "a set where none is used": (
        'does = "agree"\n',
        'does = "agree"\nof = "rasmus"\n',
        "guide.steps.agree: only a survey, a table and an exercise are of a set; take it out",
    ),
    "no lanes": (
        'lanes = [{ id = "one", name = { da = "En", en = "One" } }]\n',
        "",
        "guide.steps.write: the guide has no lanes; write each under [[guide.lanes]]",
    ),
    "too many lanes": (
        "lanes = [",
        "lanes = ["
        + "".join(f'{{ id = "l{n}", name = {{ da = "A", en = "A" }} }}, ' for n in range(8)),
        "guide.lanes: there are 9; there is room for 8",
    ),
    "one side of a scale": (
        'side = "no"',
        'side = "none"',
        'guide.scale: one side is missing; give points the side "yes" and "no"',
    ),
    "minutes for no length": (
        "{ 20 = 15 }",
        "{ 20 = 15, 25 = 15 }",
        "guide.steps.write: 25 is no length of the guide; add it to lengths, or take it out",
    ),
    "no minutes at all": (
        "{ 20 = 15 }",
        "{ 20 = 0 }",
        "guide.steps.write: 0 minutes is too short; leave 20 out instead",
    ),
    "meetings of no length": (
        "lengths = [20]",
        "lengths = [20]\nmeetings = { 45 = 2 }",
        "guide.meetings: 45 is no length of the guide; correct it",
    ),
    "too many minutes": (
        "{ 20 = 15 }",
        "{ 20 = 16 }",
        "guide.lengths: the steps take 21 minutes of 20; shorten some",
    ),
    "a length without minutes": (
        "lengths = [20]",
        "lengths = [20, 45]",
        "guide.lengths: no step has minutes for 45; write them, or take 45 out",
    ),
    "a length that is none": (
        "lengths = [20]",
        "lengths = [20, 481]",
        "guide.lengths: 481 is no length; use 1 to 480 minutes",
    ),
    "no lengths": (
        "lengths = [20]\n",
        "",
        "guide.lengths: there are no lengths; write them, as [20, 45, 90]",
    ),
    "a phase that is none": (
        "lengths = [20]",
        "lengths = [20]\nphases = [5]",
        "guide.phases: the phases are 1, 2, 3 and 4; correct it",
    ),
    "no end": (
        'does = "agree"',
        'does = "talk"',
        'guide.steps: the last step does not agree (20 minutes); end with does = "agree"',
    ),
    "dots before anything is written": (
        WRITE,
        WRITE.replace("write", "choose", 1).replace("write", "dots").replace('kinds = ["note"]', "")
        + 'name = { da = "A", en = "A" }\ntext = { da = "A.", en = "A." }\n'
        + WRITE.replace("15", "0"),
        "guide.steps.choose: nothing has been written before it (20 minutes); "
        "put a step that writes in front",
    ),
    "the same id before and after": (
        "[[guide.scale]]",
        '[[guide.after]]\nid = "agree"\ndoes = "agree"\n'
        'name = { da = "A", en = "A" }\ntext = { da = "A.", en = "A." }\n[[guide.scale]]',
        "guide.after.agree: a step has this id; give one of them another",
    ),
    "no steps": (
        GUIDE[GUIDE.index("[[guide.steps]]") :],
        "",
        "guide.steps: there are no steps; write each under [[guide.steps]]",
    ),
    "a board on which nothing is written": (
        'does = "write"\nkinds = ["note"]\n',
        'does = "talk"\n',
        'guide.steps: a board needs a step with does = "write"',
    ),
    "a survey without a scale": (
        GUIDE[GUIDE.index("[[guide.scale]]") : GUIDE.index("[[guide.steps]]")] + WRITE,
        WRITE.replace('"write"\nkinds = ["note"]', '"survey"'),
        "guide.steps.write: the guide has no scale; write each under [[guide.scale]]",
    ),
    "a survey of no set": (
        'does = "write"\nkinds = ["note"]\n',
        'does = "survey"\nof = "rasmuss"\n',
        "guide.steps.write: no set is called rasmuss; python app.py content lists the names",
    ),
    "a survey of too many statements": (
        'does = "write"\nkinds = ["note"]\n',
        'does = "survey"\nof = "education-effects"\n',
        "guide.steps.write: education-effects has 18 statements; a form has room for 16",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_guide_names_file_key_and_remedy(tmp_path: Path, fault: str) -> None:
    """Each problem has one line that says where it is, and what to do."""
    old, new, problem = FAULTS[fault]
    assert old in GUIDE
    with pytest.raises(ContentError) as raised:
        load(packs=(laid(tmp_path / "p", GUIDE.replace(old, new, 1)),))
    assert f"p/compass.toml: {problem}" in raised.value.problems


BOARDS = (
    "compass",
    "now-future",
    "brainstorm",
    "relations",
    "ground-rules",
    "work-changes",
    "notice-board",
)
SURVEYS = ("rasmus", "guldkorn", "pitfalls")
TABLES = (
    "side-effects",
    "data-ethics",
    "competence-wheel",
    "business-case",
    "role-table",
    "status-review",
)


@pytest.mark.parametrize(
    ("mechanic", "names"),
    [
        ("board", BOARDS),
        ("survey", SURVEYS),
        ("table", TABLES),
        ("workshop", ("workshop", "digital-talk")),
    ],
)
def test_every_exercise_of_the_catalogue_can_be_run(
    catalogue: Catalogue, mechanic: str, names: tuple[str, ...]
) -> None:
    """Each has a guide, and only the notice board has no end of its own."""
    found = {one.id for one in catalogue.sets.values() if one.mechanic == mechanic}
    assert found == set(names)
    for name in names:
        guide = catalogue.set(name).guide
        assert guide is not None
        assert guide.standing == (name == "notice-board")
        assert guide.standing != (guide.steps[-1].does == "agree")


def test_what_the_exercises_have_from_their_sources(catalogue: Catalogue) -> None:
    """The seven questions, the parts of boards and tables, and who has read a business case."""
    guides = {one.id: one.guide for one in catalogue.sets.values() if one.guide is not None}
    assert len(guides["now-future"].steps[0].questions) == 7
    assert [kind.sign for kind in guides["now-future"].kinds] == ["better", "worse"]
    assert [len(guides[name].lanes) for name in BOARDS] == [6, 2, 2, 5, 3, 3, 3]
    assert len(guides["role-table"].columns) == 4
    assert guides["workshop"].lengths == (180,)
    trio = {name for name, guide in guides.items() if guide.audience == "trio"}
    assert trio == {"business-case", "data-ethics"}
    for name in SURVEYS:
        sides = [point.side for point in guides[name].scale]
        assert sides == ["yes", "between", "no", "none"]


def test_a_list_of_a_guide_is_read_with_its_set(catalogue: Catalogue) -> None:
    """Lanes, kinds and questions are shown where the set is read."""
    found = catalogue.set("now-future").lists()
    assert [text.da for text in found["lanes"]] == ["Nu", "Fremtiden"]
    assert [text.da for text in found["notes"]] == ["Fordel", "Ulempe"]
    assert len(found["questions"]) == 7
    assert catalogue.set("roles").lists() == catalogue.set("roles").parts


@pytest.mark.parametrize(
    ("file", "runs", "told"),
    [
        ("roles-exercise", "role-tabel", "that is no exercise"),
        ("roles-exercise", "goals", "that is no exercise"),
        ("compass", "role-table", "it has a guide of its own"),
    ],
)
def test_a_set_begins_only_an_exercise(file: str, runs: str, told: str, tmp_path: Path) -> None:
    """What a set begins is there and can run, and is not begun twice."""
    (tmp_path / f"{file}.toml").write_text(f'runs = "{runs}"\n', encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load(packs=(tmp_path,))
    [problem] = caught.value.problems
    assert problem.endswith(f"{file}.toml: runs: {told}; name an exercise, or take it out")
