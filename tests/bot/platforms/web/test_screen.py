"""The screen of a meeting: what it shows, when it tells of a change, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.platforms.web.page import limits
from bot.platforms.web.screen.draw import clock_face
from tests.waiting import until
from tests.worlds.house import MONDAY, PROJECT, TENANT, on_disk
from tests.worlds.screens import (
    ENDS,
    Room,
    a_room,
    fake_run,
    next_version,
    put_up,
    serving_screens,
)

NOTES = (
    "realistic b2 Færre ture til kontoret",
    "recognised w1 Det usynlige tæller ikke",
    "growing t Vi lærer det af hinanden",
)


@pytest.fixture(autouse=True)
def run_of_an_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch)


async def shown(room: Room, query: str = "") -> str:
    got = await room.get(room.token + query)
    assert got.status == 200
    return await got.text()


async def test_the_screen_shows_the_step_the_time_and_the_notes_by_kind(tmp_path: Path) -> None:
    """Kinds by word and sign besides colour, and the order of the dots; in the project's language,
    with what is waited for while there is nothing to read."""
    async with a_room(tmp_path / "home") as room:
        before = await shown(room)
        assert "Skriv sedler i chatten eller med dit kort." in before
        assert ">18:40</p>" in before
        assert "<nav" not in before
        await room.write(*NOTES)
        page = await shown(room)
        assert '<html lang="da"' in page
        assert "Skriv sedler i chatten" not in page
        for kind, sign, name in (("better", "▲", "Bedre"), ("today", "●", "I dag")):
            assert f'<li class="note {kind}">' in page
            assert f"{sign}</span> <bdi>{name}</bdi>" in page
        assert '<li class="note worse"><b class="rank">1</b>' in page
        assert page.count('class="rank"') == 2


async def test_a_lane_with_many_notes_says_how_many_more_and_shows_all_of_them_alone(
    tmp_path: Path,
) -> None:
    """Among all lanes, what the dots chose is shown first. A lane that is not there is all."""
    async with a_room(tmp_path / "home") as room:
        await room.write(*(f"safe w Seddel {n}." for n in range(9)), "safe b1 Den valgte")
        page = await shown(room)
        assert "Den valgte" in page
        assert "Seddel 0." in page
        assert "Seddel 1." not in page
        assert '<a href="?lane=safe">og 8 til</a>' in page
        alone = await shown(room, "?lane=safe")
        assert all(f"Seddel {n}." in alone for n in range(9))
        assert '<a href="?lane=safe" aria-current="page">' in alone
        assert "Her er ingen sedler." in await shown(room, "?lane=own")
        assert await shown(room, "?lane=nowhere") == page


async def test_what_people_write_is_text(tmp_path: Path) -> None:
    """Neither markup nor a script."""
    async with a_room(tmp_path / "home") as room:
        await room.write('own b <script>alert(1)</script> & <a href="x">*fed*</a>')
        page = await shown(room)
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;a" in page
        assert page.count("<script>") == 1


async def test_an_unchanged_screen_is_not_sent_again(tmp_path: Path) -> None:
    """Its ETag stays while it shows the same, whatever the time; what is left comes all the same.
    Each lane is a page of its own."""
    async with a_room(tmp_path / "home") as room:
        first = await room.get()
        known = first.headers["ETag"]
        room.wall.at += timedelta(minutes=3)
        again = await room.get(**{"If-None-Match": known})
        assert (again.status, again.headers["ETag"]) == (304, known)
        assert again.headers["X-Seconds-Left"] == "940"
        other = await room.get(f"{room.token}?lane=own", **{"If-None-Match": known})
        assert other.status == 200
        await room.write(NOTES[0])
        after = await room.get(**{"If-None-Match": known})
        assert after.status == 200
        assert after.headers["ETag"] != known


async def test_the_clock_says_the_last_minute_and_when_time_is_up(tmp_path: Path) -> None:
    """Also without JavaScript, which counts the seconds in between."""
    async with a_room(tmp_path / "home") as room:
        for at, face, said in (
            (ENDS - timedelta(minutes=65), "1:05:00", ""),
            (ENDS - timedelta(seconds=61), "1:01", ""),
            (ENDS - timedelta(seconds=60), "1:00", "Ét minut endnu"),
            (ENDS, "0:00", "Tiden er gået"),
            (ENDS + timedelta(days=2), "0:00", "Tiden er gået"),
        ):
            room.wall.at = at
            assert f'>{face}</p><p class="soon">{said}</p>' in await shown(room)
    assert clock_face(59 * 60 + 59) == "59:59"


async def test_only_our_own_script_and_style_run_and_nothing_is_kept(tmp_path: Path) -> None:
    """By their hashes. Without JavaScript the page loads itself anew."""
    async with a_room(tmp_path / "home") as room:
        got = await room.get()
        page, policy = await got.text(), got.headers["Content-Security-Policy"]
        for tag, rule in (("style", "style-src"), ("script", "script-src")):
            [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
            proof = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            assert f"{rule} 'sha256-{proof}'; " in policy
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert got.headers["Cache-Control"] == "no-store"
        assert got.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in got.headers["X-Robots-Tag"]
        assert "Set-Cookie" not in got.headers
        assert '<noscript><meta http-equiv="refresh"' in page
        assert not re.search(r"<img|<link|https?://|\son\w+=|\sstyle=", page)


async def test_withdrawn_expired_of_another_kind_and_never_made_are_answered_alike(
    tmp_path: Path,
) -> None:
    """The page and its events; in the reader's language."""
    async with a_room(tmp_path / "home") as room:
        gone, short = await put_up(room.house, id="l2"), await put_up(room.house, ENDS, "l3")
        await room.house.links.withdraw(gone)
        page = await room.house.links.make("page", TENANT, PROJECT)
        bare = await room.house.links.make("screen", TENANT, PROJECT)
        room.wall.at = ENDS
        for path in ("", "/events"):
            answers = set()
            for token in (gone, short, page, bare, "a" * 32, "x", "%C3%A6"):
                got = await room.get(token + path)
                kept = tuple((k, v) for k, v in got.headers.items() if k != "Date")
                answers.add((got.status, await got.text(), kept))
            [(status, text, _)] = answers
            assert status == 404
            assert "Her er ingen skærm" in text
        english = await room.get("x", **{"Accept-Language": "en-GB"})
        assert "There is no screen here" in await english.text()


