"""Teams' documented rate limits for bots, per conversation and per tenant."""

from __future__ import annotations

import time
from collections.abc import Callable

import bot.platforms.common.rate_limit

IN_A_CONVERSATION = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
IN_A_TENANT = ((30, 1.0),)


class TeamsRateLimiter(bot.platforms.common.rate_limit.RateLimiter):
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(IN_A_CONVERSATION, IN_A_TENANT, monotonic)
