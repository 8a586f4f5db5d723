"""The JSON that Slack sends, as far as Digi reads it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from bot.normalize import HALF_A_PAIR


class Id(Struct):
    id: str = ""
    team_id: str | None = None


class _Authorization(Struct):
    enterprise_id: str | None = None
    team_id: str | None = None
    is_enterprise_install: bool | None = False


class _Tokens(Struct):
    bot: list[str] | None = None


class SlackEvent(Struct):
    type: str
    user: str | Id | None = None
    text: str | None = None
    channel: str | Id | None = None
    channel_type: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    thread_ts: str | None = None
    team: str | None = None
    tab: str | None = None
    tokens: _Tokens | None = None


class _Option(Struct):
    value: str = ""


class Filled(Struct):
    type: str = ""
    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_user: str | None = None
    selected_users: list[str] | None = None
    selected_date: str | None = None
    selected_time: str | None = None


class State(Struct):
    values: dict[str, dict[str, Filled]] = {}


class _ViewBlock(Struct):
    type: str = ""
    block_id: str = ""


class _View(Struct):
    id: str = ""
    type: str = ""
    callback_id: str = ""
    private_metadata: str = ""
    app_installed_team_id: str | None = None
    previous_view_id: str | None = None
    blocks: list[_ViewBlock] = []
    state: State | None = None


class _Action(Struct):
    type: str = ""
    action_id: str = ""
    block_id: str = ""
    value: str | None = None


class Container(Struct):
    type: str = ""
    is_ephemeral: bool | None = None
    channel_id: str | None = None
    thread_ts: str | None = None


class _Message(Struct):
    text: str | None = None


class Envelope(Struct, omit_defaults=True):
    """The fields of a request's body that Digi reads."""

    type: str = ""
    challenge: str | UnsetType = UNSET
    team_id: str | None = None
    enterprise_id: str | None = None
    is_enterprise_install: bool | str | None = None
    authorizations: list[_Authorization] | None = None
    event_id: str = ""
    event: SlackEvent | UnsetType = UNSET
    command: str = ""
    text: str = ""
    user_id: str = ""
    channel_id: str = ""
    trigger_id: str = ""
    response_url: str = ""
    team: Id | None = None
    enterprise: Id | None = None
    user: Id | None = None
    channel: Id | None = None
    callback_id: str = ""
    actions: list[_Action] | UnsetType = UNSET
    container: Container | None = None
    view: _View | None = None
    message: _Message | None = None


class Malformed(Exception):
    """The body contains an unpaired surrogate. Slack never sends one."""


def envelope(body: object) -> Envelope | None:
    """Parse the body; None if its shape is wrong. Raises Malformed."""
    try:
        return msgspec.convert(_without_nulls(body), Envelope)
    except (msgspec.ValidationError, RecursionError):
        return None


def _without_nulls(node: Any) -> Any:
    """Remove null values: for an absent value Slack sometimes sends null and sometimes omits the
    field."""
    if isinstance(node, str):
        return _whole(node)
    if isinstance(node, dict):
        for name in node:
            _whole(name)
        return {name: _without_nulls(held) for name, held in node.items() if held is not None}
    if isinstance(node, list):
        return [_without_nulls(held) for held in node]
    return node


def _whole(text: str) -> str:
    if not text.isascii() and HALF_A_PAIR.search(text):
        raise Malformed
    return text
