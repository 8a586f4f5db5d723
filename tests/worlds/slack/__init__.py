"""A simulated Slack for tests: a local server, simulated users, and a check of every payload."""

from tests.worlds.slack.hands import SlackHands, id_of, move_in
from tests.worlds.slack.limits import Refused, check
from tests.worlds.slack.sender import Answered
from tests.worlds.slack.state import Clock, Workspace
from tests.worlds.slack.trouble import Broken, Call, Limited, Lost, Says, Slow, Trouble
from tests.worlds.slack.world import SlackWorld

__all__ = [
    "Answered",
    "Broken",
    "Call",
    "Clock",
    "Limited",
    "Lost",
    "Refused",
    "Says",
    "SlackHands",
    "SlackWorld",
    "Slow",
    "Trouble",
    "Workspace",
    "check",
    "id_of",
    "move_in",
]
