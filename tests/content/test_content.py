"""The content is complete in both languages and is validated when it is loaded."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import content
from content.catalogue import ContentError, load, table
from content.counts import COUNTS, WALK
from content.model import Both, Catalogue, Item, Phrase, Place, Plural, Set
from content.plain_text import as_people_read_it
from content.readability import lix as lix_of
from content.readability import readability

FOLDER = Path(content.__file__).parent
THEMES = ("kerneopgave", "opgaveloesning", "kompetenceudvikling", "inddragelse")
ORDER = {
    1: "O1 K1 F1.1t K2 F1.3 F1.2t I3t I4t",
    2: "F2.2 O2 O3 O4 F2.1 K3 K4 F2.3 K5",
    3: "F3.1t O5 F3.2t U1 U2 I5t",
    4: "I1t F4.1t I2t U3 U4 F4.2 U5 F4.3",
}
LATE = {1: "", 2: "K1 I4", 3: "K1 F2.2 O4 K5 I4", 4: "K1 F2.2 O4 O5 K5 U1 I4"}
SHORT = {
    1: "O1 K1 U1 I3t F1.3",
    2: "O4 K1 U1 I4t F2.2",
    3: "O5 K1 U1 I4t F3.1t",
    4: "O4 K1 U4 I1t F4.3",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def found(folder: Path, file: str) -> Path:
    """Return the path of a content file in any folder; phrase files are named with their folder."""
    return folder / file if "/" in file else next(folder.rglob(file))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the content to a temporary folder, to be modified."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    return tmp_path


def short_name(question: str) -> str:
    """Return a question's short id in the map: K1 for kerneopgave.1, F1.1 for fase1.1."""
    if question.startswith("fase"):
        return f"F{question.removeprefix('fase')}"
    theme, number = question.split(".")
    return {THEMES[0]: "K", THEMES[1]: "O", THEMES[2]: "U", THEMES[3]: "I"}[theme] + number


def written(places: tuple[Place, ...]) -> str:
    return " ".join(f"{short_name(p.question)}{'t' if p.trio else ''}" for p in places)


def texts_of(item: Item) -> Iterator[Both]:
    if item.name:
        yield item.name
    yield item.text
    yield from item.more
    for texts in item.parts.values():
        yield from texts


def guide_of(found: Set) -> Iterator[Both]:
    """Iterate over the running text of a guide."""
    if found.guide is not None:
        yield found.guide.gives
        for step in (*found.guide.steps, *found.guide.after):
            yield step.text
            yield from step.questions
        for lane in found.guide.lanes:
            if lane.text is not None:
                yield lane.text


def all_texts(catalogue: Catalogue) -> Iterator[tuple[str, Both]]:
    for found in catalogue.sets.values():
        yield found.id, found.title
        if found.intro:
            yield found.id, found.intro
        for texts in found.parts.values():
            for text in texts:
                yield found.id, text
        for text in guide_of(found):
            yield f"{found.id}/guide", text
        for item in found.items:
            for text in texts_of(item):
                yield f"{found.id}/{item.id}", text
            yield f"{found.id}/{item.id}", item.source.section
    for publication in catalogue.publications.values():
        yield publication.key, publication.title
        yield publication.key, publication.publisher


def lix(text: str) -> float:
    """Compute LIX independently: words per sentence plus the percentage of words longer than six
    letters."""
    words = re.findall(r"\w+", text)
    sentences = re.findall(r"[.?:]", text)
    long = [word for word in words if len(word) > 6]
    return len(words) / len(sentences) + 100 * len(long) / len(words)


def test_every_set_has_as_many_items_as_the_publications_hold(catalogue: Catalogue) -> None:
    """Every set of the map exists, with all items in both languages."""
    assert [(id, n, n) for id, n in COUNTS.items()] == table(catalogue)
    assert set(WALK) <= set(catalogue.sets)


def test_each_theme_has_five_questions_and_the_phases_eleven(catalogue: Catalogue) -> None:
    """Four themes with five questions each; three, three, two and three questions for the
    phases."""
    assert [theme.id for theme in catalogue.themes] == list(THEMES)
    for theme in THEMES:
        assert [q.id for q in catalogue.of_theme(theme)] == [f"{theme}.{n}" for n in range(1, 6)]
    assert [len(catalogue.of_phase(n)) for n in (1, 2, 3, 4)] == [3, 3, 2, 3]
    assert [phase.number for phase in catalogue.phases] == [1, 2, 3, 4]


