"""Slack's JSON as what it means. Pure; what is strange is None, and is answered with an empty ack.
What no text can hold is Malformed, and is a bad request.

Only the fields named here are read. Slack's own ids stay ids; nothing else goes further in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from bot.normalize import HALF_A_PAIR
from bot.platforms.common.ports import AtHome, InChat, Pressed, Submitted, ToAgree, TypedText
from bot.platforms.slack.forms import read_channel, read_value

Payload = dict[str, Any]
RequestKind = Literal[
    "command", "press", "form", "shortcut", "words", "home", "chat", "members", "gone", "hello"
]

SAY = "say"
AGREEMENT = "agreement"
"""The shortcuts' callback ids, as the manifest has them."""

_TYPED = "typed:"
_ID = re.compile(r"[\x21-\x7e]{0,250}")
_ADDRESSED = re.compile(r"^(?:\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>)+\s*")


class SlackRequest(Struct, frozen=True):
    """One thing that reached us from Slack, and all that its answer needs.

    `home` is the id of the organisation or workspace that Digi is installed in.
    """

    kind: RequestKind
    home: str
    key: str = ""
    person: str = ""
    person_home: str = ""
    channel: str = ""
    what: TypedText | Pressed | Submitted | AtHome | InChat | ToAgree | None = None
    trigger: str = ""
    response_url: str = ""
    whispered: bool = False
    """The button was on something that only this person sees."""
    view: str = ""
    """The modal in which a button was pressed."""
    inputs: tuple[str, ...] = ()
    """The fields of a submitted form that an error can stand under."""
    deep: bool = False
    thread: str = ""
    answer_to: str = ""
    """The conversation that words came from."""

    @property
    def tenant(self) -> str:
        return tenant_of(self.home)


def written_words(words: str) -> str:
    """A button of this platform's own, which is as if one had typed a command."""
    return f"{_TYPED}{words}"


def read_button(value: str) -> TypedText | Pressed:
    """Digi's own tokens have no colon."""
    if value.startswith(_TYPED):
        return TypedText(value.removeprefix(_TYPED))
    return Pressed(value)


def tenant_of(home: str) -> str:
    return f"slack:{home}"


# --- the shapes ------------------------------------------------------------------------------


class _Id(Struct):
    id: str = ""
    team_id: str | None = None


class _Authorization(Struct):
    enterprise_id: str | None = None
    team_id: str | None = None
    is_enterprise_install: bool | None = False


class _Tokens(Struct):
    bot: list[str] | None = None


class _Event(Struct):
    type: str
    user: str | _Id | None = None
    text: str | None = None
    channel: str | _Id | None = None
    channel_type: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    thread_ts: str | None = None
    team: str | None = None
    tab: str | None = None
    tokens: _Tokens | None = None


class _Option(Struct):
    value: str = ""


class _Filled(Struct):
    type: str = ""
    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_user: str | None = None
    selected_users: list[str] | None = None
    selected_date: str | None = None
    selected_time: str | None = None


class _State(Struct):
    values: dict[str, dict[str, _Filled]] = {}


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
    state: _State | None = None


class _Action(Struct):
    type: str = ""
    action_id: str = ""
    block_id: str = ""
    value: str | None = None


class _Container(Struct):
    type: str = ""
    is_ephemeral: bool | None = None
    channel_id: str | None = None
    thread_ts: str | None = None


class _Message(Struct):
    text: str | None = None


class Envelope(Struct, omit_defaults=True):
    """A request's body, as far as anybody reads it."""

    type: str = ""
    challenge: str | UnsetType = UNSET
    team_id: str | None = None
    enterprise_id: str | None = None
    is_enterprise_install: bool | str | None = None
    authorizations: list[_Authorization] | None = None
    event_id: str = ""
    event: _Event | UnsetType = UNSET
    command: str = ""
    text: str = ""
    user_id: str = ""
    channel_id: str = ""
    trigger_id: str = ""
    response_url: str = ""
    team: _Id | None = None
    enterprise: _Id | None = None
    user: _Id | None = None
    channel: _Id | None = None
    callback_id: str = ""
    actions: list[_Action] | UnsetType = UNSET
    container: _Container | None = None
    view: _View | None = None
    message: _Message | None = None


