"""Slack's documented limits. `check` validates every payload of every test.

A problem names its place as Slack does: `blocks[2].elements[0].text`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.worlds.slack.validators import second_opinions

Json = Mapping[str, Any]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_TEXT = 40_000
ALL_BLOCKS, CONTAINER = 13_200, 24
"""Limits for all blocks of a message together. Slack counts an overhead for each block."""
MARKDOWN = 12_000
WHOLE_VIEW = 250_000
ID = 255

_BLOCKS: dict[str, tuple[set[str], set[str]]] = {
    "section": ({"text", "fields", "accessory", "expand"}, set()),
    "header": ({"text"}, {"text"}),
    "context": ({"elements"}, {"elements"}),
    "actions": ({"elements"}, {"elements"}),
    "divider": (set(), set()),
    "input": ({"label", "element", "hint", "optional", "dispatch_action"}, {"label", "element"}),
    "image": ({"image_url", "slack_file", "alt_text", "title"}, {"alt_text"}),
    "rich_text": ({"elements"}, {"elements"}),
    "markdown": ({"text"}, {"text"}),
    "table": ({"rows", "column_settings"}, {"rows"}),
}
"""The fields that each block type may have besides type and block_id, and those it must have."""

_SELECT = {"placeholder", "confirm", "focus_on_load"}
_MENU = _SELECT | {"options", "option_groups"}
_ELEMENTS: dict[str, tuple[set[str], set[str]]] = {
    "button": ({"text", "url", "value", "style", "confirm", "accessibility_label"}, {"text"}),
    "plain_text_input": (
        {
            "initial_value",
            "multiline",
            "min_length",
            "max_length",
            "placeholder",
            "focus_on_load",
            "dispatch_action_config",
        },
        set(),
    ),
    "static_select": (_MENU | {"initial_option"}, set()),
    "multi_static_select": (_MENU | {"initial_options", "max_selected_items"}, set()),
    "users_select": (_SELECT | {"initial_user"}, set()),
    "multi_users_select": (_SELECT | {"initial_users", "max_selected_items"}, set()),
    "conversations_select": (_SELECT | {"initial_conversation", "filter"}, set()),
    "channels_select": (_SELECT | {"initial_channel"}, set()),
    "radio_buttons": ({"options", "initial_option", "confirm", "focus_on_load"}, {"options"}),
    "checkboxes": ({"options", "initial_options", "confirm", "focus_on_load"}, {"options"}),
    "overflow": ({"options", "confirm"}, {"options"}),
    "datepicker": (_SELECT | {"initial_date"}, set()),
    "timepicker": (_SELECT | {"initial_time", "timezone"}, set()),
    "number_input": (
        {
            "is_decimal_allowed",
            "initial_value",
            "min_value",
            "max_value",
            "placeholder",
            "focus_on_load",
            "dispatch_action_config",
        },
        {"is_decimal_allowed"},
    ),
    "image": ({"image_url", "slack_file", "alt_text"}, {"alt_text"}),
}

_IN_ACTIONS = frozenset(_ELEMENTS) - {"plain_text_input", "number_input", "image"}
_IN_SECTION = _IN_ACTIONS | {"image"}
_IN_INPUT = frozenset(_ELEMENTS) - {"button", "overflow", "image"}
_OPTIONS = {"radio_buttons": 10, "checkboxes": 10, "overflow": 5}
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Refused(AssertionError):
    """Slack would reject the payload. `error` is Slack's error code."""

    def __init__(self, error: str, found: Sequence[str]) -> None:
        super().__init__(f"{error}: " + "; ".join(found))
        self.error = error
        self.found = tuple(found)


