"""The registry of conversations has everything that Digi looks up in it, exactly once."""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from typing import get_args

from content import catalogue as content
from dialogs import registry
from dialogs.model import events as e
from dialogs.model.commands import COMMANDS
from dialogs.registry import CONVERSATIONS, WITH_TIMERS

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
BY_NAME = (e.Woke, e.Begun, e.Halted)
"""These events name their conversation themselves."""


def test_each_signed_event_belongs_to_one_conversation() -> None:
    """An event in no conversation would be rejected by the first turn with it."""
    listed = Counter(event for one in CONVERSATIONS.values() for event in one.events)
    for event in get_args(e.SignedEvent):
        if event not in BY_NAME:
            times = listed.pop(event, 0)
            assert times == 1, f"{event.__name__}: {times} conversations list it in `events`"
    for event in listed:
        raise AssertionError(f"add {event.__name__} to SignedEvent in dialogs/model/events.py")


def test_each_sight_belongs_to_one_conversation() -> None:
    """Two sights with the same name would hide each other."""
    listed = Counter(view for one in CONVERSATIONS.values() for view in one.sights)
    assert not [view for view, times in listed.items() if times > 1]
    for view in listed.keys() - set(get_args(e.View)):
        raise AssertionError(f"add {view!r} to View in dialogs/model/events.py")
    assert not set(get_args(e.View)) - listed.keys(), "no conversation has these among its `sights`"


def test_each_unsigned_event_belongs_to_one_conversation() -> None:
    """The engine looks up which conversation decides it."""
    parts = [one.unsigned for one in CONVERSATIONS.values() if one.unsigned is not None]
    listed = Counter(event for part in parts for event in part.events)
    assert listed == Counter(get_args(e.UnsignedEvent))


def test_what_opens_the_pool_is_decided_by_the_conversation_that_says_so() -> None:
    """An event in `opens_pool` but not in `events` would have no effect."""
    for one in CONVERSATIONS.values():
        assert one.opens_pool <= one.events.keys(), one.name


def test_those_with_timers_begin_in_a_fixed_order() -> None:
    """The order in which conversations begin determines the order of a project's messages."""
    assert WITH_TIMERS == ("walk", "digest", "summary", "trio", "med", "say")


def test_each_command_is_answered_by_one_conversation() -> None:
    """Without one, typing the command would cause an error. Each command is listed in *Alt, jeg
    kan*."""
    listed = Counter(command for one in CONVERSATIONS.values() for command in one.commands)
    for command in COMMANDS:
        times = listed.pop(command.name, 0)
        assert times == 1, f"{command.name}: {times} conversations list it in `commands`"
    assert not listed, "dialogs/model/commands.py does not say how these are typed"
    phrases = content.load().phrases
    for command in COMMANDS:
        key = f"command.{command.name}"
        assert key in phrases, f"{key} is missing in content/phrases"


def test_each_folder_is_a_conversation_of_the_registry() -> None:
    """A conversation that is not registered would never be used."""
    folder = Path(registry.__file__).parent
    for path in sorted(folder.glob("*/decide.py")):
        room = path.parent.name
        assert path.with_name("__init__.py").exists(), f"dialogs/{room}/__init__.py is missing"
        module = importlib.import_module(f"dialogs.{room}.decide")
        known = module.CONVERSATION in CONVERSATIONS.values()
        assert known, f"dialogs/{room} has no row in dialogs/registry.py"


def test_each_conversation_that_is_typed_to_has_a_transcript() -> None:
    """Transcripts are named after their conversation: <name>.txt or <name>_<what happens>.txt."""
    found = {path.stem.partition("_")[0] for path in TRANSCRIPTS.glob("*.txt")}
    for name, one in CONVERSATIONS.items():
        assert not one.commands or name in found, f"there is no tests/transcripts/{name}_*.txt"


def test_a_conversation_reads_of_another_only_its_states() -> None:
    """What others may know about a conversation is in its states.py, which imports no decisions.
    Thus conversations do not depend on each other."""
    folder = Path(registry.__file__).parent
    rooms = {path.parent.name for path in folder.glob("*/decide.py")}
    wrong = []
    for path in sorted(folder.glob("*/*.py")):
        room = path.parent.name
        if room not in rooms:
            continue
        others = {f"dialogs.{one}" for one in rooms - {room}} | {"dialogs.registry"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith(tuple(others)) and not module.endswith(".states"):
                wrong.append(
                    f"{room}/{path.name} imports {module}; move what it needs to states.py"
                )
    assert not wrong
    assert len(rooms) == len(CONVERSATIONS)


def test_no_module_of_the_dialogs_needs_itself() -> None:
    """There are no import cycles."""
    folder = Path(registry.__file__).parents[1]
    needs: dict[str, set[str]] = {}
    for path in (folder / "dialogs").rglob("*.py"):
        found = needs[".".join(path.relative_to(folder).with_suffix("").parts)] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    TopologicalSorter({one: needs[one] & needs.keys() for one in needs}).prepare()
