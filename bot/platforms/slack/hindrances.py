"""Remembers why Slack refuses Digi's messages, per channel or workspace: not invited, archived,
token revoked, scope missing.

Each is reported to the operator once, and shown to whoever uses Digi in that channel.
"""

from __future__ import annotations

from msgspec import Struct

from bot.cache import Cache
from bot.platforms.common.ports import DeliveryFailed, Report
from bot.platforms.slack.web_api import (
    HELD,
    HELD_SECONDS,
    error_of,
    failure,
    in_whole_workspace,
    needed_by,
)
from bot.platforms.slack.words import word
from bot.platforms.slack.workspaces import Workspaces
from content.language import Language

MOST = 2000
KEPT = 24 * 60 * 60.0
NOT_INSTALLED = "not_installed"
RENEWED_SECONDS = 2.0


class Hindrance(Struct, frozen=True):
    """Slack's error code, and the missing scope if the code is `missing_scope`."""

    said: str
    scope: str = ""


class Hindrances:
    def __init__(self, workspaces: Workspaces, told: Report) -> None:
        self._workspaces = workspaces
        self._told = told
        self._met: Cache[tuple[str, str], Hindrance] = Cache(MOST, KEPT)

    def failed(
        self, tenant: str, channel: str, error: BaseException, *, writes: bool
    ) -> DeliveryFailed:
        """Convert an error into a DeliveryFailed. Remember a hindrance, and drop a revoked token
        from the cache."""
        failed = failure(error, writes=writes)
        match error_of(error):
            case "token_expired" if self._workspaces.expired(tenant):
                return DeliveryFailed("token_expired", retry_after=RENEWED_SECONDS, held=True)
            case "token_expired" | "token_revoked" | "invalid_auth" | "account_inactive":
                self._workspaces.forget(tenant)
            case _:
                pass
        said = error_of(error)
        if said in HELD:
            self._meet(tenant, channel, Hindrance(said, needed_by(error)), failed.reason)
        return failed

    def not_installed(self, tenant: str) -> DeliveryFailed:
        reason = "Digi is not installed in this workspace"
        self._meet(tenant, "", Hindrance(NOT_INSTALLED), reason)
        return DeliveryFailed(reason, retry_after=HELD_SECONDS, held=True, closed="workplace")

    def _meet(self, tenant: str, channel: str, found: Hindrance, reason: str) -> None:
        where = "" if in_whole_workspace(found.said) else channel
        if found.scope not in ("", "chat:write"):
            where = found.scope  # a missing read scope keeps Digi from reading, not from writing
        known = self._met.get((tenant, where))
        self._met.put((tenant, where), found)
        if known != found:
            self._told(f"{tenant} {where}".rstrip(), reason)

    def overcome(self, tenant: str, channel: str) -> None:
        self._met.drop((tenant, channel))
        self._met.drop((tenant, ""))

    def in_words(self, tenant: str, channel: str, language: Language) -> str:
        """Return the text for whoever uses Digi in this channel; empty if nothing hinders it."""
        found = self._met.get((tenant, channel)) or self._met.get((tenant, ""))
        match found:
            case Hindrance(said="not_in_channel" | "channel_not_found"):
                return word("invite", language)
            case Hindrance(said="is_archived" | "restricted_action"):
                return word("shut", language)
            case Hindrance(said="missing_scope", scope=scope) if scope:
                return word("no_scope", language).replace("{scope}", scope)
            case Hindrance():
                return word("no_token", language)
            case _:
                return ""
