"""The few words that are this platform's own. What Digi says comes finished from the dialogs."""

from __future__ import annotations

from collections.abc import Mapping

from dialogs.model.commands import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "and": ("og", "and"),
    "again": (
        "Måske ser du denne besked to gange: Teams svarede ikke, da jeg sendte den første gang.",
        "You may see this message twice: Teams did not answer when I first sent it.",
    ),
    "rest": ("Resten står lige nedenunder.", "The rest is right below."),
    "more": ("Vis resten", "Show the rest"),
    "nothing_to_choose": ("Der er intet at vælge imellem.", "There is nothing to choose from."),
    "look_again": ("Se på det her igen:", "Look at this again:"),
    "missing": ("Udfyld dette felt.", "Fill in this field."),
    "somebody": ("Skriv et navn", "Type a name"),
    "sure": ("Er det meningen?", "Is that what you want?"),
    "done": ("Det er gjort.", "Done."),
    "answered_here": ("Jeg har svaret dig her.", "I have answered you here."),
    "answered_in_chat": (
        "Jeg har svaret i vores private chat.",
        "I have answered in our private chat.",
    ),
    "only_for_you": (
        "Svaret er til den, der spurgte. Tryk her for at læse det.",
        "The answer is for whoever asked. Press here to read it.",
    ),
    "read_it": ("Vis svaret", "Show the answer"),
    "not_yours": (
        "Det svar er til den, der spurgte. Spørg mig selv, så får du dit eget.",
        "That answer is for whoever asked. Ask me yourself, and you get your own.",
    ),
    "no_longer": (
        "Svaret ligger her ikke længere. Spørg igen, så får du et nyt.",
        "The answer is no longer here. Ask again, and you get a new one.",
    ),
    "to_the_form": (
        "Formularen åbner, når du trykker på knappen.",
        "The form opens when you press the button.",
    ),
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
    "takes_long": (
        "Det tager længere, end det plejer. Din tekst står her endnu. Tryk igen om et øjeblik: det"
        " bliver kun gemt én gang.",
        "This takes longer than usual. Your text is still here. Press again in a moment: it is"
        " saved only once.",
    ),
    "strange": (
        "Det forstod jeg ikke. Knappen er måske fra en tidligere udgave. Skriv hjælp til mig.",
        "I did not understand that. The button may be from an earlier version. Type help to me.",
    ),
}  # fmt: skip


def word(key: str, language: Language) -> str:
    return _WORDS[key][language == "en"]


def both(key: str) -> str:
    """Where nobody knows the language yet."""
    return "\n".join(_WORDS[key])
