"""Parses Teams' activities into requests, without I/O. Only the fields named here are read.

What Digi does not know or cannot use becomes None. Of a submitted form neither the time nor the
client is read.
"""

from __future__ import annotations

import hashlib
import html
import re
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bot.platforms.common.ports import Pressed, Submitted, ToAgree, TypedText
from bot.platforms.teams.data import (
    PREFIX,
    CommandData,
    Data,
    Held,
    PressData,
    Send,
    read_data,
    read_value,
)
from bot.platforms.teams.ports import ConversationKind, Json, Ref
from bot.platforms.teams.trust import tenant_id_of

Trigger = Literal[
    "words",  # typed: in a private chat, or in a channel with @Digi or a slash command
    "press",  # a button (Action.Submit) that sends an invisible message; the answer is a message
    "execute",  # a button (Action.Execute) whose answer appears at the button
    "fetch",  # a button or message extension that opens a dialog
    "submit",  # a button or form in a dialog
    "members",  # people joined or left
    "came",  # Digi was installed
    "gone",  # Digi was uninstalled
]
ActivityContent = TypedText | Pressed | Submitted | ToAgree
AGREEMENTS = "agreements"
"""The id, in the manifest, of the message extension that makes an agreement from a message."""
UNREADABLE = ""
"""The token of a button or form whose data Digi cannot read, perhaps from an earlier version. The
gate refuses it like any other token that is too old, so that the person is told."""
_COMMAND = re.compile(r"[a-z_]{1,40}")
_TAG = re.compile(r"<[^>]{0,2000}>")
_BREAK = re.compile(r"</(?:p|div|li)>|<br ?/?>", re.IGNORECASE)
_AT = re.compile(r"<at[^>]{0,200}>(.*?)</at>", re.S)
_ID = re.compile(r"[\x21-\x7e]+")
"""Ids are printable ASCII. Others could not be stored in every database."""
_LOCAL = "local"


class TeamsRequest(Struct, frozen=True):
    """A parsed activity from Teams, with all that is needed to answer it."""

    way: Trigger
    ref: Ref
    key: str
    person: str = ""
    name: str = ""
    locale: str = ""
    address: str = ""
    """The person's id in this conversation, to which targeted messages are addressed."""
    foreign: bool = False
    what: ActivityContent | None = None
    data: Data | None = None
    """The decoded data of a button that Digi rendered."""
    fields: Json = {}
    """The values of a dialog's fields, as Teams sent them."""
    hidden: bool = False
    """Sent as a targeted message: nobody else in the channel sees it."""
    compose: bool = False
    """It came from a message extension."""
    us: bool = False
    """Digi itself joined or left."""
    message: str = ""
    """The id of the message whose button was pressed, or opened the submitted form."""
    team: str = ""

    @property
    def tenant(self) -> str:
        return tenant_of(self.ref.tenant_id)

    @property
    def channel(self) -> str:
        """Return the channel id, or "" in a private chat."""
        return "" if self.ref.kind == "personal" else channel_of(self.ref.conversation_id)

    @property
    def private(self) -> bool:
        return self.ref.kind == "personal"

    def elsewhere(self, channel: str) -> str:
        """Return the channel if the answer is shown outside it, in a private chat; else ""."""
        return channel if self.private else ""


def tenant_of(tenant_id: str) -> str:
    return f"teams:{tenant_id}"


def tenant_id(tenant: str) -> str:
    return tenant.removeprefix("teams:")


def written_place(conversation: str, id: str) -> str:
    """Return the id under which a message is stored: its conversation and its activity id."""
    return f"{conversation}|{id}"


def read_place(place: str) -> tuple[str, str]:
    conversation, _, id = place.rpartition("|")
    return conversation, id


def channel_of(conversation_id: str) -> str:
    """Return the conversation's id without the thread."""
    return conversation_id.partition(";messageid=")[0]


def kind_of(conversation_id: str) -> ConversationKind:
    """Tell the kind of a conversation from the form of its id."""
    place = channel_of(conversation_id)
    if place.startswith("19:"):
        return "groupChat" if place.endswith(("@thread.v2", "@unq.gbl.spaces")) else "channel"
    return "personal"


def incoming(activity: Json) -> TeamsRequest | None:
    ref = _ref(activity)
    if ref is None:
        return None
    match activity.get("type"):
        case "message":
            return _of_team(_message(activity, ref), activity)
        case "invoke":
            return _of_team(_invoke(activity, ref), activity)
        case "conversationUpdate":
            return _update(activity, ref)
        case "installationUpdate":
            return _installation(activity, ref)
        case _:
            return None