async def test_a_change_is_told_by_its_version_and_by_nothing_else(
    tmp_path: Path, either: str
) -> None:
    """On each replica, which asks the store; a heartbeat comes meanwhile."""
    async with a_room(tmp_path / "home", either) as room:
        await room.write(NOTES[0])
        async with (
            serving_screens(room.house, room.failures) as (other, _, _),
            room.events() as here,
            room.http.get(f"{other}/s/{room.token}/events") as there,
        ):
            assert re.fullmatch(rb"retry: [1-5]\d{3}\n", await here.readline())
            assert [await next_version(one) for one in (here, there.content)] == [1, 1]
            await here.readline()
            assert await here.readline() == b": still here\n"
            await room.write(NOTES[1], run="another")
            await room.write(NOTES[2])
            assert [await next_version(one) for one in (here, there.content)] == [2, 2]
        assert room.failures == []


async def test_looking_on_writes_nothing(tmp_path: Path) -> None:
    """Neither the page nor its events leave a byte in the database or its log."""
    async with a_room(tmp_path / "home") as room:
        await room.write(*NOTES)
        before = on_disk(tmp_path / "home")
        async with room.events() as stream:
            await next_version(stream)
            await shown(room)
            while await stream.readline() != b": still here\n":
                pass
        assert on_disk(tmp_path / "home") == before


