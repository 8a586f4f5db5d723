"""A workplace's pack is merged into our content, passes the same checks, and is used in a
course."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import content
from content.catalogue import ContentError, load
from content.model import Catalogue
from content.plain_text import as_people_read_it, source_line
from tests.worlds.stage import stage

QUESTION = """
order = ["kerneopgave.1", "vores.ruter"]

[[item]]
id = "vores.ruter"
theme = "opgaveloesning"
asked_in = 1
text.da = "Hvem ringer vi til, når ruten skrider?"
text.en = "Whom do we call when the route slips?"
why.da = "Jeg spørger, fordi det i dag står på en tavle."
why.en = "I ask because today it is written on a board."
"""
ORDER = 'order = ["vores.ruter"]\n'
ADVICE = """
[[item]]
id = "vores.tavle"
name = { da = "Brug tavlen", en = "Use the board" }
text.da = "Skriv det på tavlen i køkkenet, før I skriver det i systemet."
text.en = "Write it on the kitchen board before you write it in the system."
"""
PHRASES = '[button]\nanswer = { da = "Sig din mening", en = "Give your opinion" }\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack with one question, one piece of advice and one phrase."""
    folder = tmp_path / "nordby"
    (folder / "phrases").mkdir(parents=True)
    (folder / "theme-questions.toml").write_text(QUESTION, encoding="utf-8")
    (folder / "phase-themes.toml").write_text(ORDER, encoding="utf-8")
    (folder / "involvement-advice.toml").write_text(ADVICE, encoding="utf-8")
    (folder / "phrases" / "common.toml").write_text(PHRASES, encoding="utf-8")
    return folder


def only(folder: Path, name: str, text: str) -> Path:
    """A pack with one file."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults(*packs: Path) -> tuple[str, ...]:
    with pytest.raises(ContentError) as raised:
        load(packs=packs)
    return raised.value.problems


def test_a_pack_adds_a_question_an_advice_and_a_phrase(pack: Path) -> None:
    """They are added to ours with the workplace as their source, and nothing of ours is removed."""
    ours, laid = load(), load(packs=(pack,))
    assert len(laid.questions) == len(ours.questions) + 1
    assert "vores.ruter" in [q.id for q in laid.of_theme("opgaveloesning")]
    assert laid.course.places(1)[0].question == "vores.ruter"
    assert laid.course.place("kerneopgave.1") == ours.course.place("kerneopgave.1")
    advice = laid.set("involvement-advice")
    assert len(advice.items) == advice.n == 11
    source = advice.item("vores.tavle").source
    assert source_line(laid, source, "da") == "Jeres egen arbejdsplads · skrevet af jer selv"
    assert laid.phrase("button.answer").of("da") == "Sig din mening"
    assert "Hvem ringer vi til" in as_people_read_it(laid, "theme-questions", "da")


async def test_what_a_pack_adds_is_met_in_a_course(pack: Path, tmp_path: Path) -> None:
    """The question is asked first, its button has the pack's text, and the advice is shown."""
    async with stage(tmp_path, packs=(pack,)) as found:
        await found.play(
            """
            anne > /digi start Ny omsorgsplatform
            anne > tryk "Jeg er leder"
            anne > tryk "Vis det i kanalen"
            ur > til spørgsmål
            kanal < "Hvem ringer vi til, når ruten skrider?"
            kanal < "[Sig din mening]"
            fatima > tryk "Sig din mening"
            fatima > udfyld "Dit svar"="Til vagten"
            fatima > /digi råd
            """
        )
        given = found.just("fatima")
        for _ in range(60):
            if "tavlen i køkkenet" in given:
                break
            await found.press("fatima", "Et råd til")
            given = found.just("fatima")
        assert "Brug tavlen" in given
        assert "Jeres egen arbejdsplads" in given


def test_words_of_ours_can_be_changed_and_the_rest_stays(tmp_path: Path) -> None:
    """Fields that the pack does not set are unchanged, including the source."""
    text = (
        '[[item]]\nid = "frame"\ntext.da = "Sig det lige ud."\ntext.en = "Say it straight out."\n'
    )
    laid = load(packs=(only(tmp_path / "p", "involvement-advice.toml", text),))
    ours, theirs = (x.set("involvement-advice").item("frame") for x in (load(), laid))
    assert theirs.text.da == "Sig det lige ud."
    assert (theirs.name, theirs.source, theirs.phase) == (ours.name, ours.source, ours.phase)
    assert [i.id for i in laid.set("involvement-advice").items] == [
        i.id for i in load().set("involvement-advice").items
    ]