@pytest.mark.parametrize("phase", [1, 2, 3, 4])
def test_questions_are_asked_in_the_order_of_the_map(catalogue: Catalogue, phase: int) -> None:
    """Order, trio, late start and short course of each phase match the map."""
    course = catalogue.course
    assert written(course.places(phase)) == ORDER[phase]
    assert [short_name(p.question) for p in course.catch_up(phase)] == LATE[phase].split()
    assert written(course.shortened(phase)) == SHORT[phase]


@pytest.mark.parametrize("phase", [1, 2, 3, 4])
def test_a_late_start_asks_some_and_leaves_the_rest(catalogue: Catalogue, phase: int) -> None:
    """Asked and skipped questions together are the 31 questions, each once."""
    course = catalogue.course
    both = [place.question for place in course.whole(phase) + course.rest(phase)]
    assert sorted(both) == sorted(catalogue.questions)


def test_freed_time_is_asked_about_when_the_business_case_is_known(catalogue: Catalogue) -> None:
    """Two remarks of the map: what K3 has to wait for, and the compass exercise of O4."""
    assert catalogue.course.place("kerneopgave.3").after is not None
    assert catalogue.course.place("opgaveloesning.4").exercise == "compass"


def test_people_can_read_every_set_with_its_sources(catalogue: Catalogue) -> None:
    """The text has the title, every item and every source in the requested language."""
    for found in catalogue.sets.values():
        danish = as_people_read_it(catalogue, found.id, "da")
        english = as_people_read_it(catalogue, found.id, "en")
        for item in found.items:
            title = catalogue.publication(item.source.publication).title
            for text in (*texts_of(item), title):
                assert text.da in danish
                assert text.en in english


def test_what_is_our_own_reading_is_said_to_be(catalogue: Catalogue) -> None:
    """Exactly the items that go beyond their source are labelled so."""
    for found in catalogue.sets.values():
        said = as_people_read_it(catalogue, found.id, "da").count(" · Digis eget bud\n")
        assert said == sum(item.ours for item in found.items), found.id


def test_the_longer_lists_of_the_models_are_whole(catalogue: Catalogue) -> None:
    """RASMUS has lists of 18 and 19 items; every pitfall has signs and remedies."""
    rasmus = catalogue.set("rasmus").items
    assert sum(len(item.parts["plus"]) for item in rasmus) == 18
    assert sum(len(item.parts["minus"]) for item in rasmus) == 19
    assert all(item.parts["benefit"] and item.parts["drawback"] for item in rasmus)
    pitfalls = catalogue.set("pitfalls").items
    assert all(item.parts["look_for"] and item.parts["remedy"] for item in pitfalls)
    kinds = [item.kind for item in pitfalls]
    assert [kinds.count(kind) for kind in dict.fromkeys(kinds)] == [4, 4, 4, 4]


def test_the_lists_of_roles_and_of_starts_are_whole(catalogue: Catalogue) -> None:
    """They have as many items as in the publications."""
    points = [
        [len(texts) for texts in item.parts.values()] for item in catalogue.set("roles").items
    ]
    assert points == [[6, 3], [3], [5], [4]]
    must, may = catalogue.set("start-kinds").items
    assert [len(must.parts[k]) for k in ("benefits", "pitfalls", "questions")] == [3, 4, 4]
    assert [len(may.parts[k]) for k in ("benefits", "pitfalls", "questions")] == [3, 3, 3]
    assert len(may.parts["steps"]) == 2


def test_each_recommendation_has_its_insights_and_pitfalls(catalogue: Catalogue) -> None:
    """Four recommendations, with three insights and four pitfalls each that refer to them."""
    for item in catalogue.set("recommendations").items:
        for id, n in (("insights", 3), ("pitfalls", 4)):
            pointing = [i for i in catalogue.set(id).items if i.kind == item.id]
            assert len(pointing) == n
            assert all(i.refs == (f"recommendations/{item.id}",) for i in pointing)


