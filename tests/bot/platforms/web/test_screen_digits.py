"""/vis: six digits open a screen on a borrowed computer, for ten minutes."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.platforms.web.screen.by_digits import MINUTE, WrongTries
from dialogs.model.effects import WithdrawLink
from tests.worlds.house import MONDAY, PROJECT, asked, carry_out
from tests.worlds.screens import Room, a_room, fake_run, put_digits, put_up

UNTIL = MONDAY + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def run_of_an_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch)


async def tried(room: Room, digits: str, language: str = "da") -> tuple[int, str]:
    """Return the status, and the page or where it leads."""
    sent = room.http.post(
        f"{room.url}/vis",
        data={"digits": digits},
        headers={"Accept-Language": language},
        allow_redirects=False,
    )
    async with sent as got:
        return got.status, got.headers.get("Location", "") or await got.text()


def wrong_for(*right: str) -> str:
    return next(one for one in ("000000", "000001", "000002") if one not in right)


async def test_the_digits_lead_to_the_screen_until_they_end(tmp_path: Path, either: str) -> None:
    """With or without a space, on as many computers as want it, and on any replica; then not."""
    async with a_room(tmp_path / "home", either) as room:
        digits = await put_digits(room.house, UNTIL)
        assert re.fullmatch(r"\d{6}", digits)
        for typed in (digits, f" {digits[:3]} {digits[3:]} "):
            assert await tried(room, typed) == (303, f"/s/{room.token}")
        async with room.http.post(f"{room.url}/vis", data={"digits": digits}) as got:
            assert "Det arbejder I med først" in await got.text()
        room.wall.at = UNTIL
        status, page = await tried(room, digits)
        assert status == 422
        assert "Koden virker ikke." in page
        assert (await room.get()).status == 200, "the screen itself stays"


async def test_without_the_key_the_digits_are_not_found_in_the_database(tmp_path: Path) -> None:
    """A million hashes are soon made; this one needs the key. No token leads to the row."""
    async with a_room(tmp_path / "home") as room:
        digits = await put_digits(room.house, UNTIL)
        rows = asked(tmp_path / "home", "", "SELECT hash, kind FROM link WHERE kind = 'code'")
        assert len(rows) == 1
        found = {hashlib.sha256(f"{n:06}".encode()).digest() for n in range(1_000_000)}
        assert bytes(rows[0][0]) not in found
        assert (await room.get(digits)).status == 404


async def test_two_screens_never_share_their_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where chance gives two the same at the same time, they open neither; later they do again."""
    async with a_room(tmp_path / "home") as room:
        digits = await put_digits(room.house, UNTIL)
        await put_up(room.house, id="l2")
        monkeypatch.setattr("storage.transactions.links.digits_of", lambda vault, id: digits)
        await put_digits(room.house, UNTIL, "l2")
        assert (await tried(room, digits))[0] == 422
        await put_digits(room.house, UNTIL, "l1")
        assert (await tried(room, digits))[1] == f"/s/{room.token}"


async def test_a_screen_that_is_closed_takes_its_digits_along(tmp_path: Path, either: str) -> None:
    """And those of no other screen, also where chance gave that one the same digits later."""
    async with a_room(tmp_path / "home", either) as room:
        digits = await put_digits(room.house, UNTIL)
        other = await put_up(room.house, id="l2")
        others = await put_digits(room.house, UNTIL, "l2")
        await carry_out(room.house, WithdrawLink("screen", "l1"))
        assert (await tried(room, digits))[0] == 422
        assert (await room.get()).status == 404
        assert await tried(room, others) == (303, f"/s/{other}")
        await carry_out(room.house, WithdrawLink("screen", "l1"))
        assert await tried(room, others) == (303, f"/s/{other}")


async def test_digits_that_another_screen_has_by_now_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_room(tmp_path / "home") as room:
        digits = await put_digits(room.house, MONDAY)
        monkeypatch.setattr("storage.transactions.links.digits_of", lambda vault, id: digits)
        other = await put_up(room.house, id="l2")
        room.wall.at = MONDAY
        await put_digits(room.house, UNTIL, "l2")
        await carry_out(room.house, WithdrawLink("screen", "l1"))
        assert await tried(room, digits) == (303, f"/s/{other}")


async def test_wrong_digits_are_limited_for_all_together(tmp_path: Path) -> None:
    """Three a minute here; right ones do not count, and neither do typing errors."""
    async with a_room(tmp_path / "home") as room:
        digits = await put_digits(room.house, UNTIL)
        wrong = wrong_for(digits)
        for typed in ("", "12345", "abcdef", "12345６"):
            status, page = await tried(room, typed)
            assert (status, "Koden har seks cifre." in page) == (422, True)
        for _ in range(4):
            assert (await tried(room, digits))[0] == 303
        assert [(await tried(room, wrong))[0] for _ in range(4)] == [422, 422, 422, 429]
        status, page = await tried(room, digits)
        assert status == 429
        assert "Vent et minut" in page


def test_the_limit_begins_again_each_minute() -> None:
    """And not before."""
    now = 0.0
    tries = WrongTries(lambda: now, most=2)
    tries.add()
    tries.add()
    assert not tries.lets()
    now = MINUTE
    assert not tries.lets()
    now = MINUTE + 0.1
    assert tries.lets()


async def test_the_form_works_without_javascript_and_says_what_is_wrong(tmp_path: Path) -> None:
    """A summary of errors that leads to the field, and what was typed stays; in both languages."""
    async with a_room(tmp_path / "home") as room:
        async with room.http.get(f"{room.url}/vis", headers={"Accept-Language": "en"}) as got:
            page = await got.text()
            assert got.headers["Cache-Control"] == "no-store"
        assert "Show a screen" in page
        assert "<script" not in page
        _, page = await tried(room, "<12", "en")
        assert 'role="alert"' in page
        assert 'href="#x-digits"' in page
        assert 'value="&lt;12"' in page
        assert "The code has six digits." in page
        assert "<title>Error: " in page


async def test_the_digits_go_with_their_project(tmp_path: Path) -> None:
    """Erasing a project ends them."""
    async with a_room(tmp_path / "home") as room:
        digits = await put_digits(room.house, UNTIL)
        await room.house.upkeep.erase_project(PROJECT)
        assert (await tried(room, digits))[0] == 422
