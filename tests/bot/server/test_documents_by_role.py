"""Which role gets which document: asked of the gate, as a download asks it."""

from __future__ import annotations

import ast
import inspect
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

import pytest

import dialogs
from bot.core.tokens import write_press
from bot.documents.files import drawables
from bot.platforms.common.ports import Delivery, Members, Pressed, Sender
from content.language import Language
from dialogs.agreement.states import Agreement
from dialogs.exercise.states import ExerciseRun
from dialogs.model import events as e
from dialogs.model.appointments import written_time
from dialogs.model.effects import Grant
from dialogs.model.events import HandedOver, Look
from dialogs.model.facts import KeepsakesHere, RoleName, Stated, States
from dialogs.model.files import FinishedFile
from dialogs.question.states import QuestionState, is_open
from dialogs.registry import SIGHTS
from dialogs.report.states import Reports
from storage.sql import Script
from storage.transactions import links
from storage.transactions.effects import EffectContext, apply
from storage.transactions.scope import Scope
from tests.bot.server.test_downloads import desk
from tests.dialogs.test_keepsake import BEGUN as PROMISED
from tests.dialogs.test_keepsake import ENDED
from tests.dialogs.test_sheets import ALLOWED, BEGUN, SECRET, words_in
from tests.worlds.sheets import project_of
from tests.worlds.stage import BEGINNING, CHANNEL, TENANT, Stage

KEEPS = """
{0} > /digi løfter
{0} > tryk "Hvad bliver gemt?"
{0} > tryk "Gem det efter sletningen"
"""
DELETED = """
anne > /digi slet
anne > tryk "Hele forløbet"
"""
EARLIER = PROMISED + KEEPS.format("anne") + KEEPS.format("mette") + ENDED + DELETED
"""A project of the same channel, of which nothing is left except the promises that were kept."""
MADE = 'anne > /digi rapport\nanne > tryk "Lav MED-udgaven"\n'
MORE = """
anne > /digi indstillinger
anne > udfyld "Planlagt beslutning"=2027-05-03
anne > /digi qr
anne > tryk "Åbn siden"
ali > /digi øvelse kompas
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
mette > tryk "Led øvelsen" på "trin 1 af"
mette > tryk "Udskriv kort"
mette > udfyld "Hvor mange kort"=5
ali > tryk "Led øvelsen" på "trin 1 af"
ali > tryk "Sæt på pause"
ali > /digi øvelse den første samtale om digitalisering
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvem leder"=ali "Hvilken dag"=2026-11-19 "Hvornår begynder"=540
"""
COURSE = EARLIER + BEGUN + ALLOWED + MADE + MORE
EVERYONES: set[HandedOver] = {
    "apv_file",
    "board_file",
    "edition_file",
    "kept_promises_file",
    "med_item_file",
    "meeting_file",
    "meeting_sheet",
    "promise_file",
    "report_file",
    "week_sheet",
    "workshop_file",
}
READERS: set[HandedOver] = {"report_file", "edition_file", "change_load_file"}
TRIOS: set[HandedOver] = {"decision_file"}
AGREES: set[HandedOver] = {"poster_file"}
DEALERS: set[HandedOver] = {"cards_file"}
OWN: set[HandedOver] = {"agreement_file"}
NONE: set[HandedOver] = set()
BY_ROLE = {
    "anne": EVERYONES | TRIOS | AGREES,  # leads, and so deals no cards
    "mette": EVERYONES | TRIOS | AGREES | DEALERS,  # TR
    "jonas": EVERYONES | TRIOS | AGREES | DEALERS,  # AMR
    "ali": EVERYONES | AGREES | DEALERS,  # facilitator
    "fatima": EVERYONES | OWN,  # has taken the agreement
    "peter": EVERYONES,  # in the channel
    "reader": READERS,  # has the role of the committee, and no channel
    "was": NONE,  # had that role
    "elsewhere": NONE,  # neither
}
ROLES: dict[str, RoleName] = {
    "anne": "leader",
    "mette": "tr",
    "jonas": "amr",
    "ali": "facilitator",
    "reader": "reader",
}
DOCUMENTS: tuple[HandedOver, ...] = get_args(HandedOver)


