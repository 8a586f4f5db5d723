"""Every set of the catalogue is shown where docs/catalogue.md says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from content import catalogue as content
from content.model import Item, Set
from dialogs.advice import shelves
from dialogs.advice.decide import met
from dialogs.advice.reading import SCREEN, label, reading
from dialogs.advice.shelves import Way, ways
from dialogs.advice.states import LEADER_NOTES, SCHOOL, advice_shelf, fitting, next_of, trio_notes
from dialogs.advice.states import Advice as Memory
from dialogs.model import cards as c
from dialogs.model.events import Look
from dialogs.model.facts import Known
from tests.worlds.stage import Stage, stage

CATALOGUE = content.load()
ROOT = Path(__file__).parents[2]
PAGE = ("De næste ", "Den næste")
LONGEST = 3000


# --- what is told of it -------------------------------------------------------------------


def test_the_list_of_ways_is_the_one_that_dialogs_go_by() -> None:
    """docs/catalogue.md equals the output of `python app.py content --where`."""
    written = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert written == shelves.as_table(CATALOGUE), (
        "stale: python app.py content --where > docs/catalogue.md"
    )


def test_every_set_lies_somewhere_on_the_way_of_people() -> None:
    """The list of sources alone does not count."""
    assert [s.id for s in CATALOGUE.sets.values() if not shelves.where(s)] == []


def test_what_lies_on_a_shelf_is_in_the_catalogue() -> None:
    """Every set on a shelf exists, and sets for schools are offered to schools only."""

    def lying(workplace: str) -> set[str]:
        return {
            *advice_shelf(workplace, leads=True),
            *shelves.examples(workplace),
            *trio_notes(workplace),
            *LEADER_NOTES,
            *shelves.LESSONS,
            *(id for phase in shelves.CHECKLISTS for id in shelves.checklist(phase, workplace)),
        }

    assert lying(SCHOOL) <= set(CATALOGUE.sets)
    assert {CATALOGUE.set(id).pack for id in lying("general")} == {"general"}


def test_schools_have_the_nuggets_where_others_have_rasmus() -> None:
    """The checklist of the second phase uses one or the other."""
    assert "rasmus" in shelves.checklist(2, "general")
    assert "rasmus" not in shelves.checklist(2, SCHOOL)
    assert {"guldkorn", "education-effects"} <= set(shelves.checklist(2, SCHOOL))


# --- one at a time ------------------------------------------------------------------------


@pytest.mark.parametrize("leads", [False, True])
@pytest.mark.parametrize("workplace", ["general", SCHOOL])
def test_each_item_of_advice_fits_some_phase(workplace: str, *, leads: bool) -> None:
    """Over the four phases every item of every advice set is suitable at some time."""
    names = advice_shelf(workplace, leads=leads)
    fit = {id for phase in (1, 2, 3, 4) for id in fitting(CATALOGUE, names, phase)}
    assert fit == {f"{name}/{item.id}" for name in names for item in CATALOGUE.set(name).items}


@pytest.mark.parametrize("phase", [1, 2, 3, 4])
def test_no_advice_comes_again_before_all_have_been_seen(phase: int) -> None:
    """In three rounds, each piece is shown once per round."""
    found = fitting(CATALOGUE, advice_shelf(SCHOOL, leads=True), phase)
    memory, given = Memory(), []
    for _ in range(3 * len(found)):
        id = next_of(found, memory.seen)
        assert id is not None
        given.append(id)
        memory = met(memory, id)
    for n in range(3):
        assert set(given[n * len(found) : (n + 1) * len(found)]) == set(found)


def test_a_new_phase_gives_what_is_new_first() -> None:
    """Items seen in the previous phase come after all new ones."""
    names = advice_shelf("general")
    before, after = fitting(CATALOGUE, names, 1), fitting(CATALOGUE, names, 4)
    memory = met(Memory(), *before)
    fresh = [id for id in after if id not in before]
    for id in fresh:
        assert next_of(after, memory.seen) == id
        memory = met(memory, id)
    assert next_of(after, memory.seen) == next(id for id in before if id in after)


async def test_the_overview_and_those_who_ask_share_one_memory(tmp_path: Path) -> None:
    """An item shown to a person is not posted to the channel in the same week, nor shown to them
    again."""
    async with stage(tmp_path) as found:
        await begins(found, 1)
        await found.type("fatima", "/digi råd")
        first = found.just("fatima").splitlines()[1]
        await found.play(
            """
            anne > /digi overblik
            anne > tryk "Skriv to linjer"
            anne > udfyld "Hvad bør"="Der er nyt."
            ur > til overblik
            kanal < "Ugens overblik"
            """
        )
        assert first not in found.channel()
        given = [line for line in found.channel().splitlines() if line.startswith("Hold øje med:")]
        assert len(given) == 1
        await found.type("fatima", "/digi råd")
        for _ in range(30):
            assert first not in found.just("fatima")
            assert found.just("fatima").splitlines()[1] not in given[0]
            await found.press("fatima", "Et råd til")


# --- a few screens ------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_set_is_read_in_a_few_screens(language: Literal["da", "en"]) -> None:
    """No page is too long for a phone, and nothing of a set is left out."""
    for set in CATALOGUE.sets.values():
        start, pages, words = 0, 0, ""
        while start < len(set.items):
            shown = reading(Known(CATALOGUE, {}), set.id, start, "")
            lines = [line for line in nodes(shown) if isinstance(line, c.Said)]
            assert sum(len(getattr(line, language)) for line in lines) < SCREEN + 100
            words += "\n".join(getattr(line, language) for line in lines)
            on = [look.words for look in nodes(shown) if isinstance(look, Look) and look.words]
            start, pages = int(on[0]) if on else len(set.items), pages + 1
        assert pages <= 6
        for item in set.items:
            assert item.text.of(language) in words
            assert all(note.of(language) in words for note in item.more)


def test_every_title_fits_on_a_button() -> None:
    """In both languages no platform would truncate it."""
    titles = [s.title for s in CATALOGUE.sets.values()]
    titles += [p.title for p in CATALOGUE.publications.values()]
    for title in titles:
        assert 0 < len(label(title).da) <= 75
        assert 0 < len(label(title).en) <= 75


def test_what_is_no_longer_there_is_said() -> None:
    """A button may be older than the catalogue."""
    gone = reading(Known(CATALOGUE, {}), "not-there", 0, "")
    assert gone == c.card(c.Paragraph(c.text("reading.gone")))
    assert reading(Known(CATALOGUE, {}), "goals", 99, "") == reading(
        Known(CATALOGUE, {}), "goals", 0, ""
    )


# --- each set on its way ------------------------------------------------------------------


def nodes(thing: object) -> Iterator[object]:
    """Return a card with all its nested parts."""
    yield thing
    held: Iterable[object] = ()
    if isinstance(thing, msgspec.Struct):
        held = (getattr(thing, name) for name in thing.__struct_fields__)
    elif isinstance(thing, tuple | list):
        held = thing
    elif isinstance(thing, dict):
        held = thing.values()
    for one in held:
        yield from nodes(one)


def texts(item: Item) -> list[str]:
    lists = [one.da for some in item.parts.values() for one in some]
    return [item.text.da, *(note.da for note in item.more), *lists]


async def begins(found: Stage, phase: int, *, school: bool = False) -> None:
    slags = "Skole" if school else '"Et andet"'
    await found.play(
        f"""
        anne > /digi start
        anne > udfyld Navn=Omsorgsplatformen TR=mette "Flere valg"="Jeg vil"
        anne > udfyld "Hvor er I"={phase} Slags={slags}
        anne > tryk "Jeg er leder"
        mette > tryk "Jeg er TR"
        mette > send
        anne > tryk "Vis det i kanalen"
        """
    )


async def reads(found: Stage, person: str, set: Set, seen: str = "") -> str:
    """Press the set's title and read all its pages."""
    await found.press(person, set.title.da)
    while True:
        seen += found.just(person)
        assert len(found.just(person)) < LONGEST
        assert set.title.da in found.just(person)
        on = [label for label in labels(found, person) if label.startswith(PAGE)]
        if not on:
            return seen
        await found.press(person, on[0])


