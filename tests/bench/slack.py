"""The rows for Slack: signed requests to an empty Bolt command and to Digi, alternately."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import random
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.platforms.slack import forms
from dialogs.model.events import Look
from storage.vault import Vault, read_key
from tests.bench import town
from tests.bench.contest import Measured, Row, ratio
from tests.bench.load import Request, load, post
from tests.bench.process import Server, serving
from tests.bench.progress import Progress

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAMS = 20
WARM = 1.0
MORE = 1.3
"""How many times the number of requests of the last slice is prepared for the next."""
_chance = random.Random(7)


# --- Slack itself, as far as Digi calls it here ---------------------------------------------------


@asynccontextmanager
async def web_api(told: Callable[[str, str], None] | None = None) -> AsyncIterator[str]:
    """Serve a fake Web API that accepts everything, and return its URL. `told` is called with each
    message's channel and text."""
    count = itertools.count(1)

    async def answer(request: web.Request) -> web.Response:
        given: dict[str, Any] = {**request.query, **await request.post()}
        if request.content_type == "application/json":
            given |= await request.json()
        said: dict[str, Any] = {"ok": True}
        match request.match_info["method"]:
            case "auth.test":
                said |= {"team_id": "T0BENCH", "user_id": "U0DIGI", "bot_id": "B0DIGI"}
            case "users.info":
                user = str(given.get("user"))
                name = f"Person {int(user[-3:])}"
                said["user"] = {
                    "id": user,
                    "team_id": "T0BENCH",
                    "real_name": name,
                    "locale": "da-DK",
                    "is_bot": False,
                }
            case "users.conversations":
                said["channels"] = []
            case "conversations.open":
                said["channel"] = {"id": "D" + str(given.get("users"))}
            case "chat.postMessage" | "chat.update":
                if told is not None:
                    told(str(given.get("channel")), str(given.get("text")))
                said |= {"channel": given.get("channel"), "ts": f"{next(count)}.000000"}
        return web.json_response(said)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()


# --- what Slack sends -----------------------------------------------------------------------------


def signed(body: str, expects: str = "") -> Request:
    at = str(int(time.time()))
    base = f"v0:{at}:{body}".encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={hmac.digest(SECRET.encode(), base, hashlib.sha256).hex()}",
    }
    return post("/slack/events", body.encode(), headers, expects.encode())


def command(team: int, number: int, words: str, expects: str) -> Request:
    form = {
        "token": "legacy",
        "team_id": "T0BENCH",
        "team_domain": "bench",
        "channel_id": town.channel_of(team),
        "channel_name": "ny-teknologi",
        "user_id": town.person_of(team, number),
        "user_name": f"person.{number}",
        "command": "/digi",
        "text": words,
        "api_app_id": "A0DIGI",
        "is_enterprise_install": "false",
        "response_url": f"https://hooks.slack.com/commands/T0BENCH/{uuid.uuid4().hex}",
        "trigger_id": f"{time.time_ns()}.{_chance.getrandbits(40)}.{uuid.uuid4().hex}",
    }
    return signed(urlencode(form), expects)


def commands(words: str, expects: str) -> Iterator[Request]:
    while True:
        yield command(_chance.randrange(TEAMS), _chance.randrange(town.TEAM), words, expects)


def everybody(words: str) -> Iterator[Request]:
    """Return a request of each person; after these, Digi has cached their names."""
    for team in range(TEAMS):
        for number in range(town.TEAM):
            yield command(team, number, words, "")


class Answers:
    """Submissions of a form that was really opened, each by another pair of person and question."""

    def __init__(self, home: Path, form: dict[str, Any], questions: tuple[str, ...]) -> None:
        self._copies = town.Copies(home)
        self._vault = Vault(read_key(town.key_of(home)))
        self._form = form
        self._questions = questions

    def __iter__(self) -> Iterator[Request]:
        while True:
            yield self._one()

    def _one(self) -> Request:
        team, question = _chance.randrange(TEAMS), _chance.choice(self._questions)
        who = town.person_of(team, _chance.randrange(1, town.TEAM))
        filled = town.filled(
            self._vault,
            self._form["private_metadata"],
            {},
            person=who,
            project=self._copies.project_of(team),
            question=question,
        )
        person = {"id": who, "name": "person", "team_id": "T0BENCH"}
        view = {
            **self._form,
            "id": "V0BENCH",
            "team_id": "T0BENCH",
            "app_id": "A0DIGI",
            "app_installed_team_id": "T0BENCH",
            "bot_id": "B0DIGI",
            "hash": "1.x",
            "root_view_id": "V0BENCH",
            "previous_view_id": None,
            "private_metadata": filled.token,
            "callback_id": forms.written_channel(town.channel_of(team)),
            "state": {
                "values": {
                    "text": {
                        "text": {
                            "type": "plain_text_input",
                            "value": f"{town.WORDS} {_chance.random()}",
                        }
                    }
                }
            },
        }
        body = {
            "type": "view_submission",
            "team": {"id": "T0BENCH", "domain": "bench"},
            "user": person,
            "api_app_id": "A0DIGI",
            "token": "legacy",
            "response_urls": [],
            "trigger_id": f"{time.time_ns()}.{_chance.getrandbits(40)}.{uuid.uuid4().hex}",
            "view": view,
            "is_enterprise_install": False,
            "enterprise": None,
        }
        return signed(urlencode({"payload": json.dumps(body)}), "response_action")


