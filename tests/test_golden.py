"""The golden files of two runs of the same code are equal (tests/golden.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.platforms.slack import edge as slack
from tests.golden import EDGES, in_order, played, unhurried
from tests.waiting import LONG_ENOUGH

TRANSCRIPT = Path(__file__).parent / "transcripts" / "trio_missing.txt"
SENT = {
    "paper": "sent: {",
    "slack": "chat.postMessage: {",
    "teams": "Call(method='POST', path='v3/conversations",
    "browser": "/play/state as=",
}


@pytest.mark.parametrize("edge", EDGES)
def test_all_that_happens_is_written_alike_however_often_the_clock_is_read(
    edge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readings of the clock leave no trace, but decisions and payloads do."""
    first = played(TRANSCRIPT, edge)
    now_us = Clock.now_us

    def read_twice(clock: Clock) -> int:
        now_us(clock)
        return now_us(clock)

    monkeypatch.setattr(Clock, "now_us", read_twice)
    assert played(TRANSCRIPT, edge) == first
    assert "\nproject Started(" in first
    assert f"\n{SENT[edge]}" in first
    assert "Hvem taler for nattevagten?" in first


def test_two_projects_of_a_transcript_differ() -> None:
    written = played(TRANSCRIPT.with_stem("project_again_in_channel"), "paper")
    assert len({*re.findall(r"OpenProject\(project='(.+?)'", written)}) > 1


def test_no_limit_on_waiting_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a form would come too late for Slack, and the dump would say so."""
    monkeypatch.setattr(slack, "FORM_SECONDS", 0.001)
    with unhurried():
        assert slack.FORM_SECONDS == LONG_ENOUGH
    assert slack.FORM_SECONDS == 0.001


def test_lookups_beside_an_act_are_written_in_one_order() -> None:
    act = ["project Started(", "chat.postMessage: b", "chat.postMessage: a"]
    lookups = ["person MembersSeen(", "users.info: 1", "users.info: 2"]
    assert in_order([*act, *lookups]) == [*lookups, *act]
    assert in_order([*reversed(lookups), *act]) == [*lookups, *act]