def test_the_matter_of_schools_is_whole(catalogue: Catalogue) -> None:
    """Questions, actions and risks by theme, and 18 of 24 cells; six are empty in the source
    too."""
    themes = [item.id for item in catalogue.set("education-themes").items]
    kinds = {
        id: [[item.kind for item in catalogue.set(id).items].count(theme) for theme in themes]
        for id in ("education-questions", "education-actions", "education-risks")
    }
    assert kinds["education-questions"] == [3, 3, 3, 3]
    assert kinds["education-actions"] == [3, 4, 7, 9]
    assert kinds["education-risks"] == [2, 4, 4, 0]
    cells = {(item.kind, item.across) for item in catalogue.set("education-effects").items}
    nuggets = [item.id for item in catalogue.set("guldkorn").items]
    empty = {(theme, nugget) for theme in themes for nugget in nuggets} - cells
    assert len(cells) == 18
    assert empty == {
        ("core-task", "influence"),
        ("core-task", "support"),
        ("core-task", "predictability"),
        ("core-task", "demands"),
        ("profession", "support"),
        ("relations", "predictability"),
    }


def test_the_role_table_has_an_example_for_all_but_others(catalogue: Catalogue) -> None:
    """Six rows and four columns; the exercise uses the same six rows."""
    rows = catalogue.set("role-table").items
    assert [bool(row.parts.get("examples")) for row in rows] == [True] * 5 + [False]
    assert len(catalogue.set("role-table").lists()["columns"]) == 4
    assert catalogue.set("roles-exercise").runs == "role-table"
    [step] = catalogue.set("roles-exercise").items
    assert step.refs == tuple(f"role-table/{row.id}" for row in rows)


def test_the_pack_of_schools_is_marked(catalogue: Catalogue) -> None:
    """Exactly the content that applies only to education is marked."""
    education = {found.id for found in catalogue.sets.values() if found.pack == "education"}
    sources = {
        found.id: {item.source.publication for item in found.items}
        for found in catalogue.sets.values()
    }
    only = {id for id, publications in sources.items() if publications == {"uddannelse"}}
    assert education == only


def test_ways_to_take_part_are_counted_by_phase(catalogue: Catalogue) -> None:
    """Three for ideas, seven for impact, ten for the third phase, eighteen for the last."""
    practice = catalogue.set("phase-practice")
    assert [len(practice.fitting(n)) for n in (1, 2, 3, 4)] == [3, 7, 10, 18]


def test_a_story_says_what_they_did_and_what_others_can_take(catalogue: Catalogue) -> None:
    """Three stories, the last with the four principles of that workplace."""
    stories = catalogue.set("cases").items
    assert all(story.parts["did"] and story.parts["take"] for story in stories)
    assert [len(story.parts.get("principles", ())) for story in stories] == [0, 0, 4]


def test_every_item_fits_a_phase_that_exists(catalogue: Catalogue) -> None:
    """Each of the four phases has advice, and there are no other phases."""
    for found in catalogue.sets.values():
        assert all(set(item.phase) <= {1, 2, 3, 4} for item in found.items), found.id
    for n in (1, 2, 3, 4):
        assert catalogue.set("involvement-advice").fitting(n)
        assert catalogue.set("pitfalls").fitting(n)


def test_nothing_is_shouted(catalogue: Catalogue) -> None:
    """No Danish text has an exclamation mark."""
    shouted = [where for where, text in all_texts(catalogue) if "!" in text.da]
    assert shouted == []
    for key, phrase in catalogue.phrases.items():
        forms = [phrase.da] if isinstance(phrase.da, str) else [phrase.da.one, phrase.da.other]
        assert not any("!" in form for form in forms), key


def test_the_questions_are_easy_to_read(catalogue: Catalogue) -> None:
    """LIX is below 45 for all questions together and for each theme and phase."""
    groups = [catalogue.of_theme(theme) for theme in THEMES]
    groups += [catalogue.of_phase(n) for n in (1, 2, 3, 4)]
    groups.append(tuple(catalogue.questions.values()))
    for group in groups:
        text = " ".join(q.text.da for q in group)
        assert lix(text) < 45, (group[0].id, round(lix(text)))


def test_every_set_is_easy_to_read(catalogue: Catalogue) -> None:
    """LIX is below 36 for each set's Danish, and the command prints the same values. `phase-themes`
    only repeats the questions, which have their own limit."""
    for found in catalogue.sets.values():
        lines = [text.da for item in found.items for text in texts_of(item) if text != item.name]
        lines += [text.da for text in guide_of(found)]
        whole = " ".join(line if re.search(r"[.?:]", line) else f"{line}." for line in lines)
        assert readability(catalogue)[found.id] == pytest.approx(lix(whole)), found.id
        most = 45 if found.id == "phase-themes" else 36
        assert lix(whole) < most, (found.id, round(lix(whole)))


