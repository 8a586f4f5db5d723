"""What a typed command means. Pure."""

from __future__ import annotations

from typing import assert_never

from dialogs.model import events as e
from dialogs.model.commands import Empty, Known, Misspelt, Parsed, theme_of, whom_of
from dialogs.model.events import Look, Press

_LOOKS = {
    "status": "status",
    "questions": "questions",
    "meeting": "meeting",
    "phase": "phase",
    "agreements": "agreements",
    "exercise": "exercises",
    "digest": "overview",
    "trio": "trio",
    "roles": "roles",
    "plan": "plan",
    "source": "source",
    "lessons": "lessons",
    "settings": "settings",
    "about": "about",
    "delete": "delete",
    "end": "end",
    "help": "help",
    "code": "code",
}


def pressed_by_words(parsed: Parsed) -> Press:
    """What a typed command means; words after a private one are already gone."""
    match parsed:
        case Empty(had_words=had_words):
            return Look("private_words") if had_words else Look("help")
        case Misspelt(word=word, nearest=nearest, had_words=had_words):
            return Look("unknown", ref=nearest or "", words="" if had_words else word)
        case Known(command="start", rest=rest):
            return e.Started(name=rest[:80]) if rest else Look("start")
        case Known(command="next"):
            return e.NextNow()
        case Known(command="advice" | "example" as kind):
            return e.AdviceAsked(kind=kind)
        case Known(command="theme", rest=rest):
            theme = theme_of(rest) if rest else None
            return e.ThemePosted(theme=theme) if theme else Look("themes", words=rest)
        case Known(command="say" | "code" as command, had_words=had_words):
            if had_words:
                return Look("private_words", ref=command)
            return Look("say" if command == "say" else "code")
        case Known(command="pause", rest=rest):
            return Look("me") if whom_of(rest) == "me" else Look("pause")
        case Known(command="resume", rest=rest):
            return e.PersonResumed() if whom_of(rest) == "me" else e.Resumed()
        case Known(command=command):
            view = _LOOKS.get(command)
            return Look("not_yet", ref=command) if view is None else Look(view)  # type: ignore[arg-type]
        case _:
            assert_never(parsed)