class Malformed(Exception):
    """Half a pair of surrogates stands somewhere in the body. Slack never writes one."""


def envelope(body: object) -> Envelope | None:
    """Raises Malformed."""
    try:
        return msgspec.convert(_without_nulls(body), Envelope)
    except (msgspec.ValidationError, RecursionError):
        return None


def _without_nulls(node: Any) -> Any:
    """Slack writes null for what is not there, now here, now there."""
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


# --- what it means ---------------------------------------------------------------------------


def incoming(body: Envelope) -> SlackRequest | None:
    found = _meant(body)
    return found if found is not None and _has_ids(found) else None


def _has_ids(found: SlackRequest) -> bool:
    """Slack's ids are plain and short; a database may not be able to hold what is not."""
    ids = (found.home, found.key, found.person, found.person_home, found.channel, found.trigger,
           found.view, found.thread, found.answer_to)  # fmt: skip
    return all(map(_ID.fullmatch, ids))


def _meant(body: Envelope) -> SlackRequest | None:
    match body.type:
        case "url_verification":
            return SlackRequest("hello", "") if body.challenge is not UNSET else None
        case "event_callback":
            return _event(body)
        case "block_actions":
            return _press(body)
        case "view_submission":
            return _submission(body)
        case "shortcut" | "message_action":
            return _shortcut(body)
        case "" if body.command:
            return _command(body)
        case _:
            return None


def _command(body: Envelope) -> SlackRequest | None:
    home = _home(body, body.team_id, body.enterprise_id)
    if not (home and body.user_id and body.trigger_id):
        return None
    return SlackRequest(
        "command", home, body.trigger_id, body.user_id, "", _public(body.channel_id),
        TypedText(_unescaped(body.text)), body.trigger_id, body.response_url,
    )  # fmt: skip


def _press(body: Envelope) -> SlackRequest | None:
    home = _interaction_home(body)
    pressed = body.actions[0] if body.actions else None
    if not (home and body.user and body.user.id and pressed and body.trigger_id):
        return None
    if pressed.type != "button" or not pressed.value:
        return None
    container = body.container or _Container()
    channel = body.channel.id if body.channel else container.channel_id or ""
    in_modal = body.view if body.view is not None and body.view.type == "modal" else None
    if in_modal is not None:
        channel = read_channel(in_modal.callback_id)
    return SlackRequest(
        "press", home, body.trigger_id, body.user.id, body.user.team_id or "", _public(channel),
        read_button(pressed.value), body.trigger_id, body.response_url,
        view=in_modal.id if in_modal is not None else "", thread=container.thread_ts or "",
        whispered=bool(container.is_ephemeral),
    )  # fmt: skip


def _submission(body: Envelope) -> SlackRequest | None:
    home = _interaction_home(body)
    view = body.view
    if not (home and body.user and body.user.id and view and view.private_metadata):
        return None
    state = view.state or _State()
    values = {
        field: _value(next(iter(held.values()))) for field, held in state.values.items() if held
    }
    return SlackRequest(
        "form", home, body.trigger_id or view.id, body.user.id, body.user.team_id or "",
        _public(read_channel(view.callback_id)), Submitted(view.private_metadata, values),
        body.trigger_id, view=view.id, deep=bool(view.previous_view_id),
        inputs=tuple(block.block_id for block in view.blocks if block.type == "input"),
    )  # fmt: skip


def _value(filled: _Filled) -> str | list[str] | None:
    match filled.type:
        case "static_select" | "radio_buttons":
            return read_value(filled.selected_option.value) if filled.selected_option else None
        case "multi_static_select" | "checkboxes":
            return [read_value(option.value) for option in filled.selected_options or ()]
        case "users_select":
            return filled.selected_user
        case "multi_users_select":
            return list(filled.selected_users or ())
        case "datepicker":
            return filled.selected_date
        case "timepicker":
            return filled.selected_time
        case _:
            return filled.value