def labels(found: Stage, person: str) -> list[str]:
    return [
        c.plain(button.label)
        for card in found.shown[person]
        for part in card.parts
        if isinstance(part, c.Buttons)
        for button in part.buttons
    ]


async def on_its_shelf(found: Stage, person: str, set: Set) -> str:
    """Return the set that is open there, or open it by its title on this page of the shelf or a
    later one."""
    seen = found.just(person)
    if all(text in seen for item in set.items for text in texts(item)):
        return seen
    while set.title.da not in labels(found, person):
        [more] = [
            label for label in labels(found, person) if label.endswith(("emne til", "emner til"))
        ]
        await found.press(person, more)
    return await reads(found, person, set)


async def goes(found: Stage, way: Way, set: Set) -> tuple[str, bool]:
    """Follow this way, and return what is shown and whether it is the whole set."""
    match way.place:
        case "advice" | "leader_advice" | "example":
            person = "anne" if way.place == "leader_advice" else "fatima"
            again = "Et eksempel til" if way.place == "example" else "Et råd til"
            await found.type(person, "/digi eksempel" if way.place == "example" else "/digi råd")
            for _ in range(40):
                if any(item.text.da in found.just(person) for item in set.items):
                    break
                await found.press(person, again)
            seen = found.just(person)
            assert any(item.text.da in seen for item in set.items)
            await found.press(person, "Se dem alle")
            assert set.title.da in found.just(person)
            return seen, False
        case "checklist":
            await found.type("fatima", "/digi fase")
            await found.press("fatima", "Tjekliste")
            return await on_its_shelf(found, "fatima", set), True
        case "note" | "trio":
            person = "anne" if way.place == "note" else "mette"
            await found.type(person, "/digi råd")
            await found.press(person, "Til din rolle")
            return await on_its_shelf(found, person, set), True
        case "exercises":
            # Some are for leader, TR and AMR only.
            await found.type("mette", f"/digi øvelse {set.title.da}")
            seen = found.just("mette")
            await found.press("mette", "Hvad går det ud på?")
            return seen + found.just("mette"), True
        case "lessons":
            await found.type("fatima", "/digi erfaringer")
            return await on_its_shelf(found, "fatima", set), True
        case "phase":
            await found.type("fatima", "/digi fase")
        case "themes":
            await found.type("fatima", "/digi grundspørgsmål")
            seen = found.just("fatima")
            await found.press("fatima", "Se Kerneopgave")
            return seen + found.just("fatima"), False
        case "asked":
            for _ in range(5):
                await found.type("anne", "/digi næste")
            return found.channel(), False
        case "plan":
            await found.type("fatima", "/digi plan")
        case "more_questions":
            await found.type("fatima", "/digi plan")
            await found.press("fatima", "Flere spørgsmål")
        case _:
            raise AssertionError(way)
    return found.just("fatima"), False


