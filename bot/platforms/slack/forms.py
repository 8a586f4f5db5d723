"""Renders a form as a Slack modal, and maps field values to Slack's and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec.structs import replace

from bot.platforms.slack.blocks import (
    filled_page,
    named_blocks,
    named_size,
    text_blocks,
)
from bot.platforms.slack.rich_text import PERSON
from bot.platforms.slack.text_lines import (
    SECTION,
    Block,
    SlackLine,
    as_line,
    fact_lines,
    plain_text,
    split_line,
)
from bot.platforms.slack.words import word
from content.language import Language
from dialogs.model import cards as c
from dialogs.model.shorten import cut

VIEW_BLOCKS = 100


WHOLE_VIEW = 240_000


OPTION = 75


OPTIONS = 100


FEW = 10


LABEL = 2000


TITLE = 24


LONGEST_INPUT = 3000


EMPTY_VALUE = "\u2205"
"""Slack requires a non-empty value for each option; this stands for our empty one."""


def nothing_to_show() -> list[Block]:
    return [{"type": "section", "text": plain_text("…")}]


METADATA = 3000
"""Slack's limit for what a modal carries for the app."""


def form(form: c.FinishedForm, language: Language, channel: str = "", beside: str = "") -> Block:
    """Render a form as a modal. Slack returns `channel` with the submission, and `beside`: the
    response_url of the ephemeral message that the form was opened from."""
    metadata = written_metadata(form.token, beside)
    print_of = hashlib.sha256(form.token.encode()).hexdigest()[:10]
    inputs = {
        field.id: _input(field, print_of, language)
        for field in form.fields
        if not isinstance(field, c.Note)
    }
    blocks: list[Block] = []
    places = VIEW_BLOCKS - len(inputs)
    room = WHOLE_VIEW - named_size(list(inputs.values()), True) - len(metadata)
    for field in form.fields:
        # What is only read gets the room that the input fields leave.
        page = filled_page(_lines_of(field), places, room)
        places -= page.blocks
        room -= page.chars
        blocks.extend(text_blocks(page.lines))
        if not isinstance(field, c.Note):
            blocks.append(inputs[field.id])
    view: Block = {
        "type": "modal",
        "callback_id": written_channel(channel),
        "private_metadata": metadata,
        "title": plain_text(cut(c.plain(form.title).strip() or "Digi", TITLE)),
        "submit": plain_text(cut(c.plain(form.submit).strip() or "OK", TITLE)),
        "close": plain_text(word("keep", language)),
        "blocks": named_blocks(blocks or nothing_to_show()),
    }
    return view


def _lines_of(field: c.Field[c.Spans]) -> list[SlackLine]:
    """Return what is to be read: a note, or above a field the hints of its options, if one of them
    is too long to stand below its option."""
    match field:
        case c.Note(text=text):
            return split_line(as_line(text))
        case c.Choice(options=options) | c.Choices(options=options) if _hints_above(options):
            hints = [(option.label, option.hint) for option in options if option.hint]
            return [line for label, hint in hints for line in fact_lines(label, hint)]
    return []


def _hints_above(options: Sequence[c.Option[c.Spans]]) -> bool:
    return any(len(c.plain(option.hint or ()).strip()) > OPTION for option in options)


def written_metadata(token: str, beside: str) -> str:
    """Encode the form's token and the response_url: a submission brings none of its own."""
    whole = f"{token}\n{beside}" if beside else token
    return whole if len(whole) <= METADATA else token


def read_metadata(written: str) -> tuple[str, str]:
    token, _, beside = written.partition("\n")
    return token, beside


def written_channel(channel: str) -> str:
    """Encode the channel in the modal's callback_id: a submission does not say where it was
    opened."""
    return f"digi:{channel}"


def read_channel(callback_id: str) -> str:
    return callback_id.removeprefix("digi:") if callback_id.startswith("digi:") else ""