async def look_at(played: Stage, view: HandedOver) -> Look:
    """Return the look that hands over this document, as its button has it."""
    house, project = played.house, await project_of(played)

    async def states(dialog: str) -> list[Stated]:
        fact = States(dialog)
        found = await house.database.read(house.scripts.reading.look, TENANT, project, (fact,))
        return list(found[fact])

    ref = words = ""
    match view:
        case "edition_file":
            [reports] = await states("report")
            ref = reports.body.read_as(Reports).editions[0].id
        case "agreement_file":
            found = {one.id: one.body.read_as(Agreement) for one in await states("agreement")}
            ref = next(id for id, agreement in found.items() if agreement.status == "taken")
        case "meeting_sheet" | "meeting_file":
            asked = {one.id: one.body.read_as(QuestionState) for one in await states("question")}
            ref = next(id for id, question in asked.items() if is_open(question))
            words = written_time(date(2026, 11, 19), 9 * 60, 30)
        case "board_file" | "cards_file" | "workshop_file":
            ref = next(
                run.id
                for run in await states("exercise")
                if (run.body.read_as(ExerciseRun).day is not None) is (view == "workshop_file")
            )
        case "kept_promises_file":
            fact = KeepsakesHere("sheet", "peter")
            read = await house.database.read(house.scripts.reading.look, TENANT, "", (fact,))
            [kept] = read[fact]
            return Look(view, ref=kept.id)
    return Look(view, project=project, ref=ref, words=words)


async def files_for(played: Stage, person: str, look: Look) -> tuple[FinishedFile, ...]:
    """Return what a download of this document, given to this person, has in it."""
    pressed = Pressed(write_press(played.house.vault, TENANT, look))
    played.acts += 1
    sent = Delivery(TENANT, Sender(person), f"{look.view} {played.acts}", pressed)
    return (await played.house.engine.receive(sent)).files


async def gets(played: Stage, person: str, look: Look) -> bool:
    return bool(await files_for(played, person, look))


async def holds(
    played: Stage, person: str, role: RoleName, status: Literal["confirmed", "was"]
) -> None:
    """Give a person a role, or take it away."""
    project = await project_of(played)

    def granted() -> Script[None]:
        event = e.Begun(project=project, at=BEGINNING, id="g", dialog="project")
        scope = Scope(TENANT, project, played.house.vault)
        context = EffectContext(scope, "project", "project", event, BEGINNING)
        yield from apply(context, Grant(person, role, status))

    await played.house.database.tx(granted)


async def link_for(played: Stage, person: str, look: Look) -> str:
    """Make a link to this document for somebody, and return its path."""
    house, id = played.house, f"{look.view} for {person}"
    until = BEGINNING + timedelta(days=30)

    def made() -> Script[str]:
        return (
            yield from links.make(
                house.vault, TENANT, look.project, "download", id, person, until, look
            )
        )

    return f"/d/{await house.database.tx(made)}"


def calls(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == name
        for one in ast.walk(node)
    )


def test_every_look_that_hands_over_a_file_is_a_kind_of_document() -> None:
    """Each function in dialogs/ that makes a `Hand` shows one of the looks in `HandedOver`, and
    each of those looks is shown by such a function: no document is outside of what is tested
    here."""
    root = Path(dialogs.__path__[0])
    handing = {
        (".".join(("dialogs", *path.relative_to(root).with_suffix("").parts)), node.name)
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and calls(node, "Hand")
    }
    shown = {
        view: (sight.show.__module__, inspect.unwrap(sight.show).__name__)
        for view, sight in SIGHTS.items()
    }
    assert {view for view, show in shown.items() if show in handing} == set(DOCUMENTS)
    assert {shown[view] for view in DOCUMENTS} == handing


