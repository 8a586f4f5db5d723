"""The page of whoever leads an exercise: whose presses it takes, and what it shows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from dialogs.model.effects import Grant
from tests.worlds.house import MONDAY, carry_out, on_disk
from tests.worlds.screens import Room, a_room, fake_run, let_lead, next_version
from tests.worlds.visitors import Form

NOTES = ("own w Ruten bestemmer", "safe b1 Alarmen virker")


@pytest.fixture(autouse=True)
def run_of_an_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch)


class Leader:
    """Whoever leads, with the page in a browser. `page` is what it shows."""

    def __init__(self, room: Room, token: str) -> None:
        self.room, self.token = room, token
        self.status, self.page = 0, ""

    @property
    def address(self) -> str:
        return f"{self.room.url}/l/{self.token}"

    async def opens(self) -> str:
        async with self.room.http.get(self.address) as got:
            self.status, self.page = got.status, await got.text()
            return self.page

    async def sends(self, pairs: list[tuple[str, str]], **headers: str) -> str:
        sent = headers or {"Origin": self.room.url}
        async with self.room.http.post(self.address, data=pairs, headers=sent) as got:
            self.status, self.page = got.status, await got.text()
            return self.page

    def form(self, label: str) -> Form:
        for one in re.findall(r"<form.*?</form>", self.page, re.S):
            if f"{label}</bdi></span></button>" in one or f"{label}</bdi></button>" in one:
                return Form(one)
        raise AssertionError(f"nothing is called {label}: {self.page}")

    async def presses(self, label: str, **headers: str) -> str:
        return await self.sends(self.form(label).pairs(), **headers)


@asynccontextmanager
async def leading(folder: Path) -> AsyncIterator[tuple[Room, Leader]]:
    async with a_room(folder / "home") as room:
        await room.write(*NOTES)
        leader = Leader(room, await let_lead(room.house))
        await leader.opens()
        yield room, leader


async def test_a_press_is_the_act_of_whom_the_link_was_given_to(tmp_path: Path) -> None:
    """It changes the screen, and the page says what came of it."""
    async with leading(tmp_path) as (room, leader):
        assert "Du leder" in leader.page
        async with room.events() as stream:
            assert await next_version(stream) == 2
            await leader.presses("Næste trin")
            assert await next_version(stream) == 3
        assert '<p class="told" role="status">Sedlen hænger der</p>' in leader.page
        assert "Skrevet ved et tryk" in leader.page
        assert "Skrevet ved et tryk" in await (await room.get()).text()


async def test_what_asks_first_asks_without_javascript_too(tmp_path: Path) -> None:
    """The press stands behind its question."""
    async with leading(tmp_path) as (_, leader):
        [asks] = re.findall(r"<details.*?</details>", leader.page, re.S)
        assert "Er I færdige?" in asks
        assert asks.count("Slut øvelsen") == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"X": "y"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "https://127.0.0.1", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
async def test_only_a_press_on_the_page_itself_counts(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    """Another site that knows the address and the button changes nothing."""
    async with leading(tmp_path) as (room, leader):
        before = await room.house.screens.versions([room.token])
        await leader.presses("Næste trin", **headers)
        assert leader.status == status
        changed = await room.house.screens.versions([room.token]) != before
        assert changed == (status == 200)
        if status == 403:
            assert "Trykket kom ikke fra siden selv." in leader.page


async def test_who_does_not_lead_any_more_gets_what_nobody_has(tmp_path: Path) -> None:
    """Their role is looked up at each press. Withdrawn, expired, a screen's link, somebody without
    the role, and never made look alike, and nothing is done."""
    async with leading(tmp_path) as (room, leader):
        others = [
            Leader(room, token)
            for token in (
                room.token,
                "a" * 32,
                await let_lead(room.house, "ali", "l2"),
                await let_lead(room.house, "mette", "l3"),
            )
        ]
        await room.house.links.withdraw(others[-1].token)
        press = leader.form("Næste trin").pairs()
        await carry_out(room.house, Grant("mette", "leader", "was"))
        pages = set()
        for one in (leader, *others):
            pages.add((await one.opens(), one.status))
            pages.add((await one.sends(press), one.status))
        [(page, status)] = pages
        assert status == 404
        assert "Her er ingen øvelse at lede" in page
        assert await room.house.screens.versions([room.token]) == {room.token: 2}
        await carry_out(room.house, Grant("mette", "leader", "confirmed"))
        room.wall.at = MONDAY + timedelta(days=1)
        assert await leader.opens() == page


async def test_the_link_for_leading_is_not_on_the_wall(tmp_path: Path) -> None:
    """Neither in the screen's page and address, nor is the one's token the other's."""
    async with leading(tmp_path) as (room, leader):
        assert leader.token != room.token
        assert leader.token not in await (await room.get()).text()
        assert (await room.get(leader.token)).status == 404
        async with room.http.get(leader.address) as got:
            policy = got.headers["Content-Security-Policy"]
            assert got.headers["Referrer-Policy"] == "no-referrer"
            assert "script-src 'sha256-" in policy
            assert "unsafe" not in policy