def _shortcut(body: Envelope) -> SlackRequest | None:
    home = _interaction_home(body)
    what: TypedText | ToAgree | None = None
    if body.callback_id == SAY:
        what = TypedText("sig det")
    elif body.callback_id == AGREEMENT:
        what = ToAgree((body.message.text if body.message else None) or "")
    if not (home and body.user and body.user.id and body.trigger_id and what):
        return None
    return SlackRequest(
        "shortcut", home, body.trigger_id, body.user.id, body.user.team_id or "",
        _public(body.channel.id if body.channel else ""), what, body.trigger_id,
        body.response_url,
    )  # fmt: skip


def _event(body: Envelope) -> SlackRequest | None:
    event = body.event
    home = _event_home(body)
    if isinstance(event, UnsetType) or not home or not body.event_id:
        return None
    person = _id(event.user)
    channel = _id(event.channel)
    key = body.event_id
    match event.type:
        case "app_mention" if person and channel and not event.bot_id and not event.subtype:
            text = _unescaped(_ADDRESSED.sub("", event.text or ""))
            return SlackRequest(
                "words", home, key, person, event.team or "", _public(channel), TypedText(text),
                thread=event.thread_ts or "", answer_to=channel,
            )  # fmt: skip
        case "message" if person and channel and event.channel_type == "im":
            if event.bot_id or event.subtype:
                return None
            text = _unescaped(_ADDRESSED.sub("", event.text or ""))
            return SlackRequest(
                "words", home, key, person, event.team or "", "", TypedText(text),
                thread=event.thread_ts or "", answer_to=channel,
            )  # fmt: skip
        case "app_home_opened" if person and event.tab in (None, "home"):
            return SlackRequest("home", home, key, person, what=AtHome())
        case "app_home_opened" if person and channel and event.tab == "messages":
            return SlackRequest("chat", home, key, person, what=InChat(), answer_to=channel)
        case "member_joined_channel" | "member_left_channel" if channel:
            return SlackRequest("members", home, key, person, channel=_public(channel))
        case "app_uninstalled":
            return SlackRequest("gone", home, key)
        case "tokens_revoked" if event.tokens is not None and event.tokens.bot:
            return SlackRequest("gone", home, key)
        case _:
            return None


# --- where it belongs --------------------------------------------------------------------------


def _home(body: Envelope, team: str | None, enterprise: str | None) -> str:
    whole = body.is_enterprise_install in (True, "true")
    return (enterprise if whole and enterprise else team or enterprise) or ""


def _interaction_home(body: Envelope) -> str:
    if body.view is not None and body.view.app_installed_team_id:
        return body.view.app_installed_team_id
    user_team = body.user.team_id if body.user else None
    return _home(
        body,
        body.team.id if body.team else user_team,
        body.enterprise.id if body.enterprise else None,
    )


def _event_home(body: Envelope) -> str:
    """In a shared channel the event's team may be another's; the authorization is ours."""
    if body.authorizations:
        ours = body.authorizations[0]
        whole = bool(ours.is_enterprise_install and ours.enterprise_id)
        return (ours.enterprise_id if whole else ours.team_id or ours.enterprise_id) or ""
    return _home(body, body.team_id, body.enterprise_id)


def _id(held: str | _Id | None) -> str:
    return held.id if isinstance(held, _Id) else held or ""


def _public(channel: str) -> str:
    """A private chat with the bot is no channel."""
    return "" if channel.startswith("D") else channel


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# --- a message's text in plain words -------------------------------------------------------------

_SIGN = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")


def mentioned(text: str) -> tuple[str, ...]:
    """The people whom a message names by their ids."""
    found = (sign for sign in _SIGN.finditer(text) if sign[1] == "@" and not sign[3])
    return tuple(dict.fromkeys(sign[2] for sign in found))


def in_words(text: str, names: Mapping[str, str]) -> str:
    """A message as one reads it: names, channels and links without Slack's signs around them."""

    def word(sign: re.Match[str]) -> str:
        kind, what, label = sign[1], sign[2], sign[3]
        match kind:
            case "@":
                return "@" + (label or names.get(what) or "…").lstrip("@")
            case "#":
                return f"#{label}" if label else "#…"
            case "!":
                return label or f"@{what.partition('^')[0]}"
            case _:
                return label or what.removeprefix("mailto:")

    return _unescaped(_SIGN.sub(word, text))
