"""Which role gets which document: asked of the gate, as a download asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bot.core.tokens import write_press
from bot.platforms.common.ports import Delivery, Members, Pressed, Sender
from dialogs.model import events as e
from dialogs.model.effects import Grant
from dialogs.model.events import Look
from dialogs.report.states import REPORT, Reports
from storage.sql import Script
from storage.transactions.effects import EffectContext, apply
from storage.transactions.scope import Scope
from tests.bot.server.test_downloads import desk
from tests.dialogs.test_sheets import ALLOWED, BEGUN
from tests.worlds.sheets import project_of
from tests.worlds.stage import BEGINNING, CHANNEL, TENANT, Stage

MADE = 'anne > /digi rapport\nanne > tryk "Lav MED-udgaven"\n'
MORE = """
anne > /digi indstillinger
anne > udfyld "Planlagt beslutning"=2027-05-03
anne > /digi qr
anne > tryk "Åbn siden"
ali > /digi øvelse kompas
ali > tryk "Begynd"
ali > udfyld Hvordan="På et møde" "Hvor lang tid"=90 "Hvem leder"=ali
"""
EVERYONES = {
    "board_file",
    "report_file",
    "edition_file",
    "week_sheet",
    "meeting_sheet",
    "med_item_file",
    "apv_file",
    "promise_file",
}
READERS = {"report_file", "edition_file", "change_load_file"}
TRIOS, AGREES, OWN = {"decision_file"}, {"poster_file"}, {"agreement_file"}
OF = {"meeting_sheet": "question", "agreement_file": "agreement", "board_file": "exercise"}
BY_ROLE = {
    "anne": EVERYONES | TRIOS | AGREES,  # leads
    "mette": EVERYONES | TRIOS | AGREES,  # TR
    "jonas": EVERYONES | TRIOS | AGREES,  # AMR
    "ali": EVERYONES | AGREES,  # facilitator
    "fatima": EVERYONES | OWN,  # has taken the agreement
    "peter": EVERYONES,  # in the channel
    "reader": READERS,  # has the role of the committee, and no channel
    "was": set[str](),  # had that role
    "elsewhere": set[str](),  # neither
}


async def gets(played: Stage, person: str, view: str) -> bool:
    """Return whether a download of this document, given to this person, has a file in it."""
    project = await project_of(played)
    ref = await _ref(played, view, project)
    look = Look(view, project=project, ref=ref)  # type: ignore[arg-type]
    pressed = Pressed(write_press(played.house.vault, TENANT, look))
    key = f"{view} {person} {played.acts}"
    played.acts += 1
    return bool(
        (await played.house.engine.receive(Delivery(TENANT, Sender(person), key, pressed))).files
    )


async def _ref(played: Stage, view: str, project: str) -> str:
    """Return the edition, question, agreement or exercise that the document is of."""
    house = played.house
    if view == "edition_file":
        found = await house.database.read(house.scripts.reading.look, TENANT, project, (REPORT,))
        return str(found[REPORT].read_as(Reports).editions[0].id)
    of = OF.get(view)
    if of is None:
        return ""
    states = await house.database.read(house.scripts.reading.all_states, TENANT)
    return next(str(id) for dialog, id, _ in states if dialog == of)


async def holds(played: Stage, person: str, status: Literal["confirmed", "was"]) -> None:
    """Give a person the committee's role, or take it away."""
    project = await project_of(played)

    def granted() -> Script[None]:
        event = e.Begun(project=project, at=BEGINNING, id="g", dialog="project")
        scope = Scope(TENANT, project, played.house.vault)
        context = EffectContext(scope, "project", "project", event, BEGINNING)
        yield from apply(context, Grant(person, "reader", status))

    await played.house.database.tx(granted)


async def test_each_role_gets_its_documents_and_no_others(tmp_path: Path, either: str) -> None:
    """The matrix: what the channel may read goes to everybody in it, the committee's reader gets
    the report and its editions, and who lost that role gets what a stranger gets."""
    async with desk(tmp_path, BEGUN + ALLOWED + MADE + MORE, either=either) as served:
        played = served.played
        await holds(played, "reader", "confirmed")
        await holds(played, "was", "confirmed")
        await holds(played, "was", "was")
        every = EVERYONES | TRIOS | AGREES | OWN | READERS
        found = {
            person: {view for view in every if await gets(played, person, view)}
            for person in BY_ROLE
        }
        assert found == BY_ROLE


async def test_a_role_lost_between_asking_and_fetching_is_lost_for_the_file(
    tmp_path: Path, either: str
) -> None:
    """The committee's reader asks for the report and is no longer one as the link is used: the page
    and the press answer as for a link that never was. So does one who has left the channel."""
    course = BEGUN + MADE + 'fatima > /digi rapport\nfatima > tryk "Hent MED-udgave 1"\n'
    async with desk(tmp_path, course, either=either) as served:
        played, none = served.played, "/d/" + "a" * 32
        await holds(played, "reader", "confirmed")
        theirs = await served.link_for("reader")
        fatimas = served.path
        for path in (theirs, fatimas):
            assert (await served.get(path))[0] == 200
            assert (await served.post(path, "docx"))[1].startswith(b"PK")
        await holds(played, "reader", "was")
        left = Members(tuple(Sender(one) for one in ("anne", "mette", "jonas", "peter")))
        await played.house.engine.receive(Delivery(TENANT, Sender(""), "left", left, CHANNEL))
        for path in (theirs, fatimas):
            assert await served.answers(path) == await served.answers(none)
            assert (await served.post(path, "docx"))[0] == 404
