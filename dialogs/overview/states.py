"""What an overview remembers, and when the next one is due."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dialogs.model.calendar import (
    next_weekly,
)
from dialogs.model.facts import Project


class Digest(Struct, frozen=True, kw_only=True, tag="digest"):
    last: datetime | None = None  # when the last overview was decided, whether or not it was posted
    posted: int = 0
    quiet: int = 0  # number of consecutive weeks without content
    news: str = ""  # id of a record of kind "news" that is not posted yet
    week: str = ""  # of the last overview that was posted
    asked: str = ""  # the week for whose overview the leader was asked for two lines
    asked_for: datetime | None = None  # when it comes, while the question stands
    told: dict[str, str] = {}  # marks of everything posted, to find what changed
    suggested: dict[str, datetime] = {}  # the exercises that overviews reminded the team of
    since: dict[str, str] = {}  # the week in which a waiting text was first mentioned


def next_overview(project: Project, after: datetime) -> datetime:
    hour, minute = divmod(project.overview_hour, 60)
    return next_weekly(project.calendar, after, project.overview_weekday, hour, minute)