async def test_a_form_keeps_what_was_typed_when_something_is_wrong(tmp_path: Path) -> None:
    """People of the channel and a day can be chosen; the error leads to its field."""
    async with leading(tmp_path) as (room, leader):
        await leader.presses("Lav en aftale")
        form = leader.form("Send")
        assert '<option value="ali">' in leader.page
        assert '<input id="x-due" name="due" type="date"' in leader.page
        form.fields |= {"text": ["!nej"], "due": ["2026-12-04"], "who": ["ali"]}
        await leader.sends(form.pairs())
        assert leader.status == 422
        assert "Det går ikke" in leader.page
        assert 'value="!nej"' in leader.page
        assert 'value="2026-12-04"' in leader.page
        assert '<option value="ali" selected>' in leader.page
        form = leader.form("Send")
        form.fields["text"] = ["own b Aftalt"]
        await leader.sends(form.pairs())
        assert "Sedlen hænger der" in leader.page
        assert "Aftalt" in leader.page
        assert (await room.house.screens.versions([room.token])) == {room.token: 3}


async def test_notes_are_put_together_by_checking_them(tmp_path: Path) -> None:
    """The notes stand outside the form and belong to it, so it works without JavaScript."""
    async with leading(tmp_path) as (_, leader):
        form = leader.form("Saml")
        boxes = re.findall(r'name="notes" value="(\w+)" form="grouping"', leader.page)
        assert boxes == ["n0", "n1"]
        form.fields["text"] = ["own b Fælles navn"]
        await leader.sends([*form.pairs(), *(("notes", one) for one in boxes)])
        assert leader.status == 200
        assert "Fælles navn" in leader.page


@pytest.mark.parametrize("opened_by", ["", "gammel.knap"], ids=["on the page", "opened by a press"])
async def test_a_form_that_is_too_old_gives_its_text_back(tmp_path: Path, opened_by: str) -> None:
    """The page says what is wrong, and that the text still stands there, which is true."""
    async with leading(tmp_path) as (room, leader):
        before = await room.house.screens.versions([room.token])
        await leader.sends([("p", opened_by), ("f", "gammel.formular"), ("text", "Vi aftaler <b>")])
        assert leader.status == 422
        assert "Den formular er for gammel. Din tekst står her endnu." in leader.page
        [kept] = re.findall("<textarea readonly[^>]*>([^<]*)</textarea>", leader.page)
        assert kept == "Vi aftaler &lt;b&gt;"
        assert await room.house.screens.versions([room.token]) == before


async def test_looking_on_and_its_events_write_nothing(tmp_path: Path) -> None:
    """A GET never acts: link scanners fetch every address."""
    async with leading(tmp_path) as (room, leader):
        before = on_disk(tmp_path / "home")
        await leader.opens()
        async with room.http.get(f"{leader.address}/events") as got:
            assert await next_version(got.content) == 2
        assert on_disk(tmp_path / "home") == before
