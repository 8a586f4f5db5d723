"""Finds the page of the project in a channel, for the playground's phone."""

from __future__ import annotations

from collections.abc import Iterable

from bot.server.build import House
from dialogs.model.facts import ChannelProject, Known
from dialogs.model.links import PATHS
from dialogs.page.states import PAGE, page_address
from storage.transactions.links import token_of


async def page_path(house: House, tenant: str, channels: Iterable[str]) -> str:
    """Return the path of the first page that is open in these channels; "" if none is."""
    read, look = house.database.read, house.scripts.reading.look
    for channel in channels:
        here = ChannelProject(channel)
        project = (await read(look, tenant, "", (here,)))[here]
        if project is None:
            continue
        found = await read(look, tenant, project.id, (PAGE,))
        address = page_address(Known(house.catalogue, found))
        if address is not None:
            return PATHS[address.kind] + token_of(house.vault, address.kind, address.id)
    return ""