@pytest.mark.parametrize("id", CATALOGUE.sets)
async def test_each_set_is_met_on_its_way(id: str, tmp_path: Path) -> None:
    """Following the first way in the list shows the whole set."""
    set = CATALOGUE.set(id)
    way = next(ways(set))
    fit = {phase for item in set.items for phase in item.phase}
    phase = way.phase or min(fit or {1})
    async with stage(tmp_path) as found:
        await begins(found, phase, school=set.pack == SCHOOL)
        seen, whole = await goes(found, way, set)
        read = [text for item in set.items for text in texts(item)]
        if whole:
            assert [text for text in read if text not in seen] == []
        else:
            assert any(text in seen for text in read)


@pytest.mark.parametrize("key", CATALOGUE.publications)
async def test_a_publication_leads_to_all_that_comes_from_it(key: str, tmp_path: Path) -> None:
    """This works without a project: each set can be read to its end and names its source."""
    publication = CATALOGUE.publication(key)
    sets = [
        s
        for s in CATALOGUE.sets.values()
        if any(item.source.publication == key for item in s.items)
    ]
    people = ("fatima", "peter", "sofie", "lars", "bodil", "emil", "noor", "karen", "omar")
    async with stage(tmp_path) as found:
        for n, set in enumerate(sets):
            person = people[n % len(people)]
            await found.type(person, "/digi kilde")
            await found.press(person, publication.title.da)
            seen = await on_its_shelf(found, person, set)
            for item in set.items:
                assert all(text in seen for text in texts(item))
            await found.press(person, "Kilde")
            for item in set.items:
                assert item.source.section.da in found.just(person)