async def test_each_role_gets_its_documents_and_no_others(tmp_path: Path, either: str) -> None:
    """The matrix of all documents: what the channel may read goes to everybody in it, the
    committee's reader gets the report and its editions, and who lost that role gets what a stranger
    gets."""
    assert set().union(*BY_ROLE.values()) == set(DOCUMENTS)
    async with desk(tmp_path, COURSE, either=either) as served:
        played = served.played
        await holds(played, "reader", "reader", "confirmed")
        await holds(played, "was", "reader", "confirmed")
        await holds(played, "was", "reader", "was")
        looks = {view: await look_at(played, view) for view in DOCUMENTS}
        found = {
            person: {view for view in DOCUMENTS if await gets(played, person, looks[view])}
            for person in BY_ROLE
        }
        assert found == BY_ROLE


async def test_a_role_lost_between_asking_and_fetching_is_lost_for_the_file(
    tmp_path: Path, either: str
) -> None:
    """Everybody has a link to each of their documents. Without their roles, those in the channel
    fetch what everybody there may; having left it too, nothing. The page and the press answer as
    for a link that never was."""
    async with desk(tmp_path, COURSE, either=either) as served:
        played, none = served.played, await served.answers("/d/" + "a" * 32)
        await holds(played, "reader", "reader", "confirmed")
        looks = {view: await look_at(played, view) for view in DOCUMENTS}
        given = [
            (person, view, await link_for(played, person, looks[view]))
            for person, views in BY_ROLE.items()
            for view in sorted(views)
        ]

        async def open_to() -> set[tuple[str, HandedOver]]:
            return {
                (person, view) for person, view, path in given if (await served.get(path))[0] == 200
            }

        assert await open_to() == {(person, view) for person, view, _ in given}
        await holds(played, "bodil", "leader", "confirmed")
        for person, role in ROLES.items():
            await holds(played, person, role, "was")
        here = set(BY_ROLE) - {"reader", "was", "elsewhere"}
        assert await open_to() == {
            (person, view) for person in here for view in BY_ROLE[person] & (EVERYONES | OWN)
        }
        left = Members((Sender("bodil"),))
        await played.house.engine.receive(Delivery(TENANT, Sender(""), "left", left, CHANNEL))
        for person, view, _ in given:
            assert not await gets(played, person, looks[view]), (person, view)
        one_of_each = {view: path for _, view, path in given}
        assert set(one_of_each) == set(DOCUMENTS)
        for view, path in one_of_each.items():
            assert await served.answers(path) == none, view


ENGLISH = """
anne > /digi indstillinger
anne > udfyld "Sprog i kanalen"=Engelsk
"""


@pytest.mark.parametrize(("language", "more"), [("da", ""), ("en", ENGLISH)])
async def test_no_document_holds_what_its_reader_may_not_see(
    tmp_path: Path, language: Language, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An offer to one person, the trio's points, texts to some alone, and unreleased texts and
    answers are in no document of any kind, in no format of it, whoever fetches it; a week later,
    when the texts have been released to their readers, neither. What all may read is found."""
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 1000)
    course = EARLIER + BEGUN + ALLOWED + SECRET + MADE + MORE + more
    async with desk(tmp_path, course) as served:
        played = served.played
        await holds(played, "reader", "reader", "confirmed")
        for weeks in range(2):
            await played.play(weeks * "ur > en uge\n")
            searched: dict[HandedOver, str] = {}
            drawn: list[tuple[FinishedFile, ...]] = []  # most are the same for several people
            for view in DOCUMENTS:
                look = await look_at(played, view)
                for person, views in BY_ROLE.items():
                    if view not in views:
                        continue
                    files = await files_for(played, person, look)
                    assert {getattr(one, "language", language) for one in files} >= {language}
                    if files in drawn:
                        continue
                    drawn.append(files)
                    for way in drawables(files, played.house.clock.now()):
                        written = words_in(way.draw())
                        assert "HEMMELIGT" not in written, (view, person, way.name)
                        searched[view] = searched.get(view, "") + written
            assert set(searched) == set(DOCUMENTS)
            assert "Må jeg selv bytte om på to besøg?" in searched["report_file"]
            assert "Spørg om ruteplanen" in searched["agreement_file"]
