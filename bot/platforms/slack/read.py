"""Parses Slack's JSON into requests, without I/O. Only the fields declared here are read.

What Digi does not know or cannot use becomes None and is acknowledged with an empty answer. A body
that is not valid Unicode raises Malformed and is answered with 400.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from bot.platforms.common.ports import AtHome, InChat, Pressed, Submitted, ToAgree, TypedText
from bot.platforms.slack.envelope import Container, Envelope, Filled, Id, SlackEvent, State
from bot.platforms.slack.forms import read_channel, read_metadata, read_value

Payload = dict[str, Any]
RequestKind = Literal[
    "command", "press", "form", "shortcut", "words", "home", "chat", "members", "gone", "hello"
]

SAY = "say"
AGREEMENT = "agreement"
"""The shortcuts' callback_ids, as in the manifest."""

_TYPED = "typed:"
_ID = re.compile(r"[\x21-\x7e]{0,250}")
_ADDRESSED = re.compile(r"^(?:\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>)+\s*")


class SlackRequest(Struct, frozen=True):
    """A parsed request from Slack, with all that is needed to answer it.

    `home` is the id of the Enterprise Grid organisation or the workspace that Digi is installed in.
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
    """The button was on an ephemeral message."""
    view: str = ""
    """The id of the modal that a button was pressed in."""
    inputs: tuple[str, ...] = ()
    """The ids of a form's input blocks, which can show an error."""
    deep: bool = False
    thread: str = ""
    answer_to: str = ""
    """The channel or private chat to answer in."""

    @property
    def tenant(self) -> str:
        return tenant_of(self.home)


def written_words(words: str) -> str:
    """Return the value of a button that acts as if its presser had typed the command."""
    return f"{_TYPED}{words}"


def read_button(value: str) -> TypedText | Pressed:
    """Parse a button's value. The prefix cannot be confused with a token: tokens contain no
    colon."""
    if value.startswith(_TYPED):
        return TypedText(value.removeprefix(_TYPED))
    return Pressed(value)


def tenant_of(home: str) -> str:
    return f"slack:{home}"


# --- the shapes ------------------------------------------------------------------------------


# --- what it means ---------------------------------------------------------------------------


def incoming(body: Envelope) -> SlackRequest | None:
    found = _meant(body)
    return found if found is not None and _has_ids(found) else None


def _has_ids(found: SlackRequest) -> bool:
    """Return whether all ids are short printable ASCII. Others could not be stored in every
    database."""
    ids = (
        found.home,
        found.key,
        found.person,
        found.person_home,
        found.channel,
        found.trigger,
        found.view,
        found.thread,
        found.answer_to,
    )
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
        "command",
        home,
        body.trigger_id,
        body.user_id,
        "",
        _public(body.channel_id),
        TypedText(unescaped(body.text)),
        body.trigger_id,
        body.response_url,
    )


def _press(body: Envelope) -> SlackRequest | None:
    home = _interaction_home(body)
    pressed = body.actions[0] if body.actions else None
    if not (home and body.user and body.user.id and pressed and body.trigger_id):
        return None
    if pressed.type != "button":
        return None
    container = body.container or Container()
    channel = body.channel.id if body.channel else container.channel_id or ""
    in_modal = body.view if body.view is not None and body.view.type == "modal" else None
    if in_modal is not None:
        channel = read_channel(in_modal.callback_id)
    return SlackRequest(
        "press",
        home,
        body.trigger_id,
        body.user.id,
        body.user.team_id or "",
        _public(channel),
        # Without a value it is from an earlier version: the gate says that it is too old.
        read_button(pressed.value or ""),
        body.trigger_id,
        body.response_url,
        view=in_modal.id if in_modal is not None else "",
        thread=container.thread_ts or "",
        whispered=bool(container.is_ephemeral),
    )


def _submission(body: Envelope) -> SlackRequest | None:
    home = _interaction_home(body)
    view = body.view
    if not (home and body.user and body.user.id and view):
        return None
    state = view.state or State()
    values = {
        field: _value(next(iter(held.values()))) for field, held in state.values.items() if held
    }
    token, beside = read_metadata(view.private_metadata)
    return SlackRequest(
        "form",
        home,
        body.trigger_id or view.id,
        body.user.id,
        body.user.team_id or "",
        _public(read_channel(view.callback_id)),
        Submitted(token, values),
        body.trigger_id,
        beside,
        view=view.id,
        deep=bool(view.previous_view_id),
        inputs=tuple(block.block_id for block in view.blocks if block.type == "input"),
    )


def _value(filled: Filled) -> str | list[str] | None:
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
        "shortcut",
        home,
        body.trigger_id,
        body.user.id,
        body.user.team_id or "",
        _public(body.channel.id if body.channel else ""),
        what,
        body.trigger_id,
        body.response_url,
    )


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
            return _words_to_digi(home, key, event, _public(channel))
        case "message" if person and channel and event.channel_type == "im":
            return None if event.bot_id or event.subtype else _words_to_digi(home, key, event, "")
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


def _words_to_digi(home: str, key: str, event: SlackEvent, channel: str) -> SlackRequest:
    """Read a mention, or a message in the conversation with Digi."""
    return SlackRequest(
        "words",
        home,
        key,
        _id(event.user),
        event.team or "",
        channel,
        TypedText(unescaped(_ADDRESSED.sub("", event.text or ""))),
        thread=event.thread_ts or "",
        answer_to=_id(event.channel),
    )


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
    """Return where Digi is installed. In a shared channel the event's team may be the other
    organisation's; its first authorization is always Digi's own."""
    if body.authorizations:
        ours = body.authorizations[0]
        whole = bool(ours.is_enterprise_install and ours.enterprise_id)
        return (ours.enterprise_id if whole else ours.team_id or ours.enterprise_id) or ""
    return _home(body, body.team_id, body.enterprise_id)


def _id(held: str | Id | None) -> str:
    return held.id if isinstance(held, Id) else held or ""


def _public(channel: str) -> str:
    """Return the channel id, or "" for a private chat with Digi."""
    return "" if channel.startswith("D") else channel


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# --- a message's text in plain words -------------------------------------------------------------

SIGN = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
