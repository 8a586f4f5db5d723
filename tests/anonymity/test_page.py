"""The page for those without a chat is one more door: nothing tells afterwards that it was used."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.page_room import PageRoom
from bot.platforms.common.ports import Delivery
from bot.platforms.web.page.limits import MOST
from bot.platforms.web.page.server import VisitorPage
from dialogs.model.events import SignedEvent
from dialogs.model.facts import About, Known, Roles, Team
from dialogs.model.roles import writers
from tests.anonymity import canaries
from tests.anonymity.canaries import WORDS, every_log_line, found_in, lying, metrics_of
from tests.anonymity.hands import (
    CANARY,
    RELEASED,
    bytes_of,
    changed,
    dump,
    everything_seen,
    files,
    project_of,
    running,
)
from tests.worlds.stage import TENANT, Stage
from tests.worlds.visitors import Visitor, visitor

PHONE = "KANARIETELEFON/9.1"
PLACE = "203.0.113.77"
HEADERS = {
    "User-Agent": PHONE,
    "X-Forwarded-For": PLACE,
    "Referer": f"https://{PHONE}.example/",
    "Cookie": f"a={PHONE}",
    "DNT": PHONE,
}


@contextlib.asynccontextmanager
async def at_page(folder: Path, either: str = "") -> AsyncIterator[tuple[Stage, Visitor]]:
    async with running(folder, either=either) as played:
        await played.play("anne > /digi næste")
        async with visitor(played.house, TENANT, project_of(folder)) as phone:
            phone._session.headers.update(HEADERS)
            await played.house.database.checkpoint()
            yield played, phone


async def answers(phone: Visitor, words: str) -> str:
    await phone.opens()
    await phone.follows("Svar på ugens spørgsmål")
    form = phone.form
    form.fields["text"] = [words]
    await phone.sends(form)
    return phone.code


async def withdraws(phone: Visitor, code: str) -> None:
    await phone.opens("?v=code")
    form = phone.form
    form.fields["words"] = [code]
    await phone.sends(form)
    await phone.follows("Træk teksten tilbage")
    await phone.sends()


def still(metrics: str) -> list[str]:
    """Return the metrics without the one that counts seconds."""
    return [line for line in metrics.splitlines() if "_seconds " not in line]


async def test_neither_texts_nor_phones_nor_codes_are_found_anywhere(
    tmp_path: Path, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Said, answered and withdrawn over HTTP, with all loggers captured at all levels; nor are what
    a browser sends along, and the address it comes from."""
    folder = tmp_path / "home"
    screen = ""
    with every_log_line() as lines:
        async with at_page(folder) as (played, phone):
            lines.clear()
            codes = [await phone.says(canaries.words(n)) for n in range(6)]
            codes += [await answers(phone, canaries.words(n)) for n in range(6, 9)]
            await withdraws(phone, codes[0])
            for when in (None, RELEASED):
                if when is not None:
                    await played.move(when)
                shown = capfd.readouterr()
                screen += shown.out + shown.err
                metrics = await metrics_of(played.house)
                token = phone.address.rpartition("/")[2]
                sinks = lying(folder, lines, screen, temporary) | {"metrics": [metrics.encode()]}
                assert found_in(sinks, (WORDS, PHONE, PLACE, token, *codes)) == {}


async def test_control_a_page_that_logs_who_asks_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: one log line with the request's headers and one with the delivery."""
    import logging

    show = VisitorPage.take

    async def logs(page: VisitorPage, request):  # type: ignore[no-untyped-def]
        logging.getLogger("digi").debug("%s %s", dict(request.headers), await request.text())
        return await show(page, request)

    monkeypatch.setattr(VisitorPage, "take", logs)
    with every_log_line() as lines:
        async with at_page(tmp_path / "home") as (_, phone):
            lines.clear()
            await phone.says(canaries.words(1))
        found = found_in({"logs": [line.encode() for line in lines]}, (WORDS, PHONE, PLACE))
        assert {one.partition(":")[0] for one in found["logs"]} == {WORDS, PHONE, PLACE}