def _input(field: c.Field[c.Spans], print_of: str, language: Language) -> Block:
    assert not isinstance(field, c.Note)
    element = _element(field)
    label = c.plain(field.label).strip()
    if element is None:
        said = f"{label}\n{word('nothing_to_choose', language)}".strip()
        return {"type": "section", "text": plain_text(cut(said, SECTION)), "block_id": field.id}
    element["action_id"] = f"fill-{print_of}"
    drawn: Block = {
        "type": "input",
        "block_id": field.id,
        "label": plain_text(cut(label or "…", LABEL)),
        "element": element,
        "optional": not field.required,
    }
    if field.hint is not None and (hint := c.plain(field.hint).strip()):
        drawn["hint"] = plain_text(cut(hint, LABEL))
    return drawn


def _element(field: c.Field[c.Spans]) -> Block | None:
    match field:
        case c.TextField(long=long, limit=limit, value=value):
            most = min(max(limit, 1), LONGEST_INPUT)
            element: Block = {"type": "plain_text_input", "multiline": long, "max_length": most}
            if value is not None and (begun := c.plain(value)):
                element["initial_value"] = cut(begun, most)
            return element
        case c.Choice(options=options, value=value):
            return _choosing(options, (value,), "radio_buttons", "static_select", "initial_option")
        case c.Choices(options=options, values=values):
            return _choosing(
                options, values, "checkboxes", "multi_static_select", "initial_options"
            )
        case c.People(many=many, values=values):
            chosen = [person for person in dict.fromkeys(values) if PERSON.fullmatch(person)]
            if many:
                several: Block = {"type": "multi_users_select"}
                return {**several, "initial_users": chosen} if chosen else several
            one: Block = {"type": "users_select"}
            return {**one, "initial_user": chosen[0]} if chosen else one
        case c.DateField(value=day):
            return {"type": "datepicker", **({"initial_date": day.isoformat()} if day else {})}
        case c.TimeField(value=minutes):
            if minutes is None:
                return {"type": "timepicker"}
            hour, minute = divmod(minutes, 60)
            return {"type": "timepicker", "initial_time": f"{hour:02}:{minute:02}"}
    raise AssertionError(field)


def _choosing(
    options: Sequence[c.Option[c.Spans]],
    chosen: Sequence[str],
    few: str,
    many: str,
    initial: str,
) -> Block | None:
    if not options:
        return None
    apart = _hints_above(options)
    drawn = [_option(replace(option, hint=None) if apart else option) for option in options]
    element: Block = {"type": few if len(options) <= FEW else many}
    if len(drawn) <= OPTIONS:
        element["options"] = drawn
    else:
        element["option_groups"] = [
            {
                "label": plain_text(f"{at + 1}–{min(at + OPTIONS, len(drawn))}"),
                "options": drawn[at : at + OPTIONS],
            }
            for at in range(0, len(drawn), OPTIONS)
        ]
    begun = [o for o, mine in zip(drawn, options, strict=True) if mine.value in chosen]
    if begun:
        element[initial] = begun if initial == "initial_options" else begun[0]
    return element


def _option(option: c.Option[c.Spans]) -> Block:
    """Render one option. A label that is too long continues in the description below it."""
    label = c.plain(option.label).strip() or "…"
    hint = c.plain(option.hint).strip() if option.hint is not None else ""
    below = hint
    if len(label) > OPTION:
        at = label.rfind(" ", OPTION // 2, OPTION - 1)
        at = OPTION - 2 if at < 0 else at
        label, rest = f"{label[:at].rstrip()} …", label[at:].strip()
        below = f"… {rest}" + (f" · {hint}" if hint else "")
    drawn: Block = {
        "text": plain_text(label),
        "value": written_value(option.value),
    }
    if below:
        drawn["description"] = plain_text(cut(below, OPTION))
    return drawn


def written_value(value: str) -> str:
    return value or EMPTY_VALUE


def read_value(value: str) -> str:
    return "" if value == EMPTY_VALUE else value
