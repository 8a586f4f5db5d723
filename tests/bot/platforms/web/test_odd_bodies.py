"""POST requests to the playground with one node malformed, for every node."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.web.playground.server import TOKEN
from tests.anonymity.web_hands import PAGE_TOKEN, WebHands, in_browser
from tests.worlds.odd_json import of_wrong_types, with_half

Act = tuple[str, dict[str, Any]]


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[WebHands]:
    async with in_browser(tmp_path / "home") as found:
        yield found


async def every_kind(hands: WebHands) -> list[Act]:
    """Record the path and body of each kind of request, while people do everything the page
    offers."""
    found: dict[tuple[str, ...], Act] = {}
    post = hands._post

    async def noted(path: str, person: str, **body: Any) -> Any:
        found.setdefault((path, *body.get("values", ())), (path, {"as": person, **body}))
        return await post(path, person, **body)

    hands._post = noted  # type: ignore[method-assign]
    await hands.play(
        """
        anne > /digi start Ny omsorgsplatform
        anne > tryk "Jeg er leder"
        anne > tryk "Vis det i kanalen"
        anne > /digi næste
        bodil > tryk "Svar"
        bodil > udfyld "Dit svar"="Vi når det ikke"
        zofia > tryk "Svar uden navn"
        zofia > udfyld "Dit svar"="Vi når det heller ikke"
        """
    )
    world = [("clock", {"as": "anne", "to": "day"})]
    return [
        *found.values(),
        *world,
        ("start-over", {"as": "anne"}),
        ("course", {"as": "anne", "course": "weeks"}),
    ]


async def _tried(hands: WebHands, path: str, bodies: Iterator[tuple[Any, Any]]) -> Counter[int]:
    counted: Counter[int] = Counter()
    for way, body in bodies:
        hands.house.engine._gate._acts.clear()  # disable the rate limit
        headers = {TOKEN: PAGE_TOKEN, "Content-Type": "application/json"}
        async with hands.http.post(
            f"{hands.url}/play/{path}", data=json.dumps(body).encode(), headers=headers
        ) as response:
            answer = await response.json()
        assert response.status in (200, 400), (response.status, way, body)
        assert (response.status == 400) == (list(answer) == ["failed"]), (way, body)
        counted[response.status] += 1
    return counted


async def test_half_a_pair_of_surrogates_is_a_bad_request_wherever_it_stands(
    hands: WebHands, figures: Callable[[str], None]
) -> None:
    """In every text and key of every request: 400 and a sentence."""
    counted = Counter[int]()
    for path, body in await every_kind(hands):
        counted += await _tried(hands, path, with_half(body))
    figures(f"{counted.total()} placements: {dict(counted)}")
    assert set(counted) == {400}


async def test_what_is_of_another_type_is_answered_all_the_same(
    hands: WebHands, figures: Callable[[str], None]
) -> None:
    """A missing node or one of another type, anywhere in any request, is accepted or gives 400."""
    counted = Counter[int]()
    for path, body in await every_kind(hands):
        counted += await _tried(hands, path, of_wrong_types(body))
    figures(f"{counted.total()} placements: {dict(counted)}")
    assert set(counted) == {200, 400}
