"""What a project's overview remembers, and when the next one comes."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dialogs.model.calendar import (
    next_weekly,
)
from dialogs.model.facts import Project


class Digest(Struct, frozen=True, kw_only=True, tag="digest"):
    last: datetime | None = None  # when the last overview was decided, posted or not
    posted: int = 0
    quiet: int = 0  # weeks in a row with nothing to tell
    news: str = ""  # record id, kind "news", not yet told
    week: str = ""  # of the last overview that was posted
    asked: str = ""  # the week for whose overview the leader has been asked for two lines
    told: dict[str, str] = {}  # what has been told, and how it stood then
    since: dict[str, str] = {}  # the week in which what still waits was told first


def next_overview(project: Project, after: datetime) -> datetime:
    hour, minute = divmod(project.overview_hour, 60)
    return next_weekly(project.calendar, after, project.overview_weekday, hour, minute)
