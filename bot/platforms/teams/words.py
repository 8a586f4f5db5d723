"""The adapter's own few phrases. All other texts arrive rendered from the dialogs."""

from __future__ import annotations

from bot.platforms.common.own_words import OwnWords

_WORDS = {
    "and": ("og", "and"),
    "again": (
        "Måske ser du denne besked to gange: Teams svarede ikke, da jeg sendte den første gang.",
        "You may see this message twice: Teams did not answer when I first sent it.",
    ),
    "rest": ("Resten står lige nedenunder.", "The rest is right below."),
    "no_room": ("Der er mere, end der er plads til her.", "There is more than fits here."),
    "more": ("Vis resten", "Show the rest"),
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
}
_OWN = OwnWords(_WORDS)
word = _OWN.word
both = _OWN.both