def test_lix_is_the_known_measure() -> None:
    """Four words in one sentence, one of them long: 4 + 25."""
    assert lix("Vi taler om kerneopgaven.") == 29
    assert lix_of(["Vi taler om kerneopgaven."]) == 29
    assert lix_of(["Tid til kerneopgaven", "Ro"]) == 2 + 25


def test_a_plural_is_picked_by_its_number() -> None:
    """1 selects the singular, other numbers the plural; a missing number raises an error."""
    phrase = Phrase(Plural("en aftale", "{n} aftaler"), Plural("one agreement", "{n} agreements"))
    assert phrase.of("da", 1) == "en aftale"
    assert phrase.of("en", 0) == "{n} agreements"
    with pytest.raises(ValueError, match="argument n"):
        phrase.of("da")


BROKEN = {
    "English is missing": (
        "themes.toml",
        'name.en = "Core task"\n',
        "",
        "themes.toml: kerneopgave.name: en is missing; write it beside the other language",
    ),
    "Danish is blank": (
        "themes.toml",
        'name.da = "Kerneopgave"',
        'name.da = " "',
        "themes.toml: kerneopgave.name: da is blank",
    ),
    "a mark is left open": (
        "themes.toml",
        'name.da = "Kerneopgave"',
        'name.da = "**Kerneopgave"',
        "themes.toml: kerneopgave.name: da has an unpaired *",
    ),
    "an id is used twice": (
        "involvement-advice.toml",
        'id = "frame"',
        'id = "effects"',
        "involvement-advice.toml: effects: this id is used twice",
    ),
    "a question's id is used in another file": (
        "phase-questions.toml",
        'id = "fase1.1"',
        'id = "kerneopgave.1"',
        "phase-questions.toml: kerneopgave.1: this id is used twice",
    ),
    "the number is not the number": (
        "rasmus.toml",
        "n = 6",
        "n = 7",
        "rasmus.toml: n: it says 7, and there are 6; make them agree",
    ),
    "an item is gone": (
        "phase-themes.toml",
        '[[item]]\nquestion = "opgaveloesning.1"\nphase = 1\n',
        "",
        "phase-themes.toml: n: there are 30 items; the set has 31",
    ),
    "a question has no place": (
        "phase-themes.toml",
        'question = "opgaveloesning.1"\nphase = 1',
        'question = "opgaveloesning.2"\nphase = 1',
        "phase-themes.toml: opgaveloesning.1: this question has no place; give it one",
    ),
    "a place names no question": (
        "phase-themes.toml",
        'question = "opgaveloesning.1"\nphase = 1',
        'question = "opgaveloesning.9"\nphase = 1',
        "phase-themes.toml: opgaveloesning.9: no question has this id; correct it",
    ),
    "the short course names no question": (
        "phase-themes.toml",
        '{ question = "fase1.3", phase = 1 }',
        '{ question = "fase1.9", phase = 1 }',
        "phase-themes.toml: fase1.9: no question has this id; correct it",
    ),
    "a late start takes what comes later": (
        "phase-themes.toml",
        '2 = [\n    "kerneopgave.1",',
        '2 = [\n    "fase4.3",',
        "phase-themes.toml: late.2: fase4.3 is not asked before; take it out",
    ),
    "a question is long": (
        "theme-questions.toml",
        'text.da = "Hvordan støtter',
        f'text.da = "{"Hvordan " * 20}støtter',
        "theme-questions.toml: kerneopgave.1.text: da has ",
    ),
    "a note is long": (
        "roles.toml",
        'da = "Hvad der bliver bedre, og for hvem"',
        f'da = "{"Hvad " * 71}"',
        "roles.toml: leaders.frame: da has 355 characters; shorten it to 350",
    ),
    "a source is not there": (
        "roles.toml",
        'source = "roller"',
        'source = "rollen"',
        "roles.toml: leaders: no source is called rollen; add it to sources",
    ),
    "a publication is not there": (
        "roles.toml",
        'publication = "godt-arbejde"',
        'publication = "godt-arbejd"',
        "roles.toml: sources.roller: no publication is called godt-arbejd",
    ),
    "a field is unknown": (
        "roles.toml",
        'id = "leaders"',
        'id = "leaders"\ncolour = "red"',
        "roles.toml: leaders: Object contains unknown field `colour`; correct this field",
    ),
    "a theme is not there": (
        "theme-questions.toml",
        'theme = "kerneopgave"',
        'theme = "kerne"',
        "theme-questions.toml: kerneopgave.1: no theme is called kerne",
    ),
    "a phrase lacks a placeholder": (
        "phrases/common.toml",
        'monday = { da = "mandag"',
        'monday = { da = "mandag {day}"',
        "phrases/common.toml: day.monday: {day} is in one language only",
    ),
    "a placeholder is more than a name": (
        "phrases/common.toml",
        'monday = { da = "mandag"',
        'monday = { da = "mandag {day:%d}"',
        "phrases/common.toml: day.monday: da has a brace that is not a {name}",
    ),
    "a phrase is only a string": (
        "phrases/common.toml",
        "[day]",
        'stray = "hej"\n[day]',
        "phrases/common.toml: stray: this is not a phrase; give it da and en",
    ),
    "a plural lacks a form": (
        "phrases/common.toml",
        'monday = { da = "mandag"',
        'monday = { da = { one = "mandag" }',
        "phrases/common.toml: day.monday: Object missing required field `other`",
    ),
    "a list has no heading": (
        "phrases/common.toml",
        "by_phase = ",
        "per_phase = ",
        "roles.toml: by_phase: no phrase is called part.by_phase; add it to phrases",
    ),
    "the file is not TOML": (
        "roles.toml",
        "n = 4",
        "n = four",
        "roles.toml: this is not TOML in UTF-8",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_is_named_with_file_key_and_remedy(copy: Path, fault: str) -> None:
    """Each check finds its problem in a copy of the content with only that problem."""
    file, old, new, problem = BROKEN[fault]
    text = found(copy, file).read_text(encoding="utf-8")
    assert old in text
    found(copy, file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load(copy)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("item = 3", "rasmus.toml: item: this is not a list of tables"),
        ("item = [3]", "rasmus.toml: item: this is not a list of tables"),
        ("sources = 3", "rasmus.toml: sources: this is not a table"),
        ("sources.model = 3", "rasmus.toml: sources.model: Expected `object`, got `int`"),
        ("parts = 3", "rasmus.toml: the top: Expected `object`, got `int`"),
    ],
)
def test_a_misshapen_file_is_named_and_not_a_crash(copy: Path, line: str, problem: str) -> None:
    """Wrong types of items, sources or parts are reported like other problems."""
    top = 'title = { da = "RASMUS", en = "RASMUS" }\n'
    found(copy, "rasmus.toml").write_text(top + line, encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load(copy)
    assert problem in str(raised.value)


def test_a_reference_leads_somewhere(copy: Path) -> None:
    """An item may refer only to an existing question or item."""
    path = found(copy, "roles.toml")
    text = path.read_text(encoding="utf-8")
    good = 'id = "leaders"\nrefs = ["rasmus/realistic", "fase1.1"]'
    path.write_text(text.replace('id = "leaders"', good, 1), encoding="utf-8")
    assert load(copy).set("roles").item("leaders").refs == ("rasmus/realistic", "fase1.1")
    path.write_text(text.replace('id = "leaders"', 'id = "leaders"\nrefs = ["x/y"]', 1), "utf-8")
    with pytest.raises(ContentError, match=r"roles\.toml: leaders: nothing is called x/y"):
        load(copy)


def test_a_key_lives_in_one_file_of_phrases(copy: Path) -> None:
    """A duplicate key is reported, whichever file is read first."""
    other = 'monday = { da = "mandag", en = "Monday" }\n'
    (copy / "phrases" / "zz.toml").write_text(f"[day]\n{other}", encoding="utf-8")
    with pytest.raises(ContentError, match=r"phrases/zz\.toml: day\.monday: another file has"):
        load(copy)


def test_a_file_that_the_walk_needs_is_missed(copy: Path) -> None:
    """A missing set and a file that is no set are both named."""
    path = found(copy, "rasmus.toml")
    path.rename(path.with_stem("rasmuss"))
    with pytest.raises(ContentError) as raised:
        load(copy)
    assert "rasmus.toml: the walk needs this file; put it back" in raised.value.problems
    assert any(p.startswith("rasmuss.toml: no set has this name") for p in raised.value.problems)


def test_all_faults_are_told_at_once(copy: Path) -> None:
    """Three problems in three files give three lines."""
    for fault in ("English is missing", "the number is not the number", "a field is unknown"):
        file, old, new, _ = BROKEN[fault]
        path = found(copy, file)
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load(copy)
    problems = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in problems if "no theme is called" not in line] == [
        "rasmus.toml",
        "themes.toml",
        "roles.toml",
    ]
