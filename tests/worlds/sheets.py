"""Takes files on a stage, as a download does: the look behind the link, as the person with it."""

from __future__ import annotations

from bot.core.tokens import write_press
from bot.platforms.common.ports import Pressed
from bot.server.build import House
from bot.server.downloads import FileDesk
from dialogs.model.documents import Document, FinishedDocument
from dialogs.model.events import HandedOver, Look
from dialogs.model.facts import ChannelProject, States
from dialogs.question.states import QuestionState, is_open
from storage.vault import Vault
from tests.worlds.stage import CHANNEL, TENANT, Stage


def file_desk(house: House) -> FileDesk:
    return FileDesk(
        house.links,
        house.engine.receive,
        house.vault,
        house.catalogue,
        house.clock.now,
        house.views.serves,
    )


async def project_of(played: Stage) -> str:
    house, fact = played.house, ChannelProject(CHANNEL)
    found = await house.database.read(house.scripts.reading.look, TENANT, "", (fact,))
    return str(found[fact].id)


async def sheet(
    played: Stage, person: str, view: HandedOver, ref: str = "", of: str = ""
) -> FinishedDocument:
    """Return a file of the channel's open project, or of the one with the id `of`."""
    look = Look(view, project=of or await project_of(played), ref=ref)
    vault: Vault = played.house.vault
    pressed = Pressed(write_press(vault, TENANT, look))
    played.acts += 1
    answer = await played.send(person, pressed, private=True)
    [found] = answer.files
    assert isinstance(found, Document)
    return found


async def week_sheet(played: Stage, person: str) -> FinishedDocument:
    return await sheet(played, person, "week_sheet")


async def report(played: Stage, person: str) -> FinishedDocument:
    return await sheet(played, person, "report_file")


async def meeting_sheet(played: Stage, person: str) -> FinishedDocument:
    """Return the sheet of the question that was asked last."""
    house = played.house
    project = await project_of(played)
    fact = States("question")
    found = await house.database.read(house.scripts.reading.look, TENANT, project, (fact,))
    states: list[QuestionState] = [one.body.read_as(QuestionState) for one in found[fact]]
    asked = max((one for one in states if is_open(one)), key=lambda one: one.asked_at)
    return await sheet(played, person, "meeting_sheet", asked.words.id)