def check(payload: Json | Sequence[Json]) -> None:
    """Raise Refused unless Slack accepts these blocks, this message or this view."""
    if not isinstance(payload, Mapping):
        payload = {"text": "-", "blocks": payload}
    if "type" in payload:
        found, error = list(_view(payload)), "invalid_arguments"
        if not found and len(json.dumps(payload)) > WHOLE_VIEW:
            found, error = [f"view: more than {WHOLE_VIEW} characters of JSON"], "view_too_large"
    else:
        found, error = list(_message(payload)), "invalid_blocks"
        if not found and length_of(payload.get("blocks") or ()) > ALL_BLOCKS:
            error = "msg_blocks_too_long"
            found = [f"blocks: more than {ALL_BLOCKS} characters in all"]
    if found:
        raise Refused(error, found)
    if said := second_opinions(payload):
        raise Refused(error, said)


def length_of(blocks: Sequence[Json]) -> int:
    """Return the size that counts toward the limit of all blocks together."""
    return sum(CONTAINER + sum(map(len, _words(block))) for block in blocks)


def _words(node: Any) -> Iterator[str]:
    """Return all visible texts, without values and ids."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, str):
                if key in ("text", "alt_text"):
                    yield value
            else:
                yield from _words(value)
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _words(one)


# --- messages and views -------------------------------------------------------------------


def _message(message: Json) -> Iterator[str]:
    blocks = message.get("blocks") or []
    if not isinstance(message.get("text") or "", str):
        yield "text: must be a string"
    elif not str(message.get("text") or "").strip():
        yield "text: missing, and it is what notifications and screen readers say"
    elif len(message["text"]) > MESSAGE_TEXT:
        yield f"text: more than {MESSAGE_TEXT} characters"
    yield from _blocks(blocks, "message")
    if sum(block.get("type") == "table" for block in blocks if isinstance(block, Mapping)) > 1:
        yield "blocks: more than one table"


def _view(view: Json) -> Iterator[str]:
    kind = view["type"]
    allowed = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    if kind == "modal":
        allowed |= {"title", "submit", "close", "clear_on_close", "notify_on_close"}
        allowed |= {"submit_disabled"}
        if "title" not in view:
            yield "title: missing"
    elif kind != "home":
        yield f"type: {kind!r} is no view"
        return
    yield from _unknown(view, allowed, "")
    for name in ("title", "submit", "close"):
        if name in view:
            yield from _text(view[name], name, 24)
    for name, most in (("private_metadata", 3000), ("callback_id", ID), ("external_id", ID)):
        yield from _string(view, name, most, "")
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        yield "blocks: missing"
        return
    yield from _blocks(blocks, kind)
    inputs = any(isinstance(b, Mapping) and b.get("type") == "input" for b in blocks)
    if kind == "modal" and inputs and "submit" not in view:
        yield "submit: required where there is an input"


def _blocks(blocks: Any, surface: str) -> Iterator[str]:
    if not isinstance(blocks, list | tuple):
        yield "blocks: must be a list"
        return
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if len(blocks) > most:
        yield f"blocks: more than {most}"
    ids: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    markdown = 0
    for index, block in enumerate(blocks):
        path = f"blocks[{index}]"
        if not isinstance(block, Mapping):
            yield f"{path}: must be an object"
            continue
        yield from _block(block, path, surface)
        if isinstance(block.get("block_id"), str) and block["block_id"]:
            ids[block["block_id"]] += 1
        # Inputs must differ by block_id; other elements must differ by action_id.
        for element in elements_of(block) if block.get("type") != "input" else ():
            if isinstance(element.get("action_id"), str):
                actions[element["action_id"]] += 1
        if block.get("type") == "markdown" and isinstance(block.get("text"), str):
            markdown += len(block["text"])
    if markdown > MARKDOWN:
        yield f"blocks: more than {MARKDOWN} characters of markdown"
    for what, counted in (("block_id", ids), ("action_id", actions)):
        for name, times in counted.items():
            if times > 1:
                yield f"blocks: the {what} {name!r} stands {times} times"


def elements_of(block: Json) -> list[Json]:
    """Return the interactive elements of a block."""
    found: list[Any] = []
    match block.get("type"):
        case "actions":
            elements = block.get("elements")
            found = list(elements) if isinstance(elements, list) else []
        case "section":
            found = [block.get("accessory")]
        case "input":
            found = [block.get("element")]
    return [one for one in found if isinstance(one, Mapping) and one.get("type") != "image"]


# --- blocks -------------------------------------------------------------------------------


def _block(block: Json, path: str, surface: str) -> Iterator[str]:
    kind = block.get("type")
    if kind not in _BLOCKS:
        yield f"{path}.type: {kind!r} is no block"
        return
    allowed, required = _BLOCKS[kind]
    yield from _unknown(block, allowed | {"type", "block_id"}, path)
    missing = sorted(required - set(block))
    yield from (f"{path}.{name}: missing" for name in missing)
    yield from _string(block, "block_id", ID, path)
    if missing:
        return
    if surface != "message" and kind in ("markdown", "table"):
        yield f"{path}: {kind} stands in messages only"
    match kind:
        case "section":
            yield from _section(block, path)
        case "header":
            yield from _text(block["text"], f"{path}.text", 150)
        case "context":
            yield from _context(block["elements"], path)
        case "actions":
            yield from _many(block["elements"], f"{path}.elements", 25)
            for index, element in enumerate(_list(block["elements"])):
                yield from _element(element, f"{path}.elements[{index}]", _IN_ACTIONS)
        case "input":
            yield from _text(block["label"], f"{path}.label", 2000)
            if "hint" in block:
                yield from _text(block["hint"], f"{path}.hint", 2000)
            yield from _element(block["element"], f"{path}.element", _IN_INPUT)
        case "image":
            yield from _image(block, path)
            if "title" in block:
                yield from _text(block["title"], f"{path}.title", 2000)
        case "rich_text":
            yield from _rich(block["elements"], f"{path}.elements")
        case "markdown":
            yield from _string(block, "text", MARKDOWN, path)
            if not block["text"]:
                yield f"{path}.text: empty"
        case "table":
            yield from _table(block, path)


def _section(block: Json, path: str) -> Iterator[str]:
    if "text" not in block and not block.get("fields"):
        yield f"{path}: neither text nor fields"
    if "text" in block:
        yield from _text(block["text"], f"{path}.text", 3000, marked=True)
    if "fields" in block:
        yield from _many(block["fields"], f"{path}.fields", 10)
        for index, field in enumerate(_list(block["fields"])):
            yield from _text(field, f"{path}.fields[{index}]", 2000, marked=True)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{path}.accessory", _IN_SECTION)


def _context(elements: Any, path: str) -> Iterator[str]:
    yield from _many(elements, f"{path}.elements", 10)
    for index, element in enumerate(_list(elements)):
        where = f"{path}.elements[{index}]"
        if isinstance(element, Mapping) and element.get("type") == "image":
            yield from _image(element, where)
        else:
            yield from _text(element, where, 3000, marked=True)


def _image(image: Json, path: str) -> Iterator[str]:
    yield from _string(image, "alt_text", 2000, path)
    if not image.get("alt_text"):
        yield f"{path}.alt_text: missing"
    if ("image_url" in image) is ("slack_file" in image):
        yield f"{path}: one of image_url and slack_file"
    yield from _string(image, "image_url", 3000, path)


def _rich(elements: Any, path: str) -> Iterator[str]:
    kinds = {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
    if not isinstance(elements, list) or not elements:
        yield f"{path}: empty"
    for index, element in enumerate(_list(elements)):
        where = f"{path}[{index}]"
        if not isinstance(element, Mapping) or element.get("type") not in kinds:
            yield f"{where}.type: no part of rich text"
        elif element["type"] == "rich_text_list":
            if element.get("style") not in ("bullet", "ordered"):
                yield f"{where}.style: bullet or ordered"
            yield from _rich(element.get("elements"), f"{where}.elements")
        else:
            yield from _spans(element.get("elements"), f"{where}.elements")


def _spans(spans: Any, path: str) -> Iterator[str]:
    needs = {
        "text": "text",
        "link": "url",
        "user": "user_id",
        "channel": "channel_id",
        "emoji": "name",
        "date": "timestamp",
        "usergroup": "usergroup_id",
        "broadcast": "range",
    }
    if not isinstance(spans, list):
        yield f"{path}: missing"
    for index, span in enumerate(_list(spans)):
        where = f"{path}[{index}]"
        kind = span.get("type") if isinstance(span, Mapping) else None
        if kind not in needs:
            yield f"{where}.type: {kind!r} is no span"
        elif not span.get(needs[kind]):
            yield f"{where}.{needs[kind]}: missing or empty"


def _table(block: Json, path: str) -> Iterator[str]:
    rows = _list(block["rows"])
    if not 1 <= len(rows) <= 100:
        yield f"{path}.rows: 1 to 100"
    for index, row in enumerate(rows):
        if not 1 <= len(_list(row)) <= 20:
            yield f"{path}.rows[{index}]: 1 to 20 cells"
        for place, cell in enumerate(_list(row)):
            if not isinstance(cell, Mapping) or cell.get("type") not in ("raw_text", "rich_text"):
                yield f"{path}.rows[{index}][{place}].type: raw_text or rich_text"
            elif cell["type"] == "raw_text" and not isinstance(cell.get("text"), str):
                yield f"{path}.rows[{index}][{place}].text: missing"


# --- elements -----------------------------------------------------------------------------


def _element(element: Any, path: str, there: frozenset[str]) -> Iterator[str]:
    kind = element.get("type") if isinstance(element, Mapping) else None
    if kind not in _ELEMENTS:
        yield f"{path}.type: {kind!r} is no element"
        return
    if kind not in there:
        yield f"{path}: {kind} may not stand here"
        return
    if kind == "image":
        yield from _image(element, path)
        return
    allowed, required = _ELEMENTS[kind]
    yield from _unknown(element, allowed | {"type", "action_id"}, path)
    missing = sorted((required | {"action_id"}) - set(element))
    yield from (f"{path}.{name}: missing" for name in missing)
    if missing:
        return
    yield from _string(element, "action_id", ID, path)
    if not element["action_id"]:
        yield f"{path}.action_id: empty"
    if "placeholder" in element:
        yield from _text(element["placeholder"], f"{path}.placeholder", 150)
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{path}.confirm")
    match kind:
        case "button":
            yield from _button(element, path)
        case "plain_text_input":
            yield from _input(element, path)
        case "datepicker":
            if "initial_date" in element and not _DATE.fullmatch(str(element["initial_date"])):
                yield f"{path}.initial_date: YYYY-MM-DD"
        case "timepicker":
            if "initial_time" in element and not _TIME.fullmatch(str(element["initial_time"])):
                yield f"{path}.initial_time: HH:mm"
        case "users_select" | "multi_users_select":
            several = element.get("initial_users", [element.get("initial_user", "U")])
            if not all(isinstance(u, str) and u[:1] in ("U", "W") for u in several):
                yield f"{path}.initial_users: ids of people begin with U or W"
            if len(set(several)) != len(several):
                yield f"{path}.initial_users: somebody stands there twice"
        case _ if "options" in allowed:
            yield from _options(element, path, _OPTIONS.get(kind, 100))


def _button(button: Json, path: str) -> Iterator[str]:
    yield from _text(button["text"], f"{path}.text", 75)
    yield from _string(button, "value", 2000, path)
    yield from _string(button, "url", 3000, path)
    yield from _string(button, "accessibility_label", 75, path)
    if "style" in button and button["style"] not in ("primary", "danger"):
        yield f"{path}.style: primary or danger"


def _input(field: Json, path: str) -> Iterator[str]:
    least, most = field.get("min_length", 0), field.get("max_length", 3000)
    if not isinstance(most, int) or not 1 <= most <= 3000:
        yield f"{path}.max_length: 1 to 3000"
    elif not isinstance(least, int) or not 0 <= least <= most:
        yield f"{path}.min_length: 0 to max_length"
    else:
        yield from _string(field, "initial_value", most, path)


def _confirm(confirm: Any, path: str) -> Iterator[str]:
    if not isinstance(confirm, Mapping):
        yield f"{path}: must be an object"
        return
    yield from _unknown(confirm, {"title", "text", "confirm", "deny", "style"}, path)
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if name not in confirm:
            yield f"{path}.{name}: missing"
        else:
            yield from _text(confirm[name], f"{path}.{name}", most, marked=name == "text")


def _options(element: Json, path: str, most: int) -> Iterator[str]:
    if ("options" in element) is ("option_groups" in element):
        yield f"{path}: one of options and option_groups"
        return
    groups = element.get("option_groups")
    options: list[Any] = []
    if groups is None:
        yield from _many(element["options"], f"{path}.options", most)
        options = _list(element["options"])
        yield from _each_option(options, f"{path}.options", element["type"])
    else:
        yield from _many(groups, f"{path}.option_groups", 100)
        for index, group in enumerate(_list(groups)):
            where = f"{path}.option_groups[{index}]"
            yield from _text(group.get("label"), f"{where}.label", 75)
            yield from _many(group.get("options"), f"{where}.options", 100)
            options += _list(group.get("options"))
            yield from _each_option(_list(group.get("options")), f"{where}.options", "")
    values = [o.get("value") for o in options if isinstance(o, Mapping)]
    if len(set(values)) != len(values):
        yield f"{path}.options: two have the same value"
    chosen = element.get("initial_options", [element.get("initial_option")])
    if "initial_options" in element and not chosen:
        yield f"{path}.initial_options: empty"
    for one in chosen:
        if one is not None and one not in options:
            yield f"{path}.initial_option: not one of the options, letter by letter"


def _each_option(options: list[Any], path: str, kind: str) -> Iterator[str]:
    # Radio buttons and checkboxes may contain mrkdwn; menus may not.
    marked = kind in ("radio_buttons", "checkboxes")
    for index, option in enumerate(options):
        where = f"{path}[{index}]"
        if not isinstance(option, Mapping):
            yield f"{where}: must be an object"
            continue
        yield from _unknown(option, {"text", "value", "description", "url"}, where)
        yield from _text(option.get("text"), f"{where}.text", 75, marked=marked)
        if "description" in option:
            yield from _text(option["description"], f"{where}.description", 75, marked=marked)
        yield from _string(option, "value", 150, where)
        if not option.get("value"):
            yield f"{where}.value: missing or empty"


# --- small things -------------------------------------------------------------------------


def _text(text: Any, path: str, most: int, *, marked: bool = False) -> Iterator[str]:
    if not isinstance(text, Mapping):
        yield f"{path}: must be a text"
        return
    kinds = ("plain_text", "mrkdwn") if marked else ("plain_text",)
    if text.get("type") not in kinds:
        yield f"{path}.type: {' or '.join(kinds)}"
        return
    extra = {"emoji"} if text["type"] == "plain_text" else {"verbatim"}
    yield from _unknown(text, {"type", "text"} | extra, path)
    yield from _string(text, "text", most, path)
    if not text.get("text"):
        yield f"{path}.text: missing or empty"


def _string(found: Json, name: str, most: int, path: str) -> Iterator[str]:
    where = f"{path}.{name}".lstrip(".")
    value = found.get(name, "")
    if not isinstance(value, str):
        yield f"{where}: must be a string"
    elif len(value) > most:
        yield f"{where}: more than {most} characters"


def _unknown(found: Json, allowed: set[str], path: str) -> Iterator[str]:
    for name in sorted(set(found) - allowed):
        yield f"{path}.{name}: unknown".lstrip(".")


def _many(found: Any, path: str, most: int) -> Iterator[str]:
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        yield f"{path}: 1 to {most}"


def _list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list) else []