def _of_team(found: TeamsRequest | None, activity: Json) -> TeamsRequest | None:
    team = str(_dict(_dict(activity, "channelData"), "team").get("id") or "")
    return replace(found, team=team) if found is not None and team else found


# --- what it means --------------------------------------------------------------------------------


def _message(activity: Json, ref: Ref) -> TeamsRequest | None:
    sender = _sender(activity, ref)
    if sender is None:
        return None
    value = activity.get("value")
    if isinstance(value, dict):
        data = read_data(value)
        pressed = _pressed(data)
        return TeamsRequest("press", ref, _key(activity, ref), *sender, what=pressed, data=data)
    recipient = _dict(activity, "recipient")
    hidden = recipient.get("isTargeted") is True
    if ref.kind != "personal" and not hidden and not _addressed(activity, ref):
        return None  # a channel message that does not mention Digi
    text = activity.get("text")
    words = TypedText(_words(text if isinstance(text, str) else "", activity, ref))
    return TeamsRequest("words", ref, _key(activity, ref), *sender, what=words, hidden=hidden)


def _invoke(activity: Json, ref: Ref) -> TeamsRequest | None:
    sender = _sender(activity, ref)
    value = activity.get("value")
    if sender is None or not isinstance(value, dict):
        return None
    key = _key(activity, ref)
    match activity.get("name"):
        case "adaptiveCard/action":
            data = read_data(_dict(_dict(value, "action"), "data"))
            pressed, on = _pressed(data), _pressed_on(activity)
            return TeamsRequest("execute", ref, key, *sender, what=pressed, data=data, message=on)
        case "task/fetch":
            opened = _dialog("fetch", ref, key, sender, _dict(value, "data"))
            return replace(opened, message=_pressed_on(activity))
        case "task/submit":
            return _dialog("submit", ref, key, sender, _dict(value, "data"))
        case "composeExtension/fetchTask":
            command = value.get("commandId")
            if not isinstance(command, str) or not _COMMAND.fullmatch(command):
                return None
            made: ActivityContent = TypedText(command.replace("_", " "))
            if command == AGREEMENTS and (said := _read_message(value)):
                made = ToAgree(said)
            return TeamsRequest("fetch", ref, key, *sender, what=made, compose=True)
        case "composeExtension/submitAction":
            found = _dialog("submit", ref, key, sender, _dict(value, "data"))
            return replace(found, compose=True)
        case _:
            return None


def _read_message(value: Json) -> str:
    """Return the text of the message that a message extension was used on. Teams sends it as
    HTML."""
    body = _dict(_dict(value, "messagePayload"), "body")
    content = body.get("content")
    if not isinstance(content, str):
        return ""
    if body.get("contentType") == "html":
        content = html.unescape(_TAG.sub("", _BREAK.sub("\n", content)))
    return content.strip()[:3000]


_Sender = tuple[str, str, str, str, bool]


def _dialog(
    way: Literal["fetch", "submit"], ref: Ref, key: str, sender: _Sender, given: Json
) -> TeamsRequest:
    data = read_data(given)
    fields = {id: held for id, held in given.items() if id.startswith(PREFIX)}
    if isinstance(data, Send):
        form = data.form
        values = {
            field: read_value(form, field, given.get(f"{PREFIX}{field}")) for field in form.ids
        }
        what: ActivityContent | None = Submitted(form.token, values)
    elif isinstance(data, Held):
        what = None
    elif data is None and fields:
        what = Submitted(UNREADABLE, {})
    else:
        what = _pressed(data)
    on = data.message if isinstance(data, Send) else ""
    return TeamsRequest(way, ref, key, *sender, what=what, data=data, fields=fields, message=on)


def _pressed_on(activity: Json) -> str:
    message = activity.get("replyToId")
    return message if isinstance(message, str) else ""


def _pressed(data: Data | None) -> TypedText | Pressed:
    match data:
        case PressData(token=token):
            return Pressed(token)
        case CommandData(words=words):
            return TypedText(words)
        case _:
            return Pressed(UNREADABLE)


def _update(activity: Json, ref: Ref) -> TeamsRequest | None:
    if ref.kind == "personal":
        return None
    data = _dict(activity, "channelData")
    event = data.get("eventType")
    team = str(_dict(data, "team").get("id") or "")
    key = _key(activity, ref)
    came = _ids(activity.get("membersAdded"))
    left = _ids(activity.get("membersRemoved"))
    if ref.bot_id in left or event in ("teamDeleted", "teamHardDeleted", "channelDeleted"):
        whole = event != "channelDeleted"
        gone = Ref(ref.service_url, _channel_named(data, ref), ref.bot_id, ref.tenant_id, ref.kind)
        return TeamsRequest("gone", gone, key, us=True, team=team if whole else "")
    if not (came or left):
        return None
    return TeamsRequest("members", ref, key, us=ref.bot_id in came, team=team)