# --- the contest ----------------------------------------------------------------------------------


async def slices(
    told: Progress,
    what: str,
    contest: list[tuple[Server, Iterator[Request]]],
    *,
    rounds: int,
    seconds: float,
) -> list[Measured]:
    """Measure the servers alternately, `rounds` times, after a warm-up."""
    found = [Measured([], []) for _ in contest]
    rates = []
    for server, requests in contest:
        told(f"{what} gets warm")
        rates.append((await load(server.port, requests, seconds=WARM)).rate)
    for number in range(rounds):
        for at, (server, requests) in enumerate(contest):
            told(f"{what}, round {number + 1} of {rounds}")
            # Requests are prepared beforehand, because the load generator's core is for sending.
            some = list(itertools.islice(requests, int(MORE * rates[at] * seconds)))
            ready = itertools.chain(some, requests)
            before = (await server.used()).cpu
            found[at].slices.append(await load(server.port, ready, seconds=seconds))
            found[at].busy.append((await server.used()).cpu - before)
            rates[at] = max(rates[at], found[at].slices[-1].rate)
            wrong = found[at].slices[-1].wrong
            assert not wrong, f"{len(wrong)} answers were wrong, the first: {wrong[0]}"
    return found


def said(what: str, candidate: Measured, baseline: Measured, least: float, more: str) -> Row:
    rates = ratio([s.rate for s in candidate.slices], [s.rate for s in baseline.slices])
    late = ratio(
        [s.percentile(99) for s in candidate.slices], [s.percentile(99) for s in baseline.slices]
    )
    reached = rates.median >= least and (not more or late.median <= 3)
    return Row(
        what,
        figures(candidate),
        figures(baseline),
        f"{rates}; p99 {late}",
        f"≥ {least:.2f}{more}",
        reached,
    )


def figures(one: Measured) -> str:
    return (
        f"{one.rate:.0f}/s, p50 {one.percentile(50):.1f} ms, p99 {one.percentile(99):.1f} ms,"
        f" {one.cost:.0f} µs"
    )


async def prepared(folder: Path, teams: int = TEAMS) -> tuple[Path, datetime]:
    """Create a database with this many teams, and return the time of its clock."""
    home = folder / "digi"
    shutil.rmtree(home, ignore_errors=True)
    moment = await town.one_team(home)
    town.Copies(home).write(range(1, teams))
    return home, moment


async def opened_form(home: Path, moment: datetime) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the modal for an answer, as it was sent to Slack, and all questions."""
    house, _ = await town.house_at(home, moment)
    try:
        team = town.Team(house)
        team.project = town.Copies(home).project
        questions = team.questions()
        answer = await team.press(1, Look("answer", project=team.project, ref=questions[0]))
        assert answer.form is not None
        return forms.form(answer.form, "da", town.channel_of(0)), questions
    finally:
        await house.close()


async def rows(folder: Path, told: Progress, *, rounds: int, seconds: float) -> AsyncIterator[Row]:
    home, moment = await prepared(folder)
    form, questions = await opened_form(home, moment)
    async with (
        web_api() as api,
        serving("bolt", secret=SECRET, api=api) as empty,
        serving("slack", secret=SECRET, api=api, home=str(home), moment=moment.isoformat()) as digi,
    ):
        await load(digi.port, everybody("status"), seconds=60)
        statuses = commands("status", town.NAME)
        status, base = await slices(
            told,
            "status",
            [(digi, statuses), (empty, commands("status", ""))],
            rounds=rounds,
            seconds=seconds,
        )
        yield said("`/digi status` in Slack", status, base, 0.60, "")
        answers = iter(Answers(home, form, questions))
        answer, base = await slices(
            told,
            "answers",
            [(digi, answers), (empty, commands("status", ""))],
            rounds=rounds,
            seconds=seconds,
        )
        yield said("an answer submitted in Slack", answer, base, 0.50, ", p99 ≤ 3 ×")
