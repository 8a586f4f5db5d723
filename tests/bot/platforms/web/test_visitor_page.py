"""The page for those without a chat: what it shows, takes, keeps and refuses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.core.page_room import FEWEST, HOUR, MOST, PageRoom
from bot.platforms.web.page.limits import FEWEST as FEWEST_REQUESTS
from bot.platforms.web.page.limits import MINUTE, NOWHERE, RequestLimit
from bot.platforms.web.page.limits import MOST as MOST_REQUESTS
from tests.anonymity.canaries import metrics_of
from tests.anonymity.hands import RELEASED, by_code, bytes_of, dump, files, project_of, running
from tests.worlds.house import Wall
from tests.worlds.stage import TENANT, Stage
from tests.worlds.visitors import Visitor, serving_page, visitor


@asynccontextmanager
async def at_page(folder: Path) -> AsyncIterator[tuple[Stage, Visitor]]:
    """A running project with a question, and a phone at its page."""
    async with running(folder) as played:
        await played.play("anne > /digi næste")
        async with visitor(played.house, TENANT, project_of(folder)) as phone:
            yield played, phone


async def test_the_page_shows_what_it_is_the_three_ways_and_the_question(tmp_path: Path) -> None:
    """In both languages, in under 30 KB, without a script or anything from elsewhere."""
    async with at_page(tmp_path) as (_, phone):
        for language, ways in (
            ("da", ("Sig det uden navn", "Svar på ugens spørgsmål", "Læs svaret med din kode")),
            ("en", ("Say it without a name", "Answer this week", "Read the reply with your code")),
        ):
            await phone.opens(language=language)
            assert all(way in phone.text for way in ways)
            for query in ("", "?v=say_unnamed", "?v=code"):
                await phone.opens(query, language)
                assert f'lang="{language}"' in phone.page
                assert len(phone.page.encode()) < 30_000
                assert not re.search(r"<script|<img|<link|https?://|\son\w+=|style=", phone.page)


async def test_nothing_of_a_visit_stays_on_the_phone_or_on_the_way(tmp_path: Path) -> None:
    """No cookie, no cache, no referrer, no index, no script, no other site, no frame."""
    async with at_page(tmp_path) as (_, phone):
        for query in ("", "?v=say_unnamed"):
            await phone.opens(query)
            assert "Set-Cookie" not in phone.headers
            assert phone.headers["Cache-Control"] == "no-store"
            assert phone.headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in phone.headers["X-Robots-Tag"]
            policy = phone.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy


async def test_a_text_said_here_is_read_by_whom_it_was_for(tmp_path: Path) -> None:
    """The code stands on the page only after sending; with it the author reads, adds and withdraws,
    here and in the chat."""
    async with at_page(tmp_path) as (played, phone):
        await phone.opens("?v=say_unnamed")
        assert "Skriv koden ned" not in phone.text
        assert "Anne (leder), Mette (TR) og Jonas (AMR) læser hvert ord" in phone.text
        assert "Der er ingen chat imellem." in phone.text
        assert "Skriv gerne på dit eget sprog." in phone.text
        assert "tæller ikke med i, hvor mange I er" in phone.text
        code = await phone.says("Vi er for få om natten")
        assert "Skriv koden ned" in phone.text
        assert "chattens vindue" not in phone.text
        await phone.follows("Til forsiden")
        await phone.follows("Læs svaret med din kode")
        asked = phone.form
        asked.fields["words"] = [code.lower().replace("-", " ")]
        await phone.sends(asked)
        assert "Vi er for få om natten" in phone.text
        await phone.follows("Skriv et svar")
        more = phone.form
        more.fields["text"] = ["Også i weekenden"]
        await phone.sends(more)
        assert "Også i weekenden" in await by_code(played, "noor", code)
        await played.house.courier.move_to(RELEASED)
        await played.type("anne", "sig det", private=True)
        await played.press("anne", "Læs, hvad der er sagt")
        assert "Vi er for få om natten" in played.just("anne")


async def test_the_weeks_question_is_answered_here(tmp_path: Path) -> None:
    """The answer is shown to nobody before the question is closed, and then with the others."""
    async with at_page(tmp_path) as (played, phone):
        await phone.opens()
        await phone.follows("Svar på ugens spørgsmål")
        form = phone.form
        form.fields["text"] = ["Tasken er for tung"]
        await phone.sends(form)
        assert phone.code
        assert "Tasken er for tung" not in played.channel()
        await played.play('anne > tryk "Led samtalen"\nanne > tryk "Luk for svar"')
        await phone.opens()
        assert "Svar på ugens spørgsmål" not in phone.text


async def test_what_is_missing_is_said_above_and_at_the_field_and_the_text_is_kept(
    tmp_path: Path,
) -> None:
    """The summary has the focus and leads to each field; the form is the same one, so that sending
    it twice gives one text and one code."""
    async with at_page(tmp_path) as (_, phone):
        await phone.opens("?v=say_unnamed")
        form = phone.form
        token = form.fields["f"]
        form.fields["text"] = ["Jeg <b>er</b> bange for & at det går galt"]
        await phone.sends(form)
        assert phone.status == 422
        assert 'role="alert" tabindex="-1" autofocus' in phone.page
        assert phone.page.count('aria-invalid="true"') == 2
        for target in re.findall(r'<li><a href="#([^"]+)"', phone.page):
            assert f'id="{target}"' in phone.page
        again = phone.form
        assert again.fields["f"] == token
        assert again.fields["text"] == ["Jeg <b>er</b> bange for & at det går galt"]
        again.chosen("Bekymring", "Mette Krogh")
        await phone.sends(again)
        first = phone.code
        await phone.sends(again)
        assert phone.code == first


async def test_a_button_that_is_too_old_sends_nobody_to_a_chat(tmp_path: Path) -> None:
    """Whoever uses the page has none to type a command in. What they typed is given back."""
    async with at_page(tmp_path) as (_, phone):
        for form in ([], [("f", "gammel.formular"), ("text", "Tasken er for tung")]):
            await phone.posts("", [("p", "gammel.knap"), *form])
            assert "Den knap er for gammel. Gå til forsiden, og prøv derfra." in phone.text
            assert "Til forsiden" in phone.text
            assert "hjælp" not in phone.text
        assert "Tasken er for tung" in phone.page


@pytest.mark.parametrize("sent", ["", "f=x", "p=x", "f=x&p=x&text=a", "%ff=%fe", "a&" * 99])
async def test_nonsense_is_answered_calmly(tmp_path: Path, sent: str) -> None:
    """A body that no form of ours sends gets a page that says what to do."""
    async with at_page(tmp_path) as (_, phone):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        async with phone._session.post(phone.address, data=sent, headers=kind) as got:
            await phone._shows(got)
        assert phone.status in (200, 422)
        assert "<h1" in phone.page


async def test_closed_and_never_there_are_answered_alike(tmp_path: Path) -> None:
    """Byte for byte: withdrawn, never made, malformed, of another kind, of an erased project."""
    async with at_page(tmp_path) as (played, phone):
        links, project = played.house.links, project_of(tmp_path)
        screen = await links.make("screen", TENANT, project)
        card = await links.make("card", TENANT, project)
        server, _, token = phone.address.rpartition("/b/")
        await phone.opens()
        assert phone.status == 200
        await links.withdraw(token)
        looks, sendings = set(), set()
        for one in (token, screen, card, "a" * 32, "x", "A" * 32, "æ" * 9):
            async with aiohttp.ClientSession() as session:
                other = Visitor(session, f"{server}/b/{one}")
                await other.opens()
                looks.add(_whole(other))
                await other.posts("", [("f", "x"), ("text", "y")])
                sendings.add(_whole(other))
                assert ">y</textarea>" in other.page, "what was written is not lost"
        assert [status for status, _, _ in (*looks, *sendings)] == [404, 404]


def _whole(shown: Visitor) -> tuple[int, str, str]:
    headers = {k: v for k, v in shown.headers.items() if k not in ("Date", "Content-Length")}
    return shown.status, shown.page, repr(sorted(headers.items()))


async def test_a_look_at_the_page_writes_nothing(tmp_path: Path) -> None:
    """Neither the page nor the opening of a form, nor a code that is read."""
    async with at_page(tmp_path) as (_, phone):
        code = await phone.says("Noget")
        before = dump(tmp_path)
        await phone.opens()
        await phone.opens("?v=say_unnamed")
        await phone.opens("?v=code")
        form = phone.form
        form.fields["words"] = [code]
        await phone.sends(form)
        assert dump(tmp_path) == before


async def test_only_what_needs_no_name_passes_here(tmp_path: Path) -> None:
    """Views of members are refused, and a form that was opened in the chat is not sent here."""
    async with at_page(tmp_path) as (played, phone):
        await phone.opens()
        home = phone.text
        for view in ("concerns", "overview", "summary", "qr", "by_code", "missing", "nonsense"):
            await phone.opens(f"?v={view}")
            assert phone.text.partition("Ugens")[0] == home.partition("Ugens")[0]
        await played.press("noor", "Sig det")
        await played.press("noor", "Uden navn")
        opened = played.form["noor"]
        assert opened is not None
        await phone.posts("", [("f", opened.token), ("text", "fra chatten")])
        assert "Din tekst er modtaget" not in phone.text
        assert "fra chatten" in phone.page, "what was written is not lost"


# --- limits -------------------------------------------------------------------------------


def test_how_much_a_page_takes_is_drawn_anew_each_hour() -> None:
    """The same form again is always taken; another page has its own room."""
    wall = Wall()
    draws: Iterator[int] = iter((2, 1, 3))
    room = PageRoom(wall.clock(), lambda: next(draws))
    page, other = ("t", "p1"), ("t", "p2")
    assert [room.takes(page, form) for form in "abbac"] == [True, True, True, True, False]
    assert room.takes(other, "d")
    assert not room.takes(other, "e")
    wall.ran += HOUR + 1
    assert [room.takes(page, form) for form in "cfgh"] == [True, True, True, False]


def test_it_is_between_thirty_and_sixty() -> None:
    room = PageRoom(Wall().clock())
    found = []
    for page in range(200):
        taken = sum(room.takes(("t", str(page)), f"{page}.{n}") for n in range(100))
        found.append(taken)
    assert FEWEST <= min(found) < max(found) <= MOST
    assert (FEWEST, MOST) == (30, 60)


async def test_a_full_page_says_so_calmly_and_keeps_the_text(tmp_path: Path) -> None:
    """Withdrawing gives no room back, and in the chat one can still write."""
    async with at_page(tmp_path) as (played, phone):
        played.house.engine._gate._room = PageRoom(played.house.clock, lambda: 2)
        code = await phone.says("Det første")
        await phone.opens("?v=code")
        form = phone.form
        form.fields["words"] = [code]
        await phone.sends(form)
        await phone.follows("Træk teksten tilbage")
        await phone.sends()
        assert "Teksten er væk" in phone.text
        await phone.opens("?v=say_unnamed")
        form = phone.form
        form.fields["text"] = ["Det tredje"]
        form.chosen("Bekymring", "Anne Holm")
        await phone.sends(form)
        assert "Siden tager ikke imod mere lige nu." in phone.text
        assert phone.form.fields["text"] == ["Det tredje"]
        await played.press("noor", "Sig det")
        await played.press("noor", "Uden navn")
        await played.fill("noor", {"Hvad": "Bekymring", "Din": "I chatten", "Hvem": "Anne Holm"})
        assert "Din tekst er modtaget" in played.just("noor")


def test_a_flooded_page_is_refused_early_and_others_are_not() -> None:
    """By page and minute, without a look at addresses."""
    now = [0.0]
    limit = RequestLimit(lambda: now[0])
    assert FEWEST_REQUESTS <= sum(limit.lets("flooded") for _ in range(2000)) <= MOST_REQUESTS
    assert limit.lets("another")
    now[0] += MINUTE + 1
    assert limit.lets("flooded")


def test_how_often_a_page_is_answered_does_not_tell_of_other_visits() -> None:
    """Somebody who counts until the first refusal finds another figure for each page and minute,
    whether or not anybody else was there."""
    now = [0.0]
    limit = RequestLimit(lambda: now[0])
    found = set()
    for minute in range(20):
        now[0] += MINUTE + 1
        found |= {sum(limit.lets(one) for _ in range(400)) for one in (f"page{minute}", "always")}
    assert FEWEST_REQUESTS <= min(found) < max(found) <= MOST_REQUESTS
    assert len(found) > 5


def test_a_flood_on_nonsense_leaves_pages_open_and_shows_no_visits() -> None:
    """Beyond the limit only addresses are looked up that have led somewhere, however long ago."""
    now = [0.0]
    limit = RequestLimit(lambda: now[0])
    assert limit.lets("visited once")
    for _ in range(3):
        now[0] += MINUTE + 1
        assert limit.lets("closed")
    for n in range(NOWHERE):
        assert limit.lets(f"guess{n}")
        limit.leads_nowhere(f"guess{n}")
    limit.leads_nowhere("closed")
    assert not limit.lets("one more guess")
    assert not limit.lets("guess1")
    assert not limit.lets("closed")
    assert limit.lets("visited once")


async def test_a_refused_request_reads_and_leaves_nothing(tmp_path: Path) -> None:
    """Beyond the limit nothing is asked of the store, and nothing changes on the disk or in a
    metric. A page that never was is refused in the same words, which say when to come again."""
    async with running(tmp_path) as played:
        links = played.house.links
        token = await links.make("page", TENANT, project_of(tmp_path))
        asked = []
        real = played.house.database.read

        async def read(*args: Any) -> object:
            asked.append(args)
            return await real(*args)

        refused = set()
        limit = RequestLimit(fewest=5, most=5)
        async with serving_page(played.house, limit) as server, aiohttp.ClientSession() as session:
            phones = [Visitor(session, f"{server}/b/{one}") for one in (token, "a" * 32)]
            for phone, status in zip(phones, (200, 404), strict=True):
                for _ in range(5):
                    await phone.opens()
                    assert phone.status == status
            before = dump(tmp_path), files(tmp_path), bytes_of(tmp_path)
            metrics = _counted(await metrics_of(played.house))
            assert metrics
            played.house.database.read = read  # type: ignore[assignment, method-assign]
            for phone in phones:
                for _ in range(20):
                    await phone.opens("?v=nothing")
                    refused.add(_whole(phone))
                    await phone.posts("", [("f", "x"), ("text", "y")])
                    refused.add(_whole(phone))
            assert asked == []
            del played.house.database.read
            assert _counted(await metrics_of(played.house)) == metrics
            assert (dump(tmp_path), files(tmp_path), bytes_of(tmp_path)) == before
        assert [status for status, _, _ in refused] == [429]
        assert "Siden svarer igen om et minut." in phone.text


def _counted(metrics: str) -> list[str]:
    """Return the metrics without the one that counts seconds."""
    return [line for line in metrics.splitlines() if "_seconds " not in line]
