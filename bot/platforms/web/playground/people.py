"""The simulated workplace: a home-care team of 14, including its leader and representatives."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from content.language import Language

TENANT = "web:playground"
DIGI = "digi"
"""The author of Digi's own messages in the room."""

ColleagueRole = Literal["leader", "representative", "facilitator", "member", "visitor"]


class BothLanguages(Struct, frozen=True):
    """Words in Danish and English; a window shows those of its language."""

    da: str
    en: str


class Colleague(Struct, frozen=True):
    """A person of the simulated workplace. `hue` colours the initials and carries no other
    meaning."""

    id: str
    name: str
    job: BothLanguages
    role: ColleagueRole
    hue: int
    locale: Language = "da"
    """What the platform says of the person; their own choice in Digi counts before it."""


class Channel(Struct, frozen=True):
    id: str
    name: str
    about: BothLanguages


PEOPLE = (
    Colleague("anne", "Anne Holm", BothLanguages("Leder", "Manager"), "leader", 262),
    Colleague("mette", "Mette Dahl", BothLanguages("TR, FOA", "TR, FOA"), "representative", 342),
    Colleague("jonas", "Jonas Friis", BothLanguages("AMR", "AMR"), "representative", 205),
    Colleague(
        "ali",
        "Ali Yılmaz",
        BothLanguages("Tovholder, sosu-assistent", "Facilitator, care assistant"),
        "facilitator",
        28,
    ),
    Colleague(
        "bodil",
        "Bodil Krogh",
        BothLanguages("Sosu-hjælper, dagvagt", "Care worker, days"),
        "member",
        170,
    ),
    Colleague(
        "fatima",
        "Fatima El-Amin",
        BothLanguages("Sosu-assistent, dagvagt", "Care assistant, days"),
        "member",
        310,
    ),
    Colleague("henrik", "Henrik Bak", BothLanguages("Sygeplejerske", "Nurse"), "member", 225),
    Colleague(
        "linh",
        "Linh Tran",
        BothLanguages("Sosu-assistent, aftenvagt", "Care assistant, evenings"),
        "member",
        90,
    ),
    Colleague("mads", "Mads Østergaard", BothLanguages("Elev", "Trainee"), "member", 8),
    Colleague(
        "oksana",
        "Oksana Kovalenko",
        BothLanguages("Sosu-hjælper, aftenvagt", "Care worker, evenings"),
        "member",
        190,
        "en",
    ),
    Colleague("rikke", "Rikke Lund", BothLanguages("Planlægger", "Planner"), "member", 285),
    Colleague(
        "samira",
        "Samira Warsame",
        BothLanguages("Sosu-hjælper, nattevagt", "Care worker, nights"),
        "member",
        50,
    ),
    Colleague(
        "torben",
        "Torben Skov",
        BothLanguages("Sosu-hjælper, dagvagt", "Care worker, days"),
        "member",
        130,
    ),
    Colleague(
        "zofia",
        "Zofia Nowak",
        BothLanguages("Ergoterapeut", "Occupational therapist"),
        "member",
        240,
    ),
)

VISITORS = (
    Colleague(
        "grethe",
        "Grethe Sand",
        BothLanguages("Rengøring, nattevagt", "Cleaner, nights"),
        "visitor",
        110,
    ),
)
"""Those without a chat at work: in no channel, and known to Digi by nothing."""

CHANNELS = (
    Channel(
        "ny-teknologi-hjemmeplejen",
        "#ny-teknologi-hjemmeplejen",
        BothLanguages("Ny teknologi hos os", "New technology where we work"),
    ),
    Channel(
        "medicinrobotten",
        "#medicinrobotten",
        BothLanguages("Her er der ikke begyndt noget endnu", "Nothing has begun here yet"),
    ),
)

_PEOPLE = {person.id: person for person in PEOPLE}
_CHANNELS = {channel.id: channel for channel in CHANNELS}


def person_of(id: str) -> Colleague | None:
    return _PEOPLE.get(id)


def channel_of(id: str) -> Channel | None:
    return _CHANNELS.get(id)


def channel_place(channel: str) -> str:
    return f"channel:{channel}"


def private_place(person: str) -> str:
    return f"private:{person}"
