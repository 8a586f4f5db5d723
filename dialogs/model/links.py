"""Links: addresses that let whoever holds them do one thing in one project."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

LinkKind = Literal["page", "card", "screen", "leading", "picture", "download"]

PATHS: dict[LinkKind, str] = {
    "page": "/b/",
    "card": "/b/",
    "screen": "/s/",
    "leading": "/l/",
    "picture": "/p/",
    "download": "/d/",
}
"""Under which path the token of each kind is answered."""


class ProjectLink(Struct, frozen=True):
    """What a token stands for. `person` is whom it was given to, and empty where it was given to
    nobody in particular; whoever serves it checks that person's role again."""

    kind: LinkKind
    tenant: str
    project: str
    person: str = ""
    until: datetime | None = None
