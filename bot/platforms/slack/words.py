"""The adapter's own few phrases. All other texts arrive rendered from the dialogs."""

from __future__ import annotations

from bot.platforms.common.own_words import OwnWords

_WORDS = {
    "close": ("Luk", "Close"),
    "keep": ("Fortryd", "Cancel"),
    "again": (
        "Måske ser du denne besked to gange: Slack svarede ikke, da jeg sendte den første gang.",
        "You may see this message twice: Slack did not answer when I first sent it.",
    ),
    "rest": ("Resten står i tråden.", "The rest is in the thread."),
    "no_room": ("Der er mere, end der er plads til her.", "There is more than fits here."),
    "no_form": (
        "Formularen nåede ikke frem til Slack i tide. Der er intet gemt. Prøv igen.",
        "The form did not reach Slack in time. Nothing was saved. Please try again.",
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
    "not_installed": (
        "Digi er ikke installeret i dette workspace. Spørg den, der står for Slack hos jer.",
        "Digi is not installed in this workspace. Ask whoever looks after Slack where you work.",
    ),
}
_OWN = OwnWords(_WORDS)
word = _OWN.word
both = _OWN.both
