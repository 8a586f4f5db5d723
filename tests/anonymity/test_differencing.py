"""The difference of any two published figures never identifies one to four people."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations

import pytest

from content.model import Catalogue
from dialogs.model.events import Woke
from dialogs.model.facts import About, Known, Project, Role, Roles, Team, Unreleased, Waiting
from dialogs.question import conclusion as question
from dialogs.question.states import Concluded, Proposed, QuestionWords

NOW = datetime(2026, 11, 5, 9, tzinfo=UTC)
PROJECT = Project(
    id="p",
    name="Ny omsorgsplatform",
    channel="c",
    stage="running",
    starter="leader",
    drafted_at=NOW,
)
ROLES = (Role("leader", "leader", "confirmed"), Role("tr", "tr", "confirmed"))
PROPOSED = Proposed(
    words=QuestionWords("q", "Hvad mener I?", "What do you think?"),
    asked_at=NOW,
    by="leader",
    conclusion="c",
    outcome="concluded",
    until=NOW,
    proposed_at=NOW,
)
Round = tuple[int, int, int]  # numbers of writers, of votes that it fits, and of objections


def _round(catalogue: Catalogue, chance: random.Random, team: set[str], fits: set[str]) -> Round:
    """Return the figures beside a concluded proposal, computed by the dialog itself."""
    votes = [Waiting(f"f{n}", f"n{n}", "fits", "q", {}, b"") for n in range(len(fits))]
    objections = [
        Waiting(f"o{n}", f"m{n}", "objection", "q", {"text": "Nej", "shared": shares}, b"")
        for n in range(chance.choice((0, 0, 1, 3, 6)))
        for shares in (chance.random() < 0.5,)
    ]
    known = Known(
        catalogue,
        {
            About(): PROJECT,
            Roles(): ROLES,
            Team(): tuple(sorted(team)),
            Unreleased(("fits", "objection"), "q"): (*votes, *objections),
        },
    )
    woke = Woke(project="p", at=NOW, id="w", dialog="question", of="q", name="objections", came=NOW)
    released, _ = question.release(PROPOSED, woke, known)
    assert isinstance(released, Proposed)
    after, _ = question.hold(released, woke)
    assert isinstance(after, Concluded)
    shared = all(w.body["shared"] for w in objections)
    assert len(after.in_words) == (len(objections) if shared else 0)
    assert not (after.in_words and after.objections), "words or a figure, never both"
    may = len((team | {"tr"}) - {"leader"})
    return may, after.fits, after.objections


def _history(catalogue: Catalogue, seed: int) -> list[Round]:
    """The same question is reopened repeatedly while people join, leave and change their votes."""
    chance = random.Random(seed)
    team = {"leader", *(f"p{n}" for n in range(chance.randrange(2, 24)))}
    fits = {p for p in sorted(team - {"leader"}) if chance.random() < chance.random()}
    rounds = []
    for n in range(chance.randrange(2, 6)):
        for person in sorted(team - {"leader"}):
            if chance.random() < 0.1:
                team.discard(person)
                fits.discard(person)
            elif chance.random() < 0.1:
                fits ^= {person}
        if chance.random() < 0.6:
            new = f"new {n}"
            team.add(new)
            if chance.random() < 0.7:
                fits.add(new)
        rounds.append(_round(catalogue, chance, team, fits))
    return rounds


def _telling(rounds: list[Round]) -> list[str]:
    """Return differences of one to four: between two rounds, and between a figure and the number of
    writers, which the forms show."""
    found = [
        f"{name}: {a[at]} and {b[at]}"
        for a, b in combinations(rounds, 2)
        for at, name in ((1, "fits"), (2, "objections"))
        if 0 < abs(a[at] - b[at]) < 5
    ]
    found += [f"{fits} of {may}" for may, fits, _ in rounds if fits and may - fits < 5]
    return found


@pytest.mark.parametrize("histories", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_no_two_published_figures_differ_by_a_few(
    figures: Callable[[str], None], histories: int
) -> None:
    """Between the rounds people join and leave, and votes are withdrawn and repeated."""
    from content import catalogue

    loaded = catalogue.load()
    rounds = [_history(loaded, seed) for seed in range(histories)]
    assert [telling for one in rounds if (telling := _telling(one))] == []
    published = sum(bool(fits) + bool(no) for one in rounds for _, fits, no in one)
    figures(f"{histories} histories, {published} figures published: none differ by 1 to 4")
    assert published > histories / 2


def test_control_exact_figures_differ_by_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: exact figures, shown from five on."""
    from content import catalogue

    monkeypatch.setattr(question, "shown", lambda n, may, enough: n if n >= enough else 0)
    loaded = catalogue.load()
    telling = [_telling(_history(loaded, seed)) for seed in range(200)]
    assert sum(bool(one) for one in telling) > 20
