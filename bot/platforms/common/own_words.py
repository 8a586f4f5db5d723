"""The adapters' own few phrases, for when the engine cannot be asked."""

from __future__ import annotations

from collections.abc import Mapping

from content.language import Language

_EVERYWHERE: Mapping[str, tuple[str, str]] = {
    "nothing_to_choose": ("Der er intet at vælge imellem.", "There is nothing to choose from."),
    "open": ("Åbn formularen", "Open the form"),
    "not_now": (
        "Det blev ikke gemt, for jeg kan ikke nå mit arkiv lige nu. Prøv igen om et øjeblik.",
        "It was not saved: I cannot reach my records just now. Please try again in a moment.",
    ),
    "form_not_saved": (
        "Det blev ikke gemt. Din tekst står her endnu. Prøv igen om et øjeblik.",
        "It was not saved. Your text is still here. Please try again in a moment.",
    ),
    "unsure": (
        "Jeg ved ikke, om det lykkedes. Se efter om et øjeblik, og prøv igen, hvis der ikke er sket"
        " noget.",
        "I do not know whether that worked. Please look again in a moment, and try again if nothing"
        " has happened.",
    ),
    "form_unsure": (
        "Jeg ved ikke, om det blev gemt. Din tekst står her endnu. Send den igen om et øjeblik."
        " Den bliver kun gemt én gang.",
        "I do not know whether it was saved. Your text is still here. Please send it again in a"
        " moment. It is saved only once.",
    ),
}


class OwnWords:
    def __init__(self, words: Mapping[str, tuple[str, str]]) -> None:
        self._words = {**_EVERYWHERE, **words}

    def word(self, key: str, language: Language) -> str:
        return self._words[key][language == "en"]

    def both(self, key: str) -> str:
        """Return a phrase in both languages, for when the person's language is unknown."""
        return "\n".join(self._words[key])
