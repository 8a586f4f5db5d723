"""The few words that are this platform's own. What Digi says comes finished from the dialogs."""

from __future__ import annotations

from collections.abc import Mapping

from dialogs.model.commands import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "close": ("Luk", "Close"),
    "keep": ("Fortryd", "Cancel"),
    "nothing_to_choose": ("Der er intet at vælge imellem.", "There is nothing to choose from."),
    "again": (
        "Måske ser du denne besked to gange: Slack svarede ikke, da jeg sendte den første gang.",
        "You may see this message twice: Slack did not answer when I first sent it.",
    ),
    "rest": ("Resten står i tråden.", "The rest is in the thread."),
    "no_form": (
        "Formularen nåede ikke frem til Slack i tide. Der er intet gemt. Prøv igen.",
        "The form did not reach Slack in time. Nothing was saved. Please try again.",
    ),
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
        "Det tager længere, end det plejer. Din tekst står her endnu. Send den igen om et øjeblik."
        " Den bliver kun gemt én gang.",
        "This takes longer than usual. Your text is still here. Please send it again in a moment."
        " It is saved only once.",
    ),
    "invite": (
        "Jeg er ikke med i kanalen, så jeg kan ikke skrive her. Skriv /invite @Digi i kanalen, så "
        "kommer det, jeg har liggende.",
        "I am not in the channel, so I cannot write here. Type /invite @Digi in the channel, and "
        "what I have ready will come.",
    ),
    "shut": (
        "Slack lader mig ikke skrive i kanalen: den er arkiveret, eller kun nogle må skrive i den. "
        "Det, jeg har liggende, kommer, når det er ændret.",
        "Slack does not let me write in the channel: it is archived, or only some may write in it. "
        "What I have ready will come once that is changed.",
    ),
    "no_scope": (
        "Slack lader mig ikke skrive her, for appen mangler en rettighed: {scope}. Den, der står "
        "for Slack hos jer, kan give den. Det, jeg har liggende, kommer så.",
        "Slack does not let me write here, because the app lacks a scope: {scope}. Whoever looks "
        "after Slack where you work can give it. What I have ready will come then.",
    ),
    "no_token": (
        "Slack lader mig ikke skrive her lige nu. Den, der står for Slack hos jer, skal installere "
        "mig igen. Det, I skriver til mig, bliver gemt.",
        "Slack does not let me write here just now. Whoever looks after Slack where you work must "
        "install me again. What you write to me is kept.",
    ),
    "to_the_form": (
        "Her i samtalen kan jeg ikke åbne formularen af mig selv.",
        "In this chat I cannot open the form by myself.",
    ),
    "open": ("Åbn formularen", "Open the form"),
    "not_installed": (
        "Digi er ikke installeret i dette workspace. Spørg den, der står for Slack hos jer.",
        "Digi is not installed in this workspace. Ask whoever looks after Slack where you work.",
    ),
}  # fmt: skip


def word(key: str, language: Language) -> str:
    return _WORDS[key][language == "en"]


def both(key: str) -> str:
    """Where nobody knows the language yet."""
    return "\n".join(_WORDS[key])
