"""The error messages that the playground shows."""

from __future__ import annotations

from content.language import Language

SENTENCES: dict[str, dict[Language, str]] = {
    "unsure": {
        "da": "Jeg ved ikke, om det lykkedes. Din tekst står her endnu. Se efter om et øjeblik, og "
        "prøv igen, hvis der ikke er sket noget.",
        "en": "I do not know whether that worked. Your text is still here. Look again in a moment, "
        "and try again if nothing has happened.",
    },
    "unreadable": {
        "da": "Det kunne jeg ikke læse. Der er ikke ændret noget. Genindlæs siden, og prøv igen.",
        "en": "I could not read that, and nothing has changed. Reload the page and try again.",
    },
    "nobody": {
        "da": "Den person findes ikke på arbejdspladsen. Vælg en fra listen.",
        "en": "There is no such person in the workplace. Choose one from the list.",
    },
    "elsewhere": {
        "da": "Den samtale er ikke din. Vælg en kanal eller din egen samtale med Digi.",
        "en": "That conversation is not yours. Choose a channel or your own chat with Digi.",
    },
    "no_thread": {
        "da": "Den besked er her ikke længere. Din tekst står her endnu, men er ikke sendt.",
        "en": "That message is no longer here. Your text is still here, but it is not sent.",
    },
    "outside": {
        "da": "Legepladsen svarer kun en browser på denne maskine, på sin egen adresse.",
        "en": "The playground answers only a browser on this machine, at its own address.",
    },
    "token": {
        "da": "Siden er for gammel. Genindlæs den, og prøv igen.",
        "en": "The page is too old. Reload it and try again.",
    },
    "busy": {
        "da": "Uret er ved at blive flyttet. Vent, til det er færdigt.",
        "en": "The clock is being moved. Wait until that is done.",
    },
    "playing_weeks": {
        "da": "Forløbet ind i uge 3 bliver spillet lige nu. Vent, til det er færdigt, og prøv så "
        "igen.",
        "en": "The project is being played into week 3 right now. Wait until it is done, then "
        "try again.",
    },
    "playing_meeting": {
        "da": "Mødet bliver spillet lige nu. Vent, til det er slut, og prøv så igen.",
        "en": "The meeting is being played right now. Wait until it is over, then try again.",
    },
    "no_question": {
        "da": "Der er ikke planlagt et spørgsmål endnu. Begynd med /digi start i kanalen.",
        "en": "No question is planned yet. Begin with /digi start in the channel.",
    },
    "no_overview": {
        "da": "Der er ikke planlagt et overblik endnu. Begynd med /digi start i kanalen.",
        "en": "No overview is planned yet. Begin with /digi start in the channel.",
    },
    "not_moved": {
        "da": "Uret kunne ikke flyttes hele vejen. Det, der er sket, er gemt. Prøv igen.",
        "en": "The clock could not be moved all the way. What has happened is saved. Try again.",
    },
    "no_course": {
        "da": "Der er ikke noget at spille her.",
        "en": "There is nothing to play here.",
    },
}