def test_a_question_left_out_is_asked_nowhere(tmp_path: Path) -> None:
    """It is removed from the order, from late starts and from the short courses."""
    pack = only(tmp_path / "p", "theme-questions.toml", 'leave_out = ["kerneopgave.1"]\n')
    laid = load(packs=(pack,))
    course = laid.course
    assert "kerneopgave.1" not in laid.questions
    for phase in (1, 2, 3, 4):
        places = course.whole(phase) + course.rest(phase) + course.shortened(phase)
        assert "kerneopgave.1" not in [place.question for place in places]
    assert len(course.order) == laid.set("phase-themes").n == 30


def test_what_is_left_out_is_not_pointed_to(tmp_path: Path) -> None:
    """Other items' references to it are removed."""
    pack = only(tmp_path / "p", "education-themes.toml", 'leave_out = ["relations"]\n')
    found = load(packs=(pack,)).set("education-questions").item("relations.1")
    assert found.refs == ()


def test_the_order_of_a_set_can_be_changed(tmp_path: Path) -> None:
    """The named items come first, in that order; the rest follows as before."""
    pack = only(tmp_path / "p", "cases.toml", 'order = ["naestved"]\n')
    before = [item.id for item in load().set("cases").items]
    last = before[-1]
    only(pack, "cases.toml", f'order = ["{last}"]\n')
    assert [i.id for i in load(packs=(pack,)).set("cases").items] == [last, *before[:-1]]


def test_the_last_pack_has_the_last_word(pack: Path, tmp_path: Path) -> None:
    """Packs are merged in order, and the second may change what the first added."""
    text = '[[item]]\nid = "vores.tavle"\ntext.da = "Sig det højt."\ntext.en = "Say it aloud."\n'
    second = only(tmp_path / "sydby", "involvement-advice.toml", text)
    item = load(packs=(pack, second)).set("involvement-advice").item("vores.tavle")
    assert item.text.da == "Sig det højt."
    assert item.name is not None
    assert item.name.da == "Brug tavlen"


def test_a_pack_can_name_itself_as_the_source(pack: Path) -> None:
    """The publication with the id `own` holds the workplace's name."""
    text = (
        'title = { da = "Nordby", en = "Nordby" }\npublisher = { da = "Nordby", en = "Nordby" }\n'
    )
    only(pack, "publications.toml", f"[own]\n{text}")
    laid = load(packs=(pack,))
    assert laid.publication("own").title.da == "Nordby"