async def test_through_the_page_the_pools_row_changes_and_nothing_else(
    tmp_path: Path, either: str
) -> None:
    """A text, an answer, an addition and a withdrawal; and no metric moves."""
    async with at_page(tmp_path, either) as (played, phone):
        metrics = still(await metrics_of(played.house))
        before = dump(tmp_path)
        code = await phone.says(CANARY)
        await answers(phone, "Et svar")
        assert changed(before, dump(tmp_path)) == {"pool"}
        await withdraws(phone, code)
        assert changed(before, dump(tmp_path)) == {"pool"}
        assert still(await metrics_of(played.house)) == metrics


async def test_nobodys_view_changes_before_the_release(tmp_path: Path) -> None:
    """Neither that of any role in the chat, nor the page itself."""
    async with at_page(tmp_path) as (played, phone):
        page = await phone.opens()
        before = await everything_seen(played, tmp_path)
        await phone.says(CANARY)
        await phone.says("Til alle", "Idé", "alle")
        await answers(phone, "Et svar")
        assert await everything_seen(played, tmp_path) == before
        assert await phone.opens() == page
        await played.move(RELEASED)
        after = await everything_seen(played, tmp_path)
        assert "Kanariefugl-9f3b" in after["anne", "concerns", ""]
        assert "Kanariefugl-9f3b" not in after["peter", "concerns", ""]


async def test_what_is_said_on_the_page_counts_toward_no_threshold(tmp_path: Path) -> None:
    """Forty texts and answers: as many may write as before, and with few in the channel the form
    still asks whether one has read why. Answers do not make up for those who answered by name."""
    team = ("anne", "mette", "jonas", "peter", "sofie")
    async with running(tmp_path, team=team) as played:
        await played.play("anne > /digi næste")

        async def counted() -> int:
            facts = (About(), Roles(), Team())
            house, project = played.house, project_of(tmp_path)
            found = await house.database.read(house.scripts.reading.look, TENANT, project, facts)
            return len(writers(Known(house.catalogue, found)))

        async with visitor(played.house, TENANT, project_of(tmp_path)) as phone:
            played.house.engine._gate._room = PageRoom(played.house.clock, lambda: 100)
            before = await counted()
            assert before == 4
            for n in range(20):
                await phone.says(f"Tekst {n}", "Bekymring", "Anne Holm", "Jeg har læst det")
                await phone.opens()
                await phone.follows("Svar på ugens spørgsmål")
                form = phone.form
                form.fields["text"] = [f"Svar {n}"]
                form.chosen("Ja, jeg har læst")
                await phone.sends(form)
                assert phone.code
            await played.press("peter", "Svar")
            await played.fill("peter", {"Dit svar": "Med navn"})
            await played.press("anne", "Led samtalen")
            await played.press("anne", "Luk for svar")
            assert "Svar 3" not in "".join(
                (await everything_seen(played, tmp_path, ("anne", "peter"))).values()
            )
            await played.move(RELEASED)
            assert await counted() == before
            await phone.opens("?v=say_unnamed")
            assert "Jeg kender kun 4, der kan skrive her uden navn." in phone.text


async def test_a_flood_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    """Refused requests and refused texts change no byte of the database and make no file."""
    async with at_page(tmp_path) as (played, phone):
        played.house.engine._gate._room = PageRoom(played.house.clock, lambda: 0)
        await phone.opens("?v=say_unnamed")
        form = phone.form
        form.fields["text"] = ["For meget"]
        form.chosen("Bekymring", "Anne Holm")
        there, whole = files(tmp_path), bytes_of(tmp_path)
        for _ in range(5):
            await phone.sends(form)
            assert "Siden tager ikke imod mere lige nu." in phone.text
        for _ in range(MOST):
            await phone.opens("?v=code")
        assert phone.status == 429
        assert (files(tmp_path), bytes_of(tmp_path)) == (there, whole)


def test_what_is_said_unsigned_has_no_field_for_its_door() -> None:
    """A delivery names its page, and no event does."""
    assert "page" in Delivery.__struct_fields__
    for event in SignedEvent.__args__:
        assert not {"page", "door", "visitor"} & set(event.__struct_fields__), event
