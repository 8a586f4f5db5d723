"""The OAuth installation: attackers, expired states, and malformed answers of Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import ClientSession
from yarl import URL

from bot.platforms.common.ports import Installation
from bot.platforms.slack.door import SlackDoor
from bot.platforms.slack.install import COOKIE, MINUTES
from storage.installations import Installations
from storage.sql import Unavailable
from tests.bot.platforms.slack.test_workspaces import served, workspace
from tests.worlds.house import a_house
from tests.worlds.slack.state import Workspace
from tests.worlds.slack.world import SlackWorld

NOT_INSTALLED = ("Digi blev ikke installeret", "Digi was not installed")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Begun(NamedTuple):
    state: str
    cookie: str


class Here(NamedTuple):
    world: SlackWorld
    space: Workspace
    door: SlackDoor
    base: str
    browser: ClientSession
    clock: Clock
    told: list[tuple[str, str]]

    async def begin(self) -> Begun:
        async with self.browser.get(f"{self.base}/slack/install", allow_redirects=False) as begun:
            query = parse_qs(urlsplit(begun.headers["Location"]).query)
            return Begun(query["state"][0], begun.cookies[COOKIE].value)

    async def end(
        self, begun: Begun | None = None, *, query: str = "", cookie: str = ""
    ) -> tuple[int, str]:
        """Return from Slack with a code that Slack has just issued."""
        if begun is not None:
            query = urlencode({"state": begun.state, "code": self.world.agreed(self.space)})
            cookie = cookie or begun.cookie
        url = URL(f"{self.base}/slack/oauth_redirect?{query}", encoded=True)
        headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        async with self.browser.get(url, headers=headers) as ended:
            assert ended.content_type == "text/plain"
            assert ended.headers["Referrer-Policy"] == "no-referrer"
            assert ended.headers["Cache-Control"] == "no-store"
            return ended.status, await ended.text()

    async def refused(self, begun: Begun | None = None, **how: str) -> None:
        """Assert that the page says what to do and that Slack was not called."""
        asked = len(self.world.calls_of("oauth.v2.access"))
        status, page = await self.end(begun, **how)
        assert status == 400
        assert all(said in page for said in (*NOT_INSTALLED, "/slack/install"))
        assert len(self.world.calls_of("oauth.v2.access")) == asked


@asynccontextmanager
async def arriving(folder: Path) -> AsyncIterator[Here]:
    space, clock = workspace("A"), Clock()
    told: list[tuple[str, str]] = []
    async with (
        SlackWorld(space) as world,
        served(folder / "h", world, told=told, now=clock) as (door, _, base),
        ClientSession(cookie_jar=None) as browser,
    ):
        browser.cookie_jar.clear()
        yield Here(world, space, door, base, browser, clock, told)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with arriving(tmp_path) as found:
        yield found


async def test_a_state_is_used_once(here: Here) -> None:
    """The second use is rejected, even with the right cookie and a new code."""
    begun = await here.begin()
    assert (await here.end(begun))[0] == 200
    await here.door.workspaces.gone("slack:T0A")
    await here.refused(begun)
    assert await here.door.workspaces.of("slack:T0A") is None


async def test_a_state_that_failed_at_slack_is_used_too(here: Here) -> None:
    """After an error at Slack the person has to start over."""
    begun = await here.begin()
    assert (await here.end(query=f"state={begun.state}&code=wrong", cookie=begun.cookie))[0] == 400
    await here.refused(begun)


async def test_a_state_has_an_end(here: Here) -> None:
    """It is valid until its time, and not afterwards, whatever cookie the browser has."""
    begun, late = await here.begin(), await here.begin()
    here.clock.seconds += MINUTES * 60 - 1
    assert (await here.end(begun))[0] == 200
    here.clock.seconds += 2
    await here.refused(late)


async def test_a_state_that_this_digi_did_not_make_is_nothing(here: Here, tmp_path: Path) -> None:
    """Forged with a matching cookie, changed, of another browser, or of another Digi."""
    mine, other = await here.begin(), await here.begin()
    await here.refused(Begun("mine", "mine"))
    await here.refused(Begun(mine.state, other.cookie))
    expires, nonce, mac = mine.state.split(".")
    await here.refused(Begun(f"{int(expires) + 600}.{nonce}.{mac}", mine.cookie))
    await here.refused(Begun(f"{expires}.{nonce[::-1]}.{mac}", mine.cookie))
    async with arriving(tmp_path / "another") as elsewhere:
        await here.refused(await elsewhere.begin())
    assert (await here.end(mine))[0] == 200


@pytest.mark.parametrize(
    "odd",
    [
        "\udcff\udcfe",
        "æ",
        "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"),
        "x" * 800,
    ],
)
async def test_bytes_that_are_no_text_get_the_same_page(here: Here, odd: str) -> None:
    """This holds for the cookie, the state and the code."""
    begun = await here.begin()
    escaped = URL.build(query_string="").raw_query_string + "".join(
        f"%{byte:02X}" for byte in odd.encode("utf-8", "surrogateescape")
    )
    await here.refused(query=f"state={begun.state}&code=1", cookie=odd)
    await here.refused(query=f"state={escaped}&code=1", cookie=begun.cookie)
    await here.refused(query=f"state={escaped}&code={escaped}&error={escaped}", cookie=odd)
    await here.refused(query=f"state={begun.state}&code={escaped}", cookie=begun.cookie)


WHOLE: dict[str, Any] = {
    "access_token": "xoxb-1",
    "bot_user_id": "U1",
    "team": {"id": "T0A", "name": "Sted"},
    "enterprise": None,
    "is_enterprise_install": False,
}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "xoxb-1"},
        {"team": {"id": "T0A"}},
        WHOLE | {"team": None},
        WHOLE | {"team": "T0A"},
        WHOLE | {"team": {}},
        WHOLE | {"team": {"id": ""}},
        WHOLE | {"team": {"id": 7}},
        WHOLE | {"team": {"id": "T\ud800"}},
        WHOLE | {"team": {"id": "T0A", "name": "\ud800"}},
        WHOLE | {"access_token": None},
        WHOLE | {"access_token": ""},
        WHOLE | {"access_token": ["xoxb-1"]},
        WHOLE | {"expires_in": "soon"},
        WHOLE | {"is_enterprise_install": True},
        WHOLE | {"is_enterprise_install": True, "enterprise": {"name": "E"}},
    ],
    ids=str,
)
async def test_an_answer_of_slacks_without_what_is_needed_is_a_page(
    here: Here, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    """For `{"ok": true}` alone or undocumented content, nothing is installed, and both the person
    and the operator are told."""
    monkeypatch.setattr(here.world.api, "_oauth", lambda *_: answer)
    status, page = await here.end(await here.begin())
    assert status == 400
    assert all(said in page for said in NOT_INSTALLED)
    assert "xoxb-1" not in page
    assert [what for what, _ in here.told] == ["slack install"]
    assert await here.door.workspaces.all() == []


async def test_what_cannot_be_kept_is_said(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the database away there is an error page, not a stack trace."""

    async def away(*_: object) -> None:
        raise Unavailable

    begun = await here.begin()
    for name in ("put", "spend"):
        with monkeypatch.context() as patch:
            patch.setattr(Installations, name, away)
            status, page = await here.end(begun)
        assert status == 503
        assert all(said in page for said in NOT_INSTALLED)
        begun = await here.begin()
    assert here.told == [("slack install", "Unavailable")] * 2


async def test_a_ticket_is_spent_once_by_whichever_replica(tmp_path: Path, either: str) -> None:
    """It is stored in the shared database, and deleted when it has expired."""
    async with a_house(tmp_path / "home", either=either) as house:
        one, other = (Installations(house.database, house.vault, Installation) for _ in range(2))
        assert await one.spend("a", expires=1000, now=400)
        assert not await other.spend("a", expires=1000, now=401)
        assert await other.spend("b", expires=1001, now=401)
        assert not await one.spend("b", expires=1001, now=1000)
        # Its date makes it invalid by now, and nothing of it is stored.
        assert await one.spend("a", expires=1000, now=1500)