def _channel_named(data: Json, ref: Ref) -> str:
    return str(_dict(data, "channel").get("id") or ref.conversation_id)


def _installation(activity: Json, ref: Ref) -> TeamsRequest | None:
    team = str(_dict(_dict(activity, "channelData"), "team").get("id") or "")
    key = _key(activity, ref)
    action = activity.get("action")
    sender = _sender(activity, ref) or ("", "", "", "", False)
    if action in ("add", "add-upgrade"):
        return TeamsRequest("came", ref, key, *sender, us=True, team=team)
    if action in ("remove", "remove-upgrade"):
        return TeamsRequest("gone", ref, key, *sender, us=True, team=team)
    return None


# --- pieces ---------------------------------------------------------------------------------------


def _ref(activity: Json) -> Ref | None:
    conversation = _dict(activity, "conversation")
    bot = _dict(activity, "recipient").get("id")
    service_url, place = activity.get("serviceUrl"), conversation.get("id")
    if not (isinstance(service_url, str) and isinstance(place, str) and isinstance(bot, str)):
        return None
    if not (len(place) <= 500 and len(bot) <= 200 and _ID.fullmatch(place) and _ID.fullmatch(bot)):
        return None
    said = conversation.get("conversationType")
    kind: ConversationKind = (
        said if said in ("personal", "groupChat", "channel") else kind_of(place)
    )
    return Ref(service_url.rstrip("/"), place, bot, tenant_id_of(activity) or _LOCAL, kind)


def _sender(activity: Json, ref: Ref) -> _Sender | None:
    """Return person, name, locale, id in this conversation, and whether they are of another tenant;
    None if an id is invalid."""
    sender = _dict(activity, "from")
    address = sender.get("id")
    person = sender.get("aadObjectId") or address
    if not (isinstance(person, str) and isinstance(address, str) and len(person) <= 128):
        return None
    if not (_ID.fullmatch(person) and _ID.fullmatch(address)):
        return None
    name = sender.get("name")
    locale = activity.get("locale")
    home = sender.get("tenantId")
    if not isinstance(home, str):
        home = _dict(_dict(activity, "channelData"), "tenant").get("id")
    foreign = isinstance(home, str) and home.casefold() != ref.tenant_id and bool(home)
    return (
        person_of(person),
        name[:80] if isinstance(name, str) else "",
        locale if isinstance(locale, str) and len(locale) <= 20 else "",
        address[:200],
        foreign,
    )


def person_of(directory_id: str) -> str:
    """Lower-case a directory id, because Teams sends them in both cases."""
    return directory_id if ":" in directory_id else directory_id.casefold()


def _addressed(activity: Json, ref: Ref) -> bool:
    entities = activity.get("entities")
    return any(
        isinstance(entity, dict)
        and entity.get("type") == "mention"
        and _dict(entity, "mentioned").get("id") == ref.bot_id
        for entity in (entities if isinstance(entities, list) else ())
    )


def _words(text: str, activity: Json, ref: Ref) -> str:
    """Return the typed text without the mention of Digi. Other mentions stay as names."""
    entities = activity.get("entities")
    for entity in entities if isinstance(entities, list) else ():
        if (
            isinstance(entity, dict)
            and entity.get("type") == "mention"
            and _dict(entity, "mentioned").get("id") == ref.bot_id
            and isinstance(said := entity.get("text"), str)
            and said
        ):
            text = text.replace(said, " ", 1)
    return html.unescape(_AT.sub(r"\1", text)).strip()


def _key(activity: Json, ref: Ref) -> str:
    """Return the idempotency key of an activity.

    Teams' ids are unique only within a conversation. The sender is part of the key, so that nobody
    can get an answer that was stored for somebody else.
    """
    id = activity.get("id")
    if not isinstance(id, str) or not id:
        id = uuid.uuid4().hex
    sender = _dict(activity, "from").get("id")
    whole = f"{ref.conversation_id}|{activity.get('type')}|{id}|{sender}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _ids(held: object) -> set[str]:
    found = held if isinstance(held, list) else []
    return {str(one.get("id")) for one in found if isinstance(one, dict)}


def _dict(held: Mapping[str, Any], name: str) -> Json:
    found = held.get(name)
    return found if isinstance(found, dict) else {}
