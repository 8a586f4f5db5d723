"""The simulated workplace: a home-care team of 14, including its leader and representatives."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

TENANT = "web:playground"
DIGI = "digi"
"""The author of Digi's own messages in the room."""

ColleagueRole = Literal["leader", "representative", "facilitator", "member", "visitor"]


class Colleague(Struct, frozen=True):
    """A person of the simulated workplace. `hue` colours the initials and carries no other
    meaning."""

    id: str
    name: str
    job: str
    role: ColleagueRole
    hue: int
    locale: Literal["da", "en"] = "da"


class Channel(Struct, frozen=True):
    id: str
    name: str
    about: str


PEOPLE = (
    Colleague("anne", "Anne Holm", "Leder", "leader", 262),
    Colleague("mette", "Mette Dahl", "TR, FOA", "representative", 342),
    Colleague("jonas", "Jonas Friis", "AMR", "representative", 205),
    Colleague("ali", "Ali Yılmaz", "Tovholder, sosu-assistent", "facilitator", 28),
    Colleague("bodil", "Bodil Krogh", "Sosu-hjælper, dagvagt", "member", 170),
    Colleague("fatima", "Fatima El-Amin", "Sosu-assistent, dagvagt", "member", 310),
    Colleague("henrik", "Henrik Bak", "Sygeplejerske", "member", 225),
    Colleague("linh", "Linh Tran", "Sosu-assistent, aftenvagt", "member", 90),
    Colleague("mads", "Mads Østergaard", "Elev", "member", 8),
    Colleague("oksana", "Oksana Kovalenko", "Care worker, evenings", "member", 190, "en"),
    Colleague("rikke", "Rikke Lund", "Planlægger", "member", 285),
    Colleague("samira", "Samira Warsame", "Sosu-hjælper, nattevagt", "member", 50),
    Colleague("torben", "Torben Skov", "Sosu-hjælper, dagvagt", "member", 130),
    Colleague("zofia", "Zofia Nowak", "Ergoterapeut", "member", 240),
)

VISITORS = (Colleague("grethe", "Grethe Sand", "Rengøring, nattevagt", "visitor", 110),)
"""Those without a chat at work: in no channel, and known to Digi by nothing."""

CHANNELS = (
    Channel("ny-teknologi-hjemmeplejen", "#ny-teknologi-hjemmeplejen", "Ny teknologi hos os"),
    Channel("medicinrobotten", "#medicinrobotten", "Her er der ikke begyndt noget endnu"),
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
