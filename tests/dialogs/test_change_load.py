"""The change load: how many projects meet a unit in a quarter, and which of them a reader may
know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from bot.core.localize import Localizer
from content.catalogue import load
from dialogs.model.documents import Document, plain_text
from dialogs.model.effects import Hand, Show
from dialogs.model.events import Look
from dialogs.model.facts import About, EveryProject, Known, MyProjects, Project, Viewer
from dialogs.report.load import change_load, load_file
from storage.vault import Vault
from tests.worlds.stage import text_of

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CATALOGUE = load()
OWN = Project(
    id="own",
    name="Ny omsorgsplatform",
    channel="C",
    stage="running",
    starter="anne",
    drafted_at=NOW,
    started_at=datetime(2026, 3, 1, tzinfo=UTC),
    unit="Hjemmeplejen  Nord",
)


def project(id: str, **more: Any) -> Project:
    fixed: dict[str, Any] = {
        "name": f"Forløb {id}",
        "channel": id,
        "stage": "running",
        "starter": "anne",
        "drafted_at": NOW,
        "started_at": NOW,
        "unit": "hjemmeplejen nord",
    }
    return Project(id=id, **{**fixed, **more})


def read(own: Project, *others: Project, mine: tuple[Project, ...] = ()) -> str:
    """What Karen reads, with one blank for another."""
    known, viewer, localizer = _reader(own, *others, mine=mine)
    [shown] = change_load(Look("change_load"), viewer, known)
    assert isinstance(shown, Show)
    return text_of(localizer.card(shown.card))


def on_paper(own: Project, *others: Project, mine: tuple[Project, ...] = ()) -> str:
    known, viewer, localizer = _reader(own, *others, mine=mine)
    [handed] = load_file(Look("change_load_file"), viewer, known)
    assert isinstance(handed, Hand)
    assert isinstance(handed.file, Document)
    made = plain_text(localizer.document(handed.file))
    return "\n".join([made.head, *map(str, made.sections)])


def _reader(
    own: Project, *others: Project, mine: tuple[Project, ...]
) -> tuple[Known, Viewer, Localizer]:
    facts: dict[Any, Any] = {
        About(): own,
        EveryProject(): (own, *others),
        MyProjects("karen"): mine,
    }
    viewer = Viewer("karen", frozenset({"reader"}), NOW, project="own")
    localizer = Localizer(
        CATALOGUE,
        "da",
        tenant="t",
        mac=Vault(b"k" * 32),
        people={},
        words={},
        typed=str,
        today=NOW.date(),
    )
    return Known(CATALOGUE, facts), viewer, localizer


def test_a_unit_is_the_same_however_it_is_spaced_and_capitalised() -> None:
    """The project itself is counted, and another unit is not."""
    said = read(OWN, project("a"), project("b", unit="Hjemmeplejen Syd"))
    assert "I 4. kvartal 2026 er der 2 forløb om teknologi i Hjemmeplejen  Nord" in said
    assert "1 andet forløb kan jeg ikke nævne ved navn for dig." in said


def test_alone_in_its_unit_says_so() -> None:
    """The smallest figure is one."""
    said = read(OWN)
    assert "er der 1 forløb om teknologi i Hjemmeplejen  Nord: det her." in said
    assert "ved navn" not in said


def test_only_projects_of_the_readers_own_are_named() -> None:
    """Of two others in the unit, the one that the reader is in; the other is counted."""
    a, b = project("a"), project("b")
    said = read(OWN, a, b, mine=(OWN, a))
    assert "Forløb a" in said
    assert "Forløb b" not in said
    assert "1 andet forløb" in said


def test_what_was_under_way_in_the_quarter_counts() -> None:
    """Ended in October counts, ended in September does not; nor does what waits."""
    october, september = (datetime(2026, month, 30, tzinfo=UTC) for month in (10, 9))
    said = read(
        OWN,
        project("a", stage="ended", ended_at=october),
        project("b", stage="stopped", ended_at=september),
        project("c", stage="not_now"),
        project("d", stage="paused"),
    )
    assert "er der 3 forløb" in said


def test_projects_that_do_not_say_their_unit_are_told_apart() -> None:
    """They may belong here, and are not counted."""
    said = read(OWN, project("a", unit=""), project("b", unit=" "))
    assert "er der 1 forløb" in said
    assert "For 2 forløb på arbejdspladsen er der ikke skrevet nogen enhed." in said


def test_without_a_unit_of_its_own_it_counts_the_kind_of_workplace() -> None:
    """And says who can write the unit down."""
    said = read(replace(OWN, unit=""), project("a"), project("b", workplace="hospital"))
    assert "Der er ikke skrevet, hvilken enhed teknologien kommer til." in said
    assert "er der 2 forløb om teknologi af slagsen" in said


def test_the_document_names_no_other_project_whoever_gets_it() -> None:
    """It is passed on, to people who may not know of them."""
    others = (project("a"), project("b", unit="Hjemmeplejen Syd"), project("c", unit=""))
    said = on_paper(OWN, *others, mine=others)
    assert "I 4. kvartal 2026 er der 2 forløb om teknologi i Hjemmeplejen  Nord" in said
    assert "For 1 forløb på arbejdspladsen er der ikke skrevet nogen enhed." in said
    assert "Forløb a" in read(OWN, *others, mine=others)
    assert not [one for one in ("Forløb a", "Forløb b", "Forløb c") if one in said]
