"""A pretended Slack for tests: a local server, people's hands, and one check for every payload."""

from tests.slack_world.hands import SlackHands, id_of, move_in
from tests.slack_world.limits import Refused, check
from tests.slack_world.sender import Answered
from tests.slack_world.state import Clock, Workspace
from tests.slack_world.trouble import Broken, Call, Limited, Lost, Says, Slow, Trouble
from tests.slack_world.world import SlackWorld

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
