"""Answers of Microsoft's services with status 200 and nothing else, or the wrong shape."""

from __future__ import annotations

from typing import Any

import pytest

from bot.platforms.teams import trust
from bot.platforms.teams.ports import CallFailed
from tests.bot.platforms.teams.test_strangers import _message, alone
from tests.worlds.teams.state import CHANNEL

ODD: tuple[dict[str, Any], ...] = (
    {},
    {"members": None, "id": None},
    {"members": {}, "id": 7},
    {"members": "alle", "id": ""},
)


@pytest.mark.parametrize("answer", ODD, ids=str)
async def test_what_is_not_there_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    """Without a list nobody is removed from a team; a chat without an id is no chat; a thread
    without an id may exist."""
    async with alone() as heard:

        async def said(*_: Any, **__: Any) -> dict[str, Any]:
            return answer

        monkeypatch.setattr(heard.transport, "_call", said)
        with pytest.raises(CallFailed) as failed:
            await heard.transport.members(heard.ref())
        assert not failed.value.arrived
        with pytest.raises(CallFailed) as failed:
            await heard.transport.open_private(heard.ref(), "29:x")
        assert not failed.value.arrived
        with pytest.raises(CallFailed) as failed:
            await heard.transport.new_thread(heard.ref(), CHANNEL, {"type": "message"})
        assert failed.value.arrived


@pytest.mark.parametrize(
    "keys",
    [
        7,
        [],
        [7],
        {},
        "keys",
        [[]],
        [{"kty": "RSA", "kid": "k"}],
        [{"kty": "RSA", "kid": "k", "n": "!", "e": "AQAB"}],
        [{"kty": "RSA", "kid": "k", "n": 7, "e": "AQAB"}],
        [{"kty": ["RSA"], "kid": {}}],
    ],
    ids=str,
)
async def test_keys_that_are_none_are_keys_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, keys: Any
) -> None:
    """503, so that Teams retries, and the operator is told; a valid key beside invalid ones is
    used."""
    real = trust._json
    async with alone() as heard:

        async def only_odd(session: Any, url: str) -> Any:
            found = await real(session, url)
            return {"keys": keys} if "keys" in found else found

        async def beside(session: Any, url: str) -> Any:
            found = await real(session, url)
            odd = keys if isinstance(keys, list) else []
            return {"keys": [*odd, *found["keys"]]} if "keys" in found else found

        monkeypatch.setattr(trust, "_json", only_odd)
        assert (await heard.world.send(_message(heard.world)))[0] == 503
        assert heard.told == [("teams", "Microsoft's signing keys cannot be fetched")]
        monkeypatch.setattr(trust, "_json", beside)
        assert (await heard.world.send(_message(heard.world)))[0] == 200
