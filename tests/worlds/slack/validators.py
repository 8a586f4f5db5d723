"""Validates payloads with third-party code: the models of slack_sdk, and slackblocks."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import slackblocks
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = Mapping[str, Any]

_BLOCKS: dict[str, Any] = {
    "section": slackblocks.SectionBlock,
    "actions": slackblocks.ActionsBlock,
    "context": slackblocks.ContextBlock,
    "input": slackblocks.InputBlock,
    "table": slackblocks.TableBlock,
}
_READ_BY_ITSELF = ("divider", "header", "image", "markdown")
_ELEMENTS: dict[str, Any] = {
    "button": slackblocks.Button,
    "checkboxes": slackblocks.CheckboxGroup,
    "channels_select": slackblocks.ChannelSelectMenu,
    "conversations_select": slackblocks.ConversationSelectMenu,
    "datepicker": slackblocks.DatePicker,
    "image": slackblocks.Image,
    "multi_static_select": slackblocks.StaticMultiSelectMenu,
    "multi_users_select": slackblocks.UserMultiSelectMenu,
    "number_input": slackblocks.NumberInput,
    "overflow": slackblocks.OverflowMenu,
    "plain_text_input": slackblocks.PlainTextInput,
    "radio_buttons": slackblocks.RadioButtonGroup,
    "static_select": slackblocks.StaticSelectMenu,
    "timepicker": slackblocks.TimePicker,
    "users_select": slackblocks.UserSelectMenu,
}
_OBJECTS: dict[str, Any] = {
    "confirm": slackblocks.ConfirmationDialogue,
    "dispatch_action_config": slackblocks.DispatchActionConfiguration,
    "filter": slackblocks.ConversationFilter,
    "initial_option": slackblocks.Option,
    "initial_options": slackblocks.Option,
    "option_groups": slackblocks.OptionGroup,
    "options": slackblocks.Option,
}


def second_opinions(payload: Json) -> list[str]:
    """Return the validators' complaints about a message or a view; "" if both accept it."""
    found = []
    for name, look in (("slack_sdk", _slack_sdk), ("slackblocks", _slackblocks)):
        try:
            look(payload)
        except Exception as wrong:  # noqa: BLE001, RUF100 - each has its own kinds of refusal
            found.append(f"{name} says: {type(wrong).__name__}: {wrong}")
    return found


# --- slack_sdk ----------------------------------------------------------------------------


def _slack_sdk(payload: Json) -> None:
    """Parse with slack_sdk, validate every part, and compare the re-serialised result."""
    with _silent("slack_sdk"):
        if "type" in payload:
            view = View(**payload)
            _validate(view)
            drawn: Any = view.to_dict()
            given: Any = dict(payload)
        else:
            given = list(payload.get("blocks") or [])
            parsed: Sequence[Any] = Block.parse_all(given)
            for block in parsed:
                _validate(block)
            drawn = [block.to_dict() for block in parsed]
    if json.loads(json.dumps(drawn)) != json.loads(json.dumps(given)):
        raise ValueError(f"the round trip differs: {_first_difference(given, drawn)}")


def _validate(node: Any) -> None:
    if isinstance(node, JsonObject):
        node.validate_json()
        node = list(vars(node).values())
    if isinstance(node, Mapping):
        node = list(node.values())
    if isinstance(node, list | tuple | set):
        for one in node:
            _validate(one)


def _first_difference(given: Any, drawn: Any, path: str = "") -> str:
    if isinstance(given, Mapping) and isinstance(drawn, Mapping):
        for key in sorted({*given, *drawn}):
            if given.get(key) != drawn.get(key):
                return _first_difference(given.get(key), drawn.get(key), f"{path}.{key}")
    if isinstance(given, list) and isinstance(drawn, list) and len(given) == len(drawn):
        for index, (one, other) in enumerate(zip(given, drawn, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{path}[{index}]")
    return f"{path or 'all'}: {given!r} became {drawn!r}"[:300]


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Suppress slack_sdk's warnings: the comparison finds the same problems."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.level, False
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


# --- slackblocks --------------------------------------------------------------------------


def _slackblocks(payload: Json) -> None:
    """Build slackblocks' objects from ours, argument by argument; it raises for invalid ones."""
    blocks = [
        _slackblock(block, f"blocks[{index}]")
        for index, block in enumerate(payload.get("blocks") or [])
        if block["type"] != "rich_text"
    ]
    for block in blocks:
        block._resolve()
    if "type" not in payload:
        if blocks:
            slackblocks.Message(channel="C1", text=str(payload["text"]), blocks=blocks)._resolve()
        return
    kind: Callable[..., Any] = (
        slackblocks.ModalView if payload["type"] == "modal" else slackblocks.HomeTabView
    )
    # Block types that slackblocks does not know are validated by slack_sdk.
    known = inspect.signature(kind).parameters
    rest = {
        name: slackblocks.Text.from_dict(dict(value)) if isinstance(value, Mapping) else value
        for name, value in payload.items()
        if name in known and name != "blocks"
    }
    if blocks:
        kind(blocks=blocks, **rest)._resolve()


def _slackblock(block: Json, path: str) -> Any:
    if block["type"] in _READ_BY_ITSELF:
        return slackblocks.Block.from_dict(dict(block))
    return _made(_BLOCKS[block["type"]], block, path)


def _made(kind: Any, given: Json, path: str) -> Any:
    known = inspect.signature(kind.__init__).parameters
    arguments = {}
    for name, value in given.items():
        if name == "type":
            continue
        if name not in known:
            raise TypeError(f"{path}.{name}: unknown to {kind.__name__}")
        arguments[name] = _converted(name, value, f"{path}.{name}")
    return kind(**arguments)


def _converted(name: str, value: Any, path: str) -> Any:
    if isinstance(value, list):
        return [_converted(name, one, f"{path}[{i}]") for i, one in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("type")
    if kind in ("plain_text", "mrkdwn"):
        return slackblocks.Text.from_dict(dict(value))
    if name in _OBJECTS:
        return _made(_OBJECTS[name], value, path)
    if kind == "raw_text":
        return _made(slackblocks.RawText, value, path)
    return _made(_ELEMENTS[str(kind)], value, path)
