"""Translates errors of the Teams service into DeliveryFailed: temporary, permanent, or waiting for
somebody to act."""

from __future__ import annotations

from bot.platforms.common.ports import DeliveryFailed
from bot.platforms.teams.ports import CallFailed

NO_TOKEN_SECONDS = 60.0
THROTTLED_SECONDS = 5.0
"""Retry delay in seconds after a 429 without Retry-After."""
HELD_SECONDS = 60 * 60.0
"""Retry interval in seconds while somebody has to install Digi first."""


def failure(error: CallFailed) -> DeliveryFailed:
    """Convert a failed call into a DeliveryFailed."""
    said = f"{error.status} {error.code}".strip() if error.status else error.code
    match error.status:
        case 0:
            if said.startswith("no token"):
                return DeliveryFailed(
                    said, held=True, retry_after=NO_TOKEN_SECONDS, closed="workplace"
                )
            return DeliveryFailed(f"Teams did not answer ({said})", uncertain=error.arrived)
        case 429:
            return DeliveryFailed("throttled", retry_after=error.retry_after or THROTTLED_SECONDS)
        case 401:
            reason = "Teams rejects Digi's token"
            return DeliveryFailed(
                reason, held=True, retry_after=NO_TOKEN_SECONDS, closed="workplace"
            )
        case 413:
            return DeliveryFailed("the message is too big", permanent=True)
        case 403 if error.code == "MessageWritesBlocked":
            return DeliveryFailed(f"{said}: somebody has blocked Digi", permanent=True)
        case 403:
            reason = f"{said}: Digi is not installed there"
            return DeliveryFailed(reason, held=True, retry_after=HELD_SECONDS, closed="channel")
        case 404 if error.code == "ConversationNotFound":
            reason = f"{said}: the channel or chat no longer exists"
            return DeliveryFailed(reason, held=True, retry_after=HELD_SECONDS, closed="channel")
        case 404:
            return DeliveryFailed(f"{said}: the message no longer exists", permanent=True)
        case 400 | 405 | 501:
            return DeliveryFailed(f"{said}: Teams rejects the message", permanent=True)
        case 504:
            return DeliveryFailed(said, uncertain=True, retry_after=error.retry_after)
        case _:
            return DeliveryFailed(said, retry_after=error.retry_after)


def for_good(error: CallFailed) -> bool:
    """Return whether the error is permanent, so that a retry cannot succeed."""
    return error.status in (400, 403, 404, 405, 501)


def private_failure(error: CallFailed) -> DeliveryFailed:
    """Convert a failed private message into a DeliveryFailed. If Digi is not installed for the
    person, the message is held until it is."""
    failed = failure(error)
    if error.status not in (403, 404):
        return failed
    return DeliveryFailed(failed.reason, held=True, retry_after=HELD_SECONDS, unreachable=True)
