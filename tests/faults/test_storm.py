"""An unreliable platform, for any edge: rejections, failures and lost answers.

Nothing is lost, each place keeps its order, and nothing is retried before Retry-After. A copy is
sent only after a lost answer, and is marked; a private message is never sent twice.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.common.ports import DeliveryFailed, Parcel
from dialogs.model import cards as c
from dialogs.model.effects import Effect, Post, Privately, Redraw, Say
from tests.bot.core.test_courier import Office
from tests.worlds.house import MONDAY, Paper, Wall, a_house, faked, found, note, words_of

TEAMS = 6
PEOPLE = tuple(f"u{n}" for n in range(12))


class Weather:
    """A fifth of all calls is rejected with a Retry-After, some fail, some are executed without an
    answer."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now: Callable[[], datetime] = lambda: MONDAY
        self.storms = True
        self.not_before: dict[str, datetime] = {}
        self.calls = 0
        self.too_early = 0
        self.arrived: list[tuple[str, Parcel]] = []
        self.lost: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.repeats = False

    def serves(self, tenant: str) -> bool:
        return tenant.startswith("test:")

    def typed(self, command: str, *, private: bool) -> str:
        return f"/digi {command}"

    async def deliver(self, parcel: Parcel) -> str:
        place = f"#{parcel.channel}" if parcel.channel else f"@{parcel.person}"
        self.calls += 1
        self.too_early += self.now() < self.not_before.get(place, MONDAY)
        dice = self.chance.random() if self.storms else 1.0
        if dice < 0.2:
            wait = self.chance.randint(1, 60)
            self.not_before[place] = self.now() + timedelta(seconds=wait)
            self.troubles["429"] += 1
            raise DeliveryFailed("ratelimited", retry_after=float(wait), held=True)
        if dice < 0.28:
            self.troubles["5xx"] += 1
            raise DeliveryFailed("503")
        self.arrived.append((place, parcel))
        if dice < 0.33:
            self.lost[parcel.id] += 1
            self.troubles["lost"] += 1
            raise DeliveryFailed("no answer", uncertain=True)
        return f"here {parcel.id}"


@pytest.fixture
async def storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Office, Weather]]:
    fake, wall = faked(monkeypatch, "digest"), Wall()
    weather = Weather(11)
    async with a_house(tmp_path / "home", weather, wall) as house:  # type: ignore[arg-type]
        weather.now = house.clock.now
        for n in range(TEAMS):
            await found(house, f"p{n}", channel=f"C{n}")
        yield Office(house, Paper(), wall, fake), weather


@pytest.mark.parametrize("letters", [300, pytest.param(5000, marks=pytest.mark.long)])
async def test_in_a_storm_nothing_is_lost_and_nothing_comes_twice_unmarked(
    storm: tuple[Office, Weather], letters: int, figures: Callable[[str], None]
) -> None:
    """Messages to six channels and twelve people, while a third of all calls fails."""
    office, weather = storm
    chance = random.Random(letters)
    written: dict[str, list[str]] = defaultdict(list)
    for n in range(letters):
        team = chance.randrange(TEAMS)
        effects: list[Effect] = []
        if chance.random() < 0.6:
            effects.append(Say(note(f"{n}")))
            written[f"#C{team}"].append(f"{n}")
        else:
            person = chance.choice(PEOPLE)
            effects.append(Privately(person, note(f"{n}"), now=True))
            written[f"@{person}"].append(f"{n}")
        if chance.random() < 0.1:
            effects.append(Post("standing"))
        if chance.random() < 0.3:
            effects.append(Redraw("standing"))
        await office.do(*effects, project=f"p{team}")
        office.wall.at += timedelta(seconds=chance.uniform(0, 20))
        await office.settle()
    await office.move(office.house.clock.now() + timedelta(hours=1))
    weather.storms = False
    await office.move(office.house.clock.now() + timedelta(days=2))

    dead = [row for row in await _rows(office) if row["state"] == "dead"]
    assert {row["state"] for row in await _rows(office)} <= {"dead"}
    # A letter may be given up after as many lost answers as are allowed; it may have arrived.
    for row in dead:
        private = row["place"].startswith("person:")
        assert weather.lost[row["id"]] == (1 if private else 2)
    for place, expected in written.items():
        came = [
            (p.id, words_of(p.card).split()[-1], p.again)
            for at, p in weather.arrived
            if at == place and p.kind in ("post", "private") and _is_said(p)
        ]
        firsts = list(dict.fromkeys(words for _, words, _ in came))
        assert firsts == expected, place
        copies = Counter(id for id, _, _ in came)
        again = Counter(id for id, _, marked in came if marked)
        for id, n in copies.items():
            assert n - 1 == again[id] <= weather.lost[id] <= 2
            assert n == 1 or not place.startswith("@"), "a private message came twice"
    assert weather.too_early == 0
    twice = sum(parcel.again for _, parcel in weather.arrived)
    assert all(weather.troubles[kind] for kind in ("429", "5xx", "lost"))
    figures(
        f"{weather.calls} calls, {dict(weather.troubles)}: 0 lost, 0 out of order, 0 early;"
        f" {twice} second copies, all marked, none private; {len(dead)} given up that arrived"
    )


def _is_said(parcel: Parcel) -> bool:
    """Return whether it is an ordinary message, not a standing post, whose content is its state."""
    [part] = parcel.card.parts
    return isinstance(part, c.Paragraph) and c.plain(part.text).isdigit()


async def _rows(office: Office) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await office.house.database.read(
        office.house.scripts.outbox.letters
    )
    return rows


async def test_the_storm_is_one(storm: tuple[Office, Weather]) -> None:
    """Control: if an edge reports a lost answer as a plain failure, an unmarked copy arrives, and
    the test detects it."""
    office, weather = storm
    weather.chance.random = lambda: 0.3  # type: ignore[method-assign]
    deliver = weather.deliver

    async def hides(parcel: Parcel) -> str:
        try:
            return await deliver(parcel)
        except DeliveryFailed as failure:
            weather.storms = False
            raise DeliveryFailed(failure.reason) from None

    weather.deliver = hides  # type: ignore[method-assign]
    await office.do(Say(note("1")), project="p0")
    await office.settle()
    await office.move(MONDAY + timedelta(hours=1))
    assert [parcel.again for _, parcel in weather.arrived] == [False, False]