async def test_an_open_screen_ends_when_its_link_does(tmp_path: Path) -> None:
    """Withdrawn or expired, within the second."""
    async with a_room(tmp_path / "home") as room:
        short = await put_up(room.house, ENDS, "l3")
        async with room.events() as stays, room.events(short) as expires:
            assert [await next_version(one) for one in (stays, expires)] == [0, 0]
            room.wall.at = ENDS
            with pytest.raises(EOFError):
                await next_version(expires)
            await room.write(NOTES[0])
            assert await next_version(stays) == 1
            await room.house.links.withdraw(room.token)
            with pytest.raises(EOFError):
                await next_version(stays)


async def test_so_many_screens_are_open_at_once(tmp_path: Path) -> None:
    """Three of one link here, and four in all; whoever goes makes room, and pages are shown all
    along."""
    async with a_room(tmp_path / "home") as room:
        other = await put_up(room.house, id="l2")

        async def refused(token: str) -> bool:
            async with room.http.get(f"{room.url}/s/{token}/events") as got:
                return got.status == 503

        async with room.events(other) as first, room.events() as a, room.events() as b:
            for stream in (first, a, b):
                await next_version(stream)
            async with room.events() as c:
                await next_version(c)
                assert await refused(room.token)
                assert await refused(other)
                await shown(room)
            await until(lambda: len(room.watch._open) == 3)
            assert not await refused(other)
        assert room.failures == []


async def test_a_stop_ends_the_events_and_a_start_takes_them_up(tmp_path: Path) -> None:
    """As on SIGTERM: nobody waits for an open screen. The same link and version hold afterwards,
    and no lines are missed that were written meanwhile."""
    async with a_room(tmp_path / "home") as room:
        async with serving_screens(room.house, room.failures, heartbeat=60) as (url, app, _):
            async with room.http.get(f"{url}/s/{room.token}/events") as got:
                assert await next_version(got.content) == 0
                await app.shutdown()
                with pytest.raises(EOFError):
                    await next_version(got.content)
            async with room.http.get(f"{url}/s/{room.token}/events") as got:
                assert got.status == 503
        await room.write(NOTES[0])
        async with room.events() as stream:
            assert await next_version(stream) == 1


async def test_a_database_that_is_away_ends_no_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported once, and what has changed is told when the database is back."""
    async with a_room(tmp_path / "home") as room:
        asked = room.house.screens.versions
        times = 0

        async def away(tokens: object) -> dict[str, int]:
            nonlocal times
            times += 1
            raise OSError("weg")

        async with room.events() as stream:
            assert await next_version(stream) == 0
            monkeypatch.setattr(room.house.screens, "versions", away)
            await until(lambda: times > 2)
            monkeypatch.setattr(room.house.screens, "versions", asked)
            await room.write(NOTES[0])
            assert await next_version(stream) == 1
        assert room.failures == [("screens", "OSError")]


async def test_guessing_addresses_is_refused_before_the_database_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that is in use is answered all along."""
    monkeypatch.setattr(limits, "NOWHERE", 20)
    async with a_room(tmp_path / "home") as room:
        await shown(room)
        for n in range(limits.NOWHERE):
            assert (await room.get(f"guess{n}")).status == 404
        busy = await room.get("guess")
        assert busy.status == 429
        assert "Mange bruger siden lige nu" in await busy.text()
        assert (await room.get("guess/events")).status == 429
        await shown(room)


async def test_a_connection_that_breaks_leaves_no_trace(tmp_path: Path) -> None:
    """The browser goes away in the middle; the watch ends with the last of them."""
    async with a_room(tmp_path / "home") as room:
        async with room.events() as stream:
            await next_version(stream)
        async with aiohttp.ClientSession() as other:
            got = await other.get(f"{room.url}/s/{room.token}/events")
            await next_version(got.content)
            got.close()
        await until(lambda: not [t for t in asyncio.all_tasks() if t.get_name() == "screens"])
        assert room.failures == []
        assert room.wall.at == MONDAY
