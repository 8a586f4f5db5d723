"""The pretended workplace: a home-care team of 14, its leader and representatives among them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

TENANT = "web:playground"
DIGI = "digi"
"""Who writes Digi's own messages in the room."""

Role = Literal["leader", "representative", "facilitator", "member"]


class Person(Struct, frozen=True):
    """`hue` is the colour of the initials; it never tells anything that the name does not."""

    id: str
    name: str
    job: str
    role: Role
    hue: int
    locale: Literal["da", "en"] = "da"


class Channel(Struct, frozen=True):
    id: str
    name: str
    about: str


PEOPLE = (
    Person("anne", "Anne Holm", "Leder", "leader", 262),
    Person("mette", "Mette Dahl", "TR, FOA", "representative", 342),
    Person("jonas", "Jonas Friis", "AMR", "representative", 205),
    Person("ali", "Ali Yılmaz", "Tovholder, sosu-assistent", "facilitator", 28),
    Person("bodil", "Bodil Krogh", "Sosu-hjælper, dagvagt", "member", 170),
    Person("fatima", "Fatima El-Amin", "Sosu-assistent, dagvagt", "member", 310),
    Person("henrik", "Henrik Bak", "Sygeplejerske", "member", 225),
    Person("linh", "Linh Tran", "Sosu-assistent, aftenvagt", "member", 90),
    Person("mads", "Mads Østergaard", "Elev", "member", 8),
    Person("oksana", "Oksana Kovalenko", "Care worker, evenings", "member", 190, "en"),
    Person("rikke", "Rikke Lund", "Planlægger", "member", 285),
    Person("samira", "Samira Warsame", "Sosu-hjælper, nattevagt", "member", 50),
    Person("torben", "Torben Skov", "Sosu-hjælper, dagvagt", "member", 130),
    Person("zofia", "Zofia Nowak", "Ergoterapeut", "member", 240),
)

CHANNELS = (
    Channel("ny-teknologi-hjemmeplejen", "#ny-teknologi-hjemmeplejen", "Ny teknologi hos os"),
    Channel("medicinrobotten", "#medicinrobotten", "Her er der ikke begyndt noget endnu"),
)

_PEOPLE = {person.id: person for person in PEOPLE}
_CHANNELS = {channel.id: channel for channel in CHANNELS}


def person_of(id: str) -> Person | None:
    return _PEOPLE.get(id)


def channel_of(id: str) -> Channel | None:
    return _CHANNELS.get(id)


def channel_place(channel: str) -> str:
    return f"channel:{channel}"


def private_place(person: str) -> str:
    return f"private:{person}"
