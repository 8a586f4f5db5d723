"""The rows for Teams: activities to botbuilder's adapter, to the improved one, and to Digi,
alternately.

No token is checked on either side: it costs both the same, and would only make the ratio look
better.
"""

from __future__ import annotations

import itertools
import json
import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from bot.platforms.teams import data
from dialogs.model.cards import FinishedForm
from dialogs.model.events import Look
from storage.vault import Vault, read_key
from tests.bench import town
from tests.bench.contest import Row, ratio
from tests.bench.load import Request, load, post
from tests.bench.process import serving
from tests.bench.progress import Progress
from tests.bench.slack import TEAMS, figures, said, slices

TENANT_ID = "6d3a2f5e-0000-4000-8000-0000000bench"
TENANT = f"teams:{TENANT_ID}"
FIRST = 101
"""The number of Teams' first team in the town; earlier teams are Slack's."""
_chance = random.Random(11)


@asynccontextmanager
async def connector(told: Callable[[str, str], None] | None = None) -> AsyncIterator[str]:
    """Serve a fake connector service and return its URL. `told` is called with each message's
    conversation and text."""
    count = itertools.count(1)

    async def members(request: web.Request) -> web.Response:
        team = int(request.match_info["place"].partition(";")[0][1:7])
        people = [_person(team, n) for n in range(town.TEAM)]
        return web.json_response({"members": people})

    async def activity(request: web.Request) -> web.Response:
        if told is not None:
            told(request.match_info["place"], await request.text())
        return web.json_response({"id": str(next(count))})

    async def conversation(request: web.Request) -> web.Response:
        said = await request.json()
        channel = (said.get("channelData") or {}).get("channel") or {}
        id = str(next(count))
        if told is not None:
            told(channel.get("id", ""), json.dumps(said.get("activity")))
        thread = f"{channel.get('id', 'a')};messageid={id}"
        return web.json_response({"id": thread, "activityId": id})

    app = web.Application()
    app.router.add_get("/v3/conversations/{place}/pagedmembers", members)
    app.router.add_post("/v3/conversations", conversation)
    app.router.add_post("/v3/conversations/{place}/activities", activity)
    app.router.add_put("/v3/conversations/{place}/activities/{id}", activity)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _person(team: int, number: int) -> dict[str, str]:
    id = "u" + town.person_of(team, number)[1:]
    return {"id": f"29:{id}", "aadObjectId": id, "name": f"Person {number}"}


def _sent(service: str, team: int, number: int, expects: str, **more: Any) -> Request:
    channel = town.channel_of(team)
    activity = {
        "id": uuid.uuid4().hex,
        "timestamp": "2026-11-05T08:00:00.000Z",
        "channelId": "msteams",
        "serviceUrl": service,
        "locale": "da-DK",
        "from": _person(team, number),
        "conversation": {
            "id": channel,
            "conversationType": "channel",
            "isGroup": True,
            "tenantId": TENANT_ID,
        },
        "recipient": {"id": "28:digi", "name": "Digi"},
        "channelData": {
            "tenant": {"id": TENANT_ID},
            "channel": {"id": channel},
            "team": {"id": channel},
        },
        **more,
    }
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return post("/api/messages", json.dumps(activity).encode(), headers, expects.encode())


def mention(service: str, team: int, number: int) -> Request:
    said = "<at>Digi</at>"
    entity = {"type": "mention", "text": said, "mentioned": {"id": "28:digi", "name": "Digi"}}
    return _sent(
        service, team, number, "", type="message", text=f"{said} status", entities=[entity]
    )


class Teams:
    """Teams' activities: one that needs no answer, a typed message, and a form that was really
    opened."""

    def __init__(
        self, service: str, home: Path, form: FinishedForm, questions: tuple[str, ...]
    ) -> None:
        self._service = service
        self._form = form
        self._questions = questions
        self._vault = Vault(read_key(town.key_of(home)))
        self._copies = town.Copies(home, TENANT, "u")

    def _sent(self, team: int, number: int, expects: str, **more: Any) -> Request:
        return _sent(self._service, team, number, expects, **more)

    def nothing(self) -> Iterator[Request]:
        while True:
            yield self._sent(*self._somebody(), "", type="typing")

    def everybody(self) -> Iterator[Request]:
        """Return an activity of each person; after these, Digi knows them and their channels."""
        for team in range(FIRST, FIRST + TEAMS):
            for number in range(town.TEAM):
                yield self._submit(team, number)

    def submits(self) -> Iterator[Request]:
        while True:
            yield self._submit(*self._somebody())

    def _submit(self, team: int, number: int) -> Request:
        filled = town.filled(
            self._vault,
            self._form.token,
            {},
            person=self._copies.person_of(team, number),
            project=self._copies.project_of(team),
            question=_chance.choice(self._questions),
            tenant=TENANT,
        )
        form = msgspec.structs.replace(self._form, token=filled.token)
        packed = data.written_data(data.Packed(data.packed(form)))
        words = f"{town.WORDS} {_chance.random()}"
        value = {"data": {**packed, f"{data.PREFIX}text": words}}
        return self._sent(team, number, "task", type="invoke", name="task/submit", value=value)

    @staticmethod
    def _somebody() -> tuple[int, int]:
        return FIRST + _chance.randrange(TEAMS), _chance.randrange(town.TEAM)


async def rows(folder: Path, told: Progress, *, rounds: int, seconds: float) -> AsyncIterator[Row]:
    home = folder / "digi"
    moment = await town.one_team(home)
    town.Copies(home, TENANT, "u").write(range(FIRST, FIRST + TEAMS))
    house, _ = await town.house_at(home, moment)
    try:
        team = town.Team(house)
        team.project, questions = town.Copies(home).project, team.questions()
        answer = await team.press(1, Look("answer", project=team.project, ref=questions[0]))
    finally:
        await house.close()
    assert answer.form is not None
    async with (
        connector() as service,
        serving("stock") as stock,
        serving("mended") as mended,
        serving("teams", home=str(home), moment=moment.isoformat()) as digi,
    ):
        sends = Teams(service, home, answer.form, questions)
        through = await load(digi.port, sends.everybody(), seconds=60)
        assert not through.wrong, through.wrong[0]
        old, nothing, noop = await slices(
            told,
            "no-ops",
            [(stock, sends.nothing()), (mended, sends.nothing()), (digi, sends.nothing())],
            rounds=rounds,
            seconds=seconds,
        )
        yield said("a Teams no-op, beside the mended CloudAdapter", noop, nothing, 0.70, "")
        submit, empty = await slices(
            told,
            "submits",
            [(digi, sends.submits()), (mended, sends.nothing())],
            rounds=rounds,
            seconds=seconds,
        )
        yield said("a Teams submit, beside the mended CloudAdapter", submit, empty, 0.50, "")
    times = ratio([s.rate for s in noop.slices], [s.rate for s in old.slices])
    yield Row(
        "a Teams no-op, beside the stock CloudAdapter",
        figures(noop),
        figures(old),
        str(times),
        "≥ 10 ×",
        times.median >= 10,
    )
