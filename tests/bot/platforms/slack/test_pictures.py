"""A picture is posted as an image that Slack's servers fetch from Digi's public address; where they
cannot, the message is posted without it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.common.ports import DeliveryFailed, Parcel
from dialogs.model import cards as c
from dialogs.model.pictures import Steps
from tests.worlds.slack.trouble import Says
from tests.worlds.slack_fixtures import CHANNEL, Place, in_slack

TENANT = "slack:T0PLEJEN"
URL = "https://digi.example/p/x.png?l=da&v=1"
SAID: c.Spans = (c.Plain("Fase 2 af 4."),)
CARD: c.FinishedCard = c.Card((c.Paragraph(SAID), Steps[c.Spans](SAID, (), SAID, url=URL)))
REFUSED = Says("invalid_blocks")


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_slack(tmp_path / "home", paced=False) as found:
        yield found


def _post(id: str, target: str = "") -> Parcel:
    return Parcel(
        id=id,
        tenant=TENANT,
        kind="update" if target else "post",
        card=CARD,
        language="da",
        channel=CHANNEL,
        target=target,
    )


def _images(place: Place, method: str) -> list[list[str]]:
    """Return the images of each call."""
    return [
        [block["image_url"] for block in call.args["blocks"] if block["type"] == "image"]
        for call in place.world.calls_of(method)
    ]


async def test_a_post_and_its_redrawing_show_the_picture(place: Place) -> None:
    """The message stores no picture: a later one has another address."""
    posted = await place.door.edge.deliver(_post("one"))
    await place.door.edge.deliver(_post("two", posted))
    assert _images(place, "chat.postMessage") == [[URL]]
    assert _images(place, "chat.update") == [[URL]]


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_what_slack_cannot_fetch_is_left_out_and_the_rest_is_there(
    place: Place, method: str
) -> None:
    """Slack refuses the whole message, so the second try posts nothing twice."""
    target = await place.door.edge.deliver(_post("one")) if method == "chat.update" else ""
    before = len(place.world.calls_of(method))
    place.world.trouble[method] = deque([REFUSED])
    await place.door.edge.deliver(_post("two", target))
    assert _images(place, method)[before:] == [[URL], []]
    [message] = place.world.home.messages
    assert "Fase 2 af 4." in message.text


async def test_a_message_that_is_refused_without_its_picture_too_fails_once(place: Place) -> None:
    """The picture was not the reason."""
    place.world.trouble["chat.postMessage"] = deque([REFUSED, REFUSED])
    with pytest.raises(DeliveryFailed, match="Slack rejects the message") as failed:
        await place.door.edge.deliver(_post("one"))
    assert failed.value.permanent
    assert len(place.world.calls_of("chat.postMessage")) == 2
    assert place.world.home.messages == []