FAULTS = {
    "one language": (
        "involvement-advice.toml",
        '[[item]]\nid = "x"\ntext.da = "Hej"\n',
        "p/involvement-advice.toml: x.text: en is missing; write it beside the other language",
    ),
    "no such set": (
        "advice.toml",
        "",
        "p/advice.toml: no set has this name; python app.py content lists the names",
    ),
    "no phase": (
        "theme-questions.toml",
        '[[item]]\nid = "x"\ntheme = "kerneopgave"\n'
        'text = { da = "A?", en = "A?" }\nwhy = { da = "B.", en = "B." }\n',
        "p/theme-questions.toml: x: say when it is asked: asked_in = 1, 2, 3 or 4",
    ),
    "no theme": (
        "theme-questions.toml",
        '[[item]]\nid = "x"\ntheme = "kerne"\nasked_in = 1\n'
        'text = { da = "A?", en = "A?" }\nwhy = { da = "B.", en = "B." }\n',
        "p/theme-questions.toml: x: no theme is called kerne",
    ),
    "trio is a word": (
        "theme-questions.toml",
        '[[item]]\nid = "x"\ntheme = "kerneopgave"\nasked_in = 1\ntrio = "ja"\n'
        'text = { da = "A?", en = "A?" }\nwhy = { da = "B.", en = "B." }\n',
        "p/theme-questions.toml: x: trio is true or false; correct it",
    ),
    "a long question": (
        "theme-questions.toml",
        f'[[item]]\nid = "kerneopgave.1"\ntext = {{ da = "{"Hvad " * 50}?", en = "What?" }}\n',
        "p/theme-questions.toml: kerneopgave.1.text: da has 251 characters; shorten it to 200",
    ),
    "no id": (
        "involvement-advice.toml",
        '[[item]]\ntext = { da = "Hej", en = "Hello" }\n',
        "p/involvement-advice.toml: item 1: it has no id; give it one",
    ),
    "an id twice": (
        "involvement-advice.toml",
        '[[item]]\nid = "x"\ntext = { da = "A", en = "A" }\n' * 2,
        "p/involvement-advice.toml: x: this id is used twice; give one of them another",
    ),
    "an unknown field": (
        "involvement-advice.toml",
        '[[item]]\nid = "x"\nfarve = "rød"\ntext = { da = "A", en = "A" }\n',
        "p/involvement-advice.toml: x: Object contains unknown field `farve`; correct this field",
    ),
    "left out, but not there": (
        "cases.toml",
        'leave_out = ["x"]\n',
        "p/cases.toml: leave_out: x is not in this set; correct it",
    ),
    "all left out": (
        "technology-forum.toml",
        'leave_out = ["forum"]\n',
        "p/technology-forum.toml: leave_out: nothing is left; keep at least one",
    ),
    "a theme left out": (
        "themes.toml",
        'leave_out = ["kerneopgave"]\n',
        "p/themes.toml: leave_out: kerneopgave cannot be left out; change its words instead",
    ),
    "a theme added": (
        "themes.toml",
        '[[item]]\nid = "x"\n',
        "p/themes.toml: x: nothing can be added to this set; change the words of ours",
    ),
    "a place left out": (
        "phase-themes.toml",
        'leave_out = ["fase1.1"]\n',
        "p/phase-themes.toml: leave_out: leave fase1.1 out in the file of the question itself",
    ),
    "ordered, but not there": (
        "cases.toml",
        'order = ["x"]\n',
        "p/cases.toml: order: x is not in this set; correct it",
    ),
    "an order that is no list": (
        "cases.toml",
        'order = "x"\n',
        'p/cases.toml: order: this is no list of ids; write it as ["one", "another"]',
    ),
    "items that are no list": (
        "cases.toml",
        "item = 3\n",
        "p/cases.toml: item: this is not a list of tables; write each under [[item]]",
    ),
    "sources that are no table": (
        "cases.toml",
        "sources = 3\n",
        "p/cases.toml: sources: this is not a table; write each under [sources.name]",
    ),
    "not TOML": (
        "cases.toml",
        "order = [\n",
        "p/cases.toml: this is not TOML in UTF-8",
    ),
    "an unknown phrase": (
        "phrases/x.toml",
        '[button]\nansver = { da = "Svar", en = "Answer" }\n',
        "p/phrases/x.toml: button.ansver: no phrase has this key; copy the key from our phrases",
    ),
    "a lost placeholder": (
        "phrases/x.toml",
        '[help]\nsource = { da = "Kilde", en = "Source" }\n',
        "p/phrases/x.toml: help.source: {section}, {title}: use the same names in braces as ours",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_pack_names_pack_file_key_and_remedy(tmp_path: Path, fault: str) -> None:
    """Each problem has one line, which names the pack and the file."""
    name, text, problem = FAULTS[fault]
    [line] = faults(only(tmp_path / "p", name, text))
    assert line.startswith(problem)


def test_a_fault_in_any_kind_of_file_names_its_path(tmp_path: Path) -> None:
    """From the pack's folder on, also where files lie in subfolders of its own."""
    unknown = ('[[item]]\nid = "x"\nfarve = 1\ntext = { da = "A", en = "A" }\n', "x: ")
    blank = ('title = { da = " ", en = "A" }\n', "title: da is blank; write the text")
    files = {
        "cases.toml": unknown,
        "råd/involvement-advice.toml": unknown,
        "exercises/compass.toml": blank,
        "exercises/nordby.toml": blank,
        "exercises/vagt/nordby.toml": blank,
        "publications.toml": ("[own]\ntitle = 1\n", "own: "),
        "publications/publications.toml": ("own = 1\n", "own: this is not a table"),
        "phase-themes.toml": ('[[item]]\nquestion = "x"\nphase = 1\n', "x: "),
        "phrases/a.toml": ("[button]\nanswer = 1\n", "button.answer: this is not a phrase"),
        "exercises/not-toml.toml": ("=", "this is not TOML in UTF-8"),
    }
    for n, (name, (text, problem)) in enumerate(files.items()):
        head = '[guide]\nlengths = [20]\ngives = { da = "A", en = "A" }\n'
        own = name.endswith("/nordby.toml")
        pack = only(tmp_path / str(n) / "p", name, text + head if own else text)
        assert any(line.startswith(f"p/{name}: {problem}") for line in faults(pack)), name


BOARD_ADVICE = """
[[item]]
id = "vores.tavle"
text = { da = "Skriv det på tavlen.", en = "Write it on the board." }
"""
TAKES = '[button]\ntake_agreement = { da = "Den er min", en = "That one is mine" }\n'


def test_a_pack_may_have_subfolders_as_our_own_content_has(tmp_path: Path) -> None:
    """The name of a file counts, wherever it lies. What lies in a folder with a dot is left out."""
    pack = only(tmp_path / "p", "advice/vores/involvement-advice.toml", BOARD_ADVICE)
    only(pack, "phrases/knapper/vores.toml", TAKES)
    only(pack, ".historie/cases.toml", "=")
    only(pack, "phrases/.historie/vores.toml", "=")
    laid = load(packs=(pack,))
    assert "vores.tavle" in [item.id for item in laid.sets["involvement-advice"].items]
    assert laid.phrases["button.take_agreement"].da == "Den er min"


def test_two_files_of_one_name_in_a_pack_are_refused(tmp_path: Path) -> None:
    """An old version that was put aside would otherwise count, in an order that nobody knows."""
    pack = only(tmp_path / "p", "involvement-advice.toml", BOARD_ADVICE)
    only(pack, "gammel/involvement-advice.toml", BOARD_ADVICE.replace("tavle", "væg"))
    only(pack, "phrases/vores.toml", TAKES)
    only(pack, "phrases/gammel/vores.toml", TAKES)
    assert set(faults(pack)) == {
        "p/involvement-advice.toml: p/gammel/involvement-advice.toml has this name too; "
        "keep one of them",
        "p/phrases/vores.toml: p/phrases/gammel/vores.toml has this name too; keep one of them",
    }


def test_a_fault_names_the_pack_that_made_it(tmp_path: Path) -> None:
    """Also where a later pack has a file of that name: the title is of the first."""
    title = 'title = { da = "Kompas" }\n'
    first = only(tmp_path / "nordby", "exercises/compass.toml", title)
    gives = 'n = 6\nintro = { da = "I ser det.", en = "You see it." }\n'
    second = only(tmp_path / "skoler", "compass.toml", gives)
    [line] = faults(first, second)
    assert line.startswith("nordby/exercises/compass.toml: title: en is missing")


def test_the_guide_to_packs_can_be_followed_to_the_letter(tmp_path: Path) -> None:
    """The files in docs/packs.md, copied literally, make a valid pack."""
    guide = Path(content.__file__).parents[1] / "docs" / "packs.md"
    blocks = re.findall(
        r"^ *`(\S+\.toml)`\n\n *```toml\n(.*?)```",
        guide.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert len(blocks) == 9
    for name, text in blocks:
        only(tmp_path / "nordby", name, text)
    laid = load(packs=(tmp_path / "nordby",))
    assert laid.course.places(1)[-1].question == "nordby.ruter"
    assert laid.publication("own").title.en == "Nordby Municipality"
    assert laid.set("cases").n == 2
    assert laid.phrase("button.take_agreement").of("da") == "Den tager jeg"
    assert laid.set("involvement-advice").item("nordby.tavle").phase == (3, 4)
    assert laid.set("nordby-vagtskifte").mechanic == "board"
    assert [item.id for item in laid.set("nordby-tryghed").items] == ["trained", "help"]
    assert [item.id for item in laid.set("nordby-makker").items] == ["evening", "night"]
    assert laid.set("nordby-temadag").mechanic == "workshop"


def test_a_folder_with_nothing_for_digi_is_told(tmp_path: Path) -> None:
    """An empty pack is probably a wrong path."""
    assert faults(tmp_path) == (f"{tmp_path.name}: nothing here is for Digi; see docs/packs.md",)


def test_a_phrase_twice_in_one_pack_is_told(tmp_path: Path) -> None:
    """Two files of one pack may not set the same phrase; two packs may."""
    for name in ("phrases/a.toml", "phrases/b.toml"):
        only(tmp_path / "p", name, PHRASES)
    [line] = faults(tmp_path / "p")
    assert line == "p/phrases/b.toml: button.answer: another file has this key; keep one of them"
    only(tmp_path / "q", "phrases/a.toml", PHRASES)
    (tmp_path / "p" / "phrases" / "b.toml").unlink()
    laid = load(packs=(tmp_path / "p", tmp_path / "q"))
    assert laid.phrase("button.answer").of("en") == "Give your opinion"


def test_a_kind_of_workplace_meets_the_sets_that_hold_for_it() -> None:
    """A school gets all sets; other workplaces do not get those for schools."""
    catalogue: Catalogue = load()
    general = {found.id for found in catalogue.for_workplace("general")}
    school = {found.id for found in catalogue.for_workplace("education")}
    assert school == set(catalogue.sets)
    assert school - general == {
        found.id for found in catalogue.sets.values() if found.pack == "education"
    }
    assert "guldkorn" not in general
    assert "rasmus" in general
